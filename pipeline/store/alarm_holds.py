"""What keeps alarms from people, set and ended: for a shelf, for suppression by design, for out of service alike.

A hold is on a watch or on a whole device; of several, the strongest counts. Life safety is never held. What an open
alarm's state says follows from the holds that last, so that `settle` mends whatever two transactions made of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import psycopg
from psycopg.rows import dict_row

from pipeline.domain import alarm as machine
from pipeline.domain.alarm import AlarmAction, AlarmRefused, Hold
from pipeline.domain.errors import NotFound
from pipeline.store.alarms import QUERIES, SYSTEM, Changes, Row, as_json, changed, standing_of

OVER = {
    Hold.OUT_OF_SERVICE: "back in service",
    Hold.SUPPRESSED: "what explained it is over",
    Hold.SHELVED: "its shelf has ended",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHold:
    """A hold to set, on a watch or on a device (one of them). until: it ends by itself; parent: the alarm that explains
    what is suppressed."""

    kind: Hold
    park_id: str
    watch: int | None = None
    device: int | None = None
    reason: str
    owner: str
    set_by: str
    until: datetime | None = None
    parent: int | None = None


def hold(conn: psycopg.Connection, one: NewHold, *, now: datetime) -> int:
    """Sets a hold, or changes the one of its kind that lasts there; holds what is open. Returns its number.

    Raises AlarmRefused for a life-safety watch; on a device its life-safety alarms stay as they are.
    """
    if one.watch is not None:
        found = conn.execute(QUERIES["may_be_held"], {"watch": one.watch}).fetchone()
        if found is None:
            raise NotFound(f"there is no watch {one.watch}")
        if found[0]:
            raise AlarmRefused("a life-safety alarm cannot be shelved, suppressed or taken out of service")
    (number,) = hold_all(conn, [one], now=now)
    return number


def hold_all(conn: psycopg.Connection, new: Sequence[NewHold], *, now: datetime) -> list[int]:
    """Sets many holds, each on another subject, none on a life-safety watch. Returns their numbers."""
    if not new:
        return []
    covered = {"watches": [one.watch for one in new if one.watch], "devices": [one.device for one in new if one.device]}
    conn.execute(QUERIES["lock_held"], covered)  # alarms before holds: people, who act on an alarm, lock in this order
    added = conn.execute(QUERIES["add_holds"], {"rows": as_json([asdict(one) for one in new]), "now": now}).fetchall()
    for actor in {one.set_by for one in new}:
        watches = [one.watch for one in new if one.watch is not None and one.set_by == actor]
        devices = [one.device for one in new if one.device is not None and one.set_by == actor]
        settle(conn, watches, devices, now=now, actor=actor)
    return [number for (number,) in added]


def release(
    conn: psycopg.Connection, holds: Sequence[int], *, now: datetime, by: str = SYSTEM, reason: str | None = None
) -> list[int]:
    """Ends holds: what is still true alarms anew, with a notice; what is over closes. Returns the alarms that changed.

    A hold that is over already changes nothing; where a weaker one lasts beside it, that one keeps the alarm.
    """
    if not holds:
        return []
    conn.execute(QUERIES["lock_under_holds"], {"holds": list(holds)})  # alarms before holds, as above
    rows = conn.execute(QUERIES["end_holds"], {"holds": list(holds), "by": by, "now": now}).fetchall()
    watches = [watch for *_, watch, _ in rows if watch is not None]
    devices = [device for *_, device in rows if device is not None]
    return settle(conn, watches, devices, now=now, actor=by, reason=reason)


def settle(
    conn: psycopg.Connection, watches: Collection[int], devices: Collection[int], *, now: datetime,
    actor: str = SYSTEM, reason: str | None = None,
) -> list[int]:  # fmt: skip
    """Makes open alarms what the holds that last make of them. Returns the alarms that changed."""
    if not watches and not devices:
        return []
    covered = {"watches": sorted(watches), "devices": sorted(devices)}
    locked = [alarm for (alarm,) in conn.execute(QUERIES["lock_held"], covered).fetchall()]
    if not locked:
        return []
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(QUERIES["held_alarms"], {"alarms": locked, "now": now}).fetchall()
    changes = Changes()
    rows = [r for row in found if (r := _settled(row, changes, now=now, reason=reason))]
    if rows:
        conn.execute(QUERIES["change_alarms"], {"rows": as_json(rows)})
    return changes.write(conn, now=now, actor=actor)


def _settled(row: Row, changes: Changes, *, now: datetime, reason: str | None) -> Row | None:
    """The row for change_alarms where a hold begins, gives way to another or is over; noted in the journal."""
    before, kept = standing_of(row), Hold(row["kind"]) if row["kind"] else None
    if before.hold == kept:
        return None
    begins = kept is not None and (before.hold is None or _strength(kept) < _strength(before.hold))
    if begins and kept is not None:
        after = machine.hold(before, kept, life_safety=False)
    else:
        after = machine.release(before, next_hold=kept)
    detail = {"hold": row["by"], "until": row["until"], "parent": row["parent"]} if kept else None
    changes.note(
        row["alarm"], AlarmAction.HOLD if begins else AlarmAction.RELEASE, after.state, at=now, before=row["state"],
        reason=row["reason"] if begins else reason or (OVER[before.hold] if before.hold else None), detail=detail,
    )  # fmt: skip
    shown = kept is None and after.active
    if shown:
        changes.due.append((row["alarm"], now, "released"))
    return changed(row["alarm"], after, now=now, **({"annunciated": now} if shown else {}))


def _strength(why: Hold) -> int:
    return list(Hold).index(why)
