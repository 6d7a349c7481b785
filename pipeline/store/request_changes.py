"""Writes one change of a request: its row by compare-and-swap, its event, and a word to the screens."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from pipeline.domain.request import ENDED, RequestAction, RequestRefused, RequestState
from pipeline.store import mailroom
from pipeline.store.requests_sql import QUERIES

Row = dict[str, Any]
CHANGING = ("department", "supervised", "outcome", "appointment", "work_order", "answered", "closed")


def write(
    conn: psycopg.Connection, row: Mapping[str, Any], action: RequestAction, after: RequestState, *, now: datetime,
    actor: str, client_id: UUID | None = None, reason: str | None = None, detail: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> int:  # fmt: skip
    """One event of a locked request, and what follows from it; its new version.

    `row` holds request, state, version and CHANGING; `changes` those of them that the act says.
    """
    values = {name: row[name] for name in CHANGING}
    if action is RequestAction.ANSWER:
        values["answered"] = now
    elif action is RequestAction.REOPEN:
        values |= {"answered": None, "closed": None, "outcome": None}
    if after in ENDED and values["closed"] is None:
        values["closed"] = now
    done = conn.execute(
        QUERIES["change_request"],
        {**values, **(changes or {}), "request": row["request"], "version": row["version"], "state": after},
    )
    if done.rowcount != 1:
        raise RequestRefused("it was changed meanwhile")
    note(
        conn, row["request"], action, before=row["state"], after=after, now=now, actor=actor, client_id=client_id,
        reason=reason, detail=detail,
    )  # fmt: skip
    return int(row["version"]) + 1


def note(
    conn: psycopg.Connection, request: int, action: RequestAction, *, before: str | None, after: RequestState,
    now: datetime, actor: str, client_id: UUID | None = None, reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """One line of the request's journal."""
    conn.execute(
        QUERIES["append_event"],
        {
            "request": request, "client_id": client_id, "now": now, "actor": actor, "action": action,
            "from_state": before, "to_state": after, "reason": reason, "detail": Jsonb(dict(detail or {})),
        },
    )  # fmt: skip
    mailroom.notify(conn, {"request"}, request)
