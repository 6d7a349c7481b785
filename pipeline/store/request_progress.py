"""A request moves when its work order does: in the same transaction, as the order's event says (order_followers)."""

from datetime import datetime

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.request import FOLLOWS, RequestAction, RequestState
from pipeline.domain.work_order import OrderAction
from pipeline.store import request_changes
from pipeline.store.requests_sql import QUERIES

UNTOLD = frozenset({OrderAction.OPEN, OrderAction.ASSIGN, OrderAction.PRIORITY, OrderAction.ESCALATE})
"""What happens inside the house: it changes neither the request nor its photos."""


def follow(conn: psycopg.Connection, order: int, action: OrderAction, now: datetime) -> None:
    """What an order's newest event makes of the request that it came from; nothing where that knows already."""
    if action in UNTOLD:
        return
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(QUERIES["request_of_order"], {"order": order}).fetchone()
    if row is None:
        return
    conn.execute(QUERIES["copy_links_back"], {"request": row["request"], "order": order})
    state = RequestState(row["state"])
    detail = {"work_order": order}
    if action is OrderAction.APPOINT:
        if row["appointment"] != row["order_appointment"]:
            changes = {"appointment": row["order_appointment"]}
            detail |= {"at": row["order_appointment"].isoformat()}
            request_changes.write(
                conn, row, RequestAction.APPOINT, state, now=now, actor=row["actor"], detail=detail, changes=changes
            )
        return
    if action not in FOLLOWS or state not in FOLLOWS[action][0]:
        return
    _, target, what = FOLLOWS[action]
    words = row["reason"] or row["detail"].get("words")
    changes = {"outcome": words, "answered": row["happened"]} if what is RequestAction.ANSWER else {}
    request_changes.write(
        conn, row, what, target, now=now, actor=row["actor"], reason=words, detail=detail, changes=changes
    )
