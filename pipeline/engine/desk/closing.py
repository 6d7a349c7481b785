"""Closes orders that are confirmed, and those of which nobody said anything for long enough: silence confirms, and
rates nothing."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import psycopg

from pipeline.domain.work_order import OrderAction
from pipeline.engine.desk.apart import Apart
from pipeline.store import work_orders
from pipeline.store.queries import load
from pipeline.store.work_orders import OrderAct

QUERIES = load(Path(__file__).parent / "sql")
EVENTS = UUID("c6a1f7e4-7d43-5a9c-b0d7-2f1f0a5e9d03")
BITE = 500
BY = {"sensor": "verified by the sensor", "person": "confirmed"}


def run(conn: psycopg.Connection, now: datetime) -> int:
    """Returns how many were closed."""
    acts = {}
    for order, version, state, verified, days in conn.execute(
        QUERIES["to_close"], {"now": now, "bite": BITE}
    ).fetchall():
        silent = state == "done"
        detail: dict[str, Any] = {"silence_days": days} if silent else {}
        reason = "silence" if silent else BY.get(verified, "confirmed")
        acts[order] = OrderAct(order=order, action=OrderAction.CLOSE, client_id=uuid5(EVENTS, f"{order}/{version}"),
                               version=version, reason=reason, detail=detail)  # fmt: skip
    with Apart(conn) as apart:
        return apart.each("closing of order", acts, lambda act: not work_orders.act(conn, act, now=now).repeated)
