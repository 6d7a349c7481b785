"""Makes requests: by a code, a place or none, online or told to the desk; what a technician does becomes a work order
in the same transaction. What happens to them later is in request_acts.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.errors import NotFound
from pipeline.domain.request import Due, RequestAction, RequestRefused, RequestState, due_after
from pipeline.domain.rule import DayKind
from pipeline.store import photos, request_changes, visitors, work_orders
from pipeline.store.request_changes import Row
from pipeline.store.requests_sql import QUERIES
from pipeline.store.work_orders import NewOrder

ONLINE = "online"
TOLD = ("phone", "desk", "chat")


class Made(NamedTuple):
    """A request, the order that it opened, and whether it was there already (the same client id)."""

    request: int
    work_order: int | None
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """What is asked for, by whom, about what: a code, a space, a device, or nothing of the kind.

    source: where somebody comes from who is not signed in; channel: `online`, or how the desk was told.
    """

    park_id: str
    client_id: UUID
    service: str
    words: str
    actor: str
    person: int | None = None
    company_id: str | None = None
    channel: str = ONLINE
    code: str | None = None
    space: str | None = None
    device: str | None = None
    photos: Sequence[bytes] = ()
    contact: str | None = None
    source: str | None = None


def make(conn: psycopg.Connection, new: NewRequest, *, now: datetime, hourly: int = 10) -> Made:
    """A request, in the caller's transaction. Raises NotFound, RequestRefused, TooOften, UnknownTerms."""
    conn.execute(QUERIES["lock_client"], {"client_id": new.client_id})
    known = one(conn, "request_of_client", client_id=new.client_id)
    if known is not None:
        return _again(conn, known, new)
    service = one(conn, "service", park=new.park_id, service=new.service)
    if service is None:
        raise NotFound(f"service {new.service}")
    if new.source is not None:
        if not service["visitors"] or new.code is None:
            raise RequestRefused(
                "sign in: without it this is asked for by a code on a door or a machine, or not at all"
            )
        visitors.count(conn, new.source, "request", hourly=hourly, now=now)
    if new.company_id is not None and one(conn, "company_known", park=new.park_id, company=new.company_id) is None:
        raise NotFound(f"company {new.company_id}")
    place = place_of(conn, new)
    due = outcome_due(conn, new.park_id, service["days"], now) if service["days"] else None
    row = conn.execute(
        QUERIES["insert_request"],
        {
            "park_id": new.park_id, "client_id": new.client_id, "service_id": new.service, "words": new.words,
            "category": service["category"], "company_id": new.company_id, "person": new.person, "now": now,
            "channel": new.channel, "actor": new.actor, "contact": new.contact, "department": service["department"],
            "due": due and due.at, **place,
        },
    ).fetchone()  # fmt: skip
    assert row is not None  # noqa: S101 - insert … returning
    request = int(row[0])
    detail = {"service": new.service, "channel": new.channel} | (
        {"due": due.at.isoformat(), "assumed": due.assumed} if due else {}
    )
    request_changes.note(
        conn, request, RequestAction.CREATE, before=None, after=RequestState.RECEIVED, now=now, actor=new.actor,
        detail=detail,
    )  # fmt: skip
    photos.link(conn, "request", request, new.photos, what="report", now=now, actor=new.actor)
    if service["skill"] is None or service["paid"]:
        return Made(request, None, repeated=False)
    standing = one(conn, "request_to_act", request=request)
    assert standing is not None  # noqa: S101 - inserted above
    return Made(request, open_order(conn, standing, now=now, actor=new.actor, person=new.person), repeated=False)


def open_order(conn: psycopg.Connection, row: Row, *, now: datetime, actor: str, person: int | None) -> int:
    """The work order of a locked request, tied to it, with its photos; the caller writes work_order where it does more.

    The priority is the service's: nobody is served sooner by saying so.
    """
    order = work_orders.open_(
        conn,
        NewOrder(
            park_id=row["park_id"], origin="request", cause=f"request:{row['request']}", service=row["service_id"],
            skill=row["skill"], priority=row["priority"], title_zh=row["name_zh"], title_en=row["name_en"],
            words=row["words"], space_id=row["space_id"], device=row["device"], company_id=row["company_id"],
            contractor_id=row["contractor_id"], request=row["request"],
        ),
        now=now, actor=actor, person=person,
    ).order  # fmt: skip
    conn.execute(QUERIES["tie_order"], {"request": row["request"], "order": order})
    photos.carry_over(conn, row["request"], order)
    return order


def place_of(conn: psycopg.Connection, new: NewRequest) -> dict[str, Any]:
    """Where it is, as space_id and device. Raises NotFound, RequestRefused."""
    if sum(told is not None for told in (new.code, new.space, new.device)) > 1:
        raise RequestRefused("one of code, space and device says where it is")
    if new.code is not None:
        row = one(conn, "code_place", code=new.code)
        if row is None or row["park_id"] != new.park_id:
            raise NotFound(f"code {new.code}")
        return {"space_id": row["space_id"], "device": row["device"]}
    if new.device is not None:
        row = one(conn, "device_place", park=new.park_id, device=new.device)
        if row is None:
            raise NotFound(f"device {new.device}")
        return {"space_id": row["space_id"], "device": row["device"]}
    if new.space is not None and one(conn, "space_known", park=new.park_id, space=new.space) is None:
        raise NotFound(f"space {new.space}")
    return {"space_id": new.space, "device": None}


def outcome_due(conn: psycopg.Connection, park_id: str, days: int, now: datetime) -> Due:
    """When an outcome is due that a service promises within so many working days."""
    found = one(conn, "zone", park=park_id)
    if found is None:
        raise NotFound(f"park {park_id}")
    zone = ZoneInfo(found["time_zone"])
    today = now.astimezone(zone).date()
    rows = conn.execute(
        QUERIES["calendar_between"],
        # Twice as many days and three weeks hold so many working days, whatever holidays lie between.
        {"park": park_id, "since": today, "until": today + timedelta(days=2 * days + 21)},
    )
    return due_after(now, days, zone=zone, calendar={day: DayKind(kind) for day, kind in rows})


def one(conn: psycopg.Connection, query: str, **values: Any) -> Row | None:
    """The first row of a query by column name."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], values).fetchone()


def _again(conn: psycopg.Connection, known: Mapping[str, Any], new: NewRequest) -> Made:
    same = (known["park_id"], known["service_id"], known["words"], known["entered_by"])
    if same != (new.park_id, new.service, new.words, new.actor):
        raise RequestRefused(f"client_id {new.client_id} was used for another request")
    standing = one(conn, "order_of_request", request=known["request"])
    return Made(known["request"], standing["work_order"] if standing else None, repeated=True)
