"""What an operator is told of the intake, on a timeline: when a condition begins, what it says, and when it is over."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from pipeline.domain.message import Batch, DeadLetter, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.engine.conditions import Conditions
from pipeline.engine.steps import Engine, Step
from pipeline.ingest import Writer
from pipeline.settings import Settings
from pipeline.store import floods
from pipeline.store.database import connect
from tests.park import apply_small_park

START = datetime(2026, 11, 21, 3, 12, tzinfo=UTC)
MINUTE = 60


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Night:
    """A small park, and what its collectors and its engine do in a night."""

    def __init__(self, url: str) -> None:
        self.conn = connect(url)
        apply_small_park(self.conn)
        self.conn.autocommit = True
        self.engine = Engine([Step("conditions", Conditions(Settings.from_env({})).run, timedelta(0))])
        for n in range(20):
            self.conn.execute(
                "insert into smartpark.device (park_id, device_id, family, interval_s)"
                " values ('small', %s, 'meter', 30)",
                [f"w{n}"],
            )
        self.conn.execute("insert into smartpark.device_state (device, firmware) select device, '2.1.7'"
                          " from smartpark.device where device_id like 'w%%'")  # fmt: skip

    def minute(self, seconds: float, rejects: dict[str | None, int], *, sent: dict[str, int] | None = None,
               reason: str = "missing-key") -> None:  # fmt: skip
        """What the collectors noted of one minute; a device that rejects are told of sent nothing else."""
        when = at(seconds)
        counts = {(when, "small" if device else None, device, reason): n for device, n in rejects.items() if n}
        floods.keep_rejects(self.conn, "meter", counts)
        whole = {d: n for d, n in rejects.items() if d} | (sent or {})
        floods.keep_rates(self.conn, "meter", {(when, ("small", d)): n for d, n in whole.items()}, peaks={})

    def look(self, seconds: float) -> list[dict[str, Any]]:
        """One round of the engine; all conditions, open ones last."""
        self.engine.tick(self.conn, at(seconds))
        assert self.engine.failing == {}
        with self.conn.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(
                "select * from park.intake_conditions order by ended nulls last, condition"
            ).fetchall()


@pytest.fixture
def night(database: str) -> Iterator[Night]:
    found = Night(database)
    yield found
    found.conn.close()


def test_a_bad_firmware_is_one_condition_that_names_what_the_devices_have_in_common(night: Night) -> None:
    writer = Writer(night.conn)
    letters = [DeadLetter(at(n), "missing-key", "values", b"x", "small", f"w{n % 14}", bytes([n])) for n in range(28)]
    writer.write(Batch("meter", dead_letters=letters), now=at(30))
    assert night.look(0) == []
    night.minute(0, {f"w{n}": 2 for n in range(14)})
    (found,) = night.look(61)
    assert (found["kind"], found["lane"], found["family"], found["firmware"], found["reason"]) == (
        "rejects", "meter", "meter", "2.1.7", "missing-key",
    )  # fmt: skip
    assert (found["devices"], found["messages"], found["started"], found["ended"]) == (14, 28, at(0), None)
    assert found["device_id"] is None
    assert found["raised"] == at(61)
    newest = night.conn.execute("select max(dead_letter) from park.dead_letters where device_id = 'w13'").fetchone()
    assert newest == (found["dead_letter"],)


def test_a_condition_stands_while_it_goes_on_and_ends_once(night: Night) -> None:
    for minute in range(4):
        night.minute(minute * MINUTE, {f"w{n}": 3 for n in range(10)})
        shown = night.look(minute * MINUTE + 59)
        assert [c["messages"] for c in shown] == [30 * (minute + 1)]
    # The firmware is taken back one device after another: still one condition, until hardly anything is left of it.
    for minute in range(4, 10):
        night.minute(minute * MINUTE, {f"w{n}": 1 for n in range(10 - minute)})
        (shown,) = night.look(minute * MINUTE + 59)
        assert shown["devices"] == 10
    assert shown["ended"] is None
    assert [c["ended"] for c in night.look(14 * MINUTE)] == [at(14 * MINUTE)]
    assert shown["messages"] == 120 + 6 + 5 + 4 + 3 + 2 + 1
    assert len(night.look(15 * MINUTE)) == 1
    night.minute(20 * MINUTE, {f"w{n}": 3 for n in range(10)})
    assert [c["ended"] for c in night.look(20 * MINUTE + 30)] == [at(14 * MINUTE), None]


def test_devices_that_were_mended_still_count_for_what_they_sent_before(night: Night) -> None:
    night.minute(0, {f"w{n}": 5 for n in range(10)})
    night.look(30)
    night.conn.execute("update smartpark.device_state set firmware = '2.1.8' where device in"
                       " (select device from smartpark.device where device_id in ('w0', 'w1', 'w2'))")  # fmt: skip
    night.minute(60, {f"w{n}": 5 for n in range(3, 10)})
    shown = [c for c in night.look(90) if c["firmware"] == "2.1.7"]
    assert [(c["messages"], c["devices"]) for c in shown] == [(85, 10)]


@pytest.mark.parametrize(
    ("rejects", "sent", "raised"),
    [
        ({f"w{n}": 1 for n in range(14)}, {}, False),  # fewer than 20
        ({"w0": 12, "w1": 12}, {}, False),  # two devices alone are no roll-out, and neither is many by itself
        ({"w0": 7, "w1": 7, "w2": 7}, {}, True),
        ({"w0": 7, "w1": 7, "w2": 7}, {"w0": 200, "w1": 200, "w2": 200}, False),  # 3.5 % of what they send
        ({"w0": 7, "w1": 7, "w2": 7}, {"w0": 100, "w1": 100, "w2": 100}, True),
        ({"w0": 20}, {"w0": 10_000}, True),  # one device, twenty in one minute
        ({None: 19}, {}, False),  # nobody knows who sends them
        ({None: 20}, {}, True),
    ],
)
def test_what_is_enough(night: Night, rejects: dict[str | None, int], sent: dict[str, int], raised: bool) -> None:
    night.minute(0, rejects, sent=sent)
    assert [c["kind"] for c in night.look(30) if c["kind"] == "rejects"] == ["rejects"] * raised


def test_a_flood_is_measured_by_what_is_expected_of_the_device_and_of_who_is_behind_it(night: Night) -> None:
    """w0 measures every 30 s. A gateway speaks for 3,600 a minute: what would be a flood of w0 is its daily work."""
    night.conn.execute("update smartpark.device set gateway_id = 'gw', interval_s = 1 where device_id like 'w%%'"
                       " and device_id <> 'w0'")  # fmt: skip
    night.minute(0, {}, sent={"w0": 299, "gw": 5000})
    assert night.look(30) == []
    night.minute(60, {}, sent={"w0": 301, "gw": 5000})
    (found,) = night.look(90)
    assert (found["kind"], found["device_id"], found["started"]) == ("flood", "w0", at(0))
    assert found["messages"] == 600
    night.minute(120, {}, sent={"w0": 100})
    assert [c["ended"] for c in night.look(150)] == [None]  # a little less is no end
    night.minute(420, {}, sent={"w0": 10})
    assert [c["ended"] for c in night.look(500)] == [at(500)]


def test_a_sender_outside_our_topics_can_flood_too(night: Night) -> None:
    floods.keep_rates(night.conn, "foreign", {(at(0), (None, "zigbee2mqtt/kitchen")): 400}, peaks={})
    (found,) = night.look(30)
    assert (found["kind"], found["park_id"], found["device_id"]) == ("flood", None, "zigbee2mqtt/kitchen")


def test_two_devices_with_one_id_are_a_condition(night: Night) -> None:
    writer = Writer(night.conn)
    for n in range(25):
        for value in (1.0, 2.0):
            sample = Sample("m1", at(n), {"active_power": value + n})
            message = Message(Sender("small", Family.METER, "m1"), f"m:{n}:{value}", b"%d" % n, at(n), [sample])
            writer.write(Batch("meter", [message]), now=at(n))
    (found,) = night.look(30)
    assert (found["kind"], found["device_id"], found["reason"], found["messages"]) == ("conflicts", "m1", "reading", 25)
    assert [c["ended"] for c in night.look(400)] == [at(400)]


def test_it_is_told_once_and_two_engines_raise_it_once(night: Night, database: str) -> None:
    night.minute(0, {f"w{n}": 5 for n in range(10)})
    with psycopg.connect(database, autocommit=True) as ear:
        ear.execute("listen park")
        night.look(30)
        with connect(database) as other:
            other.autocommit = True
            Engine([Step("conditions", Conditions(Settings.from_env({})).run, timedelta(0))]).tick(other, at(31))
        night.look(32)
        heard = [n.payload.split(":")[0] for n in ear.notifies(timeout=0.2)]
    assert heard == ["condition"]
    assert len(night.look(33)) == 1
