"""The park's own days: their starts, and the same time of day on another day, true over clock changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SERVICE_DAY_HOUR = 4  # people are counted from 04:00: the last guest is gone, the first shift not yet there
QUARTER = timedelta(minutes=15)
_ORIGIN = datetime(2000, 1, 3, tzinfo=UTC)


def midnight(now: datetime, zone: ZoneInfo, *, days: int = 0) -> datetime:
    """When the park day of `now` began, moved by whole calendar days; UTC."""
    return start_of(now.astimezone(zone).date() + timedelta(days=days), zone)


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """When a park day begins; UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def service_day(now: datetime, zone: ZoneInfo, *, days: int = 0) -> datetime:
    """The latest 04:00 park time, moved by whole calendar days; UTC."""
    local = now.astimezone(zone)
    day = local.date() - timedelta(days=local.hour < SERVICE_DAY_HOUR) + timedelta(days=days)
    return datetime.combine(day, time(SERVICE_DAY_HOUR), zone).astimezone(UTC)


def shifted(instant: datetime, zone: ZoneInfo, *, days: int) -> datetime:
    """The same wall-clock time on another day; UTC. A time that the clocks skip becomes the one an hour on."""
    wall = instant.astimezone(zone).replace(tzinfo=None) + timedelta(days=days)
    return wall.replace(tzinfo=zone).astimezone(UTC)


def floor(instant: datetime, width: timedelta) -> datetime:
    """The start of the UTC bucket that an instant lies in, on the grid of the roll-ups."""
    return instant - (instant - _ORIGIN) % width


def quarters(since: datetime, until: datetime) -> list[datetime]:
    """Starts of all 15-minute buckets from `since`'s until before `until`."""
    first = floor(since, QUARTER)
    return [first + i * QUARTER for i in range(max(0, -((first - until) // QUARTER)))]
