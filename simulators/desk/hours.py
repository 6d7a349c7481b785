"""The simulator's own calendar and its own sums of time: simple enough to be believed, and shared with nobody.

Nothing of pipeline/ is used here, or one mistake would be made on both sides of the comparison.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import chinese_calendar

DAY = timedelta(days=1)
ZONE = ZoneInfo("Asia/Shanghai")
Span = tuple[datetime, datetime]


def is_worked(day: date) -> bool:
    """Whether a day is worked in China: holidays are not, make-up days (调休) are."""
    return bool(chinese_calendar.is_workday(day))


def kind(day: date) -> str:
    """What a day is: `working`, `make-up`, `day-off` or `holiday`."""
    if is_worked(day):
        return "working" if day.weekday() < 5 else "make-up"
    return "holiday" if chinese_calendar.get_holiday_detail(day)[1] else "day-off"


KINDS_OF_DAY = ("working", "make-up", "day-off", "holiday")
WORKED = ("working", "make-up")


class Window(NamedTuple):
    """Open from one minute of a day to another, above 1440 on the next one, on days of these kinds."""

    since: int
    until: int
    days: tuple[str, ...] = WORKED


@dataclass(frozen=True)
class Hours:
    """When time counts; without windows always. Windows of a day don't overlap each other, nor the next day's."""

    windows: tuple[Window, ...] = ()
    zone: ZoneInfo = ZONE
    _known: dict[date, tuple[Span, ...]] = field(default_factory=dict, compare=False, repr=False)

    def on(self, day: date) -> tuple[Span, ...]:
        """The open spans that begin on a day, oldest first."""
        if day not in self._known:
            spans = []
            today = kind(day)
            for since, until, days in self.windows:
                if today not in days:
                    continue
                midnight = datetime.combine(day, time(), self.zone)
                spans.append(((midnight + timedelta(minutes=since)).astimezone(UTC),
                              (midnight + timedelta(minutes=until)).astimezone(UTC)))  # fmt: skip
            self._known[day] = tuple(spans)
        return self._known[day]

    def between(self, since: datetime, until: datetime) -> list[Span]:
        """The open spans of [since, until), cut to it."""
        if not self.windows:
            return [(since, until)] if since < until else []
        found = []
        day, last = since.astimezone(self.zone).date() - DAY, until.astimezone(self.zone).date()
        while day <= last:
            for begin, end in self.on(day):
                if max(begin, since) < min(end, until):
                    found.append((max(begin, since), min(end, until)))
            day += DAY
        return found

    def spent(self, since: datetime, until: datetime, *, without: Iterable[Span] = ()) -> float:
        """Seconds of open time in [since, until), less those that lie in `without` (which must not overlap)."""
        paused = list(without)
        total = timedelta()
        for begin, end in self.between(since, until):
            total += end - begin
            for a, b in paused:
                total -= max(min(b, end) - max(a, begin), timedelta())
        return total.total_seconds()

    def after(self, since: datetime, seconds: float, *, without: Sequence[Span] = ()) -> datetime:
        """The instant at which so many open seconds are used up."""
        left, begin = timedelta(seconds=seconds), since
        while True:
            for a, b in self.between(begin, begin + 30 * DAY):
                for c, d in subtract((a, b), without):
                    if d - c >= left:
                        return c + left
                    left -= d - c
            begin += 30 * DAY

    def next_open(self, at: datetime) -> datetime:
        """This instant where it is open, else when it opens next."""
        return at if not self.windows else self.between(at, at + 30 * DAY)[0][0]


def subtract(span: Span, without: Sequence[Span]) -> list[Span]:
    """What is left of a span outside `without`."""
    left = [span]
    for a, b in without:
        left = [part for x, y in left for part in ((x, min(y, a)), (max(x, b), y)) if part[0] < part[1]]
    return left


ALWAYS = Hours()
OFFICE = Hours((Window(8 * 60 + 30, 12 * 60), Window(13 * 60, 17 * 60 + 30)))
"""What the simulated staff keep to; the calendar of a promise is read from the terms' configuration."""


def local(at: datetime, zone: ZoneInfo = ZONE) -> datetime:
    """Park time of an instant."""
    return at.astimezone(zone)
