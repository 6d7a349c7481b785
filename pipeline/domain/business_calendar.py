"""When promised time counts: windows of the day by kind of day, exceptions by date, made spans of UTC for whole years.

A calendar without closing hours is a calendar like any other. Beyond what is loaded the answer is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo

from pipeline.domain import intervals
from pipeline.domain.errors import ParkError
from pipeline.domain.intervals import Span
from pipeline.domain.rule import DayKind
from pipeline.domain.working_calendar import DAY, Days, day_kind, turn

ALL_DAYS = tuple(DayKind)
WORKED = (DayKind.WORKING, DayKind.MAKE_UP)
MIDNIGHT = "24:00"


class CalendarExhausted(ParkError):  # noqa: N818 - it names a state
    """this lies beyond what is known of the calendar"""


@dataclass(frozen=True, slots=True)
class Window:
    """Open from one time of day to another (park time, HH:MM); not later: over midnight, on the day it starts."""

    start: str
    until: str
    days: tuple[DayKind, ...] = ALL_DAYS

    def on(self, day: date, zone: tzinfo) -> Span:
        """The window of one day, as instants."""
        return turn(day, time.fromisoformat(self.start), _end(self.until), zone)


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """Windows by kind of day; a date among the exceptions has those windows instead, or none."""

    windows: tuple[Window, ...]
    exceptions: Mapping[date, tuple[Window, ...]] = field(default_factory=dict)

    @property
    def depends_on_days(self) -> bool:
        """Whether it matters what kind of day a day is: such a calendar reaches as far as days are known."""
        by_kind = [{(w.start, w.until) for w in self.windows if kind in w.days} for kind in DayKind]
        return any(windows != by_kind[0] for windows in by_kind)

    def spans(self, first: date, last: date, *, zone: tzinfo, days: Days) -> list[Span]:
        """When it is open from the first local day to the last one, both included, cut at their midnights."""
        found: list[Span] = []
        day = first - DAY  # whose windows may run over midnight
        while day <= last:
            windows = self.exceptions.get(day)
            if windows is None:
                kind = day_kind(day, days).kind
                windows = tuple(w for w in self.windows if kind in w.days)
            found += [window.on(day, zone) for window in windows]
            day += DAY
        return intervals.clip(intervals.union(found), midnight(first, zone), midnight(last + DAY, zone))


@dataclass(frozen=True, slots=True)
class Opening:
    """When a version of a calendar is open, as far as it is loaded: from `since` up to `until`."""

    spans: tuple[Span, ...]
    since: datetime
    until: datetime
    zone: tzinfo

    def between(self, since: datetime, until: datetime) -> list[Span]:
        """Open time between two instants. Raises CalendarExhausted."""
        if since < self.since or until > self.until:
            raise CalendarExhausted(f"it is loaded from {self.since:%Y-%m-%d %H:%MZ} to {self.until:%Y-%m-%d %H:%MZ}")
        return intervals.clip(self.spans, since, until)

    def working_days(self, start: datetime, count: int) -> timedelta:
        """The open time from an instant to the end of the count-th day after its own that has any."""
        day = start.astimezone(self.zone).date()
        while count:
            day += DAY
            since, until = midnight(day, self.zone), midnight(day + DAY, self.zone)
            if open_then := self.between(since, until):
                count -= 1
                last = open_then[-1][1]
        return intervals.length(self.between(start, last))


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a local day begins, in UTC."""
    return turn(day, time(), time(), zone)[0]


def _end(until: str) -> time:
    return time() if until == MIDNIGHT else time.fromisoformat(until)
