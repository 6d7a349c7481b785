"""Makes a device's wrong clock an alarm: from when it was seen to be wrong until it is right again."""

from datetime import datetime

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.spell import Glimpse, Spell, follow
from pipeline.engine.alarms import QUERIES
from pipeline.engine.alarms.turns import Judged, apply, delays_of
from pipeline.store import conditions
from pipeline.store.alarms import Row


def run(conn: psycopg.Connection, now: datetime) -> int:
    """Clocks that went wrong and those that are right again. Returns how many alarms began or ended."""
    with conn.cursor(row_factory=dict_row) as cursor:
        wrong = cursor.execute(QUERIES["wrong_clocks"]).fetchall()
        right = cursor.execute(QUERIES["right_clocks"], {"now": now}).fetchall()
    spells = conditions.lock(conn, [row["watch"] for row in (*wrong, *right)])
    judged = [_judge(row, spells[row["watch"]], now) for row in (*wrong, *right)]
    return apply(conn, judged, now=now)


def _judge(row: Row, spell: Spell, now: datetime) -> Judged:
    breach = row["fault"] is not None
    at = row["since"] if breach else row["ended"]
    # A fault that another one followed began while the first was still believed: never before what is kept.
    seen = Glimpse(max(at, spell.since), breach, not breach, row["offset_s"], now)
    return Judged(row, *follow(spell, [seen], delays_of(row)))
