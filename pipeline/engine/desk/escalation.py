"""Fires the steps of escalation that are due: who is on duty is told of an order, and when nobody takes it, the next
level. Each step fires once, however many engines run; where nobody is on duty, the next level is asked at once."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import psycopg
from psycopg.rows import dict_row

from pipeline import metrics
from pipeline.domain.notification import URGENCY
from pipeline.domain.work_order import UNTAKEN, OrderAction, OrderState
from pipeline.engine.desk import telling
from pipeline.engine.desk.telling import Row
from pipeline.store import links, outbox, rotas
from pipeline.store.outbox import QUERIES, Message
from pipeline.store.rotas import DutyPlan
from pipeline.store.work_orders import OrderAct, act

log = logging.getLogger(__name__)
BITE = 200
EVENTS = UUID("5a1c0d5e-8c0f-5a53-9b35-0e5c1f1f7a11")  # names the events of steps: the same step is the same event

Link = Callable[[psycopg.Connection, int, int, datetime], str | None]
"""Makes a link by which a person takes an order: (conn, order, person, now)."""


def no_link(_conn: psycopg.Connection, _order: int, _person: int, _now: datetime) -> str | None:
    """Where the park has no public address, a message has no link."""
    return None


def taking(public_url: str) -> Link:
    """Links to /take/{token} at the park's public address, each of which works once for one person."""
    base = public_url.rstrip("/")
    if not base:
        return no_link
    return lambda conn, order, person, now: f"{base}/take/{links.make(conn, order, person, now)}"


class Asked(NamedTuple):
    """Who is asked at a step, and why."""

    people: tuple[int, ...]
    rota_id: str | None
    why: str


class Escalation:
    """The step. link: makes a link by which a person takes an order."""

    def __init__(self, link: Link = no_link) -> None:
        self._link = link
        self._plans: dict[str, DutyPlan] = {}

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Everything that is due, an order a transaction. Returns how many steps fired; one order's error leaves the
        others alone, and is raised when they are done."""
        seen: list[int] = []
        fired, failure = 0, None
        self._plans.clear()  # who is on duty is read once a run, for all orders
        while bite := conn.execute(QUERIES["due_orders"], {"now": now, "seen": seen, "bite": BITE}).fetchall():
            for (order,) in bite:
                seen.append(order)
                try:
                    with conn.transaction():
                        fired += self._order(conn, order, now)
                except psycopg.OperationalError:
                    raise
                except Exception as error:
                    log.exception("escalation of order %d failed", order)
                    failure = error
        if failure is not None:
            raise failure
        return fired

    def _order(self, conn: psycopg.Connection, order: int, now: datetime) -> int:
        """All steps of one order that are due: where nobody is there, the next is due at once."""
        with conn.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(QUERIES["order_to_escalate"], {"order": order}).fetchone()
            if row is None:
                return 0  # somebody acts on it just now; it is looked at again in a second
            fired = 0
            while step := cursor.execute(QUERIES["due_step"], {"order": order, "now": now}).fetchone():
                fired += self._fire(conn, row, step, now)
        return fired

    def _fire(self, conn: psycopg.Connection, row: Row, step: Row, now: datetime) -> int:
        order, taken = row["work_order"], OrderState(row["state"]) not in UNTAKEN
        if step["step"] == 0 and step["round"] > 1:
            conn.execute(QUERIES["withdraw"], {"order": order, "now": now})
        asked = self._asked(conn, row, step, now)
        reached: list[int] = []
        if asked.people:
            reached = outbox.put(conn, self._message(conn, row, step, asks=not taken, now=now), asked.people, now=now)
        why = asked.why if reached or not asked.people else f"{asked.why}, and has no contact"
        last = step["after"] is None
        if not reached and last and not step["told"] and not taken:
            rest = [person for (person,) in conn.execute(QUERIES["last_resort"], {"park": row["park_id"]})]
            reached = outbox.put(conn, self._message(conn, row, step, asks=True, now=now), rest, now=now)
            why += "; all operators and managers are told" if reached else "; and nobody else can be reached"
        claimed = conn.execute(
            QUERIES["fire_step"],
            {"order": order, "round": step["round"], "step": step["step"], "now": now, "people": reached, "why": why},
        )
        if claimed.rowcount != 1:
            raise psycopg.Rollback
        if not reached:
            metrics.ESCALATIONS_NOBODY.inc()
            log.warning("order %d, step %d: %s", order, step["step"], why)
            if not last:
                conn.execute(
                    QUERIES["bring_forward"],
                    {"order": order, "round": step["round"], "step": step["after"], "now": now},
                )
        metrics.ESCALATIONS.labels(str(step["level"])).inc()
        logins: dict[int, str] = dict(conn.execute(QUERIES["logins"], {"people": reached}).fetchall())
        detail: dict[str, Any] = {
            "round": step["round"], "step": step["step"], "level": step["level"], "rota": asked.rota_id,
            "people": [logins[person] for person in reached],
        }  # fmt: skip
        event = uuid5(EVENTS, f"{order}:{step['round']}:{step['step']}")
        act(
            conn,
            OrderAct(order=order, action=OrderAction.ESCALATE, client_id=event, reason=why, detail=detail),
            now=now,
        )
        return 1

    def _asked(self, conn: psycopg.Connection, row: Row, step: Row, now: datetime) -> Asked:
        theirs = () if step["step"] or row["assignee"] is None else (row["assignee"],)
        # Who did it before may have gone home since: an order that came back asks who is on duty, too.
        again = row["came_by"] == OrderAction.REOPEN and OrderState(row["state"]) in UNTAKEN
        if theirs and not again:
            return Asked(theirs, None, "they have it")
        path = rotas.path(conn, row["park_id"], row["space_id"])
        plan = self._plans.get(row["park_id"])
        if plan is None:
            plan = self._plans[row["park_id"]] = rotas.plan_at(conn, row["park_id"], now)
        duty = plan.ask(row["skill"], path, step["level"])
        why = duty.why
        if step["step"] and step["told"]:
            why = f"nobody took it within {(now - step['began']).total_seconds():.0f} s; {duty.why}"
        if theirs:
            why = f"they had it; {why}"
        return Asked(tuple(dict.fromkeys((*theirs, *duty.people))), duty.rota_id, why)

    def _message(self, conn: psycopg.Connection, row: Row, step: Row, *, asks: bool, now: datetime) -> Message:
        order = row["work_order"]
        if not asks:
            why = ("指派给您的工单有变更", "An order of yours was changed or assigned to you")
        elif step["step"] == 0:
            why = ("新工单，请接单", "A new order: please take it")
        else:
            why = ("工单无人接单，已升级，请处理", "Nobody has taken this order yet: it comes to you")
        return Message(
            park_id=row["park_id"], cause=f"order:{order}:{step['round']}:{step['step']}",
            urgency=URGENCY[row["priority"]], words=telling.order_words(row, why, due_of="acknowledge"), order=order,
            asks=asks, link=lambda person: self._link(conn, order, person, now) if asks else None,
        )  # fmt: skip
