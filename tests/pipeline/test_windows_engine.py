"""Each kind of window on a timeline: from readings that were really stored to alarms that begin and end once."""

from datetime import timedelta

import psycopg

from pipeline.domain.rule import Compare, Deviation, Flat, Limits, Rate, Schedule
from pipeline.engine.alarms.windows import Windows
from tests.pipeline.conftest import START
from tests.pipeline.watching import alarms, journal
from tests.pipeline.windowed import apply, look, rule, say, told


def test_a_stuck_meter_alarms_once_its_time_is_over_and_returns_when_it_moves(conn: psycopg.Connection) -> None:
    apply(conn, rule(Flat(for_s=60)))
    step = Windows()
    assert look(conn, step, 0) == 0  # it never said anything
    for seconds in range(0, 120, 10):
        say(conn, seconds, 5.0)
        look(conn, step, seconds + 1)
    (alarm,) = alarms(conn)
    assert told(conn) == [(60, None)]
    assert alarm["reason"] == {"kind": "flat", "value": 5.0, "for_s": 60.0, "readings": 7, "unit": "bar"}
    say(conn, 120, 5.1)
    look(conn, step, 121)
    assert told(conn) == [(60, 120)]
    assert [row[0] for row in journal(conn, alarm["alarm"])] == ["raise", "return"]


def test_a_rule_that_is_new_finds_what_is_stuck_already(conn: psycopg.Connection) -> None:
    apply(conn)
    for seconds in range(0, 310, 10):
        say(conn, seconds, 5.0)
    apply(conn, rule(Flat(for_s=120)))
    look(conn, Windows(), 301)
    assert told(conn) == [(300, None)]


def test_bad_and_missing_values_are_neither_flat_nor_a_change(conn: psycopg.Connection) -> None:
    apply(conn, rule(Flat(for_s=40)), rule(Rate(by=3, within_s=30), rule_id="jump"))
    step = Windows()
    for seconds, value in ((0, 5.0), (10, 5.0), (20, float("nan")), (30, 5.0), (40, 5.0)):
        say(conn, seconds, value)
        look(conn, step, seconds + 1)
    assert told(conn) == [(40, None)]


def test_a_jump_alarms_and_its_reason_tells_the_change(conn: psycopg.Connection) -> None:
    apply(conn, rule(Rate(by=3, within_s=30)))
    step = Windows()
    for seconds, value in ((0, 1.0), (10, 2.0), (20, 3.0), (30, 4.5), (40, 4.5), (50, 4.6), (60, 4.6)):
        say(conn, seconds, value)
        look(conn, step, seconds + 1)
    assert told(conn) == [(30, 40)]
    assert alarms(conn)[0]["reason"] == {"kind": "rate", "change": 3.5, "by": 3.0, "within_s": 30.0, "unit": "bar"}


def test_an_on_delay_runs_out_on_the_clock(conn: psycopg.Connection) -> None:
    apply(conn, rule(Rate(by=3, within_s=30), on_delay_s=60))
    step = Windows()
    say(conn, 0, 1.0)
    say(conn, 10, 9.0)
    look(conn, step, 11)
    assert told(conn) == []
    look(conn, step, 71)  # nothing new was said
    assert told(conn) == [(70, None)]
    assert alarms(conn)[0]["reason"]["change"] == 8.0


def test_two_points_are_compared_at_each_others_readings(conn: psycopg.Connection) -> None:
    apply(conn, rule(Compare("flow", factor=2, deadband=1, fresh_s=60)))
    step = Windows()
    say(conn, 0, 5.0)
    say(conn, 0, 4.0, point="flow")
    look(conn, step, 1)
    say(conn, 10, 1.0, point="flow")  # 5 > 2
    look(conn, step, 15)
    assert told(conn) == []  # the pressure of the same second may still come
    look(conn, step, 21)
    assert told(conn) == [(10, None)]
    assert alarms(conn)[0]["reason"] == {
        "kind": "compare", "value": 5.0, "other": "flow", "other_value": 1.0, "factor": 2.0, "offset": 0.0,
        "below": False, "unit": "bar",
    }  # fmt: skip
    say(conn, 20, 0.5)
    say(conn, 20, 1.0, point="flow")
    look(conn, step, 22)
    assert told(conn) == [(10, 20)]


def test_a_schedule_raises_and_returns_on_its_own_time(conn: psycopg.Connection) -> None:
    """START is 14:00 in the park."""
    apply(conn, rule(Schedule(Limits(high=2), "14:10", "15:00")))
    step = Windows()
    say(conn, 0, 5.0)
    for seconds in (1, 600, 605, 609):
        look(conn, step, seconds)
    assert told(conn) == []
    look(conn, step, 611)
    assert told(conn) == [(600, None)]
    for seconds in (900, 1800, 3600, 3611, 3620, 4000):
        look(conn, step, seconds)
    assert told(conn) == [(600, 3600)]
    look(conn, Windows(), 4001)  # another engine comes to the same
    assert told(conn) == [(600, 3600)]


def test_deviation_is_judged_by_quarters_that_closed(conn: psycopg.Connection) -> None:
    apply(conn, rule(Deviation(spreads=4, at_least=2), rule_id="unusual"))
    (point,) = conn.execute("select point from smartpark.point where name = 'pressure'").fetchone() or (0,)
    conn.execute(
        "insert into smartpark.usual values (%s, 'free', 14, 5.0, 0.5, 8, %s), (%s, 'free', 15, 5.0, 0.5, 2, %s)",
        [point, START, point, START],
    )
    step = Windows()
    means = (5.5, 9.0, 5.1, 6.0, 20.0)  # the last one is of a quarter for which too few days are known
    for number, mean in enumerate(means):
        bucket = START + number * timedelta(minutes=15)
        conn.execute("insert into smartpark.rollup_15m (point, bucket, n, sum) values (%s, %s, 9, %s)",
                     [point, bucket, 9 * mean])  # fmt: skip
        for after in (10, 61, 66):
            look(conn, step, 900 * (number + 1) + after)
    assert told(conn) == [(1800, 2700)]
    assert alarms(conn)[0]["reason"] == {
        "kind": "deviation", "mean": 9.0, "median": 5.0, "spread": 0.5, "days": "free", "hour": 14, "n": 8,
        "unit": "bar",
    }  # fmt: skip
