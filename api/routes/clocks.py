"""Which devices lie about the time: since when, by how much, and an example."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from api import models
from api.auth import needs
from api.context import Api
from api.database import Row
from api.known import check_known
from api.paging import cursor, keys_of, next_link
from api.parameters import Id, Paged
from api.routes import PREFIX
from api.routes.events import instant_of, us_of
from api.tiles.look import names
from pipeline.domain.clock_fault import ClockFault
from pipeline.domain.role import Permission

router = APIRouter(prefix=PREFIX, tags=["clocks"], dependencies=[needs(Permission.PARK_READ)])


class OfClocks(Paged):
    device: Id | None = None
    fault: ClockFault | None = None
    ended: bool | None = False


@router.get("/device-clocks")
def device_clocks(api: Api, request: Request, asked: Annotated[OfClocks, Query()]) -> models.Page[models.DeviceClock]:
    """Devices whose clocks lie, the newest first; with `ended=true` those that were put right."""
    since_us, before_id = keys_of(asked.after, int, str)
    with api.database.read() as reader:
        park_id = api.park(reader, asked.park)
        found = reader.rows(
            "clock_list",
            prepare=False,
            park=park_id,
            before=None if since_us is None else instant_of(since_us),
            before_id=before_id,
            rows=asked.limit + 1,
            **asked.model_dump(include={"device", "fault", "ended"}),
        )
        if asked.device and not found:
            check_known(reader, park_id, "device", asked.device)
    items = [device_clock(row) for row in found[: asked.limit]]
    more = next_link(request, cursor(us_of(items[-1].since), items[-1].device_id)) if len(found) > asked.limit else None
    return models.Page(items=items, next=more)


def device_clock(row: Row) -> models.DeviceClock:
    """A row of park.device_clocks."""
    building = models.Name(zh=row["building_zh"], en=row["building_en"]) if row["building_zh"] else None
    columns = {k: v for k, v in row.items() if k in models.DeviceClock.model_fields}
    return models.DeviceClock(**columns, name=models.Name(**names(row)), building=building)
