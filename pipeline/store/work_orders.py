"""Opens work orders and changes them: one event a change, chained, by compare-and-swap; then clocks and duties follow.

Locks: the cause (advisory), then the order's row; alarms are never locked after it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pipeline.domain.errors import NotFound
from pipeline.domain.work_order import (
    ENDED,
    NEEDS_REASON,
    OF_WHO_HAS_IT,
    UNTAKEN,
    WAITING_REASONS,
    OrderAction,
    OrderRefused,
    OrderState,
    next_state,
)
from pipeline.store import chain, mailroom, order_followers, order_photos, sla_terms
from pipeline.store.order_columns import CHANGING, consequences
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "work_orders_sql")
SYSTEM = "system"
PRIORITIES = ("P1", "P2", "P3", "P4")
Row = dict[str, Any]


class ActConflict(OrderRefused):
    """somebody else changed this order first"""

    def __init__(self, why: str, *, order: int, state: str, version: int, last: Row | None = None) -> None:
        super().__init__(why)
        self.order, self.state, self.version, self.last = order, state, version, last


class Opened(NamedTuple):
    """An order, and whether it is `new`, `recurred` (open already), `reopened` or `repeated` (this client id again)."""

    order: int
    how: str


class Done(NamedTuple):
    """What an act led to; repeated: the same client id was there already, nothing changed."""

    order: int
    state: OrderState
    version: int
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """What is to be done, and why. cause: one open order for each; again_s: closed no longer ago, it is re-opened."""

    park_id: str
    origin: str
    cause: str
    service: str
    skill: str
    priority: str
    title_zh: str
    title_en: str
    words: str | None = None
    space_id: str | None = None
    device: int | None = None
    point: int | None = None
    company_id: str | None = None
    contractor_id: str | None = None
    alarm: int | None = None
    incident: int | None = None
    request: int | None = None
    plan: int | None = None
    verify_s: float | None = None
    again_s: float = 0.0
    happened: datetime | None = None  # when its cause began, where that is earlier than now; for the event's detail


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAct:
    """One thing that somebody does to an order. version: the one they saw, where they insist on it.

    device_time and offset_s (server less phone, at its last sync): when they did it, by their phone. own: they work on
    orders of their own only.
    """

    order: int
    action: OrderAction
    actor: str = SYSTEM
    person: int | None = None
    own: bool = False
    client_id: UUID = field(default_factory=uuid4)
    version: int | None = None
    device_time: datetime | None = None
    offset_s: float = 0.0
    reason: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    happened: datetime | None = None  # told by the system itself, such as the end of a wait


def open_(conn: psycopg.Connection, new: NewOrder, *, now: datetime, actor: str = SYSTEM, person: int | None = None,
          client_id: UUID | None = None) -> Opened:  # fmt: skip
    """Opens an order, or says on the one that is open for this cause that it came back, in the caller's transaction.

    Raises UnknownTerms (store/sla_terms.py) where no policy or calendar covers it; OrderRefused.
    """
    with conn.transaction():
        return _open(conn, new, now=now, actor=actor, person=person, client_id=client_id)


def _open(conn: psycopg.Connection, new: NewOrder, *, now: datetime, actor: str, person: int | None,
          client_id: UUID | None) -> Opened:  # fmt: skip
    conn.execute(QUERIES["lock_cause"], {"park": new.park_id, "cause": new.cause})
    known = client_id and _one(conn, "event_by_client", {"client_id": client_id})
    if known:
        if known["cause"] != new.cause:
            raise OrderRefused(f"client_id {client_id} was used for another order")
        return Opened(known["work_order"], "repeated")
    before = _one(conn, "last_of_cause", {"park": new.park_id, "cause": new.cause})
    if before is not None:
        back = {"alarm": new.alarm, "incident": new.incident, "request": new.request}
        detail = {key: value for key, value in back.items() if value is not None}
        state = OrderState(before["state"])
        ended = before["closed"] or before["done"]
        if state not in ENDED:
            action = OrderAction.REOPEN if state in (OrderState.DONE, OrderState.CONFIRMED) else OrderAction.RECUR
        elif state is OrderState.CLOSED and ended and now - ended <= timedelta(seconds=new.again_s):
            action = OrderAction.REOPEN
        else:
            action = None
        if action is not None:
            again = OrderAct(order=before["work_order"], action=action, actor=actor, person=person,
                             client_id=client_id or uuid4(), reason="its cause came back", detail=detail)  # fmt: skip
            act(conn, again, now=now)
            return Opened(before["work_order"], "reopened" if action is OrderAction.REOPEN else "recurred")
    terms = sla_terms.stamp(conn, new, now=now)
    values = {name: getattr(new, name) for name in NewOrder.__dataclass_fields__ if name not in ("again_s", "happened")}
    row = conn.execute(
        QUERIES["insert_order"], {**values, "terms": Jsonb(terms), "now": now, "root": chain.ROOT}
    ).fetchone()
    assert row is not None  # noqa: S101 - insert … returning
    order = int(row[0])
    first: dict[str, Any] = {"cause": new.cause, "priority": new.priority, "terms": terms}
    if new.happened is not None:
        first["began"] = new.happened.isoformat()
    _append(
        conn, order, 1, chain.ROOT, now=now, client_id=client_id or uuid4(), action=OrderAction.OPEN, from_state=None,
        to_state=OrderState.NEW, actor=actor, person=person, happened=now, device_time=None, offset_s=None, reason=None,
        detail=first,
    )  # fmt: skip
    _follow(conn, order, OrderAction.OPEN, now)
    return Opened(order, "new")


def act(conn: psycopg.Connection, asked: OrderAct, *, now: datetime) -> Done:
    """Does one thing to an order, in the caller's transaction. The same client id again changes nothing.

    detail: of ASSIGN {person}; ARRIVE {proof}; PRIORITY {to}; APPOINT {at}; any may have {photos: [hex], what}.
    Raises NotFound, OrderRefused (the action does not lead from there), ActConflict (it was changed meanwhile).
    """
    with conn.transaction():
        return _act(conn, asked, now=now)


def _act(conn: psycopg.Connection, asked: OrderAct, *, now: datetime) -> Done:
    row = _one(conn, "order_to_act", {"order": asked.order})
    if row is None:
        raise NotFound(f"work order {asked.order}")
    known = _one(conn, "event_by_client", {"client_id": asked.client_id})
    state, version = OrderState(row["state"]), int(row["version"])
    if known is not None:
        if known["work_order"] != asked.order or known["action"] != asked.action:
            raise OrderRefused(f"client_id {asked.client_id} was used for another act ({known['action']})")
        return Done(asked.order, state, version, repeated=True)
    if asked.version is not None and asked.version != version:
        raise _conflict(conn, row, f"it is at version {version}, you saw {asked.version}")
    if asked.action in NEEDS_REASON and not (asked.reason or "").strip():
        raise OrderRefused(f"{asked.action.value} needs a reason")
    if asked.action is OrderAction.WAIT and asked.reason not in WAITING_REASONS:
        raise OrderRefused(f"an order waits for one of {', '.join(WAITING_REASONS)}, and not for {asked.reason!r}")
    try:
        after = next_state(state, asked.action)
    except OrderRefused as error:
        raise _conflict(conn, row, error.detail) from error
    if asked.own and asked.action in OF_WHO_HAS_IT and row["assignee"] not in (None, asked.person):
        raise _conflict(conn, row, "somebody else has it")
    happened = effective(asked, created=row["created"], now=now)
    detail = dict(asked.detail)
    if asked.action is OrderAction.PRIORITY:
        detail = _terms(conn, row, detail, now)
    if asked.action is OrderAction.ASSIGN:
        detail |= sla_terms.handed_to(conn, asked.order, detail["person"], now=now)
    if asked.action is OrderAction.REOPEN and state in ENDED and _one(conn, "open_of_cause", row):
        raise _conflict(conn, row, "another order is open for what this one was for")
    hash_ = _append(
        conn, asked.order, version + 1, row["head"], now=now, client_id=asked.client_id, action=asked.action,
        from_state=state, to_state=after, actor=asked.actor, person=asked.person, happened=happened,
        device_time=asked.device_time, offset_s=float(asked.offset_s) if asked.device_time else None,
        reason=asked.reason, detail=detail,
    )  # fmt: skip
    if detail.get("photos"):
        order_photos.attach(conn, asked.order, asked.action, detail, park_id=row["park_id"], at=now, actor=asked.actor)
    changes = consequences(row, asked.action, after, reason=asked.reason, person=asked.person, detail=detail,
                           happened=happened, now=now)  # fmt: skip
    done = conn.execute(
        QUERIES["change_order"],
        {**{name: row[name] for name in CHANGING}, **changes, "order": asked.order, "was": version,
         "version": version + 1, "state": after, "head": hash_, "terms": Jsonb(changes.get("terms", row["terms"]))},
    )  # fmt: skip
    if done.rowcount != 1:
        raise _conflict(conn, row, "it was changed meanwhile")
    _follow(conn, asked.order, asked.action, now)
    return Done(asked.order, after, version + 1, repeated=False)


def effective(asked: OrderAct, *, created: datetime, now: datetime) -> datetime:
    """When an act counts: the phone's time corrected by its offset; never after now; never before the order existed,
    even where the clock of who asks is behind that of who opened it."""
    told = asked.happened
    if told is None and asked.device_time is not None:
        told = asked.device_time + timedelta(seconds=asked.offset_s)
    return max(min(told or now, now), created)


def _terms(conn: psycopg.Connection, row: Row, detail: Row, now: datetime) -> Row:
    """What a change of priority says: from what to what, and the terms that hold from now on."""
    to = detail.get("to")
    if to not in PRIORITIES or to == row["priority"]:
        raise OrderRefused(f"it has priority {row['priority']}; write another one of {', '.join(PRIORITIES)}")
    terms = sla_terms.restamp(conn, row["work_order"], now=now, priority=to)
    return {**detail, "from": row["priority"], "to": to, "terms": terms}


def _append(conn: psycopg.Connection, order: int, seq: int, previous: bytes, *, now: datetime, **event: Any) -> bytes:
    full = {**event, "work_order": order, "seq": seq, "at": now}
    hash_ = chain.digest(bytes(previous), full)
    conn.execute(
        QUERIES["append_event"],
        {**full, "detail": Jsonb(event["detail"]), "previous": previous, "hash": hash_},
    )
    if seq == 1:
        conn.execute(QUERIES["set_head"], {"order": order, "head": hash_})
    return hash_


def _follow(conn: psycopg.Connection, order: int, action: OrderAction, now: datetime) -> None:
    """What an event leads to, in the same transaction; screens are told."""
    order_followers.follow(conn, order, action, now=now)
    mailroom.notify(conn, {"order"}, order)


def _one(conn: psycopg.Connection, query: str, values: Mapping[str, Any]) -> Row | None:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], dict(values)).fetchone()


def _conflict(conn: psycopg.Connection, row: Row, why: str) -> ActConflict:
    last = _one(conn, "last_event", {"order": row["work_order"]})
    who = f"; last was {last['action']} by {last['actor']}" if last else ""
    return ActConflict(why + who, order=row["work_order"], state=row["state"], version=row["version"], last=last)


__all__ = ["QUERIES", "SYSTEM", "UNTAKEN", "ActConflict", "Done", "NewOrder", "Opened", "OrderAct", "act", "effective",
           "open_"]  # fmt: skip
