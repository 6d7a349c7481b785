"""A history of service for tests: people, orders with what was done to them, requests and what tenants said."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg

from pipeline.domain.work_order import OrderAction as A
from pipeline.store.work_orders import NewOrder, OrderAct, act, open_

MINUTE = timedelta(minutes=1)
SERVICES = {"repair": ("维修", "Repair"), "cleaning": ("保洁", "Cleaning"), "network": ("网络", "Network")}


@dataclass
class History:
    """Writes it into a database, on one connection that commits each statement. now: what is known ends there."""

    conn: psycopg.Connection
    park: str
    now: datetime
    people: dict[str, int] = field(default_factory=dict)

    def setting(self, *, contractor: tuple[str, str, str] = ("keeper", "速修公司", "Quick Fix Ltd")) -> None:
        """Services, a contractor, technicians and one tenant's person."""
        for place, (service, (zh, en)) in enumerate(SERVICES.items()):
            self.conn.execute(
                "insert into smartpark.service (park_id, service_id, category, place, name_zh, name_en, skill,"
                " priority) values (%s, %s, 'repair', %s, %s, %s, 'plumbing', 'P3')",
                [self.park, service, place, zh, en],
            )  # fmt: skip
        self.conn.execute(
            "insert into smartpark.contractor (park_id, contractor_id, name_zh, name_en) values (%s, %s, %s, %s)",
            [self.park, *contractor],
        )

    def person(self, login: str, name: str, *, role: str = "technician", company: str | None = None) -> int:
        """Somebody; their number."""
        row = self.conn.execute(
            "insert into smartpark.person (park_id, login, name, role, company_id, created)"
            " values (%s, %s, %s, %s, %s, %s) returning person",
            [self.park, login, name, role, company, self.now - timedelta(days=300)],
        ).fetchone()  # fmt: skip
        assert row
        self.people[login] = int(row[0])
        return self.people[login]

    def order(
        self, at: datetime, *, who: str | None = None, accept: float | None = None, arrive: float | None = None,
        finish: float | None = None, reopen: float | None = None, proof: str = "code", origin: str = "request",
        service: str = "repair", priority: str = "P2", **more: Any,
    ) -> int:  # fmt: skip
        """An order that came then; minutes from then until it was accepted, and so on; what is None did not happen."""
        new = NewOrder(
            park_id=self.park, origin=origin, cause=f"{origin}:{uuid4()}", service=service, skill="plumbing",
            priority=priority, title_zh="水管漏水", title_en="A pipe leaks", **more,
        )  # fmt: skip
        number, _ = open_(self.conn, new, now=at)
        steps = ((accept, A.ACCEPT, {}), (arrive, A.ARRIVE, {"proof": proof}), (finish, A.FINISH, {}))
        for minutes, action, detail in steps:
            if minutes is not None and at + minutes * MINUTE <= self.now:
                self._do(number, action, at + minutes * MINUTE, person=self.people[who or ""], detail=detail)
        if reopen is not None:
            self._do(number, A.REOPEN, at + reopen * MINUTE, reason="it drips again")
        return number

    def request(self, at: datetime, *, answered: datetime | None = None, company: str | None = None,
                channel: str = "online", stars: int | None = None, order: int | None = None,
                service: str = "repair") -> None:  # fmt: skip
        """A request, and what its tenant said of it."""
        row = self.conn.execute(
            "insert into smartpark.service_request (park_id, client_id, service_id, category, company_id, channel,"
            " entered_by, words, state, work_order, created, answered)"
            " values (%s, %s, %s, 'repair', %s, %s, 'x', 'it leaks', 'answered', %s, %s, %s) returning request",
            [self.park, uuid4(), service, company, channel, order, at, answered],
        ).fetchone()  # fmt: skip
        assert row
        if stars is not None:
            self.conn.execute(
                "insert into smartpark.rating (request, work_order, company_id, stars, at, actor)"
                " values (%s, %s, %s, %s, %s, 'x')",
                [row[0], order, company, stars, answered],
            )  # fmt: skip

    def _do(self, number: int, action: A, at: datetime, **more: Any) -> None:
        act(self.conn, OrderAct(order=number, action=action, client_id=uuid4(), **more), now=at)
