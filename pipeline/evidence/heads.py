"""Signed heads: once an hour one line that fixes every order's chain, in the database and in a file outside it."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.rows import dict_row

from pipeline.domain.errors import ConfigurationError
from pipeline.evidence import merkle, signing
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "sql")
HOUR = timedelta(hours=1)
FIRST = "0" * 64
# Waits until every writer of events has ended its transaction, and keeps others out until this one ends.
SETTLE = "lock table smartpark.work_order_event in share mode"
LOCK_MS = 2_000  # writers wait no longer for us than that; we come again
NAMES = ("hour", "made", "orders", "events", "last", "root", "previous", "key")

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditHeads:
    """The engine's step: a head for every hour in which something happened, and the file brought up to it."""

    secrets: Path
    file: Path

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """How many heads were made. Raises ConfigurationError for a missing key or a file that cannot be written."""
        before = _one(conn, "last_head")
        (newest,) = conn.execute(QUERIES["newest_event"]).fetchone() or (0,)
        if newest == (before["last"] if before else 0):
            return 0  # nothing to sign: a park without work orders needs no key
        made = make(conn, signing.private(self.secrets), now=now)
        write(conn, self.file)
        return int(made is not None)


def make(conn: psycopg.Connection, key: Ed25519PrivateKey, *, now: datetime, anyway: bool = False) -> Line | None:
    """The head of this hour, where there is none yet and something new happened; `anyway`: now, whatever the hour."""
    before = _one(conn, "last_head")
    hour = now.astimezone(UTC) if anyway else now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if before is not None and before["hour"] >= hour:
        return None
    with conn.transaction():
        conn.execute("select set_config('lock_timeout', %s, true)", [f"{LOCK_MS}ms"])
        conn.execute(SETTLE)
        (last,) = conn.execute(QUERIES["newest_event"]).fetchone() or (0,)
    if last == (before["last"] if before else 0):
        return None
    numbered = leaves(conn, last)
    (events,) = conn.execute(QUERIES["count_events"], {"last": last}).fetchone() or (0,)
    line: Line = {
        "hour": stamp(hour), "made": stamp(now), "orders": len(numbered), "events": events, "last": last,
        "root": merkle.root([one for _, one in numbered]), "previous": digest(as_line(before)) if before else FIRST,
        "key": signing.fingerprint(key.public_key()),
    }  # fmt: skip
    line["signature"] = signing.sign(key, line)
    done = conn.execute(QUERIES["add_head"], line)
    return line if done.rowcount else None


def leaves(conn: psycopg.Connection, last: int) -> list[tuple[int, bytes]]:
    """Each order's number and leaf, by its number, as the chains stood at event `last`."""
    found = conn.execute(QUERIES["leaves"], {"last": last})
    return [(order, merkle.leaf(order, seq, bytes(head))) for order, seq, head in found]


def write(conn: psycopg.Connection, file: Path) -> int:
    """Appends to the file what it lacks of the database's lines, durably; how many. A torn line is told, not cut."""
    after = None
    for line in read(file):
        after = line["hour"]
    with conn.cursor(row_factory=dict_row) as cursor:
        lines = [as_line(row) for row in cursor.execute(QUERIES["heads"], {"after": after})]
    if not lines:
        return 0
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as out:
            out.write(b"".join(json.dumps(line, sort_keys=True).encode() + b"\n" for line in lines))
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise ConfigurationError(f"PARK_AUDIT_HEADS={file} cannot be written: {error.strerror}") from error
    return len(lines)


def read(file: Path) -> Iterator[Line]:
    """The lines of a file of heads. ConfigurationError names the line that is none."""
    if not file.exists():
        return
    for number, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            line = json.loads(text)
        except ValueError as error:
            raise ConfigurationError(f"{file}, line {number} is no head: {error}") from error
        if not isinstance(line, dict) or not {*NAMES, "signature"} <= line.keys():
            raise ConfigurationError(f"{file}, line {number} is no head: it lacks fields")
        yield line


def as_line(row: Line) -> Line:
    """A row of audit_head as its line."""
    times = {name: stamp(row[name]) for name in ("hour", "made")}
    return {**{name: row[name] for name in (*NAMES, "signature")}, **times}


def digest(line: Line) -> str:
    """sha256 of a line, which the next one names."""
    return hashlib.sha256(signing.canonical(line) + bytes.fromhex(line["signature"])).hexdigest()


def stamp(instant: datetime) -> str:
    """A time as lines write it."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _one(conn: psycopg.Connection, query: str, **values: Any) -> Line | None:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], values).fetchone()
