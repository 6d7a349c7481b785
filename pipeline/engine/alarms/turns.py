"""What the engine's looks at conditions come to: conditions kept, alarms raised and returned, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

import psycopg

from pipeline.domain.spell import Delays, Phase, Spell, Turn
from pipeline.engine.alarms.reasons import explain
from pipeline.store import conditions
from pipeline.store.alarms import Raising, Returning, Row, lock, raise_, return_


@dataclass(frozen=True, slots=True)
class Judged:
    """One watch's rule and facts (a row of the step's query), its spell after a look, and what became of it."""

    row: Row
    spell: Spell
    turns: list[Turn]


def spell_of(row: Row) -> Spell:
    """The spell that a condition's row keeps."""
    return Spell(Phase(row["phase"]), row["began"], row["since"], row["deadline"], row["value"], row["received"])


def delays_of(row: Row) -> Delays:
    """The delays of the rule's version in force."""
    return Delays.of(row["on_delay_s"], row["off_delay_s"])


def apply(conn: psycopg.Connection, judged: Sequence[Judged], *, now: datetime) -> int:
    """Keeps the spells of watches, which are locked; raises and returns in the order of each one's turns. Returns how
    many turns there were."""
    if not judged:
        return 0
    conditions.keep(conn, {one.row["watch"]: one.spell for one in judged})
    return carry_out(conn, [[_deed(one.row, turn) for turn in one.turns] for one in judged], now=now)


def carry_out(conn: psycopg.Connection, deeds: Sequence[Sequence[Raising | Returning]], *, now: datetime) -> int:
    """Raises and returns, each watch's deeds in their order. Returns how many there were."""
    lock(conn, [some[0].watch for some in deeds if some], now=now)
    for nth in zip_longest(*deeds):
        raise_(conn, [deed for deed in nth if isinstance(deed, Raising)], now=now)
        return_(conn, [deed for deed in nth if isinstance(deed, Returning)], now=now)
    return sum(map(len, deeds))


def _deed(row: Row, turn: Turn) -> Raising | Returning:
    if not turn.raised:
        return Returning(row["watch"], turn.at, turn.received)
    return Raising(row["watch"], turn.began, turn.at, turn.received, turn.value, explain(row, turn.value))
