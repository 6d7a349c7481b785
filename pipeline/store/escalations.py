"""Escalation follows what happens to orders: a round of steps begins, and ends when somebody takes the order. Called in
the transaction of the order's event (store/order_followers.py); an engine step fires what is due."""

from datetime import datetime

import psycopg

from pipeline.domain import escalation
from pipeline.domain.escalation import Consequence
from pipeline.domain.work_order import OrderAction, OrderState
from pipeline.store.outbox import QUERIES

_TELLING = frozenset(
    {OrderAction.RECUR, OrderAction.APPOINT, OrderAction.ESCALATE, OrderAction.COMMENT, OrderAction.PHOTO}
)


def follow(conn: psycopg.Connection, order: int, action: OrderAction, now: datetime) -> None:
    """Begins or ends a round, as domain/escalation.py says."""
    if action in _TELLING:
        return
    row = conn.execute(QUERIES["order_to_follow"], {"order": order}).fetchone()
    if row is None:
        return
    what = escalation.consequence(action, OrderState(row[0]))
    if what is None:
        return
    conn.execute(QUERIES["end_round"], {"order": order, "now": now})
    if what is Consequence.END:
        return
    steps = escalation.steps(row[1], began=now, only_first=what is Consequence.TELL)
    conn.execute(
        QUERIES["begin_round"],
        {"order": order, "steps": [s.step for s in steps], "levels": [s.level for s in steps],
         "dues": [s.due for s in steps]},
    )  # fmt: skip
