"""Advisory locks by which processes share work: they end with the process that holds them, however it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from pipeline.store.queries import load

_QUERIES = load(Path(__file__).parent / "sql_locks")
LANE = 0x4C414E45  # "LANE"
COLLECTOR = 0x434F4C4C  # "COLL"
STEP = 0x53544550  # "STEP"
REGISTRY = 0x5245  # "RE": a park's registry and rules


def announce(conn: psycopg.Connection, me: int) -> None:
    """Says that one more collector process is there."""
    conn.execute(_QUERIES["lock"], {"kind": COLLECTOR, "key": me})


def processes(conn: psycopg.Connection) -> int:
    """How many collector processes are there."""
    row = conn.execute(_QUERIES["count_locks"], {"kind": COLLECTOR}).fetchone()
    return int(row[0]) if row else 0


def claim(conn: psycopg.Connection, key: int) -> bool:
    """Tries to hold a lane, at once."""
    row = conn.execute(_QUERIES["lock"], {"kind": LANE, "key": key}).fetchone()
    return bool(row and row[0])


def release(conn: psycopg.Connection, key: int) -> None:
    """Lets go of a lane."""
    conn.execute(_QUERIES["unlock"], {"kind": LANE, "key": key})


@contextmanager
def step(conn: psycopg.Connection, key: int, *, transaction: bool) -> Iterator[bool]:
    """Tries to be the one engine that runs a step; in a transaction of its own, or outside any."""
    if transaction:
        with conn.transaction():
            row = conn.execute(_QUERIES["lock_in_transaction"], {"kind": STEP, "key": key}).fetchone()
            yield bool(row and row[0])
        return
    row = conn.execute(_QUERIES["lock"], {"kind": STEP, "key": key}).fetchone()
    try:
        yield bool(row and row[0])
    finally:
        if row and row[0]:
            conn.execute(_QUERIES["unlock"], {"kind": STEP, "key": key})
