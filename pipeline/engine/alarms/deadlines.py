"""Ends delays that have run out on the park's clock, though no new reading came: pending alarms, clearing returns."""

from dataclasses import replace
from datetime import datetime

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.spell import Phase, expire
from pipeline.engine.alarms import QUERIES
from pipeline.engine.alarms.turns import Judged, apply, delays_of, spell_of
from pipeline.store.alarms import Row

BITE = 500  # conditions a transaction: a collector that wants one of them waits no longer than that takes
BITES = 40


def run(conn: psycopg.Connection, now: datetime) -> int:
    """Everything that is due, a bite a transaction. Returns how many conditions turned."""
    done = 0
    for _ in range(BITES):
        with conn.transaction(), conn.cursor(row_factory=dict_row) as cursor:
            due = cursor.execute(QUERIES["due_conditions"], {"now": now, "bite": BITE}).fetchall()
            done += apply(conn, [_judge(row, now) for row in due], now=now)
        if len(due) < BITE:
            break
    return done


def _judge(row: Row, now: datetime) -> Judged:
    """What the delay of the version in force makes of it: where that is longer by now, its end is later."""
    spell, delays = spell_of(row), delays_of(row)
    delay = delays.on if spell.phase is Phase.PENDING else delays.off
    over = min(spell.since, spell.received) + delay
    if over > now:
        return Judged(row, replace(spell, deadline=over), [])
    return Judged(row, *expire(spell, delays, now=now))
