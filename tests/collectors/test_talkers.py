"""Who sends how much is known; a limit that a person set holds for that device's readings and for nothing else."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import limits
from collectors.inbox import Arrived
from collectors.limits import Bucket
from collectors.talkers import LONGEST, MINUTES, RARELY, SHOWN, TOPICS, Talkers, sender_of
from pipeline.domain.errors import ConfigurationError, NotFound
from pipeline.domain.message import DeadLetter, Sender
from pipeline.domain.park import Family
from pipeline.store import floods
from pipeline.store.database import connect
from tests.park import apply_small_park

START = datetime(2026, 11, 21, 6, 40, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def arrived(device: str, seconds: float, message: str = "readings") -> Arrived:
    return Arrived(f"park/v1/small/meter/{device}/{message}".encode(), b"{}", at(seconds), 1, 1, 1)


def letter(device: str, seconds: float, reason: str = "missing-key") -> DeadLetter:
    return DeadLetter(at(seconds), reason, "no values", b"", "small", device, f"{device}{seconds}".encode())


class Desk:
    """A park's database, a collector's connection to it, and a person's."""

    def __init__(self, url: str) -> None:
        self.admin = connect(url)
        apply_small_park(self.admin)
        self.admin.autocommit = True
        self.conn = connect(url, role="park_writer")
        self.conn.autocommit = True
        self.conn.execute("listen park")

    def one(self, query: str) -> tuple[object, ...]:
        row = self.admin.execute(query.encode()).fetchone()
        assert row
        return row

    def rows(self, query: str) -> list[tuple[object, ...]]:
        return self.admin.execute(query.encode()).fetchall()

    def close(self) -> None:
        self.conn.close()
        self.admin.close()


@pytest.fixture
def desk(database: str) -> Iterator[Desk]:
    found = Desk(database)
    yield found
    found.close()


def test_senders_are_counted_by_minute_and_the_busiest_are_kept(desk: Desk) -> None:
    talkers = Talkers("meter")
    talkers.listen(desk.conn, now=START)
    talkers.settle(desk.conn, now=START)
    for second in range(90):
        talkers.count([arrived("m1", second)] * 5 + [arrived(f"quiet{second}", second)])
        talkers.settle(desk.conn, now=at(second))
    talkers.settle(desk.conn, now=at(100))
    loud = "select minute, messages, round(peak_per_s) from park.device_minutes where device_id = 'm1' order by minute"
    assert desk.rows(loud) == [(at(0), 300, 6.0), (at(60), 150, 5.0)]  # 11 seconds were in the first window
    quiet = desk.one("select count(*), max(messages) from park.device_minutes where device_id like 'quiet%'")
    assert quiet == (90, 1)


def test_only_the_busiest_are_kept_by_name_and_whoever_was_rejected(desk: Desk) -> None:
    talkers = Talkers("meter")
    talkers.count([arrived(f"m{n}", 0) for n in range(100) for _ in range(n + 1)])
    talkers.rejected([letter("m0", 0)])
    talkers.settle(desk.conn, now=at(1))
    kept = desk.one("select count(*), min(messages) filter (where device_id <> 'm0') from park.device_minutes")
    assert kept == (SHOWN + 1, 100 - SHOWN + 1)
    assert desk.one("select device_id, reason, messages from park.reject_minutes") == ("m0", "missing-key", 1)


