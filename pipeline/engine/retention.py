"""Lets go of what is older than its retention: whole chunks where there are chunks, rows elsewhere."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg import sql

from pipeline.settings import Settings

CHUNKED = (("reading", "ts"), ("access_event", "ts"), ("temperature_screening", "ts"), ("device_status", "ts"))
ROWS = (
    ("conflict", "received"),
    ("dead_letter", "received"),
    ("device_transition", "at"),
    ("spool_position", "at"),
    ("spool_backlog", "at"),
    ("notification", "ended"),
    ("told", "at"),
    ("sign_in", "at"),
    ("session", "expires"),
    ("signed_link", "expires"),
)
FLOODS = (("limited_minute", "minute"), ("intake_condition", "ended"), ("device_clock", "ended"))
MINUTES = ("device_minute", "reject_minute")
ROLLUPS = ("rollup_15m", "rollup_1h")
CHUNK = timedelta(days=8)  # events lie in chunks of 7 days
BATCH_LOG_DAYS = 8
BADGE_DAYS = timedelta(days=3)  # a phone may be offline that long, and still be proven right


@dataclass(frozen=True, slots=True)
class Retention:
    """The step. Chunks are dropped when all of them is older; rows are deleted."""

    edition: str
    settings: Settings

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Returns how many chunks and rows went."""
        s, gone = self.settings, 0
        kept = {"reading": s.raw_days, "temperature_screening": s.screening_days}
        for table, column in CHUNKED:
            before = now - timedelta(days=kept.get(table, s.event_days))
            gone += self._drop(conn, table, column, before)
        for table, column in (*ROWS, *FLOODS):
            gone += _delete(conn, table, column, now - timedelta(days=s.event_days))
        # Alarms, their journal and which order was for them stay: they are the record. Whether people were told of
        # others stays as long as events do.
        decided = (
            "delete from smartpark.alarm_notice where decided < %(before)s and look is null and work_order is null"
        )
        gone += conn.execute(decided, {"before": now - timedelta(days=s.event_days)}).rowcount
        # Longer than any event that it tells apart: chunks of a week go only when all of it is old.
        gone += _delete(conn, "seen", "received", now - timedelta(days=s.event_days) - CHUNK)
        refused = "delete from smartpark.conflict where kind = 'screening' and received < %(before)s"
        gone += conn.execute(refused, {"before": now - timedelta(days=s.screening_days)}).rowcount
        over = "delete from smartpark.badge_day where day < %(before)s::date"
        gone += conn.execute(over, {"before": now - BADGE_DAYS}).rowcount
        gone += _delete(conn, "ingest_batch", "at", now - timedelta(days=BATCH_LOG_DAYS))
        for table in MINUTES:
            gone += _delete(conn, table, "minute", now - timedelta(days=BATCH_LOG_DAYS))
        for table in ROLLUPS:
            before = now - timedelta(days=s.rollup_days)
            if self.edition == "apache":
                gone += _delete(conn, table, "bucket", before)
            elif self.edition == "community":
                gone += _drop_chunks(conn, table, before)
        return gone

    def _drop(self, conn: psycopg.Connection, table: str, column: str, before: datetime) -> int:
        if self.edition == "plain":
            return _delete(conn, table, column, before)
        return _drop_chunks(conn, table, before)


def _drop_chunks(conn: psycopg.Connection, table: str, before: datetime) -> int:
    query = "select count(*) from drop_chunks(%(table)s::regclass, older_than => %(before)s::timestamptz)"
    row = conn.execute(query, {"table": f"smartpark.{table}", "before": before}).fetchone()
    return int(row[0]) if row else 0


def _delete(conn: psycopg.Connection, table: str, column: str, before: datetime) -> int:
    statement = sql.SQL("delete from {} where {} < %(before)s").format(
        sql.Identifier("smartpark", table), sql.Identifier(column)
    )
    return conn.execute(statement, {"before": before}).rowcount
