"""Delays that run out and rules that go, on a timeline: the clock decides what no new reading decides."""

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from pipeline.domain.access import DoorState
from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.domain.rule import DoorIn, Limits, Priority
from pipeline.engine.alarms import deadlines, withdrawn
from pipeline.ingest import Writer
from pipeline.store.alarms import Raising, raise_
from pipeline.store.database import connect
from tests.pipeline.conftest import at
from tests.pipeline.judged import put, rule
from tests.pipeline.watching import add_device, add_rule, add_watch, alarms, journal, notices, one

POWER = rule("power", Limits(high=400.0, deadband=5.0), point="active_power", on_delay_s=60.0, off_delay_s=30.0)


@pytest.fixture
def watch(conn: psycopg.Connection) -> int:
    return put(conn, POWER)["power"]


def condition(conn: psycopg.Connection, watch: int, phase: str, since: float, deadline: float | None) -> None:
    """What a collector left behind when it judged a reading."""
    conn.execute(
        "insert into smartpark.alarm_condition (watch, phase, began, since, deadline, value, received)"
        " values (%(watch)s, %(phase)s, %(since)s, %(since)s, %(deadline)s, 450, %(since)s)"
        " on conflict (watch) do update set phase = excluded.phase, since = excluded.since, began = excluded.began,"
        " deadline = excluded.deadline, received = excluded.received",
        {"watch": watch, "phase": phase, "since": at(since), "deadline": None if deadline is None else at(deadline)},
    )


def phase(conn: psycopg.Connection, watch: int) -> str:
    return str(one(conn, "select phase from smartpark.alarm_condition where watch = %s", [watch])["phase"])


def test_a_delay_runs_out_though_nothing_comes(conn: psycopg.Connection, watch: int) -> None:
    condition(conn, watch, "pending", 0, 60)
    assert deadlines.run(conn, at(59)) == 0
    assert deadlines.run(conn, at(61)) == 1
    assert deadlines.run(conn, at(62)) == 0
    (alarm,) = alarms(conn)
    assert (alarm["state"], alarm["began"], alarm["raised"], alarm["received"]) == (
        "unacknowledged", at(0), at(60), at(0),
    )  # fmt: skip
    assert alarm["reason"] == {
        "kind": "limits", "value": 450, "low": None, "high": 400, "deadband": 5, "unit": "kW",
    }  # fmt: skip
    condition(conn, watch, "clearing", 100, 130)
    assert [deadlines.run(conn, at(129)), deadlines.run(conn, at(131))] == [0, 1]
    (alarm,) = alarms(conn)
    assert (alarm["state"], alarm["returned"], phase(conn, watch)) == ("returned-unacknowledged", at(130), "normal")


def test_the_clock_says_what_the_next_reading_would_have(conn: psycopg.Connection, watch: int) -> None:
    writer = Writer(conn)
    for seconds, other in ((0, 0), (1, 1)):
        sample = Sample("m1", at(seconds), {"active_power": 450.0 + other})
        message = Message(Sender("small", Family.METER, "m1"), f"m{seconds}", b"x" * 16, at(seconds), [sample])
        writer.write(Batch("test", [message]), now=at(seconds))
    assert deadlines.run(conn, at(59)) == 0
    assert deadlines.run(conn, at(62)) == 1
    (alarm,) = alarms(conn)
    assert (alarm["began"], alarm["raised"], alarm["value"]) == (at(0), at(60), 450)
    assert alarm["reason"] == {"kind": "limits", "value": 450, "low": None, "high": 400, "deadband": 5, "unit": "kW"}


def test_a_door_is_named_by_its_state(conn: psycopg.Connection) -> None:
    held = rule("held", DoorIn((DoorState.DOOR_OPEN_TOO_LONG,)), device="g1", on_delay_s=60.0)
    door = put(conn, held)["held"]
    condition(conn, door, "pending", 0, 60)
    conn.execute("update smartpark.alarm_condition set value = %s", [int(DoorState.DOOR_OPEN_TOO_LONG)])
    assert deadlines.run(conn, at(61)) == 1
    assert alarms(conn)[0]["reason"] == {"kind": "door", "state": "door-open-too-long"}


def test_the_version_in_force_says_how_long_a_delay_is(conn: psycopg.Connection, watch: int) -> None:
    condition(conn, watch, "pending", 0, 60)
    put(conn, replace(POWER, on_delay_s=120.0))
    assert deadlines.run(conn, at(61)) == 0
    assert one(conn, "select deadline from smartpark.alarm_condition")["deadline"] == at(120)
    assert deadlines.run(conn, at(120)) == 1
    assert (alarms(conn)[0]["version"], alarms(conn)[0]["raised"]) == (2, at(120))


def test_what_a_collector_is_judging_is_left_to_it(conn: psycopg.Connection, database: str, watch: int) -> None:
    condition(conn, watch, "pending", 0, 60)
    with connect(database) as collector:
        collector.execute("select from smartpark.alarm_condition where watch = %s for update", [watch])
        assert deadlines.run(conn, at(61)) == 0
    assert deadlines.run(conn, at(62)) == 1


