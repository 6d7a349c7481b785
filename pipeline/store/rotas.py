"""Rotas in the database: who is on duty at an instant, shifts made from patterns some weeks ahead, and changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from pipeline.domain.errors import NotFound
from pipeline.domain.rota import (
    ANY_SKILL,
    FIRST,
    Duty,
    Rota,
    Shift,
    ShiftChange,
    ShiftPattern,
    on_duty,
    planned,
    present,
)
from pipeline.store import audit
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "rotas_sql")
AHEAD = timedelta(days=28)  # shifts are made so far ahead
BEHIND = timedelta(days=1)  # a shift of yesterday may last until today


@dataclass(frozen=True, slots=True)
class DutyPlan:
    """Who is there at one instant in a park, for any skill and place; read once for many questions."""

    park_id: str
    at: datetime
    rotas: tuple[Rota, ...]
    shifts: tuple[Shift, ...]
    changes: tuple[ShiftChange, ...]

    def ask(self, skill: str, path: Sequence[str], level: int) -> Duty:
        """Who is on duty for a skill at a place."""
        return on_duty(self.rotas, self.shifts, self.changes, skill=skill, path=path, level=level, at=self.at)

    def present(self, rota_id: str, level: int) -> tuple[int, ...]:
        """Who is there for one rota."""
        return present(rota_id, self.shifts, self.changes, level=level, at=self.at)


def plan_at(conn: psycopg.Connection, park_id: str, at: datetime) -> DutyPlan:
    """Everything that decides who is on duty at an instant."""
    asked = {"park": park_id, "at": at}
    return DutyPlan(
        park_id, at,
        tuple(Rota(rota, frozenset(skills), space) for rota, skills, space in conn.execute(QUERIES["rotas"], asked)),
        tuple(Shift(*row) for row in conn.execute(QUERIES["shifts_at"], asked)),
        tuple(ShiftChange(*row) for row in conn.execute(QUERIES["changes_at"], asked)),
    )  # fmt: skip


def path(conn: psycopg.Connection, park_id: str, space_id: str | None) -> list[str]:
    """A space and all above it, itself first; nothing for the whole park."""
    if space_id is None:
        return []
    return [space for (space,) in conn.execute(QUERIES["space_path"], {"park": park_id, "space": space_id})]


def gaps(conn: psycopg.Connection, park_id: str, at: datetime) -> list[str]:
    """Skills for which nobody is on duty at level 1 at that instant, anywhere in the park."""
    plan = plan_at(conn, park_id, at)
    missing = []
    for (skill,) in conn.execute(QUERIES["skills_wanted"], {"park": park_id}).fetchall():
        places: list[list[str]] = [[]]
        places += [path(conn, park_id, r.space_id) for r in plan.rotas if r.space_id and skill in r.skills]
        if not any(plan.ask(skill, place, FIRST).people for place in places):
            missing.append(str(skill))
    return missing


def fill(conn: psycopg.Connection, park_id: str, *, now: datetime) -> int:
    """Makes the shifts of all patterns up to AHEAD from now; returns how many are new."""
    row = conn.execute(QUERIES["park_zone"], {"park": park_id}).fetchone()
    if row is None:
        raise NotFound(f"park {park_id}")
    zone, made = ZoneInfo(row[0]), 0
    last = (now + AHEAD).astimezone(zone).date()
    for pattern, rota_id, spec, filled in conn.execute(QUERIES["patterns"], {"park": park_id}).fetchall():
        first = (now - BEHIND).astimezone(zone).date() if filled is None else filled + timedelta(days=1)
        if first > last:
            continue
        told = read_pattern(spec)
        # A new pattern takes over now: what of its shifts is over, or was worked by another pattern, is not its own.
        shifts = [
            s._replace(starts=max(s.starts, now) if filled is None else s.starts)
            for s in planned(told, first, last, zone=zone)
            if s.ends > now
        ]
        made += conn.execute(
            QUERIES["insert_shifts"],
            {"park": park_id, "rota": rota_id, "pattern": pattern, "level": told.level,
             "logins": [s.login for s in shifts], "starts": [s.starts for s in shifts],
             "ends": [s.ends for s in shifts]},
        ).rowcount  # fmt: skip
        conn.execute(QUERIES["filled"], {"pattern": pattern, "day": last})
    return made


def retire(conn: psycopg.Connection, pattern: int, *, now: datetime) -> None:
    """Takes a pattern out of force: what was worked stays, what is under way ends, the rest goes."""
    for query in ("retire_pattern", "drop_shifts", "cut_shifts"):
        conn.execute(QUERIES[query], {"pattern": pattern, "now": now})


def change(conn: psycopg.Connection, park_id: str, rota_id: str, *, starts: datetime, ends: datetime,
           away: str | None, instead: str | None, level: int | None, reason: str, actor: str,
           now: datetime) -> int:  # fmt: skip
    """Says that somebody is away, or comes instead or beside. Raises NotFound for an unknown login or rota."""
    people = by_login(conn, park_id, [login for login in (away, instead) if login])
    values = {
        "park": park_id, "rota": rota_id, "starts": starts, "ends": ends, "away": people[away] if away else None,
        "instead": people[instead] if instead else None, "level": level, "reason": reason, "actor": actor, "now": now,
    }  # fmt: skip
    if not any(rota.rota_id == rota_id for rota in plan_at(conn, park_id, now).rotas):
        raise NotFound(f"rota {rota_id}")
    row = conn.execute(QUERIES["insert_change"], values).fetchone()
    assert row is not None  # noqa: S101 - insert … returning
    detail = {"away": away, "instead": instead, "level": level, "from": starts.isoformat(), "to": ends.isoformat()}
    audit.record(conn, now=now, action="shift-change", subject=f"rota/{rota_id}", actor=actor,
                 detail={"change": row[0], "reason": reason, **detail})  # fmt: skip
    return int(row[0])


def cancel(conn: psycopg.Connection, number: int, *, actor: str, now: datetime) -> None:
    """Takes a change back. Raises NotFound where there is none, or it was taken back before."""
    row = conn.execute(QUERIES["cancel_change"], {"change": number, "now": now}).fetchone()
    if row is None:
        raise NotFound(f"shift change {number}")
    audit.record(conn, now=now, action="shift-change-cancel", subject=f"rota/{row[1]}", actor=actor,
                 detail={"change": number})  # fmt: skip


def by_login(conn: psycopg.Connection, park_id: str, logins: Sequence[str]) -> Mapping[str, int]:
    """People by login. Raises NotFound, which names who is unknown or no longer works here."""
    found: dict[str, int] = dict(
        conn.execute(QUERIES["people_by_login"], {"park": park_id, "logins": list(logins)}).fetchall()
    )
    if unknown := [login for login in logins if login not in found]:
        raise NotFound(f"nobody who works here has the login {', '.join(sorted(set(unknown)))}")
    return found


def read_pattern(spec: Mapping[str, Any]) -> ShiftPattern:
    """A pattern as `write_pattern` wrote it."""
    return ShiftPattern(
        people=tuple(spec["people"]), begins=time.fromisoformat(spec["from"]), ends=time.fromisoformat(spec["to"]),
        since=date.fromisoformat(spec["since"]), days=frozenset(spec["days"]), turn_days=spec["turn_days"],
        level=spec["level"],
    )  # fmt: skip


def write_pattern(pattern: ShiftPattern) -> dict[str, Any]:
    """A pattern as JSON keeps it."""
    return {
        "people": list(pattern.people), "from": pattern.begins.isoformat("minutes"),
        "to": pattern.ends.isoformat("minutes"), "since": pattern.since.isoformat(), "days": sorted(pattern.days),
        "turn_days": pattern.turn_days, "level": pattern.level,
    }  # fmt: skip


__all__ = ["ANY_SKILL", "QUERIES", "DutyPlan", "by_login", "cancel", "change", "fill", "gaps", "path", "plan_at",
           "read_pattern", "retire", "write_pattern"]  # fmt: skip
