"""Clocks as rows: derived again from an order's events whenever one is added, and what they said, which stays.

Locks: an order's clocks, in the order of kind, before its events are read; so whoever derives last has read all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pipeline.domain.errors import NotFound
from pipeline.domain.sla import DUE, ClockKind, ClockState, SlaClock
from pipeline.domain.sla_clock import derive
from pipeline.domain.sla_history import OrderEvent
from pipeline.domain.work_order import OrderAction, OrderState
from pipeline.store import business_calendars
from pipeline.store.business_calendars import SOON
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "sla_sql")
Row = dict[str, Any]


def follow(conn: psycopg.Connection, order: int, action: OrderAction, now: datetime) -> None:
    """After an order's event: where its clocks stand, and what came in late to say of a breach."""
    rebuild(conn, order, now=now)


def rebuild(conn: psycopg.Connection, order: int, *, now: datetime) -> list[SlaClock]:
    """Derives an order's clocks and makes its rows say so, in the caller's transaction. Safe at any time, and twice."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(QUERIES["clocks_to_derive"], {"order": order}).fetchall()
        facts = cursor.execute(QUERIES["order_facts"], {"order": order}).fetchone()
        if facts is None:
            raise NotFound(f"work order {order}")
        events = [_event(row) for row in cursor.execute(QUERIES["order_events"], {"order": order})]
        said = cursor.execute(QUERIES["order_said"], {"order": order}).fetchall()
    standing, told = _told(said)
    found = derived(conn, facts["park_id"], facts["created"], events, now=now, told=told)
    before = {ClockKind(row["kind"]): row for row in rows}
    for place, clock in enumerate(found):
        if clock.breached != standing.get(clock.kind):
            _say(conn, order, clock, standing.get(clock.kind), before.get(clock.kind), now)
            left = tuple(step for step in clock.ladder if step[0] != DUE or clock.breached is None)
            found[place] = clock = _with_ladder(clock, left)
    conn.execute(QUERIES["put_clocks"], _columns(order, found))
    return found


def derived(conn: psycopg.Connection, park_id: str, created: datetime, events: Sequence[OrderEvent], *, now: datetime,
            told: Mapping[ClockKind, set[float]]) -> list[SlaClock]:  # fmt: skip
    """The clocks, from as much of their calendars as they need: what is due soon needs no year of windows."""
    wanted = {
        (target["calendar"], target["calendar_version"])
        for event in events
        if event.detail.get("terms")
        for target in event.detail["terms"]["targets"].values()
    }
    soon = max(now, created) + SOON
    for until in (soon, None):
        calendars = business_calendars.openings(conn, park_id, wanted, since=created, until=until)
        found = derive(created, events, calendars, now=now, told=told)
        if not any(clock.fault for clock in found):
            break
    return found


def _event(row: Row) -> OrderEvent:
    return OrderEvent(row["seq"], OrderAction(row["action"]), OrderState(row["to_state"]), row["happened"],
                      row["reason"], row["detail"])  # fmt: skip


def _told(said: Sequence[Row]) -> tuple[dict[ClockKind, datetime], dict[ClockKind, set[float]]]:
    """Breaches that were told and stand, and which percentages need not be told again."""
    standing: dict[ClockKind, datetime] = {}
    told: dict[ClockKind, set[float]] = {kind: set() for kind in ClockKind}
    for row in said:
        kind = ClockKind(row["kind"])
        if row["what"] == "threshold":
            told[kind].add(row["percent"])
            continue
        became = row["at"] if row["what"] == "breach" else row["detail"]["became"]
        standing.pop(kind, None)
        told[kind].discard(DUE)
        if became is not None:
            standing[kind] = became if isinstance(became, datetime) else datetime.fromisoformat(became)
            told[kind].add(DUE)
    return standing, told


def _say(conn: psycopg.Connection, order: int, clock: SlaClock, was: datetime | None, row: Row | None,
         now: datetime) -> None:  # fmt: skip
    """A breach that is news; or, where one was told or a verdict given, the correction of that."""
    met = row is not None and row["state"] == ClockState.MET and clock.state is ClockState.MISSED
    revised = was is not None or met
    detail = {"was": was and was.isoformat(), "became": clock.breached and clock.breached.isoformat()}
    conn.execute(
        QUERIES["say"],
        {
            "order": order, "kind": clock.kind, "what": "revised" if revised else "breach",
            "percent": DUE, "at": clock.breached or was, "now": now, "seq": clock.upto,
            "detail": Jsonb(detail if revised else {}),
        },
    )  # fmt: skip


def _with_ladder(clock: SlaClock, ladder: tuple[tuple[float, datetime], ...]) -> SlaClock:
    fields = {name: getattr(clock, name) for name in SlaClock.__dataclass_fields__}
    return SlaClock(**{**fields, "ladder": ladder})


COLUMNS = ("state", "target_s", "due", "stopped", "spent_s", "wall_s", "paused_s", "breached", "provisional", "upto",
           "resumes", "fault", "started", "kind")  # fmt: skip


def _columns(order: int, found: Sequence[SlaClock]) -> Row:
    """The rows of some clocks, column by column."""
    rows = [asdict(clock) for clock in found]
    columns: Row = {name: [row[name] for row in rows] for name in COLUMNS}
    ladders = [{"p": [p for p, _ in c.ladder], "at": [at.isoformat() for _, at in c.ladder]} for c in found]
    return {"order": order, **columns, "ladders": [Jsonb(one) for one in ladders]}
