"""Sets the desk up and plays it: from a park in a database and a seed to a span of orders, requests and their truth."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import psycopg

from pipeline.domain.errors import NotFound
from pipeline.domain.park import Park
from pipeline.store.queries import load
from pipeline.store.work_orders import NewOrder
from simulators.desk import habits
from simulators.desk.acts import SYSTEM, Desk, Who
from simulators.desk.arrivals import Arrival, arrivals
from simulators.desk.lives import Case, life
from simulators.desk.people import Staff, Tenant, staff
from simulators.desk.play import Life, Play
from simulators.desk.truth import Truth

QUERIES = load(Path(__file__).parent / "sql")
AFTER = timedelta(days=14)  # so long what has begun is played on after the span, until it is over
Progress = Callable[[datetime], None]


@dataclass(frozen=True)
class Places:
    """Where work can be: devices by type, floors by company; numbers as the database has them."""

    devices: Mapping[str, list[tuple[int, str, str | None]]]
    floors: list[tuple[str, str]]


@dataclass
class Stage:
    """One simulated desk. closes: no engine closes orders here, so that the simulator plays that step."""

    conn: psycopg.Connection
    park: Park
    seed: int
    begin: datetime
    end: datetime
    scale: float = 1.0
    closes: bool = True
    truth: Truth = field(init=False)
    desk: Desk = field(init=False)
    staff: Staff = field(init=False)
    places: Places = field(init=False)

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
        self.staff = staff(self.conn.execute(QUERIES["people"], asked).fetchall(), companies=companies, seed=self.seed)
        devices: dict[str, list[tuple[int, str, str | None]]] = {}
        for number, device_id, type_, space in self.conn.execute(QUERIES["devices"], asked):
            devices.setdefault(type_, []).append((number, device_id, space))
        if not devices:
            raise NotFound(f"the database knows no park {self.park.park_id}; `park apply` makes it known")
        self.places = Places(devices, self.conn.execute(QUERIES["floors"], asked).fetchall())

    def play(self, progress: Progress | None = None) -> None:
        """Everything that comes up in the span, until all of it has ended or two weeks are over."""
        play = Play(self.desk)
        for arrival in arrivals(self.begin, self.end, seed=self.seed, scale=self.scale):
            play.begin(arrival.at, self._arrives(arrival))
        day = self.begin
        while day < self.end + AFTER:
            day = min(day + timedelta(days=1), self.end + AFTER)
            play.until(day)
            self.conn.commit()
            if progress:
                progress(day)
        self.truth.about["until"] = self.desk.now.isoformat()

    def _arrives(self, arrival: Arrival) -> Life:
        """Opens the order when its time has come, and lives its life."""
        rng = Random(f"{self.seed}/order/{arrival.at.isoformat()}/{arrival.habit.name}/{arrival.number}")
        habit = arrival.habit
        new, tenant, who = self._new(habit, arrival, rng)
        row = self.desk.opens(new, habit.category, who)
        yield from life(Case(self.desk, self.staff, habit, row, rng, tenant=tenant), closes=self.closes)

    def _new(self, habit: habits.Habit, arrival: Arrival, rng: Random) -> tuple[NewOrder, Tenant | None, Who]:
        device, device_id, space = None, None, None
        company, tenant, words = None, None, None
        who: Who = SYSTEM
        known = [d for type_ in habit.device_types for d in self.places.devices.get(type_, ())]
        if habit.origin == "request" and self.places.floors:
            space, company = rng.choice(self.places.floors)
            tenant, words = self.staff.of(company, rng), rng.choice(habits.WORDS)
            who = (tenant.login, tenant.person) if tenant else who
        elif known:
            device, device_id, space = rng.choice(known)
        about = "" if device_id is None else device_id
        contractors = {t.contractor for t in self.staff.able(habit.skill)}
        cause = f"{habit.origin}:sim-{habit.name}-{arrival.at:%Y%m%dT%H%M%S}-{arrival.number}"
        return NewOrder(
            park_id=self.park.park_id, origin=habit.origin, cause=cause, service=habit.name, skill=habit.skill,
            priority=habit.priority, title_zh=f"{habit.title.zh} {about}".strip(),
            title_en=f"{habit.title.en} {about}".strip(), words=words, space_id=space,
            device=device, company_id=company, verify_s=habit.verify_s,
            contractor_id=contractors.pop() if len(contractors) == 1 else None,
        ), tenant, who  # fmt: skip
