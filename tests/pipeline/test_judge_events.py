"""Doors and counts: what gates report becomes alarms, in order, late, repeated, and over several gates of a space."""

import random
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from pipeline.domain.access import AccessEvent, AccessEventCode, AccessKind, DoorState
from pipeline.domain.message import Batch, Message, Sender
from pipeline.domain.park import Family
from pipeline.domain.rule import CountOf, DoorIn, Rule, Selector, SubjectKind
from pipeline.engine.alarms import deadlines
from pipeline.ingest import Writer
from pipeline.store.database import connect
from tests.pipeline.conftest import at
from tests.pipeline.judged import consistent, phase, put, rule, states
from tests.pipeline.watching import add_device, alarms

FORCED = rule("forced", DoorIn((DoorState.FORCED_OPEN,)), device="g1")
DENIED = AccessEventCode.DENIED_UNKNOWN_CREDENTIAL
BURST = rule("burst", CountOf(3, 60.0, decisions=(DENIED,)), device="g1")


class Gate:
    """A writer, and what gates report on the timeline."""

    def __init__(self, url: str) -> None:
        self.conn = connect(url, role="park_writer")
        self.writer = Writer(self.conn)
        self.number = 0

    def door(self, *seen: tuple[float, DoorState], received: float | None = None, retained: bool = False) -> None:
        self._write([(second, AccessKind.DOOR, state) for second, state in seen], received, retained=retained)

    def denied(self, *seconds: float, received: float | None = None, device: str = "g1") -> None:
        self._write([(second, AccessKind.DECISION, DENIED) for second in seconds], received, device=device)

    def _write(
        self, seen: list[tuple[float, AccessKind, int]], received: float | None, *, device: str = "g1",
        retained: bool = False,
    ) -> None:  # fmt: skip
        told = max(second for second, _, _ in seen) if received is None else received
        messages = []
        for second, kind, code in seen:
            self.number += 1
            event = AccessEvent(at(second), kind, code)
            sender = Sender("small", Family.GATE, device)
            messages.append(
                Message(sender, f"m:{self.number}", bytes([self.number % 256] * 16), at(told), [], [event], retained)
            )
        self.writer.write(Batch("test", messages), now=at(told))


@pytest.fixture
def gate(conn: psycopg.Connection, database: str) -> Iterator[Gate]:
    found = Gate(database)
    yield found
    found.conn.close()


def test_a_forced_door_alarms_until_it_says_something_else(conn: psycopg.Connection, gate: Gate) -> None:
    watch = put(conn, FORCED)["forced"]
    gate.door((0, DoorState.NORMAL))
    assert phase(conn, watch) is None
    gate.door((10, DoorState.FORCED_OPEN))
    assert alarms(conn)[0]["reason"] == {"kind": "door", "state": "forced-open"}
    gate.door((20, DoorState.FORCED_OPEN))
    gate.door((30, DoorState.DOOR_OPEN_TOO_LONG))
    assert states(conn) == ["returned-unacknowledged"]


def test_a_late_report_of_a_door_that_is_shut_by_now_is_history(conn: psycopg.Connection, gate: Gate) -> None:
    put(conn, FORCED)
    gate.door((1000, DoorState.NORMAL))
    gate.door((500, DoorState.FORCED_OPEN), received=1001)
    assert states(conn) == ["historic"]
    gate.door((510, DoorState.NORMAL), received=1002)
    gate.door((505, DoorState.FORCED_OPEN), received=1003)
    assert states(conn) == ["historic"]


def test_what_the_broker_retained_counts_as_any_report(conn: psycopg.Connection, gate: Gate) -> None:
    put(conn, FORCED)
    gate.door((0, DoorState.FORCED_OPEN), received=4000, retained=True)
    assert states(conn) == ["unacknowledged"]


