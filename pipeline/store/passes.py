"""Passes: 256 random bits that are told once and kept as their sha256, so that who reads the database cannot use them.
A session's says who signed in, a token's which program asks."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.role import PERMISSIONS, Principal, Role
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "people_sql")
SESSION, TOKEN, LINK = "ps_", "pt_", "pl_"
MOST_CHARACTERS = 100
SEEN_EVERY = timedelta(minutes=1)
TOKEN_ACTOR = "token:"  # noqa: S105 - how the journals tell a program from a person
Row = dict[str, Any]


def fresh(kind: str) -> tuple[str, bytes]:
    """A new pass of a kind (SESSION, TOKEN, LINK), and its digest."""
    value = kind + secrets.token_urlsafe(32)
    return value, digest(value)


def digest(value: str) -> bytes:
    """What is kept of a pass."""
    return hashlib.sha256(value.encode()).digest()


def principal_of(conn: psycopg.Connection, value: str, *, now: datetime, idle: timedelta) -> Principal | None:
    """Whose pass this is, if it holds: not revoked, not expired, no session longer unused than `idle`."""
    if len(value) > MOST_CHARACTERS or not value.isascii():
        return None
    if value.startswith(SESSION):
        return _of_session(conn, value, now, idle)
    return _of_token(conn, value, now) if value.startswith(TOKEN) else None


def _of_session(conn: psycopg.Connection, value: str, now: datetime, idle: timedelta) -> Principal | None:
    row = one(conn, "session_of", digest=digest(value), now=now, idle_since=now - idle)
    if row is None:
        return None
    if row["seen"] < now - SEEN_EVERY:
        conn.execute(QUERIES["see_session"], {"session": row["session"], "now": now, "before": now - SEEN_EVERY})
    role = Role(row["role"])
    return Principal(
        row["login"], role, PERMISSIONS[role], person=row["person"], park_id=row["park_id"],
        company_id=row["company_id"], contractor_id=row["contractor_id"], language=row["language"], name=row["name"],
        session=row["session"],
    )  # fmt: skip


def _of_token(conn: psycopg.Connection, value: str, now: datetime) -> Principal | None:
    row = one(conn, "token_of", digest=digest(value), now=now)
    if row is None:
        return None
    if row["seen"] is None or row["seen"] < now - SEEN_EVERY:
        conn.execute(QUERIES["see_token"], {"token": row["token"], "now": now, "before": now - SEEN_EVERY})
    role = Role(row["role"])
    # What a role lost since the token was made, the token lost too; scopes of a later program are no permission here.
    scopes = frozenset(p for p in PERMISSIONS[role] if p.value in row["scopes"])
    return Principal(
        TOKEN_ACTOR + row["name"], role, scopes, park_id=row["park_id"], company_id=row["company_id"],
        name=row["name"], token=row["token"],
    )  # fmt: skip


def holding(
    conn: psycopg.Connection, sessions: Iterable[int], tokens: Iterable[int], *, now: datetime
) -> set[tuple[str, int]]:
    """Which of these still hold, as ("session" | "token", number). Being idle does not count: a stream is open."""
    given = {"sessions": list(sessions), "tokens": list(tokens), "now": now}
    return {(str(kind), int(number)) for kind, number in conn.execute(QUERIES["passes_that_hold"], given)}


def one(conn: psycopg.Connection, query: str, **values: Any) -> Row | None:
    """The first row of a query by column name."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], values).fetchone()


def rows(conn: psycopg.Connection, query: str, **values: Any) -> list[Row]:
    """All rows of a query by column name."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], values).fetchall()
