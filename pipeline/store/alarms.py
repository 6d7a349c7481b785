"""Raises alarms and returns them: one at a time for each watch, whoever asks, with a journal row for every change.

A caller holds the lock on what is judged: a point's newest reading, a device's state, or the watch's condition row.
Locks are taken in this order: condition rows, then alarms, each in the order of their watches.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pipeline import metrics
from pipeline.domain import alarm as machine
from pipeline.domain.alarm import AlarmAction, AlarmState, Hold, Standing
from pipeline.domain.spell import SETTLE
from pipeline.store import alarm_history
from pipeline.store.alarm_changes import QUERIES, SYSTEM, Changes, Raising, Returning, Row, as_json

__all__ = ["QUERIES", "SYSTEM", "Changes", "Raising", "Returning", "Row", "as_json", "changed", "lock", "raise_",
           "return_", "standing_of"]  # fmt: skip

LONGEST_REOPEN = timedelta(days=7)  # closed longer ago than that, no alarm re-opens
TERMS = ("version", "priority", "position", "life_safety", "maintenance")  # of its rule, copied onto an alarm
PATIENCE = 2 * SETTLE  # for what may say so, before people are told of late news
LATE = timedelta(minutes=2)  # news older than this: it may be over already, and what follows may say so


def raise_(conn: psycopg.Connection, raisings: Sequence[Raising], *, now: datetime) -> list[int]:
    """Raises, re-opens or records; what is active already stays as it is. Returns the alarms that changed.

    A rule's lateness limit makes what arose longer ago historic. Life safety never is: it is raised, and returned.
    """
    if not raisings:
        return []
    found = _look_up(conn, {r.watch for r in raisings}, now)
    changes = Changes()
    fresh: dict[tuple[int, datetime, bool], Raising] = {}
    again: list[Row] = []
    past: list[Raising] = []
    active = {watch for watch, row in found.items() if row["alarm"] and row["closed"] is None and row["active"]}
    for one in sorted(raisings, key=lambda r: (r.watch, r.raised)):
        row = found[one.watch]
        if one.historic or (one.watch not in active and _too_late(one, row, now)):
            past.append(one)
        elif one.watch not in active:
            active.add(one.watch)
            if row["alarm"] and _may_reopen(row, one):
                again.append(_reopened(one, row, changes, now))
            else:
                fresh[one.watch, one.raised, False] = one
    unseen = []
    for one in alarm_history.unknown(conn, past, found, changes, now=now):
        if not found[one.watch]["life_safety"]:
            fresh[one.watch, one.raised, True] = one
        elif one.watch not in active:
            unseen.append(one)
    if fresh:
        rows = [_new(one, found[one.watch], now, historic=historic) for (_, _, historic), one in fresh.items()]
        added = conn.execute(QUERIES["add_alarms"], {"rows": as_json(rows), "now": now})
        for alarm, watch, raised, historic, state in added.fetchall():
            one = fresh[watch, raised, historic]
            action = AlarmAction.RECORD if historic else AlarmAction.RAISE
            changes.note(alarm, action, state, at=raised, received=one.received, detail=one.reason)
            if not historic:
                metrics.ALARMS_RAISED.labels(found[watch]["priority"]).inc()
            if state == AlarmState.UNACKNOWLEDGED:
                changes.due.append((alarm, _look_at(one, found[watch], now), "raised"))
    if again:
        conn.execute(QUERIES["reopen_alarms"], {"rows": as_json(again), "now": now})
        for row in again:
            metrics.ALARMS_RAISED.labels(row["priority"]).inc()
    changed_alarms = changes.write(conn, now=now)
    for one in unseen:
        changed_alarms += raise_(conn, [replace(one, historic=False)], now=now)
        return_(conn, [Returning(one.watch, one.returned or one.raised, one.received)], now=now)
    return sorted(set(changed_alarms))


def return_(conn: psycopg.Connection, returnings: Sequence[Returning], *, now: datetime) -> list[int]:
    """Returns active alarms; where nothing is active, nothing happens, but for the end of what is historic. Returns
    the alarms that changed."""
    if not returnings:
        return []
    changes = Changes()
    rows: list[Row] = []
    ended: list[Row] = []
    found = _look_up(conn, {r.watch for r in returnings}, now)
    first: dict[int, Returning] = {}
    for one in sorted(returnings, key=lambda r: (r.watch, r.at)):
        first.setdefault(one.watch, one)
    for one in first.values():
        row = found[one.watch]
        if not row["alarm"] or row["closed"] is not None or not (row["active"] or one.withdrawn):
            ended.append({"watch": one.watch, "at": one.at})
            continue
        before = standing_of(row)
        past = _past(one, row)
        after = machine.returned(before)
        if one.withdrawn or past:
            after = Standing(active=False, acknowledged=before.acknowledged, latches=before.latches, closed=True)
        at = max(one.at, row["raised"])
        over = {"returned": at} if before.active else {}
        rows.append(changed(row["alarm"], after, now=now, historic=past, **over))
        action = AlarmAction.WITHDRAW if one.withdrawn else AlarmAction.RETURN
        changes.note(
            row["alarm"], action, after.state, at=at, before=row["state"], received=one.received,
            reason=one.withdrawn,
        )  # fmt: skip
    if rows:
        conn.execute(QUERIES["change_alarms"], {"rows": as_json(rows)})
        metrics.ALARMS_RETURNED.inc(len(rows))
    if ended:
        conn.execute(QUERIES["end_historic"], {"rows": as_json(ended)})
    return changes.write(conn, now=now)


def changed(alarm: int, standing: Standing, *, now: datetime, **more: Any) -> Row:
    """A row for the query change_alarms."""
    return {
        "alarm": alarm, "state": standing.state, "active": standing.active, "acknowledged": standing.acknowledged,
        "hold": standing.hold, "closed": now if standing.closed else None, **more,
    }  # fmt: skip


def standing_of(row: Row) -> Standing:
    """Where an alarm stands, by its row of `alarms_of_watches` or of what people and holds ask for."""
    held = row["held"] if "held" in row else row["hold"]
    return Standing(
        active=row["active"],
        acknowledged=row["acknowledged"],
        latches=row["latches"],
        hold=Hold(held) if held else None,
        closed=row["closed"] is not None if "closed" in row else False,
    )


def _look_up(conn: psycopg.Connection, watches: set[int], now: datetime) -> dict[int, Row]:
    lock(conn, watches, now=now)
    with conn.cursor(row_factory=dict_row) as cursor:
        asked = {"watches": sorted(watches), "now": now, "long_ago": now - LONGEST_REOPEN}
        cursor.execute(QUERIES["alarms_of_watches"], asked)
        return {row["watch"]: row for row in cursor}


def lock(conn: psycopg.Connection, watches: Iterable[int], *, now: datetime) -> None:
    """Locks the alarms of all watches that a transaction is going to change in several calls, in their order."""
    conn.execute(QUERIES["lock_alarms"], {"watches": sorted(set(watches)), "long_ago": now - LONGEST_REOPEN})


def _may_reopen(row: Row, one: Raising) -> bool:
    """Not yet closed: the same alarm goes on. Closed: only soon after its condition was over."""
    if row["closed"] is None:
        return True
    over = row["returned"] or row["closed"]
    return bool(row["reopen_s"] > 0 and abs(one.raised - over) <= timedelta(seconds=row["reopen_s"]))


def _too_late(one: Raising, row: Row, now: datetime) -> bool:
    """Whether its rule no longer wants to be told. By when it became an alarm: nobody could know it before."""
    limit = row["late_limit_s"]
    return limit is not None and not row["life_safety"] and now - one.raised > timedelta(seconds=limit)


def _past(one: Returning, row: Row) -> bool:
    """It came late, and was over before people could be told: nobody could have acted. Life safety is always seen, and
    so is what a person must reset, what stood before this, and what people were told of before its end was received (of
    a device whose clock is slow)."""
    if row["life_safety"] or row["latches"] or row["acknowledged"] or row["occurrences"] > 1 or one.received is None:
        return False
    told = row["annunciated"]
    return bool(told - row["raised"] > LATE and one.at <= told and one.received <= told + PATIENCE)


def _hold(row: Row) -> Hold | None:
    return Hold(row["hold"]) if row["hold"] and not row["life_safety"] else None


def _look_at(one: Raising, row: Row, now: datetime) -> datetime:
    """When it is decided whether people are told: at once, but for late news, which may be over already."""
    late = one.received - one.raised > LATE and not row["life_safety"]
    return now + PATIENCE if late else now


def _reopened(one: Raising, row: Row, changes: Changes, now: datetime) -> Row:
    """The same alarm again, under its rule's terms of now."""
    standing = replace(machine.risen_again(standing_of(row)), latches=row["latched"], hold=_hold(row))
    changes.note(
        row["alarm"], AlarmAction.REOPEN, standing.state, at=one.raised, before=row["state"], received=one.received,
        detail=one.reason,
    )  # fmt: skip
    if standing.hold is None:
        changes.due.append((row["alarm"], _look_at(one, row, now), "re-opened"))
    return {
        "alarm": row["alarm"], "state": standing.state, "hold": standing.hold, "raised": one.raised,
        "received": one.received, "value": one.value, "reason": one.reason, "latches": standing.latches,
        **{name: row[name] for name in TERMS},
    }  # fmt: skip


def _new(one: Raising, row: Row, now: datetime, *, historic: bool) -> Row:
    standing = Standing(latches=row["latched"], hold=_hold(row))
    if historic:
        standing = Standing(active=False, acknowledged=True, latches=row["latched"], closed=True)
    return {
        **{name: row[name] for name in ("watch", "rule", "park_id", "point", "device", "space_id", *TERMS)},
        "latches": standing.latches,
        "state": standing.state,
        "active": standing.active,
        "acknowledged": standing.acknowledged,
        "hold": standing.hold,
        "began": one.began,
        "raised": one.raised,
        "received": one.received,
        "returned": one.returned,
        "closed": now if historic else None,
        "historic": historic,
        "value": one.value,
        "reason": one.reason,
    }
