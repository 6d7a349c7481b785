"""What proves a work order, to take along: as JSON, which anybody can check, and as PDF."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse

from api.auth import Signed, needs
from api.context import Api, Context
from api.routes import PREFIX
from pipeline.domain.errors import ConfigurationError, NotFound
from pipeline.domain.role import Permission, Principal
from pipeline.evidence import heads, paper, signing
from pipeline.evidence.bundle import Bundle, gather
from pipeline.evidence.check import check

router = APIRouter(prefix=f"{PREFIX}/work-orders", tags=["work orders"], dependencies=[needs(Permission.ORDER_READ)])


@router.get("/{order}/evidence.json")
def as_json(api: Api, who: Signed, order: int) -> Response:
    """The evidence bundle; `park evidence verify` checks it without the database."""
    bundle, _ = collect(api, who, order)
    return JSONResponse(jsonable_encoder(bundle), headers=attached(f"work-order-{order}.json"))


@router.get("/{order}/evidence.pdf", response_class=Response)
def as_pdf(api: Api, who: Signed, order: int) -> Response:
    """The same on paper, with what the check said of it."""
    bundle, zone = collect(api, who, order)
    try:
        keys = [signing.public(api.settings.secrets)]
    except ConfigurationError:  # this host has no key: the paper says that nobody checked the signature
        keys = []
    found = paper.draw(bundle, check(bundle, keys), zone=zone)
    return Response(found, media_type="application/pdf", headers=attached(f"work-order-{order}.pdf"))


def collect(api: Context, who: Principal, order: int) -> tuple[Bundle, str]:
    """The bundle and the park's zone. Raises NotFound, for another park's order too."""
    with api.database.read() as reader:
        bundle = gather(reader.connection, order, now=api.clock.now())
        park_id = bundle["order"]["park_id"]
        if who.park_id not in (None, park_id):
            raise NotFound(f"work order {order}")
        row: Any = reader.connection.execute(heads.QUERIES["zone"], {"park": park_id}).fetchone()
    return bundle, row["time_zone"] if row else "UTC"


def attached(name: str) -> dict[str, str]:
    """The header that makes a browser save it under a name."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}
