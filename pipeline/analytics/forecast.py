"""The probability that an open order misses its promise, from how promises of the same kind ended before.

History is counted on a grid of the part of a promise that is used up: of those that were still open there, how many
were missed. A class with few is drawn towards the wider one above it. What cannot be known yet is never counted: a
promise becomes history when it runs out, and not when it is kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pipeline.domain.sla import ClockKind

HOURS = 4
STEPS = 20  # of the grid: 5 % of a promise each
ENOUGH = 30  # promises of the same kind and priority that were open at that point; with fewer nobody knows
WEIGHT = 12.0  # how many promises of its own a class needs to count as much as the wider class
Row = Mapping[str, Any]
Key = tuple[str, ...]


class Case(NamedTuple):
    """One promise as it is classed. hours: of the park's day at which the order was opened, in blocks of HOURS."""

    kind: str
    priority: str
    service: str
    hours: str

    def classes(self) -> list[Key]:
        """Its classes, the widest first."""
        return [(self.kind,), (self.kind, self.priority), (self.kind, self.priority, self.service), tuple(self)]


class Chance(NamedTuple):
    """probability of a miss, null where too little is known; n: promises of the same kind and priority behind it, base:
    the share of them that was missed; of: the narrowest class with any history."""

    probability: float | None
    n: int
    base: float | None
    of: Key


@dataclass(frozen=True, slots=True)
class Past:
    """A promise that ran out. used: the part of it that it took, above 1: missed; ahead: the part after which somebody
    was a step further, null: never before its end."""

    case: Case
    used: float
    ahead: float | None
    missed: bool


@dataclass(slots=True)
class History:
    """Counts of promises that ran out, to be asked and added to in any order."""

    _steps: dict[Key, list[int]] = field(default_factory=dict)

    def add(self, past: Past) -> None:
        """One more. It counts at each point of the grid at which it was still open, as it stood there."""
        last = STEPS if past.missed else min(STEPS, _points_below(past.used))
        turn = last if past.ahead is None else min(last, _points_below(past.ahead))
        for key in past.case.classes():
            steps = self._steps.get(key)
            if steps is None:
                steps = self._steps[key] = [0] * (4 * (STEPS + 1))
            # Only where counts change is written down: [0, turn) not ahead, [turn, last) ahead.
            for place, sign in ((0, 1), (turn * 4, -1), (turn * 4 + 2, 1), (last * 4 + 2, -1)):
                steps[place] += sign
                steps[place + 1] += sign * past.missed

    def chance(self, case: Case, used: float, *, ahead: bool) -> Chance:
        """How likely such a promise, `used` of which (0 to 1) is gone, is to be missed."""
        step = min(STEPS - 1, int(used * STEPS + 1e-9))
        kind, narrower, *classes = case.classes()
        probability = self.base(case, used)
        n, missed = self._at(narrower, step)
        probability = _drawn(missed, n, probability)
        base, found = missed / n if n else None, kind
        for key in (narrower, *classes):
            every, missed = self._at(key, step, ahead=ahead)
            probability = _drawn(missed, every, probability)
            found = key if every else found
        return Chance(probability if n >= ENOUGH else None, n, base, found)

    def base(self, case: Case, used: float) -> float:
        """The share that was missed of all of a kind that were open at a part: what anybody could tell."""
        every, missed = self._at(case.classes()[0], min(STEPS - 1, int(used * STEPS + 1e-9)))
        return (missed + 0.5) / (every + 1)

    def _at(self, key: Key, step: int, *, ahead: bool | None = None) -> tuple[int, int]:
        """How many of a class were open at a point of the grid, and how many of them were missed."""
        steps = self._steps.get(key)
        if steps is None:
            return 0, 0
        seen, missed = (sum(steps[place : step * 4 + 4 : 4]) for place in (0, 1))
        seen_ahead, missed_ahead = (sum(steps[place : step * 4 + 4 : 4]) for place in (2, 3))
        if ahead is None:
            return seen + seen_ahead, missed + missed_ahead
        return (seen_ahead, missed_ahead) if ahead else (seen, missed)


def _drawn(missed: int, n: int, wider: float) -> float:
    """A class's share, drawn towards the wider one's the more the fewer it has."""
    return (missed + WEIGHT * wider) / (n + WEIGHT)


