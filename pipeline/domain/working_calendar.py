"""Which days are worked, and when a schedule holds: park time made instants. Pure decisions."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from pipeline.domain.rule import DayKind, Schedule

DAY = timedelta(days=1)
FREE = (DayKind.DAY_OFF, DayKind.HOLIDAY)

Days = Mapping[date, DayKind]
"""What the calendar says of a park's days; weeks without a row are ordinary weeks."""
Span = tuple[datetime, datetime]
"""From an instant up to another, without it."""


class CalendarDay(NamedTuple):
    """What a day is; assumed: no calendar says so, it is only what the day of the week suggests."""

    kind: DayKind
    assumed: bool


def day_kind(day: date, days: Days) -> CalendarDay:
    """What a day is: as the calendar says, else working from Monday to Friday and off on weekends."""
    if (known := days.get(day)) is not None:
        return CalendarDay(known, assumed=False)
    return CalendarDay(DayKind.WORKING if day.weekday() < 5 else DayKind.DAY_OFF, assumed=True)


def is_worked(kind: DayKind) -> bool:
    """Whether people work on such a day: make-up days count as working, holidays and days off as free."""
    return kind not in FREE


def within(schedule: Schedule, instant: datetime, *, zone: tzinfo, days: Days) -> bool:
    """Whether a schedule holds at an instant: its start belongs to it, its end does not."""
    return any(start <= instant < end for start, end in spans(schedule, instant, instant, zone=zone, days=days))


def spans(schedule: Schedule, since: datetime, until: datetime, *, zone: tzinfo, days: Days) -> list[Span]:
    """The times at which a schedule holds that touch `since`…`until`, oldest first, neighbours joined.

    A time of day that a clock change leaves out is the same instant as if clocks had not changed; one that comes twice
    is the first. What runs over midnight belongs to the day on which it starts.
    """
    start, end = time.fromisoformat(schedule.start), time.fromisoformat(schedule.until)
    found: list[Span] = []
    day = since.astimezone(zone).date() - 2 * DAY
    last = until.astimezone(zone).date() + DAY
    while day <= last:
        if not schedule.days or day_kind(day, days).kind in schedule.days:
            begins, ends = turn(day, start, end, zone)
            if found and begins <= found[-1][1]:
                found[-1] = (found[-1][0], max(ends, found[-1][1]))
            elif begins < ends:
                found.append((begins, ends))
        day += DAY
    return [span for span in found if span[1] >= since and span[0] <= until]


def turn(day: date, start: time, until: time, zone: tzinfo) -> Span:
    """From one time of a local day to another, in UTC; until the next day's where it is not later."""
    return _instant(day, start, zone), _instant(day if until > start else day + DAY, until, zone)


def _instant(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
