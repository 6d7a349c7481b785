"""Keeps what technicians' badges are called on each day to come; no credential ever gets here."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import psycopg

from pipeline.domain.errors import NotFound
from pipeline.store import audit
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "badges_sql")


def park_of(conn: psycopg.Connection, login: str) -> str:
    """The park of somebody who works there. Raises NotFound."""
    row = conn.execute(QUERIES["badge_park"], {"login": login}).fetchone()
    if row is None:
        raise NotFound(f"nobody who works on orders has the login {login}")
    return str(row[0])


def save(conn: psycopg.Connection, login: str, subjects: Mapping[date, str], *, now: datetime) -> None:
    """Pseudonyms by service day, in place of those that were there. Commits. Raises NotFound."""
    park_id = park_of(conn, login)
    with conn.transaction():
        conn.execute(QUERIES["forget_badge"], {"login": login})
        asked = {"login": login, "days": list(subjects), "subjects": list(subjects.values())}
        conn.execute(QUERIES["save_badge"], asked)
        detail = {"login": login, "days": len(subjects), "until": max(subjects).isoformat()}
        audit.record(conn, now=now, action="badge", subject=f"park/{park_id}", detail=detail)
    conn.commit()


def forget(conn: psycopg.Connection, login: str, *, now: datetime) -> int:
    """Forgets them; how many days. Commits. Raises NotFound."""
    park_id = park_of(conn, login)
    with conn.transaction():
        gone = conn.execute(QUERIES["forget_badge"], {"login": login}).rowcount
        audit.record(conn, now=now, action="badge", subject=f"park/{park_id}", detail={"login": login, "days": 0})
    conn.commit()
    return gone
