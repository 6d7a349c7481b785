"""Maintenance windows: which there are, and planning and cancelling them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from api import alarm_models as models
from api import alarm_rows as rows
from api.alarm_models import MaintenanceWindow
from api.auth import Signed, named, needs
from api.context import Acting, Api, Context
from api.database import Row
from api.models import Page
from api.paging import cursor, keys_of, next_link
from api.parameters import Paged
from api.routes import PREFIX
from api.wrong import InvalidParameter, Wrong
from pipeline.domain.role import Permission
from pipeline.store import maintenance as store
from pipeline.store.alarm_acts import Person

router = APIRouter(prefix=PREFIX, tags=["alarms"])


class OfMaintenance(Paged):
    over: bool | None = Field(False, description="true: those that ended or were cancelled; default: not yet over.")


@router.get("/maintenance", dependencies=[needs(Permission.PARK_READ)])
def maintenance(api: Api, request: Request, asked: Annotated[OfMaintenance, Query()]) -> Page[MaintenanceWindow]:
    """Maintenance windows, newest first: alarms meanwhile page nobody, and are shown all the same."""
    (after,) = keys_of(asked.after, int)
    with api.database.read() as reader:
        park_id = api.park(reader, asked.park)
    found = windows(api, park=park_id, over=asked.over, after=after, rows=asked.limit + 1)
    items = [MaintenanceWindow(**rows.window(row)) for row in found[: asked.limit]]
    more = next_link(request, cursor(items[-1].maintenance)) if len(found) > asked.limit else None
    return Page(items=items, next=more)


@router.post("/maintenance", dependencies=[needs(Permission.MAINTENANCE_PLAN)])
def plan(api: Acting, who: Signed, asked: models.PlanningMaintenance) -> MaintenanceWindow:
    """Plans work on a device, in a space and below, or in the whole park. The window ends by itself."""
    if asked.device and asked.space:
        raise InvalidParameter(Wrong("space", "is given beside device", "one of them", "body"))
    now = api.clock.now()
    if asked.ends <= max(asked.starts, now):
        late = max(asked.starts, now).isoformat()
        raise InvalidParameter(Wrong("ends", "is not after starts and now", f"a time after {late}", "body"))
    with api.database.read() as reader:
        park_id = api.park(reader, asked.park)
    work = store.Planned(
        park_id=park_id, starts=asked.starts, ends=asked.ends, reason=asked.reason, device=asked.device,
        space=asked.space,
    )  # fmt: skip
    with api.database.write() as conn:
        number = store.plan(conn, work, Person(named(who, asked.actor), now))
    return window(api, number)


@router.post("/maintenance/{maintenance}/cancel", dependencies=[needs(Permission.MAINTENANCE_PLAN)])
def cancel(api: Acting, who: Signed, maintenance: models.NumberPath, asked: models.Cancelling) -> MaintenanceWindow:
    """Ends a window now, or before it starts."""
    with api.database.write() as conn:
        store.cancel(conn, maintenance, Person(named(who, asked.actor), api.clock.now()), reason=asked.reason)
    return window(api, maintenance)


def windows(api: Context, **asked: object) -> list[Row]:
    """Rows of the query maintenance_list."""
    nothing = {"park": None, "over": None, "maintenance": None, "after": None, "now": api.clock.now()}
    with api.database.read() as reader:
        return reader.rows("maintenance_list", prepare=False, **(nothing | asked))


def window(api: Context, number: int) -> MaintenanceWindow:
    """One window as it is now."""
    (row,) = windows(api, maintenance=number, rows=1)
    return MaintenanceWindow(**rows.window(row))
