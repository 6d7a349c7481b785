"""When planned work is due: by the calendar, by a counter, or because a certificate runs out. Pure."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from math import floor
from zoneinfo import ZoneInfo


def calendar_dues(
    starts: date, every_days: int, at_times: Sequence[str], *, zone: ZoneInfo, after: datetime, upto: datetime
) -> list[datetime]:
    """Every instant after `after`, up to `upto`, at which work is due: on `starts` and each `every_days` days later, at
    these times of the day (HH:MM, local)."""
    first = max(0, (after.astimezone(zone).date() - starts).days // every_days)
    out = []
    day = starts + timedelta(days=first * every_days)
    while day <= upto.astimezone(zone).date():
        for text in at_times:
            due = datetime.combine(day, time.fromisoformat(text), zone).astimezone(UTC)
            if after < due <= upto:
                out.append(due)
        day += timedelta(days=every_days)
    return sorted(out)


def expiry(expires: date, *, zone: ZoneInfo) -> datetime:
    """The instant from which a certificate does not hold: the end of its last day."""
    return datetime.combine(expires + timedelta(days=1), time(), zone).astimezone(UTC)


def counted_on(counted: float | None, value: float, every: float) -> tuple[bool, float]:
    """Whether work is due by a counter, and from where it counts on. It counts from where it was first seen; one that
    runs on while nobody looks makes work due once; one that was replaced counts from its new beginning."""
    if counted is None or value < counted:
        return False, value
    times = floor((value - counted) / every)
    return times >= 1, counted + times * every
