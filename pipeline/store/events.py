"""Stores what happened at gates, at scanners and to devices: one row per event, found again by identity."""

from datetime import datetime
from typing import Any

import psycopg

from pipeline.domain.access import AccessEvent
from pipeline.domain.message import Event, StatusReport
from pipeline.domain.screening import TemperatureScreening
from pipeline.store.rows import Rows

_KEYS = ("ts", "received", "device_ts", "device", "identity", "ordinal")
_TABLES: dict[type, tuple[str, str, tuple[str, ...]]] = {
    AccessEvent: (
        "access",
        "access_event",
        ("kind", "code", "direction", "reader", "count", "subject", "company_id"),
    ),
    TemperatureScreening: (
        "screening",
        "temperature_screening",
        ("result", "skin_c", "ambient_c", "humidity_pct", "body_site", "reference", "calibrated", "reason"),
    ),
    StatusReport: (
        "status",
        "device_status",
        ("state", "reason", "firmware", "battery_pct", "signal_dbm"),
    ),
}


def kind_of(event: Event) -> str:
    """The kind under which screens hear of an event: access, screening or status."""
    return _TABLES[type(event)][0]


def store(conn: psycopg.Connection, rows: Rows) -> int:
    """Writes all events of a batch, already claimed as new; returns how many, and notes their kinds in `rows`."""
    for event_type, (kind, table, columns) in _TABLES.items():
        chosen = [r for r in rows.events if isinstance(r[6], event_type)]
        if not chosen:
            continue
        rows.kinds.add(kind)
        statement = psycopg.sql.SQL("copy smartpark.{} ({}) from stdin").format(
            psycopg.sql.Identifier(table), psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, (*_KEYS, *columns)))
        )
        with conn.cursor() as cursor, cursor.copy(statement) as copy:
            for device, ts, received, claimed, key, ordinal, event in sorted(chosen, key=_time_order):
                copy.write_row(
                    (ts, received, claimed, device, key, ordinal, *(getattr(event, name) for name in columns))
                )
    return len(rows.events)


def _time_order(row: tuple[Any, ...]) -> tuple[int, datetime]:
    return row[0], row[1]
