"""Opens work orders for alarms that people are told of, by the park's rules: one for each cause, whatever comes back.

What shares an incident shares an order, where the same people can do it; another skill gets one of its own. A notice is
looked at once, in the transaction that opens its order: two engines, or one that is killed, open no second one.
"""

from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid5

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.work_order import TAKEN, UNTAKEN, OrderAction, OrderState
from pipeline.engine.desk.apart import Apart
from pipeline.store import order_rules, work_orders
from pipeline.store.order_rules import URGENCY, OrderRule
from pipeline.store.queries import load
from pipeline.store.work_orders import NewOrder, OrderAct, Row

QUERIES = load(Path(__file__).parent / "sql")
BITE = 500
OVER = frozenset({OrderState.CONFIRMED, OrderState.CLOSED})  # nobody is at it any more, and no sensor looks either
EVENTS = UUID("0d8a2f3e-52d5-5b0e-9c39-3f6c2b1a9e01")  # names what the step does: the same cause is the same event


def run(conn: psycopg.Connection, now: datetime) -> int:
    """Looks at every notice once. Returns how many orders were opened, or told that their cause came back."""
    rules: dict[str, list[OrderRule]] = {}
    with Apart(conn) as apart:
        found = {notice: notice for (notice,) in conn.execute(QUERIES["notices_to_order"], {"bite": BITE})}
        done = apart.each("no order for notice", found, lambda one: _look(conn, one, rules, now))
        said = {act.order: act for act in _returned(conn)}
        done += apart.each("return in order", said, lambda act: not work_orders.act(conn, act, now=now).repeated)
    return done


def _look(conn: psycopg.Connection, notice: int, known: dict[str, list[OrderRule]], now: datetime) -> int:
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(QUERIES["notice_to_order"], {"notice": notice}).fetchone()
        if row is None:
            return 0
        rules = known.get(row["park_id"])
        if rules is None:
            rules = known[row["park_id"]] = order_rules.of_park(conn, row["park_id"])
        rule = order_rules.first_fit(
            rules, rule_id=row["rule_id"], family=row["family"], device_type=row["type"], priority=row["priority"]
        )
        order, joined = None, False
        if rule is not None and rule.opens and wanted(row):
            alike = cursor.execute(
                QUERIES["orders_alike"],
                {"watch": row["watch"], "incident": row["incident"], "now": now, "again_s": rule.again_s},
            ).fetchall()
            found = _same_people(row, rule, alike)
            joined = found is not None and joins(row, found)
            order = found["work_order"] if found and joined else _open(conn, row, rule, alike, now)
        conn.execute(QUERIES["notice_ordered"], {"notice": notice, "order": order, "now": now})
    return int(order is not None and not joined)


def calls(row: Row) -> bool:
    """Whether a notice calls for an order: people are told, or an operator knows already; somebody has to go all the
    same."""
    return bool(row["decision"] == "page" or str(row["reason"]).startswith("acknowledged:"))


def wanted(row: Row) -> bool:
    """Whether an alarm is anything to go for: not what was over before it was known, nor what a person keeps away."""
    if row["historic"] or (row["hold"] and not row["life_safety"]):
        return False
    return calls(row) or str(row["reason"]).startswith("incident:")


def joins(row: Row, found: Row) -> bool:
    """Whether an alarm only adds to an order: people were told of its incident by another alarm, and are at it."""
    return not calls(row) and not found["same_watch"] and found["state"] not in OVER


def cause(row: Row, rule: OrderRule, alike: list[Row]) -> str:
    """What an order is for: that of the order which has this cause already, else the incident, else the watch."""
    found = _same_people(row, rule, alike)
    if found is not None:
        return str(found["cause"])
    if row["incident"] is None:
        return f"alarm:{row['watch']}"
    own = f"incident:{row['incident']}"
    return f"{own}:{rule.skill}" if any(one["cause"] == own for one in alike) else own


def _same_people(row: Row, rule: OrderRule, alike: list[Row]) -> Row | None:
    """A gateway that is gone explains its devices' silence, whoever else might see to them."""
    whole = row["incident_cause"] == "gateway"
    return next((one for one in alike if whole or one["same_watch"] or one["skill"] == rule.skill), None)


def _open(conn: psycopg.Connection, row: Row, rule: OrderRule, alike: list[Row], now: datetime) -> int:
    assert rule.service and rule.skill  # noqa: S101 - a constraint of the table, where it opens
    priority = rule.priority or URGENCY[row["priority"]]
    why = cause(row, rule, alike)
    has_reading = row["point"] is not None or row["device"] is not None
    new = NewOrder(
        park_id=row["park_id"], origin="incident" if why.startswith("incident:") else "alarm", cause=why,
        service=rule.service, skill=rule.skill, priority=priority, title_zh=row["name_zh"], title_en=row["name_en"],
        space_id=row["space_id"], device=row["device"], point=row["point"], contractor_id=rule.contractor_id,
        alarm=row["alarm"], incident=row["incident"], verify_s=rule.verify_s if has_reading else None,
        again_s=rule.again_s, happened=row["raised"],
    )  # fmt: skip
    opened = work_orders.open_(conn, new, now=now, client_id=uuid5(EVENTS, f"notice/{row['notice']}"))
    if opened.how != "new":
        _raise_priority(conn, opened.order, priority, row, now)
    return opened.order


def _raise_priority(conn: psycopg.Connection, order: int, priority: str, row: Row, now: datetime) -> None:
    """An order is as urgent as the most urgent alarm that joined it."""
    was, state = conn.execute(QUERIES["priority_of_order"], {"order": order}).fetchone() or ("P1", "closed")
    if priority < was and OrderState(state) in UNTAKEN | TAKEN:
        why = f"alarm {row['alarm']} ({row['rule_id']}) is more urgent"
        detail = {"to": priority, "alarm": row["alarm"]}
        client = uuid5(EVENTS, f"priority/{row['notice']}")
        asked = OrderAct(order=order, action=OrderAction.PRIORITY, client_id=client, reason=why, detail=detail)
        work_orders.act(conn, asked, now=now)


def _returned(conn: psycopg.Connection) -> list[OrderAct]:
    """What is said on orders that nobody took and whose alarms are over; whether anybody still has to go, a person
    decides."""
    return [
        OrderAct(order=order, action=OrderAction.COMMENT, client_id=uuid5(EVENTS, f"returned/{order}/{version}"),
                 reason="its alarm returned", detail={"returned": returned.isoformat()})
        for order, version, returned in conn.execute(QUERIES["returned_untaken"], {"bite": BITE})
    ]  # fmt: skip
