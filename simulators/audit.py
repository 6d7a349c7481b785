"""Compares what the simulator says it published with what the database holds, both ways.

The journal was written before publishing, by another process than the one that stored: neither side can vouch for
itself. A message counts as stored when all its readings and its event are there, with their values.
"""

import threading
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from pipeline.store.queries import load
from simulators import journal
from simulators.happenings import EPOCH

QUERIES = load(Path(__file__).parent / "audit_sql")
POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Audit:
    """Messages, unless named otherwise. published: with a PUBACK; in_flight: without one, so nobody promised anything.

    duplicates: rows beyond the first of one key. wrong: parts found with another value. unexpected: readings that
    nobody published. latency_ms: from first publishing to commit (p50, p99); None where the server cannot tell.
    examples: journal numbers of lost messages.
    """

    published: int
    stored: int
    lost: int
    in_flight: int
    duplicates: int
    wrong: int
    unexpected: int
    dead_letters: int
    publications: int
    latency_ms: dict[str, float] | None
    examples: tuple[int, ...] = ()

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing twice, nothing wrong, nothing out of nowhere."""
        return not (self.lost or self.duplicates or self.wrong or self.unexpected)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def audit(path: Path, conn: psycopg.Connection, *, wait_s: float = 0.0) -> Audit:
    """The audit of a journal; while something is missing it is asked again, for up to wait_s seconds of real time.

    Leaves nothing behind in the database. Raises FileNotFoundError where there is no journal.
    """
    deadline = time.monotonic() + wait_s
    pause = threading.Event()
    while True:
        found = _audit(journal.read(path), conn)
        if not (found.lost or found.in_flight) or time.monotonic() >= deadline:
            return found
        pause.wait(POLL_S)


def _audit(record: journal.Record, conn: psycopg.Connection) -> Audit:
    since = EPOCH + timedelta(microseconds=record.since_us)
    with conn.transaction():
        for name in ("make_expected_reading", "make_expected_event", "make_sent"):
            conn.execute(QUERIES[name])
        oldest, newest = _copy(record, conn)
        conn.execute(QUERIES["analyze_expected"])
        park: dict[str, Any] = {"park_id": record.park_id, "oldest": oldest or since, "newest": newest or since}
        park["timed"] = _row(conn, "tracks_commits")[0]
        conn.execute(QUERIES["find_readings"], park)
        conn.execute(QUERIES["find_events"], park)
        published, stored, lost, in_flight, duplicates, wrong, p50, p99 = _row(conn, "judge")
        unexpected = _row(conn, "unexpected_readings", park)[0]
        dead = _row(conn, "dead_letters_since", {**park, "since": since})[0]
        examples = tuple(n for (n,) in conn.execute(QUERIES["lost_messages"]))
    latency = {"p50": round(p50, 1), "p99": round(p99, 1)} if p50 is not None else None
    return Audit(
        published, stored, lost, in_flight, duplicates, wrong, unexpected, dead, record.publications, latency, examples
    )


def _copy(record: journal.Record, conn: psycopg.Connection) -> tuple[datetime | None, datetime | None]:
    """Puts the journal beside the tables; returns the oldest and newest device time of its readings."""
    times: set[int] = set()
    cursor = conn.cursor()
    with cursor.copy("copy expected_reading (message, run, device_id, name, ts, value) from stdin") as copy:
        for entry in record.entries:
            for device_id, time_us, values in entry.parts.samples:
                times.add(time_us)
                ts = _utc(time_us)
                for name, value in values.items():
                    copy.write_row((entry.message, entry.run, device_id, name, ts, value))
    with cursor.copy("copy expected_event (message, device_id, identity, kind, what) from stdin") as copy:
        for entry in record.entries:
            if entry.parts.event:
                copy.write_row((entry.message, entry.device_id, entry.identity, *entry.parts.event))
    with cursor.copy("copy sent (message, at, acked) from stdin") as copy:
        for entry in record.entries:
            copy.write_row((entry.message, _utc(entry.sent_us), entry.acked))
    return (_utc(min(times)), _utc(max(times))) if times else (None, None)


def _row(conn: psycopg.Connection, name: str, values: dict[str, Any] | None = None) -> tuple[Any, ...]:
    row = conn.execute(QUERIES[name], values).fetchone()
    assert row is not None  # noqa: S101 - each of these always has one row
    return row


def _utc(time_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=time_us)
