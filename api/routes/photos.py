"""Photos: sent as they are, kept without their metadata, shown to who may see what they belong to."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request
from fastapi.responses import Response

from api import request_models as models
from api.auth import ANYBODY, Forbidden, NotSignedIn, Signed
from api.context import Acting, Api
from api.routes import PREFIX
from api.routes.requests import known_code
from api.visiting import Visiting, source_of
from pipeline.domain.errors import NotFound
from pipeline.domain.role import Permission
from pipeline.store import photos, visitors

router = APIRouter(prefix=PREFIX, tags=["requests"])

SENDERS = (Permission.REQUEST_MAKE, Permission.REQUEST_DESK, Permission.ORDER_WORK, Permission.ORDER_DISPATCH)
HexPath = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


@router.post("/photos")
def add(
    api: Acting,
    who: Visiting,
    request: Request,
    photo: Annotated[bytes, Body(media_type="image/jpeg")],
    code: Annotated[models.Code | None, Query()] = None,
) -> models.Kept:
    """Keeps a JPEG, PNG or WebP of at most 8 MB, sent as it is. Without sign-in: by a code, so many an hour."""
    with api.database.read() as reader:
        if who is None:
            if code is None:
                raise NotSignedIn
            park_id = known_code(reader, code)["park_id"]
        elif who.may(*SENDERS):
            park_id = api.park(reader, who.park_id)
        else:
            raise Forbidden(f"it takes one of {', '.join(SENDERS)}, and the role {who.role} has none")
    now, actor = api.clock.now(), who.actor if who else visitors.ACTOR
    with api.database.write() as conn:
        if who is None:
            hourly = api.settings.visitor_hourly * models.MOST_PHOTOS
            visitors.count(conn, source_of(request), "photo", hourly=hourly, now=now)
        kept = photos.add(conn, park_id, photo, now=now, actor=actor)
    return models.Kept(photo=kept.photo.hex(), size=kept.size)


@router.get("/photos/{photo}", response_class=Response, dependencies=[ANYBODY])
def show(api: Api, who: Signed, photo: HexPath) -> Response:
    """A photo, to who may see a request or an order that shows it."""
    with api.database.read() as reader:
        seen = reader.one(
            "photo_seen_by", photo=bytes.fromhex(photo), company=who.company_id, person=who.person,
            requests=who.may(Permission.REQUEST_READ), orders=who.may(Permission.ORDER_READ),
            worker=who.may(Permission.ORDER_READ_OWN),
        )["seen"]  # fmt: skip
        row = reader.row("photo_row", photo=bytes.fromhex(photo), park=who.park_id) if seen else None
    if row is None:
        raise NotFound(f"photo {photo}")
    headers = {"Cache-Control": "private, max-age=604800, immutable"}
    return Response(bytes(row["bytes"]), media_type=row["media_type"], headers=headers)
