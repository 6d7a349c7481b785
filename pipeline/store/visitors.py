"""Who comes without sign-in, by a code on a door: limited by where they come from, and forgotten after a day."""

from datetime import datetime, timedelta

import psycopg

from pipeline.domain.errors import ParkError
from pipeline.store.requests_sql import QUERIES

ACTOR = "visitor"
HOUR = timedelta(hours=1)
KEPT = timedelta(days=1)


class TooOften(ParkError):  # noqa: N818 - it names an answer, which api/problems.py maps to 429
    """that is as often as this can be done without sign-in"""

    def __init__(self, detail: str, *, again: datetime, now: datetime) -> None:
        super().__init__(detail)
        self.retry_after_s = max(1, int((again - now).total_seconds()) + 1)


def count(conn: psycopg.Connection, source: str, what: str, *, hourly: int, now: datetime) -> None:
    """One more `request` or `photo` from an address. Raises TooOften, with when it may be tried again."""
    conn.execute(QUERIES["lock_source"], {"source": source})
    row = conn.execute(QUERIES["tries_since"], {"source": source, "what": what, "since": now - HOUR}).fetchone()
    assert row is not None  # noqa: S101 - an aggregate
    tries, first = row
    if tries >= hourly:
        again = (first or now) + HOUR
        raise TooOften(f"{hourly} an hour from one address; sign in, or come again later", again=again, now=now)
    conn.execute(QUERIES["add_try"], {"source": source, "what": what, "now": now})
