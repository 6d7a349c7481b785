"""Who is told when: the steps by which an order that nobody takes goes up, and what of its clocks is worth a message.
Pure; terms are those of the SLA policy, as stamped onto the order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from pipeline.domain.rota import FIRST, HEAD, LEAD
from pipeline.domain.sla import ClockKind
from pipeline.domain.work_order import TAKEN, UNTAKEN, OrderAction, OrderState


class EscalationStep(NamedTuple):
    """At `due` the people of a level are told that nobody took an order. Step 0 is who is on duty, at once."""

    step: int
    level: int
    due: datetime


class Consequence(StrEnum):
    """What an order's event means for escalation."""

    BEGIN = "begin"  # a new round, with all of its steps
    TELL = "tell"  # whoever has it is told, and that is all
    END = "end"  # nobody needs to be asked any more


@dataclass(frozen=True, slots=True)
class ClockTelling:
    """Who is told of what a clock says: the people of these levels, and who has the order."""

    levels: tuple[int, ...]
    assignee: bool = False


_BEGINS = frozenset({OrderAction.OPEN, OrderAction.REOPEN, OrderAction.RELEASE})
_CHANGES = frozenset({OrderAction.ASSIGN, OrderAction.PRIORITY})


def consequence(action: OrderAction, state: OrderState) -> Consequence | None:
    """What follows from an action that led to a state; None: nothing."""
    if action in _BEGINS or (action in _CHANGES and state in UNTAKEN):
        return Consequence.BEGIN
    if action in _CHANGES and state in TAKEN:
        return Consequence.TELL
    return None if state in UNTAKEN else Consequence.END


def steps(terms: Mapping[str, Any], *, began: datetime, only_first: bool = False) -> list[EscalationStep]:
    """Step 0 at once, then as the terms say (`steps`: [{after_s, level}]), the earliest first."""
    found = [EscalationStep(0, FIRST, began)]
    if only_first:
        return found
    later = sorted(((float(s["after_s"]), int(s["level"])) for s in terms.get("steps", ())), key=lambda s: s)
    return found + [EscalationStep(n, level, began + timedelta(seconds=s)) for n, (s, level) in enumerate(later, 1)]


def of_clock(kind: str, what: str, percent: float, priority: str) -> ClockTelling | None:
    """Whether a clock's threshold or breach is worth a message, and whose. None: the screens show it, that is enough.

    Before *acknowledge* is due, escalation itself tells people; half-way nobody needs to hear of it.
    """
    urgent = priority in ("P1", "P2")
    if what == "breach":
        if kind == ClockKind.ACKNOWLEDGE:
            return ClockTelling((HEAD,)) if urgent else ClockTelling((LEAD,))
        return ClockTelling((LEAD, HEAD) if urgent else (LEAD,), assignee=True)
    if kind == ClockKind.ACKNOWLEDGE or priority == "P4" or percent < 75:
        return None
    if percent < 100:
        return ClockTelling((LEAD,) if urgent else (), assignee=True)
    return ClockTelling((HEAD,))
