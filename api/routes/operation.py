"""What supervisors and Prometheus ask: alive, ready, figures; and what each kind of problem means."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.context import Api, Context
from api.database import Reader
from api.parameters import PathId
from api.problems import KINDS, TYPES
from api.routes import PREFIX
from pipeline.domain.errors import NotFound, ParkError, SchemaOutdated
from pipeline.store.schema import latest

router = APIRouter(tags=["operation"])
problems_router = APIRouter(prefix=PREFIX, tags=["operation"])

NO_DATA_AFTER = timedelta(seconds=60)


@router.api_route("/healthz", methods=["GET", "HEAD"])
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.api_route("/readyz", methods=["GET", "HEAD"])
async def readyz(api: Api) -> JSONResponse:
    """200 when everything is there, else 503 with what is missing, in words; soon, even where the database hangs."""
    missing = await api.readiness.missing(lambda: find_missing(api))
    return JSONResponse({"ready": not missing, "missing": missing}, 503 if missing else 200)


@router.get("/metrics")
def metrics() -> Response:
    """Prometheus text format; docs/api.md lists the names."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@problems_router.get("/problems/{kind}")
def problem_kind(kind: PathId) -> dict[str, Any]:
    """What the `type` of a problem means."""
    found = KINDS.get(kind)
    if found is None:
        raise NotFound(f"kind of problem {kind}")
    return {"type": TYPES + kind, "status": found.status, "title": found.title, "remedy": found.remedy}


def find_missing(api: Context) -> list[str]:
    """Everything that keeps the figures from being true, in words; empty: ready."""
    try:
        with api.database.read() as reader:
            check_schema(reader)
            missing = [] if reader.rows("park_list") else ["no park is applied; run `park apply FILE`"]
            newest = reader.row("tile_ingest_newest")
    except ParkError as error:
        return [str(error)]
    if newest is None:
        missing.append("no data were ever stored; is a collector running?")
    elif (age := api.clock.now() - newest["at"]) > NO_DATA_AFTER:
        missing.append(f"no data for {age.total_seconds():.0f} s; is a collector running, and do devices publish?")
    return missing


def check_schema(reader: Reader) -> None:
    """SchemaOutdated unless the schema is exactly this program's."""
    found = reader.one("schema_version")
    if found["version"] is None or found["version"] != latest(found["edition"]):
        raise SchemaOutdated(f"the database is at version {found['version']}")
