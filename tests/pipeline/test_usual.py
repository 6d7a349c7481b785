"""What is usual, learnt every night from quarter hours: by park hour and class of day, whatever single days did."""

import random
from datetime import UTC, date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import psycopg
import pytest

from pipeline.domain.rule import DayKind
from pipeline.engine.alarms.usual import LearnUsual, last_night
from pipeline.store import calendar
from pipeline.store.calendar import CalendarRow
from tests.pipeline.watching import add_rule, add_watch, rows

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)


def watched(conn: psycopg.Connection, zone: str = "Asia/Shanghai") -> int:
    conn.execute("update smartpark.park set time_zone = %s", [zone])
    add_watch(conn, add_rule(conn, "unusual", "deviation"), "m1", "active_power")
    row = conn.execute("select point from smartpark.point where name = 'active_power'").fetchone()
    assert row
    return int(row[0])


def measure(conn: psycopg.Connection, point: int, quarters: dict[datetime, float]) -> None:
    with conn.cursor() as cursor, cursor.copy("copy smartpark.rollup_15m (point, bucket, n, sum) from stdin") as copy:
        for bucket, mean in quarters.items():
            copy.write_row((point, bucket, 4, 4 * mean))


def learn(conn: psycopg.Connection, step: LearnUsual, now: datetime) -> int:
    with conn.transaction():
        return step.run(conn, now)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin"])
def test_it_is_the_median_of_each_park_hour_and_class_of_day(conn: psycopg.Connection, zone: str) -> None:
    point, here, rng = watched(conn, zone), ZoneInfo(zone), random.Random(zone)
    holiday, make_up = date(2026, 11, 4), date(2026, 11, 8)
    calendar.put(
        conn, "small", [CalendarRow(holiday, DayKind.HOLIDAY, "x"), CalendarRow(make_up, DayKind.MAKE_UP, "x")]
    )
    quarters = {NOW - n * timedelta(minutes=15): rng.uniform(0, 100) for n in range(96 * 70)}
    measure(conn, point, quarters)
    assert learn(conn, LearnUsual(), NOW) == 1
    today = NOW.astimezone(here).date()
    expected: dict[tuple[str, int], dict[date, list[float]]] = {}
    for bucket, mean in quarters.items():
        local = bucket.astimezone(here)
        day = local.date()
        if today - timedelta(days=56) <= day < today:
            worked = (day.weekday() < 5 and day != holiday) or day == make_up
            expected.setdefault(("working" if worked else "free", local.hour), {}).setdefault(day, []).append(mean)
    found = rows(conn, "select * from smartpark.usual")
    assert {(r["days"], r["hour"]) for r in found} == expected.keys()
    for row in found:
        by_day = expected[row["days"], row["hour"]]
        means = [mean for day in by_day.values() for mean in day]
        assert row["median"] == pytest.approx(median(means))
        assert row["spread"] == pytest.approx(1.4826 * median(abs(mean - row["median"]) for mean in means))
        assert row["n"] == len(by_day)


def test_a_week_of_trouble_does_not_move_what_is_usual(conn: psycopg.Connection) -> None:
    point = watched(conn)
    start = datetime(2026, 9, 26, tzinfo=ZoneInfo("Asia/Shanghai"))
    mad = start + timedelta(days=30)
    buckets = [start + n * timedelta(minutes=15) for n in range(96 * 56)]
    measure(conn, point, {b: 900.0 if mad <= b < mad + timedelta(days=7) else 100.0 + b.minute / 15 for b in buckets})
    learn(conn, LearnUsual(), NOW)
    assert {(r["median"] < 104, r["spread"] < 5) for r in rows(conn, "select * from smartpark.usual")} == {(True, True)}


def test_it_is_learnt_once_a_night_and_at_once_for_what_is_newly_watched(conn: psycopg.Connection) -> None:
    point = watched(conn)
    step = LearnUsual()
    assert learn(conn, step, NOW) == 1  # nothing is known of it yet
    assert learn(conn, step, NOW + timedelta(minutes=10)) == 0
    measure(conn, point, {NOW: 5.0, NOW + timedelta(hours=1): 7.0})
    night = datetime(2026, 11, 22, 3, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert last_night(NOW, ZoneInfo("Asia/Shanghai")) == night - timedelta(days=1)
    assert learn(conn, step, night - timedelta(seconds=1)) == 0
    assert learn(conn, step, night) == 1
    assert learn(conn, LearnUsual(), night + timedelta(hours=1)) == 0  # another engine sees when it was made
    assert [(r["days"], r["hour"], r["n"]) for r in rows(conn, "select * from smartpark.usual order by hour")] == [
        ("free", 14, 1),
        ("free", 15, 1),
    ]
    assert learn(conn, step, night + timedelta(days=60)) == 1
    assert rows(conn, "select * from smartpark.usual") == []
