"""Noise of alarms: which chatter, which are fleeting, when an operator is flooded, and which setting would have spared
it (ISA-18.2, EEMUA 191). Pure functions over the times at which alarms were raised and returned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from math import floor, log10
from typing import NamedTuple

SPAN = timedelta(minutes=10)  # over which an operator's load is counted
FLOOD_ABOVE = 10  # alarms within SPAN: a flood begins
FLOOD_BELOW = 5  # and ends
FLEETING = timedelta(seconds=10)  # raised and returned within it: nobody could have done anything
FLEETING_AGAIN = 3  # times
ROUND_S = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800)  # delays that people set
ENOUGH = 0.8  # of what the longest delay would spare: a shorter one that spares so much is better
WORTH = 0.5  # of all its alarms must be spared, or the setting is not the trouble
RESPONSE_SHARE = 0.1  # an on-delay may take that much of the time to respond


class Episode(NamedTuple):
    """An alarm from when it was raised until it returned (None: it stands), by event time."""

    raised: datetime
    returned: datetime | None


class Flood(NamedTuple):
    """More than 10 alarms within 10 minutes, from the one that made it so until there were fewer than 5; alarms: since
    the first of those 10 minutes."""

    started: datetime
    ended: datetime | None
    alarms: int


class AdviceKind(StrEnum):
    """Which setting of a rule to change."""

    OFF_DELAY = "off-delay"
    ON_DELAY = "on-delay"
    DEADBAND = "deadband"


@dataclass(frozen=True, slots=True)
class Advice:
    """Set `kind` to `amount` (seconds; a deadband: the point's unit), and of `alarms` only `left` would have come."""

    kind: AdviceKind
    amount: float
    alarms: int
    left: int


@dataclass(frozen=True, slots=True)
class NoiseTerms:
    """What a rule has set, as far as noise goes. urgent: life safety or critical, whose alarms nothing may delay."""

    on_s: float
    off_s: float
    respond_s: float
    urgent: bool = False


def chatters(raised: Sequence[datetime], raises: int, within: timedelta) -> bool:
    """Whether that many raises, oldest first, ever lay within a time."""
    return any(late - early <= within for early, late in zip(raised, raised[raises - 1 :], strict=False))


def fleeting(episodes: Sequence[Episode], off_s: float) -> int:
    """How many were over within seconds; 0 where that was not again and again. Its own off-delay does not count."""
    held = [_held(e, off_s) for e in episodes]
    count = sum(h is not None and h <= FLEETING.total_seconds() for h in held)
    return count if count >= FLEETING_AGAIN else 0


def advise(episodes: Sequence[Episode], terms: NoiseTerms, *, depths: Sequence[float | None] = ()) -> Advice | None:
    """The change that would have spared most of these alarms of one watch, oldest first; None where no delay would.

    depths: how far inside its limit the value came between an alarm and the next (None: not known); what never came
    further than a deadband would not have returned. An off-delay delays no alarm and is tried first, then the
    deadband, then the on-delay, which must not eat up the time to respond.
    """
    n = len(episodes)
    if n < FLEETING_AGAIN:
        return None
    gaps = [
        (later.raised - earlier.returned).total_seconds() if earlier.returned else 0.0
        for earlier, later in pairwise(episodes)
    ]
    held = [_held(episode, terms.off_s) for episode in episodes]
    best = _shortest(AdviceKind.OFF_DELAY, terms.off_s, n, [1 + sum(g > x for g in gaps) for x in ROUND_S])
    if best is None and depths and all(d is not None for d in depths):
        best = _deadband([d for d in depths if d is not None], n)
    if best is None and not terms.urgent:
        most = terms.respond_s * RESPONSE_SHARE - terms.on_s
        left = [sum(h is None or h >= x for h in held) for x in ROUND_S if x <= most]
        best = _shortest(AdviceKind.ON_DELAY, terms.on_s, n, left)
    return best


def floods(at: Sequence[datetime], *, now: datetime) -> list[Flood]:
    """The floods of one operator position, from when its alarms were annunciated, oldest first."""
    found: list[Flood] = []
    first: int | None = None  # of the flood that is on: its first alarm
    started = now
    low = 0
    for i, instant in enumerate(at):
        while instant - at[low] > SPAN:
            low += 1
        if first is None and i - low + 1 > FLOOD_ABOVE:
            first, started = low, instant
        if first is not None:
            calm = at[i - FLOOD_BELOW + 1] + SPAN  # from then on fewer than 5, if nothing new comes
            following = at[i + 1] if i + 1 < len(at) else now
            if calm < following:
                found.append(Flood(started, calm, i - first + 1))
                first = None
    if first is not None:
        found.append(Flood(started, None, len(at) - first))
    return found


def peak(at: Sequence[datetime]) -> int:
    """The most alarms within any 10 minutes, both ends included; oldest first."""
    low = most = 0
    for i, instant in enumerate(at):
        while instant - at[low] > SPAN:
            low += 1
        most = max(most, i - low + 1)
    return most


def _held(episode: Episode, off_s: float) -> float | None:
    """Seconds from the alarm to the end of its condition, without the off-delay; None: it stands."""
    if episode.returned is None:
        return None
    return (episode.returned - episode.raised).total_seconds() - off_s


def _shortest(kind: AdviceKind, set_s: float, n: int, left: Sequence[int]) -> Advice | None:
    """The shortest delay that spares about as much as the longest, if that is worth it; `left` goes with ROUND_S."""
    spared = n - min(left, default=n)
    if spared < n * WORTH:
        return None
    for extra, remain in zip(ROUND_S, left, strict=False):
        if n - remain >= spared * ENOUGH and n - remain >= n * WORTH:
            amount = set_s + extra
            return Advice(kind, float(next((r for r in ROUND_S if r >= amount), amount)), n, remain)
    return None


def _deadband(depths: Sequence[float], n: int) -> Advice | None:
    deep = sorted(depths)
    wanted = round(n * WORTH)
    amount = _round_up(deep[max(wanted, int(len(deep) * ENOUGH)) - 1])
    left = 1 + sum(d >= amount for d in deep)
    return Advice(AdviceKind.DEADBAND, amount, n, left)


def _round_up(value: float) -> float:
    """To two figures, and always a little more: a deadband must be wider than what it is to outlast."""
    if value <= 0:
        return 0.0
    step = 10.0 ** (floor(log10(value)) - 1)
    return round((floor(value / step) + 1) * step, 9)
