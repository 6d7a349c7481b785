"""Whether people are told of an alarm when it comes to that, and why: pure decisions. A reason starts with its word."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pipeline.domain.rule import Priority

URGENCY = list(map(str, Priority))  # the most urgent first


class Decision(NamedTuple):
    """`page` or `withheld`, why, and when it is looked at again (withheld for now)."""

    decision: str
    reason: str
    look: datetime | None = None

    @property
    def page(self) -> bool:
        """Whether people are told."""
        return self.decision == "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An alarm when a notice of it is due. again: it was withheld before, until planned work was over."""

    life_safety: bool
    priority: str
    raised: datetime
    active: bool = True
    acknowledged: bool = False
    seen_by: str | None = None
    closed: bool = False
    historic: bool = False
    hold: str | None = None
    again: bool = False
    chattering: bool = False
    told: datetime | None = None  # people were told of this very alarm before
    ends: datetime | None = None  # of the planned work that covers it now
    work: str | None = None
    incident: int | None = None  # while that is open
    incident_told: datetime | None = None  # when people were told of another alarm of it
    incident_urgency: str | None = None  # of the most urgent such


def decide(case: Case, *, now: datetime) -> Decision:
    """Life safety always pages. Else somebody must be able to do something about it now, and not know of it already."""
    age = f"{max(0.0, (now - case.raised).total_seconds()):.0f} s old"
    if case.life_safety:
        return Decision("page", f"life-safety: {age}")
    if case.historic:
        return Decision("withheld", "historic: it was over before it was known")
    if case.acknowledged:
        return Decision("withheld", f"acknowledged: {case.seen_by or 'somebody'} has seen it")
    if case.closed or (case.again and not case.active):
        return Decision("withheld", "over: nobody needs to come any more")
    if case.hold:
        return Decision("withheld", f"held: {case.hold}")
    if case.ends:
        return Decision("withheld", f"maintenance: {case.work}, until {case.ends:%Y-%m-%dT%H:%M:%S%z}", case.ends)
    if case.incident is not None and case.incident_told and not _more_urgent(case):
        return Decision("withheld", f"incident: part of incident {case.incident}")
    if case.chattering and case.told:
        return Decision("withheld", "chattering: people know of it")
    return Decision("page", f"{case.priority}: {age}")


def _more_urgent(case: Case) -> bool:
    told = case.incident_urgency
    return told is not None and URGENCY.index(case.priority) < URGENCY.index(told)