def test_a_killed_bite_leaves_nothing_half_done(conn: psycopg.Connection, database: str, watch: int) -> None:
    condition(conn, watch, "pending", 0, 60)
    with connect(database) as killed, pytest.raises(psycopg.Error), killed.transaction():
        deadlines.run(killed, at(61))
        killed.execute("select pg_terminate_backend(pg_backend_pid())")
    assert (alarms(conn), phase(conn, watch), notices(conn)) == ([], "pending", [])
    assert deadlines.run(conn, at(62)) == 1
    assert len(alarms(conn)) == 1


def test_five_thousand_at_once_are_bounded_bites(conn: psycopg.Connection, watch: int) -> None:
    """Two engines share them: none twice."""
    conn.execute(
        "insert into smartpark.point (device, name, unit, kind)"
        " select device, 'p' || n, 'kW', 'gauge' from smartpark.device, generate_series(1, 5000) n"
        "  where device_id = 'm1'"
    )
    conn.execute(
        "insert into smartpark.alarm_watch (rule, point, device) select w.rule, p.point, p.device"
        " from smartpark.alarm_watch w, smartpark.point p where w.watch = %s and p.name like 'p%%'",
        [watch],
    )
    conn.execute(
        "insert into smartpark.alarm_condition (watch, phase, began, since, deadline, value, received)"
        " select watch, 'pending', %(at)s, %(at)s, %(due)s, 450, %(at)s from smartpark.alarm_watch"
        "  where watch <> %(not)s",
        {"at": at(0), "due": at(60), "not": watch},
    )
    assert deadlines.run(conn, at(61)) == 5000
    assert deadlines.run(conn, at(61)) == 0
    assert one(conn, "select count(*), count(distinct watch) as watches from smartpark.alarm") == {
        "count": 5000, "watches": 5000,
    }  # fmt: skip


def stand(conn: psycopg.Connection, watch: int) -> None:
    condition(conn, watch, "active", 60, None)
    raise_(conn, [Raising(watch, at(0), at(60), at(60), 450.0, {"kind": "limits"})], now=at(60))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("update smartpark.alarm_rule set retired = true", "its rule is retired"),
        ("update smartpark.alarm_rule_version set enabled = false", "its rule is disabled"),
        ("update smartpark.alarm_watch set retired = true", "its rule no longer names this subject"),
        ("update smartpark.device set retired = true", "its device or point is gone"),
    ],
)
def test_what_no_rule_speaks_of_is_taken_back(conn: psycopg.Connection, watch: int, change: str, why: str) -> None:
    stand(conn, watch)
    assert withdrawn.run(conn, at(70)) == 0
    conn.execute(change.encode())
    assert withdrawn.run(conn, at(80)) == 1
    assert withdrawn.run(conn, at(81)) == 0
    (alarm,) = alarms(conn)
    assert (alarm["state"], alarm["closed"], phase(conn, watch)) == ("normal", at(80), "normal")
    assert journal(conn, alarm["alarm"])[-1] == ("withdraw", "unacknowledged", "normal", why)


def test_what_waits_for_its_delay_never_alarms_once_its_rule_is_gone(conn: psycopg.Connection, watch: int) -> None:
    condition(conn, watch, "pending", 0, 60)
    conn.execute("update smartpark.alarm_rule set retired = true")
    assert deadlines.run(conn, at(61)) == 0
    assert withdrawn.run(conn, at(62)) == 1
    conn.execute("update smartpark.alarm_rule set retired = false")
    assert (deadlines.run(conn, at(63)), alarms(conn)) == (0, [])


def test_a_changed_rule_leaves_an_active_alarm_as_it_is(conn: psycopg.Connection, watch: int) -> None:
    """It keeps the version that raised it; how long it must be over is what the version in force says."""
    stand(conn, watch)
    put(conn, replace(POWER, condition=Limits(high=900.0), priority=Priority.LOW, off_delay_s=10.0))
    condition(conn, watch, "clearing", 100, 130)
    assert withdrawn.run(conn, at(101)) == 0
    conn.execute("update smartpark.alarm_condition set deadline = %s", [at(110)])
    assert deadlines.run(conn, at(111)) == 1
    (alarm,) = alarms(conn)
    assert (alarm["version"], alarm["priority"], alarm["returned"]) == (1, "high", at(110))


def test_whose_device_is_gone_waits_for_nobody(conn: psycopg.Connection) -> None:
    """Its alarm would stay for ever: nobody judges the silence of a retired device."""
    add_device(conn, "s1", gateway="gw")
    watch = add_watch(conn, add_rule(conn, "device-lost", "no-data"), "s1")
    stand(conn, watch)
    conn.execute("update smartpark.device set retired = true where device_id = 's1'")
    assert withdrawn.run(conn, at(70) + timedelta(days=3)) == 1
    assert alarms(conn)[0]["closed"] is not None
