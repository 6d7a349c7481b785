"""Readings become alarms in the transaction that stores them: limits, states, delays, late readings, doubtful ones."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.domain.rule import InState, Limits
from pipeline.ingest import Writer
from pipeline.store.database import connect
from tests.pipeline.conftest import at
from tests.pipeline.judged import consistent, journal, phase, put, rule, states
from tests.pipeline.watching import alarms

HOT = rule("hot", Limits(high=100.0, deadband=5.0), point="active_power")
SENDER = Sender("small", Family.METER, "m1")


class Desk:
    """A writer, and readings of the main meter's power on the timeline."""

    def __init__(self, url: str) -> None:
        self.conn = connect(url, role="park_writer")
        self.writer = Writer(self.conn)

    def read(self, *seen: tuple[float, float | None], received: float | None = None, **how: Any) -> None:
        """A batch of (second, value), each its own message."""
        told = max(second for second, _ in seen) if received is None else received
        messages = []
        for second, value in seen:
            sample = Sample("m1", at(second), {"active_power": value}, **how)
            messages.append(Message(SENDER, None, None, at(told), [sample]))
        self.writer.write(Batch("test", messages), now=at(told))


@pytest.fixture
def desk(conn: psycopg.Connection, database: str) -> Iterator[Desk]:
    found = Desk(database)
    yield found
    found.conn.close()


def test_a_breach_alarms_and_the_way_back_returns(conn: psycopg.Connection, desk: Desk) -> None:
    watch = put(conn, HOT)["hot"]
    desk.read((0, 90.0))
    assert phase(conn, watch) is None, "what is normal leaves no trace"
    desk.read((10, 101.0))
    (row,) = alarms(conn)
    assert (row["state"], row["raised"], row["value"]) == ("unacknowledged", at(10), 101.0)
    assert row["reason"] == {
        "kind": "limits",
        "value": 101.0,
        "low": None,
        "high": 100.0,
        "deadband": 5.0,
        "unit": "kW",
    }
    desk.read((20, 98.0))
    desk.read((30, 99.0), (40, 105.0))
    assert states(conn) == ["unacknowledged"], "within the deadband nothing changes"
    desk.read((50, 95.0))
    assert states(conn) == ["returned-unacknowledged"]
    assert (alarms(conn)[0]["returned"], phase(conn, watch)) == (at(50), "normal")


def test_several_turns_in_one_batch_are_taken_in_order(conn: psycopg.Connection, desk: Desk) -> None:
    put(conn, HOT, replace(HOT, rule_id="again", reopen_s=0.0))
    desk.read((0, 101.0), (1, 5.0), (2, 101.0), (3, 5.0), (4, 101.0))
    assert states(conn) == ["unacknowledged", "unacknowledged"], "nobody saw it: it is the same alarm"
    assert [row["occurrences"] for row in alarms(conn)] == [3, 3]
    assert consistent(conn)


def test_delays_are_judged_by_event_time(conn: psycopg.Connection, desk: Desk) -> None:
    watch = put(conn, replace(HOT, on_delay_s=60.0, off_delay_s=30.0))["hot"]
    desk.read((0, 101.0))
    assert (phase(conn, watch), alarms(conn)) == ("pending", [])
    desk.read((30, 101.0), (59, 101.0))
    assert phase(conn, watch) == "pending"
    desk.read((61, 101.0))
    assert [(row["began"], row["raised"]) for row in alarms(conn)] == [(at(0), at(60))]
    desk.read((70, 90.0), (99, 90.0))
    assert phase(conn, watch) == "clearing"
    desk.read((101, 90.0))
    assert alarms(conn)[0]["returned"] == at(100)


def test_several_rules_may_watch_one_point(conn: psycopg.Connection, desk: Desk) -> None:
    low = rule("low", Limits(low=10.0), point="active_power")
    odd = rule("odd", InState((7.0, 105.0)), point="active_power")
    watches = put(conn, HOT, low, odd)
    desk.read((0, 105.0))
    assert {w: states(conn, w) for w in watches.values()} == {
        watches["hot"]: ["unacknowledged"], watches["low"]: [], watches["odd"]: ["unacknowledged"],
    }  # fmt: skip
    desk.read((10, 7.0))
    assert states(conn, watches["low"]) == ["unacknowledged"]
    assert states(conn, watches["odd"]) == ["unacknowledged"]
    desk.read((20, 50.0))
    assert set(states(conn)) == {"returned-unacknowledged"}


def test_what_is_unknown_neither_raises_nor_clears(conn: psycopg.Connection, desk: Desk) -> None:
    put(conn, HOT)
    desk.read((0, 101.0), bad=frozenset({"active_power"}))
    desk.read((1, 101.0), stale=True)
    desk.read((2, None))
    assert alarms(conn) == []
    desk.read((3, 900.0))
    assert states(conn) == ["unacknowledged"], "out of range is news"
    desk.read((4, 1.0), bad=frozenset({"active_power"}))
    desk.read((5, None))
    assert states(conn) == ["unacknowledged"]


