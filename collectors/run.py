"""`park collect`: one collector process. Any number may run; they share the lanes, and take over a dead one's."""

import argparse
import logging
import signal
import threading
from types import FrameType

from collectors import lanes, secrets
from collectors.session import BrokerAddress, Session
from collectors.worker import Worker
from pipeline import health, metrics
from pipeline.log import configure
from pipeline.settings import Settings

log = logging.getLogger(__name__)
STEP_S = 0.5  # how often claims are looked at: a dead process's lanes move within about this time
DRAIN_S = 20.0


class Collector:
    """The lanes that this process holds, each with its session and its worker."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.keys = secrets.read(settings.secrets)
        self.address = BrokerAddress.parse(settings.require("mqtt_url"))
        self.claims = lanes.Claims(lanes.read(settings.lanes), settings.require("database_url"))
        self.workers: dict[str, Worker] = {}

    def step(self) -> None:
        """Claims, starts what was claimed, stops what is no longer ours."""
        wanted = self.claims.step()
        leaving = [name for name in self.workers if name not in wanted]
        for name in leaving:
            self._stop(name)
            if name in self.claims.held:
                self.claims.release(name)
        for lane in self.claims.lanes:
            if lane.name in wanted and lane.name not in self.workers:
                self._start(lane)
        metrics.COLLECTOR_LANES.set(len(self.workers))

    def close(self) -> None:
        """Drains every lane, disconnects, and lets another process have them."""
        for worker in self.workers.values():
            worker.leave()  # all at once, so that they drain side by side
        for name in list(self.workers):
            self._stop(name)
        self.claims.close()

    def missing(self) -> list[str]:
        """What keeps this process from collecting, in words."""
        found = [] if self.claims.sure else ["the database is away"]
        for name, worker in self.workers.items():
            if not worker.session.connected:
                found.append(f"lane {name} is not connected to the broker")
            elif worker.trouble and worker.trouble != "no batch yet":
                found.append(f"lane {name}: {worker.trouble}")
        return found

    def _start(self, lane: lanes.Lane) -> None:
        session = Session(
            lane,
            self.address,
            clock=self.settings.clock,
            inbox=self.settings.inbox,
            may_connect=lambda: self.claims.sure and lane.name in self.claims.held,
        )
        self.workers[lane.name] = Worker(session, self.settings, self.keys)
        self.workers[lane.name].start()
        session.start()
        log.info("lane %s: taken", lane.name)

    def _stop(self, name: str) -> None:
        worker = self.workers.pop(name)
        drained = worker.stop(within_s=DRAIN_S)
        worker.session.stop()
        log.info("lane %s: left, %s", name, "drained" if drained else "not drained; the broker keeps the rest")


def main(argv: list[str]) -> int:
    """`park collect`."""
    parser = argparse.ArgumentParser(prog="park collect", description="Collect from MQTT into the database.")
    parser.parse_args(argv)
    settings = Settings.from_env()
    configure(settings)
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    collector = Collector(settings)
    server = (
        health.serve(settings.metrics_port, ready=collector.missing, host=settings.metrics_host)
        if settings.metrics_port
        else None
    )
    while not stop.is_set():
        collector.step()
        stop.wait(STEP_S)
    collector.close()
    if server is not None:
        server.shutdown()
        server.server_close()
    return 0
