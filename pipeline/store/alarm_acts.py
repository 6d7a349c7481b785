"""What people do to alarms: acknowledge, reset, comment, shelve, take out of service, release. One transaction an act.

Each is decided by domain/alarm.py on a locked alarm, journalled with who did it, and put into the audit log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pipeline.domain import alarm as machine
from pipeline.domain.alarm import AlarmAction, AlarmRefused, Hold
from pipeline.domain.errors import NotFound
from pipeline.store import alarm_holds, audit
from pipeline.store.alarm_holds import NewHold
from pipeline.store.alarms import QUERIES, SYSTEM, Changes, Row, as_json, changed, standing_of

ACTOR_LENGTH = 80


class ActRefused(AlarmRefused):
    """what was asked for cannot be done to this alarm"""

    def __init__(self, why: str, *, alarm: int, state: str, last: Row | None) -> None:
        super().__init__(why + (f"; last to act on it was {last['actor']} ({last['action']})" if last else ""))
        self.alarm, self.state, self.last = alarm, state, last


class HoldRefused(AlarmRefused):
    """this hold cannot be ended"""


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, by login, or as typed where nobody signs in, and when."""

    actor: str
    now: datetime

    @staticmethod
    def named(text: str, now: datetime) -> "Person":
        """Raises ValueError for a name that nobody could read, or that is the system's."""
        name = text.strip()
        if not 1 <= len(name) <= ACTOR_LENGTH or not name.isprintable() or name.casefold() == SYSTEM:
            raise ValueError("the name of who acts has 1 to 80 printable characters, and is not `system`")
        return Person(name, now)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What became of one of several alarms: done, already (by whom, when), or refused, and why."""

    alarm: int
    outcome: str
    state: str | None
    reason: str | None = None
    seen_at: datetime | None = None
    seen_by: str | None = None


def acknowledge(
    conn: psycopg.Connection, alarms: Sequence[int], person: Person, *, comment: str | None = None
) -> list[Acknowledged]:
    """Somebody has seen these alarms. One that cannot be acknowledged leaves the others alone."""
    changes, rows, answers = Changes(), [], {}
    for row in _locked(conn, alarms):
        alarm, before = row["alarm"], standing_of(row)
        if row["seen_by"] is not None and (before.acknowledged or before.closed) and before.hold is None:
            answers[alarm] = Acknowledged(
                alarm, "already", row["state"], f"{row['seen_by']} acknowledged it", row["seen_at"], row["seen_by"]
            )
            continue
        try:
            after = machine.acknowledge(before)
        except AlarmRefused as error:
            answers[alarm] = Acknowledged(alarm, "refused", row["state"], error.detail, row["seen_at"], row["seen_by"])
            continue
        rows.append(changed(alarm, after, now=person.now, seen_at=person.now, seen_by=person.actor))
        changes.note(
            alarm, AlarmAction.ACKNOWLEDGE, after.state, at=person.now, before=row["state"], reason=comment
        )  # fmt: skip
        answers[alarm] = Acknowledged(alarm, "done", after.state, None, person.now, person.actor)
    if rows:
        conn.execute(QUERIES["change_alarms"], {"rows": as_json(rows)})
        done = changes.write(conn, now=person.now, actor=person.actor)
        _audit(conn, person, "acknowledge", "alarms", {"alarms": done, "comment": comment})
    missing = "there is no such alarm"
    return [answers.get(alarm) or Acknowledged(alarm, "refused", None, missing) for alarm in dict.fromkeys(alarms)]


def reset(conn: psycopg.Connection, alarm: int, person: Person, *, words: str | None = None) -> None:
    """Closes a latched alarm. Raises NotFound, ActRefused."""
    row = _one(conn, alarm)
    if row["closed"] is not None:
        raise _refusal(conn, row, "this alarm is closed already")
    after = _decide(conn, row, lambda: machine.reset(standing_of(row)))
    conn.execute(QUERIES["change_alarms"], {"rows": as_json([changed(alarm, after, now=person.now)])})
    _note(conn, person, row, AlarmAction.RESET, after.state, words)


def comment(conn: psycopg.Connection, alarm: int, person: Person, *, words: str) -> None:
    """Adds a person's words to the journal, of a closed alarm too. Raises NotFound."""
    row = _one(conn, alarm)
    _note(conn, person, row, AlarmAction.COMMENT, row["state"], words)


def shelve(conn: psycopg.Connection, alarm: int, person: Person, *, until: datetime, reason: str) -> None:
    """Keeps an alarm, and what rises there meanwhile, from people for a while. Raises NotFound, ActRefused."""
    row = _one(conn, alarm)
    if row["hold"] is not None:
        raise _refusal(conn, row, f"this alarm is {row['hold']} already; release it first")
    _decide(conn, row, lambda: machine.hold(standing_of(row), Hold.SHELVED, life_safety=row["life_safety"]))
    new = NewHold(
        kind=Hold.SHELVED, park_id=row["park_id"], watch=row["watch"], reason=reason, owner=person.actor,
        set_by=person.actor, until=until,
    )  # fmt: skip
    _hold(conn, person, row, new)


