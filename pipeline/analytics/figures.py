"""The shapes of the figures of service, and what they are grouped by; docs/kpi.md says what each means."""

from dataclasses import dataclass
from datetime import date, datetime

from pipeline.analytics.estimates import Share, Times
from pipeline.domain.sla import ClockKind

BY = ("service", "priority", "space", "company", "contractor", "shift", "assignee", "origin")
FIX_DAYS = 7
GOOD = 4  # stars, and more
FEW = 10  # cases; from fewer no share is told of a person or a contractor


@dataclass(frozen=True, slots=True)
class Span:
    """Which promises count: those that ran out in [since, until). now: what is known; zone: the park's, for days."""

    since: datetime
    until: datetime
    now: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class Kept:
    """How promises of one kind ended. n: those that ran out in the span; met and missed are of them.

    overdue: of the missed, those that are still open. provisional: of the met, those that nobody verified yet.
    spent: time on the promise's own calendar, pauses left out; wall: on the wall, with everything.
    """

    kind: ClockKind
    n: int
    met: int
    missed: int
    overdue: int
    provisional: int
    attainment: Share
    spent: Times
    wall: Times


@dataclass(frozen=True, slots=True)
class Fix:
    """Whether work lasts. fixed: of orders done at least 7 days ago, those neither re-opened nor back within 7 days;
    pending: done in the span, and too young to tell; reopened: of all done in the span."""

    fixed: Share
    pending: int
    reopened: Share


@dataclass(frozen=True, slots=True)
class Promise:
    """Responses within a time on the wall, whatever was promised; an order that nobody answered by then is not."""

    target_s: float
    within: Share
    appointments: int


@dataclass(frozen=True, slots=True)
class Cause:
    """What took most of the time of so many missed promises of a kind; of n missed. median_s: of it, in those."""

    kind: ClockKind
    cause: str
    of: Share
    median_s: float | None


@dataclass(frozen=True, slots=True)
class Rating:
    """Ratings of requests that were answered in the span; mean: of their stars. good: GOOD stars or more, of those who
    rated; rated: of the requests that a tenant could rate. Silence is no rating."""

    mean: float | None
    good: Share
    rated: Share
    stars: list[int]


@dataclass(frozen=True, slots=True)
class Survey:
    """One survey among enterprises; it has nothing to do with ratings of requests."""

    survey: int
    name_zh: str
    name_en: str
    opens: datetime
    closes: datetime
    mean: float | None
    good: Share
    answered: Share


@dataclass(frozen=True, slots=True)
class Online:
    """Requests that came in the span, by how; online: entered by who asked, on a screen of ours."""

    online: Share
    channels: dict[str, int]


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one value of what was grouped by; key null: not known, or none."""

    key: str | None
    clocks: list[Kept]
    fix: Fix


@dataclass(frozen=True, slots=True)
class Week:
    """One week of the park, from its Monday; whole: the span covers it."""

    monday: date
    whole: bool
    clocks: list[Kept]


@dataclass(frozen=True, slots=True)
class Kpi:
    """All figures of a span."""

    promise: Promise
    clocks: list[Kept]
    scheduled: list[Kept]
    fix: Fix
    weeks: list[Week]
    groups: list[Group]
    causes: list[Cause]
    faults: int  # clocks that tell nothing: their calendar is not loaded that far
    rating: Rating
    surveys: list[Survey]
    online: Online


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One technician or contractor. clocks: of the orders that they have, or had last. reached: from when they accepted
    until they arrived, their own part alone. proven: arrivals that were shown and not only claimed."""

    key: str
    n: int
    clocks: list[Kept]
    reached: Times
    proven: Share
    fix: Fix
    rating: Rating
