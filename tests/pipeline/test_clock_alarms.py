"""A wrong clock is an alarm of its device, from when it was seen until it is right again."""

from datetime import datetime

import psycopg

from pipeline.engine.alarms import clock_faults, deadlines
from tests.pipeline.conftest import START, at
from tests.pipeline.watching import add_rule, add_watch, alarms


def wrong(conn: psycopg.Connection, seconds: float, fault: str, offset_s: float | None = None) -> None:
    conn.execute(
        "insert into smartpark.device_clock (device, since, fault, offset_s, last_seen, count, received, reason)"
        " select device, %(at)s, %(fault)s, %(offset)s, %(at)s, 5, %(at)s, 'told by a test' from smartpark.device"
        "  where device_id = 'm1'",
        {"at": at(seconds), "fault": fault, "offset": offset_s},
    )


def right(conn: psycopg.Connection, seconds: float) -> None:
    conn.execute("update smartpark.device_clock set ended = %s where ended is null", [at(seconds)])


def look(conn: psycopg.Connection, seconds: float) -> int:
    with conn.transaction():
        return clock_faults.run(conn, at(seconds))


def told(conn: psycopg.Connection) -> list[tuple[float, float | None]]:
    def seconds(when: datetime | None) -> float | None:
        return None if when is None else (when - START).total_seconds()

    return [(seconds(a["raised"]) or 0.0, seconds(a["returned"])) for a in alarms(conn)]


def test_a_wrong_clock_alarms_and_returns(conn: psycopg.Connection) -> None:
    rule = add_rule(conn, "clock-wrong", "clock", {"faults": []}, reopen_s=0.0)
    add_watch(conn, rule, "m1")
    add_watch(conn, rule, "g1")
    assert look(conn, 0) == 0
    wrong(conn, 60, "zone-as-utc", 28800.0)
    assert [look(conn, 121), look(conn, 126)] == [1, 0]
    assert told(conn) == [(60, None)]
    assert alarms(conn)[0]["reason"] == {"kind": "clock", "fault": "zone-as-utc", "offset_s": 28800.0}
    right(conn, 300)
    assert [look(conn, 301), look(conn, 306)] == [1, 0]
    assert told(conn) == [(60, 300)]
    wrong(conn, 600, "missing")
    right(conn, 700)
    wrong(conn, 701, "ahead", 900.0)
    assert look(conn, 702) == 1
    assert told(conn) == [(701, None)]  # nobody had seen it: the same alarm goes on
    right(conn, 800)
    wrong(conn, 800.5, "behind", -900.0)  # wrong in another way, between two looks: still wrong
    assert look(conn, 802) == 0


def test_a_rule_may_name_the_faults_it_is_for(conn: psycopg.Connection) -> None:
    add_watch(conn, add_rule(conn, "beijing", "clock", {"faults": ["zone-as-utc", "no-offset"]}), "m1")
    wrong(conn, 0, "missing")
    assert look(conn, 5) == 0
    right(conn, 10)
    wrong(conn, 11, "no-offset")
    assert look(conn, 15) == 1
    right(conn, 20)
    wrong(conn, 21, "ahead", 500.0)
    assert look(conn, 25) == 1
    assert told(conn) == [(11, 20)]


def test_delays_run_out_on_the_clock_and_the_reason_is_still_known(conn: psycopg.Connection) -> None:
    add_watch(conn, add_rule(conn, "clock-wrong", "clock", {"faults": []}, on_delay_s=600.0), "m1")
    wrong(conn, 0, "ahead", 120.0)
    assert look(conn, 60) == 0
    deadlines.run(conn, at(599))
    assert told(conn) == []
    deadlines.run(conn, at(601))
    assert told(conn) == [(600, None)]
    assert alarms(conn)[0]["reason"] == {"kind": "clock", "fault": "ahead", "offset_s": 120.0}
