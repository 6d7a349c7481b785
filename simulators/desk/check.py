"""Holds what the database says against the truth: every order, its clocks, its chain, and every figure made of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pipeline.store import chain
from pipeline.store.queries import load
from simulators.desk.promises import Promise, kept
from simulators.desk.truth import TrueBooking, TrueOrder, TrueRequest, Truth

QUERIES = load(Path(__file__).parent / "sql")
ENGINES = "escalate"  # what the engine does by itself
NEAR_S = 0.001  # device times are told in microseconds, offsets in milliseconds
STATES = {"open": "new", "accept": "accepted", "release": "new", "depart": "en_route", "arrive": "on_site",
          "wait": "waiting", "resume": "accepted", "finish": "done", "confirm": "confirmed", "verify": "confirmed",
          "close": "closed", "reject": "rejected", "cancel": "cancelled", "reopen": "reopened"}  # fmt: skip


@dataclass
class Check:
    """How many figures were compared, and every difference in words."""

    figures: int = 0
    differences: list[str] = field(default_factory=list)

    def same(self, what: str, ours: Any, theirs: Any, *, near: float = 0.0) -> None:
        """One figure: the truth's, and the database's."""
        self.figures += 1
        if ours == theirs:
            return
        if ours is not None and theirs is not None:
            if isinstance(ours, datetime) and isinstance(theirs, datetime):
                if abs((ours - theirs).total_seconds()) <= max(near, NEAR_S):
                    return
            elif isinstance(ours, int | float) and isinstance(theirs, int | float) and abs(ours - theirs) <= near:
                return
        self.differences.append(f"{what}: truth {_plain(ours)}, database {_plain(theirs)}")


def check(conn: psycopg.Connection, truth: Truth, promises: Mapping[int, Promise]) -> Check:
    """Compares every order, request, clock and chain; takes some seconds for ten thousand orders."""
    found = Check()
    now = datetime.fromisoformat(truth.about["until"])
    asked = {"park": truth.about["park"], "orders": list(truth.orders), "requests": list(truth.requests),
             "bookings": list(truth.bookings)}  # fmt: skip
    with conn.cursor(row_factory=dict_row) as cursor:
        _bookings(found, truth.bookings, cursor.execute(QUERIES["bookings"], asked).fetchall())
        _requests(found, truth.requests, cursor.execute(QUERIES["requests"], asked).fetchall())
        clocks = cursor.execute(QUERIES["clocks"], asked).fetchall()
        _clocks(found, truth.orders, promises, clocks, now)
        _orders(found, truth.orders, cursor.execute(QUERIES["orders"], asked).fetchall())
        _actions(found, truth.orders, cursor.execute(QUERIES["actions"], asked).fetchall())
        _chains(found, truth.orders, cursor.execute(QUERIES["chains"], asked).fetchall())
    return found


def state(row: TrueOrder) -> str:
    """Where an order stands after all that was done to it."""
    return next(STATES[t.action] for t in reversed(row.told) if t.action in STATES)


def _orders(found: Check, truth: Mapping[int, TrueOrder], rows: Sequence[Mapping[str, Any]]) -> None:
    found.same("orders", len(truth), len(rows))
    for row in rows:
        ours = truth[row["work_order"]]
        name = f"order {ours.order}"
        for column in ("origin", "service", "skill", "priority"):
            found.same(f"{name} {column}", getattr(ours, column), row[column])
        found.same(f"{name} state", state(ours), row["state"])
        found.same(f"{name} created", ours.created, row["created"])
        found.same(f"{name} acknowledged", ours.first("accept"), row["acknowledged"])
        found.same(f"{name} responded", ours.first("arrive", "finish"), row["responded"])
        found.same(f"{name} done", ours.last("finish"), row["done"])
        found.same(f"{name} reopenings", ours.count("reopen"), row["reopenings"])


def _bookings(found: Check, truth: Mapping[int, TrueBooking], rows: Sequence[Mapping[str, Any]]) -> None:
    found.same("bookings", len(truth), len(rows))
    for row in rows:
        ours = truth[row["booking"]]
        for name in ("room", "since", "until", "company", "ended"):
            found.same(f"booking {ours.booking} {name}", getattr(ours, name), row[name])


def _requests(found: Check, truth: Mapping[int, TrueRequest], rows: Sequence[Mapping[str, Any]]) -> None:
    found.same("requests", len(truth), len(rows))
    for row in rows:
        ours = truth[row["request"]]
        for name in ("service", "category", "channel", "company", "created", "order", "answered", "stars", "rated",
                     "transfers"):  # fmt: skip
            found.same(f"request {ours.request} {name}", getattr(ours, name), row[name])


def _clocks(found: Check, truth: Mapping[int, TrueOrder], promises: Mapping[int, Promise],
            rows: Sequence[Mapping[str, Any]], now: datetime) -> None:  # fmt: skip
    theirs = {(row["work_order"], row["kind"]): row for row in rows}
    for order, told in truth.items():
        for kind, ours in kept(told, promises[order], now=now).items():
            row = theirs.get((order, kind))
            if row is None:
                found.same(f"order {order} {kind}", ours.state, None)
                continue
            for name in ("state", "due", "target_s", "stopped", "spent_s", "wall_s", "paused_s"):
                found.same(f"order {order} {kind} {name}", getattr(ours, name), row[name], near=NEAR_S)


def _actions(found: Check, truth: Mapping[int, TrueOrder], rows: Sequence[Mapping[str, Any]]) -> None:
    ours = Counter((t.action, t.actor == "system") for row in truth.values() for t in row.told)
    theirs = {(row["action"], row["by_system"]): row["count"] for row in rows}
    for action, by_system in sorted((set(ours) | set(theirs)) - {(ENGINES, True)}):
        who = "by the system" if by_system else "by people"
        found.same(f"{action} {who}", ours[action, by_system], theirs.get((action, by_system), 0))


def _chains(found: Check, truth: Mapping[int, TrueOrder], rows: Sequence[Mapping[str, Any]]) -> None:
    for order, events in groupby(rows, key=itemgetter("work_order")):
        told = list(events)
        played = sum(event["action"] != ENGINES for event in told)
        found.same(f"order {order} chain", None, chain.first_fault(told))
        found.same(f"order {order} events", len(truth[order].told), played)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else repr(value)
