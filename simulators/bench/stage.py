"""What the bench plays on: a private database and broker as the demo's, collectors and engine as in production."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from pipeline.address import BrokerAddress
from pipeline.settings import Settings
from pipeline.store import parks, schema
from pipeline.store.database import connect
from simulators.bench.scenario import Scenario
from simulators.servers import broker as brokers
from simulators.servers import database as databases
from simulators.servers.process import ServerError, free_port
from simulators.stack import Stack, wait_ready

REPO = Path(__file__).parents[2]
READY_WITHIN_S = 60.0

# As docs/operations.md advises for a busy park: fewer checkpoints, and less of whole pages in the log after each.
SETTINGS = {"max_wal_size": "8GB", "checkpoint_timeout": "15min", "wal_compression": "lz4"}


@dataclass
class Stage:
    """Running servers, and the processes on them; `pids` names all that cost something."""

    database: databases.Database
    broker: brokers.Broker
    settings: Settings
    stack: Stack
    edition: str
    pids: dict[str, int] = field(default_factory=dict)

    def register(self, plan: Scenario) -> None:
        """Makes the database know the scenario's devices, as `park apply` does."""
        with connect(self.database.url, application="park bench") as conn:
            parks.apply(conn, plan.park(), now=self.settings.clock.now())

    def start_collectors(self, count: int) -> None:
        """`park collect` so many times, and `park engine`; returns when all lanes are connected."""
        ready = [self._start(f"collector-{number}", "collect") for number in range(1, count + 1)]
        ready.append(self._start("engine", "engine"))
        for url in ready:
            wait_ready(url, within_s=READY_WITHIN_S, what=f"{url} to be ready; see the logs in {self.stack.folder}")

    def check(self) -> None:
        """ServerError where a process has died: a bench that goes on without it would lie."""
        for member in self.stack.members.values():
            member.child.check()

    def _start(self, name: str, verb: str) -> str:
        port = free_port()
        self.stack.start(name, verb, env={"PARK_METRICS_PORT": str(port)})
        self.pids[name] = self.stack.members[name].child.pid
        return f"http://127.0.0.1:{port}/readyz"


@contextmanager
def stage(settings: Settings, *, keep: bool = False, profile: bool = False) -> Iterator[Stage]:
    """Fresh servers, whatever PARK_DATABASE_URL and PARK_MQTT_URL say; wiped at the end unless `keep`. With `profile`
    the database counts what its statements cost, which costs something itself."""
    home = settings.home.absolute()
    folder = home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    database = databases.choose_database(home, name="bench-database", environ={})
    broker = brokers.choose_broker(home, name="bench-broker", inbox=settings.inbox, environ={})
    database.wipe()
    broker.wipe()
    if isinstance(database, databases.Private):
        database.cluster.settings.update(SETTINGS)
    if profile and isinstance(database, databases.Private):
        preloaded = database.cluster.settings.get("shared_preload_libraries")
        database.cluster.settings["shared_preload_libraries"] = f"{preloaded},pg_stat_statements".removeprefix("None,")
    try:
        db = database.start()
        mq = broker.start()
        edition = schema.migrate(db.url, now=settings.clock.now(), settings=settings).edition
        stack = Stack(folder, _env(settings, db.url, mq.urls["collector"], folder))
        subprocess.run(
            [sys.executable, "-m", "park", "secrets"], env={**os.environ, **stack.env}, check=True, capture_output=True
        )
        made = Stage(db, mq, settings, stack, edition)
        if isinstance(database, databases.Private):
            made.pids["database"] = database.cluster.child.pid
        if isinstance(broker, brokers.Private):
            made.pids["broker"] = broker.program.child.pid
        try:
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


def _env(settings: Settings, database_url: str, mqtt_url: str, folder: Path) -> dict[str, str]:
    """The settings of this process go on to the others, so that one can be tried at another value."""
    ours = {name: value for name, value in os.environ.items() if name.startswith("PARK_")}
    return {
        **ours,
        "PARK_DATABASE_URL": database_url,
        "PARK_MQTT_URL": mqtt_url,
        "PARK_HOME": str(settings.home.absolute()),
        "PARK_SECRETS": str(folder / "secrets"),
        "PARK_SPOOL": str(folder / "spool"),
        "PYTHONPATH": str(REPO),
    }


class Load:
    """The load generator as a child; `publish` runs it once and hands every report on."""

    def __init__(self, url: str, plan: Scenario, folder: Path) -> None:
        where = BrokerAddress.parse(url)
        self._ledger = folder / "sent.npy"
        self._log = (folder / "load.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "simulators.bench.load"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True, cwd=REPO,
        )  # fmt: skip
        self.pid = self._process.pid
        self._tell(
            {
                "kind": plan.park_id.removeprefix("bench-"),
                "senders": sum(len(block.senders) for block in plan.blocks),
                "connections": len(plan.blocks),
                "host": where.host, "port": where.port, "user": where.user or "", "password": where.password or "",
            }
        )  # fmt: skip
        self._hear()

    def publish(self, *, rate: float, seconds: float) -> Iterator[dict[str, Any]]:
        """Reports twice a second, the last one with `done`. Closing the iterator early is what `stop` is for."""
        self._tell({"rate": rate, "seconds": seconds, "ledger": str(self._ledger)})
        while not (report := self._hear()).get("done"):
            yield report
        yield report

    def stop(self) -> None:
        """Ends what is being published; its last report still comes."""
        self._write("stop\n")

    def said(self) -> npt.NDArray[np.int64]:
        """What the last `publish` sent, a row a tick."""
        return cast("npt.NDArray[np.int64]", np.load(self._ledger))

    def close(self) -> None:
        """Ends it."""
        if self._process.stdin:
            self._process.stdin.close()
        if self._process.stdout:
            self._process.stdout.close()
        self._process.wait(10)
        self._log.close()

    def _tell(self, words: dict[str, Any]) -> None:
        self._write(json.dumps(words) + "\n")

    def _write(self, line: str) -> None:
        assert self._process.stdin  # noqa: S101
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            raise ServerError(f"the load generator ended by itself: {Path(self._log.name).read_text()[-500:]}")
        return cast("dict[str, Any]", json.loads(line))
