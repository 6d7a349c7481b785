"""Whether a calendar is open, by the clock on the wall and nothing else: what open time is counted against."""

from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from pipeline.domain.business_calendar import BusinessCalendar, midnight
from pipeline.domain.working_calendar import Days, day_kind
from pipeline.store.calendar import published

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@cache
def axis(zone: str, first: date) -> list[tuple[date, time]]:
    """Every minute of three weeks as the clock on the wall says it."""
    tz, begin = ZoneInfo(zone), midnight(first, ZoneInfo(zone))
    count = int((midnight(first + 21 * DAY, tz) - begin) / MINUTE)
    local = (datetime.fromtimestamp(begin.timestamp() + 60 * m, tz) for m in range(count))
    return [(at.date(), at.time()) for at in local]


@cache
def days_of(zone: str) -> Days:
    if zone != "Asia/Shanghai":
        return {}
    return {row.day: row.kind for year in (2025, 2026) for row in published(year)}


def is_open(calendar: BusinessCalendar, days: Days, day: date, at: time) -> bool:
    """By the clock on the wall and nothing else."""
    return any(
        (begin <= at and (at < end or end <= begin)) if today else (end <= begin and at < end)
        for today, whose in ((True, day), (False, day - DAY))
        for window in calendar.exceptions.get(whose, calendar.windows)
        if whose in calendar.exceptions or day_kind(whose, days).kind in window.days
        for begin, end in [(time.fromisoformat(window.start), time.fromisoformat(window.until.replace("24:", "00:")))]
    )
