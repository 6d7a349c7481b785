"""People of a scenario: technicians take the orders that its alarms and tenants open, and are done when the fault is
mended; tenants ask, confirm and rate.

In a scenario the file says how long a fault lasts: its end is when somebody has mended it, so that the sensor is normal
again because of them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import psycopg

from pipeline.domain.park import Park
from pipeline.domain.request import RequestAction
from pipeline.domain.work_order import OrderAction as A
from pipeline.store import desk
from simulators import phones
from simulators.desk import habits
from simulators.desk.acts import Desk, Who
from simulators.desk.asks import ask
from simulators.desk.people import Staff, staff
from simulators.desk.play import Life, Play
from simulators.desk.stage import QUERIES
from simulators.desk.terms import DESK_FOLDER
from simulators.desk.truth import Told, TrueOrder, Truth
from simulators.scenarios.fault import Fault
from simulators.scenarios.script import Crewed

SECTIONS = ("contractors", "people", "services", "calendars", "policies", "order_rules", "rotas")
"""Of the desk files: what is said of rooms and plans may be about devices that a scenario leaves out."""
NOWHERE = "http://127.0.0.1:9"  # who is told is written down; here no notifier carries it
LOOKS_AGAIN = timedelta(minutes=2)
AT_LEAST = timedelta(minutes=2)  # on site, even where it was mended by itself
TOLD_AFTER = timedelta(seconds=40)  # the repair, then the button


def apply_desk(conn: psycopg.Connection, park: Park, *, now: datetime) -> None:
    """Makes a scenario's database know people and promises."""
    told = desk.read(DESK_FOLDER)
    desk.apply(conn, park.park_id, {name: told[name] for name in SECTIONS if name in told}, now=now)
    phones.give(conn, park.park_id, NOWHERE, now=now)


class Crew:
    """Everybody on duty. Its connection is in autocommit: every act is a transaction."""

    def __init__(self, conn: psycopg.Connection, park: Park, plan: Crewed, faults: Sequence[Fault], *, seed: int,
                 now: datetime) -> None:  # fmt: skip
        rows = conn.execute(QUERIES["people"], {"park": park.park_id}).fetchall()
        companies = [company.company_id for company in park.companies]
        self.staff: Staff = staff(rows, companies=companies, seed=seed)
        self.desk = Desk(conn, Truth(about={"park": park.park_id, "seed": seed}), park.park_id, now, seed=seed)
        self.play = Play(self.desk)
        self.plan, self.faults = plan, faults
        self._seen: set[tuple[int, int]] = set()  # order, and which time it was open
        catalogue = conn.execute(QUERIES["services"], {"park": park.park_id}).fetchall()
        self._categories = {row[0]: str(row[1]) for row in catalogue}
        for n, service in enumerate(plan.asks):
            self.play.begin(now, self._asks(service, now, Random(f"{seed}/asks/{n}")))

    def look(self, now: datetime) -> int:
        """Takes up what is open and does what is due by now; how many steps that was."""
        for order, skill, device, created, reopenings in self.desk.conn.execute(
            QUERIES["untaken"], {"park": self.desk.park_id}
        ).fetchall():
            if (order, reopenings) not in self._seen:
                self._seen.add((order, reopenings))
                row = TrueOrder(order=order, origin="alarm", service="", category="", skill=skill, priority="",
                                created=created, told=[Told("open", created, created, "system")])  # fmt: skip
                self.desk.truth.orders[order] = row
                self.play.begin(now, self._sees_to(row, device, Random(f"{self.desk.seed}/{order}/{reopenings}")))
        return self.play.until(now)

    def _asks(self, service: str, now: datetime, rng: Random) -> Life:
        """A tenant reports something, looks now and then, and says what it was worth."""
        yield now + self._minutes(self.plan.ask_min, rng)
        tenant = rng.choice(self.staff.tenants)
        by: Who = (tenant.login, tenant.person)
        asking, _ = ask(self.desk, service, self._categories[service], tenant, channel="online", by=by, space=None,
                        words=rng.choice(habits.WORDS))  # fmt: skip
        state = "received"
        while state not in ("answered", "closed", "declined", "cancelled"):
            yield self.desk.now + LOOKS_AGAIN
            ((state,),) = self.desk.conn.execute(QUERIES["request_state"], {"request": asking.row.request}).fetchall()
        if state == "answered" and asking.by_tenant(RequestAction.CONFIRM):
            asking.rate(rng.choice((3, 4, 5, 5)))

    def _sees_to(self, row: TrueOrder, device: str | None, rng: Random) -> Life:
        """From the message on the phone to done. Who is asked first may not see it: the next level takes it."""
        here = self.staff.here(row.skill, self.desk.now) or self.staff.able(row.skill)
        by = rng.choice(here)
        if rng.random() < self.plan.misses:
            yield self.desk.now + timedelta(minutes=self.plan.missed_min)
            by = rng.choice([t for t in self.staff.able(row.skill) if t is not by] or here)
        who: Who = (by.login, by.person)
        yield self.desk.now + self._minutes(self.plan.accept_min, rng)
        if not self.desk.act(row, A.ACCEPT, who, when=self.desk.now):
            return  # somebody real was faster
        yield self.desk.now + timedelta(minutes=1)
        self.desk.act(row, A.DEPART, who, when=self.desk.now)
        yield self.desk.now + self._minutes(self.plan.travel_min, rng)
        self.desk.act(row, A.ARRIVE, who, when=self.desk.now, detail={"proof": "code"})
        yield max(self.desk.now + AT_LEAST, self._mended(device, self.desk.now) + TOLD_AFTER)
        self.desk.act(row, A.FINISH, who, when=self.desk.now)

    def _mended(self, device: str | None, now: datetime) -> datetime:
        """When the fault at a device ends that strikes it now; now where none does."""
        ends = [f.end_s for f in self.faults if device in f.devices and f.begin_s <= now.timestamp()]
        return max(now, datetime.fromtimestamp(max(ends), UTC)) if ends else now

    @staticmethod
    def _minutes(span: tuple[float, float], rng: Random) -> timedelta:
        return timedelta(minutes=rng.uniform(*span))
