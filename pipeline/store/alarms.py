"""Raises alarms and returns them: one at a time for each watch, whoever asks, with a journal row for every change.

A caller holds the lock on what is judged: a point's newest reading, a device's state, or the watch's condition row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pipeline.domain import alarm as machine
from pipeline.domain.alarm import AlarmAction, AlarmState, Hold, Standing
from pipeline.domain.spell import SETTLE
from pipeline.store import mailroom
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "alarms_sql")
SYSTEM = "system"
LONGEST_REOPEN = timedelta(days=7)  # closed longer ago than that, no alarm re-opens
LATE = timedelta(minutes=2)  # news older than this: it may be over already, and what follows may say so

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Raising:
    """A watch's condition has become an alarm: since when it holds, when it became one (event times), when what told
    of it was received, and why. historic: it was and is over, or was told too late; recorded closed, pages nobody."""

    watch: int
    began: datetime
    raised: datetime
    received: datetime
    value: float | None
    reason: Row
    historic: bool = False
    returned: datetime | None = None


@dataclass(frozen=True, slots=True)
class Returning:
    """A watch's condition is over, at an event time. withdrawn: nobody judges it any more, and why."""

    watch: int
    at: datetime
    received: datetime | None
    withdrawn: str | None = None


@dataclass(slots=True)
class Changes:
    """What one call writes beside the alarms themselves."""

    journal: list[Row] = field(default_factory=list)
    due: list[tuple[int, datetime, str]] = field(default_factory=list)  # alarm, when to decide, why

    def note(
        self, alarm: int, action: AlarmAction, to: str, *, at: datetime, before: str | None = None,
        received: datetime | None = None, reason: str | None = None, detail: Row | None = None,
    ) -> None:  # fmt: skip
        """One line of the journal."""
        self.journal.append(
            {"alarm": alarm, "action": action, "from_state": before, "to_state": to, "event_time": at,
             "received": received, "reason": reason, "detail": detail}
        )  # fmt: skip

    def write(self, conn: psycopg.Connection, *, now: datetime, actor: str = SYSTEM) -> list[int]:
        """Writes journal and notices, and tells the screens; the alarms that changed."""
        if not self.journal:
            return []
        conn.execute(QUERIES["write_journal"], {"rows": as_json(self.journal), "now": now, "actor": actor})
        if self.due:
            alarms, looks, reasons = (list(column) for column in zip(*self.due, strict=True))
            told = {"alarms": alarms, "looks": looks, "reasons": reasons, "now": now}
            conn.execute(QUERIES["add_notices"], told)
        changed = sorted({row["alarm"] for row in self.journal})
        mailroom.notify(conn, {"alarm"}, changed[-1])
        return changed


def raise_(conn: psycopg.Connection, raisings: Sequence[Raising], *, now: datetime) -> list[int]:
    """Raises, re-opens or records; what is active already stays as it is. Returns the alarms that changed."""
    if not raisings:
        return []
    found = _look_up(conn, {r.watch for r in raisings}, now)
    changes = Changes()
    fresh: dict[tuple[int, datetime, bool], Raising] = {}
    again: list[Row] = []
    settled = {watch for watch, row in found.items() if row["alarm"] and row["closed"] is None and row["active"]}
    for one in sorted(raisings, key=lambda r: (r.watch, r.raised)):
        row = found[one.watch]
        if one.historic:
            fresh[one.watch, one.raised, True] = one
        elif one.watch not in settled:
            settled.add(one.watch)
            if row["alarm"] and _may_reopen(row, one):
                again.append(_reopened(one, row, changes, now))
            else:
                fresh[one.watch, one.raised, False] = one
    if fresh:
        rows = [_new(one, found[one.watch], now) for one in fresh.values()]
        added = conn.execute(QUERIES["add_alarms"], {"rows": as_json(rows), "now": now})
        for alarm, watch, raised, historic, state in added.fetchall():
            one = fresh[watch, raised, historic]
            action = AlarmAction.RECORD if historic else AlarmAction.RAISE
            changes.note(alarm, action, state, at=raised, received=one.received, detail=one.reason)
            if state == AlarmState.UNACKNOWLEDGED:
                changes.due.append((alarm, _look_at(one, found[watch], now), "raised"))
    if again:
        conn.execute(QUERIES["reopen_alarms"], {"rows": as_json(again), "now": now})
    return changes.write(conn, now=now)


