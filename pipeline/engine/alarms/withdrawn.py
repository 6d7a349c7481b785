"""Takes back what no rule speaks of any more: its rule is retired or disabled, or no longer names the subject."""

from datetime import datetime

import psycopg

from pipeline.domain.spell import Phase, Spell
from pipeline.engine.alarms import QUERIES
from pipeline.store import conditions
from pipeline.store.alarms import Returning, return_

BITE = 500


def run(conn: psycopg.Connection, now: datetime) -> int:
    """Everything withdrawn, a bite a transaction. Returns how many watches."""
    done = 0
    while bite := _withdraw(conn, now):
        done += bite
        if bite < BITE:
            break
    return done


def _withdraw(conn: psycopg.Connection, now: datetime) -> int:
    with conn.transaction():
        rows = conn.execute(QUERIES["withdrawn_watches"], {"bite": BITE}).fetchall()
        known = conditions.lock(conn, [watch for watch, _ in rows])
        conditions.keep(
            conn, {watch: Spell.normal(now) for watch, spell in known.items() if spell.phase != Phase.NORMAL}
        )
        return_(conn, [Returning(watch, now, None, withdrawn=why) for watch, why in rows], now=now)
        return len(rows)
