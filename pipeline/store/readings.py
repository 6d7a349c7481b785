"""Stores readings at COPY speed, each (point, ts) once: optimistic until repeats come, then staged."""

from dataclasses import dataclass
from typing import LiteralString

import numpy as np
import psycopg

from pipeline.store.columns import Column, array, bucket_rows, rows_stream
from pipeline.store.registry import QUERIES
from pipeline.store.rows import Readings, Rows

_COPY: LiteralString = (
    "copy smartpark.reading (ts, received, device_ts, point, quality, value) from stdin (format binary)"
)
_STAGE: LiteralString = "copy stage_reading (ts, received, device_ts, point, quality, value) from stdin (format binary)"
_MARK: LiteralString = "copy smartpark.rollup_dirty (bucket, points) from stdin (format binary)"
BUCKET_US = 900_000_000  # roll-ups start from 15-minute buckets, in UTC
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
        if not len(rows.readings):
            return Stored(0, 0, 0)
        stored = self._store(conn, rows.readings)
        if not len(rows.contradictions):
            return stored
        # Against what is stored by now: a contradiction of the first of its batch may be what was there before them.
        refused = _store_staged(conn, rows.contradictions, _stream(rows.contradictions))
        return Stored(stored.new, stored.repeats + refused.repeats, stored.conflicts + refused.conflicts)

    def _store(self, conn: psycopg.Connection, readings: Readings) -> Stored:
        stream = _stream(readings)
        if not self.staged_left:
            try:
                with conn.transaction():
                    _copy(conn, _COPY, stream)
                return Stored(len(readings), 0, 0)
            except psycopg.errors.UniqueViolation:
                self.staged_left = CLEAN_BATCHES
        stored = _store_staged(conn, readings, stream)
        self.staged_left = self.staged_left - 1 if stored.new == len(readings) else CLEAN_BATCHES
        return stored


def keep_latest(conn: psycopg.Connection, rows: Rows) -> None:
    """Moves the latest value of every point in the batch forward, never back."""
    readings = rows.readings if rows.readings.live.all() else rows.readings.take(rows.readings.live)
    if not len(readings):
        return
    last = np.ones(len(readings), dtype=np.bool_)
    last[:-1] = readings.point[1:] != readings.point[:-1]  # they are in (point, ts) order
    newest = readings.take(last)
    conn.execute(
        QUERIES["upsert_latest"],
        {
            "points": array("int4", newest.point),
            "ts": array("timestamptz", newest.ts),
            "receiveds": array("timestamptz", newest.received),
            "values": array("float8", newest.value, null=np.isnan(newest.value)),
            "qualities": array("int2", newest.quality),
        },
    )


def mark_dirty(conn: psycopg.Connection, rows: Rows) -> None:
    """Appends which points were touched in which 15-minute buckets, one row a bucket."""
    if not len(rows.readings):
        return
    bucket = rows.readings.ts // BUCKET_US
    order = np.argsort(bucket, kind="stable")  # so that points stay in order within a bucket
    buckets, starts = np.unique(bucket[order], return_index=True)
    points = np.split(rows.readings.point[order], starts[1:])
    marks = [(int(b) * BUCKET_US, np.unique(p)) for b, p in zip(buckets, points, strict=True)]
    _copy(conn, _MARK, bucket_rows(marks))


def _store_staged(conn: psycopg.Connection, readings: Readings, stream: bytes) -> Stored:
    conn.execute(QUERIES["make_stage"])
    _copy(conn, _STAGE, stream)
    new = conn.execute(QUERIES["insert_staged"]).rowcount
    conflicts = 0
    if new < len(readings):
        span = {"span": array("timestamptz", np.array([readings.ts.min(), readings.ts.max()]))}
        found = conn.execute(QUERIES["keep_staged_conflicts"], span).fetchone()
        conflicts = found[0] if found else 0
    conn.execute("truncate stage_reading")  # a transaction may store twice
    return Stored(new, len(readings) - new - conflicts, conflicts)


def _stream(readings: Readings) -> bytes:
    return rows_stream(
        [
            Column("timestamptz", readings.ts),
            Column("timestamptz", readings.received),
            Column("timestamptz", readings.claimed, ~readings.claims),
            Column("int4", readings.point),
            Column("int2", readings.quality),
            Column("float8", readings.value, np.isnan(readings.value)),
        ]
    )


def _copy(conn: psycopg.Connection, statement: LiteralString, stream: bytes) -> None:
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(stream)
