"""What was promised, and how it was kept: the simulator's own sums over what it knows that people did.

Nothing of pipeline/ is used here: the rules are those of docs/sla.md, written a second time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulators.desk.hours import DAY, Hours, Span, local
from simulators.desk.truth import Told, TrueOrder

KINDS = ("acknowledge", "respond", "restore")


@dataclass(frozen=True)
class Target:
    """Open seconds, or (days) until the end of the so-many-th day after its own on which it is open at all."""

    hours: Hours
    seconds: float | None = None
    days: int = 1

    def due(self, start: datetime) -> datetime:
        """When it is used up, nothing having stopped it."""
        if self.seconds is not None:
            return self.hours.after(start, self.seconds)
        day, left = local(start).date(), self.days
        while left:
            day += DAY
            left -= bool(self.hours.on(day))
        return self.hours.on(day)[-1][1]

    def need(self, start: datetime) -> float:
        """The same as open seconds."""
        return self.seconds if self.seconds is not None else self.hours.spent(start, self.due(start))


@dataclass(frozen=True)
class Promise:
    """The terms of one order. pauses: wall seconds that each reason may stop restore; at_most: that all of them may."""

    targets: Mapping[str, Target]
    pauses: Mapping[str, float] = field(default_factory=dict)
    at_most: float | None = None
    confirm_days: float = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """One promise of one order as the truth has it; None where the figure does not exist."""

    state: str
    due: datetime | None
    target_s: float | None
    stopped: datetime | None
    spent_s: float | None
    wall_s: float | None
    paused_s: float


def kept(row: TrueOrder, promise: Promise, *, now: datetime) -> dict[str, Kept]:
    """How each promise of an order stands at an instant by which everything in its truth has happened."""
    return {kind: _kept(row, kind, promise, now) for kind in promise.targets}


def _kept(row: TrueOrder, kind: str, promise: Promise, now: datetime) -> Kept:
    target = promise.targets[kind]
    stop = {"acknowledge": acknowledged, "respond": responded, "restore": restored}[kind](row)
    over = next((t.at for t in row.told if t.action in ("cancel", "reject")), None) if stop is None else None
    waits = pauses(row, promise, end=stop or over or now) if kind == "restore" else []
    due: datetime | None = target.hours.after(row.created, target.need(row.created), without=waits)
    need: float | None = target.need(row.created)
    if kind == "respond":
        for chosen in (t for t in row.told if t.action == "appoint"):
            assert due and chosen.appointment  # noqa: S101 - both are there
            if due <= chosen.at or (stop and chosen.at >= stop):
                break
            due, need = max(chosen.appointment, chosen.at), None
    end = stop or over
    if end is None:
        waiting = bool(waits) and row.told[-1].action == "wait" and waits[-1][1] >= now
        state = "paused" if waiting else "running"
        broken = due is not None and due <= now
        done = [w for w in waits if not (waiting and w == waits[-1])]
        return Kept(state, None if waiting and not broken else due, need, None, None, None, _inside(target, row, done))
    spent = target.hours.spent(row.created, end, without=waits)
    paused, wall = _inside(target, row, waits, end), (end - row.created).total_seconds()
    if over is not None:
        return Kept("void", None, need, None, spent, wall, paused)
    return Kept("missed" if due is not None and due < end else "met", due, need, stop, spent, wall, paused)


def acknowledged(row: TrueOrder) -> datetime | None:
    """Somebody took it; handed back before anybody came, it was not taken."""
    at = None
    for told in row.told:
        if told.action in ("arrive", "finish"):
            break
        if told.action == "accept" and at is None:
            at = told.at
        elif told.action == "release":
            at = None
    return at


def responded(row: TrueOrder) -> datetime | None:
    """Somebody was there, or it was done from afar."""
    return row.first("arrive", "finish")


def restored(row: TrueOrder) -> datetime | None:
    """Done, and not opened again after that."""
    at = None
    for told in row.told:
        if told.action == "finish":
            at = told.at
        elif told.action == "reopen":
            at = None
    return at


def pauses(row: TrueOrder, promise: Promise, *, end: datetime) -> list[Span]:
    """What waiting takes out of restore: each reason, and all together, only as long as the terms allow."""
    left = dict(promise.pauses)
    in_all = promise.at_most if promise.at_most is not None else float("inf")
    found: list[Span] = []
    for since, until, reason in _waits(row.told, end):
        most = min(left.get(reason, 0.0), in_all, (until - since).total_seconds())
        if most > 0:
            found.append((since, since + timedelta(seconds=most)))
            left[reason] -= most
            in_all -= most
    return found


def _waits(told: list[Told], end: datetime) -> list[tuple[datetime, datetime, str]]:
    """Every wait, until the next thing that ended it."""
    found = []
    for place, one in enumerate(told):
        if one.action == "wait":
            ends = ("resume", "depart", "arrive", "finish", "release", "cancel", "reject")
            until = next((t.at for t in told[place + 1 :] if t.action in ends), end)
            found.append((one.at, until, one.reason or ""))
    return found


def _inside(target: Target, row: TrueOrder, waits: list[Span], end: datetime | None = None) -> float:
    """Open seconds that waits took."""
    return sum(target.hours.spent(since, min(until, end) if end else until) for since, until in waits
               if since < (end or until))  # fmt: skip
