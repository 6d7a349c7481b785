"""Turns silence into a transition: online and past its deadline → offline; heard again → online."""

from datetime import datetime

import psycopg

from pipeline.engine.steps import QUERIES


def run(conn: psycopg.Connection, now: datetime) -> int:
    """Each device whose state is due, once; the update is the claim. Returns how many changed."""
    changed = 0
    for name in ("heard_again", "fell_silent"):
        rows = conn.execute(QUERIES[name], {"now": now}).fetchall()
        changed += len(rows)
        if rows:
            conn.execute(QUERIES["notify"], {"payload": f"transition:{rows[-1][0]}"})
    return changed
