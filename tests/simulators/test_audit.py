"""The audit must be able to fail: a row removed, doubled, changed, out of nowhere; and a message in flight."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from pipeline.domain.access import AccessEvent, AccessEventCode, AccessKind, Direction
from pipeline.domain.message import Batch, ConnectionState, DeadLetter, Event, Message, Sample, Sender, StatusReport
from pipeline.domain.screening import ScreeningResult, TemperatureScreening
from pipeline.ingest import Writer
from pipeline.store import parks
from pipeline.store.database import connect
from simulators.audit import audit
from simulators.happenings import EPOCH
from simulators.journal import Journal
from simulators.publisher import micros, real_us
from simulators.schedule import Cast
from simulators.utterance import Utterance
from tests.simulators.small_park import small_park

NOON = datetime(2026, 11, 19, 4, tzinfo=UTC)
MINUTES = 4


@pytest.fixture(scope="module")
def said() -> list[Utterance]:
    """Some minutes of the small park."""
    cast = Cast(small_park(), 7, "b1", faulty=False)
    end_us = micros(NOON) + MINUTES * 60_000_000
    found = cast.births(micros(NOON))
    for source in cast.sources(NOON.timestamp()):
        while (utterance := next(source)).at_us < end_us:
            found.append(utterance)
    return sorted(found, key=lambda u: u.at_us)


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    with connect(database) as conn:
        parks.apply(conn, small_park(), now=NOON)
        conn.commit()
        yield conn


@pytest.fixture
def journal(tmp_path: Path, said: list[Utterance]) -> Path:
    """All of it journaled and acknowledged."""
    return journaled(tmp_path / "journal.sqlite", said)


def journaled(path: Path, said: list[Utterance], *, acked: Callable[[int], bool] = lambda n: True) -> Path:
    book = Journal(path, park_id="small", real_us=real_us(), park_us=micros(NOON))
    numbers = book.write(said, sent_us=real_us())
    book.acked([(publication, real_us()) for n, (_, publication) in enumerate(numbers) if acked(n)])
    book.close()
    return path


def message(u: Utterance) -> Message:
    """What a collector would make of it."""
    at = EPOCH + timedelta(microseconds=u.at_us)
    sender = Sender("small", u.device.family, u.device.device_id)
    samples = [Sample(s.device_id, EPOCH + timedelta(microseconds=s.time_us), s.values) for s in u.samples]
    events = [event(u.event.kind, u.event.what, at)] if u.event else []
    return Message(sender, u.identity, (u.identity or "").encode()[-16:].rjust(16), at, samples, events)


def event(kind: str, what: str, at: datetime) -> Event:
    match kind:
        case "screening":
            return TemperatureScreening(at, ScreeningResult(what), 35.5)
        case "status":
            return StatusReport(at, ConnectionState(what))
        case "passage":
            way, count = what.split(":")
            return AccessEvent(at, AccessKind.PASSAGE, None, Direction(way), count=int(count))
    return AccessEvent(at, AccessKind(kind), AccessEventCode(int(what)))


def store(conn: psycopg.Connection, said: list[Utterance]) -> None:
    Writer(conn).write(Batch("all", [message(u) for u in said]), now=NOON + timedelta(minutes=MINUTES))


def delete_one(conn: psycopg.Connection, table: str) -> None:
    change(conn, f"delete from smartpark.{table} where (ctid, tableoid) = {ONE_DELETED[table]}")  # noqa: S608


def change(conn: psycopg.Connection, statement: str) -> None:
    done = conn.execute(statement.encode())
    assert done.rowcount == 1
    conn.commit()


ONE_DELETED = {
    "access_event": "(select ctid, tableoid from smartpark.access_event limit 1)",
    "temperature_screening": "(select ctid, tableoid from smartpark.temperature_screening limit 1)",
    "device_status": "(select ctid, tableoid from smartpark.device_status limit 1)",
    "reading": "(select ctid, tableoid from smartpark.reading limit 1)",
}
SET_VALUE = (
    "update smartpark.reading set value = value + 0.001"
    " where (ctid, tableoid) = (select ctid, tableoid from smartpark.reading limit 1)"
)
SET_DIRECTION = (
    "update smartpark.access_event set direction = 'in' where (ctid, tableoid) ="
    " (select ctid, tableoid from smartpark.access_event where kind = 'passage' and direction = 'out' limit 1)"
)
DOUBLED = {
    "reading": ("reading_point_ts_key", "insert into smartpark.reading select * from smartpark.reading limit 1"),
    "access_event": (
        "access_event_device_identity_ordinal_ts_key",
        "insert into smartpark.access_event select * from smartpark.access_event limit 1",
    ),
}
AT_ANOTHER_TIME = (
    "insert into smartpark.access_event (ts, received, device, identity, kind, code, direction, count)"
    " select ts + interval '1 second', received, device, identity, kind, code, direction, count"
    " from smartpark.access_event limit 1"
)
OUT_OF_NOWHERE = (
    "insert into smartpark.reading (ts, received, point, quality, value)"
    " select ts + interval '1 millisecond', received, point, quality, value from smartpark.reading"
    " where ts > timestamptz '2026-11-19 04:02:00+00' limit 1"
)


def test_what_is_all_there_is_clean(conn: psycopg.Connection, journal: Path, said: list[Utterance]) -> None:
    store(conn, said)
    found = audit(journal, conn)
    assert found.clean
    assert found.published == found.stored == len(said)
    assert (found.in_flight, found.dead_letters, found.publications) == (0, 0, len(said))
    assert found.latency_ms and 0 < found.latency_ms["p50"] <= found.latency_ms["p99"] < 60_000


def test_a_second_delivery_of_everything_changes_nothing(
    conn: psycopg.Connection, journal: Path, said: list[Utterance]
) -> None:
    store(conn, said)
    store(conn, said)
    found = audit(journal, conn)
    assert found.clean and found.stored == len(said)


def test_a_missing_reading_loses_its_message(conn: psycopg.Connection, journal: Path, said: list[Utterance]) -> None:
    store(conn, said)
    delete_one(conn, "reading")
    found = audit(journal, conn)
    assert (found.lost, found.stored, found.duplicates) == (1, len(said) - 1, 0)
    assert len(found.examples) == 1 and not found.clean


@pytest.mark.parametrize("table", ["access_event", "temperature_screening", "device_status"])
def test_a_missing_event_is_lost(conn: psycopg.Connection, journal: Path, said: list[Utterance], table: str) -> None:
    store(conn, said)
    delete_one(conn, table)
    found = audit(journal, conn)
    assert (found.lost, found.stored) == (1, len(said) - 1)


def test_a_reading_with_another_value_is_wrong_and_lost(
    conn: psycopg.Connection, journal: Path, said: list[Utterance]
) -> None:
    store(conn, said)
    change(conn, SET_VALUE)
    found = audit(journal, conn)
    assert (found.lost, found.wrong) == (1, 1)


def test_an_event_that_says_something_else_is_wrong(
    conn: psycopg.Connection, journal: Path, said: list[Utterance]
) -> None:
    store(conn, said)
    change(conn, SET_DIRECTION)
    found = audit(journal, conn)
    assert (found.lost, found.wrong) == (1, 1)


def test_a_doubled_reading_and_a_doubled_event_are_duplicates(
    conn: psycopg.Connection, journal: Path, said: list[Utterance]
) -> None:
    store(conn, said)
    for table, (constraint, insert) in DOUBLED.items():
        conn.execute(f"alter table smartpark.{table} drop constraint {constraint}".encode())
        change(conn, insert)
    found = audit(journal, conn)
    assert (found.lost, found.duplicates) == (0, 2) and not found.clean


def test_an_event_stored_under_another_time_as_well_is_a_duplicate(
    conn: psycopg.Connection, journal: Path, said: list[Utterance]
) -> None:
    store(conn, said)
    change(conn, AT_ANOTHER_TIME)
    assert audit(journal, conn).duplicates == 1


def test_a_reading_that_nobody_published_is_unexpected(
    conn: psycopg.Connection, journal: Path, said: list[Utterance]
) -> None:
    store(conn, said)
    change(conn, OUT_OF_NOWHERE)
    found = audit(journal, conn)
    assert (found.lost, found.unexpected) == (0, 1) and not found.clean


def test_nothing_stored_is_all_lost(conn: psycopg.Connection, journal: Path, said: list[Utterance]) -> None:
    found = audit(journal, conn, wait_s=0.1)
    assert (found.published, found.stored, found.lost) == (len(said), 0, len(said))
    assert found.latency_ms is None


def test_what_was_never_acknowledged_is_in_flight_not_lost(
    conn: psycopg.Connection, tmp_path: Path, said: list[Utterance]
) -> None:
    path = journaled(tmp_path / "half.sqlite", said, acked=lambda n: n % 2 == 0)
    store(conn, [u for n, u in enumerate(said) if n % 2 == 0])
    found = audit(path, conn)
    half = (len(said) + 1) // 2
    assert (found.published, found.stored, found.lost, found.in_flight) == (half, half, 0, len(said) - half)


def test_dead_letters_since_the_journal_began_are_counted(
    conn: psycopg.Connection, journal: Path, said: list[Utterance]
) -> None:
    store(conn, said)
    letters = [
        DeadLetter(at, "not-json", "cut off", b"x", park, "m", bytes([n]))
        for n, (at, park) in enumerate([(NOON, "small"), (NOON, None), (NOON, "other"), (NOON - timedelta(1), "small")])
    ]
    Writer(conn).write(Batch("all", dead_letters=letters), now=NOON)
    assert audit(journal, conn).dead_letters == 2


def test_no_journal_is_an_error(conn: psycopg.Connection, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no journal"):
        audit(tmp_path / "none.sqlite", conn)
