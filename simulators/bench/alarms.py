"""`park bench alarms`: what rules cost the intake, and how long an alarm takes from a device's publish to a screen."""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
from rich.console import Console

from pipeline.domain.errors import ConfigurationError
from pipeline.domain.park import Name
from pipeline.domain.rule import Limits, Priority, Rule, Selector
from pipeline.settings import Settings
from pipeline.store import rules, watches
from pipeline.store.database import connect
from pipeline.store.queries import load as load_queries
from simulators.bench import report, scenario, trial
from simulators.bench.ledger import Ledger
from simulators.bench.scenario import VERSIONS, Block, Scenario
from simulators.bench.stage import Load, Stage, stage
from simulators.bench.stream import Screen
from simulators.bench.trial import Trial
from simulators.happenings import EPOCH
from simulators.servers.process import ServerError, free_port
from simulators.stack import wait_ready

QUERIES = load_queries(Path(__file__).parent / "alarms_sql")
RATE = 5000.0  # messages a second of the latency's part
CYCLING, STANDING = 1, 5  # points of each connection that rise and fall, or stand in breach all the time: 1 % of all
SECONDS = 60.0
FULL_RATE = 32_000.0  # more than two processors can take: what is committed is what they can do
FULL_S = 15.0
ROUNDS = 2  # with and without rules, in turn
PROMISED_S = 1.0
PROMISED_RATIO = 0.8
NEVER = 1e6  # above every value: such a rule is judged and never true


@dataclass(frozen=True, slots=True)
class Cycle:
    """A device whose values cross its rule's limit once in VERSIONS messages, up and down; or, not `shown`, stand above
    it: a screen has twelve rows, which are for those that change."""

    device_id: str
    connection: int
    slot: int
    high: float
    deadband: float
    values: tuple[float, ...]
    shown: bool = True


