"""Windows judged against a plain reading of their definitions, and however history is cut into looks."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.rule import Compare, Condition, DayKind, Deviation, Flat, Limits, Rate, Schedule
from pipeline.domain.spell import Delays, Glimpse, Spell, follow
from pipeline.rules.track import Track
from pipeline.rules.window_reasons import explain
from pipeline.rules.windows import Norm, Setting, glimpses, lookback
from tests.pipeline.conftest import at

SHANGHAI = ZoneInfo("Asia/Shanghai")
HERE = Setting(zone=SHANGHAI)

Series = list[tuple[float, float]]
series = st.lists(st.tuples(st.integers(1, 90), st.integers(0, 4)), min_size=1, max_size=40)


def line(steps: Sequence[tuple[float, float]], *, begin: float = 0) -> Series:
    """(seconds since the last, value) as (seconds, value)."""
    made, seconds = [], begin
    for step, value in steps:
        seconds += step
        made.append((seconds, float(value)))
    return made


def track(rows: Series) -> Track:
    return Track.of((at(s), v, at(s)) for s, v in rows)


def told(found: list[Glimpse]) -> list[tuple[float, bool, bool]]:
    return [((g.ts - at(0)).total_seconds(), g.breach, g.clear) for g in found]


@given(series, st.integers(30, 300), st.integers(0, 2))
def test_flat_is_what_it_says(steps: Series, for_s: int, tolerance: int) -> None:
    rows, expected = line(steps), []
    for i, (now, _) in enumerate(rows):
        inside = [v for s, v in rows[: i + 1] if s > now - for_s]
        old = [k for k in range(i + 1) if rows[k][0] <= now - for_s]
        run = rows[old[-1] : i + 1] if old else []
        steady = all(b[0] - a[0] <= for_s / 2 for a, b in pairwise(run))
        values = [v for _, v in run]
        breach = bool(run) and steady and max(values) - min(values) <= tolerance
        expected.append((now, breach, max(inside) - min(inside) > tolerance))
    assert told(glimpses(Flat(for_s, tolerance), track(rows), HERE)) == expected


@given(series, st.integers(10, 200), st.sampled_from([-3, -1, 1, 2, 4]))
def test_rate_is_what_it_says(steps: Series, within_s: int, by: int) -> None:
    rows, expected = line(steps), []
    for i, (now, value) in enumerate(rows):
        window = [v for s, v in rows[: i + 1] if s >= now - within_s]
        breach = len(window) > 1 and (value - min(window) >= by if by > 0 else value - max(window) <= by)
        expected.append((now, breach, len(window) > 1 and not breach))
    assert told(glimpses(Rate(by, within_s), track(rows), HERE)) == expected


@given(series, series, st.booleans(), st.integers(20, 200))
def test_compare_is_what_it_says(mine: Series, theirs: Series, below: bool, fresh_s: int) -> None:
    mine, theirs, expected = line(mine), line(theirs), []
    for now in sorted({s for s, _ in mine + theirs}):
        seen = [[(s, v) for s, v in rows if s <= now][-1:] for rows in (mine, theirs)]
        if all(seen) and all(now - rows[0][0] <= fresh_s for rows in seen):
            value, limit = seen[0][0][1], 2 * seen[1][0][1] + 1
            beyond = limit - value if below else value - limit
            expected.append((now, beyond > 0, beyond <= -1))
    condition = Compare("other", factor=2, offset=1, below=below, deadband=1, fresh_s=fresh_s)
    assert told(glimpses(condition, track(mine), HERE._replace(other=track(theirs)))) == expected


CONDITIONS: list[Condition] = [
    Flat(90, 1),
    Rate(2, 120),
    Rate(-2, 60),
    Compare("other", fresh_s=120, deadband=1),
    Schedule(Limits(high=2), "14:05", "14:10"),
    Schedule(Limits(low=1), "14:08", "14:02"),
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda c: type(c).__name__)
@given(series, series, st.lists(st.integers(0, 3600), max_size=6))
def test_however_history_is_cut_the_same_turns_come_out(
    condition: Condition, mine: Series, theirs: Series, cuts: list[int]
) -> None:
    whole, other = line(mine), line(theirs)
    end = max(whole[-1][0], other[-1][0])
    delays = Delays.of(20, 20)
    once = glimpses(condition, track(whole), HERE._replace(other=track(other)), after=at(0), until=at(end))
    spell, turns = follow(Spell.normal(at(0)), once, delays)
    piecewise, again = Spell.normal(at(0)), []
    before = lookback(condition).total_seconds()
    edges = sorted({0.0, end, *(float(c) for c in cuts if 0 < c < end)})
    for low, high in pairwise(edges):
        known = [track([(s, v) for s, v in rows if low - before <= s <= high]) for rows in (whole, other)]
        seen = glimpses(condition, known[0], HERE._replace(other=known[1]), after=at(low), until=at(high))
        piecewise, new = follow(piecewise, seen, delays)
        again += new
    assert again == turns
    assert piecewise == spell


def clock(text: str) -> datetime:
    """A time on 21 November 2026 in Shanghai (a Saturday), or a whole local date and time."""
    return datetime.fromisoformat(text if "T" in text else f"2026-11-21T{text}").replace(tzinfo=SHANGHAI)


def test_a_schedule_begins_and_ends_though_no_reading_comes() -> None:
    lit = Track.of([(clock("21:30"), 1.0, clock("21:30"))])
    night = Schedule(Limits(high=0.5), "22:00", "06:00")
    found = glimpses(night, lit, HERE, until=clock("2026-11-22T07:00"))
    assert [(g.ts, g.breach, g.clear) for g in found] == [
        (clock("21:30"), False, True),
        (clock("22:00"), True, False),
        (clock("2026-11-22T06:00"), False, True),
    ]
    reason = explain(night, lit, HERE, at=clock("22:00"), unit="lx")
    assert reason == {"kind": "schedule", "value": 1.0, "low": None, "high": 0.5, "start": "22:00", "until": "06:00",
                      "unit": "lx"}  # fmt: skip


def test_what_stood_too_long_ago_says_nothing_when_a_schedule_begins() -> None:
    lit = Track.of([(clock("20:59"), 1.0, clock("20:59"))])
    found = glimpses(Schedule(Limits(high=0.5), "22:00", "06:00"), lit, HERE, until=clock("23:00"))
    assert [g.breach for g in found] == [False]


def test_a_schedule_for_free_days_follows_the_calendar() -> None:
    free = Schedule(Limits(high=0.5), "08:00", "18:00", (DayKind.DAY_OFF, DayKind.HOLIDAY))
    noon = [datetime(2026, 11, day, 4, tzinfo=UTC) for day in (20, 21, 22, 23)]
    rows = {date(2026, 11, 20): DayKind.HOLIDAY, date(2026, 11, 22): DayKind.MAKE_UP}
    found = glimpses(free, Track.of((t, 1.0, t) for t in noon), HERE._replace(days=rows), until=noon[-1])
    assert [g.breach for g in found if g.ts in noon] == [True, True, False, False]


def test_deviation_is_judged_by_the_kind_of_day_and_the_park_hour() -> None:
    usual = {
        ("free", 14): Norm(100.0, 5.0, 6),
        ("working", 14): Norm(400.0, 10.0, 20),
        ("free", 15): Norm(90.0, 5.0, 2),
    }
    quarters = [
        (clock(t), v, clock(t)) for t, v in (("14:15", 119.0), ("14:45", 121.0), ("15:00", 79.0), ("15:15", 900.0))
    ]
    setting = HERE._replace(usual=usual)
    found = glimpses(Deviation(spreads=4, at_least=15), Track.of(quarters), setting)
    assert [(g.value, g.breach) for g in found] == [(119.0, False), (121.0, True), (79.0, True)]  # 15 h: two days known
    above = glimpses(Deviation(spreads=4, at_least=15, above_only=True), Track.of(quarters), setting)
    assert [g.breach for g in above] == [False, True, False]
    make_up = setting._replace(days={date(2026, 11, 21): DayKind.MAKE_UP})
    assert [g.breach for g in glimpses(Deviation(spreads=4), Track.of(quarters[:2]), make_up)] == [True, True]
    assert explain(Deviation(), Track.of(quarters), setting, at=clock("14:45")) == {
        "kind": "deviation", "mean": 121.0, "median": 100.0, "spread": 5.0, "days": "free", "hour": 14, "n": 6,
    }  # fmt: skip


def test_reasons_tell_what_was_compared() -> None:
    rows = track([(0, 5), (60, 5), (120, 5), (180, 9)])
    assert explain(Flat(120), rows, HERE, at=at(120)) == {"kind": "flat", "value": 5.0, "for_s": 120, "readings": 3}
    assert explain(Rate(3, 100), rows, HERE, at=at(200)) == {"kind": "rate", "change": 4.0, "by": 3, "within_s": 100}
    found = explain(Compare("b"), rows, HERE._replace(other=track([(30, 2)])), at=at(60))
    assert (found["value"], found["other_value"]) == (5.0, 2.0)


def test_an_hour_of_readings_is_judged_quickly_for_a_dry_run() -> None:
    rows = Track.of((at(10 * i), float(i % 7), at(10 * i)) for i in range(60_000))
    found = glimpses(Rate(6, 3600), rows, HERE)
    assert len(found) == 60_000
    assert sum(g.breach for g in found) == 60_000 // 7
    assert timedelta(hours=1) == lookback(Rate(6, 3600))
