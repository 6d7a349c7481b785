"""Windows whoever looks and however often, whatever comes late, and fast enough."""

import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.domain.rule import Compare, Flat, Limits, Rate, Schedule
from pipeline.engine.alarms.windows import Windows
from pipeline.ingest import Writer
from pipeline.store import parks
from tests.park import SMALL
from tests.pipeline.conftest import at
from tests.pipeline.watching import alarms
from tests.pipeline.windowed import PUMP, apply, look, message, rule, say, told


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


def test_a_rule_judges_nothing_that_was_measured_before_it_was_written(conn: psycopg.Connection) -> None:
    apply(conn, rule(Rate(by=3, within_s=60)))
    step = Windows()
    say(conn, 0, 1.0)
    look(conn, step, 1)
    apply(conn, rule(Rate(by=3, within_s=60), enabled=False))
    for seconds, value in ((30, 9.0), (60, 9.0), (120, 9.0), (180, 9.0)):
        say(conn, seconds, value)
        look(conn, step, seconds + 1)
    apply(conn, rule(Rate(by=3, within_s=60)), now=200)
    for engine in (step, Windows()):
        look(conn, engine, 201)
        assert told(conn) == []
    say(conn, 240, 15.0)
    look(conn, step, 241)
    assert told(conn) == [(240, None)]


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
    assert min(took) < 0.1  # its own time: what the database takes depends on who else is on this machine


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
