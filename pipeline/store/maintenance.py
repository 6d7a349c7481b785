"""Maintenance windows: planned work, while which alarms are shown and page nobody. They end by themselves."""

from dataclasses import dataclass
from datetime import datetime

import psycopg

from pipeline.domain.alarm import AlarmRefused
from pipeline.domain.errors import NotFound
from pipeline.store import audit, mailroom
from pipeline.store.alarm_acts import Person
from pipeline.store.alarms import QUERIES


class WorkRefused(AlarmRefused):
    """this maintenance window cannot be made or cancelled"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Work on a device, in a space and below, or (neither) in the whole park."""

    park_id: str
    starts: datetime
    ends: datetime
    reason: str
    device: str | None = None
    space: str | None = None


def plan(conn: psycopg.Connection, work: Planned, person: Person) -> int:
    """Makes a window; its number. Raises NotFound for what the park does not have, WorkRefused where it is over."""
    if work.ends <= person.now or work.ends <= work.starts:
        raise WorkRefused("it ends after it starts, and after now")
    where = {"park": work.park_id, "device": work.device, "space": work.space}
    found = conn.execute(QUERIES["place_of_work"], where).fetchone()
    assert found is not None  # noqa: S101 - a select without from
    places = (f"park {work.park_id}", f"device {work.device}", f"space {work.space}")
    for known, what in zip(found, places, strict=False):
        if not known:
            raise NotFound(what)
    row = conn.execute(
        QUERIES["add_maintenance"],
        {
            **where, "device": found[3], "starts": work.starts, "ends": work.ends, "reason": work.reason,
            "by": person.actor, "now": person.now,
        },
    ).fetchone()  # fmt: skip
    assert row is not None  # noqa: S101 - insert … returning
    number = int(row[0])
    became = {**where, "starts": work.starts.isoformat(), "ends": work.ends.isoformat()}
    _record(conn, person, number, {"was": None, "became": became, "reason": work.reason})
    return number


def cancel(conn: psycopg.Connection, number: int, person: Person, *, reason: str | None = None) -> None:
    """Ends a window now, or before it starts. Raises NotFound; WorkRefused where it is over."""
    if conn.execute(QUERIES["cancel_maintenance"], {"maintenance": number, "now": person.now}).fetchone() is None:
        known = conn.execute(QUERIES["maintenance_known"], {"maintenance": number}).fetchone()
        if known is None:
            raise NotFound(f"maintenance window {number}")
        cancelled, ends = known
        raise WorkRefused(f"it was cancelled at {cancelled}" if cancelled else f"it ended at {ends}")
    _record(conn, person, number, {"was": "planned", "became": "cancelled", "reason": reason})


def _record(conn: psycopg.Connection, person: Person, number: int, detail: dict[str, object]) -> None:
    audit.record(
        conn, now=person.now, action="maintenance", subject=f"maintenance/{number}", detail=detail, actor=person.actor
    )
    mailroom.notify(conn, {"alarm"}, number)
