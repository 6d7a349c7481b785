"""The section `order_rules` of the desk files: which alarms open a work order, of what kind."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Literal

import msgspec
import psycopg
from psycopg.rows import dict_row

from pipeline.store import order_rules
from pipeline.store.desk_section import Applied, DeskFileError, Section
from pipeline.store.order_rules import QUERIES, OrderRule

Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")]
Ids = Annotated[list[Id], msgspec.Meta(min_length=1)]


class OrderRuleRow(msgspec.Struct, forbid_unknown_fields=True):
    """One rule: the first that fits an alarm counts. What is left out fits any."""

    rules: Ids | None = None
    families: Ids | None = None
    types: Ids | None = None
    priorities: list[Literal["critical", "high", "medium", "low"]] | None = None
    opens: bool = True
    service: Id | None = None
    skill: Id | None = None
    priority: Literal["P1", "P2", "P3", "P4"] | None = None
    contractor: Id | None = None
    verify_min: Annotated[float, msgspec.Meta(gt=0, le=10080)] | None = None
    again_h: Annotated[float, msgspec.Meta(ge=0, le=8760)] = 24.0


def apply(conn: psycopg.Connection, park_id: str, rows: Sequence[OrderRuleRow], now: datetime, actor: str) -> Applied:
    """Makes the rules those of the file, in its order. Alarms that stand without an order are looked at again."""
    with conn.cursor(row_factory=dict_row) as cursor:
        known = cursor.execute(QUERIES["known_of_park"], {"park": park_id}).fetchone() or {}
    for place, row in enumerate(rows, 1):
        _check(row, f"[[order_rules]] number {place}", known)
    was, now_ = order_rules.of_park(conn, park_id), [_rule(row) for row in rows]
    if was == now_:
        return Applied(0, 0, 0)
    conn.execute(QUERIES["delete_order_rules"], {"park": park_id})
    for place, rule in enumerate(now_, 1):
        conn.execute(QUERIES["insert_order_rule"], {**asdict(rule), "park": park_id, "place": place})
    conn.execute(QUERIES["look_again"], {"park": park_id})
    same = sum(before == after for before, after in zip(was, now_, strict=False))
    return Applied(max(0, len(now_) - len(was)), min(len(was), len(now_)) - same, max(0, len(was) - len(now_)))


def _check(row: OrderRuleRow, where: str, known: dict[str, list[str]]) -> None:
    if row.opens and (row.service is None or row.skill is None):
        raise DeskFileError(f"{where}: opens an order, and says not of which service, or for which skill")
    asked = [("rules", one) for one in row.rules or []]
    asked += [("services", row.service)] if row.service else []
    asked += [("contractors", row.contractor)] if row.contractor else []
    for what, one in asked:
        if one not in known[what]:
            near = get_close_matches(one, known[what], n=1)
            hint = f"; {near[0]} is near" if near else ""
            raise DeskFileError(f"{where}: the park has no {one} among its {what}{hint}")


def _rule(row: OrderRuleRow) -> OrderRule:
    return OrderRule(
        rule_ids=row.rules, families=row.families, types=row.types,
        priorities=None if row.priorities is None else list(row.priorities), opens=row.opens,
        service=row.service, skill=row.skill, priority=row.priority, contractor_id=row.contractor,
        verify_s=None if row.verify_min is None else row.verify_min * 60, again_s=row.again_h * 3600,
    )  # fmt: skip


SECTION = Section("order_rules", OrderRuleRow, apply)
