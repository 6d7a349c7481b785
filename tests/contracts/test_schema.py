"""The schema is migrated once however many try, and gives each role what it needs and no more."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from pipeline.domain.errors import ConfigurationError, SchemaOutdated
from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.ingest import Writer
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
        conn.execute("delete from smartpark.schema_version where version > 3")
        conn.commit()
        with pytest.raises(SchemaOutdated, match="version 3"):
            schema.check(conn)
        conn.rollback()
        # A newer program's database: it is told apart before anything is tried on it.
        conn.execute("update smartpark.schema_version set version = 99 where version = 2")
        conn.commit()
    with pytest.raises(SchemaOutdated, match="migration 99"):
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


ROLES = ("park_reader", "park_writer", "park_operator", "park_notifier", "park_gate")
# Every table of each schema, and what each role may do with it; with columns in brackets, with these only.
RIGHTS = (Path(__file__).parent / "rights.txt").read_text(encoding="utf-8")


def rights(conn: psycopg.Connection, role: str, table: str) -> str:
    """What a role may do with a table: `select insert update(a,b)`."""
    words = []
    for right in ("select", "insert", "update", "delete", "truncate", "references", "trigger"):
        whole = "select has_table_privilege(%s, %s, %s)"
        if conn.execute(whole, [role, table, right]).fetchone() == (True,):
            words.append(right)
        elif right in ("select", "insert", "update", "references"):
            columns = conn.execute(
                "select attname from pg_attribute where attrelid = %s::regclass and not attisdropped"
                " and has_column_privilege(%s, attrelid, attnum, %s) order by attname",
                [table, role, right],
            ).fetchall()
            words += [f"{right}({','.join(name for (name,) in columns)})"] if columns else []
    return " ".join(words)


def test_roles_may_do_what_they_must_and_no_more(database: str) -> None:
    expected: dict[tuple[str, str], str] = {}
    for line in RIGHTS.strip().splitlines():
        table, *_ = line.split()
        told = dict(part.split(": ") for part in line.removeprefix(table).strip().split(", ") if part)
        expected = {(table, role): "" for role in ROLES} | expected | {(table, role): told[role] for role in told}
    with connect(database) as conn:
        tables = conn.execute(
            "select schemaname || '.' || tablename from pg_tables where schemaname = 'smartpark'"
            " union all select schemaname || '.' || viewname from pg_views where schemaname in ('park', 'smartpark')"
        ).fetchall()
        have = {(t, role): rights(conn, role, t) for (t,) in tables for role in ROLES}
        assert have == expected
        # Nor may any make anything, or move a number that an identity column gives.
        for role in ROLES:
            making = "select count(*) from pg_namespace where has_schema_privilege(%s, oid, 'create')"
            assert conn.execute(making, [role]).fetchone() == (0,)
            sequences = (
                "select count(*), count(*) filter (where has_sequence_privilege(%s, oid, 'usage, select, update'))"
                " from pg_class where relkind = 'S' and relnamespace = 'smartpark'::regnamespace"
            )
            numbered = conn.execute(sequences, [role]).fetchone()
            assert numbered and numbered[0] > 0 and numbered[1] == 0


@pytest.mark.parametrize(
    ("role", "statement", "allowed"),
    [
        ("park_reader", "select * from park.consumption_15m('2026-01-01', '2026-01-02')", True),
        ("park_reader", "select * from smartpark.device", False),
        ("park_writer", "select skin_c from smartpark.temperature_screening", False),
        ("park_writer", "insert into smartpark.rollup_day values (1, '2026-01-01', 1)", False),
        ("park_writer", "update smartpark.device_state set state = 'online'", False),
        ("park_writer", "drop table smartpark.reading", False),
        ("park_operator", "update smartpark.alarm set raised = began", False),
        ("park_operator", "update smartpark.alarm_rule_version set priority = 'low'", False),
        ("park_operator", "update smartpark.alarm_journal set actor = 'x'", False),
        ("park_operator", "delete from smartpark.alarm", False),
        ("park_operator", "delete from smartpark.alarm_hold", False),
        ("park_operator", "select * from smartpark.reading", False),
        ("park_operator", "select * from smartpark.audit_log", False),
    ],
)
def test_a_role_is_refused_what_it_has_no_right_to(database: str, role: str, statement: str, allowed: bool) -> None:
    with connect(database, role=role) as conn:
        if allowed:
            conn.execute(statement.encode())
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement.encode())


def test_repeats_are_staged_where_only_named_roles_may_make_temporary_tables(empty_database: str) -> None:
    with connect(empty_database) as conn:
        conn.execute(
            sql.SQL("revoke all on database {} from public").format(sql.Identifier(empty_database.rsplit("/", 1)[1]))
        )
    schema.migrate(empty_database, now=NOW)
    twice = [Message(Sender("p", Family.METER, "m"), None, bytes(16), NOW, [Sample("m", NOW, {"x": 1.0})])]
    with connect(empty_database, role="park_writer") as conn:
        writer = Writer(conn)
        assert writer.write(Batch("test", twice), now=NOW).readings == 1
        assert writer.write(Batch("test", twice), now=NOW).duplicates == 1


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
