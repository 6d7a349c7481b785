"""Sessions of people, made at a sign-in and ended by them, by an administrator, or with what they stand on."""

from datetime import datetime, timedelta
from typing import NamedTuple

import psycopg

from pipeline.store import audit, mailroom
from pipeline.store.passes import QUERIES, SESSION, Row, fresh, rows

AGENT_LENGTH = 200
NOTICE = {"session"}  # screens' streams ask whether they still may


class Opened(NamedTuple):
    """A new session: what its cookie holds, its number, and when it ends in any case."""

    value: str
    session: int
    expires: datetime


def open_(
    conn: psycopg.Connection, person: int, login: str, *, now: datetime, lasts: timedelta, agent: str = ""
) -> Opened:
    """Makes one, and says so in the audit log."""
    value, digest = fresh(SESSION)
    given = {"digest": digest, "person": person, "now": now, "expires": now + lasts, "agent": agent[:AGENT_LENGTH]}
    row = conn.execute(QUERIES["add_session"], given).fetchone()
    assert row is not None  # noqa: S101 - insert … returning
    audit.record(conn, now=now, action="sign-in", subject=f"person/{login}", actor=login, detail={"session": row[0]})
    return Opened(value, int(row[0]), now + lasts)


def close(conn: psycopg.Connection, session: int, person: int, login: str, *, now: datetime, actor: str) -> bool:
    """Ends one of a person's; False where it was over."""
    given = {"session": session, "person": person, "now": now}
    if conn.execute(QUERIES["revoke_session"], given).rowcount != 1:
        return False
    action = "sign-out" if actor == login else "session-revoke"
    audit.record(conn, now=now, action=action, subject=f"person/{login}", actor=actor, detail={"session": session})
    mailroom.notify(conn, NOTICE, session)
    return True


def close_all(conn: psycopg.Connection, person: int, *, now: datetime, but: int | None = None) -> int:
    """Ends all of a person's, but one where that is told; how many. The caller's entry in the audit log says why."""
    ended = conn.execute(QUERIES["revoke_sessions_of"], {"person": person, "now": now, "but": but}).rowcount
    if ended:
        mailroom.notify(conn, NOTICE, person)
    return ended


def revoke_all(
    conn: psycopg.Connection, person: int, login: str, *, now: datetime, actor: str, but: int | None = None
) -> int:
    """The same where nothing else says why."""
    ended = close_all(conn, person, now=now, but=but)
    audit.record(
        conn, now=now, action="session-revoke", subject=f"person/{login}", actor=actor, detail={"sessions_ended": ended}
    )
    return ended


def listed(conn: psycopg.Connection, person: int, *, now: datetime, idle: timedelta) -> list[Row]:
    """Those that hold: session, created, seen, expires, agent; the newest first."""
    return rows(conn, "sessions_of", person=person, now=now, idle_since=now - idle)
