"""Keeps continuous aggregates true on the community edition, where a refresh must not run inside a transaction.

An hour is refreshed once it has closed, and again whenever something late touches it; until then the aggregates'
real-time half shows it from raw readings. Refreshing an open hour would move the watermark past it and hide what
still comes. Marks are deleted only after the refresh that they asked for, so a crash repeats work, never loses it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg

from pipeline.engine.rollup import HOUR, OPEN_EVERY, Touched, floor, refresh_days, stage, whole
from pipeline.engine.steps import QUERIES


@dataclass(slots=True)
class CommunityRollUp:
    """The step for the community edition; `conn` must be in autocommit mode and outside a transaction."""

    raw_days: int
    _opened: datetime | None = field(default=None)

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Refreshes closed hours that were touched, then park days; returns how many (point, bucket) were touched."""
        count = self._refresh_closed(conn, now)
        if self._opened is None or not timedelta(0) <= now - self._opened < OPEN_EVERY:
            self._opened = now
            count += self._refresh_open_days(conn, now)
        return count

    def _refresh_closed(self, conn: psycopg.Connection, now: datetime) -> int:
        marks = conn.execute(QUERIES["closed_marks"], {"before": floor(now, HOUR)}).fetchall()
        if not marks:
            return 0
        touched = whole(((bucket, points) for _, bucket, points in marks), now=now, raw_days=self.raw_days)
        for since, until in ranges(touched):
            for name in ("refresh_15m", "refresh_1h"):
                conn.execute(QUERIES[name], {"since": since, "until": until})
        with conn.transaction():
            conn.execute(QUERIES["drop_marks"], {"marks": [mark for mark, _, _ in marks]})
            if touched:
                stage(conn, touched)
                refresh_days(conn)
        return len(touched)

    def _refresh_open_days(self, conn: psycopg.Connection, now: datetime) -> int:
        """Days of hours that still fill; their marks, merged into one row a bucket, stay until the hour closes."""
        with conn.transaction():
            conn.execute(QUERIES["merge_marks"], {"since": floor(now, HOUR)})
            marks = conn.execute(QUERIES["open_marks"], {"since": floor(now, HOUR)}).fetchall()
            touched = whole(marks, now=now, raw_days=self.raw_days)
            if touched:
                stage(conn, touched)
                refresh_days(conn)
        return len(touched)


def ranges(touched: Touched) -> list[tuple[datetime, datetime]]:
    """The hours that hold the touched buckets, neighbours joined, as half-open ranges."""
    found: list[tuple[datetime, datetime]] = []
    for hour in sorted({floor(bucket, HOUR) for _, bucket in touched}):
        if found and found[-1][1] == hour:
            found[-1] = (found[-1][0], hour + HOUR)
        else:
            found.append((hour, hour + HOUR))
    return found
