"""Marks alarms that chatter: raised again and again within a minute (their rule says how often and how long)."""

from datetime import datetime, timedelta

import psycopg

from pipeline.engine.alarms import QUERIES
from pipeline.store import mailroom

QUIET = timedelta(hours=1)  # raised no more for so long, an alarm chatters no more
OVERLAP = timedelta(minutes=2)  # journal rows are committed a little after the time they bear


class Chatter:
    """The step. What it looked at before is only kept to look at less: all is derived from the journal."""

    def __init__(self) -> None:
        self._looked: datetime | None = None

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Returns how many alarms began or ended to chatter."""
        since = max(now - QUIET, self._looked - OVERLAP) if self._looked and self._looked <= now else now - QUIET
        told = {"since": since, "now": now, "quiet": now - QUIET}
        changed = conn.execute(QUERIES["mark_chattering"], told).fetchall()
        changed += conn.execute(QUERIES["clear_chattering"], told).fetchall()
        if changed:
            mailroom.notify(conn, {"alarm"}, max(alarm for (alarm,) in changed))
        self._looked = now
        return len(changed)
