"""Gives rooms back that were booked and that nobody came to, as far as their sensor can tell."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.booking import Presence, no_show
from pipeline.domain.quality import Quality
from pipeline.store import bookings
from pipeline.store.bookings import QUERIES

SHORTEST_GAP = timedelta(minutes=2)
INTERVALS = 3  # missed readings in a row that make a sensor silent


@dataclass(frozen=True, slots=True)
class NoShows:
    """Nobody within `wait` after the start: the booking ends. A silent sensor proves nothing."""

    wait: timedelta

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """How many rooms were given back."""
        with conn.cursor(row_factory=dict_row) as cursor:
            asked = {"now": now, "wait_s": self.wait.total_seconds()}
            found = cursor.execute(QUERIES["begun_bookings"], asked).fetchall()
        done = 0
        for row in found:
            gap = max(SHORTEST_GAP, INTERVALS * timedelta(seconds=row["interval_s"]))
            span = {"point": row["point"], "since": row["start"] - gap, "until": now}
            said = conn.execute(QUERIES["presence"], span)
            samples = [Presence(ts, value, quality == Quality.GOOD) for ts, value, quality in said]
            verdict = no_show(row["start"], now, samples, wait=self.wait, gap=gap)
            if verdict.release:
                done += bookings.release(conn, row["booking"], reason=verdict.reason, now=now)
        return done
