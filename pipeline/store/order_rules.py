"""By what rule an alarm opens a work order: the first that fits, in the order of the desk file."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.rows import class_row

from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "order_rules_sql")
URGENCY = {"critical": "P1", "high": "P2", "medium": "P3", "low": "P4"}
"""An order's priority where its rule names none: by the alarm's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRule:
    """What is None in rule_ids, families, types, priorities fits any alarm. opens: False: these need no order."""

    rule_ids: list[str] | None
    families: list[str] | None
    types: list[str] | None
    priorities: list[str] | None
    opens: bool
    service: str | None
    skill: str | None
    priority: str | None
    contractor_id: str | None
    verify_s: float | None
    again_s: float

    def fits(self, *, rule_id: str, family: str | None, device_type: str | None, priority: str) -> bool:
        """Whether an alarm of this rule, at a device of this family and type, with this priority, is meant."""
        asked = (
            (self.rule_ids, rule_id),
            (self.families, family),
            (self.types, device_type),
            (self.priorities, priority),
        )
        return all(wanted is None or found in wanted for wanted, found in asked)


def of_park(conn: psycopg.Connection, park_id: str) -> list[OrderRule]:
    """A park's rules, in their order."""
    with conn.cursor(row_factory=class_row(OrderRule)) as cursor:
        return cursor.execute(QUERIES["order_rules"], {"park": park_id}).fetchall()


def first_fit(
    rules: Iterable[OrderRule], *, rule_id: str, family: str | None, device_type: str | None, priority: str
) -> OrderRule | None:
    """The first rule that fits an alarm, whether it opens an order or says that none is needed."""
    asked = {"rule_id": rule_id, "family": family, "device_type": device_type, "priority": priority}
    return next((rule for rule in rules if rule.fits(**asked)), None)  # type: ignore[arg-type]