def test_a_flood_of_new_topics_does_not_fill_the_memory(desk: Desk) -> None:
    talkers = Talkers("meter")
    for first in range(0, 4 * TOPICS, 1000):
        talkers.count([arrived("loud", 0)] * 100 + [arrived(f"d{first + n}", 0) for n in range(1000)])
        assert sum(len(c) for c in talkers._counts.values()) <= TOPICS + 1001
    talkers.settle(desk.conn, now=at(1))
    loud = desk.one("select messages from park.device_minutes where device_id = 'loud'")
    assert loud == (100 * 4 * TOPICS // 1000,)


def test_a_sender_is_read_from_its_topic_and_any_other_is_named_by_it() -> None:
    assert sender_of(b"park/v1/small/meter/m1/readings") == ("small", "m1")
    assert sender_of(b"zigbee2mqtt/kitchen") == (None, "zigbee2mqtt/kitchen")
    assert sender_of(b"park/v1/small/meter") == (None, "park/v1/small/meter")
    assert sender_of(b"a\x00\xff" * 200) == (None, ("a\ufffd\ufffd" * 200)[:200])


def test_a_limit_holds_for_its_device_and_no_other(desk: Desk) -> None:
    talkers = Talkers("meter")
    talkers.listen(desk.conn, now=START)
    floods.limit(desk.admin, ("small", "m1"), 60, now=START, reason="broken firmware")
    talkers.settle(desk.conn, now=START)  # the notice comes with this transaction
    talkers.settle(desk.conn, now=START)
    sent = [arrived(device, tenth / 10) for tenth in range(1200) for device in ("m1", "m2")]
    sent += [arrived("m1", 130, "status"), arrived("m1", 130, "access")]
    passed = [m for n in range(0, len(sent), 7) for m in talkers.admit(sent[n : n + 7])]
    talkers.settle(desk.conn, now=at(131))
    mine = [m for m in passed if b"/m1/readings" in m.topic]
    assert len(mine) == 10 + 119  # 10 s of the allowance at once, then one a second
    assert [m for m in passed if b"/m2/" in m.topic] == [m for m in sent if b"/m2/" in m.topic]
    assert [m.topic for m in passed[-2:]] == [m.topic for m in sent[-2:]]  # a status, an event: always
    assert passed == [m for m in sent if m in set(passed)]  # in order
    assert desk.one("select sum(messages) from park.limited_minutes") == (1200 - len(mine),)
    assert desk.one("select count(distinct device_id) from park.limited_minutes") == (1,)


def test_sent_is_what_passed_and_what_was_left_out_by_minute(desk: Desk) -> None:
    floods.limit(desk.admin, ("small", "m1"), 6, now=START)
    talkers = Talkers("meter")
    talkers.listen(desk.conn, now=START)
    passed: dict[datetime, int] = {}
    for second in range(180):
        for message in talkers.admit([arrived("m1", second)]):
            minute = message.received.replace(second=0)
            passed[minute] = passed.get(minute, 0) + 1
        talkers.settle(desk.conn, now=at(second))
    left = dict(desk.admin.execute("select minute, messages from park.limited_minutes").fetchall())
    assert {m: passed[m] + left[m] for m in passed} == {at(0): 60, at(60): 60, at(120): 60}
    assert sum(passed.values()) == 18


def test_what_was_left_out_is_durable_before_the_ack(desk: Desk) -> None:
    """`settle` writes it at once, whatever is due else; where it cannot, it stays owed."""
    floods.limit(desk.admin, ("small", "m1"), 0, now=START)
    talkers = Talkers("meter")
    talkers.listen(desk.conn, now=START)
    talkers.settle(desk.conn, now=START)
    assert talkers.admit([arrived("m1", 1)]) == []
    desk.conn.execute("set default_transaction_read_only = on")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        talkers.settle(desk.conn, now=at(1))
    desk.conn.execute("set default_transaction_read_only = off")
    talkers.settle(desk.conn, now=at(1))
    talkers.settle(desk.conn, now=at(1))
    assert desk.one("select sum(messages) from park.limited_minutes") == (1,)


def test_what_goes_to_the_spool_was_not_left_out(desk: Desk) -> None:
    floods.limit(desk.admin, ("small", "m1"), 0, now=START)
    talkers = Talkers("meter")
    talkers.listen(desk.conn, now=START)
    assert talkers.admit([arrived("m1", 1)]) == []
    assert talkers.owes
    talkers.take_back()
    assert not talkers.owes
    talkers.settle(desk.conn, now=at(2))
    assert desk.one("select count(*) from park.limited_minutes") == (0,)


def test_a_foreign_device_is_known_and_limited_by_the_name_it_has_here(desk: Desk) -> None:
    """All that it sends: what a foreign message is about isn't known before it is read. Sparkplug counts its own."""
    floods.limit(desk.admin, ("small", "m1"), 0, now=START)
    talkers = Talkers("foreign", foreign=lambda _topic: Sender("small", Family.METER, "m1"))
    talkers.listen(desk.conn, now=START)
    sent = [Arrived(topic, b"", START, 1, 1, 1) for topic in (b"zigbee2mqtt/plug", b"spBv1.0/g/NDATA/m1", b"\xff")]
    talkers.count(sent)
    assert talkers.admit(sent) == [sent[1]]
    talkers.settle(desk.conn, now=at(1))
    assert desk.one("select park_id, device_id, messages from park.device_minutes") == ("small", "m1", 3)


def test_a_limit_runs_out_by_the_received_time_and_can_be_taken_off(desk: Desk) -> None:
    talkers = Talkers("meter")
    floods.limit(desk.admin, ("small", "m1"), 0, now=START, until=at(60))
    floods.limit(desk.admin, ("small", "g1"), 0, now=START, everything=True)
    talkers.listen(desk.conn, now=START)
    assert [len(talkers.admit([arrived("m1", s)])) for s in (0, 59.9, 60, 61)] == [0, 0, 1, 1]
    assert talkers.admit([arrived("g1", 1, "access"), arrived("g1", 1, "status")]) == []
    floods.unlimit(desk.admin, ("small", "g1"), now=at(62))
    talkers.settle(desk.conn, now=at(62))
    talkers.settle(desk.conn, now=at(62))
    assert len(talkers.admit([arrived("g1", 63, "access")])) == 1
    with pytest.raises(NotFound, match="a limit on device g1"):
        floods.unlimit(desk.admin, ("small", "g1"), now=at(63))
    with pytest.raises(NotFound, match="never sent"):
        floods.limit(desk.admin, ("small", "m9"), 1, now=at(63))
    told = desk.rows("select subject, actor, detail -> 'became' ->> 'per_minute' from park.audit_log order by entry")
    assert told[-3:] == [("devices/small/m1", "local", "0"), ("devices/small/g1", "local", "0"),
                         ("devices/small/g1", "local", None)]  # fmt: skip


def test_a_changed_limit_does_not_touch_another_devices_bucket(desk: Desk) -> None:
    floods.limit(desk.admin, ("small", "m1"), 6, now=START)
    talkers = Talkers("meter")
    talkers.listen(desk.conn, now=START)
    assert len(talkers.admit([arrived("m1", 0)] * 5)) == 1
    floods.limit(desk.admin, ("small", "g1"), 6, now=START)
    talkers.settle(desk.conn, now=START)
    talkers.settle(desk.conn, now=START)
    assert talkers.admit([arrived("m1", 1)]) == []  # not a new allowance


@given(
    st.integers(0, 600),
    st.lists(st.floats(0, 5, allow_nan=False), min_size=1, max_size=300),
)
def test_no_minute_lets_more_pass_than_its_allowance_and_what_was_saved(per_minute: int, gaps: list[float]) -> None:
    bucket, now, passed = Bucket(per_minute), 1000.0, []
    for gap in gaps:
        now += gap
        if bucket.take(now):
            passed.append(now)
    most = per_minute + max(1.0, per_minute / 6) if per_minute else 0
    assert all(sum(t <= other < t + 60 for other in passed) <= most + 1e-6 for t in passed)


def test_a_device_that_keeps_to_its_limit_never_loses_a_message() -> None:
    bucket = Bucket(60)
    assert all(bucket.take(1000.0 + n) for n in range(1000))


def test_while_the_database_is_away_the_counts_stay_small(desk: Desk) -> None:
    talkers = Talkers("meter")
    for minute in range(2 * LONGEST):
        talkers.count([arrived(f"m{n}", minute * 60) for n in range(200)] + [arrived("busy", minute * 60)] * 9)
    assert len(talkers._counts) <= LONGEST
    assert sum(map(len, talkers._counts.values())) <= LONGEST * RARELY + (MINUTES + 1) * 201
    talkers.listen(desk.conn, now=START)
    talkers.settle(desk.conn, now=at(2 * LONGEST * 60))
    busy = "select count(*), min(messages) from smartpark.device_minute where device_id = 'busy'"
    assert desk.one(busy) == (LONGEST, 9)


def test_counting_costs_next_to_nothing() -> None:
    """Shown, not timed: a batch is counted by one call, and looked through only where somebody is limited."""
    talkers = Talkers("meter")
    batch = [arrived(f"m{n}", 0) for n in range(5000)]
    begun = time.perf_counter()
    for _ in range(20):
        talkers.count(batch)
        assert talkers.admit(batch) is batch
    print(f"{(time.perf_counter() - begun) / 100_000 * 1e6:.3f} µs a message")


def test_a_collectors_account_may_not_limit_and_is_told_whose_may(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = f"collector_of{urlsplit(database).path[1:]}"
    with connect(database) as conn:
        conn.autocommit = True
        apply_small_park(conn)
        conn.execute(f"create role {collector} login password 'x' in role park_writer".encode())
        there = urlsplit(database)
        monkeypatch.setenv("PARK_DATABASE_URL", f"postgresql://{collector}:x@{there.hostname}:{there.port}{there.path}")
        try:
            with pytest.raises(ConfigurationError, match="owner"):
                limits.main(["m1", "--per-minute", "5"])
        finally:
            conn.execute(f"drop role {collector}".encode())
