"""What makes two messages the same, and what happens to each kind of repeat: docs/wire.md's table, row by row."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256

import psycopg
import pytest

from pipeline.domain.access import AccessEvent, AccessKind, Direction
from pipeline.domain.clock_fault import GUESSED
from pipeline.domain.message import Batch, DeadLetter, Event, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.domain.quality import Quality
from pipeline.ingest import Outcome, Writer
from pipeline.store.database import connect
from tests.park import apply_small_park

NOW = datetime(2026, 11, 21, 6, 40, tzinfo=UTC)
EARLIER = NOW - timedelta(seconds=10)


class Desk:
    """A writer on a fresh database, and the questions that tests ask of it."""

    def __init__(self, url: str) -> None:
        self.conn = connect(url, role="park_writer")
        self.admin = connect(url)
        self.admin.autocommit = True
        apply_small_park(self.admin)
        self.writer = Writer(self.conn)

    def write(self, *messages: Message) -> Outcome:
        return self.writer.write(Batch("test", list(messages)), now=NOW)

    def rows(self, query: bytes) -> list[tuple[object, ...]]:
        return self.admin.execute(query).fetchall()

    def close(self) -> None:
        self.conn.close()
        self.admin.close()


@pytest.fixture
def desk(database: str) -> Iterator[Desk]:
    found = Desk(database)
    yield found
    found.close()


def readings(
    value: float | None,
    *,
    time: datetime | None = EARLIER,
    identity: str | None = "m:1",
    device: str = "m1",
    point: str = "active_power",
    received: datetime = NOW,
) -> Message:
    digest = blake2b(repr((value, time, identity, point)).encode(), digest_size=16).digest()
    sample = Sample(device, time, {point: value})
    return Message(Sender("small", Family.METER, device), identity, digest, received, [sample])


def passage(*, identity: str | None = "m:1", time: datetime | None = EARLIER, way: Direction = Direction.IN) -> Message:
    digest = blake2b(repr((identity, time, way)).encode(), digest_size=16).digest()
    event: Event = AccessEvent(time, AccessKind.PASSAGE, direction=way, count=1)
    return Message(Sender("small", Family.GATE, "g1"), identity, digest, NOW, [], [event])


STORED = b"select ts, received, device_ts, quality, value from smartpark.reading order by ts, value"


def test_a_reading_is_stored_with_both_times_and_its_quality(desk: Desk) -> None:
    assert desk.write(readings(42.0)).readings == 1
    assert desk.rows(STORED) == [(EARLIER, NOW, None, Quality.GOOD, 42.0)]


def test_the_same_reading_twice_is_stored_once_even_under_another_id(desk: Desk) -> None:
    desk.write(readings(42.0))
    again = desk.write(readings(42.0), readings(42.0, identity="m:2"))
    assert (again.readings, again.duplicates, again.conflicts) == (0, 2, 0)
    assert len(desk.rows(STORED)) == 1


def test_the_same_key_with_another_value_is_kept_beside_the_first(desk: Desk) -> None:
    desk.write(readings(42.0))
    assert desk.write(readings(43.0)).conflicts == 1
    assert desk.write(readings(43.0)).conflicts == 1  # seen again, kept once
    assert [r[4] for r in desk.rows(STORED)] == [42.0]
    assert desk.rows(b"select kept, refused from park.conflicts") == [(42.0, 43.0)]


def test_contradictions_inside_one_batch_are_kept_too(desk: Desk) -> None:
    outcome = desk.write(readings(1.0), readings(2.0), readings(1.0))
    assert (outcome.readings, outcome.duplicates, outcome.conflicts) == (1, 1, 1)
    assert desk.rows(b"select kept, refused from park.conflicts") == [(1.0, 2.0)]


@pytest.mark.parametrize(
    ("time", "why"),
    [
        (None, "missing"),
        (datetime(1970, 1, 1, tzinfo=UTC), "never set"),
        (NOW + timedelta(hours=8), "in the future"),
        (EARLIER.replace(tzinfo=GUESSED), "in another unit than it says"),
        (datetime(2026, 11, 21, 14, 40), "without an offset"),  # noqa: DTZ001 - that is the point
    ],
)
def test_a_time_that_cannot_be_trusted_is_replaced_and_kept(desk: Desk, time: datetime | None, why: str) -> None:
    first = desk.write(readings(5.0, time=time))
    later = readings(5.0, time=time, received=NOW + timedelta(seconds=3))
    again = desk.write(later)
    assert (first.readings, again.readings, again.duplicates) == (1, 0, 1), why
    claimed = time.replace(tzinfo=UTC) if time else None
    assert desk.rows(STORED) == [(NOW, NOW, claimed, Quality.UNTRUSTED_TIME, 5.0)]


def test_a_clock_that_comes_true_while_the_message_is_repeated_does_not_double_it(desk: Desk) -> None:
    """Six minutes ahead at first; at the redelivery, two minutes later, the same time would pass as plausible."""
    ahead = NOW + timedelta(minutes=6)
    desk.write(readings(5.0, time=ahead))
    repeat = readings(5.0, time=ahead, received=NOW + timedelta(minutes=2))
    assert desk.write(repeat).duplicates == 1
    with_both = [
        readings(6.0, time=ahead, identity="m:2", device="m9"),
        readings(6.0, time=ahead, identity="m:2", device="m9", received=NOW + timedelta(minutes=2)),
    ]
    assert (desk.write(*with_both).readings, len(desk.rows(STORED))) == (1, 2)  # both deliveries in one batch
    fresh = Writer(desk.conn)  # another process learns of the suspect from the database
    assert fresh.write(Batch("test", [repeat]), now=NOW).duplicates == 1
    assert len(desk.rows(STORED)) == 2


def test_a_reading_with_neither_identity_nor_time_is_at_least_once_and_counted(desk: Desk) -> None:
    bare = readings(5.0, time=None, identity=None)
    later = readings(5.0, time=None, identity=None, received=NOW + timedelta(seconds=1))
    assert (desk.write(bare).unidentified, desk.write(later).unidentified) == (1, 1)
    assert len(desk.rows(STORED)) == 2


def test_events_are_the_same_by_identity_only(desk: Desk) -> None:
    assert desk.write(passage(), passage(identity="m:2")).events == 2  # same millisecond, same content: two persons
    assert desk.write(passage(), passage(identity="m:2")).duplicates == 2
    assert desk.rows(b"select count(*) from smartpark.access_event") == [(2,)]


def test_an_event_without_identity_is_the_same_by_time_and_content(desk: Desk) -> None:
    assert desk.write(passage(identity=None)).events == 1
    assert desk.write(passage(identity=None)).duplicates == 1
    assert desk.write(passage(identity=None, way=Direction.OUT)).events == 1
    assert desk.write(passage(identity=None, time=None)).unidentified == 1


def test_an_identity_with_another_content_is_kept_as_a_conflict(desk: Desk) -> None:
    desk.write(passage())
    assert desk.write(passage(way=Direction.OUT)).conflicts == 1
    assert desk.rows(b"select direction from smartpark.access_event") == [("in",)]
    (shown,) = desk.rows(b"select kind, identity, content from park.conflicts")
    assert shown[:2] == ("access", "m:1")
    assert isinstance(shown[2], dict)
    assert shown[2]["events"][0]["direction"] == "out"


def test_a_conflict_never_shows_whom_it_speaks_of(desk: Desk) -> None:
    desk.write(passage())
    other = passage(way=Direction.OUT)
    other.events[0] = replace(other.events[0], subject="5eb1ec7", company_id="acme")  # type: ignore[call-arg]
    assert desk.write(other).conflicts == 1
    (text,) = desk.rows(b"select string_agg(c::text, '') from smartpark.conflict c")
    assert "5eb1ec7" not in str(text)
    assert "acme" not in str(text)


def test_an_older_reading_never_overwrites_the_latest_value(desk: Desk) -> None:
    desk.write(readings(2.0, time=NOW))
    desk.write(readings(1.0, time=NOW - timedelta(hours=24)))
    assert desk.rows(b"select ts, value from smartpark.latest") == [(NOW, 2.0)]
    assert len(desk.rows(STORED)) == 2


def test_quality_says_what_is_wrong_with_a_value(desk: Desk) -> None:
    times = [NOW - timedelta(seconds=s) for s in range(3)]
    desk.write(*(readings(v, time=t) for v, t in zip((None, 900.0, 30.0), times, strict=True)))
    assert [r[3] for r in desk.rows(STORED)] == [Quality.GOOD, Quality.OUT_OF_RANGE, Quality.BAD]


def test_an_unknown_device_and_point_are_kept_as_provisional(desk: Desk) -> None:
    desk.write(readings(1.0, device="nobody-knows", point="something"))
    assert desk.rows(b"select device_id, provisional from park.devices where provisional") == [("nobody-knows", True)]
    assert desk.rows(b"select name, value from park.points where provisional") == [("something", 1.0)]


def test_the_same_malformed_bytes_are_kept_once_and_counted(desk: Desk) -> None:
    letter = DeadLetter(NOW, "not-json", "", b"sealed", identity=b"same")
    batch = Batch("test", dead_letters=[letter])
    assert [desk.writer.write(batch, now=NOW).dead_letters for _ in range(3)] == [1, 0, 0]
    assert desk.rows(b"select times, last_received from park.dead_letters") == [(3, NOW)]


def test_a_row_too_large_for_an_index_is_no_passing_trouble(desk: Desk) -> None:
    """Otherwise its batch would be tried again for ever; narrowed down, it becomes a dead letter."""
    noise = "".join(sha256(str(n).encode()).hexdigest() for n in range(300))
    with pytest.raises(psycopg.errors.ProgramLimitExceeded):
        desk.write(passage(identity=f"m:{noise}"))


def test_a_batch_is_stored_whole_or_not_at_all(desk: Desk) -> None:
    bad = readings(1.0, device="new")
    bad.samples[0].values["x\x00"] = 2.0  # no decoder lets this through; the database refuses it
    with pytest.raises(psycopg.DataError):
        desk.write(readings(7.0), bad)
    assert desk.rows(STORED) == []
    assert desk.rows(b"select count(*) from smartpark.device where device_id = 'new'") == [(0,)]
    assert desk.write(readings(7.0), readings(1.0, device="new")).readings == 2  # the cache forgot what was undone


def test_a_writer_hears_of_a_changed_registry(desk: Desk) -> None:
    desk.write(readings(499.0, time=EARLIER))
    desk.admin.execute(b"update smartpark.point set high = 100 where name = 'active_power'")
    desk.admin.execute(b"select pg_notify('park', 'registry:small')")
    desk.write(readings(499.0, time=NOW))
    assert [r[3] for r in desk.rows(STORED)] == [Quality.GOOD, Quality.OUT_OF_RANGE]


def test_two_writers_with_the_same_messages_in_opposite_order_do_not_deadlock(desk: Desk, database: str) -> None:
    import threading

    messages = [readings(float(n), device=f"d{n:03}", identity=f"m:{n}") for n in range(300)]
    outcomes: list[Outcome] = []

    def run(order: list[Message]) -> None:
        with connect(database, role="park_writer") as conn:
            writer = Writer(conn)
            outcomes.extend(writer.write(Batch("test", order), now=NOW) for _ in range(5))

    threads = [threading.Thread(target=run, args=[order]) for order in (messages, messages[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 10
    assert sum(o.readings for o in outcomes) == 300
    assert desk.rows(b"select count(*) from smartpark.reading") == [(300,)]


def test_events_notify_by_kind_and_readings_never_do(desk: Desk) -> None:
    desk.admin.execute(b"listen park")
    desk.write(readings(1.0))
    desk.write(passage(), passage(identity="m:2"))
    heard = [n.payload.split(":")[0] for n in desk.admin.notifies(timeout=0.2)]
    assert heard == ["access"]


def told(sample: Sample, *, received: datetime = NOW, identity: str = "m:1") -> Message:
    return Message(Sender("small", Family.METER, "m1"), identity, None, received, [sample])


LATEST = b"select value, quality from smartpark.latest"


def test_history_is_stored_but_never_the_latest_value(desk: Desk) -> None:
    desk.write(told(Sample("m1", EARLIER, {"active_power": 1.0})))
    desk.write(told(Sample("m1", NOW, {"active_power": 2.0}, historical=True), identity="m:2"))
    assert [row[-1] for row in desk.rows(STORED)] == [1.0, 2.0]
    assert desk.rows(LATEST) == [(1.0, Quality.GOOD)]


def test_stale_points_are_unknown_from_the_moment_they_are_called_so(desk: Desk) -> None:
    desk.write(told(Sample("m1", EARLIER, {"active_power": 1.0})))
    desk.write(told(Sample("m1", None, {"active_power": None}, stale=True), identity="m:2"))
    assert desk.rows(LATEST) == [(None, Quality.STALE)]


def test_a_device_may_say_how_long_its_silence_is_fine(desk: Desk) -> None:
    desk.write(told(Sample("m1", EARLIER, {"active_power": 1.0}, stale_after_s=900.0)))
    deadline = b"select deadline - heard from smartpark.device_state s join smartpark.device d using (device)"
    assert desk.rows(deadline + b" where d.device_id = 'm1'") == [(timedelta(seconds=900),)]


def test_a_flood_of_contradictions_is_kept_in_few_statements(desk: Desk) -> None:
    times = [EARLIER + timedelta(milliseconds=n) for n in range(3000)]
    desk.write(*(told(Sample("m1", t, {"active_power": 1.0}), identity=f"m:{n}") for n, t in enumerate(times)))
    again = [told(Sample("m1", t, {"active_power": 2.0}), identity=f"n:{n}") for n, t in enumerate(times)]
    assert desk.write(*again).conflicts == 3000
    assert desk.write(*again, *again).conflicts == 6000 - 3000, "the second of two in a batch repeats the first"
    assert desk.rows(b"select count(*), min(kept), max(refused) from smartpark.conflict") == [(3000, 1.0, 2.0)]
