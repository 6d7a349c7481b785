"""Sets the desk up and plays it: from a park in a database and a seed to a span of orders, requests and their truth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import msgspec
import psycopg

from pipeline.domain.errors import NotFound
from pipeline.domain.park import Park
from pipeline.settings import Settings
from pipeline.store.queries import load
from pipeline.store.work_orders import NewOrder
from simulators.desk import habits, lives, matters
from simulators.desk.acts import SYSTEM, Desk, Who
from simulators.desk.arrivals import Arrival, arrivals
from simulators.desk.asks import Asking, ask
from simulators.desk.clockwork import Clockwork
from simulators.desk.habits import Habit, Matter
from simulators.desk.lives import Case
from simulators.desk.matters import Affair
from simulators.desk.people import Staff, Tenant, staff
from simulators.desk.play import Life, Play
from simulators.desk.rooms import Room, booking
from simulators.desk.truth import Truth

QUERIES = load(Path(__file__).parent / "sql")
ROOM = "room"
AFTER = timedelta(days=14)  # so long what has begun is played on after the span, until it is over
Progress = Callable[[datetime], None]


@dataclass(frozen=True, slots=True)
class Service:
    """A row of the catalogue."""

    category: str
    skill: str | None
    priority: str
    department: str | None
    paid: bool
    contractor: str | None


@dataclass(frozen=True)
class Places:
    """Where work can be, and what can be asked for: devices by type, floors with their company, the catalogue."""

    devices: Mapping[str, list[tuple[int, str, str | None]]]
    floors: list[tuple[str, str]]
    services: Mapping[str, Service]
    rooms: Sequence[Room]

    @property
    def departments(self) -> list[str]:
        """Who answers for requests."""
        return sorted({s.department for s in self.services.values() if s.department})


@dataclass
class Stage:
    """One simulated desk. closes: no engine closes orders here, so that the simulator plays that step; engine: its
    other steps are run at the simulated hour; apart: logins that nobody plays."""

    conn: psycopg.Connection
    park: Park
    seed: int
    begin: datetime
    end: datetime
    scale: float = 1.0
    closes: bool = True
    engine: bool = True
    apart: frozenset[str] = frozenset()
    truth: Truth = field(init=False)
    desk: Desk = field(init=False)
    staff: Staff = field(init=False)
    places: Places = field(init=False)
    clockwork: Clockwork | None = None

    def __post_init__(self) -> None:
        about = {
            "park": self.park.park_id,
            "seed": self.seed,
            "begin": self.begin.isoformat(),
            "end": self.end.isoformat(),
        }
        self.truth = Truth(about=about)
        self.desk = Desk(self.conn, self.truth, self.park.park_id, self.begin, seed=self.seed)
        asked = {"park": self.park.park_id}
        companies = [c.company_id for c in self.park.companies]
        people = [row for row in self.conn.execute(QUERIES["people"], asked) if row[1] not in self.apart]
        self.staff = staff(people, companies=companies, seed=self.seed)
        devices: dict[str, list[tuple[int, str, str | None]]] = {}
        for number, device_id, type_, space in self.conn.execute(QUERIES["devices"], asked):
            devices.setdefault(type_, []).append((number, device_id, space))
        services = {row[0]: Service(*row[1:]) for row in self.conn.execute(QUERIES["services"], asked)}
        if not devices or not services:
            raise NotFound(
                f"the database knows no park {self.park.park_id} with a desk: `park apply` and `park desk apply`"
            )
        rooms = [Room(*row) for row in self.conn.execute(QUERIES["rooms"], asked)]
        self.places = Places(devices, self.conn.execute(QUERIES["floors"], asked).fetchall(), services, rooms)
        # Without a rota nobody is on duty whom it could ask.
        if self.engine and self.conn.execute(QUERIES["rotas"], asked).fetchone():
            self.clockwork = Clockwork(Settings.from_env({}))

    def play(self, progress: Progress | None = None, *, after: timedelta = AFTER) -> None:
        """Everything that comes up in the span, until all of it has ended or `after` is over."""
        play = Play(self.desk)
        if self.clockwork:
            play.begin(self.begin, self.clockwork.life(self.desk))
        for arrival in arrivals(self.begin, self.end, seed=self.seed, scale=self.scale):
            play.begin(arrival.at, self.life(arrival))
        day = self.begin
        while day < self.end + after:
            day = min(day + timedelta(days=1), self.end + after)
            play.until(day)
            self.conn.commit()
            if progress:
                progress(day)
        self.truth.about["until"] = self.desk.now.isoformat()

    def life(self, arrival: Arrival) -> Life:
        """What comes up, opened when its time has come, and what becomes of it."""
        rng = Random(f"{self.seed}/life/{arrival.at.isoformat()}/{arrival.what.name}/{arrival.number}")
        if arrival.what.name == ROOM:
            yield from self._booking(rng)
        elif isinstance(arrival.what, Matter):
            yield from self._matter(arrival.what, rng)
        elif arrival.what.origin == "request":
            yield from self._request(arrival.what, rng)
        else:
            cause = f"{arrival.what.origin}:sim-{arrival.what.name}-{arrival.at:%Y%m%dT%H%M%S}-{arrival.number}"
            yield from self._order(arrival.what, cause, rng)

    def _order(self, habit: Habit, cause: str, rng: Random) -> Life:
        """What an alarm, a calendar or the law opens."""
        known = [d for type_ in habit.device_types for d in self.places.devices.get(type_, ())]
        device, device_id, space = rng.choice(known)
        title = habit.title or habits.Title(habit.name, habit.name)
        new = NewOrder(
            park_id=self.park.park_id, origin=habit.origin, cause=cause, service=habit.service or habit.name,
            skill=habit.skill, priority=habit.priority, title_zh=f"{title.zh} {device_id}",
            title_en=f"{title.en} {device_id}", space_id=space, device=device, verify_s=habit.verify_s,
            contractor_id=self.staff.contractor(habit.skill),
        )  # fmt: skip
        row = self.desk.opens(new, habit.category, SYSTEM)
        yield from lives.life(
            Case(self.desk, self.staff, habit, row, rng, clockwork=self.clockwork), closes=self.closes
        )

    def _request(self, habit: Habit, rng: Random) -> Life:
        """What a tenant asks for and a technician does."""
        service = self.places.services[habit.name]
        habit = msgspec.structs.replace(
            habit, category=service.category, skill=service.skill or "", priority=service.priority
        )
        asking, order, by = self._ask(habit.name, rng)
        operator = rng.choice(self.staff.operators)
        if service.paid:
            if not (yield from matters.quoted(asking, rng, operator)):
                return
            order, by = self._order_of(asking), (asking.tenant.login, asking.tenant.person)
        if order is None:
            raise NotFound(f"request {asking.row.request} of {habit.name} opened no work order")
        row = asking.ordered(habit, order, actor=by, contractor=service.contractor)
        yield from lives.life(
            Case(self.desk, self.staff, habit, row, rng, asking=asking, clockwork=self.clockwork), closes=self.closes
        )

    def _matter(self, matter: Matter, rng: Random) -> Life:
        """What a department answers."""
        asking, _, _ = self._ask(matter.name, rng)
        department = self.places.services[matter.name].department
        affair = Affair(asking, matter, rng, rng.choice(self.staff.operators), department, self.places.departments)
        yield from matters.answered(affair, closes=self.closes)

    def _booking(self, rng: Random) -> Life:
        """A room that a tenant books."""
        _, company = rng.choice(self.places.floors)
        if self.places.rooms:
            yield from booking(self.desk, self.places.rooms, self.staff.of(company, rng), rng)

    def _ask(self, service: str, rng: Random) -> tuple[Asking, int | None, Who]:
        space, company = rng.choice(self.places.floors)
        tenant: Tenant = self.staff.of(company, rng)
        channel = rng.choices(list(habits.CHANNELS), list(habits.CHANNELS.values()))[0]
        by = (tenant.login, tenant.person) if channel == "online" else rng.choice(self.staff.operators)
        asking, order = ask(self.desk, service, self.places.services[service].category, tenant, channel=channel, by=by,
                            space=space, words=rng.choice(habits.WORDS))  # fmt: skip
        return asking, order, by

    def _order_of(self, asking: Asking) -> int | None:
        found = self.conn.execute(QUERIES["order_of"], {"request": asking.row.request}).fetchone()
        return int(found[0]) if found and found[0] else None
