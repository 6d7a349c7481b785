"""The schema is migrated once however many try, and gives each role what it needs and no more."""

import threading
from datetime import UTC, datetime

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
RIGHTS = """
smartpark.access_event          park_writer: select(code,device,kind,received,ts) insert
smartpark.alarm                 park_writer: select insert update
smartpark.alarm                 park_operator: select update(acknowledged,active,annunciated,closed,historic,hold,\
returned,seen_at,seen_by,state)
smartpark.alarm_condition       park_writer: select insert update
smartpark.alarm_flood
smartpark.alarm_hold            park_writer: select
smartpark.alarm_hold            park_operator: select insert update(ended,ended_by,owner,parent,\
reason,set_at,set_by,until)
smartpark.alarm_journal         park_writer: insert
smartpark.alarm_journal         park_operator: select insert
smartpark.alarm_notice          park_writer: insert
smartpark.alarm_notice          park_operator: insert
smartpark.alarm_rule            park_writer: select
smartpark.alarm_rule            park_operator: select insert update(origin,retired,version)
smartpark.alarm_rule_version    park_writer: select
smartpark.alarm_rule_version    park_operator: select insert
smartpark.alarm_watch           park_writer: select
smartpark.alarm_watch           park_operator: select insert update(other,retired)
smartpark.api_token             park_gate: select insert update(revoked,seen)
smartpark.audit_head
smartpark.audit_log             park_writer: insert
smartpark.audit_log             park_operator: insert
smartpark.audit_log             park_gate: insert
smartpark.booking               park_operator: select insert update(ended,ended_by,ended_why)
smartpark.business_calendar     park_operator: select insert
smartpark.business_calendar_version park_operator: select insert
smartpark.calendar_day          park_operator: select
smartpark.calendar_open         park_operator: select insert
smartpark.company               park_operator: select
smartpark.company               park_gate: select
smartpark.conflict              park_writer: insert
smartpark.contact               park_notifier: select
smartpark.contractor            park_gate: select
smartpark.contractor            park_operator: select
smartpark.credential            park_writer: select
smartpark.dead_letter           park_writer: select insert update(last_received,outcome,replayed,times)
smartpark.device                park_writer: select insert
smartpark.device                park_operator: select
smartpark.device_clock          park_writer: select insert update
smartpark.device_limit          park_writer: select
smartpark.device_minute         park_writer: select insert update(messages,peak_per_s)
smartpark.device_state          park_writer: select insert update(battery_pct,deadline,firmware,heard,reason,signal_dbm)
smartpark.device_status         park_writer: insert
smartpark.device_transition
smartpark.engine_step
smartpark.escalation            park_operator: select insert update(due,ended)
smartpark.incident
smartpark.ingest_batch          park_writer: select(batch) insert
smartpark.intake_condition
smartpark.lane_state            park_writer: select insert update(at,connected,inbox,trouble,waited_s)
smartpark.latest                park_writer: select insert update(before,quality,received,ts,value)
smartpark.limited_minute        park_writer: select insert update(messages)
smartpark.maintenance_plan
smartpark.maintenance_window    park_operator: select insert update(cancelled)
smartpark.notification          park_notifier: select insert \
update(attempts,claim,ended,error,error_text,link,next,provider_id,state)
smartpark.order_rule
smartpark.park                  park_writer: select
smartpark.park                  park_operator: select
smartpark.park                  park_gate: select
smartpark.person                park_notifier: select(active,person)
smartpark.person                park_gate: select insert update(active,company_id,contractor_id,language,name,role)
smartpark.person                park_operator: select
smartpark.person_secret         park_gate: select insert update(changed,password)
smartpark.person_skill          park_gate: select insert delete
smartpark.person_skill          park_operator: select
smartpark.person_space          park_gate: select insert delete
smartpark.person_space          park_operator: select
smartpark.photo                 park_operator: select(added,added_by,media_type,park_id,photo,size) insert
smartpark.photo_link            park_operator: select insert
smartpark.place_code            park_operator: select
smartpark.plan_slot
smartpark.point                 park_writer: select insert
smartpark.point                 park_operator: select
smartpark.quote                 park_operator: select insert update(answer,answered,answered_by)
smartpark.rating                park_operator: select insert
smartpark.reading               park_writer: select insert
smartpark.reject_minute         park_writer: select insert update(messages)
smartpark.request_event         park_operator: select insert
smartpark.rollup_15m
smartpark.rollup_1h
smartpark.rollup_day
smartpark.rollup_dirty          park_writer: insert
smartpark.room                  park_operator: select
smartpark.rota
smartpark.schema_version
smartpark.seen                  park_writer: select insert
smartpark.service               park_operator: select
smartpark.service_request       park_operator: select insert update(answered,appointment,closed,department,outcome,\
state,supervised,version,work_order)
smartpark.session               park_gate: select insert update(revoked,seen)
smartpark.shift
smartpark.shift_change
smartpark.shift_pattern
smartpark.sign_in               park_gate: select insert update(outcome)
smartpark.signed_link           park_gate: select update(used)
smartpark.sla_clock             park_operator: select insert update(breached,due,fault,ladder,ladder_at,next,paused_s,\
provisional,resumes,spent_s,state,stopped,target_s,upto,wall_s)
smartpark.sla_event             park_operator: select insert
smartpark.sla_policy            park_operator: select
smartpark.sla_policy_version    park_operator: select
smartpark.space                 park_writer: select(parent_id,park_id,space_id)
smartpark.space                 park_operator: select
smartpark.spool_backlog         park_writer: select insert update(at,messages,oldest)
smartpark.spool_position        park_writer: select insert update(at,message,record)
smartpark.survey                park_operator: select insert
smartpark.survey_answer         park_operator: select insert
smartpark.temperature_screening park_writer: insert
smartpark.tenancy
smartpark.told
smartpark.usual
smartpark.visitor_try           park_operator: select insert
smartpark.work_order            park_notifier: select(state,work_order)
smartpark.work_order            park_operator: select insert update(acknowledged,alarm,appointment,\
assignee,closed,done,head,occurrences,priority,proof,reopenings,responded,returned,state,terms,\
verified,version,waiting_for)
smartpark.work_order_event      park_operator: select insert
park.access_events              park_reader: select
park.alarm_annunciations        park_reader: select
park.alarm_floods               park_reader: select
park.alarm_holds                park_reader: select
park.alarm_journal              park_reader: select
park.alarm_notices              park_reader: select
park.alarm_rule_versions        park_reader: select
park.alarm_rules                park_reader: select
park.alarm_rules_since          park_reader: select
park.alarm_turns                park_reader: select
park.alarm_unseen               park_reader: select
park.alarm_watches              park_reader: select
park.alarms                     park_reader: select
park.audit_heads                park_reader: select
park.audit_log                  park_reader: select
park.bookings                   park_reader: select
park.business_calendars         park_reader: select
park.calendar_days              park_reader: select
park.companies                  park_reader: select
park.conflicts                  park_reader: select
park.contractors                park_reader: select
park.dead_letters               park_reader: select
park.device_clocks              park_reader: select
park.device_limits              park_reader: select
park.device_minutes             park_reader: select
park.device_statuses            park_reader: select
park.device_transitions         park_reader: select
park.devices                    park_reader: select
park.engine_steps               park_reader: select
park.escalations                park_reader: select
park.incidents                  park_reader: select
park.ingest_batches             park_reader: select
park.intake_conditions          park_reader: select
park.kpi_clocks                 park_reader: select
park.kpi_names                  park_reader: select
park.kpi_orders                 park_reader: select
park.kpi_requests               park_reader: select
park.kpi_spells                 park_reader: select
park.kpi_surveys                park_reader: select
park.lane_states                park_reader: select
park.limited_minutes            park_reader: select
park.maintenance_plans          park_reader: select
park.maintenance_windows        park_reader: select
park.notifications              park_reader: select
park.open_alarms                park_reader: select
park.order_alarms               park_reader: select
park.order_offers               park_reader: select
park.parks                      park_reader: select
park.people                     park_reader: select
park.photo_bytes                park_reader: select
park.photos                     park_reader: select
park.place_codes                park_reader: select
park.plan_slots                 park_reader: select
park.points                     park_reader: select
park.quotes                     park_reader: select
park.readings                   park_reader: select
park.readings_15m               park_reader: select
park.readings_1h                park_reader: select
park.readings_day               park_reader: select
park.reject_minutes             park_reader: select
park.request_events             park_reader: select
park.request_keys               park_reader: select
park.requests                   park_reader: select
park.rollup_backlog             park_reader: select
park.rooms                      park_reader: select
park.rotas                      park_reader: select
park.schema_version             park_reader: select, park_writer: select, park_notifier: select
park.screenings                 park_reader: select
park.services                   park_reader: select
park.shift_changes              park_reader: select
park.shifts                     park_reader: select
park.sla_clocks                 park_reader: select
park.sla_events                 park_reader: select
park.sla_policies               park_reader: select
park.space_buildings            park_reader: select
park.spaces                     park_reader: select
park.spaces_above               park_reader: select
park.spool_backlogs             park_reader: select
park.survey_answers             park_reader: select
park.surveys                    park_reader: select
park.usual                      park_reader: select
park.work_order_events          park_reader: select
park.work_orders                park_reader: select
"""


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
