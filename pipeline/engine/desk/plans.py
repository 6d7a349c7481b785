"""Turns plans into slots and slots into work orders, and says when a certificate has run out."""

import logging
from datetime import datetime

import psycopg

from pipeline.domain.errors import ParkError
from pipeline.store import plans
from pipeline.store.work_orders import ActConflict

log = logging.getLogger(__name__)
BITE = 500


def run(conn: psycopg.Connection, now: datetime) -> int:
    """Returns how many slots were made, opened, chased or renewed. Each order is a transaction of its own."""
    failure: ParkError | None = None
    with conn.transaction():
        done = plans.fill(conn, now=now)
    for row in plans.rows(conn, "renewals"):
        with conn.transaction():
            done += plans.renew(conn, row, now=now)
    for row in plans.rows(conn, "slots_to_open", now=now, bite=BITE):
        try:
            with conn.transaction():
                done += plans.open_slot(conn, row["plan"], row["due"], now=now) is not None
        except ParkError as error:  # one that cannot be opened keeps no other back; it is tried again
            failure = error
            log.warning("plan %s opens no order: %s", row["plan"], error)
    for row in plans.rows(conn, "expired", now=now):
        try:
            with conn.transaction():
                done += plans.chase_expired(conn, row, now=now)
        except ActConflict:  # somebody was faster
            continue
    if failure is not None:
        raise failure
    return done
