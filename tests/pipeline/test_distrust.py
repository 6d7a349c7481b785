"""A device whose clock is found to be wrong, or right again: nothing is lost, nothing is stored twice on the way."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.domain.quality import Quality
from pipeline.ingest import Outcome, Writer
from pipeline.store.database import connect
from tests.park import apply_small_park

NOW = datetime(2026, 11, 21, 6, 40, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
BEHIND = timedelta(hours=-8)


class Meter:
    """The meter m1, heard once a minute by a writer on a fresh database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.admin = connect(url)
        self.admin.autocommit = True
        apply_small_park(self.admin)
        self.now = NOW
        self.open()

    def open(self) -> None:
        self.conn = connect(self.url, role="park_writer")
        self.writer = Writer(self.conn)

    def restart(self) -> None:
        self.conn.close()
        self.open()

    def message(
        self, off: timedelta, *, identity: str | None = None, value: float = 1.0, device: str = "m1"
    ) -> Message:
        sample = Sample(device, self.now + off, {"active_power": value})
        sender = Sender("small", Family.METER, "m1") if device == "m1" else Sender("small", Family.GATEWAY, "gw")
        return Message(sender, identity, None, self.now, [sample])

    def write(self, *messages: Message) -> Outcome:
        return self.writer.write(Batch("test", list(messages)), now=self.now)

    def deliver(self, message: Message) -> Outcome:
        """As it is delivered now, perhaps again."""
        later = Message(message.sender, message.identity, message.digest, self.now, message.samples)
        return self.write(later)

    def live(self, minutes: int, off: timedelta, *, identified: bool = True, device: str = "m1") -> list[Message]:
        """Once a minute a message of a clock that is off by so much."""
        said = []
        for _ in range(minutes):
            identity = f"m:{self.now.isoformat()}" if identified else None
            said.append(self.message(off - SECOND, identity=identity, device=device))
            self.write(said[-1])
            self.now += MINUTE
        return said

    def rows(self) -> list[tuple[object, ...]]:
        return self.admin.execute(
            "select ts, device_ts, quality from smartpark.reading order by received, ts"
        ).fetchall()

    @property
    def distrusted(self) -> bool:
        return bool(self.writer.registry.distrusted)


@pytest.fixture
def meter(database: str) -> Iterator[Meter]:
    found = Meter(database)
    yield found
    found.conn.close()
    found.admin.close()


def test_a_clock_eight_hours_behind_is_believed_until_it_is_known(meter: Meter) -> None:
    meter.live(10, BEHIND)
    assert not meter.distrusted
    meter.live(10, BEHIND)
    assert meter.distrusted
    first, last = meter.rows()[0], meter.rows()[-1]
    assert first == (NOW + BEHIND - SECOND, None, Quality.GOOD)
    received = meter.now - MINUTE
    assert last == (received, received + BEHIND - SECOND, Quality.UNTRUSTED_TIME)
    assert len(meter.rows()) == 20


@pytest.mark.parametrize("identified", [True, False], ids=["with an identity", "without"])
@pytest.mark.parametrize("restart", [False, True], ids=["", "after a restart"])
@pytest.mark.parametrize("device", ["m1", "behind-gw"])
def test_whatever_was_believed_is_not_stored_again_when_it_is_not(
    meter: Meter, identified: bool, restart: bool, device: str
) -> None:
    said = meter.live(20, BEHIND, identified=identified, device=device)
    assert meter.distrusted
    if restart:
        meter.restart()
    for message in said:
        outcome = meter.deliver(message)
        assert (outcome.readings, outcome.duplicates, outcome.unidentified) == (0, 1, 0)
    meter.now += 6 * MINUTE
    assert meter.write(*[Message(m.sender, m.identity, m.digest, meter.now, m.samples) for m in said]).duplicates == 20
    assert len(meter.rows()) == 20


@pytest.mark.parametrize("identified", [True, False], ids=["with an identity", "without"])
@pytest.mark.parametrize("restart", [False, True], ids=["", "after a restart"])
def test_whatever_was_not_believed_is_not_stored_again_when_the_clock_is_right(
    meter: Meter, identified: bool, restart: bool
) -> None:
    meter.live(20, BEHIND)
    doubted = meter.live(5, BEHIND, identified=identified)
    meter.live(6, timedelta(0))
    assert not meter.distrusted
    if restart:
        meter.restart()
    for message in doubted:
        assert meter.deliver(message).duplicates == 1
    assert len(meter.rows()) == 31
    assert meter.rows()[-1][1:] == (None, Quality.GOOD)


def test_another_value_under_a_time_that_was_believed_is_news_and_kept(meter: Meter) -> None:
    """A clock that is wrong may jump: the same time is no proof that the reading is the same."""
    (early, *_) = meter.live(20, BEHIND)
    other = Message(early.sender, "m:other", None, meter.now, [early.samples[0]._replace(values={"active_power": 2.0})])
    assert meter.write(other).readings == 1
    assert meter.rows()[-1][0] == meter.now


def test_devices_of_the_same_gateway_with_right_clocks_keep_their_times(meter: Meter) -> None:
    for _ in range(20):
        pack = Message(
            Sender("small", Family.GATEWAY, "gw"),
            f"m:{meter.now}",
            None,
            meter.now,
            [
                Sample("wrong", meter.now + BEHIND, {"co2": 600.0}),
                Sample("right", meter.now - SECOND, {"co2": 500.0}),
            ],
        )
        meter.write(pack)
        meter.now += MINUTE
    newest = meter.rows()[-2:]
    received = meter.now - MINUTE
    assert newest == [
        (received - SECOND, None, Quality.GOOD),
        (received, received + BEHIND, Quality.UNTRUSTED_TIME),
    ]
    assert meter.deliver(pack).duplicates == 1
    assert len(meter.rows()) == 40


@pytest.mark.parametrize("off", [timedelta(hours=8), timedelta(days=-20_000), None], ids=["zone", "1970", "no time"])
def test_a_pack_of_a_lying_clock_keeps_its_readings_apart(meter: Meter, off: timedelta | None) -> None:
    """Each at one received time would be one reading and several contradictions."""
    samples = [
        Sample("m1", None if off is None else meter.now + off + n * MINUTE, {"active_power": float(n)})
        for n in range(4)
    ]
    samples.append(samples[2])  # a repeat within the pack is one reading
    pack = Message(Sender("small", Family.METER, "m1"), "m:pack", None, meter.now, samples)
    outcome = meter.write(pack)
    timed = off is not None
    assert (outcome.readings, outcome.duplicates, outcome.conflicts) == ((4, 1, 0) if timed else (5, 0, 0))
    step = MINUTE if timed else timedelta(microseconds=1)
    assert sorted(row[0] for row in meter.rows()) == [meter.now - n * step for n in reversed(range(outcome.readings))]
    assert meter.deliver(pack).duplicates == 1


def test_a_message_that_came_late_from_a_clock_ahead_is_not_believed_either(meter: Meter) -> None:
    """Eight hours ahead and ten hours late looks like two hours late."""
    meter.live(6, timedelta(hours=8))
    assert meter.distrusted
    meter.write(meter.message(timedelta(hours=-2), identity="m:late"))
    assert meter.rows()[-1] == (meter.now, meter.now - timedelta(hours=2), Quality.UNTRUSTED_TIME)
