"""What follows from an order's event in the same transaction: its clocks are derived again, escalation begins or ends,
the request it came from moves on. In this order, and nowhere else."""

from collections.abc import Callable
from datetime import datetime

import psycopg

from pipeline.domain.work_order import OrderAction
from pipeline.store import escalations, request_progress, sla_clocks

Follower = Callable[[psycopg.Connection, int, OrderAction, datetime], None]

FOLLOWERS: tuple[Follower, ...] = (sla_clocks.follow, escalations.follow, request_progress.follow)


def follow(conn: psycopg.Connection, order: int, action: OrderAction, *, now: datetime) -> None:
    """Calls each follower; one that fails fails the act."""
    for follower in FOLLOWERS:
        follower(conn, order, action, now)
