"""The schema is migrated once however many try, and gives each role what it needs and no more."""

import threading
from datetime import UTC, datetime

import psycopg
import pytest

from pipeline.domain.errors import ConfigurationError, SchemaOutdated
from pipeline.store import schema
from pipeline.store.database import connect

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_many_processes_migrate_once(empty_database: str) -> None:
    done: list[schema.Migrated] = []
    threads = [threading.Thread(target=lambda: done.append(schema.migrate(empty_database, now=NOW))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 4
    assert sorted(bool(d.applied) for d in done) == [False, False, False, True]
    assert {d.edition for d in done} == {"apache"}


def test_a_process_refuses_an_old_or_unknown_schema(empty_database: str) -> None:
    with connect(empty_database) as conn, pytest.raises(SchemaOutdated, match="park migrate"):
        schema.check(conn)
    schema.migrate(empty_database, now=NOW)
    with connect(empty_database) as conn:
        assert schema.check(conn) == "apache"
        conn.execute("delete from smartpark.schema_version where version = 4")
        conn.commit()
        with pytest.raises(SchemaOutdated, match="version 3"):
            schema.check(conn)
        conn.rollback()
        conn.execute("insert into smartpark.schema_version values (99, 'x', 'apache', 'x', '2026-01-01')")
        conn.commit()
    with pytest.raises((SchemaOutdated, psycopg.Error)):
        schema.migrate(empty_database, now=NOW)


def test_an_applied_migration_may_not_change(database: str) -> None:
    with psycopg.connect(database) as conn:
        conn.execute("update smartpark.schema_version set checksum = 'other' where version = 2")
    with pytest.raises(ConfigurationError, match="was changed"):
        schema.migrate(database, now=NOW)


def test_hypertables_are_hypertables(database: str) -> None:
    with psycopg.connect(database) as conn:
        names = conn.execute("select hypertable_name from timescaledb_information.hypertables order by 1").fetchall()
    assert [n for (n,) in names] == ["access_event", "device_status", "reading", "temperature_screening"]


@pytest.mark.parametrize(
    ("role", "statement", "allowed"),
    [
        ("park_reader", "select * from park.devices", True),
        ("park_reader", "select * from park.consumption_15m('2026-01-01', '2026-01-02')", True),
        ("park_reader", "select * from smartpark.device", False),
        ("park_reader", "insert into smartpark.seen values (1, 'a', '', '2026-01-01', false)", False),
        ("park_writer", "insert into smartpark.seen values (1, 'a', '', '2026-01-01', false)", True),
        ("park_writer", "delete from smartpark.reading", False),
        ("park_writer", "update smartpark.reading set value = 0", False),
        ("park_writer", "update smartpark.park set name_en = ''", False),
        ("park_writer", "drop table smartpark.reading", False),
    ],
)
def test_roles_may_do_what_they_must_and_no_more(database: str, role: str, statement: str, allowed: bool) -> None:
    with connect(database, role=role) as conn:
        if allowed:
            conn.execute(statement.encode())
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement.encode())


def test_the_audit_log_is_append_only_even_for_its_owner(database: str) -> None:
    with connect(database) as conn:
        conn.execute(
            "insert into smartpark.audit_log (at, actor, action, subject, detail) values (%s, 'a', 'b', 'c', '{}')",
            [NOW],
        )
        conn.commit()
        for statement in (
            "update smartpark.audit_log set actor = 'x'",
            "delete from smartpark.audit_log",
            "truncate smartpark.audit_log",
        ):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                conn.execute(statement.format("smartpark.audit_log").encode())
            conn.rollback()