def test_repeats_decide_nothing_twice(conn: psycopg.Connection, desk: Desk) -> None:
    put(conn, HOT)
    for _ in range(3):
        desk.read((0, 101.0), (1, 5.0))
    desk.read((0, 101.0))
    desk.read((1, 5.0))
    assert journal(conn) == [
        ("raise", None, "unacknowledged"),
        ("return", "unacknowledged", "returned-unacknowledged"),
    ]


def test_what_came_late_is_history_once_a_run(conn: psycopg.Connection, desk: Desk) -> None:
    put(conn, HOT)
    desk.read((10_000, 50.0))
    desk.read((1000, 120.0), (1010, 120.0), received=10_010)
    desk.read((1020, 120.0), received=10_011)
    desk.read((1030, 50.0), received=10_012)
    desk.read((990, 120.0), received=10_013)
    assert states(conn) == ["historic"]
    (row,) = alarms(conn)
    assert (row["began"], row["returned"], row["received"]) == (at(990), at(1030), at(10_010))
    desk.read((1000, 120.0), (1010, 120.0), received=10_020)
    desk.read((5000, 120.0), (5010, 50.0), received=10_021)
    assert states(conn) == ["historic", "historic"]
    assert conn.execute("select count(*) from smartpark.alarm_notice").fetchone() == (0,)


def test_late_readings_wait_for_their_on_delay_though_they_come_one_by_one(
    conn: psycopg.Connection, desk: Desk
) -> None:
    put(conn, replace(HOT, on_delay_s=60.0))
    desk.read((10_000, 50.0))
    for second in (1050, 1000, 1020, 1040, 1030):
        desk.read((second, 120.0), received=10_010)
    desk.read((1055, 50.0), received=10_010)
    assert alarms(conn) == []
    for second in (2050, 2000, 2020, 2070, 2030):
        desk.read((second, 120.0), received=10_011)
    assert states(conn) == ["historic"]


def test_late_readings_of_what_stands_are_not_another_alarm(conn: psycopg.Connection, desk: Desk) -> None:
    put(conn, HOT)
    desk.read((100, 120.0))
    desk.read((90, 120.0), (95, 120.0), received=101)
    assert states(conn) == ["unacknowledged"]
    desk.read((200, 50.0))
    desk.read((150, 120.0), received=201)
    assert states(conn) == ["returned-unacknowledged"]


def test_what_a_batch_tells_late_and_new_is_told_apart(conn: psycopg.Connection, desk: Desk) -> None:
    put(conn, HOT)
    desk.read((5000, 50.0))
    desk.read((1000, 120.0), (1010, 50.0), (5010, 120.0), received=5010)
    assert states(conn) == ["unacknowledged", "historic"]


def test_told_after_the_fact_it_is_late_whatever_its_time(conn: psycopg.Connection, desk: Desk) -> None:
    put(conn, HOT)
    desk.read((0, 50.0))
    desk.read((100, 120.0), received=4000, historical=True)
    assert states(conn) == ["historic"]


def test_what_is_true_in_the_newest_reading_alarms_however_old(conn: psycopg.Connection, desk: Desk) -> None:
    put(conn, HOT, replace(HOT, rule_id="limited", late_limit_s=600.0))
    desk.read((0, 120.0), received=86_400)
    assert sorted(states(conn)) == ["historic", "unacknowledged"]


def test_life_safety_of_the_past_is_put_before_people(conn: psycopg.Connection, desk: Desk) -> None:
    put(conn, replace(HOT, life_safety=True, latched=True))
    desk.read((5000, 50.0))
    desk.read((1000, 120.0), (1010, 50.0), received=5010)
    (row,) = alarms(conn)
    assert (row["state"], row["historic"]) == ("latched-unacknowledged", False)
    assert (row["raised"], row["returned"], row["annunciated"]) == (at(1000), at(1010), at(5010))
    desk.read((1000, 120.0), (1010, 50.0), received=5020)
    assert states(conn) == ["latched-unacknowledged"]


def test_a_changed_rule_judges_from_the_next_batch_and_leaves_its_alarm_whole(
    conn: psycopg.Connection, desk: Desk
) -> None:
    put(conn, HOT)
    desk.read((0, 110.0))
    put(conn, replace(HOT, condition=Limits(high=200.0)))
    assert [(row["version"], row["state"]) for row in alarms(conn)] == [(1, "unacknowledged")]
    desk.read((10, 110.0))
    desk.read((20, 110.0))
    assert states(conn) == ["returned-unacknowledged"]
    assert alarms(conn)[0]["reason"]["high"] == 100.0


def test_a_batch_that_is_not_stored_leaves_no_alarm(conn: psycopg.Connection, desk: Desk) -> None:
    put(conn, HOT)

    def die(_: psycopg.Connection) -> None:
        raise RuntimeError("between readings and commit")

    message = Message(SENDER, None, None, at(0), [Sample("m1", at(0), {"active_power": 120.0})])
    with pytest.raises(RuntimeError):
        desk.writer.write(Batch("test", [message]), now=at(0), alongside=die)
    for table in ("reading", "alarm", "alarm_condition", "alarm_journal", "alarm_notice"):
        count = SQL("select count(*) from smartpark.{}").format(Identifier(table))
        assert conn.execute(count).fetchone() == (0,), table
    desk.writer.write(Batch("test", [message]), now=at(0))
    assert states(conn) == ["unacknowledged"]
