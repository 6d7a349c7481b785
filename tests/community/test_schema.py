"""The community edition's own statements run: continuous aggregates, columnstore, policies, refresh."""

from datetime import UTC, datetime, timedelta
from typing import LiteralString

import psycopg
import pytest

from pipeline.store import schema
from pipeline.store.database import connect

START = datetime(2026, 11, 1, tzinfo=UTC)


def fill(conn: psycopg.Connection, *, point: int, start: datetime, count: int) -> None:
    """A reading every 20 minutes, its value the number of minutes since `start`."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into smartpark.reading (ts, received, point, quality, value) values (%s, %s, %s, 192, %s)",
            [(start + timedelta(minutes=20 * i), start, point, 20.0 * i) for i in range(count)],
        )


def one(conn: psycopg.Connection, statement: LiteralString) -> object:
    row = conn.execute(statement).fetchone()
    assert row
    return row[0]


def rolled_up(conn: psycopg.Connection) -> tuple[object, object]:
    """How many readings the 15-minute and the hourly roll-ups speak of."""
    return one(conn, "select sum(n) from park.readings_15m"), one(conn, "select sum(n) from park.readings_1h")


def test_migrating_twice_changes_nothing(community: str) -> None:
    again = schema.migrate(community, now=START)
    assert (again.edition, again.applied) == ("community", 0)
    with connect(community, role="park_reader") as conn:
        assert one(conn, "select count(*) from park.readings_15m") == 0


def test_every_policy_runs_and_loses_no_roll_up(community: str) -> None:
    """No background worker runs in WebAssembly, so the jobs are called; they look at the real clock."""
    now = datetime.now(UTC)
    with connect(community) as conn:
        conn.autocommit = True
        fill(conn, point=1, start=now - timedelta(days=30), count=150)
        before = rolled_up(conn)
        jobs = [job for (job,) in conn.execute("select job_id from timescaledb_information.jobs order by job_id")]
        assert len(jobs) >= 7
        for job in jobs:
            conn.execute("call run_job(%s)", [job])
        compressed = (
            "select count(*) from timescaledb_information.chunks where hypertable_name = 'reading' and is_compressed"
        )
        assert one(conn, compressed) == one(conn, "select count(*) from show_chunks('smartpark.reading')")
        assert rolled_up(conn) == before == (150, 150)


def test_roll_ups_outlive_their_raw_readings(community: str) -> None:
    """Retention drops raw chunks; what was rolled up from them stays, and so does the policies' window."""
    now = datetime.now(UTC)
    with connect(community) as conn:
        conn.autocommit = True
        fill(conn, point=1, start=now - timedelta(days=500), count=10)
        fill(conn, point=1, start=now - timedelta(days=10), count=10)
        for view in ("rollup_15m", "rollup_1h"):
            conn.execute("call refresh_continuous_aggregate(%s, null, null)", [f"smartpark.{view}"])
        for (job,) in conn.execute("select job_id from timescaledb_information.jobs order by job_id desc").fetchall():
            conn.execute("call run_job(%s)", [job])
        assert one(conn, "select count(*) from park.readings") == 10
        assert rolled_up(conn) == (20, 20)


def test_refresh_is_refused_inside_a_transaction(community: str) -> None:
    """Why the engine's step is not one transaction in this edition."""
    with connect(community) as conn, pytest.raises(psycopg.errors.ActiveSqlTransaction):
        conn.execute("call refresh_continuous_aggregate('smartpark.rollup_15m', null, null)")
