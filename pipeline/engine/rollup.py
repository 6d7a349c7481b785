"""Refreshes the roll-ups of exactly the buckets that were touched, and the park's days from them.

Apache: tables, recomputed here with the one SELECT text of all editions. Plain: views, so only the days.
Community: see rollup_community.
"""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg

from pipeline.engine.steps import QUERIES
from pipeline.store.schema import rollup_select

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
OPEN_EVERY = timedelta(seconds=60)  # a bucket that still fills is recomputed this often, not at every tick
OPEN_SHARE = 20  # and then pauses for so many times as long as it took: the fuller it is, the more it costs
FAR = datetime(9999, 1, 1, tzinfo=UTC)

Touched = set[tuple[int, datetime]]
"""(point, start of a 15-minute bucket)"""


@dataclass(slots=True)
class RollUp:
    """The step for the Apache edition and for plain PostgreSQL."""

    edition: str
    raw_days: int
    _opened: datetime | None = field(default=None)
    _pause: timedelta = field(default=OPEN_EVERY)

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Takes the marks first and recomputes in the same transaction; how many (point, bucket) were touched."""
        if self._opened is not None and timedelta(0) <= now - self._opened < self._pause:
            return self._refresh(conn, floor(now, QUARTER), now)
        self._opened, begun = now, time.perf_counter()
        touched = self._refresh(conn, FAR, now)
        self._pause = max(OPEN_EVERY, timedelta(seconds=OPEN_SHARE * (time.perf_counter() - begun)))
        return touched

    def _refresh(self, conn: psycopg.Connection, before: datetime, now: datetime) -> int:
        marks = conn.execute(QUERIES["take_marks"], {"before": before}, binary=True).fetchall()
        touched = whole(marks, now=now, raw_days=self.raw_days)
        if touched:
            stage(conn, touched)
            if self.edition == "apache":
                recompute(conn, touched)
            refresh_days(conn)
        return len(touched)


def floor(instant: datetime, width: timedelta) -> datetime:
    """The start of the UTC bucket that holds an instant, as `time_bucket` has it."""
    return instant - (instant - datetime(2000, 1, 3, tzinfo=UTC)) % width


def whole(marks: Iterable[tuple[datetime, list[int]]], *, now: datetime, raw_days: int) -> Touched:
    """What the marks touch, without buckets older than raw retention: those are no longer whole, never rolled up."""
    horizon = now - timedelta(days=raw_days - 1)
    found: defaultdict[datetime, set[int]] = defaultdict(set)
    for bucket, points in marks:
        if bucket >= horizon:
            found[bucket].update(points)
    return {(point, bucket) for bucket, points in found.items() for point in points}


def stage(conn: psycopg.Connection, touched: Touched) -> None:
    """Puts what was touched where the statements of this transaction find it."""
    conn.execute(QUERIES["make_touched"])
    conn.execute(QUERIES["make_touched_days"])
    with conn.cursor() as cursor, cursor.copy("copy touched (point, bucket) from stdin") as copy:
        for row in sorted(touched):
            copy.write_row(row)
    conn.execute("analyze touched")


def recompute(conn: psycopg.Connection, touched: Touched) -> None:
    """Replaces the touched rows of both roll-up tables, hour by hour: fixed bounds let the planner skip chunks.

    Quarters come from raw readings, hours from quarters: the raw readings of an open hour are too many to read again
    and again.
    """
    quarters = _quarters()
    for hour in sorted({floor(bucket, HOUR) for _, bucket in touched}):
        bounds = {"since": hour, "until": hour + HOUR}
        conn.execute(QUERIES["delete_quarters"], bounds)
        conn.execute(quarters, bounds)
        conn.execute(QUERIES["delete_hours"], bounds)
        conn.execute(QUERIES["refresh_hours"], bounds)


def refresh_days(conn: psycopg.Connection) -> None:
    """Replaces the park days that the staged buckets belong to, from their 15-minute rows."""
    conn.execute(QUERIES["touched_days"])
    conn.execute("analyze touched_day")
    conn.execute(QUERIES["delete_days"])
    conn.execute(QUERIES["refresh_days"])
    conn.execute("truncate touched, touched_day")


def _quarters() -> bytes:
    """The one SELECT text of all editions, over the raw readings of what was touched between `since` and `until`."""
    width = "15 minutes"
    source = (  # `distinct` for the planner: without it, it reads a new chunk once for each touched point
        "(select r.* from smartpark.reading r"
        " join (select distinct point, bucket from touched where bucket >= %(since)s and bucket < %(until)s) t"
        f" on t.point = r.point and t.bucket = time_bucket('{width}'::interval, r.ts)"
        " where r.ts >= %(since)s and r.ts < %(until)s) as reading"
    )
    columns = "point, bucket, n, sum, min, max, first, last"
    return f"insert into smartpark.rollup_15m ({columns}) {rollup_select(width, source)}".encode()
