"""Ends what keeps alarms from people once it is over; what is still true then alarms anew."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from pipeline.engine.alarms import QUERIES
from pipeline.engine.alarms.parents import INTERVALS
from pipeline.store import alarm_holds

BITE = 500


@dataclass(frozen=True, slots=True)
class Holds:
    """The step. shortest: what a device is given at least to be heard once its gateway is back."""

    shortest: timedelta

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Holds whose time is over, then alarms that two transactions left otherwise than their holds; how many."""
        with conn.transaction():
            asked = {"now": now, "intervals": INTERVALS, "shortest": self.shortest}
            conn.execute(QUERIES["time_suppressions"], asked)
        done = 0
        while bite := _end(conn, now):
            done += bite
            if bite < BITE:
                break
        with conn.transaction():
            rows = conn.execute(QUERIES["unsettled_watches"], {"now": now, "bite": BITE}).fetchall()
            return done + len(alarm_holds.settle(conn, [watch for (watch,) in rows], [], now=now))


def _end(conn: psycopg.Connection, now: datetime) -> int:
    with conn.transaction():
        over = [hold for (hold,) in conn.execute(QUERIES["over_holds"], {"now": now, "bite": BITE}).fetchall()]
        alarm_holds.release(conn, over, now=now)
        return len(over)
