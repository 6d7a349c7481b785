"""The engine's own steps, run at the simulated hour: what is due is told, escalated and supervised as it would be.

Closing by silence, the sensor's word and a room's no-show are played by the simulator itself, through the same store
functions: no engine sees readings here, and the truth has to know when they were.
"""

from datetime import timedelta

import psycopg

from pipeline.domain.errors import ConfigurationError
from pipeline.engine.run import desk_steps, request_steps
from pipeline.engine.steps import Engine
from pipeline.settings import Settings
from simulators import phones
from simulators.desk.acts import Desk
from simulators.desk.play import Life

PLAYED = ("rotas", "escalation", "sla clocks", "clocks told", "supervision")
EVERY = timedelta(hours=4)  # a breach is told with its own instant, however late an engine comes


class Clockwork:
    """One engine of the simulated desk."""

    def __init__(self, settings: Settings) -> None:
        steps = [step for step in (*desk_steps(settings), *request_steps(settings)) if step.name in PLAYED]
        self._all = Engine(steps)
        self._escalation = Engine([step for step in steps if step.name == "escalation"])

    def life(self, desk: Desk) -> Life:
        """Everything, from time to time."""
        while True:
            self._tick(self._all, desk)
            yield desk.now + EVERY

    def escalate(self, desk: Desk) -> None:
        """At an instant at which somebody is to be told of an order."""
        self._tick(self._escalation, desk)

    def _tick(self, engine: Engine, desk: Desk) -> None:
        conn: psycopg.Connection = desk.conn
        engine.tick(conn, desk.now)
        phones.arrive(conn, now=desk.now)
        if engine.failing:
            raise ConfigurationError(f"an engine step failed at {desk.now:%F %T}: {engine.failing}")