def test_enough_denials_within_the_window_alarm_until_it_has_emptied(conn: psycopg.Connection, gate: Gate) -> None:
    watch = put(conn, BURST)["burst"]
    gate.denied(0, 30)
    assert alarms(conn) == []
    gate.denied(61)
    assert alarms(conn) == [], "the first of them is out of the window"
    gate.denied(70)
    (row,) = alarms(conn)
    assert (row["raised"], row["value"]) == (at(70), 3.0)
    assert row["reason"] == {
        "kind": "count", "count": 3, "at_least": 3, "within_s": 60.0, "what": ["denied-unknown-credential"],
    }  # fmt: skip
    gate.denied(120)
    assert (phase(conn, watch), states(conn)) == ("clearing", ["unacknowledged"])
    assert conn.execute("select deadline from smartpark.alarm_condition").fetchone() == (at(180),)
    gate.denied(181)
    assert (phase(conn, watch), states(conn)) == ("normal", ["returned-unacknowledged"])
    assert alarms(conn)[0]["returned"] == at(180)


def test_a_window_that_empties_is_ended_by_the_clock(conn: psycopg.Connection, gate: Gate) -> None:
    put(conn, BURST)
    gate.denied(0, 1, 2)
    assert deadlines.run(conn, at(61)) == 0
    assert deadlines.run(conn, at(63)) == 1
    assert [(row["state"], row["returned"]) for row in alarms(conn)] == [("returned-unacknowledged", at(62))]


def test_denials_in_any_order_alarm_once(conn: psycopg.Connection, gate: Gate) -> None:
    put(conn, BURST)
    seconds = list(range(0, 50, 5))
    random.Random(4).shuffle(seconds)
    for second in seconds:
        gate.denied(second, received=60)
    assert states(conn) == ["unacknowledged"]
    assert consistent(conn)


def test_a_late_denial_can_complete_a_window(conn: psycopg.Connection, gate: Gate) -> None:
    put(conn, BURST)
    gate.denied(0, 20)
    gate.denied(10, received=25)
    assert [(row["state"], row["raised"]) for row in alarms(conn)] == [("unacknowledged", at(20))]


def test_a_burst_that_comes_hours_late_is_history(conn: psycopg.Connection, gate: Gate) -> None:
    put(conn, BURST)
    gate.denied(9000)
    gate.denied(0, 1, 2, received=9001)
    gate.denied(3, received=9002)
    assert states(conn) == ["historic"]
    assert [(row["raised"], row["returned"]) for row in alarms(conn)] == [(at(2), at(63))]


def test_what_alarmed_and_is_over_is_not_raised_by_what_comes_late(conn: psycopg.Connection, gate: Gate) -> None:
    put(conn, BURST)
    gate.denied(0, 1, 2)
    gate.denied(100)
    gate.denied(1.5, received=101)
    assert states(conn) == ["returned-unacknowledged"]
    assert len(alarms(conn)) == 1


def test_doors_can_be_counted(conn: psycopg.Connection, gate: Gate) -> None:
    put(conn, rule("held", CountOf(2, 600.0, doors=(DoorState.DOOR_OPEN_TOO_LONG,)), device="g1"))
    gate.door((0, DoorState.DOOR_OPEN_TOO_LONG))
    gate.door((10, DoorState.NORMAL))
    assert alarms(conn) == []
    gate.door((20, DoorState.DOOR_OPEN_TOO_LONG))
    assert alarms(conn)[0]["reason"]["what"] == ["door-open-too-long"]


def test_the_gates_of_a_space_are_counted_together(conn: psycopg.Connection, gate: Gate, database: str) -> None:
    add_device(conn, "g2", gateway="gw")
    watch = put(conn, _per_space())["burst"]
    gate.denied(0, device="g1")
    other = Gate(database)
    other.number = 100
    other.denied(1, device="g2")
    gate.denied(2, device="g1")
    other.conn.close()
    (row,) = alarms(
        conn,
    )
    assert (row["watch"], row["space_id"], row["device"], row["value"]) == (watch, "site", None, 3.0)


def _per_space() -> Rule:
    """Denials in the whole site, over all of its gates."""
    condition = CountOf(3, 60.0, decisions=(DENIED,), per=SubjectKind.SPACE)
    return replace(BURST, condition=condition, applies=Selector(spaces=("site",)))
