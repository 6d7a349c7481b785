"""Judges what needs more than one reading: from readings to glimpses, for the engine's looks and for dry runs alike.

Readings are in order of device time and usable (neither bad nor stale, never NaN). However history is cut into looks,
the same glimpses come out, as long as each look has the readings of `lookback` before it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.rule import Compare, Condition, Deviation, Flat, Limits, Rate, Schedule
from pipeline.domain.spell import Glimpse
from pipeline.domain.working_calendar import Days, day_kind, is_worked, spans
from pipeline.rules.track import Bools, Ints, Track, instant, micros

STANDING = timedelta(hours=1)  # so long a reading stands for a point when a schedule begins
FEW = 4
HALVES = 2  # a flat line may pause for a half of its time, not longer: then nobody knows what was between


class Norm(NamedTuple):
    """What a point usually does at an hour of a kind of day: median and robust spread of so many days."""

    median: float
    spread: float
    days: int


Usual = Mapping[tuple[str, int], Norm]
"""By class of day (`working`, `free`) and park hour."""


class Setting(NamedTuple):
    """What a condition is judged against beside its own readings."""

    zone: tzinfo = UTC
    days: Days = MappingProxyType({})
    usual: Usual = MappingProxyType({})
    other: Track = Track.of([])


def lookback(condition: Condition) -> timedelta:
    """How much before the first reading to be judged must be known."""
    match condition:
        case Flat(for_s=for_s):
            return timedelta(seconds=for_s * (1 + 1 / HALVES))
        case Rate(within_s=within_s):
            return timedelta(seconds=within_s)
        case Compare(fresh_s=fresh_s):
            return timedelta(seconds=fresh_s)
        case Schedule():
            return STANDING
        case _:
            return timedelta(0)


def glimpses(
    condition: Condition, track: Track, setting: Setting, *, after: datetime | None = None,
    until: datetime | None = None, edges_after: datetime | None = None,
) -> list[Glimpse]:  # fmt: skip
    """What the readings later than `after` (else: all), up to `until` (else: the newest), say of a condition; a
    schedule also speaks where it begins and ends (after `edges_after`, where that is another instant).

    For a deviation the track holds means of quarter hours, each at the quarter's end.
    """
    if not len(track.ts) and (after is None or until is None):
        return []
    after = after or instant(int(track.ts[0]) - 1)
    last = until or instant(max(int(t.ts[-1]) for t in (track, setting.other) if len(t.ts)))
    chosen = np.flatnonzero((track.ts > micros(after)) & (track.ts <= micros(last)))
    match condition:
        case Flat():
            return _flat(condition, track, chosen)
        case Rate():
            return _rate(condition, track, chosen)
        case Compare():
            return _compare(condition, track, setting.other, after=after, until=last)
        case Schedule():
            edges = edges_after or after
            return _schedule(condition, track, setting, chosen, after=after, edges_after=edges, until=last)
        case Deviation():
            return _deviation(condition, track, setting, chosen)
        case _:
            raise TypeError(f"{type(condition).__name__} is decided by a single reading or event")


def _flat(condition: Flat, track: Track, chosen: Ints) -> list[Glimpse]:
    """A breach where every reading since the last one that is `for_s` old lies within the tolerance, without a long
    pause; over with the first reading that differs from one within `for_s` before it."""
    whole = int(condition.for_s * 1e6)
    within = np.searchsorted(track.ts, track.ts[chosen] - whole, "right")
    first = np.maximum(within - 1, 0)
    pauses = np.zeros_like(track.ts)
    pauses[1:] = track.ts[1:] - track.ts[:-1]
    steady = _over(np.maximum, pauses, np.minimum(first + 1, chosen), chosen) <= whole // HALVES
    breach = (within > 0) & steady & (_span(track.value, first, chosen) <= condition.tolerance)
    clear = _span(track.value, np.minimum(within, chosen), chosen) > condition.tolerance
    return _seen(track, chosen, breach, clear)


def _rate(condition: Rate, track: Track, chosen: Ints) -> list[Glimpse]:
    """A breach where the value lies `by` above the lowest (below the highest) reading of the window that it ends."""
    first = np.searchsorted(track.ts, track.ts[chosen] - int(condition.within_s * 1e6), "left")
    known = first < chosen
    rises = condition.by > 0
    least = _over(np.minimum if rises else np.maximum, track.value, first, chosen)
    change = track.value[chosen] - least
    breach = known & (change >= condition.by if rises else change <= condition.by)
    return _seen(track, chosen, breach, known & ~breach)


def _compare(condition: Compare, track: Track, other: Track, *, after: datetime, until: datetime) -> list[Glimpse]:
    """Judged at every reading of either point, from what stood then, if both were fresh."""
    if not len(track.ts) or not len(other.ts):
        return []
    ts = np.union1d(track.ts, other.ts)
    ts = ts[(ts > micros(after)) & (ts <= micros(until))]
    mine, theirs = (np.searchsorted(t.ts, ts, "right") - 1 for t in (track, other))
    fresh = int(condition.fresh_s * 1e6)
    known = (mine >= 0) & (theirs >= 0)
    known &= (ts - track.ts[mine] <= fresh) & (ts - other.ts[theirs] <= fresh)
    ts, mine, theirs = ts[known], mine[known], theirs[known]
    value = track.value[mine]
    limit = condition.factor * other.value[theirs] + condition.offset
    beyond = (limit - value) if condition.below else (value - limit)
    told = [np.where(t.ts[at] == ts, t.received[at], 0) for t, at in ((track, mine), (other, theirs))]
    now = Track(ts, value, np.maximum(*told))
    return _seen(now, np.arange(len(ts)), beyond > 0, beyond <= -condition.deadband)


def _schedule(
    condition: Schedule, track: Track, setting: Setting, chosen: Ints, *, after: datetime, edges_after: datetime,
    until: datetime,
) -> list[Glimpse]:  # fmt: skip
    """Limits inside of the schedule's times; outside it is over. Where they begin, what stood then is judged."""
    times = spans(condition, min(after, edges_after), until, zone=setting.zone, days=setting.days)
    starts = np.array([micros(start) for start, _ in times], np.int64)
    ends = np.array([micros(end) for _, end in times], np.int64)
    turn = np.searchsorted(starts, track.ts[chosen], "right") - 1
    inside = turn >= 0
    inside[inside] = track.ts[chosen][inside] < ends[turn[inside]]
    breach, clear = limits(condition.limits, track.value[chosen])
    found = _seen(track, chosen, inside & breach, ~inside | clear)
    for begins, edges in ((True, starts), (False, ends)):
        for edge in edges[(edges > micros(edges_after)) & (edges <= micros(until))].tolist():
            if (at := _edge(condition.limits, track, edge, begins=begins)) is not None:
                found.append(at)
    return sorted(found, key=lambda seen: seen.ts)


