"""When a schedule holds: every instant decided alike, by day kinds, over midnight and where clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.rule import DayKind, Limits, Schedule
from pipeline.domain.working_calendar import day_kind, is_worked, spans, within

ZONES = ("Asia/Shanghai", "Asia/Kolkata", "Europe/Berlin", "Australia/Lord_Howe", "UTC")
times = st.times().map(lambda t: f"{t:%H:%M}")


def test_a_day_without_a_row_is_what_its_weekday_suggests_and_says_so() -> None:
    rows = {date(2026, 2, 14): DayKind.MAKE_UP, date(2026, 2, 16): DayKind.HOLIDAY}
    assert day_kind(date(2026, 2, 14), rows) == (DayKind.MAKE_UP, False)
    assert day_kind(date(2026, 2, 16), rows) == (DayKind.HOLIDAY, False)
    assert day_kind(date(2026, 2, 15), rows) == (DayKind.DAY_OFF, True)
    assert day_kind(date(2026, 2, 17), rows) == (DayKind.WORKING, True)
    assert [is_worked(kind) for kind in (DayKind.MAKE_UP, DayKind.HOLIDAY)] == [True, False]


@given(st.sampled_from(ZONES), times, times, st.integers(0, 60 * 24 * 400))
def test_within_agrees_with_the_clock_on_the_wall(zone: str, start: str, until: str, minutes: int) -> None:
    """Where clocks do not change within a day of it, wall time alone decides."""
    tz = ZoneInfo(zone)
    instant = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    near = {(instant + timedelta(days=d)).astimezone(tz).utcoffset() for d in (-2, -1, 0, 1, 2)}
    if len(near) > 1:
        return
    wall, begin, end = instant.astimezone(tz).time(), time.fromisoformat(start), time.fromisoformat(until)
    inside = begin <= wall < end if begin < end else (wall >= begin or wall < end)
    assert within(Schedule(Limits(), start, until), instant, zone=tz, days={}) is inside


def test_over_midnight_belongs_to_the_day_on_which_it_starts() -> None:
    tz = ZoneInfo("Asia/Shanghai")
    friday_night = Schedule(Limits(), "22:00", "06:00", (DayKind.WORKING,))
    saturday, sunday = datetime(2026, 11, 21, 3, tzinfo=tz), datetime(2026, 11, 22, 3, tzinfo=tz)
    assert within(friday_night, saturday, zone=tz, days={})
    assert not within(friday_night, sunday, zone=tz, days={})
    assert not within(friday_night, datetime(2026, 11, 21, 6, tzinfo=tz), zone=tz, days={})
    assert within(friday_night, datetime(2026, 11, 20, 22, tzinfo=tz), zone=tz, days={})


def test_a_night_in_which_clocks_change_has_one_beginning_and_one_end() -> None:
    tz = ZoneInfo("Europe/Berlin")
    for day, hours in ((date(2026, 3, 28), 7), (date(2026, 10, 24), 9)):  # 22:00 to 06:00: one hour less, one more
        noon = datetime.combine(day, time(12), tz)
        ((start, end),) = spans(Schedule(Limits(), "22:00", "06:00"), noon, noon + timedelta(days=1), zone=tz, days={})[
            -1:
        ]
        assert end - start == timedelta(hours=hours)
    left_out = spans(Schedule(Limits(), "02:30", "04:00"), datetime(2026, 3, 29, tzinfo=tz),
                     datetime(2026, 3, 29, 12, tzinfo=tz), zone=tz, days={})  # fmt: skip
    assert left_out == [(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), datetime(2026, 3, 29, 2, 0, tzinfo=UTC))]


def test_days_without_a_break_are_one_span() -> None:
    tz = ZoneInfo("Asia/Shanghai")
    noon = datetime(2026, 11, 21, 12, tzinfo=tz)
    assert len(spans(Schedule(Limits(), "00:00", "00:00"), noon, noon + timedelta(days=3), zone=tz, days={})) == 1
