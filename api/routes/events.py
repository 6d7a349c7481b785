"""What happened: events of gates, scanners and devices, dead letters, conflicts."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from api import models
from api.auth import needs
from api.context import Api
from api.database import Reader, Row
from api.events import KINDS, describe
from api.known import check_known
from api.paging import bad_cursor, cursor, keys_of, next_link
from api.parameters import Id, Instant, Paged, Text
from api.routes import PREFIX
from api.tiles.look import names
from api.wrong import InvalidParameter, Wrong
from pipeline.domain.errors import NotFound
from pipeline.domain.park import Family
from pipeline.domain.role import Permission

router = APIRouter(prefix=PREFIX, tags=["events"], dependencies=[needs(Permission.PARK_READ)])

AHEAD = timedelta(minutes=6)  # a device's clock may be five minutes ahead (docs/wire.md)
DEFAULT_SPAN = timedelta(days=7)
EPOCH_US = 1_000_000


class OfEvents(Paged):
    kind: list[Literal["decision", "passage", "door", "screening", "status", "transition"]] = Field(
        default=[], description="May be repeated; default: all."
    )
    device: Id | None = None
    family: Family | None = None
    building: Id | None = None
    since: Instant | None = Field(None, alias="from", description="Default: 7 days before `to`.")
    until: Instant | None = Field(None, alias="to", description="Default: now, clocks that are ahead included.")
    notable: bool = Field(False, description="Only denials, doors not normal, REFER, INVALID, devices lost or back.")


class OfDeadLetters(Paged):
    reason: Text | None = None
    replayed: bool | None = None


class OfConflicts(Paged):
    device: Id | None = None


@router.get("/events")
def events(api: Api, request: Request, asked: Annotated[OfEvents, Query()]) -> models.Page[models.Event]:
    """Events of all kinds, newest first."""
    at_us, before_id = keys_of(asked.after, int, str)
    until = asked.until or api.clock.now() + AHEAD
    since = asked.since or until - DEFAULT_SPAN
    if since >= until:
        raise InvalidParameter(Wrong("from", "is not before to", f"a time before {until.isoformat()}"))
    with api.database.read() as reader:
        park_id = api.park(reader, asked.park)
        narrowed = any((asked.device, asked.family, asked.building))
        chosen = known_devices(reader, park_id, asked)
        found = reader.rows(
            "event_list",
            prepare=False,  # each combination of filters deserves its own plan
            park=park_id,
            since=since,
            until=until,
            kinds=sorted(set(asked.kind) or KINDS),
            devices=[d["device"] for d in chosen.values()] if narrowed else None,
            device_ids=list(chosen) if narrowed else None,
            notable=asked.notable,
            before_ts=None if at_us is None else instant_of(at_us),
            before_id=before_id,
            rows=asked.limit + 1,
        )
    items = [event(row, chosen.get(row["device_id"])) for row in found[: asked.limit]]
    more = None
    if len(found) > asked.limit:
        last = found[asked.limit - 1]
        more = next_link(request, cursor(us_of(last["at"]), last["id"]))
    return models.Page(items=items, next=more)


@router.get("/dead-letters")
def dead_letters(
    api: Api, request: Request, asked: Annotated[OfDeadLetters, Query()]
) -> models.Page[models.DeadLetter]:
    """Messages that could not be understood, newest first; of all parks, and of none, unless `park` is given."""
    (after,) = keys_of(asked.after, int)
    with api.database.read() as reader:
        found = reader.rows(
            "dead_letter_list",
            prepare=False,
            after=after,
            rows=asked.limit + 1,
            **asked.model_dump(include={"park", "reason", "replayed"}),
        )
    items = [models.DeadLetter(**row) for row in found[: asked.limit]]
    more = next_link(request, cursor(items[-1].dead_letter)) if len(found) > asked.limit else None
    return models.Page(items=items, next=more)


@router.get("/conflicts")
def conflicts(api: Api, request: Request, asked: Annotated[OfConflicts, Query()]) -> models.Page[models.Conflict]:
    """The same key with another content, newest first: what came first was kept."""
    (after,) = keys_of(asked.after, int)
    with api.database.read() as reader:
        park_id = api.park(reader, asked.park)
        found = reader.rows(
            "conflict_list", prepare=False, park=park_id, device=asked.device, after=after, rows=asked.limit + 1
        )
        if asked.device and not found:
            check_known(reader, park_id, "device", asked.device)
    items = [models.Conflict(**row) for row in found[: asked.limit]]
    more = next_link(request, cursor(items[-1].conflict)) if len(found) > asked.limit else None
    return models.Page(items=items, next=more)


def known_devices(reader: Reader, park_id: str, asked: OfEvents) -> dict[str, Row]:
    """Devices by id, as far as the filters ask for them. NotFound for an id that nobody knows."""
    filters = asked.model_dump(include={"device", "family", "building"})
    chosen = {row["device_id"]: row for row in reader.rows("device_keys", prepare=False, park=park_id, **filters)}
    if asked.device and not chosen:
        raise NotFound(f"device {asked.device} in park {park_id}")
    return chosen


def event(row: Row, device: Row | None) -> models.Event:
    """A row of the query event_list with its words and its device's names."""
    told = describe(row)
    building = None
    if device and device["building_id"]:
        building = models.Name(zh=device["building_zh"], en=device["building_en"])
    return models.Event(
        **{k: v for k, v in row.items() if k in models.Event.model_fields and k != "label"},
        label=told.label,
        detail=told.detail,
        name=models.Name(**names(device)) if device else None,
        building=building,
    )


def us_of(instant: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return round(instant.timestamp() * EPOCH_US)


def instant_of(microseconds: int) -> datetime:
    """The instant; InvalidParameter where no calendar has it."""
    try:
        return datetime.fromtimestamp(0, tz=UTC) + timedelta(microseconds=microseconds)
    except OverflowError:
        raise bad_cursor() from None