def cycles(plan: Scenario) -> list[Cycle]:
    """The devices that rise and fall, and those that stand in breach, spread over all connections."""
    found = []
    for connection, block in enumerate(plan.blocks):
        size = len(block.senders)
        for slot in range(0, CYCLING * (size // CYCLING), size // CYCLING):
            values = tuple(next(scenario.values(slot + size * v, 1)) for v in range(VERSIONS))
            low, *_, below, top = sorted(values)
            high = (below + top) / 2
            found.append(Cycle(block.senders[slot], connection, slot, high, high - low - 0.005, values))
        for slot in range(1, STANDING * (size // STANDING), size // STANDING):
            values = tuple(next(scenario.values(slot + size * v, 1)) for v in range(VERSIONS))
            found.append(Cycle(block.senders[slot], connection, slot, min(values) - 1, 0.0, values, shown=False))
    return found


def made(plan: Scenario, cycling: list[Cycle]) -> Iterator[Rule]:
    """A rule for each device's first point."""
    limits = {c.device_id: Limits(high=c.high, deadband=c.deadband) for c in cycling}
    high = {c.device_id for c in cycling if c.shown}
    text = Name("压测", "Bench")
    for block in plan.blocks:
        for sender in block.senders:
            yield Rule(
                rule_id=sender, name=text, applies=Selector(devices=(sender,)), point=block.names[0],
                condition=limits.get(sender, Limits(high=NEVER)), cause=text,
                priority=Priority.HIGH if sender in high else Priority.LOW,
                consequence=text, response=(text,), respond_s=3600.0,
            )  # fmt: skip


def rises(cycle: Cycle, block: Block, said: npt.NDArray[np.int64]) -> list[int]:
    """When a device's alarm must have been raised: ms since 1970, from what its connection sent when."""
    size, active, found = len(block.senders), False, []
    for at_ms, connection, first, count in said.tolist():
        if connection != cycle.connection:
            continue
        n = first + (cycle.slot - first) % size
        while n < first + count:
            value = cycle.values[n // size % VERSIONS]
            if not active and value > cycle.high:
                active = True
                found.append(at_ms)
            elif active and value <= cycle.high - cycle.deadband:
                active = False
            n += size
    return found


@dataclass(frozen=True, slots=True)
class Raised:
    """What the latency's part found. Each raise counts, re-openings too."""

    expected: int
    raised: int
    missed: int
    false: int
    twice: int
    unseen: int
    delays_s: tuple[float, ...]

    def latency_ms(self) -> dict[str, float] | None:
        """From the device's publish to the event on an open stream."""
        if not self.delays_s:
            return None
        p50, p99 = np.percentile(np.array(self.delays_s) * 1000, [50, 99]).tolist()
        return {"p50": round(p50, 1), "p99": round(p99, 1), "max": round(max(self.delays_s) * 1000, 1)}


def compare(
    conn: psycopg.Connection, plan: Scenario, cycling: list[Cycle], said: npt.NDArray[np.int64], screen: Screen
) -> Raised:
    """The journal and the screen against what was sent."""
    said = said[np.argsort(said[:, 0], kind="stable")]
    wanted = {(c.device_id, at) for c in cycling for at in rises(c, plan.blocks[c.connection], said)}
    found: dict[tuple[str, int], tuple[int, datetime]] = {}
    entries = 0
    for alarm, device, at, _ in conn.execute(QUERIES["turns"]):
        found[device, _ms(at)] = (alarm, at)
        entries += 1
    shown = {c.device_id for c in cycling if c.shown}
    seen = {(alarm, _ms(datetime.fromisoformat(raised))): when for (alarm, raised), when in screen.seen.items()}
    rows = {(alarm, at) for (device, at), (alarm, _) in found.items() if device in shown}
    delays = [seen[one] - one[1] / 1000 for one in rows if one in seen]
    row = conn.execute(QUERIES["twice"]).fetchone()
    return Raised(
        expected=len(wanted),
        raised=entries,
        missed=len(wanted - found.keys()),
        false=len(found.keys() - wanted) + entries - len(found),
        twice=row[0] if row else 0,
        unseen=len(rows) - len(delays),
        delays_s=tuple(delays),
    )


class AlarmBench:
    """One run: the latency first, on an empty table, then the price of rules at full load."""

    def __init__(self, stage: Stage, plan: Scenario, console: Console, *, seconds: float) -> None:
        self.stage, self.plan, self.console, self.seconds = stage, plan, console, seconds
        self.cycling = cycles(plan)
        self.trials: list[Trial] = []

    def run(self) -> dict[str, Any]:
        """The figures of both parts."""
        self.prepare()
        with self._connected() as (conn, ledger, load):
            paced, found, trouble = self.latency(conn, ledger, load)
            self.console.print(found.latency_ms(), f"{found.expected} expected, {found.raised} raised")
            with_rules, without = self.price(conn, ledger, load)
        return {
            "rules": len(list(made(self.plan, self.cycling))), "messages_per_s": round(paced.messages_per_s),
            "rules_per_s": round(median(with_rules)), "expected": found.expected, "raised": found.raised,
            "missed": found.missed, "false": found.false, "duplicates": found.twice, "unseen": found.unseen,
            "alarm_latency_ms": found.latency_ms(), "commit_latency_ms": paced.latency_ms,
            "ratio_with_rules": round(median(with_rules) / median(without), 3),
            "messages_per_s_with_rules": [round(r) for r in with_rules],
            "messages_per_s_without": [round(r) for r in without],
            "lost": sum(t.account.lost for t in self.trials),
            "readings_twice": sum(t.account.duplicates for t in self.trials),
            "trouble": trouble,
            "trials": [t.as_dict() for t in self.trials],
        }  # fmt: skip

    def prepare(self, *, collectors: int = 2) -> None:
        """Devices, a rule for each, and the processes."""
        self.stage.register(self.plan)
        with connect(self.stage.database.url, application="park bench") as conn:
            written, now = list(made(self.plan, self.cycling)), self.stage.settings.clock.now()
            rules.put(conn, self.plan.park_id, written, origin=rules.Origin.API, actor="bench", now=now)
            watches.expand(conn, self.plan.park_id)
            conn.commit()
        self.stage.start_collectors(collectors)

    def latency(
        self, conn: psycopg.Connection, ledger: Ledger, load: Load, *, rate: float = RATE
    ) -> tuple[Trial, Raised, str]:
        """At a moderate rate: how long from a device's publish until an open stream has the alarm."""
        with self._screen() as screen:
            paced = self._trial(load, ledger, rate=rate, seconds=self.seconds)
            time.sleep(2 * PROMISED_S)  # what is late may still be seen
            return paced, compare(conn, self.plan, self.cycling, load.said(), screen), screen.trouble

    def price(self, conn: psycopg.Connection, ledger: Ledger, load: Load) -> tuple[list[float], list[float]]:
        """Messages a second committed under more load than can be borne, with rules and without, in turn."""
        with_rules: list[float] = []
        without: list[float] = []
        for _ in range(ROUNDS):
            for on, found in ((False, without), (True, with_rules)):
                conn.execute(QUERIES["retire_rules"], {"retired": not on})
                conn.execute(QUERIES["announce"], {"payload": f"registry:{self.plan.park_id}"})
                found.append(self._trial(load, ledger, rate=FULL_RATE, seconds=FULL_S).committed_per_s)
        return with_rules, without

    @contextmanager
    def _connected(self) -> Iterator[tuple[psycopg.Connection, Ledger, Load]]:
        with connect(self.stage.database.url, application="park bench") as conn:
            ledger = Ledger(conn, self.plan)
            with trial.loaded(self.stage, ledger) as load:
                yield conn, ledger, load

    def _trial(self, load: Load, ledger: Ledger, *, rate: float, seconds: float) -> Trial:
        found = trial.run(self.stage, load, ledger, rate=rate, seconds=seconds)
        self.trials.append(found)
        self.console.print(report.line(found))
        return found

    @contextmanager
    def _screen(self) -> Iterator[Screen]:
        """The API as a process of its own, and one open stream."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        self.stage.stack.start("api", "api", env={"PARK_API_PORT": str(port), "PARK_API_SIGN_IN": "local"})
        self.stage.pids["api"] = self.stage.stack.members["api"].child.pid
        wait_ready(f"{url}/healthz", within_s=60, what="the API did not answer; see api.log")
        screen = Screen(url, park_id=self.plan.park_id)
        screen.start()
        screen.open.wait(60)
        try:
            yield screen
        finally:
            screen.close()


def main(argv: list[str]) -> int:
    """`park bench alarms`; exit code 1 where an alarm was missed, false or doubled, or a promise is not kept."""
    parser = argparse.ArgumentParser(prog="park bench alarms", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of the latency's part (default 60)")
    parser.add_argument("--devices", type=int, default=5000, help="devices, with a rule each (default 5000)")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object, as the last line")
    args = parser.parse_args(argv)
    if args.devices < 500 or args.seconds < 2 * VERSIONS:
        raise ConfigurationError(f"write at least 500 devices and {2 * VERSIONS} seconds")
    console = Console(stderr=args.json, highlight=False, soft_wrap=True)
    try:
        with stage(Settings.from_env()) as made_ready:
            console.print(f"{made_ready.database.name}; {made_ready.broker.name}; 2 collectors, {args.devices} rules")
            bench = AlarmBench(made_ready, scenario.messages(args.devices), console, seconds=args.seconds)
            found = bench.run()
    except ServerError as error:
        raise ConfigurationError(str(error)) from error
    console.print({k: v for k, v in found.items() if k != "trials"})
    if args.json:
        print(json.dumps(found))
    return 1 if broken(found) else 0


def broken(found: dict[str, Any]) -> list[str]:
    """Which promises were not kept, by name."""
    never = ("missed", "false", "duplicates", "unseen", "lost", "readings_twice", "trouble")
    wrong = [name for name in never if found[name]]
    latency = found["alarm_latency_ms"]
    if not found["raised"] or latency is None or latency["p99"] > PROMISED_S * 1000:
        wrong.append("alarm_latency_ms")
    if found["ratio_with_rules"] < PROMISED_RATIO:
        wrong.append("ratio_with_rules")
    return wrong


def _ms(instant: datetime) -> int:
    return round((instant - EPOCH).total_seconds() * 1000)
