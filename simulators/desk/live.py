"""The desk's people at the clock's own pace: they ask, and they see to whatever is open, whoever opened it."""

import threading
from datetime import datetime, timedelta
from random import Random

import psycopg

from pipeline.domain.clock import Clock
from pipeline.domain.park import Park
from simulators.desk import lives
from simulators.desk.arrivals import arrivals
from simulators.desk.habits import HABITS, Habit, Matter, Rhythm
from simulators.desk.lives import Case
from simulators.desk.play import Play
from simulators.desk.stage import QUERIES, Stage
from simulators.desk.truth import Told, TrueOrder

AHEAD = timedelta(hours=1)
POLL_S = 1.0  # real time
NOTHING = timedelta(0)  # what the past leaves open is taken up live


class Live:
    """Simulated people beside real ones. apart: logins that somebody real uses, and nobody plays."""

    def __init__(self, conn: psycopg.Connection, park: Park, *, seed: int, now: datetime, scale: float,
                 apart: frozenset[str] = frozenset()) -> None:  # fmt: skip
        self.stage = Stage(conn, park, seed, now, now, scale=scale, closes=False, engine=False, apart=apart)
        self.stage.desk.commit_every = 1
        self.play = Play(self.stage.desk)
        self._drawn = now

    def step(self, now: datetime) -> int:
        """Everything that is due by now; how many steps that was."""
        while self._drawn <= now:
            for arrival in arrivals(self._drawn, self._drawn + AHEAD, seed=self.stage.seed, scale=self.stage.scale):
                if isinstance(arrival.what, Matter) or arrival.what.origin == "request":
                    self.play.begin(arrival.at, self.stage.life(arrival))
            self._drawn += AHEAD
        for row in self.stage.conn.execute(QUERIES["open_orders"], {"park": self.stage.park.park_id}).fetchall():
            if row[0] not in self.stage.desk.busy:
                self._takes_up(*row)
        self.stage.conn.commit()
        steps = self.play.until(now)
        self.stage.conn.commit()
        return steps

    def _takes_up(self, order: int, service: str, skill: str, priority: str, origin: str, state: str,
                  created: datetime, company: str | None, assignee: str | None) -> None:  # fmt: skip
        """Begins a life for an order that nobody sees to."""
        stage = self.stage
        by = next((t for t in stage.staff.technicians if t.login == assignee), None)
        if assignee is not None and by is None:
            return  # somebody real has it
        row = stage.truth.orders.setdefault(order, TrueOrder(
            order=order, origin=origin, service=service, category="", skill=skill, priority=priority, created=created,
            company=company, told=[Told("open", created, created, "?")],
        ))  # fmt: skip
        rng = Random(f"{stage.seed}/live/{order}/{stage.desk.now.isoformat()}")
        case = Case(stage.desk, stage.staff, _habit(service, skill, priority, origin), row, rng, by=by)
        self.play.begin(stage.desk.now, lives.taken_up(case, state))


def _habit(service: str, skill: str, priority: str, origin: str) -> Habit:
    """How long such work takes; never called off: it is not this simulator's to say so."""
    like = next(
        (h for h in HABITS if service in (h.name, h.service)), next((h for h in HABITS if skill == h.skill), HABITS[0])
    )
    return Habit(name=service, origin=origin, skill=skill, priority=priority, working=0, free=0, rhythm=Rhythm.ROUND,
                 fix_min=like.fix_min, spread=like.spread, parts=like.parts, called_off=0)  # fmt: skip


def backfill(conn: psycopg.Connection, park: Park, *, until: datetime, days: float, seed: int, scale: float,
             apart: frozenset[str] = frozenset()) -> int:  # fmt: skip
    """Gives a desk without a past some days of it; what is open then stays so. Returns how many orders."""
    if conn.execute(QUERIES["any_order"], {"park": park.park_id}).fetchone():
        return 0
    stage = Stage(conn, park, seed, until - timedelta(days=days), until, scale=scale, engine=False, apart=apart)
    stage.play(after=NOTHING)
    return len(stage.truth.orders)


def run(live: Live, clock: Clock, stop: threading.Event) -> None:
    """Lives until it is told to stop."""
    while not stop.is_set():
        live.step(clock.now())
        stop.wait(POLL_S)
