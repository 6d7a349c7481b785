"""`park demo`: the whole park on this machine, from simulated devices to the command centre, in one command."""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import FrameType
from zoneinfo import ZoneInfo

import psycopg
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.domain.clock import local_day_start
from pipeline.domain.errors import ConfigurationError
from pipeline.domain.park import Park
from pipeline.engine.run import steps
from pipeline.engine.steps import Engine
from pipeline.ingest import Writer
from pipeline.parkfile import read
from pipeline.settings import Settings
from pipeline.store import parks, schema
from pipeline.store.database import connect
from simulators import logins, phones
from simulators.audit import Audit, audit
from simulators.backfill import backfill
from simulators.desk import demo as desk
from simulators.people import credentials
from simulators.servers import broker as brokers
from simulators.servers import database as databases
from simulators.servers.process import ServerError, free_port, port_is_free
from simulators.stack import Stack, wait_ready

DEMO_PARK = Path(__file__).parent / "parks" / "qinghe.toml"
SETTLE_S = 60.0  # how long what was published may take to be stored, after the simulator stopped
ROLL_UP_EVERY_S = 4.0  # history rolls up in large bites: each one recomputes the days that it touches
PLAIN = "PostgreSQL without TimescaleDB: for demonstration only"


@dataclass(frozen=True)
class Plan:
    """What was asked for on the command line."""

    park: Path
    seconds: float | None
    fresh: bool
    days: int
    seed: int
    collectors: int
    kill_collector: bool
    database: databases.Kind | None
    broker: brokers.Kind | None
    scenario: str | None = None


