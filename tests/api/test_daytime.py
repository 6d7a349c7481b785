"""Park days are true over clock changes and half-hour zones."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from api.daytime import QUARTER, floor, midnight, quarters, service_day, shifted

SHANGHAI, BERLIN, ADELAIDE = (ZoneInfo(z) for z in ("Asia/Shanghai", "Europe/Berlin", "Australia/Adelaide"))
zones = st.sampled_from([SHANGHAI, BERLIN, ADELAIDE])
instants = st.timedeltas(timedelta(0), timedelta(days=3650)).map(lambda span: datetime(2020, 1, 1, tzinfo=UTC) + span)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_the_day_that_the_clocks_go_forward_has_23_hours() -> None:
    noon = utc(2026, 3, 29, 10)
    assert midnight(noon, BERLIN) == utc(2026, 3, 28, 23)
    assert midnight(noon, BERLIN, days=1) - midnight(noon, BERLIN) == timedelta(hours=23)
    assert shifted(noon, BERLIN, days=-1) == utc(2026, 3, 28, 11)  # 12:00 on both days
    assert shifted(noon, BERLIN, days=-7) == utc(2026, 3, 22, 11)


def test_a_time_that_the_clocks_skip_is_an_hour_on() -> None:
    assert shifted(utc(2026, 3, 28, 1, 30), BERLIN, days=1) == utc(2026, 3, 29, 1, 30)  # 02:30 is 03:30 that day


def test_the_service_day_begins_at_four() -> None:
    assert service_day(utc(2026, 11, 20, 19, 59), SHANGHAI) == utc(2026, 11, 19, 20)
    assert service_day(utc(2026, 11, 20, 20, 0), SHANGHAI) == utc(2026, 11, 20, 20)
    assert service_day(utc(2026, 11, 20, 20, 0), SHANGHAI, days=-7) == utc(2026, 11, 13, 20)


@given(instants, zones, st.integers(-400, 400))
def test_midnight_is_midnight(now: datetime, zone: ZoneInfo, days: int) -> None:
    found = midnight(now, zone, days=days)
    assert found.astimezone(zone).timetz().replace(tzinfo=None).isoformat() == "00:00:00"
    assert midnight(now, zone) <= now < midnight(now, zone, days=1)


@given(instants, zones, st.integers(-30, 30))
def test_the_same_wall_clock_time_or_one_hour_on(now: datetime, zone: ZoneInfo, days: int) -> None:
    before, after = (
        now.astimezone(zone).replace(tzinfo=None),
        shifted(now, zone, days=days).astimezone(zone).replace(tzinfo=None),
    )
    assert after - before - timedelta(days=days) in (timedelta(0), timedelta(hours=1))


@given(instants, st.timedeltas(timedelta(0), timedelta(days=2)))
def test_quarters_cover_a_window(since: datetime, span: timedelta) -> None:
    found = quarters(since, since + span)
    assert all(floor(t, QUARTER) == t for t in found)
    assert all(b - a == QUARTER for a, b in pairwise(found))
    if span:
        assert found[0] <= since < found[0] + QUARTER
        assert found[-1] < since + span <= found[-1] + QUARTER
