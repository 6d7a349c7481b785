"""The life of a request: what can be done to it, from where, by whom; and when an outcome is due. Pure decisions."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

from pipeline.domain.errors import ParkError
from pipeline.domain.work_order import OrderAction
from pipeline.domain.working_calendar import DAY, Days, day_kind, is_worked


class RequestState(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    QUOTED = "quoted"  # a price was named; whoever asked decides
    ACCEPTED = "accepted"  # the price was accepted, the work can begin
    IN_PROGRESS = "in_progress"
    ANSWERED = "answered"  # done, or told: whoever asked says whether that is so
    CONFIRMED = "confirmed"
    CLOSED = "closed"
    DECLINED = "declined"  # by the park, or its price was
    CANCELLED = "cancelled"  # by who asked


class RequestAction(StrEnum):
    """What can happen to a request; one event each."""

    CREATE = "create"
    TRANSFER = "transfer"  # to another department
    SUPERVISE = "supervise"  # 督办: its outcome is overdue, or a supervisor says so
    QUOTE = "quote"
    ACCEPT_QUOTE = "accept-quote"
    DECLINE_QUOTE = "decline-quote"
    EXPIRE_QUOTE = "expire-quote"
    START = "start"
    ANSWER = "answer"
    CONFIRM = "confirm"
    REOPEN = "reopen"
    CLOSE = "close"
    DECLINE = "decline"
    CANCEL = "cancel"
    APPOINT = "appoint"  # who asked chose a time
    COMMENT = "comment"
    RATE = "rate"


class RequestRefused(ParkError):  # noqa: N818 - it names an answer, which api/problems.py maps to 409
    """what was asked for cannot be done to this request"""


class Side(StrEnum):
    """On whose behalf something is done to a request."""

    ASKER = "asker"
    DESK = "desk"
    SUPERVISOR = "supervisor"
    SYSTEM = "system"


S, A = RequestState, RequestAction
ENDED = frozenset({S.CLOSED, S.DECLINED, S.CANCELLED})
OPEN = frozenset(S) - ENDED
UNANSWERED = frozenset({S.RECEIVED, S.QUOTED, S.ACCEPTED, S.IN_PROGRESS})
RATED_FROM = frozenset({S.CONFIRMED, S.CLOSED})

SAME = None
MOVES: Mapping[RequestAction, tuple[frozenset[RequestState], RequestState | None]] = {
    A.TRANSFER: (frozenset({S.RECEIVED, S.ACCEPTED, S.IN_PROGRESS}), SAME),
    A.SUPERVISE: (UNANSWERED, SAME),
    A.QUOTE: (frozenset({S.RECEIVED, S.QUOTED}), S.QUOTED),
    A.ACCEPT_QUOTE: (frozenset({S.QUOTED}), S.ACCEPTED),
    A.DECLINE_QUOTE: (frozenset({S.QUOTED}), S.DECLINED),
    A.EXPIRE_QUOTE: (frozenset({S.QUOTED}), S.RECEIVED),
    A.START: (frozenset({S.RECEIVED, S.ACCEPTED}), S.IN_PROGRESS),
    A.ANSWER: (frozenset({S.RECEIVED, S.ACCEPTED, S.IN_PROGRESS}), S.ANSWERED),
    A.CONFIRM: (frozenset({S.ANSWERED}), S.CONFIRMED),
    A.REOPEN: (frozenset({S.ANSWERED, S.CONFIRMED, S.CLOSED}), S.IN_PROGRESS),
    A.CLOSE: (frozenset({S.ANSWERED, S.CONFIRMED}), S.CLOSED),
    A.DECLINE: (UNANSWERED, S.DECLINED),
    A.CANCEL: (UNANSWERED, S.CANCELLED),
    A.APPOINT: (UNANSWERED, SAME),
    A.COMMENT: (frozenset(S), SAME),
    A.RATE: (RATED_FROM, SAME),
}
BY: Mapping[Side, frozenset[RequestAction]] = {
    Side.ASKER: frozenset({A.ACCEPT_QUOTE, A.DECLINE_QUOTE, A.CONFIRM, A.REOPEN, A.CANCEL, A.APPOINT, A.COMMENT}),
    Side.DESK: frozenset({A.TRANSFER, A.QUOTE, A.START, A.ANSWER, A.DECLINE, A.COMMENT}),
    Side.SUPERVISOR: frozenset({A.SUPERVISE, A.COMMENT}),
    Side.SYSTEM: frozenset({A.SUPERVISE, A.EXPIRE_QUOTE, A.CLOSE}),
}
"""Who does what. The desk acts for who asked where they told it by phone, at the desk or in a chat; nobody rates so."""
NEEDS_REASON = frozenset({A.TRANSFER, A.SUPERVISE, A.ANSWER, A.REOPEN, A.DECLINE, A.COMMENT})
ON_ORDER = frozenset({A.QUOTE, A.START, A.ANSWER, A.DECLINE, A.TRANSFER})
"""What a request that has a work order gets from the order, and not by itself."""
REOPEN_WITHIN = 14 * DAY
"""A request closed longer ago is asked anew."""

# What an order's event makes of its request: only from these states; a request that is there already is left alone.
FOLLOWS: Mapping[OrderAction, tuple[frozenset[RequestState], RequestState, RequestAction]] = {
    **{action: (frozenset({S.RECEIVED, S.ACCEPTED}), S.IN_PROGRESS, A.START)
       for action in (OrderAction.ACCEPT, OrderAction.DEPART, OrderAction.ARRIVE, OrderAction.WAIT)},
    OrderAction.FINISH: (frozenset({S.RECEIVED, S.ACCEPTED, S.IN_PROGRESS}), S.ANSWERED, A.ANSWER),
    OrderAction.CLOSE: (frozenset({S.RECEIVED, S.ACCEPTED, S.IN_PROGRESS, S.ANSWERED, S.CONFIRMED}), S.CLOSED, A.CLOSE),
    OrderAction.REOPEN: (frozenset({S.ANSWERED, S.CONFIRMED, S.CLOSED, S.DECLINED}), S.IN_PROGRESS, A.REOPEN),
    OrderAction.REJECT: (UNANSWERED, S.DECLINED, A.DECLINE),
    OrderAction.CANCEL: (UNANSWERED, S.DECLINED, A.DECLINE),
}  # fmt: skip


def next_state(state: RequestState, action: RequestAction) -> RequestState:
    """Where an action leads from a state. Raises RequestRefused."""
    sources, target = MOVES.get(action, (frozenset(), SAME))
    if state not in sources:
        raise RequestRefused(f"it is {state.value}, and {action.value} does not lead from there")
    return state if target is SAME else target


def check_side(action: RequestAction, sides: frozenset[Side], *, channel: str) -> None:
    """Whether one of these sides may do this. Raises RequestRefused, which says whose it is."""
    if any(action in BY[side] for side in sides):
        return
    if Side.DESK in sides and action in BY[Side.ASKER] and (channel != "online" or action is A.CANCEL):
        return
    whose = " or ".join(side.value for side in Side if action in BY[side])
    raise RequestRefused(f"{action.value} is for the {whose or 'one who rates'} to do")


def possible(
    state: RequestState, sides: frozenset[Side], *, channel: str, paid: bool, ordered: bool
) -> list[RequestAction]:
    """What somebody on these sides can do to a request as it stands, for a screen's buttons; the act itself decides."""
    found = []
    for action, (sources, _) in MOVES.items():
        if state not in sources or (ordered and action in ON_ORDER) or (action is A.QUOTE and not paid):
            continue
        if paid and action in (A.START, A.ANSWER) and state is S.RECEIVED:
            continue  # no work before the price is accepted
        try:
            check_side(action, sides, channel=channel)
        except RequestRefused:
            continue
        found.append(action)
    return found


class Due(NamedTuple):
    """When an outcome is due; assumed: on days of which no calendar says whether they are worked."""

    at: datetime
    assumed: bool


def due_after(created: datetime, days: int, *, zone: tzinfo, calendar: Days) -> Due:
    """The end of the n-th working day after the day of a request, park time."""
    day, left, assumed = created.astimezone(zone).date(), days, False
    while left:
        day += DAY
        kind = day_kind(day, calendar)
        assumed = assumed or kind.assumed
        left -= is_worked(kind.kind)
    return Due(midnight_after(day, zone), assumed)


def midnight_after(day: date, zone: tzinfo) -> datetime:
    """The instant at which a day of the park is over."""
    return datetime.combine(day + timedelta(days=1), time(), zone)
