"""`park bench outage`: the database goes away under load and comes back; what is lost, doubled, and how fast the
collector's spool drains while live messages pass it by."""

import argparse
import json
import time
import urllib.request
from pathlib import Path
from typing import Any

from rich.console import Console

from pipeline.domain.errors import ConfigurationError
from pipeline.settings import Settings
from pipeline.store.database import connect
from simulators.bench import scenario
from simulators.bench.ledger import Ledger
from simulators.bench.stage import Stage, stage
from simulators.bench.trial import loaded
from simulators.bench.usage import Memory
from simulators.servers.process import ServerError, free_port
from simulators.servers.proxy import Proxy
from simulators.stack import wait_ready

COLLECTOR = "collector-1"
BEFORE_S = 5.0  # of ordinary traffic
AFTER_S = 20.0  # of live traffic beside the drain
DRAINED_WITHIN_S = 1800.0
LOOK_S = 0.5


def play(stage: Stage, console: Console, *, outage_s: float, rate: float, devices: int) -> dict[str, Any]:
    """Runs it; the figures."""
    plan = scenario.messages(devices)
    stage.register(plan)
    wire = Proxy(int(stage.database.url.rsplit(":", 1)[1].split("/")[0]))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    through = stage.database.url.replace(f":{wire.target}/", f":{wire.port}/")
    stage.stack.start(COLLECTOR, "collect", env={"PARK_METRICS_PORT": str(port), "PARK_DATABASE_URL": through})
    wait_ready(f"{url}/readyz", within_s=60, what="the collector is not ready")
    memory = Memory({"collector": stage.stack.members[COLLECTOR].child.pid})
    with connect(stage.database.url, application="park bench") as conn:
        ledger = Ledger(conn, plan)
        with loaded(stage, ledger) as load:
            mark = Marks(url)
            for report in load.publish(rate=rate, seconds=BEFORE_S + outage_s + AFTER_S):
                memory.sample()
                stage.check()
                at_s = report["at_s"]
                if at_s >= BEFORE_S and not mark.away:
                    wire.cut()
                    mark.away, mark.calm_mb = time.monotonic(), memory.total_mb
                    console.print("the database is away")
                elif at_s >= BEFORE_S + outage_s and not mark.back:
                    mark.spooled = mark.read("park_spool_kept_total")
                    mark.size = mark.read("park_spool_bytes")
                    mark.peak_mb = memory.total_mb
                    wire.heal()
                    mark.back = time.monotonic()
                    console.print(f"the database is back: {mark.spooled} messages in {mark.size >> 20} MB")
                mark.look()
            while not mark.drained and time.monotonic() - mark.back < DRAINED_WITHIN_S:
                time.sleep(LOOK_S)
                memory.sample()
                mark.look()
            account = ledger.account(load.said())
        dead = conn.execute("select count(*) from smartpark.dead_letter").fetchone()
    memory.sample()
    stage.stack.stop(COLLECTOR)
    wire.close()
    drain_s = (mark.drained or time.monotonic()) - mark.back
    return {
        "outage_s": outage_s, "rate": rate, "sent": account.sent, "stored": account.sent - account.lost,
        "lost": account.lost, "duplicates": account.duplicates, "wrong": account.wrong + account.unexpected,
        "unacked": report["sent"] - report["acked"], "dead_letters": dead[0] if dead else 0,
        "spooled": mark.spooled, "spool_mb": round(mark.size / 2**20, 1),
        "drain_s": round(drain_s, 1), "drain_messages_per_s": round(mark.read_total / drain_s) if drain_s else None,
        "rss_mb": {"before": round(mark.calm_mb), "outage": round(mark.peak_mb), "drained": round(memory.total_mb)},
        "peak_rss_mb": round(memory.total_mb),
    }  # fmt: skip


class Marks:
    """What is noted on the way."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.away = self.back = self.drained = self.calm_mb = self.peak_mb = 0.0
        self.spooled = self.size = self.read_total = 0

    def read(self, metric: str) -> int:
        """The sum of a metric over all lanes."""
        with urllib.request.urlopen(f"{self._url}/metrics", timeout=30) as answer:  # noqa: S310 - our own loopback
            lines = answer.read().decode().splitlines()
        return round(sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{metric}{{")))

    def look(self) -> None:
        """Notes when the spool is empty."""
        if self.back and not self.drained and not self.read("park_spool_messages"):
            self.read_total = self.read("park_spool_drained_total")
            self.drained = time.monotonic() if self.read_total >= self.spooled else 0.0


def main(argv: list[str]) -> int:
    """`park bench outage`; exit code 1 where a message was lost or stored twice, or the spool did not drain."""
    parser = argparse.ArgumentParser(prog="park bench outage", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long the database is away (default 60)")
    parser.add_argument("--rate", type=float, default=2000.0, help="messages a second (default 2000)")
    parser.add_argument("--devices", type=int, default=5000, help="devices with three points each (default 5000)")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object, as the last line")
    args = parser.parse_args(argv)
    console = Console(stderr=args.json, highlight=False)
    settings = Settings.from_env()
    for left in Path(settings.home, "bench/spool").glob("*/*.spool"):
        left.unlink()  # of a bench that was stopped half-way
    try:
        with stage(settings) as made:
            found = play(made, console, outage_s=args.minutes * 60, rate=args.rate, devices=args.devices)
    except ServerError as error:
        raise ConfigurationError(str(error)) from error
    clean = not (found["lost"] or found["duplicates"] or found["wrong"] or found["dead_letters"])
    console.print(found)
    if args.json:
        print(json.dumps(found))
    return 0 if clean and found["drain_messages_per_s"] else 1
