"""What an evaluation plays on: fresh servers of its own, a collector and an engine, all on one fast clock."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.domain.clock import Clock
from pipeline.domain.park import Park
from pipeline.settings import Settings
from pipeline.store import parks, schema
from pipeline.store.database import connect
from simulators.desk import crew
from simulators.evaluate import history
from simulators.servers import broker as brokers
from simulators.servers import database as databases
from simulators.servers.process import ServerError, free_port
from simulators.stack import Stack, wait_ready

REPO = Path(__file__).parents[2]
READY_WITHIN_S = 60.0
WARM_UP_S = 8.0  # real time for collector, engine and simulator to find each other before the scenario begins

# The messages' way through broker and collector takes the same real time at any speed, and so more park time the
# faster the clock; a machine that does something else for a moment must not look like a silent park.
SILENT_S = 4.0


@dataclass
class Stage:
    """Running servers and processes; the clock reaches `begin` soon after."""

    database_url: str
    mqtt_url: str
    clock: Clock
    stack: Stack
    folder: Path


@contextmanager
def stage(
    settings: Settings,
    park: Park,
    *,
    begin: datetime,
    speed: float,
    keep: bool,
    seed: int,
    history_days: int = 0,
    desk: bool = False,
) -> Iterator[Stage]:
    """Servers with nothing but the park in them, whatever PARK_DATABASE_URL and PARK_MQTT_URL say; all of it is
    stopped and wiped at the end (`keep`: data and logs stay). history_days: so many days before are in them as well;
    desk: people and promises, too."""
    home = settings.home.absolute()
    folder = home / "evaluate"
    folder.mkdir(parents=True, exist_ok=True)
    database = databases.choose_database(home, name="evaluate-database", environ={})
    broker = brokers.choose_broker(home, name="evaluate-broker", inbox=settings.inbox, environ={})
    database.wipe()
    broker.wipe()
    try:
        db, mq = database.start(), broker.start()
        migrated = schema.migrate(db.url, now=begin, settings=settings)
        with connect(db.url, application="park evaluate") as conn:
            parks.apply(conn, park, now=begin)
            if desk:
                crew.apply_desk(conn, park, now=begin)
        if history_days:
            history.tell(
                db.url, park, days=history_days, begin=begin, seed=seed, edition=migrated.edition, settings=settings
            )
        clock = Clock(begin, speed, datetime.now(UTC) + timedelta(seconds=WARM_UP_S))
        stack = Stack(folder, _env(settings, db.url, mq.urls["collector"], folder, clock))
        subprocess.run(
            [sys.executable, "-m", "park", "secrets"], env={**os.environ, **stack.env}, check=True, capture_output=True
        )
        made = Stage(db.url, mq.urls["simulator"], clock, stack, folder)
        try:
            _start(stack)
            yield made
        finally:
            stack.close()
    finally:
        for server in (broker, database):
            with suppress(ServerError):
                server.stop()
            if not keep:
                with suppress(ServerError):
                    server.wipe()


def _start(stack: Stack) -> None:
    """The engine last: a collector must be there to be heard before anybody judges silence."""
    for name, verb in (("collector", "collect"), ("engine", "engine")):
        port = free_port()
        stack.start(name, verb, env={"PARK_METRICS_PORT": str(port)})
        url = f"http://127.0.0.1:{port}/readyz"
        wait_ready(url, within_s=READY_WITHIN_S, what=f"{name} to be ready; see {stack.folder}/{name}.log")


def _env(settings: Settings, database_url: str, mqtt_url: str, folder: Path, clock: Clock) -> dict[str, str]:
    return {
        "PARK_DATABASE_URL": database_url,
        "PARK_MQTT_URL": mqtt_url,
        "PARK_CLOCK": str(clock),
        "PARK_HOME": str(settings.home.absolute()),
        "PARK_SECRETS": str(folder / "secrets"),
        "PARK_SPOOL": str(folder / "spool"),
        "PARK_INBOX": str(settings.inbox),
        "PARK_SILENCE_FLOOR": f"{SILENT_S * clock.speed:.0f}",
        "PYTHONPATH": str(REPO),
    }
