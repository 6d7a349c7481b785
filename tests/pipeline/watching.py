"""Rules and watches written straight into their tables, for stories of the engine that need just one of them."""

from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tests.pipeline.conftest import at

TERMS = {
    "priority": "high", "life_safety": False, "latched": False, "maintenance": False, "position": "operations",
    "on_delay_s": 0.0, "off_delay_s": 0.0, "reopen_s": 300.0, "late_limit_s": None, "enabled": True,
}  # fmt: skip


def add_rule(
    conn: psycopg.Connection, rule_id: str, kind: str, spec: dict[str, Any] | None = None, **terms: Any
) -> int:
    """A rule of the small park in force, in version 1; the next version of one that exists."""
    conn.execute(
        "insert into smartpark.alarm_rule (park_id, rule_id, version, origin) values ('small', %s, 0, 'park-file')"
        " on conflict do nothing",
        [rule_id],
    )
    rule, version = one(
        conn,
        "update smartpark.alarm_rule set version = version + 1 where rule_id = %s returning rule, version",
        [rule_id],
    ).values()
    conn.execute(
        "insert into smartpark.alarm_rule_version (rule, version, at, actor, kind, enabled, priority, life_safety,"
        " latched, maintenance, position, name_zh, name_en, on_delay_s, off_delay_s, reopen_s, late_limit_s, respond_s,"
        " chatter_raises, chatter_s, spec) values (%(rule)s, %(version)s, %(at)s, 'test', %(kind)s, %(enabled)s,"
        " %(priority)s, %(life_safety)s, %(latched)s, %(maintenance)s, %(position)s, %(id)s, %(id)s, %(on_delay_s)s,"
        " %(off_delay_s)s, %(reopen_s)s, %(late_limit_s)s, 600, 3, 60, %(spec)s)",
        {**TERMS, **terms, "rule": rule, "version": version, "at": at(0), "kind": kind, "id": rule_id,
         "spec": Jsonb(spec or {})},
    )  # fmt: skip
    return int(rule)


def add_watch(conn: psycopg.Connection, rule: int, device: str, point: str | None = None) -> int:
    """The rule's watch of a device of the small park, or of one of its points."""
    row = one(
        conn,
        "insert into smartpark.alarm_watch (rule, device, point)"
        " select %(rule)s, d.device, (select point from smartpark.point where device = d.device and name = %(point)s)"
        "   from smartpark.device d where d.device_id = %(device)s returning watch",
        {"rule": rule, "device": device, "point": point},
    )
    return int(row["watch"])


def add_device(conn: psycopg.Connection, device: str, *, gateway: str | None = None, interval_s: float = 10.0) -> int:
    """One more device of the small park."""
    row = one(
        conn,
        "insert into smartpark.device (park_id, device_id, family, type, name_zh, name_en, space_id, gateway_id,"
        " interval_s) values ('small', %(id)s, %(family)s, 't', %(id)s, %(id)s, 'b1', %(gateway)s, %(interval)s)"
        " returning device",
        {"id": device, "family": "sensor" if gateway else "gateway", "gateway": gateway, "interval": interval_s},
    )
    return int(row["device"])


def one(conn: psycopg.Connection, query: str, params: Any = None) -> dict[str, Any]:
    """The one row of a query."""
    (row,) = rows(conn, query, params)
    return row


def rows(conn: psycopg.Connection, query: str, params: Any = None) -> list[dict[str, Any]]:
    """The rows of a query by column name."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), params).fetchall()


def alarms(conn: psycopg.Connection) -> list[dict[str, Any]]:
    """All alarms that were ever raised, the oldest first."""
    return rows(conn, "select * from smartpark.alarm order by alarm")


def journal(conn: psycopg.Connection, alarm: int) -> list[tuple[Any, ...]]:
    """(action, from, to, reason) of each journal row of an alarm."""
    query = "select action, from_state, to_state, reason from smartpark.alarm_journal where alarm = %s order by entry"
    return conn.execute(query, [alarm]).fetchall()


def notices(conn: psycopg.Connection, alarm: int | None = None) -> list[tuple[Any, ...]]:
    """(alarm, decision, reason, look) of each notice."""
    query = (
        "select alarm, decision, reason, look from smartpark.alarm_notice"
        " where %(alarm)s::bigint is null or alarm = %(alarm)s order by notice"
    )
    return conn.execute(query, {"alarm": alarm}).fetchall()
