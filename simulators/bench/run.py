"""`park bench ingest`: how many messages a second this machine stores for good, with everything on."""

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from pipeline.domain.errors import ConfigurationError
from pipeline.settings import Settings
from pipeline.store.database import connect
from simulators.bench import alarms, outage, report, scenario, sla, trial, yardsticks
from simulators.bench.ledger import QUERIES, Ledger
from simulators.bench.profile import Profile
from simulators.bench.report import Findings
from simulators.bench.scenario import Scenario
from simulators.bench.search import Search
from simulators.bench.stage import Load, Stage, stage
from simulators.bench.trial import Trial
from simulators.bench.usage import machine
from simulators.bench.yardsticks import Yardsticks
from simulators.servers.process import ServerError

PARTS = ("messages", "packs", "yardsticks")
MESSAGES_BY_S = 390.0  # the parts' deadlines: the whole is promised within twelve minutes
PACKS_BY_S = 660.0
MESSAGES_FROM = 12_000.0  # messages a second at which the search begins
PACKS_FROM = 1_000.0  # packs a second
YARDSTICK_S = 6.0
WARM_UP_S = 4.0
HALF_S = 15.0
LOOK_S = 1.0  # how long the machine is watched before anything starts


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for on the command line."""

    seconds: float
    devices: int
    gateways: int
    processes: int
    rate: float | None
    only: str | None
    profile: Path | None
    keep: bool

    def wants(self, part: str) -> bool:
        return self.only in (None, part)


class Bench:
    """One run over all parts, on one stage."""

    def __init__(self, plan: Plan, stage: Stage, findings: Findings, console: Console) -> None:
        self.plan, self.stage, self.findings, self.console = plan, stage, findings, console
        self.begun = time.monotonic()

    def run(self) -> None:
        """Yardsticks first: no lane has a session yet that would queue what is published for them."""
        messages, packs = scenario.messages(self.plan.devices), scenario.packs(self.plan.gateways)
        if self.plan.wants("yardsticks"):
            self.findings.yardsticks = self._yardsticks(messages)
        if self.plan.wants("messages"):
            self.stage.register(messages)
        if self.plan.wants("packs"):
            self.stage.register(packs)
        if self.plan.only == "yardsticks":
            return
        self.stage.start_collectors(self.plan.processes)
        if self.plan.wants("messages"):
            self.findings.messages = self._part(messages, start=MESSAGES_FROM, by_s=MESSAGES_BY_S, half=True)
            self._forget()
        if self.plan.wants("packs"):
            self.findings.packs = self._part(packs, start=PACKS_FROM, by_s=PACKS_BY_S, half=False)

    def _forget(self) -> None:
        """The next part begins with an empty table too, and does not pay for the roll-ups of this one."""
        with connect(self.stage.database.url, application="park bench") as conn:
            conn.autocommit = True  # one lock at a time: the engine may be at work on both
            conn.execute("truncate smartpark.reading")
            conn.execute("truncate smartpark.rollup_dirty")

    def _yardsticks(self, plan: Scenario) -> Yardsticks:
        url, settings, edition = self.stage.database.url, self.stage.settings, self.stage.edition
        now = settings.clock.now()
        with connect(url, application="park bench") as conn:
            copied = yardsticks.copy_rate(conn, seconds=YARDSTICK_S, edition=edition, now=now)
            inserted = yardsticks.row_rate(conn, plan, seconds=YARDSTICK_S, edition=edition, now=now)
        load = Load(self.stage.broker.urls["simulator"], plan, self.stage.stack.folder)
        try:
            received = yardsticks.receive_rate(self.stage.broker.urls["collector"], load, seconds=YARDSTICK_S)
        finally:
            load.close()
        found = Yardsticks(copied, received, inserted)
        self.console.print(", ".join(f"{name} {figure:,.0f}" for name, figure in asdict(found).items()))
        return found

    def _part(self, plan: Scenario, *, start: float, by_s: float, half: bool) -> Trial | None:
        self.console.print(f"\n{plan.park_id}: {plan.readings} readings a message, {len(plan.blocks)} connections")
        with connect(self.stage.database.url, application="park bench") as conn:
            ledger = Ledger(conn, plan)
            with trial.loaded(self.stage, ledger) as load:

                def attempt(rate: float, seconds: float) -> Trial:
                    profile = Profile(self.plan.profile if seconds == self.plan.seconds else None)
                    name, url = f"{plan.park_id}-{rate:.0f}", self.stage.database.url
                    with profile.proof(name, pids=self.stage.pids, seconds=seconds, database_url=url):
                        found = trial.run(self.stage, load, ledger, rate=rate, seconds=seconds)
                    self.findings.trials.append(found)
                    self.console.print(report.line(found))
                    return found

                attempt(start / 4, WARM_UP_S)
                if self.plan.rate:
                    found = attempt(self.plan.rate, self.plan.seconds)
                    return None if found.why else found
                best = Search(attempt, self.begun + by_s).highest(start=start, seconds=self.plan.seconds)
                if best and half:
                    self.findings.half_rate = attempt(best.rate / 2, HALF_S)
                return best


def look_around() -> dict[str, float]:
    """How busy the machine is with other things, before anything of ours runs: processors at work, and taken by the
    host."""
    before, begun = machine(), time.monotonic()
    time.sleep(LOOK_S)
    after, took = machine(), time.monotonic() - begun
    return {
        "busy_cpus": round((after.busy_s - before.busy_s) / took, 2),
        "steal_cpus": round((after.steal_s - before.steal_s) / took, 2),
    }


def server(stage: Stage) -> dict[str, Any]:
    """What was really in force, as the servers themselves say."""
    with connect(stage.database.url, role="park_writer", application="park bench") as conn:
        row = conn.execute(QUERIES["durability"]).fetchone()
    assert row is not None  # noqa: S101
    fsync, commit, pages, method, buffers = row
    return {
        "fsync": fsync == "on",
        "synchronous_commit": commit,
        "full_page_writes": pages == "on",
        "wal_sync_method": method,
        "shared_buffers": buffers,
        "broker_persistence": stage.broker.kind == "mosquitto",
        "database": stage.database.name,
        "broker": stage.broker.name,
    }


def arguments(argv: list[str]) -> tuple[Plan, bool]:
    """The plan, and whether JSON is wanted."""
    parser = argparse.ArgumentParser(prog="park bench", description=__doc__)
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    kinds.add_parser("outage", help="the database goes away under load and comes back", add_help=False)  # main's
    kinds.add_parser("alarms", help="what rules cost, and from publish to screen", add_help=False)  # likewise
    kinds.add_parser("sla", help="open clocks at rest, and due all at once", add_help=False)  # likewise
    bench = kinds.add_parser("ingest", help="from MQTT to committed, everything on", description=__doc__)
    bench.add_argument("--json", action="store_true", help="print the figures as one JSON object, as the last line")
    bench.add_argument("--seconds", type=float, default=60.0, help="a rate counts that is held so long (default 60)")
    bench.add_argument("--devices", type=int, default=5000, help="devices with three points each (default 5000)")
    bench.add_argument("--gateways", type=int, default=250, help="gateways with packs of 100 (default 250)")
    bench.add_argument("--processes", type=int, default=2, help="collector processes (default 2)")
    bench.add_argument("--rate", type=float, help="prove this rate only, messages (or packs) a second")
    bench.add_argument("--only", choices=PARTS, help="one part only")
    bench.add_argument("--profile", type=Path, metavar="FOLDER", help="py-spy, perf and statements of each proof")
    bench.add_argument("--keep", action="store_true", help="leave the servers' data (default: wiped)")
    args = vars(parser.parse_args(argv))
    as_json = bool(args.pop("json"))
    plan = Plan(**args)
    least = scenario.CONNECTIONS
    if plan.devices < least or plan.gateways < least or plan.processes < 1 or plan.seconds <= trial.WARM_S:
        raise ConfigurationError(
            f"write at least {least} devices and gateways, 1 process, and more than {trial.WARM_S:g} seconds"
        )
    if plan.rate is not None and plan.only not in ("messages", "packs"):
        raise ConfigurationError("--rate is one of messages or of packs: add --only messages or --only packs")
    return plan, as_json


def main(argv: list[str]) -> int:
    """`park bench`; exit code 1 where a message was lost or stored twice, or no rate was sustained."""
    if argv[:1] == ["outage"]:
        return outage.main(argv[1:])
    if argv[:1] == ["alarms"]:
        return alarms.main(argv[1:])
    if argv[:1] == ["sla"]:
        return sla.main(argv[1:])
    plan, as_json = arguments(argv)
    console = Console(stderr=as_json, highlight=False, soft_wrap=True)
    begun = time.monotonic()
    before = look_around()
    if before["busy_cpus"] + before["steal_cpus"] > report.BUSY_BEFORE:
        console.print(f"[yellow]This machine is at work on other things ({before}): expect lower figures.[/yellow]")
    try:
        with stage(Settings.from_env(), keep=plan.keep, profile=plan.profile is not None) as made:
            findings = Findings(server(made), before)
            console.print(f"{made.database.name}; {made.broker.name}; {plan.processes} collectors")
            Bench(plan, made, findings, console).run()
    except ServerError as error:
        raise ConfigurationError(str(error)) from error
    findings.seconds = time.monotonic() - begun
    console.print(findings.table())
    if as_json:
        print(json.dumps(findings.as_json()))
    proven = (findings.messages or not plan.wants("messages")) and (findings.packs or not plan.wants("packs"))
    return 0 if findings.clean and proven else 1
