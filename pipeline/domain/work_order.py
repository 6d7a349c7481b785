"""The life of a work order: which action leads from where to where. Pure; the store adds each step as an event."""

from collections.abc import Mapping
from enum import StrEnum

from pipeline.domain.errors import ParkError


class OrderState(StrEnum):
    """Where an order stands."""

    NEW = "new"
    ACCEPTED = "accepted"  # somebody took it
    EN_ROUTE = "en_route"
    ON_SITE = "on_site"
    WAITING = "waiting"  # for a listed reason
    DONE = "done"
    CONFIRMED = "confirmed"  # by the sensor, who asked for it, or an operator
    CLOSED = "closed"
    REJECTED = "rejected"  # not our work
    REOPENED = "reopened"
    CANCELLED = "cancelled"


class OrderAction(StrEnum):
    """What can happen to an order; one event each."""

    OPEN = "open"
    ASSIGN = "assign"  # to a person; nobody took it yet
    ACCEPT = "accept"
    RELEASE = "release"  # handed back
    DEPART = "depart"
    ARRIVE = "arrive"
    WAIT = "wait"
    RESUME = "resume"
    FINISH = "finish"
    CONFIRM = "confirm"
    VERIFY = "verify"  # the point was normal for long enough
    CLOSE = "close"
    REJECT = "reject"
    CANCEL = "cancel"
    REOPEN = "reopen"
    RECUR = "recur"  # its cause came back while it is open
    PRIORITY = "priority"  # changed; detail: from, to, terms
    APPOINT = "appoint"  # the tenant chose a time
    ESCALATE = "escalate"
    COMMENT = "comment"
    PHOTO = "photo"


class OrderRefused(ParkError):  # noqa: N818 - it names an answer, which api/problems.py maps to 409
    """what was asked for cannot be done to this order"""


S, A = OrderState, OrderAction
ENDED = frozenset({S.CLOSED, S.REJECTED, S.CANCELLED})
OPEN = frozenset(S) - ENDED
UNTAKEN = frozenset({S.NEW, S.REOPENED})
TAKEN = frozenset({S.ACCEPTED, S.EN_ROUTE, S.ON_SITE, S.WAITING})
FINISHED = frozenset({S.DONE, S.CONFIRMED})

# From which states each action leads where; SAME stays.
SAME = None
MOVES: Mapping[OrderAction, tuple[frozenset[OrderState], OrderState | None]] = {
    A.ASSIGN: (UNTAKEN | TAKEN, SAME),
    A.ACCEPT: (UNTAKEN, S.ACCEPTED),
    A.RELEASE: (TAKEN, S.NEW),
    A.DEPART: (frozenset({S.ACCEPTED, S.WAITING, S.ON_SITE}), S.EN_ROUTE),
    A.ARRIVE: (frozenset({S.ACCEPTED, S.EN_ROUTE, S.WAITING}), S.ON_SITE),
    A.WAIT: (frozenset({S.ACCEPTED, S.EN_ROUTE, S.ON_SITE}), S.WAITING),
    A.RESUME: (frozenset({S.WAITING}), S.ACCEPTED),
    A.FINISH: (TAKEN, S.DONE),
    A.CONFIRM: (frozenset({S.DONE}), S.CONFIRMED),
    A.VERIFY: (frozenset({S.DONE, S.CONFIRMED}), S.CONFIRMED),
    A.CLOSE: (FINISHED, S.CLOSED),
    A.REJECT: (UNTAKEN | TAKEN, S.REJECTED),
    A.CANCEL: (UNTAKEN | TAKEN, S.CANCELLED),
    A.REOPEN: (FINISHED | {S.CLOSED, S.REJECTED}, S.REOPENED),
    A.RECUR: (OPEN, SAME),
    A.PRIORITY: (UNTAKEN | TAKEN, SAME),
    A.APPOINT: (UNTAKEN | TAKEN, SAME),
    A.ESCALATE: (OPEN, SAME),
    A.COMMENT: (frozenset(S), SAME),
    A.PHOTO: (frozenset(S), SAME),
}
OF_WHO_HAS_IT = frozenset({A.RELEASE, A.DEPART, A.ARRIVE, A.WAIT, A.RESUME, A.FINISH})
"""What among technicians only the one does who has the order."""
NEEDS_REASON = frozenset({A.RELEASE, A.WAIT, A.REJECT, A.CANCEL, A.REOPEN, A.PRIORITY})
WAITING_REASONS = ("parts", "access", "tenant", "contractor", "permit", "weather")
"""What an order may wait for; which of them stop the clock on restore is in its terms."""


def next_state(state: OrderState, action: OrderAction) -> OrderState:
    """Where an action leads from a state. Raises OrderRefused, which says what could be done instead."""
    if action is A.OPEN:
        raise OrderRefused("an order is opened once")
    sources, target = MOVES[action]
    if state not in sources:
        possible = ", ".join(sorted(a.value for a, (froms, to) in MOVES.items() if state in froms and to is not SAME))
        raise OrderRefused(
            f"it is {state.value}, and {action.value} does not lead from there ({possible or 'nothing'} does)"
        )
    return state if target is SAME else target


def possible(state: OrderState) -> list[OrderAction]:
    """What can be done to an order in this state, in the order of the list."""
    return [action for action, (sources, _) in MOVES.items() if state in sources]
