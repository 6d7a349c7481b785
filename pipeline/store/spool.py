"""Keeps in the database how far a spool is stored: moved in the transaction that stores it, or not at all."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import psycopg

from pipeline.store.database import guarded
from pipeline.store.registry import QUERIES


class Position(NamedTuple):
    """The next message of a segment that is not stored: its record, and its place in it."""

    record: int = 0
    message: int = 0


def position(conn: psycopg.Connection, segment: UUID) -> Position:
    """How far a segment is stored already."""
    with guarded(), conn.transaction():
        row = conn.execute(QUERIES["spool_position"], {"segment": segment}).fetchone()
    return Position(*row) if row else Position()


def keep_position(conn: psycopg.Connection, segment: UUID, reached: Position, *, lane: str, now: datetime) -> None:
    """Notes that everything before `reached` is stored, in the caller's transaction."""
    conn.execute(
        QUERIES["keep_spool_position"],
        {"segment": segment, "lane": lane, "record": reached.record, "message": reached.message, "at": now},
    )


def keep_backlog(
    conn: psycopg.Connection, *, host: str, lane: str, messages: int, oldest: datetime | None, now: datetime
) -> None:
    """Notes how many messages of a host's lane are still to come, and since when the oldest waits."""
    conn.execute(
        QUERIES["keep_spool_backlog"],
        {"host": host, "lane": lane, "messages": messages, "oldest": oldest, "at": now},
    )
