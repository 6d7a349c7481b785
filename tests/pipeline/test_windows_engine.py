"""Windows on a timeline, from readings that were really stored: alarms begin and end once, whoever looks and however
often, and whatever comes late."""

import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Device, Family, Name, Point, PointKind
from pipeline.domain.rule import Compare, Condition, Deviation, Flat, Limits, Priority, Rate, Rule, Schedule, Selector
from pipeline.engine.alarms.windows import Windows
from pipeline.ingest import Writer
from pipeline.store import parks
from tests.park import SMALL
from tests.pipeline.conftest import START, at
from tests.pipeline.watching import alarms, journal

BOTH = Name("文", "text")
PUMP = Device(
    "p1", Family.SENSOR, "pump", Name("泵", "Pump"), space_id="b1", gateway_id="gw", interval_s=10,
    points=(Point("pressure", "bar", PointKind.GAUGE), Point("flow", "m³/h", PointKind.GAUGE)),
)  # fmt: skip
PARK = replace(SMALL, devices=(*SMALL.devices, PUMP))


def rule(condition: Condition, **changes: Any) -> Rule:
    made = Rule(
        str(changes.pop("rule_id", "watched")), BOTH, Selector(types=("pump",)), condition, Priority.HIGH, BOTH, BOTH,
        (BOTH,), 900, point="pressure", reopen_s=0,
    )  # fmt: skip
    return replace(made, **changes)


def apply(conn: psycopg.Connection, *rules: Rule) -> None:
    conn.autocommit = False
    parks.apply(conn, replace(PARK, rules=rules), now=at(-1))
    conn.autocommit = True


def say(
    conn: psycopg.Connection, seconds: float, value: float, *, point: str = "pressure", received: float | None = None
) -> None:
    """A reading of some second, received then or later."""
    heard = at(seconds if received is None else received)
    sample = Sample("p1", at(seconds), {point: value})
    message = Message(Sender("small", Family.SENSOR, "p1"), f"{point}:{seconds}", b"x" * 16, heard, [sample])
    Writer(conn).write(Batch("test", [message]), now=heard)


def look(conn: psycopg.Connection, step: Windows, seconds: float) -> int:
    with conn.transaction():
        return step.run(conn, at(seconds))


def told(conn: psycopg.Connection) -> list[tuple[float, float | None]]:
    """(raised, returned) of each alarm, in seconds."""
    return [
        ((a["raised"] - START).total_seconds(), a["returned"] and (a["returned"] - START).total_seconds())
        for a in alarms(conn)
    ]


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


def test_what_comes_late_within_the_window_is_taken_in(conn: psycopg.Connection) -> None:
    apply(conn, rule(Flat(for_s=300)))
    step = Windows()
    for seconds in range(0, 310, 30):
        say(conn, seconds, 5.0)
    look(conn, step, 301)
    assert told(conn) == [(300, None)]
    say(conn, 285, 7.0, received=310)  # it was not stuck after all
    for seconds in (311, 340, 370):
        look(conn, step, seconds)
    assert told(conn) == [(300, 300)]


def test_an_outage_is_judged_by_the_devices_times(conn: psycopg.Connection) -> None:
    apply(conn, rule(Rate(by=3, within_s=60)))
    step = Windows()
    say(conn, 0, 1.0)
    look(conn, step, 1)
    for seconds, value in ((30, 1.0), (60, 5.0), (90, 5.0), (120, 5.0), (150, 5.0)):
        say(conn, seconds, value, received=3600)
    look(conn, step, 3601)
    assert told(conn) == [(60, 120)]
    assert alarms(conn)[0]["historic"]  # both came an hour late: nobody could have acted


def test_a_lateness_limit_makes_it_history(conn: psycopg.Connection) -> None:
    apply(conn, rule(Rate(by=3, within_s=60), late_limit_s=600))
    step = Windows()
    say(conn, 0, 1.0)
    look(conn, step, 1)
    say(conn, 30, 9.0, received=3600)
    look(conn, step, 3601)
    (alarm,) = alarms(conn)
    assert (alarm["historic"], alarm["state"]) == (True, "normal")