def return_(conn: psycopg.Connection, returnings: Sequence[Returning], *, now: datetime) -> list[int]:
    """Returns active alarms; where nothing is active, nothing happens. Returns the alarms that changed."""
    if not returnings:
        return []
    changes = Changes()
    rows: list[Row] = []
    found = _look_up(conn, {r.watch for r in returnings}, now)
    for one in sorted(returnings, key=lambda r: r.watch):
        row = found[one.watch]
        if not row["alarm"] or row["closed"] is not None or not (row["active"] or one.withdrawn):
            continue
        before = standing_of(row)
        after = machine.returned(before)
        if one.withdrawn:
            after = Standing(active=False, acknowledged=before.acknowledged, closed=True)
        past = _past(one, row)
        if past:
            after = Standing(active=False, acknowledged=before.acknowledged, closed=True)
        rows.append(changed(row["alarm"], after, now=now, returned=one.at, historic=past))
        action = AlarmAction.WITHDRAW if one.withdrawn else AlarmAction.RETURN
        changes.note(
            row["alarm"], action, after.state, at=one.at, before=row["state"], received=one.received,
            reason=one.withdrawn,
        )  # fmt: skip
    if rows:
        conn.execute(QUERIES["change_alarms"], {"rows": as_json(rows)})
    return changes.write(conn, now=now)


def changed(alarm: int, standing: Standing, *, now: datetime, **more: Any) -> Row:
    """A row for the query change_alarms."""
    return {
        "alarm": alarm, "state": standing.state, "active": standing.active, "acknowledged": standing.acknowledged,
        "hold": standing.hold, "closed": now if standing.closed else None, **more,
    }  # fmt: skip


def standing_of(row: Row) -> Standing:
    """Where a row of `alarms_of_watches` or `open_alarms` stands."""
    held = row["held"] if "held" in row else row["hold"]
    return Standing(
        active=row["active"],
        acknowledged=row["acknowledged"],
        latches=row["latches"],
        hold=Hold(held) if held else None,
        closed=row["closed"] is not None if "closed" in row else False,
    )


def as_json(rows: Sequence[Row]) -> Jsonb:
    """Rows for jsonb_to_recordset; instants keep their microseconds."""
    return Jsonb(rows, dumps=lambda value: msgspec.json.encode(value).decode())


def _look_up(conn: psycopg.Connection, watches: set[int], now: datetime) -> dict[int, Row]:
    asked = {"watches": sorted(watches)}
    conn.execute(QUERIES["lock_alarms"], asked)
    with conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute(QUERIES["alarms_of_watches"], {**asked, "now": now, "long_ago": now - LONGEST_REOPEN})
        return {row["watch"]: row for row in cursor}


def _may_reopen(row: Row, one: Raising) -> bool:
    """Not yet closed: the same alarm goes on. Closed: only soon after its condition was over."""
    if row["closed"] is None:
        return True
    over = row["returned"] or row["closed"]
    return bool(one.raised - over <= timedelta(seconds=row["reopen_s"]))


def _past(one: Returning, row: Row) -> bool:
    """Both that it was and that it is over came late: nobody could have acted. Life safety is always seen."""
    if row["life_safety"] or row["acknowledged"] or one.received is None:
        return False
    return bool(row["annunciated"] - row["raised"] > LATE and one.received - one.at > LATE)


def _hold(row: Row) -> Hold | None:
    return Hold(row["hold"]) if row["hold"] and not row["life_safety"] else None


def _look_at(one: Raising, row: Row, now: datetime) -> datetime:
    """When it is decided whether people are told: at once, but for late news, which may be over already."""
    late = one.received - one.raised > LATE and not row["life_safety"]
    return now + 2 * SETTLE if late else now


def _reopened(one: Raising, row: Row, changes: Changes, now: datetime) -> Row:
    standing = machine.risen_again(standing_of(row))
    kept = _hold(row)
    state = AlarmState(kept.value) if kept else Standing(latches=standing.latches).state
    changes.note(
        row["alarm"], AlarmAction.REOPEN, state, at=one.raised, before=row["state"], received=one.received,
        detail=one.reason,
    )  # fmt: skip
    if kept is None:
        changes.due.append((row["alarm"], _look_at(one, row, now), "re-opened"))
    return {
        "alarm": row["alarm"], "state": state, "hold": kept, "raised": one.raised, "received": one.received,
        "value": one.value, "reason": one.reason, "version": row["version"], "priority": row["priority"],
    }  # fmt: skip


def _new(one: Raising, row: Row, now: datetime) -> Row:
    standing = Standing(latches=row["latched"], hold=_hold(row))
    if one.historic:
        standing = Standing(active=False, acknowledged=True, closed=True)
    terms = ("watch", "rule", "version", "park_id", "point", "device", "space_id", "priority", "position")
    return {
        **{name: row[name] for name in terms},
        "life_safety": row["life_safety"],
        "latches": row["latched"],
        "maintenance": row["maintenance"],
        "state": standing.state,
        "active": standing.active,
        "acknowledged": standing.acknowledged,
        "hold": standing.hold,
        "began": one.began,
        "raised": one.raised,
        "received": one.received,
        "returned": one.returned,
        "closed": now if one.historic else None,
        "historic": one.historic,
        "value": one.value,
        "reason": one.reason,
    }