class Demo:
    """One run: servers, data, processes, and the account of what was published and stored."""

    def __init__(self, plan: Plan, settings: Settings, console: Console) -> None:
        self.plan, self.settings, self.console = plan, settings, console
        self.home = settings.home.absolute() / "demo"
        self.home.mkdir(parents=True, exist_ok=True)
        self.journal = self.home / "journal.sqlite"
        self.history_until = settings.clock.now()
        self.stop = threading.Event()

    def run(self) -> Audit | None:
        """Runs until told to stop or the time is over; the audit where the simulator's journal could be compared."""
        park_home = self.settings.home.absolute()
        database = databases.choose_database(park_home, name="demo-database", want=self.plan.database)
        broker = brokers.choose_broker(park_home, name="demo-broker", want=self.plan.broker, inbox=self.settings.inbox)
        if self.plan.fresh:
            database.wipe()
            broker.wipe()
        with ExitStack() as servers:
            self.database = db = database.start()
            servers.callback(database.stop)
            self.broker = mq = broker.start()
            servers.callback(broker.stop)
            self.phones = servers.enter_context(phones.served(self.home / "phones.jsonl"))
            self.console.print(f"Database  [bold]{db.name}[/bold]. {db.why}")
            if db.kind == "embedded":
                self.console.print(f"[yellow]{PLAIN}.[/yellow]")
            self.console.print(f"Broker    [bold]{mq.name}[/bold]. {mq.why}")
            park = read(self.plan.park)
            self._prepare(park)
            stack = Stack(self.home, self._env())
            self._secrets(stack, park)
            try:
                return self._serve(stack)
            finally:
                for trouble in stack.close():
                    self.console.print(f"[red]{trouble}[/red]")

    def _prepare(self, park: Park) -> None:
        """Schema, park, history and its roll-ups."""
        clock = self.settings.clock
        migrated = schema.migrate(self.database.url, now=clock.now(), settings=self.settings)
        with connect(self.database.url, application="park demo") as conn:
            changed = parks.apply(conn, park, now=clock.now())
            conn.commit()
            done = "unchanged" if changed.empty else "applied"
            self.console.print(f"Park      {park.name.en} ({park.name.zh}), {len(park.devices)} devices, {done}.")
            self._history(conn, park, edition=migrated.edition)
            if line := desk.set_up(conn, park, now=clock.now(), days=self.plan.days, seed=self.plan.seed):
                self.console.print(line)
            self.logins = logins.make(conn, park.park_id, self.home, now=clock.now())
            phones.give(conn, park.park_id, self.phones, now=clock.now())

    def _history(self, conn: psycopg.Connection, park: Park, *, edition: str) -> None:
        """The days before, through the ordinary writer; the engine's own step rolls them up at the same time."""
        finished = threading.Event()
        today = self.settings.clock.now().astimezone(ZoneInfo(park.time_zone))
        first_day = local_day_start(today, -self.plan.days)  # a whole day: last week's can then be compared
        self.history_until = self.settings.clock.now()
        with (
            Progress(TextColumn("History  "), BarColumn(), TimeElapsedColumn(), console=self.console) as progress,
            ThreadPoolExecutor(1) as pool,
        ):
            task = progress.add_task("", total=None)
            rolled_up = pool.submit(self._roll_up, edition, finished)
            try:
                backfill(
                    Writer(conn, self.settings),
                    park,
                    until=self.history_until,
                    days=(self.history_until - first_day) / timedelta(days=1),
                    seed=self.plan.seed,
                    faulty=self.plan.scenario is None,
                    progress=lambda done, total: progress.update(task, completed=done, total=total),
                )
            finally:
                finished.set()
            rolled_up.result()

    def _roll_up(self, edition: str, finished: threading.Event) -> None:
        with connect(self.database.url, application="park demo roll-ups") as conn:
            conn.autocommit = True
            last = False
            while not last:
                last = finished.wait(ROLL_UP_EVERY_S)
                Engine([s for s in steps(edition, self.settings) if s.name == "roll-ups"]).tick(
                    conn, self.settings.clock.now()
                )

    def _secrets(self, stack: Stack, park: Park) -> None:
        """Key files, and which company the simulated badges belong to (by pipe: badges stay off the disk)."""
        badges = credentials(self.plan.seed, [c.company_id for c in park.companies])
        table = "credential,company_id\n" + "".join(f"{badge},{company}\n" for badge, company in badges.items())
        for words, given in (["secrets"], None), (["credentials", park.park_id, "-"], table):
            done = subprocess.run(
                [sys.executable, "-m", "park", *words],
                input=given,
                env={**os.environ, **stack.env},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise ConfigurationError(f"park {words[0]}: {done.stderr.strip()}")

    def _serve(self, stack: Stack) -> Audit | None:
        self._new_journal()
        port = self._port()
        for number in range(1, self.plan.collectors + 1):
            stack.start(f"collector-{number}", "collect", env=_metrics())
        stack.start("api", "api", env={"PARK_API_PORT": str(port), "PARK_API_SIGN_IN": self.settings.api_sign_in})
        url = f"http://127.0.0.1:{port}"
        wait_ready(f"{url}/healthz", within_s=60, what="the API did not answer; see api.log")
        words = ["--park", str(self.plan.park), "--seed", str(self.plan.seed), "--journal", str(self.journal)]
        words += ["--since", self.history_until.isoformat()]
        if self.plan.scenario:
            words += ["--scenario", self.plan.scenario, "--scenario-start", self.settings.clock.now().isoformat()]
            words += ["--truth", str(self.home / "truth.jsonl")]
        stack.start("simulator", "simulate", *words, env={"PARK_MQTT_URL": self.broker.urls["simulator"], **_metrics()})
        # Last, so that devices speak again before anyone asks how long they have been silent.
        stack.start("engine", "engine", env={"PARK_PUBLIC_URL": url, **_metrics()})
        stack.start("notifier", "notifier", env=_metrics())
        if self.plan.park == DEMO_PARK:
            stack.start("desk", *desk.words(str(self.plan.park), seed=self.plan.seed, apart=self.logins.real))
        self.console.print(f"\nCommand centre: [bold cyan]{url}/[/bold cyan]   API: {url}/api/v1/openapi.json")
        self.console.print(f"What people are told: {self.phones}/")
        self.console.print("\n".join(self.logins.lines(url, self.settings.api_sign_in)), soft_wrap=True)
        self.console.print("Ctrl-C stops everything; data are kept." if self.plan.seconds is None else "", end="\n")
        self._watch(stack)
        self.console.print("Stopping: the simulator first, then what it published is waited for.")
        stack.stop("engine")  # it would take the good-byes of gateways that are put away for losses, and alarm
        stack.stop("simulator")
        return self._account()

    def _watch(self, stack: Stack) -> None:
        ends = None if self.plan.seconds is None else time.monotonic() + self.plan.seconds
        kill_at = time.monotonic() + (self.plan.seconds or 60) / 2 if self.plan.kill_collector else None
        while not self.stop.is_set() and (ends is None or time.monotonic() < ends):
            if kill_at is not None and time.monotonic() >= kill_at:
                kill_at = None
                stack.kill("collector-1")
                self.console.print("collector-1 was killed (SIGKILL), as asked")
            for line in stack.watch():
                self.console.print(f"[yellow]{line}[/yellow]")
            self.stop.wait(0.5)

    def _account(self) -> Audit | None:
        """The simulator's own journal against the database, until nothing is missing or the time is over."""
        if not self.journal.exists():
            return None
        with connect(self.database.url, application="park audit") as conn:
            return audit(self.journal, conn, wait_s=SETTLE_S)

    def _new_journal(self) -> None:
        """One journal a run: what earlier runs published was accounted for when they ended."""
        for file in self.home.glob("journal.sqlite*"):
            file.unlink()

    def _port(self) -> int:
        port = self.settings.api_port
        if port_is_free(port):
            return port
        other = free_port()
        self.console.print(f"[yellow]Port {port} is taken (PARK_API_PORT names another): using {other}.[/yellow]")
        return other

    def _env(self) -> dict[str, str]:
        """The settings of every process."""
        notice = PLAIN if self.database.kind == "embedded" else ""
        return {
            "PARK_DATABASE_URL": self.database.url,
            "PARK_MQTT_URL": self.broker.urls["collector"],
            "PARK_HOME": str(self.settings.home.absolute()),
            "PARK_SECRETS": str(self.home / "secrets"),
            "PARK_SPOOL": str(self.home / "spool"),
            "PARK_CLOCK": str(self.settings.clock),
            "PARK_NOTICE": notice,
            "PARK_INBOX": str(self.settings.inbox),
            "PARK_LOG_LEVEL": self.settings.log_level,
        }


def _metrics() -> dict[str, str]:
    return {"PARK_METRICS_PORT": str(free_port())}


def summary(result: Audit | None, database: str, broker: str) -> dict[str, object]:
    """The one JSON object of `--json`; without an audit nothing was proven, and it says so."""
    figures = result.as_dict() if result else {"published": 0, "error": "the simulator kept no journal"}
    return {"database": database, "broker": broker, **figures}


def arguments(argv: list[str]) -> tuple[Plan, bool]:
    """The plan, and whether a JSON summary is wanted."""
    parser = argparse.ArgumentParser(prog="park demo", description=__doc__)
    parser.add_argument(
        "--for", dest="seconds", type=float, metavar="SECONDS", help="stop after so long; default: Ctrl-C"
    )
    parser.add_argument("--json", action="store_true", help="print a summary as one JSON object, as the last line")
    parser.add_argument("--fresh", action="store_true", help="throw the demo's data away and start over")
    parser.add_argument("--park", type=Path, default=DEMO_PARK, metavar="FILE", help="a park file of your own")
    parser.add_argument("--days", type=int, default=7, help="days of history (default 7)")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another week")
    parser.add_argument("--collectors", type=int, default=2, help="collector processes (default 2)")
    parser.add_argument("--kill-collector", action="store_true", help="kill -9 one collector half-way")
    parser.add_argument("--scenario", metavar="NAME", help="what goes wrong, on purpose (docs/scenarios.md)")
    parser.add_argument("--database", choices=databases.KINDS, help="insist on this kind of database")
    parser.add_argument("--broker", choices=brokers.KINDS, help="insist on this kind of broker")
    args = vars(parser.parse_args(argv))
    as_json = bool(args.pop("json"))
    return Plan(**args), as_json


def main(argv: list[str]) -> int:
    """`park demo`; exit code 1 where anything was lost or stored twice."""
    plan, as_json = arguments(argv)
    console = Console(stderr=as_json, highlight=False)
    demo = Demo(plan, Settings.from_env(), console)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        demo.stop.set()

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    try:
        result = demo.run()
    except ServerError as error:
        raise ConfigurationError(str(error)) from error
    if result is None and plan.seconds is None:
        return 0  # stopped by hand before the simulator began
    told = summary(result, demo.database.name, demo.broker.name)
    console.print(", ".join(f"{key} {value}" for key, value in told.items()))
    if as_json:
        print(json.dumps(told))
    return 0 if result and result.clean and result.published else 1