def take_out(
    conn: psycopg.Connection, alarm: int, person: Person, *, owner: str, reason: str, until: datetime | None = None,
    whole_device: bool = False,
) -> None:  # fmt: skip
    """Takes what an alarm is about out of service, or its whole device. Raises NotFound, ActRefused."""
    row = _one(conn, alarm, beside=whole_device)
    if row["hold"] == Hold.OUT_OF_SERVICE:
        raise _refusal(conn, row, "this alarm is out-of-service already")
    if whole_device and row["device"] is None:
        raise _refusal(conn, row, "this alarm is about a space, and about no device")
    _decide(conn, row, lambda: machine.hold(standing_of(row), Hold.OUT_OF_SERVICE, life_safety=row["life_safety"]))
    new = NewHold(
        kind=Hold.OUT_OF_SERVICE, park_id=row["park_id"], watch=None if whole_device else row["watch"],
        device=row["device"] if whole_device else None, reason=reason, owner=owner, set_by=person.actor, until=until,
    )  # fmt: skip
    _hold(conn, person, row, new)


def release(conn: psycopg.Connection, alarm: int, person: Person, *, reason: str | None = None) -> None:
    """Ends what keeps an alarm from people, the strongest of it. Raises NotFound, ActRefused."""
    row = _one(conn, alarm, beside=True)
    over = {"watch": row["watch"], "device": row["device"], "now": person.now}
    kept = conn.execute(QUERIES["holds_over"], over).fetchone()
    if kept is None:
        raise _refusal(conn, row, "nothing keeps this alarm from people")
    hold, kind, parent, *_ = kept
    if kind == Hold.SUPPRESSED:
        raise _refusal(conn, row, f"alarm {parent} explains this one, which shows again when that one is over")
    alarm_holds.release(conn, [hold], now=person.now, by=person.actor, reason=reason)
    _audit(conn, person, "release", f"alarms/{alarm}", {"hold": hold, "kind": kind, "reason": reason})


def release_hold(conn: psycopg.Connection, hold: int, person: Person, *, reason: str | None = None) -> None:
    """Ends one hold by its number. Raises NotFound; AlarmRefused where it is over, or ends by itself alone."""
    found = conn.execute(QUERIES["hold_to_end"], {"hold": hold}).fetchone()
    if found is None:
        raise NotFound(f"hold {hold}")
    _, kind, _, parent, ended, ended_by = found
    if ended is not None:
        raise HoldRefused(f"it is over already; {ended_by} ended it")
    if kind == Hold.SUPPRESSED:
        raise HoldRefused(f"alarm {parent} explains what it keeps; it ends with that one")
    alarm_holds.release(conn, [hold], now=person.now, by=person.actor, reason=reason)
    _audit(conn, person, "release", f"holds/{hold}", {"hold": hold, "kind": kind, "reason": reason})


def _locked(conn: psycopg.Connection, alarms: Sequence[int]) -> list[Row]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES["alarms_to_act"], {"alarms": sorted(set(alarms))}).fetchall()


def _one(conn: psycopg.Connection, alarm: int, *, beside: bool = False) -> Row:
    """One alarm, locked; beside: with the others of its device, which what is done may concern."""
    if beside:
        conn.execute(QUERIES["lock_beside"], {"alarm": alarm})
    rows = _locked(conn, [alarm])
    if not rows:
        raise NotFound(f"alarm {alarm}")
    return rows[0]


def _decide(conn: psycopg.Connection, row: Row, decide: Any) -> machine.Standing:
    """What the machine says, its refusal told with what somebody else did."""
    try:
        after: machine.Standing = decide()
    except AlarmRefused as error:
        raise _refusal(conn, row, error.detail) from error
    return after


def _refusal(conn: psycopg.Connection, row: Row, why: str) -> ActRefused:
    with conn.cursor(row_factory=dict_row) as cursor:
        last = cursor.execute(QUERIES["last_act"], {"alarm": row["alarm"]}).fetchone()
    return ActRefused(why, alarm=row["alarm"], state=row["state"], last=last)


def _hold(conn: psycopg.Connection, person: Person, row: Row, new: NewHold) -> None:
    number = alarm_holds.hold(conn, new, now=person.now)
    became = {"kind": new.kind, "hold": number, "owner": new.owner, "until": new.until and new.until.isoformat()}
    detail = {"was": row["state"], "became": became, "reason": new.reason, "whole_device": new.device is not None}
    _audit(conn, person, "hold", f"alarms/{row['alarm']}", detail)


def _note(
    conn: psycopg.Connection, person: Person, row: Row, action: AlarmAction, state: str, words: str | None
) -> None:
    changes = Changes()
    changes.note(row["alarm"], action, state, at=person.now, before=row["state"], reason=words)
    changes.write(conn, now=person.now, actor=person.actor)
    detail = {"was": row["state"], "became": state, "comment": words}
    _audit(conn, person, action, f"alarms/{row['alarm']}", detail)


def _audit(conn: psycopg.Connection, person: Person, act: str, subject: str, detail: dict[str, Any]) -> None:
    audit.record(conn, now=person.now, action=f"alarm-{act}", subject=subject, detail=detail, actor=person.actor)
