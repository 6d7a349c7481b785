"""Planned work and inspections: slots exist before they are done, and each leads to one work order, if missed too."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.plan import calendar_dues, counted_on, expiry
from pipeline.domain.quality import Quality
from pipeline.domain.work_order import ENDED, TAKEN, UNTAKEN, OrderAction, OrderState
from pipeline.store import audit, work_orders
from pipeline.store.queries import load
from pipeline.store.work_orders import NewOrder, OrderAct

QUERIES = load(Path(__file__).parent / "plans_sql")
AHEAD = timedelta(days=45)
"""so far ahead a plan's slots are made, so that people see what comes"""
EVENTS = UUID("5e0a6a0c-1a2b-5d4c-9f0e-7b6d5c4a3f04")
EXPIRED = "P2"
"""the priority of a certificate that has run out, at least"""
Row = dict[str, Any]


def rows(conn: psycopg.Connection, query: str, **values: Any) -> list[Row]:
    """The rows of a query by column name."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], values).fetchall()


def fill(conn: psycopg.Connection, *, now: datetime) -> int:
    """Makes the slots of all plans up to AHEAD from now, those that were missed included; how many."""
    made = 0
    for row in rows(conn, "plans_in_force"):
        dues, count = _dues(conn, row, now)
        if dues:
            asked = {"plan": row["plan"], "dues": dues, "lead": row["lead_days"], "since": row["since"], "count": count}
            made += conn.execute(QUERIES["add_slots"], asked).rowcount
    return made


def _dues(conn: psycopg.Connection, row: Row, now: datetime) -> tuple[list[datetime], float | None]:
    """Instants at which a plan is due and has no slot yet, and what its counter said."""
    zone, lead = ZoneInfo(row["time_zone"]), timedelta(days=row["lead_days"])
    if row["expires"] is not None:
        due = expiry(row["expires"], zone=zone)
        return ([due] if due <= now + lead + AHEAD else []), None
    if row["every_days"] is not None:
        after = max(row["since"], row["last"] or row["since"])
        times = row["at_times"] or ["09:00"]
        upto = now + lead + AHEAD
        return calendar_dues(row["starts"], row["every_days"], times, zone=zone, after=after, upto=upto), None
    if row["value"] is None or row["quality"] != Quality.GOOD:
        return [], None
    is_due, counted = counted_on(row["counted"], row["value"], row["every_count"])
    if counted != row["counted"]:
        moved = conn.execute(
            QUERIES["set_counted"], {"plan": row["plan"], "counted": counted, "was": row["counted"]}
        ).rowcount
        is_due = is_due and moved == 1
    return ([row["ts"]] if is_due else []), row["value"]


def open_slot(conn: psycopg.Connection, plan: int, due: datetime, *, now: datetime) -> int | None:
    """Opens the order of one slot, in the caller's transaction; None where another engine is at it.

    It is appointed for when it is due, where that lies ahead: nobody is late who comes then.
    """
    found = rows(conn, "slot_to_open", plan=plan, due=due)
    if not found:
        return None
    row = found[0]
    key = f"plan:{plan}:{due.isoformat()}"
    order = _open(conn, row, key, row["priority"], now)
    if due > now and not row["certificate"]:
        said = OrderAct(order=order, action=OrderAction.APPOINT, client_id=uuid5(EVENTS, f"{key}/appoint"),
                        reason="when it is due", detail={"at": due.isoformat()})  # fmt: skip
        work_orders.act(conn, said, now=now)
    conn.execute(QUERIES["slot_opened"], {"plan": plan, "due": due, "order": order})
    return order


def _open(conn: psycopg.Connection, row: Row, cause: str, priority: str, now: datetime) -> int:
    new = NewOrder(
        park_id=row["park_id"], origin=row["kind"], cause=cause, service=row["service"], skill=row["skill"],
        priority=priority, title_zh=row["name_zh"], title_en=row["name_en"], space_id=row["space_id"],
        device=row["device"], contractor_id=row["contractor_id"], plan=row["plan"], happened=row["due"],
        words=None if row["count"] is None else f"{row['count']:g}",
    )  # fmt: skip
    return work_orders.open_(conn, new, now=now, client_id=uuid5(EVENTS, cause)).order


def chase_expired(conn: psycopg.Connection, row: Row, *, now: datetime) -> bool:
    """A certificate ran out: its order becomes urgent; where that ended without a new one, there is another."""
    state = OrderState(row["state"])
    if state in UNTAKEN | TAKEN and row["priority"] > EXPIRED:
        said = OrderAct(order=row["work_order"], action=OrderAction.PRIORITY, detail={"to": EXPIRED},
                        client_id=uuid5(EVENTS, f"expired/{row['plan']}/{row['due'].isoformat()}"),
                        reason=f"the certificate ran out on {row['expires']}")  # fmt: skip
        return not work_orders.act(conn, said, now=now).repeated
    if state in ENDED and not row["again"]:
        (again,) = rows(conn, "slot_of_plan", plan=row["plan"], due=row["due"])
        _open(conn, again, f"plan:{row['plan']}:{row['due'].isoformat()}:expired", EXPIRED, now)
        return True
    return False


def renew(conn: psycopg.Connection, row: Row, *, now: datetime) -> bool:
    """A finished inspection's word on its new certificate."""
    try:
        expires = date.fromisoformat(row["told"])
    except ValueError:  # events are for good: what cannot be read is left alone
        return False
    if conn.execute(QUERIES["renew"], {"plan": row["plan"], "expires": expires}).rowcount != 1:
        return False
    audit.record(
        conn, now=now, action="certificate-renew", subject=f"plan/{row['park_id']}/{row['plan_id']}", actor="system",
        detail={"was": str(row["expires"]), "became": str(expires), "work_order": row["work_order"]},
    )  # fmt: skip
    return True
