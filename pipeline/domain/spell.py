"""How long a condition has held, by event time: on-delay, off-delay and deadband, reading by reading. Pure decisions.

A reading counts until the next one: what the clock alone would have decided, a replay decides alike.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

SETTLE = timedelta(seconds=5)  # what comes late may be followed by what ends it: so long the clock waits


class Phase(StrEnum):
    """Where a condition stands."""

    NORMAL = "normal"
    PENDING = "pending"  # it holds, but not yet for its on-delay
    ACTIVE = "active"
    CLEARING = "clearing"  # it is over, but not yet for its off-delay


class Delays(NamedTuple):
    """A rule's on-delay and off-delay."""

    on: timedelta
    off: timedelta

    @staticmethod
    def of(on_s: float, off_s: float) -> "Delays":
        """From seconds."""
        return Delays(timedelta(seconds=on_s), timedelta(seconds=off_s))


class Glimpse(NamedTuple):
    """What one reading (event, look of the engine) says of a condition, at its event time.

    breach: it holds. clear: it is over, deadband included. Neither: between the two, nothing changes once active.
    """

    ts: datetime
    breach: bool
    clear: bool
    value: float | None
    received: datetime


class Turn(NamedTuple):
    """The condition became an alarm (`raised`) or returned, at an event time; began: when this spell did."""

    raised: bool
    at: datetime
    began: datetime
    received: datetime
    value: float | None


@dataclass(frozen=True, slots=True)
class Spell:
    """A condition's phase; since: event time from which it lasts; deadline: park time at which the clock ends it."""

    phase: Phase
    began: datetime
    since: datetime
    deadline: datetime | None
    value: float | None
    received: datetime

    @staticmethod
    def normal(at: datetime) -> "Spell":
        """Nothing holds."""
        return Spell(Phase.NORMAL, at, at, None, None, at)


def follow(spell: Spell, glimpses: Iterable[Glimpse], delays: Delays) -> tuple[Spell, list[Turn]]:
    """The spell after some glimpses, oldest first, none older than those before; and what became of it on the way."""
    turns: list[Turn] = []
    for seen in glimpses:
        spell = _elapse(spell, seen.ts, delays, turns)
        spell = _see(spell, seen, delays, turns)
    return spell, turns


def expire(spell: Spell, delays: Delays, *, now: datetime) -> tuple[Spell, list[Turn]]:
    """The spell once its deadline has passed on the park's clock, though no new reading came."""
    turns: list[Turn] = []
    if spell.deadline is not None and spell.deadline <= now:
        delay = delays.on if spell.phase is Phase.PENDING else delays.off
        spell = _elapse(spell, spell.since + delay, delays, turns)
    return spell, turns


def wait(spell: Spell, delays: Delays, *, until: datetime) -> tuple[Spell, list[Turn]]:
    """The spell at an event time, with nothing new to see up to it."""
    turns: list[Turn] = []
    return _elapse(spell, until, delays, turns), turns


def _elapse(spell: Spell, until: datetime, delays: Delays, turns: list[Turn]) -> Spell:
    """What the delays decide up to an event time, with nothing new to see."""
    if spell.phase is Phase.PENDING and spell.since + delays.on <= until:
        at = spell.since + delays.on
        turns.append(Turn(True, at, spell.began, spell.received, spell.value))
        return replace(spell, phase=Phase.ACTIVE, since=at, deadline=None)
    if spell.phase is Phase.CLEARING and spell.since + delays.off <= until:
        at = spell.since + delays.off
        turns.append(Turn(False, at, spell.began, spell.received, spell.value))
        return Spell(Phase.NORMAL, at, at, None, None, spell.received)
    return spell


def _see(spell: Spell, seen: Glimpse, delays: Delays, turns: list[Turn]) -> Spell:
    match spell.phase:
        case Phase.NORMAL if seen.breach:
            begun = Spell(Phase.PENDING, seen.ts, seen.ts, deadline(seen, delays.on), seen.value, seen.received)
            return _elapse(begun, seen.ts, delays, turns)
        case Phase.PENDING if not seen.breach:
            return Spell(Phase.NORMAL, seen.ts, seen.ts, None, None, seen.received)
        case Phase.PENDING:
            return replace(spell, deadline=max(spell.deadline or seen.received, _settled(seen)))
        case Phase.ACTIVE if seen.clear:
            # The clock may have decided already what this reading, under way meanwhile, would have: never over before
            # it was.
            since = max(seen.ts, spell.since)
            over = replace(
                spell, phase=Phase.CLEARING, since=since, deadline=deadline(seen, delays.off), received=seen.received
            )
            return _elapse(over, since, delays, turns)
        case Phase.CLEARING if seen.breach:
            return replace(spell, phase=Phase.ACTIVE, since=seen.ts, deadline=None, received=seen.received)
        case Phase.CLEARING:
            return replace(spell, deadline=max(spell.deadline or seen.received, _settled(seen)))
        case _:
            return spell


def deadline(seen: Glimpse, delay: timedelta) -> datetime:
    """By the received time: what follows takes as long to come, and a clock that is ahead lengthens no delay. What
    comes late has had some of its delay already, but waits for what follows it."""
    if seen.received - seen.ts > SETTLE:
        return max(seen.ts + delay, _settled(seen))
    return seen.received + delay


def _settled(seen: Glimpse) -> datetime:
    late = seen.received - seen.ts > SETTLE
    return seen.received + SETTLE if late else min(seen.ts, seen.received)
