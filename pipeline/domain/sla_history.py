"""What an order's events say to its clocks: when each stopped, what paused it, which terms held from when.

Which act builds on which is the order of seq, in which the machine allowed them; when each counts is its effective
time. A stop that is taken back was none: the clock ran on. No act counts before the one that made it possible.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pipeline.domain.intervals import NONE, Span
from pipeline.domain.sla import ClockKind, Terms
from pipeline.domain.work_order import OrderAction, OrderState

A = OrderAction
_ARRIVED = (A.ARRIVE, A.FINISH)


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One event of an order, as far as clocks care."""

    seq: int
    action: OrderAction
    state: OrderState  # after it
    happened: datetime
    reason: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


class Stop(NamedTuple):
    """When a clock stopped (None: it did not), whether that is provisional, and when a stop was last taken back."""

    at: datetime | None = None
    provisional: bool = False
    taken_back: datetime | None = None


class Pause(NamedTuple):
    """A wait; until is None while it lasts."""

    since: datetime
    until: datetime | None
    reason: str


class Change(NamedTuple):
    """From when on other terms held, or (`appointment`) the tenant's own choice of time."""

    at: datetime
    terms: Terms | None = None
    appointment: datetime | None = None


def stop(kind: ClockKind, events: Sequence[OrderEvent], created: datetime) -> Stop:
    """When one of an order's clocks stopped."""
    match kind:
        case ClockKind.ACKNOWLEDGE:
            return _acknowledged(events, created)
        case ClockKind.RESPOND:
            return Stop(next((event.happened for event in events if event.action in _ARRIVED), None))
        case ClockKind.RESTORE:
            return _restored(events, created)


def _acknowledged(events: Sequence[OrderEvent], floor: datetime) -> Stop:
    """Somebody took it; handing it back before anyone came takes that back."""
    at: datetime | None = None
    taken_back: datetime | None = None
    for event in events:
        if event.action in _ARRIVED:
            break
        if event.action is A.ACCEPT and at is None:
            at = max(event.happened, floor)
        elif event.action is A.RELEASE:
            floor = event.happened
            at, taken_back = None, floor
    return Stop(at, taken_back=taken_back)


def _restored(events: Sequence[OrderEvent], floor: datetime) -> Stop:
    """Done, until it is re-opened."""
    found = Stop()
    for event in events:
        match event.action:
            case A.FINISH:
                found = Stop(max(event.happened, floor), True, found.taken_back)
            case A.VERIFY | A.CONFIRM | A.CLOSE:
                found = found._replace(provisional=False)
            case A.REOPEN:
                floor = event.happened
                found = Stop(None, False, floor)
            case _:
                pass
    return found


def ended(events: Iterable[OrderEvent]) -> datetime | None:
    """When the order was rejected or cancelled, unless it was opened again."""
    at: datetime | None = None
    for event in events:
        if event.action in (A.REJECT, A.CANCEL):
            at = event.happened
        elif event.action is A.REOPEN:
            at = None
    return at


def pauses(events: Iterable[OrderEvent]) -> list[Pause]:
    """Every wait, in order; none begins before the one before it has ended."""
    found: list[Pause] = []
    waiting: OrderEvent | None = None
    floor: datetime | None = None
    for event in events:
        if waiting is not None and event.state is not OrderState.WAITING:
            since = max(waiting.happened, floor) if floor else waiting.happened
            floor = max(since, event.happened)
            found.append(Pause(since, floor, waiting.reason or ""))
            waiting = None
        if event.action is A.WAIT:
            waiting = event
    if waiting is not None:
        found.append(Pause(max(waiting.happened, floor) if floor else waiting.happened, None, waiting.reason or ""))
    return found


def granted(waits: Iterable[Pause], terms: Terms) -> list[Span]:
    """The parts of waits that stop restore's clock: for reasons that the terms list, from each one's beginning, until
    its reason or all of them together have had as much wall time as the terms allow."""
    left = {reason: timedelta(seconds=s) for reason, s in terms.get("pauses", {}).items()}
    in_all = timedelta(seconds=terms["pauses_sum_s"]) if terms.get("pauses_sum_s") is not None else None
    found: list[Span] = []
    for since, until, reason in waits:
        most = left.get(reason, NONE)
        if in_all is not None:
            most = min(most, in_all)
        taken = most if until is None else min(most, until - since)
        if taken > NONE:
            found.append((since, since + taken))
            left[reason] -= taken
            in_all = None if in_all is None else in_all - taken
    return found


def changes(events: Iterable[OrderEvent], created: datetime) -> list[Change]:
    """What was promised, from when; the first is what the order was opened with. None counts before the one before."""
    found: list[Change] = []
    floor = created
    for event in events:
        if event.detail.get("terms"):
            floor = max(floor, event.happened)
            found.append(Change(floor, terms=event.detail["terms"]))
        elif event.action is A.APPOINT:
            floor = max(floor, event.happened)
            found.append(Change(floor, appointment=max(datetime.fromisoformat(event.detail["at"]), floor)))
    return found
