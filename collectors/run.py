"""`park collect`: one collector process. Any number may run; they share the lanes, and take over a dead one's."""

import argparse
import gc
import logging
import threading
import time

from collectors import foreign, lanes, secrets, sources_file
from collectors.routes import SourceTable
from collectors.session import Session
from collectors.spool_leftovers import Leftovers
from collectors.worker import HANGS_S, Worker
from pipeline import metrics
from pipeline.address import BrokerAddress
from pipeline.domain.errors import Unavailable
from pipeline.process import running
from pipeline.settings import Settings
from pipeline.store import schema
from pipeline.store.database import connect

log = logging.getLogger(__name__)
STEP_S = 0.5  # how often claims are looked at: a dead process's lanes move within about this time
DRAIN_S = 20.0
# Messages are many short-lived objects without cycles: with Python's own thresholds a quarter of all time went into
# looking for cycles among them.
GC_THRESHOLDS = (200_000, 20, 50)


class Collector:
    """The lanes that this process holds, each with its session and its worker."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.keys = secrets.read(settings.secrets)
        self.address = BrokerAddress.parse(settings.require("mqtt_url"))
        self.sources = SourceTable(sources_file.read(settings.sources))
        foreign.check(
            self.sources
        )  # what a source names and cannot be had is told now, not by a lane that cannot start
        lanes_ = lanes.with_sources(lanes.read(settings.lanes), self.sources.sources)
        self.claims = lanes.Claims(lanes_, settings.require("database_url"))
        self.workers: dict[str, Worker] = {}
        self.leftovers = Leftovers(settings, self.keys, self.sources)

    def step(self) -> None:
        """Claims, starts what was claimed, stops what is no longer ours."""
        wanted = self.claims.step()
        leaving = [name for name, worker in self.workers.items() if name not in wanted or not worker.alive]
        self._stop(leaving)
        for name in leaving:
            if name not in wanted and name in self.claims.held:
                self.claims.release(name)
        for lane in self.claims.lanes:
            if lane.name in wanted and lane.name not in self.workers:
                self._start(lane)
        self.leftovers.step(self.workers, database_there=self.claims.sure)
        metrics.COLLECTOR_LANES.set(len(self.workers))

    def look(self) -> None:
        """Now and then, from a thread of its own: what hangs may be `step` itself."""
        self.claims.interrupt(after_s=HANGS_S)
        self.leftovers.look()
        for worker in list(self.workers.values()):
            worker.look()

    def close(self) -> None:
        """Empties every inbox, disconnects, and lets another process have the lanes."""
        self._stop(list(self.workers))
        self.leftovers.close()
        self.claims.close()

    def missing(self) -> list[str]:
        """What keeps this process from collecting, in words."""
        found = [] if self.claims.sure else ["the database is away"]
        found += [f"lane {name} is not taken yet" for name in sorted(self.claims.held) if name not in self.workers]
        for name, worker in list(self.workers.items()):
            if not worker.alive:
                found.append(f"lane {name}: {worker.trouble}")
            elif not worker.session.connected:
                found.append(f"lane {name} is not connected to the broker")
            elif not worker.session.subscribed:
                found.append(f"lane {name} is not subscribed yet")
            elif worker.session.refused:
                found.append(f"lane {name}: the broker refuses {worker.session.refused}")
            elif worker.trouble:
                found.append(f"lane {name}: {worker.trouble}")
        return found + self.leftovers.trouble

    def _start(self, lane: lanes.Lane) -> None:
        self.leftovers.leave(lane.name)
        session = Session(
            lane,
            self.address,
            clock=self.settings.clock,
            inbox=self.settings.inbox,
            may_connect=lambda: self.claims.sure and lane.name in self.claims.held,
        )
        self.workers[lane.name] = Worker(session, self.settings, self.keys, self.sources.of(lane.name))
        self.workers[lane.name].start()
        session.start()
        log.info("lane %s: taken", lane.name)

    def _stop(self, names: list[str]) -> None:
        """Side by side: first all take nothing new, then each drains, then all disconnect."""
        workers = {name: self.workers.pop(name) for name in names}
        for worker in workers.values():
            worker.leave()
        deadline = time.monotonic() + DRAIN_S
        for name, worker in workers.items():
            drained = worker.stop(within_s=max(0.0, deadline - time.monotonic()))
            log.info("lane %s: left, %s", name, "drained" if drained else "not drained; the broker keeps the rest")
            worker.session.leave()
        for worker in workers.values():
            worker.session.stop()


def wait_for_schema(settings: Settings, stop: threading.Event) -> None:
    """SchemaOutdated on another schema than ours; a database that is away is waited for."""
    while not stop.is_set():
        try:
            with connect(settings.require("database_url"), role="park_writer", application="park collect") as conn:
                schema.check(conn)
        except Unavailable as error:
            log.warning("waiting for the database: %s", error)
            stop.wait(STEP_S)
        else:
            return


def _watch(collector: Collector) -> None:
    """Until the process ends: closing may hang as well."""
    while True:
        try:
            collector.look()
        except Exception:
            log.exception("looking at the lanes failed")
        time.sleep(STEP_S)


def main(argv: list[str]) -> int:
    """`park collect`."""
    parser = argparse.ArgumentParser(prog="park collect", description="Collect from MQTT into the database.")
    parser.parse_args(argv)
    settings = Settings.from_env()
    collector = Collector(settings)
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    with running(settings, ready=collector.missing) as stop:
        wait_for_schema(settings, stop)
        watch = threading.Thread(target=_watch, args=(collector,), name="watch", daemon=True)
        watch.start()
        while not stop.is_set():
            collector.step()
            stop.wait(STEP_S)
        collector.close()
    return 0
