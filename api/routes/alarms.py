"""Alarms as people see them: what is open, what was, why, what to do, and what keeps some of them back."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from api import alarm_models as models
from api import alarm_rows as rows
from api.alarm_models import Alarm, AlarmDetail, AlarmHold, Incident
from api.auth import needs
from api.context import Api
from api.database import Reader
from api.known import check_known, unknown
from api.models import Page
from api.paging import cursor, keys_of, next_link
from api.parameters import Id, Instant, Number, Paged, Text
from api.routes import PREFIX
from api.routes.events import instant_of, us_of
from api.wrong import InvalidParameter, Wrong
from pipeline.domain.alarm import Hold
from pipeline.domain.errors import NotFound
from pipeline.domain.role import Permission
from pipeline.domain.rule import Priority

router = APIRouter(prefix=PREFIX, tags=["alarms"], dependencies=[needs(Permission.PARK_READ)])

RELATED = 100
OPEN = {"open": True, "closed": False, "all": None}


class OfAlarms(Paged):
    state: Literal["open", "closed", "all"] = "open"
    historic: bool | None = Field(None, description="Only those recorded after the fact, or none of them.")
    priority: list[Priority] = Field(default=[], description="May be repeated; default: all.")
    position: Text | None = None
    device: Id | None = None
    space: Id | None = None
    rule: Id | None = None
    incident: Number | None = None
    since: Instant | None = Field(None, alias="from", description="Raised at or after this event time.")
    until: Instant | None = Field(None, alias="to", description="Raised before this event time.")


class OfIncidents(Paged):
    closed: bool | None = False


class OfHolds(Paged):
    kind: Hold | None = None
    device: Id | None = None
    ended: bool | None = False


@router.get("/alarms")
def alarms(api: Api, request: Request, asked: Annotated[OfAlarms, Query()]) -> Page[Alarm]:
    """Alarms, the newest by event time first. `space` includes everything below it."""
    before_us, before_alarm = keys_of(asked.after, int, int)
    if asked.since and asked.until and asked.since >= asked.until:
        raise InvalidParameter(Wrong("from", "is not before to", f"a time before {asked.until.isoformat()}"))
    with api.database.read() as reader:
        park_id = api.park(reader, asked.park)
        found = reader.rows(
            "alarm_list",
            prepare=False,  # each combination of filters deserves its own plan
            park=park_id,
            open=OPEN[asked.state],
            priorities=sorted(set(asked.priority)) or None,
            before=None if before_us is None else instant_of(before_us),
            before_alarm=before_alarm,
            rows=asked.limit + 1,
            **asked.model_dump(include={"historic", "position", "device", "space", "rule", "incident"}),
            **asked.model_dump(include={"since", "until"}),
        )
        if not found:
            check_filters(reader, park_id, asked)
    items = [Alarm(**rows.whole(row)) for row in found[: asked.limit]]
    more = next_link(request, cursor(us_of(items[-1].raised), items[-1].alarm)) if len(found) > asked.limit else None
    return Page(items=items, next=more)


def check_filters(reader: Reader, park_id: str, asked: OfAlarms) -> None:
    """NotFound where a filter names what the park does not have."""
    if asked.device:
        check_known(reader, park_id, "device", asked.device)
    if asked.space:
        check_known(reader, park_id, "space", asked.space)
    if asked.rule:
        known = [row["id"] for row in reader.rows("alarm_rules_known", park=park_id)]
        if asked.rule not in known:
            raise unknown(f"rule {asked.rule} in park {park_id}", asked.rule, known)


@router.get("/alarms/{alarm}")
def alarm(api: Api, alarm: models.NumberPath) -> AlarmDetail:
    """One alarm with its journal, and the other alarms of its incident."""
    with api.database.read() as reader:
        return detail(reader, alarm)


def detail(reader: Reader, alarm: int) -> AlarmDetail:
    """One alarm as it is now. Raises NotFound."""
    row = reader.row("alarm_row", alarm=alarm)
    if row is None:
        raise NotFound(f"alarm {alarm}")
    related: list[models.AlarmBrief] = []
    if row["incident"] is not None:
        nothing = dict.fromkeys(("open", "historic", "priorities", "position", "device", "space", "rule", "since"))
        others = reader.rows(
            "alarm_list", prepare=False, park=row["park_id"], incident=row["incident"], rows=RELATED + 1,
            until=None, before=None, before_alarm=None, **nothing,
        )  # fmt: skip
        related = [models.AlarmBrief(**rows.brief(other)) for other in others if other["alarm"] != alarm]
    journal = [models.JournalEntry(**entry) for entry in reader.rows("alarm_journal", alarm=alarm)]
    return AlarmDetail(**rows.whole(row), journal=journal, related=related[:RELATED])


@router.get("/incidents")
def incidents(api: Api, request: Request, asked: Annotated[OfIncidents, Query()]) -> Page[Incident]:
    """Alarms that share a cause, newest first; `alarms?incident=` has theirs."""
    (after,) = keys_of(asked.after, int)
    with api.database.read() as reader:
        park_id = api.park(reader, asked.park)
        found = reader.rows(
            "incident_list", prepare=False, park=park_id, closed=asked.closed, after=after, rows=asked.limit + 1
        )
    items = [Incident(**(row | {"name": rows.named(row, "name")})) for row in found[: asked.limit]]
    more = next_link(request, cursor(items[-1].incident)) if len(found) > asked.limit else None
    return Page(items=items, next=more)


@router.get("/holds")
def holds(api: Api, request: Request, asked: Annotated[OfHolds, Query()]) -> Page[AlarmHold]:
    """What keeps alarms from people, newest first: shelves, suppression by design, out of service."""
    (after,) = keys_of(asked.after, int)
    with api.database.read() as reader:
        park_id = api.park(reader, asked.park)
        filters = asked.model_dump(include={"kind", "device", "ended"})
        found = reader.rows("hold_list", prepare=False, park=park_id, after=after, rows=asked.limit + 1, **filters)
        if asked.device and not found:
            check_known(reader, park_id, "device", asked.device)
    items = [AlarmHold(**rows.hold(row)) for row in found[: asked.limit]]
    more = next_link(request, cursor(items[-1].hold)) if len(found) > asked.limit else None
    return Page(items=items, next=more)
