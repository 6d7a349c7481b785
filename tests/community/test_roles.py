"""The production database's users, made by compose's own script on the community edition: each can do its work, and
nothing beyond it."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.engine.run import steps
from pipeline.engine.steps import Engine
from pipeline.ingest import Writer
from pipeline.settings import Settings
from pipeline.store import outbox, schema
from pipeline.store.database import connect
from tests.conftest import REPO

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


@pytest.fixture
def users(empty_community: str) -> dict[str, str]:
    """URLs of a migrated database by user: owner, collector, api, sender, grafana."""
    script = (REPO / "deploy/compose/roles.sql").read_text(encoding="utf-8")
    script = re.sub(r"pg_read_file\('/run/secrets/db_' \|\| name\)", "'secret'", script)
    assert "pg_read_file" not in script, "WebAssembly has no such files"
    with connect(empty_community) as conn:
        conn.execute(script.encode())
        # The bridge makes COPY FROM STDIN a file, which a server would not.
        conn.execute("grant pg_read_server_files to park_owner, park_writer")
    names = ("owner", "collector", "api", "sender", "grafana")
    found = {name: empty_community.replace("postgres@", f"park_{name}@") for name in names}
    assert schema.migrate(found["owner"], now=NOW).edition == "community"
    return found


def message(number: int) -> Message:
    at = NOW - timedelta(hours=3) + timedelta(minutes=number)
    sample = Sample("meter-1", at, {"energy": float(number)})
    return Message(Sender("qinghe", Family.METER, "meter-1"), f"m:{number}", number.to_bytes(16), at, [sample])


def test_collector_engine_and_readers_do_their_work(users: dict[str, str]) -> None:
    batch = Batch("meter", [message(number) for number in range(90)])
    with connect(users["collector"], role="park_writer") as conn:
        writer = Writer(conn)
        writer.store.staged_left = 100  # TimescaleDB lets none but a superuser COPY a file into a hypertable
        assert writer.write(batch, now=NOW).readings == 90
        assert writer.write(batch, now=NOW).duplicates == 90
    with connect(users["owner"]) as conn:
        conn.autocommit = True
        jobs = "select count(*) from timescaledb_information.jobs where owner = 'park_owner'::regrole"
        assert conn.execute(jobs).fetchone() == (9,)
        engine = Engine(steps("community", Settings.from_env({})))
        assert engine.tick(conn, NOW)["roll-ups"] > 0
        assert engine.failing == {}
    for reader in ("api", "grafana"):
        with connect(users[reader], role="park_reader") as conn:
            assert schema.check(conn) == "community"
            assert conn.execute("select sum(n) from park.readings_1h").fetchone() == (90,)
            assert conn.execute("select sum(n) from park.readings_day").fetchone() == (90,)


def test_people_act_through_the_api_and_nobody_else(users: dict[str, str]) -> None:
    plan = (
        "insert into smartpark.maintenance_window (park_id, starts, ends, reason, set_by, set_at)"
        " values ('p', '2026-01-01Z', '2026-01-02Z', 'work', 'Li Ming', '2026-01-01Z')"
    )
    with connect(users["api"], role="park_operator") as conn:
        conn.execute(plan.encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("update smartpark.alarm set raised = began")
    for user in ("collector", "sender", "grafana"):
        with connect(users[user]) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(plan.encode())


def test_the_sender_takes_messages_out_of_the_outbox_and_reads_little_else(users: dict[str, str]) -> None:
    with connect(users["sender"], role="park_notifier") as conn:
        conn.autocommit = True
        assert schema.check(conn) == "community"
        assert outbox.claim(conn, mine=uuid4(), most=8, lease=NOW, now=NOW) == []
        assert outbox.expire(conn, now=NOW) == []
        for statement in (
            "select login from smartpark.person",
            "select * from park.people",
            "select * from smartpark.alarm",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement)


BEYOND = [
    "delete from smartpark.reading",
    "update smartpark.park set name_en = 'x'",
    "create table public.x (x integer)",
    "create schema x",
    "drop view park.parks",
    "create role x",
    "select pg_read_binary_file('/etc/passwd')",
]


def test_no_user_reaches_beyond_its_work(users: dict[str, str]) -> None:
    forbidden = [(user, statement) for user in ("collector", "api", "sender", "grafana") for statement in BEYOND]
    # A collector resolves credentials, of which the table holds keyed hashes only.
    forbidden += [(user, "select * from smartpark.credential") for user in ("api", "sender", "grafana")]
    for user, statement in forbidden:
        with connect(users[user]) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(statement.encode())


def test_grafana_is_bounded(users: dict[str, str]) -> None:
    """Of what it asks, and for how long; the session's settings cannot be seen here, so the role's are."""
    with connect(users["owner"]) as conn:
        row = conn.execute("select rolconfig, rolconnlimit from pg_roles where rolname = 'park_grafana'").fetchone()
    assert row == (["default_transaction_read_only=on", "statement_timeout=30s"], 20)
