"""Finds in stored readings and events what came late and was an alarm: runs that nobody could be told of in time."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import psycopg

from pipeline.domain.spell import Glimpse, Phase, Spell, Turn, wait
from pipeline.rules.looks import Look
from pipeline.rules.point_watches import PointWatches
from pipeline.store import conditions
from pipeline.store.alarms import Raising
from pipeline.store.conditions import Span

BEYOND = timedelta(minutes=15)  # so far after what came late its end is looked for; what ends later is found later


class Run(NamedTuple):
    """A condition that became an alarm; and until when it is known to have lasted."""

    up: Turn
    end: datetime


def look_around(conn: psycopg.Connection, watches: PointWatches, looks: Sequence[Look]) -> None:
    """Fills in what is stored around late readings."""
    spans = []
    for look in looks:
        assert look.watched.point is not None  # noqa: S101 - it looks at readings
        reach = look.watched.reach
        spans.append(Span(look.watched.point, look.late[0].ts - reach, look.late[-1].ts + reach + BEYOND))
    for look, rows in zip(looks, conditions.readings(conn, spans) if spans else [], strict=True):
        look.around = list(watches.glimpses(look.watched, rows))


def recorded(look: Look, spell: Spell) -> Iterator[Raising]:
    """The past alarms of a look; spell: how its watch stands now. What leads up to that is told by it."""
    late = look.unexplained(spell)
    if not late or not look.around:
        return
    told = max(seen.received for seen in late)
    for up, end in _runs(look, look.around):
        if spell.phase is not Phase.NORMAL and end >= spell.began:
            continue
        if any(up.began - look.watched.within <= seen.ts <= end for seen in late):
            reason = look.explain(up)
            yield Raising(
                look.watched.watch, up.began, up.at, told, up.value, reason, historic=True, returned=end
            )  # fmt: skip


def _runs(look: Look, around: Sequence[Glimpse]) -> Iterator[Run]:
    watched = look.watched
    spell, turns = watched.follow(Spell.normal(conditions.LONG_AGO), around)
    if watched.within:  # its window empties by itself; a reading may be followed by one that is not here yet
        turns += wait(spell, watched.delays, until=around[-1].ts + watched.reach)[1]
    return _paired(turns, last=around[-1].ts)


def _paired(turns: Iterable[Turn], *, last: datetime) -> Iterator[Run]:
    up: Turn | None = None
    for turn in turns:
        if turn.raised:
            up = turn
        elif up is not None:
            yield Run(up, turn.at)
            up = None
    if up is not None:
        yield Run(up, max(last, up.at))
