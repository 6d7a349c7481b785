"""Stores readings at COPY speed, each (point, ts) once: optimistic until repeats come, then staged."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from operator import itemgetter
from typing import LiteralString

import psycopg

from pipeline.store.registry import QUERIES
from pipeline.store.rows import BUCKET_S, ReadingRow, Rows

_COPY: LiteralString = (
    "copy smartpark.reading (ts, received, device_ts, point, quality, value) from stdin (format binary)"
)
_STAGE: LiteralString = "copy stage_reading (ts, received, device_ts, point, quality, value) from stdin (format binary)"
_TYPES = ("timestamptz", "timestamptz", "timestamptz", "int4", "int2", "float8")
_KEY_ORDER = itemgetter(3, 0)
CLEAN_BATCHES = 20  # so many staged batches without a repeat before plain COPY is tried again


@dataclass(frozen=True, slots=True)
class Stored:
    """How many readings were new, were stored before with the same value, and with another value."""

    new: int
    repeats: int
    conflicts: int


class ReadingStore:
    """Remembers whether repeats are about; one per connection."""

    def __init__(self) -> None:
        self.staged_left = 0

    def store(self, conn: psycopg.Connection, rows: Rows) -> Stored:
        """Writes all readings of a batch in key order, and every contradiction to the conflict table."""
        ordered = sorted(rows.readings.values(), key=_KEY_ORDER)
        for row, kept in rows.contradictions:
            add_conflict(conn, row, kept)
        if not ordered:
            return Stored(0, 0, 0)
        if not self.staged_left:
            try:
                with conn.transaction():
                    _copy(conn, _COPY, ordered)
                return Stored(len(ordered), 0, 0)
            except psycopg.errors.UniqueViolation:
                self.staged_left = CLEAN_BATCHES
        stored = _store_staged(conn, ordered)
        self.staged_left = self.staged_left - 1 if stored.new == len(ordered) else CLEAN_BATCHES
        return stored


def keep_latest(conn: psycopg.Connection, rows: Rows) -> None:
    """Moves the latest value of every point in the batch forward, never back."""
    newest: dict[int, ReadingRow] = {}
    for row in rows.readings.values():
        known = newest.get(row[3])
        if known is None or row[0] > known[0]:
            newest[row[3]] = row
    if not newest:
        return
    ordered = [newest[point] for point in sorted(newest)]
    conn.execute(
        QUERIES["upsert_latest"],
        {
            "points": [r[3] for r in ordered],
            "ts": [r[0] for r in ordered],
            "receiveds": [r[1] for r in ordered],
            "values": [r[5] for r in ordered],
            "qualities": [r[4] for r in ordered],
        },
    )


def mark_dirty(conn: psycopg.Connection, rows: Rows) -> None:
    """Appends which points were touched in which 15-minute buckets, one row a bucket."""
    if not rows.buckets:
        return
    with conn.cursor() as cursor, cursor.copy("copy smartpark.rollup_dirty (bucket, points) from stdin") as copy:
        for bucket, points in sorted(rows.buckets.items()):
            copy.write_row((datetime.fromtimestamp(bucket * BUCKET_S, UTC), sorted(points)))


def add_conflict(conn: psycopg.Connection, row: ReadingRow, kept: float | None) -> None:
    """Keeps a reading that contradicts the stored one beside it."""
    ts, received, _, point, _, refused = row
    conn.execute(
        QUERIES["add_conflict"],
        {
            "device": None,
            "kind": "reading",
            "point": point,
            "ts": ts,
            "identity": None,
            "digest": blake2b(repr(refused).encode(), digest_size=16).digest(),
            "received": received,
            "kept": kept,
            "refused": refused,
            "content": None,
        },
    )


def _store_staged(conn: psycopg.Connection, ordered: list[ReadingRow]) -> Stored:
    conn.execute(QUERIES["make_stage"])
    _copy(conn, _STAGE, ordered)
    new = conn.execute(QUERIES["insert_staged"]).rowcount
    conflicts = []
    if new < len(ordered):
        times = [row[0] for row in ordered]
        conflicts = conn.execute(
            QUERIES["staged_contradictions"], {"oldest": min(times), "newest": max(times)}
        ).fetchall()
        for point, ts, received, kept, refused in conflicts:
            add_conflict(conn, (ts, received, None, point, 0, refused), kept)
    conn.execute("truncate stage_reading")  # a transaction may store twice
    return Stored(new, len(ordered) - new - len(conflicts), len(conflicts))


def _copy(conn: psycopg.Connection, statement: LiteralString, rows: list[ReadingRow]) -> None:
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(_TYPES)
        for row in rows:
            copy.write_row(row)