def day(conn: psycopg.Connection, engines: list[Windows], *, seed: int, restart: bool) -> list[Any]:
    """Half an hour of two points, in random order of looks; what came of it."""
    rng, looks = random.Random(seed), random.Random(f"{seed}{restart}{len(engines)}")
    for seconds in range(0, 1800, 10):
        say(conn, seconds, 5.0 + (seconds // 200) % 3)
        if rng.random() < 0.8:
            say(conn, seconds, 3.0 + (seconds // 350) % 2, point="flow")
        if looks.random() < 0.5:
            number = looks.randrange(len(engines))
            engines[number] = Windows() if restart and looks.random() < 0.3 else engines[number]
            look(conn, engines[number], seconds + 1)
    look(conn, engines[0], 1900)
    rows = conn.execute(
        "select r.rule_id, j.event_time, j.action from smartpark.alarm_journal j"
        " join smartpark.alarm using (alarm) join smartpark.alarm_rule r using (rule) order by 1, 2, entry"
    )
    return rows.fetchall()


def forget(conn: psycopg.Connection) -> None:
    """Everything that was said and done."""
    conn.execute("alter table smartpark.alarm_journal disable trigger all")
    conn.execute("delete from smartpark.alarm_journal; delete from smartpark.alarm_notice; delete from smartpark.alarm")
    conn.execute("delete from smartpark.alarm_condition; delete from smartpark.latest; delete from smartpark.reading")
    conn.execute("alter table smartpark.alarm_journal enable trigger all")


RULES = (
    rule(Flat(for_s=120), rule_id="flat", off_delay_s=20),
    rule(Rate(by=1, within_s=60), rule_id="rise", on_delay_s=30),
    rule(Rate(by=-2, within_s=60), rule_id="fall"),
    rule(Compare("flow", offset=2, deadband=0.5, fresh_s=60), rule_id="compare"),
    rule(Schedule(Limits(high=5.5), "14:05", "14:20"), rule_id="schedule", on_delay_s=15),
)


def test_neither_restarts_nor_a_second_engine_change_what_is_raised(conn: psycopg.Connection) -> None:
    found = []
    for engines, restart in (([Windows()], False), ([Windows()], True), ([Windows(), Windows()], True)):
        apply(conn, *RULES)
        found.append(day(conn, engines, seed=7, restart=restart))
        forget(conn)
    assert found[0] == found[1] == found[2]
    assert {row[0] for row in found[0]} == {"flat", "rise", "fall", "compare", "schedule"}
    assert len(found[0]) > 30


def test_five_hundred_watches_are_looked_at_in_a_tenth_of_a_second(conn: psycopg.Connection) -> None:
    pumps = tuple(replace(PUMP, device_id=f"p{number}") for number in range(500))
    conn.autocommit = False
    parks.apply(conn, replace(SMALL, devices=(*SMALL.devices, *pumps), rules=(rule(Flat(for_s=3600)),)), now=at(-1))
    conn.autocommit = True
    writer, step, took = Writer(conn), Windows(), []
    for seconds in range(0, 3600, 60):
        batch = [message(f"p{n}", seconds, float(n % 7)) for n in range(500)]
        writer.write(Batch("test", batch), now=at(seconds))
    look(conn, step, 3601)
    for seconds in range(3600, 3660, 10):
        writer.write(Batch("test", [message(f"p{n}", seconds, n % 7 + (n == 3)) for n in range(500)]), now=at(seconds))
        begun = time.thread_time()
        look(conn, step, seconds + 1)
        took.append(time.thread_time() - begun)
    assert len(alarms(conn)) == 499
    assert min(took) < 0.1  # of its own; the database takes about as long


def message(device: str, seconds: float, value: float) -> Message:
    sample = Sample(device, at(seconds), {"pressure": value})
    return Message(Sender("small", Family.SENSOR, device), f"m:{seconds}", b"x" * 16, at(seconds), [sample])


def test_time_is_as_exact_as_it_was_stored(conn: psycopg.Connection) -> None:
    apply(conn, rule(Rate(by=3, within_s=30)))
    step = Windows()
    odd = datetime(2026, 11, 21, 6, 0, 0, 123457, tzinfo=UTC)
    for number, value in enumerate((1.0, 9.0)):
        when = odd + timedelta(seconds=number)
        sample = Sample("p1", when, {"pressure": value})
        sender = Sender("small", Family.SENSOR, "p1")
        Writer(conn).write(Batch("test", [Message(sender, f"e{number}", b"x" * 16, when, [sample])]), now=when)
        look(conn, step, number + 2)
    assert [a["raised"] for a in alarms(conn)] == [odd + timedelta(seconds=1)]
