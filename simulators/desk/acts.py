"""The only door from simulated people to the park: the store's public functions, with the time as an argument; what
was meant is written into the truth in the same breath."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import psycopg

from pipeline.domain.work_order import OrderAction, OrderRefused
from pipeline.store import work_orders
from pipeline.store.work_orders import NewOrder, OrderAct
from simulators.desk.truth import Told, TrueOrder, Truth

COMMIT_EVERY = 100  # acts; a transaction for each of them would wait for the disk each time
Who = tuple[str, int | None]  # login, and number of a person where they are one
SYSTEM: Who = (work_orders.SYSTEM, None)


@dataclass
class Desk:
    """A connection not in autocommit, the park's time, the truth so far. refused: acts that came too late."""

    conn: psycopg.Connection
    truth: Truth
    park_id: str
    now: datetime
    seed: int = 1
    acts: int = 0
    refused: list[str] = field(default_factory=list)
    busy: set[int] = field(default_factory=set)  # orders that somebody simulated sees to
    commit_every: int = COMMIT_EVERY
    rng: Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = Random(f"{self.seed}/client/{self.now.isoformat()}")  # another span makes other ids

    def client(self) -> UUID:
        """An id as a phone would make it, from the seed."""
        return UUID(int=self.rng.getrandbits(128), version=4)

    def opens(self, new: NewOrder, category: str, who: Who, *, request: int | None = None) -> TrueOrder:
        """Opens an order; its truth begins."""
        login, person = who
        opened = work_orders.open_(self.conn, new, now=self.now, actor=login, person=person, client_id=self.client())
        return self.begins(opened.order, new, category, who, request=request)

    def begins(self, order: int, new: NewOrder, category: str, who: Who, *, request: int | None = None) -> TrueOrder:
        """The truth of an order that is open now."""
        row = TrueOrder(
            order=order, origin=new.origin, service=new.service, category=category, skill=new.skill,
            priority=new.priority, created=self.now, space=new.space_id, company=new.company_id,
            contractor=new.contractor_id, request=request,
            told=[Told("open", self.now, self.now, who[0])],
        )  # fmt: skip
        self.truth.orders[order] = row
        self._counted()
        return row

    def act(
        self, row: TrueOrder, action: OrderAction, who: Who, *, when: datetime | None = None, ahead_s: float = 0.0,
        reason: str | None = None, detail: Mapping[str, Any] | None = None, to: str | None = None,
    ) -> bool:  # fmt: skip
        """Does something to an order now; when: it was done then, by a phone whose clock is `ahead_s` ahead and had
        been measured; to: login of whom it is given to. False: it came too late, somebody had done something else."""
        login, person = who
        told = dict(detail or {})
        phone = None if when is None else when + timedelta(seconds=ahead_s)
        asked = OrderAct(
            order=row.order, action=action, actor=login, person=person, client_id=self.client(), device_time=phone,
            offset_s=-ahead_s if phone else 0.0, reason=reason, detail=told,
        )  # fmt: skip
        try:
            work_orders.act(self.conn, asked, now=self.now)
        except OrderRefused as error:
            self.refused.append(f"order {row.order}: {action.value} by {login} at {self.now:%F %T}: {error}")
            return False
        self.tells(
            row, action, login, when=when, reason=reason, proof=told.get("proof"), to=to or (login if person else None)
        )
        return True

    def tells(self, row: TrueOrder, action: OrderAction, actor: str, *, when: datetime | None = None,
              reason: str | None = None, proof: str | None = None, to: str | None = None,
              appointment: datetime | None = None) -> None:  # fmt: skip
        """Writes what was done to an order into its truth."""
        to = to if action in (OrderAction.ACCEPT, OrderAction.ASSIGN) else None
        row.told.append(Told(action.value, when or self.now, self.now, actor, reason=reason, to=to, proof=proof,
                             appointment=appointment))  # fmt: skip
        self._counted()

    def _counted(self) -> None:
        self.acts += 1
        if self.acts % self.commit_every == 0:
            self.conn.commit()
