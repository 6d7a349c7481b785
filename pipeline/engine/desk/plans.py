"""Turns plans into slots and slots into work orders, and says when a certificate has run out."""

from datetime import datetime

import psycopg

from pipeline.engine.desk.apart import Apart
from pipeline.store import plans

BITE = 500


def run(conn: psycopg.Connection, now: datetime) -> int:
    """Returns how many slots were made, opened, chased or renewed. Each order is a transaction of its own."""
    with conn.transaction():
        done = plans.fill(conn, now=now)
    with Apart(conn) as apart:
        found = plans.rows(conn, "renewals")
        renewals = {(row["plan"], row["work_order"], row["told"]): row for row in found}
        done += apart.each("renewal of plan", renewals, lambda row: plans.renew(conn, row, now=now))
        due = {(row["plan"], row["due"]): row for row in plans.rows(conn, "slots_to_open", now=now, bite=BITE)}
        done += apart.each(
            "no order for slot", due, lambda row: plans.open_slot(conn, row["plan"], row["due"], now=now) is not None
        )
        expired = {row["plan"]: row for row in plans.rows(conn, "expired", now=now)}
        done += apart.each("certificate of plan", expired, lambda row: plans.chase_expired(conn, row, now=now))
    return done
