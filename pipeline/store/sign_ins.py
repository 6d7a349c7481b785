"""Attempts to sign in: each is kept, and who guesses has to wait longer and longer, by login and by address."""

from datetime import datetime, timedelta

import psycopg

from pipeline.domain.sign_in import FREE_LOGIN, FREE_SOURCE, WINDOW, wait
from pipeline.store.passes import QUERIES

LOGIN_LENGTH = 80


def begin(conn: psycopg.Connection, login: str, source: str, *, now: datetime) -> int | timedelta:
    """The number of an attempt that counts as wrong until `done`; or how long to wait, without looking at it."""
    given = {"login": login[:LOGIN_LENGTH], "source": source, "now": now, "since": now - WINDOW}
    conn.execute(QUERIES["lock_attempts"], {"keys": [f"sign-in login {given['login']}", f"sign-in from {source}"]})
    pause = max(
        wait([at for (at,) in conn.execute(QUERIES["wrong_for_login"], given)], free=FREE_LOGIN, now=now),
        wait([at for (at,) in conn.execute(QUERIES["wrong_from_source"], given)], free=FREE_SOURCE, now=now),
    )
    row = conn.execute(QUERIES["add_attempt"], {**given, "outcome": "delayed" if pause else "wrong"}).fetchone()
    assert row is not None  # noqa: S101 - insert … returning
    return pause or int(row[0])


def done(conn: psycopg.Connection, attempt: int) -> None:
    """The attempt was right: what was wrong before counts no longer for its login."""
    conn.execute(QUERIES["attempt_done"], {"attempt": attempt})
