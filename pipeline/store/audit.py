"""The audit log: every state change by a person or a command, attributed, with what it was and what it became."""

from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from pipeline.store.registry import QUERIES

LOCAL = "local"  # whoever may start commands on this machine, or comes where nobody signs in


def record(
    conn: psycopg.Connection, *, now: datetime, action: str, subject: str, detail: dict[str, Any], actor: str = LOCAL
) -> None:
    """Appends one entry in the transaction of the change itself. `detail` holds no personal data."""
    conn.execute(
        QUERIES["record_change"],
        {"now": now, "actor": actor, "action": action, "subject": subject, "detail": Jsonb(detail)},
    )
