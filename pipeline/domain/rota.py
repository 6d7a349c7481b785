"""Who is on duty: patterns that repeat become shifts, changes say who is away or comes instead, and the nearest rota
for a skill that has somebody is the one that is asked. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

ANY_SKILL = "*"
"""In a rota's skills: whatever no rota of that place has by name."""
FIRST, LEAD, HEAD = 1, 2, 3
"""Levels: who is asked first, the duty lead, the manager."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftPattern:
    """People take turns of `turn_days`, counted from `since`; on `days` (0 Monday … 6), from `begins` to `ends`, park
    time, over midnight where `ends` is not later. Nobody: a turn without anyone."""

    people: tuple[str | None, ...]
    begins: time
    ends: time
    since: date
    days: frozenset[int] = frozenset(range(7))
    turn_days: int = 1
    level: int = FIRST


class PlannedShift(NamedTuple):
    """One shift that follows from a pattern: a login, and when."""

    login: str
    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Rota:
    """Who answers for which skills where. space_id: there and below; None: in the whole park."""

    rota_id: str
    skills: frozenset[str]
    space_id: str | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """Somebody is on duty for a rota from starts to ends, asked at this level."""

    rota_id: str
    person: int
    starts: datetime
    ends: datetime
    level: int


@dataclass(frozen=True, slots=True)
class ShiftChange:
    """From starts to ends `away` is not there, `instead` is: at the level of who is away, or beside at `level`."""

    rota_id: str
    starts: datetime
    ends: datetime
    away: int | None
    instead: int | None
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on duty, by which rota, and in words how that was found; people is empty where nobody is."""

    people: tuple[int, ...]
    rota_id: str | None
    why: str


def planned(pattern: ShiftPattern, first: date, last: date, *, zone: ZoneInfo) -> Iterator[PlannedShift]:
    """The shifts that begin on the days from first to last, both included, in UTC."""
    day = max(first, pattern.since)
    while day <= last:
        turn = (day - pattern.since).days // pattern.turn_days % len(pattern.people)
        login = pattern.people[turn]
        if login is not None and day.weekday() in pattern.days:
            over = DAY if pattern.ends <= pattern.begins else timedelta(0)
            starts = datetime.combine(day, pattern.begins, zone).astimezone(UTC)
            ends = datetime.combine(day + over, pattern.ends, zone).astimezone(UTC)
            if starts < ends:
                yield PlannedShift(login, starts, ends)
        day += DAY


def present(rota_id: str, shifts: Iterable[Shift], changes: Sequence[ShiftChange], *, level: int,
            at: datetime) -> tuple[int, ...]:  # fmt: skip
    """Who is there for a rota at an instant: as planned, with what was changed, in the order in which it was said."""
    now = [c for c in changes if c.rota_id == rota_id and c.starts <= at < c.ends]
    found = [
        shift.person
        for shift in shifts
        if shift.rota_id == rota_id and shift.level == level and shift.starts <= at < shift.ends
    ]
    for change in now:
        if change.away is None:
            if change.instead is not None and change.level == level:
                found.append(change.instead)
        elif change.away in found:
            place = found.index(change.away)
            found[place : place + 1] = [] if change.instead is None else [change.instead]
    return tuple(dict.fromkeys(found))


def on_duty(rotas: Iterable[Rota], shifts: Sequence[Shift], changes: Sequence[ShiftChange], *, skill: str,
            path: Sequence[str], level: int, at: datetime) -> Duty:  # fmt: skip
    """Who is asked for a skill at a place: of the nearest rota that has somebody at this level.

    path: the place's space and all above it, itself first; empty: the whole park.
    """
    near: Mapping[str | None, int] = {None: len(path), **{space: n for n, space in enumerate(path)}}
    fits = [r for r in rotas if r.space_id in near and (skill in r.skills or ANY_SKILL in r.skills)]
    fits.sort(key=lambda r: (skill not in r.skills, near[r.space_id], r.rota_id))
    for rota in fits:
        if people := present(rota.rota_id, shifts, changes, level=level, at=at):
            return Duty(people, rota.rota_id, f"on duty at level {level} by rota {rota.rota_id}")
    if not fits:
        return Duty((), None, f"no rota has the skill {skill}")
    return Duty((), None, f"nobody is on duty for {skill} at level {level}")
