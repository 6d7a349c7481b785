"""The community edition's own statements run: continuous aggregates, columnstore, policies, refresh."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import psycopg
import pytest

from pipeline.domain.errors import ConfigurationError
from pipeline.settings import Settings
from pipeline.store import policies, schema
from pipeline.store.database import connect
from tests.conftest import REPO

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
    now = datetime.now(UTC)
    with connect(community) as conn:
        conn.autocommit = True
        fill(conn, point=1, start=now - timedelta(days=30), count=150)
        before = rolled_up(conn)
        run_jobs(conn)
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


def run_jobs(conn: psycopg.Connection) -> None:
    """No background worker runs in WebAssembly, so the policies' jobs are called; they look at the real clock."""
    jobs = "select job_id from timescaledb_information.jobs where hypertable_schema = 'smartpark' order by job_id"
    for (job,) in conn.execute(jobs).fetchall():
        conn.execute("call run_job(%s)", [job])


def kept(**days: str) -> Settings:
    """Settings with some PARK_RETENTION_…_DAYS."""
    return Settings.from_env({f"PARK_RETENTION_{name.upper()}_DAYS": value for name, value in days.items()})


def test_policies_follow_the_settings_of_every_migration(community: str) -> None:
    """Lowered and raised; a refresh stays inside raw retention by a day."""
    lowered = kept(raw="40", rollup="50", event="20", screening="3")
    for settings, days in ((lowered, (40, 50, 20, 3, 39)), (kept(), (400, 1100, 90, 14, 399))):
        assert schema.migrate(community, now=START, settings=settings).applied == 0
        raw, rollup, event, screening, refresh = days
        with connect(community) as conn:
            assert policies.found(conn) == {
                (policies.Kind.RETENTION, "reading"): raw,
                (policies.Kind.RETENTION, "rollup_15m"): rollup,
                (policies.Kind.RETENTION, "rollup_1h"): rollup,
                (policies.Kind.RETENTION, "access_event"): event,
                (policies.Kind.RETENTION, "device_status"): event,
                (policies.Kind.RETENTION, "temperature_screening"): screening,
                (policies.Kind.REFRESH, "rollup_15m"): refresh,
                (policies.Kind.REFRESH, "rollup_1h"): refresh,
            }
            compress = "select count(*) from timescaledb_information.jobs where proc_name = 'policy_compression'"
            assert one(conn, compress) == 1


def test_roll_ups_shorter_than_raw_are_not_refreshed_after_they_went(community: str) -> None:
    schema.migrate(community, now=START, settings=kept(raw="40", rollup="30"))
    with connect(community) as conn:
        assert policies.found(conn)[policies.Kind.REFRESH, "rollup_1h"] == 29


def test_a_raw_retention_that_is_lowered_and_raised_again_loses_no_roll_up(community: str) -> None:
    """Dropped chunks leave their hours to be refreshed, from nothing: a longer window would reach them."""
    now = datetime.now(UTC)
    with connect(community) as conn:
        conn.autocommit = True
        fill(conn, point=1, start=now - timedelta(days=100), count=10)
        fill(conn, point=1, start=now - timedelta(days=25), count=10)
        fill(conn, point=1, start=now - timedelta(days=5), count=10)
        run_jobs(conn)
    for settings, raw in ((kept(raw="30"), 20), (kept(), 20), (kept(), 20), (kept(raw="10"), 10), (kept(), 10)):
        schema.migrate(community, now=now, settings=settings)
        with connect(community) as conn:
            conn.autocommit = True
            run_jobs(conn)
            run_jobs(conn)
            assert one(conn, "select count(*) from park.readings") == raw
            assert rolled_up(conn) == (30, 30)
            policies.check(conn, settings)


def test_an_engine_refuses_other_retention_than_the_policies_have(community: str) -> None:
    def engine(**days: str) -> subprocess.CompletedProcess[str]:
        env = {f"PARK_RETENTION_{name.upper()}_DAYS": value for name, value in days.items()}
        command = [sys.executable, "-m", "park", "engine"]
        return subprocess.run(
            command,
            env={"PATH": os.environ["PATH"], "PARK_DATABASE_URL": community, **env},
            cwd=REPO, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    refused = engine(raw="30", screening="7")
    assert refused.returncode == 2
    assert (
        "PARK_RETENTION_RAW_DAYS=30, but the database's own retention of reading is set to 400 days" in refused.stderr
    )
    assert "PARK_RETENTION_SCREENING_DAYS=7, but" in refused.stderr
    assert "EVENT" not in refused.stderr
    assert "ROLLUP" not in refused.stderr
    assert "Run `park migrate`" in refused.stderr
    schema.migrate(community, now=START, settings=kept(raw="30", screening="7"))
    with connect(community) as conn:
        policies.check(conn, kept(raw="30", screening="7"))
        with pytest.raises(ConfigurationError, match=r"RAW_DAYS=400, but .*reading is set to 30 days"):
            policies.check(conn, kept(screening="7"))
        conn.execute("select remove_retention_policy('smartpark.rollup_1h')")
        with pytest.raises(ConfigurationError, match=r"ROLLUP_DAYS=1100, but .* retention of rollup_1h is missing"):
            policies.check(conn, kept(raw="30", screening="7"))


def test_retention_leaves_roll_ups_a_window() -> None:
    with pytest.raises(ConfigurationError, match="PARK_RETENTION_RAW_DAYS=1: write 2 or more"):
        policies.wanted(kept(raw="1"))
