"""What people, and the clock, do to requests. One transaction an act: the request, its quote and its work order move
together or not at all. Locks: the work order, then the request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg

from pipeline.domain.errors import NotFound
from pipeline.domain.request import (
    NEEDS_REASON,
    ON_ORDER,
    RATED_FROM,
    REOPEN_WITHIN,
    RequestAction,
    RequestRefused,
    RequestState,
    Side,
    check_side,
    next_state,
)
from pipeline.domain.work_order import MOVES, OrderAction, OrderRefused, OrderState
from pipeline.store import photos, quotes, request_changes, requests, work_orders
from pipeline.store.request_changes import Row
from pipeline.store.requests import one
from pipeline.store.requests_sql import QUERIES
from pipeline.store.work_orders import OrderAct

A = RequestAction
PHOTOS_AS = {A.COMMENT: "other", A.REOPEN: "report", A.QUOTE: "quote", A.ANSWER: "after"}


class RequestConflict(RequestRefused):
    """this cannot be done to the request as it stands"""

    def __init__(self, why: str, *, request: int, state: str, version: int, last: Row | None) -> None:
        super().__init__(why + (f"; last was {last['action']} by {last['actor']}" if last else ""))
        self.request, self.state, self.version, self.last = request, state, version, last


class Acted(NamedTuple):
    """Where a request stands after an act; repeated: the same client id was there already, nothing changed."""

    request: int
    state: RequestState
    version: int
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAct:
    """One thing that somebody does to a request, on whose behalf. version: the one they saw, where they insist."""

    request: int
    action: RequestAction
    actor: str = work_orders.SYSTEM
    person: int | None = None
    sides: frozenset[Side] = frozenset({Side.SYSTEM})
    client_id: UUID = field(default_factory=uuid4)
    version: int | None = None
    reason: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def act(conn: psycopg.Connection, asked: RequestAct, *, now: datetime) -> Acted:
    """Does one thing to a request, in the caller's transaction. Raises NotFound, RequestConflict, OrderRefused."""
    order, row = locked(conn, asked.request)
    state = RequestState(row["state"])
    known = one(conn, "event_of_client", client_id=asked.client_id)
    if known is not None:
        if (known["request"], known["action"]) != (asked.request, asked.action):
            raise conflict(conn, row, f"client_id {asked.client_id} was used for another act ({known['action']})")
        return Acted(asked.request, state, row["version"], repeated=True)
    try:
        after, changes, detail = _decide(conn, row, order, asked, now)
    except RequestConflict:
        raise
    except (RequestRefused, OrderRefused) as error:
        raise conflict(conn, row, error.detail) from error
    version = request_changes.write(
        conn, row, asked.action, after, now=now, actor=asked.actor, client_id=asked.client_id, reason=asked.reason,
        detail=detail, changes=changes,
    )  # fmt: skip
    shown = photos.parse(asked.detail.get("photos", ()))
    what = PHOTOS_AS.get(asked.action, "other")
    photos.link(conn, "request", asked.request, shown, what=what, now=now, actor=asked.actor)
    _move_order(conn, order, asked, now)
    return Acted(asked.request, after, version, repeated=False)


def rate(
    conn: psycopg.Connection, request: int, *, stars: int, words: str | None, company_id: str | None, actor: str,
    now: datetime,
) -> None:  # fmt: skip
    """A tenant's stars for what was done, once and for good. Raises NotFound, RequestConflict."""
    _, row = locked(conn, request)
    if company_id is None or row["company_id"] != company_id:
        raise conflict(conn, row, "it is rated by the company that asked for it")
    before = one(conn, "rating", request=request)
    if before is not None:
        if (before["stars"], before["words"], before["actor"]) == (stars, words, actor):
            return
        raise conflict(conn, row, "it was rated already")
    state = RequestState(row["state"])
    if state not in RATED_FROM:
        raise conflict(conn, row, f"it is {state.value}: it is rated when it is confirmed or closed")
    told = {"request": request, "work_order": row["work_order"], "company_id": company_id, "stars": stars}
    conn.execute(QUERIES["add_rating"], {**told, "words": words, "actor": actor, "now": now})
    request_changes.note(
        conn, request, A.RATE, before=state, after=state, now=now, actor=actor, reason=words, detail={"stars": stars}
    )


def locked(conn: psycopg.Connection, request: int) -> tuple[Row | None, Row]:
    """A request and its work order, locked, the order first. Raises NotFound."""
    order = one(conn, "lock_order_of", request=request)
    row = one(conn, "request_to_act", request=request)
    if row is None:
        raise NotFound(f"request {request}")
    if row["work_order"] is not None and order is None:  # it became an order between the two locks
        raise conflict(conn, row, "it was changed meanwhile")
    return order, row


def conflict(conn: psycopg.Connection, row: Row, why: str) -> RequestConflict:
    """A refusal that says where the request stands, and who was last."""
    last = one(conn, "last_event", request=row["request"])
    return RequestConflict(why, request=row["request"], state=row["state"], version=row["version"], last=last)


