"""Turns silence into a transition: past its deadline → offline; heard again → online.

Silence is a device's own only if somebody else was heard after its deadline: when nothing at all arrives, collectors,
broker or network are down, and a park full of "offline" devices would send people to the wrong place. Nor is anybody
judged while a collector's spool drains: who seems silent may have spoken all the time.
"""

from datetime import datetime, timedelta

import psycopg

from pipeline.engine.steps import QUERIES
from pipeline.store import mailroom

ROUND = timedelta(seconds=10)  # after a gap, lanes come back one after another: so long until silence is judged
BLIND = timedelta(minutes=10)  # when nothing at all arrived for so long, the devices are offline for all we know
SPOOL_ALIVE = timedelta(minutes=1)  # a drain that said nothing for so long is dead, and keeps nobody from judging


class Silence:
    """The step. One for each connection of an engine: what it knows of the time before is nothing."""

    def __init__(self) -> None:
        self._since: datetime | None = None

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Each device whose state is due, once; the update is the claim. Returns how many changed."""
        self._since = self._since or now
        (evidence,) = conn.execute(QUERIES["evidence"], {"before": now - ROUND}).fetchone() or (None,)
        # After an outage of the database itself nothing arrived either: first let the collectors speak.
        watched = now - self._since >= ROUND
        due = {"now": now, "evidence": evidence, "long_ago": now - BLIND if watched else None}
        if conn.execute(QUERIES["draining"], {"alive": now - SPOOL_ALIVE}).fetchone():
            due |= {"evidence": None, "long_ago": None}  # only who said good-bye
        changed = 0
        for name in ("heard_again", "fell_silent"):
            rows = conn.execute(QUERIES[name], due).fetchall()
            changed += len(rows)
            if rows:
                mailroom.notify(conn, {"transition"}, rows[-1][0])
        return changed
