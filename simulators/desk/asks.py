"""The same door for requests: made online or told to the desk, moved by tenants and departments, rated by tenants."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.domain.errors import ParkError
from pipeline.domain.request import RequestAction, Side
from pipeline.domain.work_order import OrderAction
from pipeline.store import request_acts, requests
from pipeline.store.queries import load
from pipeline.store.request_acts import RequestAct
from pipeline.store.requests import NewRequest
from pipeline.store.work_orders import NewOrder
from simulators.desk.acts import Desk, Who
from simulators.desk.habits import Habit
from simulators.desk.people import Tenant
from simulators.desk.truth import TrueOrder, TrueRequest

QUERIES = load(Path(__file__).parent / "sql")
ASKER, DESK, SYSTEM_SIDE = frozenset({Side.ASKER}), frozenset({Side.DESK}), frozenset({Side.SYSTEM})
ALIKE = {
    RequestAction.CONFIRM: OrderAction.CONFIRM,
    RequestAction.REOPEN: OrderAction.REOPEN,
    RequestAction.CANCEL: OrderAction.CANCEL,
    RequestAction.APPOINT: OrderAction.APPOINT,
}
"""What a request's act does to its order, too."""


@dataclass
class Asking:
    """One request in people's heads, with its order once it has one."""

    desk: Desk
    row: TrueRequest
    tenant: Tenant
    order: TrueOrder | None = None

    def act(self, action: RequestAction, who: Who, sides: frozenset[Side], *, reason: str | None = None,
            detail: Mapping[str, Any] | None = None) -> bool:  # fmt: skip
        """Does something to the request, and through it to its order. False: it came too late."""
        told = dict(detail or {})
        asked = RequestAct(request=self.row.request, action=action, actor=who[0], person=who[1], sides=sides,
                           client_id=self.desk.client(), reason=reason, detail=told)  # fmt: skip
        try:
            request_acts.act(self.desk.conn, asked, now=self.desk.now)
        except ParkError as error:
            self.desk.refused.append(
                f"request {self.row.request}: {action.value} by {who[0]} at {self.desk.now}: {error}"
            )
            return False
        self.row.done.append(action.value)
        if self.order is not None and action in ALIKE:
            chosen = datetime.fromisoformat(told["at"]) if action is RequestAction.APPOINT else None
            self.desk.tells(self.order, ALIKE[action], who[0], reason=reason, appointment=chosen)
        if action is RequestAction.TRANSFER:
            self.row.transfers += 1
        elif action is RequestAction.ANSWER:
            self.row.answered = self.desk.now
        elif action is RequestAction.REOPEN:
            self.row.answered = None
        return True

    def by_tenant(
        self, action: RequestAction, *, reason: str | None = None, detail: Mapping[str, Any] | None = None
    ) -> bool:
        """The same by who asked."""
        return self.act(action, (self.tenant.login, self.tenant.person), ASKER, reason=reason, detail=detail)

    def quote(self) -> int | None:
        """The quote that awaits an answer, as the tenant's screen shows it."""
        found = self.desk.conn.execute(QUERIES["open_quote"], {"request": self.row.request}).fetchone()
        return int(found[0]) if found else None

    def rate(self, stars: int) -> None:
        """Stars, once and for good."""
        try:
            request_acts.rate(self.desk.conn, self.row.request, stars=stars, words=None, company_id=self.tenant.company,
                              actor=self.tenant.login, now=self.desk.now)  # fmt: skip
        except ParkError as error:
            self.desk.refused.append(f"request {self.row.request}: rating at {self.desk.now}: {error}")
            return
        self.row.stars, self.row.rated = stars, self.desk.now

    def ordered(self, habit: Habit, order: int, *, actor: Who, contractor: str | None = None) -> TrueOrder:
        """The order that the request opened just now."""
        new = NewOrder(
            park_id=self.desk.park_id, origin="request", cause=f"request:{self.row.request}", service=habit.name,
            skill=habit.skill, priority=habit.priority, title_zh="", title_en="", space_id=self.row.space,
            company_id=self.row.company, contractor_id=contractor,
        )  # fmt: skip
        self.order = self.desk.begins(order, new, habit.category, actor, request=self.row.request)
        self.row.order = order
        return self.order


def ask(desk: Desk, service: str, category: str, tenant: Tenant, *, channel: str, by: Who, space: str | None,
        words: str) -> tuple[Asking, int | None]:  # fmt: skip
    """A new request and, where it opened one, the number of its order. by: who entered it."""
    made = requests.make(
        desk.conn,
        NewRequest(
            park_id=desk.park_id, client_id=desk.client(), service=service, words=words, actor=by[0], person=by[1],
            company_id=tenant.company, channel=channel, space=space,
        ),
        now=desk.now,
    )  # fmt: skip
    row = TrueRequest(request=made.request, service=service, category=category, channel=channel, created=desk.now,
                      company=tenant.company, space=space)  # fmt: skip
    desk.truth.requests[made.request] = row
    return Asking(desk, row, tenant), made.work_order