Decision = tuple[RequestState, dict[str, Any], dict[str, Any]]


def _decide(conn: psycopg.Connection, row: Row, order: Row | None, asked: RequestAct, now: datetime) -> Decision:
    """Where the act leads, the columns that it changes and what its event says. Raises RequestRefused."""
    if asked.version is not None and asked.version != row["version"]:
        raise RequestRefused(f"it is at version {row['version']}, you saw {asked.version}")
    action, state = asked.action, RequestState(row["state"])
    check_side(action, asked.sides, channel=row["channel"])
    after = next_state(state, action)
    if action in NEEDS_REASON and not (asked.reason or "").strip():
        raise RequestRefused(f"{action.value} needs a reason, in words")
    if order is not None and action in ON_ORDER:
        raise RequestRefused(f"work order {order['work_order']} does it: act on that")
    if row["paid"] and action in (A.START, A.ANSWER) and state is RequestState.RECEIVED:
        raise RequestRefused("this is paid work: it is quoted, and the quote accepted, before it begins")
    match action:
        case A.TRANSFER:
            return after, *_transfer(conn, row, asked)
        case A.SUPERVISE:
            if row["supervised"]:
                raise RequestRefused("it is supervised already")
            return after, {"supervised": True}, {}
        case A.QUOTE:
            return after, {}, quotes.make(conn, row, asked.detail, now=now, actor=asked.actor)
        case A.ACCEPT_QUOTE | A.DECLINE_QUOTE | A.EXPIRE_QUOTE:
            detail = quotes.answer(conn, row["request"], action, asked.detail, now=now, actor=asked.actor)
            if action is not A.ACCEPT_QUOTE or row["skill"] is None:
                return after, {}, detail
            opened = requests.open_order(conn, row, now=now, actor=asked.actor, person=asked.person)
            return after, {"work_order": opened}, detail | {"work_order": opened}
        case A.ANSWER:
            return after, {"outcome": asked.reason}, {}
        case A.REOPEN:
            if row["closed"] is not None and now - row["closed"] > REOPEN_WITHIN:
                raise RequestRefused(f"it was closed more than {REOPEN_WITHIN.days} days ago: ask anew")
        case A.APPOINT:
            at = quotes.instant(asked.detail, "at", now=now)
            _order_move(order, action)
            return after, {"appointment": at}, {"at": at.isoformat()}
        case A.DECLINE | A.CANCEL if state is RequestState.QUOTED:
            quotes.withdraw(conn, row["request"], now=now, actor=asked.actor)
        case _:
            pass
    _order_move(order, action)
    return after, {}, {}


def _transfer(conn: psycopg.Connection, row: Row, asked: RequestAct) -> tuple[dict[str, Any], dict[str, Any]]:
    to = asked.detail.get("department")
    known = [name for (name,) in conn.execute(QUERIES["departments"], {"park": row["park_id"]})]
    if to not in known:
        raise RequestRefused(f"there is no department {to!r}: {', '.join(known)}")
    if to == row["department"]:
        raise RequestRefused(f"{to} answers for it already")
    return {"department": to}, {"from": row["department"], "to": to}


ORDER_DOES: Mapping[RequestAction, OrderAction] = {
    A.CONFIRM: OrderAction.CONFIRM,
    A.REOPEN: OrderAction.REOPEN,
    A.CANCEL: OrderAction.CANCEL,
    A.APPOINT: OrderAction.APPOINT,
}


def _order_move(order: Row | None, action: RequestAction) -> OrderAction | None:
    """What an act of who asked means to the work order; None: nothing. Raises RequestRefused where it cannot be."""
    if order is None or action not in ORDER_DOES:
        return None
    does, state = ORDER_DOES[action], OrderState(order["state"])
    if does is OrderAction.CONFIRM and state in (OrderState.CONFIRMED, OrderState.CLOSED):
        return None  # an operator, or the sensor, was faster
    if state not in MOVES[does][0]:
        raise RequestRefused(
            f"work order {order['work_order']} is {state.value}: {does.value} does not lead from there"
        )
    return does


def _move_order(conn: psycopg.Connection, order: Row | None, asked: RequestAct, now: datetime) -> None:
    """Moves the work order too. The request has moved before, so that nothing comes back from there."""
    does = _order_move(order, asked.action)
    if order is None or does is None:
        return
    at = {"at": quotes.instant(asked.detail, "at", now=now).isoformat()} if does is OrderAction.APPOINT else {}
    work_orders.act(
        conn,
        OrderAct(
            order=order["work_order"], action=does, actor=asked.actor, person=asked.person, client_id=asked.client_id,
            reason=asked.reason or f"{asked.action.value} by who asked", detail={"request": asked.request, **at},
        ),
        now=now,
    )  # fmt: skip


__all__ = ["Acted", "RequestAct", "RequestConflict", "act", "rate"]
