"""Open time is exact: interval algebra and calendars against counting minute by minute, where clocks change and where
weekends are worked."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain import intervals
from pipeline.domain.business_calendar import (
    ALL_DAYS,
    WORKED,
    BusinessCalendar,
    CalendarExhausted,
    Opening,
    Window,
    midnight,
)
from pipeline.domain.intervals import Span
from pipeline.domain.rule import DayKind
from tests.pipeline.wall import axis, days_of, is_open

BASE = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SIZE = 60  # minutes of the small axis on which the algebra is counted out
spans_ = st.lists(st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)), max_size=6).map(
    lambda found: intervals.union((BASE + a * MINUTE, BASE + b * MINUTE) for a, b in found)
)


def minutes(spans: list[Span]) -> set[int]:
    """Which minutes of the axis are in."""
    return {m for m in range(SIZE) for start, end in spans if start <= BASE + m * MINUTE < end}


@given(spans_, spans_, st.integers(0, SIZE), st.integers(0, SIZE))
def test_the_algebra_counts_as_fingers_do(one: list[Span], other: list[Span], start: int, need: int) -> None:
    assert minutes(intervals.union([*one, *other])) == minutes(one) | minutes(other)
    assert minutes(intervals.intersect(one, other)) == minutes(one) & minutes(other)
    assert minutes(intervals.subtract(one, other)) == minutes(one) - minutes(other)
    assert intervals.length(one) == len(minutes(one)) * MINUTE
    after = sorted(m for m in minutes(one) if m >= start)
    expected = start if need == 0 else after[need - 1] + 1 if len(after) >= need else None
    found = intervals.due(one, BASE + start * MINUTE, need * MINUTE)
    assert found == (None if expected is None else BASE + expected * MINUTE)
    for spans in (intervals.union([*one, *other]), intervals.subtract(one, other), intervals.intersect(one, other)):
        assert all(a < b for a, b in spans) and all(x[1] <= y[0] for x, y in itertools.pairwise(spans))


# Three weeks around a night in which clocks change, or around a holiday with make-up days (春节 2026, 国庆 2025).
WEEKS = {
    ("Europe/Berlin", date(2026, 3, 20)), ("Europe/Berlin", date(2026, 10, 16)),
    ("America/New_York", date(2026, 2, 27)), ("America/New_York", date(2026, 10, 23)),
    ("Australia/Lord_Howe", date(2026, 3, 27)), ("Australia/Lord_Howe", date(2026, 9, 25)),
    ("Asia/Shanghai", date(2026, 2, 9)), ("Asia/Shanghai", date(2025, 9, 25)),
}  # fmt: skip
TIMES = ("00:00", "04:30", "06:00", "08:30", "12:00", "13:00", "17:30", "22:00", "23:30")  # no edge in the hour changed
windows = st.builds(
    Window, st.sampled_from(TIMES), st.sampled_from((*TIMES[1:], "24:00")),
    st.sets(st.sampled_from(ALL_DAYS), min_size=1).map(tuple),
).filter(lambda w: w.start != w.until)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(WEEKS)), st.lists(windows, min_size=1, max_size=3), st.lists(windows, max_size=2),
    st.integers(3, 10), st.integers(0, 20 * 1440), st.integers(0, 5000),
)  # fmt: skip
def test_a_calendar_counts_what_the_clock_on_the_wall_counts(
    weeks: tuple[str, date], plan: list[Window], other: list[Window], odd: int, start: int, need: int
) -> None:
    zone, first = weeks
    tz, days = ZoneInfo(zone), days_of(zone)
    calendar = BusinessCalendar(tuple(plan), {first + odd * DAY: tuple(other)})
    begin, end = midnight(first, tz), midnight(first + 21 * DAY, tz)
    spans = calendar.spans(first, first + 20 * DAY, zone=tz, days=days)
    truth = [is_open(calendar, days, day, at) for day, at in axis(zone, first)]
    assert intervals.length(spans) == sum(truth) * MINUTE
    open_from = [m for m in range(start, len(truth)) if truth[m]]
    expected = begin + (start if need == 0 else open_from[need - 1] + 1) * MINUTE if len(open_from) >= need else None
    assert intervals.due(spans, begin + start * MINUTE, need * MINUTE) == expected
    opening = Opening(tuple(spans), begin, end, tz)
    assert intervals.length(opening.between(begin, begin + start * MINUTE)) == sum(truth[:start]) * MINUTE


def opening(calendar: BusinessCalendar, first: date, last: date, zone: str = "Asia/Shanghai") -> Opening:
    tz = ZoneInfo(zone)
    spans = calendar.spans(first, last, zone=tz, days=days_of(zone))
    return Opening(tuple(spans), midnight(first, tz), midnight(last + DAY, tz), tz)


OFFICE = BusinessCalendar((Window("08:30", "12:00", WORKED), Window("13:00", "17:30", WORKED)))


def shanghai(*at: int) -> datetime:
    return datetime(*at, tzinfo=ZoneInfo("Asia/Shanghai"))  # type: ignore[arg-type, misc]


def test_make_up_days_count_and_holidays_do_not() -> None:
    year = opening(OFFICE, date(2026, 1, 1), date(2026, 12, 31))
    days = days_of("Asia/Shanghai")
    worked = sum(days[date(2026, 1, 1) + n * DAY] in WORKED for n in range(365))
    assert intervals.length(year.spans) == worked * timedelta(hours=8)
    make_up = [day for day, kind in days.items() if kind is DayKind.MAKE_UP and day.year == 2026]
    assert make_up and all(year.between(midnight(d, year.zone), midnight(d + DAY, year.zone)) for d in make_up)
    # Reported before the long holiday at 17:00: half an hour that day, the rest when work begins again.
    two_hours = intervals.due(year.spans, shanghai(2026, 9, 30, 17), timedelta(hours=2))
    assert two_hours == shanghai(2026, 10, 8, 10)
    # What is used up exactly when the office closes is due then, and not the next morning.
    assert intervals.due(year.spans, shanghai(2026, 11, 20, 15, 30), timedelta(hours=2)) == shanghai(
        2026, 11, 20, 17, 30
    )


@pytest.mark.parametrize(
    ("reported", "due"),
    [
        ((2026, 11, 19, 15), (2026, 11, 20, 17, 30)),
        ((2026, 11, 20, 15), (2026, 11, 23, 17, 30)),  # Friday: Monday
        ((2026, 11, 21, 9), (2026, 11, 23, 17, 30)),  # Saturday: Monday
        ((2026, 11, 23, 3), (2026, 11, 24, 17, 30)),  # Monday before it opens: the next day all the same
        ((2026, 2, 13, 15), (2026, 2, 14, 17, 30)),  # a Saturday that is worked before the Spring Festival
        ((2026, 2, 14, 15), (2026, 2, 24, 17, 30)),  # then the festival
    ],
)  # fmt: skip
def test_next_working_day(reported: tuple[int, ...], due: tuple[int, ...]) -> None:
    year = opening(OFFICE, date(2026, 1, 1), date(2026, 12, 31))
    start = shanghai(*reported)
    assert intervals.due(year.spans, start, year.working_days(start, 1)) == shanghai(*due)


def test_beyond_what_is_loaded_there_is_an_error_and_no_number() -> None:
    year = opening(OFFICE, date(2026, 1, 1), date(2026, 12, 31))
    with pytest.raises(CalendarExhausted, match="2026-12-31"):
        year.between(shanghai(2026, 12, 1), shanghai(2027, 1, 1, 0, 1))
    with pytest.raises(CalendarExhausted):
        year.working_days(shanghai(2026, 12, 30, 12), 2)
    assert intervals.due(year.spans, shanghai(2026, 12, 31, 16), timedelta(hours=2)) is None


def test_a_calendar_without_closing_hours_is_one_like_any_other() -> None:
    always = BusinessCalendar((Window("00:00", "24:00"),))
    assert not always.depends_on_days and OFFICE.depends_on_days
    for zone in ("Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe"):
        year = opening(always, date(2026, 1, 1), date(2026, 12, 31), zone)
        assert list(year.spans) == [(year.since, year.until)]
