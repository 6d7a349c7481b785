"""A park with a few rules and their watches, and a hand that raises alarms the way the pipeline does."""

from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from pipeline.store.alarms import Raising, Returning, raise_, return_

TEXTS = {
    "cause": {"zh": "原因", "en": "Something broke"},
    "consequence": {"zh": "后果", "en": "It gets worse"},
    "response": [{"zh": "第一步", "en": "Go and look"}, {"zh": "第二步", "en": "Mend it"}],
}
# id, priority, life safety, latched, device, point
RULES = (
    ("smoke", "critical", True, True, "l1", "leak"),
    ("pressure-high", "high", False, False, "p1", "pressure"),
    ("fault", "medium", False, True, "m1", "active_power"),
    ("filter", "low", False, False, "m1", "energy"),
    ("lost", "medium", False, False, "gw", None),
    ("crowd", "low", False, False, None, None),
)


def add_rules(conn: psycopg.Connection, *, park: str = "small", rules: tuple[Any, ...] = RULES) -> dict[str, int]:
    """Rules of one watch each, in force; the watches by rule id."""
    watches = {}
    for rule_id, priority, life_safety, latched, device, point in rules:
        (rule,) = one(
            conn,
            "insert into smartpark.alarm_rule (park_id, rule_id, version, origin) values (%s, %s, 1, 'park-file')"
            " returning rule",
            [park, rule_id],
        )
        conn.execute(
            "insert into smartpark.alarm_rule_version values (%s, 1, '2026-11-01Z', 'test', 'limits', true, %s, %s, %s,"
            " false, 'operations', %s, %s, 0, 0, 300, null, 600, 3, 60, %s)",
            [rule, priority, life_safety, latched, f"规则 {rule_id}", f"Rule {rule_id}", Jsonb(TEXTS)],
        )
        (watches[rule_id],) = one(
            conn,
            "insert into smartpark.alarm_watch (rule, point, device, space_id) select %s, p.point, d.device, %s"
            " from (select) x left join smartpark.device d on d.park_id = %s and d.device_id = %s"
            " left join smartpark.point p on p.device = d.device and p.name = %s returning watch",
            [rule, None if device else "b1", park, device, point],
        )
    return watches


def raise_on(conn: psycopg.Connection, watch: int, now: datetime, *, ago_s: float = 1.0, value: float = 9.5) -> int:
    """Raises one alarm whose condition began some seconds before `now`."""
    at = now - timedelta(seconds=ago_s)
    reason = {"kind": "limits", "value": value, "high": 8.0, "low": None, "deadband": 0.2, "unit": "bar"}
    with conn.transaction():
        raise_(conn, [Raising(watch, at, at, now, value, reason)], now=now)
    return open_alarm(conn, watch)


def return_on(conn: psycopg.Connection, watch: int, now: datetime) -> None:
    """Its condition is over."""
    with conn.transaction():
        return_(conn, [Returning(watch, now, now)], now=now)


def open_alarm(conn: psycopg.Connection, watch: int) -> int:
    """The number of a watch's open alarm."""
    (alarm,) = one(conn, "select alarm from smartpark.alarm where watch = %s and closed is null", [watch])
    return int(alarm)


def one(conn: psycopg.Connection, statement: str, parameters: list[Any]) -> tuple[Any, ...]:
    """The first row of a statement that has one."""
    row = conn.execute(statement.encode(), parameters).fetchone()
    assert row
    return tuple(row)
