"""Tokens for programs and wall screens: some of a role's permissions, told once, kept as a digest, revocable."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

import psycopg

from pipeline.domain.errors import NotFound
from pipeline.domain.role import PERMISSIONS, Permission, Role
from pipeline.store import audit, mailroom, sessions
from pipeline.store.passes import QUERIES, TOKEN, Row, fresh, rows
from pipeline.store.people import PersonRefused

NAME_LENGTH = 60


class Made(NamedTuple):
    """A new token: the value, which nobody can see again, and its number."""

    value: str
    token: int


def add(
    conn: psycopg.Connection, park_id: str, name: str, *, role: Role, now: datetime, actor: str,
    scopes: Collection[Permission] | None = None, expires: datetime | None = None, company: str | None = None,
) -> Made:  # fmt: skip
    """Makes one; without scopes it has all of its role's. Raises PersonRefused."""
    wanted = PERMISSIONS[role] if scopes is None else frozenset(scopes)
    if not name.strip() or not name.isprintable() or len(name) > NAME_LENGTH:
        raise PersonRefused(f"a token's name has 1 to {NAME_LENGTH} characters that can be seen")
    if beyond := sorted(wanted - PERMISSIONS[role]):
        raise PersonRefused(f"a token has permissions of its role at most, and {role} has no {', '.join(beyond)}")
    if not wanted:
        raise PersonRefused("a token needs a permission")
    if expires is not None and expires <= now:
        raise PersonRefused("it would be over already")
    value, digest = fresh(TOKEN)
    given = {"park": park_id, "digest": digest, "name": name, "role": role, "scopes": sorted(wanted), "now": now,
             "company": company, "actor": actor, "expires": expires}  # fmt: skip
    try:
        row = conn.execute(QUERIES["add_token"], given).fetchone()
    except psycopg.errors.UniqueViolation as error:
        raise PersonRefused(f"there is a token {name}; revoke it first, or take another name") from error
    except (psycopg.errors.CheckViolation, psycopg.errors.ForeignKeyViolation) as error:
        raise PersonRefused("a tenant's token, and no other, names a company of the park") from error
    assert row is not None  # noqa: S101 - insert … returning
    became = {"name": name, "role": role, "scopes": sorted(wanted), "expires": expires and expires.isoformat()}
    _record(conn, int(row[0]), "token-add", now, actor, {"was": None, "became": became})
    return Made(value, int(row[0]))


def revoke(conn: psycopg.Connection, park_id: str, token: int, *, now: datetime, actor: str) -> None:
    """Ends one. Raises NotFound where it is over, or another park's."""
    row = conn.execute(QUERIES["revoke_token"], {"park": park_id, "token": token, "now": now}).fetchone()
    if row is None:
        raise NotFound(f"token {token}")
    _record(conn, token, "token-revoke", now, actor, {"was": {"name": row[0]}, "became": None})
    mailroom.notify(conn, sessions.NOTICE, token)


def listed(conn: psycopg.Connection, park_id: str) -> list[Row]:
    """A park's tokens that were not revoked, by name."""
    return rows(conn, "token_list", park=park_id)


def _record(
    conn: psycopg.Connection, token: int, action: str, now: datetime, actor: str, detail: dict[str, object]
) -> None:
    audit.record(conn, now=now, action=action, subject=f"token/{token}", actor=actor, detail=detail)
