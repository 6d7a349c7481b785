"""Keeps what could not be understood, logs each batch, and tells the screens that something happened."""

from datetime import datetime
from typing import Protocol

import psycopg

from pipeline.domain.message import Batch
from pipeline.store.registry import QUERIES


class Counts(Protocol):
    """The figures of one transaction (pipeline.ingest.Outcome)."""

    @property
    def messages(self) -> int: ...
    @property
    def readings(self) -> int: ...
    @property
    def events(self) -> int: ...
    @property
    def duplicates(self) -> int: ...
    @property
    def conflicts(self) -> int: ...
    @property
    def dead_letters(self) -> int: ...
    @property
    def unidentified(self) -> int: ...


def keep(conn: psycopg.Connection, batch: Batch) -> int:
    """Stores the batch's dead letters; returns how many were new (the same bytes again are counted on the first)."""
    letters = list({d.identity: d for d in batch.dead_letters}.values())
    if not letters:
        return 0
    rows = conn.execute(
        QUERIES["add_dead_letters"],
        {
            "lane": batch.lane,
            "receiveds": [d.received for d in letters],
            "parks": [d.park_id for d in letters],
            "devices": [d.device_id for d in letters],
            "reasons": [d.reason for d in letters],
            "details": [d.detail for d in letters],
            "sealed": [d.sealed for d in letters],
            "identities": [d.identity for d in letters],
        },
    )
    return sum(new for (new,) in rows)


def log_batch(conn: psycopg.Connection, batch: Batch, counts: Counts, *, now: datetime) -> int:
    """Writes the batch's line and returns its number."""
    received = [m.received for m in batch.messages] + [d.received for d in batch.dead_letters]
    row = conn.execute(
        QUERIES["add_batch"],
        {
            "at": now,
            "lane": batch.lane,
            "messages": counts.messages,
            "readings": counts.readings,
            "events": counts.events,
            "duplicates": counts.duplicates,
            "conflicts": counts.conflicts,
            "dead_letters": counts.dead_letters,
            "unidentified": counts.unidentified,
            "oldest": min(received, default=None),
        },
    ).fetchone()
    assert row is not None  # noqa: S101 - insert … returning
    return int(row[0])


def notify(conn: psycopg.Connection, kinds: set[str], number: int) -> None:
    """One notice a kind and transaction, carrying the number of a batch or row, never data."""
    for kind in sorted(kinds):
        conn.execute(QUERIES["notify"], {"payload": f"{kind}:{number}"})