def _points_below(used: float) -> int:
    """How many points of the grid lie below a part: a promise that ended there was open at each of them."""
    return max(0, ceil(used * STEPS - 1e-9))


def case_of(row: Row, zone: ZoneInfo) -> Case:
    """How a clock's row is classed."""
    begins = row["created"].astimezone(zone).hour // HOURS * HOURS
    hours = f"{begins:02d}-{begins + HOURS:02d}"
    return Case(str(row["kind"]), row["priority"] or "", row["service"] or "", hours)


def past_of(row: Row, zone: ZoneInfo) -> Past | None:
    """A clock's row as history; None where it tells nothing (no due time, not over and not due)."""
    whole = _whole_s(row)
    if row["due"] is None or whole is None:
        return None
    missed = row["state"] != "met"
    if missed:
        used = 1.0
    elif row["target_s"]:
        used = min(1.0, (row["spent_s"] or 0.0) / row["target_s"])
    else:
        used = min(1.0, (row["wall_s"] or 0.0) / whole)
    further = _further(row)
    ahead = None if further is None else max(0.0, (further - row["started"]).total_seconds() / whole)
    return Past(case_of(row, zone), used, ahead, missed)


def used_of(row: Row, left_s: float | None, now: datetime) -> float | None:
    """The part of a running promise that is gone; None where nobody can tell (paused)."""
    whole = _whole_s(row)
    if left_s is None or whole is None:
        return None
    if row["target_s"]:
        return min(1.0, max(0.0, 1 - left_s / float(row["target_s"])))
    gone: float = (now - row["started"]).total_seconds()
    return min(1.0, max(0.0, gone / whole))


def is_ahead(row: Row, at: datetime) -> bool:
    """Whether somebody was a step further at an instant: had accepted it (respond), was there (restore)."""
    further = _further(row)
    return further is not None and bool(further <= at)


def _further(row: Row) -> datetime | None:
    step: datetime | None = {ClockKind.RESPOND: row["taken"], ClockKind.RESTORE: row["arrived"]}.get(row["kind"])
    return step if step is not None and step >= row["started"] else None


def _whole_s(row: Row) -> float | None:
    """A promise's length on the wall."""
    whole: float | None = None if row["due"] is None else (row["due"] - row["started"]).total_seconds()
    return whole if whole and whole > 0 else None


def history_of(rows: Iterable[Row], zone: ZoneInfo, *, now: datetime) -> History:
    """Everything that is known at an instant."""
    found = History()
    for row in rows:
        if row["due"] is not None and row["due"] <= now and (past := past_of(row, zone)):
            found.add(past)
    return found


@dataclass(frozen=True, slots=True)
class Forecast:
    """One open promise. overdue: it ran out already. used: the part that is gone, null: paused, or not known.

    probability null: nobody knows, which is no good news. base: how many of the same kind and priority are missed.
    """

    work_order: int
    kind: str
    due: datetime | None
    overdue: bool
    used: float | None
    probability: float | None
    n: int
    base: float | None
    of: Key


def forecasts(rows: Sequence[Row], left: Mapping[tuple[int, str], float | None], zone: ZoneInfo, *,
              now: datetime) -> list[Forecast]:  # fmt: skip
    """Every open promise, the likeliest miss first: what is overdue, then by probability, then what nobody knows."""
    history = history_of(rows, zone, now=now)
    found = []
    for row in rows:
        if row["stopped"] is not None or row["fault"] is not None:
            continue
        overdue = row["due"] is not None and row["due"] <= now
        used = 1.0 if overdue else used_of(row, left.get((row["work_order"], row["kind"])), now)
        chance = Chance(None, 0, None, ())
        if used is not None and not overdue:
            chance = history.chance(case_of(row, zone), used, ahead=is_ahead(row, now))
        found.append(
            Forecast(
                work_order=row["work_order"], kind=row["kind"], due=row["due"], overdue=overdue, used=used,
                probability=1.0 if overdue else chance.probability, n=chance.n, base=chance.base, of=chance.of,
            )
        )  # fmt: skip
    return sorted(found, key=_risk)


def _risk(one: Forecast) -> tuple[bool, bool, float, float]:
    due = one.due.timestamp() if one.due else float("inf")
    return (not one.overdue, one.probability is None, -(one.probability or 0.0), due)