def _edge(asked: Limits, track: Track, edge: int, *, begins: bool) -> Glimpse | None:
    """What stood when a schedule began (None: nobody knows, or a reading of that instant says it), or that it ended."""
    last = int(np.searchsorted(track.ts, edge, "right")) - 1
    value = float(track.value[last]) if last >= 0 else None
    received = instant(max(edge, int(track.received[last]) if last >= 0 else edge))
    if last >= 0 and int(track.ts[last]) == edge:
        return None
    if not begins:
        return Glimpse(instant(edge), False, True, value, instant(edge))
    if value is None or edge - int(track.ts[last]) > STANDING // timedelta(microseconds=1):
        return None
    breach, clear = limits(asked, np.array([value]))
    return Glimpse(instant(edge), bool(breach[0]), bool(clear[0]), value, received)


def _deviation(condition: Deviation, track: Track, setting: Setting, chosen: Ints) -> list[Glimpse]:
    """Each quarter hour against what is usual; where too few days are known it says nothing."""
    found = []
    for i in chosen.tolist():
        norm = norm_at(setting, instant(int(track.ts[i])))
        if norm is None or norm.days < condition.days:
            continue
        above = float(track.value[i]) - norm.median
        size = above if condition.above_only else abs(above)
        breach = size > condition.spreads * norm.spread and size > condition.at_least
        mean = float(track.value[i])
        found.append(Glimpse(instant(int(track.ts[i])), breach, not breach, mean, instant(int(track.received[i]))))
    return found


def norm_at(setting: Setting, end: datetime) -> Norm | None:
    """What is usual for the quarter hour that ends at an instant."""
    return setting.usual.get(usual_key(setting, end))


def usual_key(setting: Setting, end: datetime) -> tuple[str, int]:
    """Class of day and park hour of the quarter hour that ends at an instant."""
    begun = (end - timedelta(minutes=15)).astimezone(setting.zone)
    worked = is_worked(day_kind(begun.date(), setting.days).kind)
    return ("working" if worked else "free", begun.hour)


def limits(asked: Limits, value: NDArray[np.float64]) -> tuple[Bools, Bools]:
    """Which values lie beyond the limits, and which are back inside by the deadband."""
    low = -np.inf if asked.low is None else asked.low
    high = np.inf if asked.high is None else asked.high
    breach = (value > high) | (value < low)
    return breach, (value <= high - asked.deadband) & (value >= low + asked.deadband)


def _seen(track: Track, chosen: Ints, breach: Bools, clear: Bools) -> list[Glimpse]:
    rows: Any = zip(track.ts[chosen], breach, clear, track.value[chosen], track.received[chosen], strict=True)
    return [Glimpse(instant(int(t)), bool(b), bool(c), float(v), instant(int(r))) for t, b, c, v, r in rows]


def _span(value: NDArray[np.float64], first: Ints, last: Ints) -> NDArray[np.float64]:
    found: NDArray[np.float64] = _over(np.maximum, value, first, last) - _over(np.minimum, value, first, last)
    return found


def _over(ufunc: np.ufunc, value: NDArray[Any], first: Ints, last: Ints) -> NDArray[Any]:
    """A ufunc over value[first[i]] … value[last[i]], each."""
    if len(first) <= FEW:  # most looks: one or two new readings
        return np.array([ufunc.reduce(value[i : j + 1]) for i, j in zip(first, last, strict=True)], value.dtype)
    bounds = np.column_stack([first, last + 1]).ravel()
    found: NDArray[Any] = ufunc.reduceat(np.append(value, value[:1]), bounds)[::2]
    return found
