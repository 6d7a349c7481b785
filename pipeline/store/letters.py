"""Dead letters on their way back: which wait, and what became of each."""

from collections.abc import Iterator
from datetime import datetime

import psycopg

from pipeline.store.registry import QUERIES


def waiting(conn: psycopg.Connection, *, reason: str | None = None) -> Iterator[tuple[int, bytes]]:
    """(number, sealed bytes) of every dead letter not yet stored, oldest first, in pages."""
    after = 0
    while page := conn.execute(QUERIES["waiting_letters"], {"after": after, "reason": reason}).fetchall():
        for number, sealed in page:
            yield number, bytes(sealed)
            after = number


def settle(conn: psycopg.Connection, number: int, outcome: str, *, now: datetime) -> None:
    """Notes what became of one."""
    with conn.transaction():
        conn.execute(QUERIES["settle_letter"], {"number": number, "outcome": outcome, "now": now})
