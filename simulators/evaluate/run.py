"""`park evaluate`: plays a scenario, holds what the rules made of it against the truth, and says how good they are."""

import argparse
import json
import signal
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import class_row
from rich.console import Console
from rich.table import Table

from pipeline import parkfile
from pipeline.domain.errors import ConfigurationError
from pipeline.domain.park import Park
from pipeline.settings import Settings
from pipeline.store.database import connect
from pipeline.store.queries import load
from simulators.desk.crew import Crew
from simulators.evaluate import forecast, operator
from simulators.evaluate.compare import FIGURES, Seen, Verdict, compare
from simulators.evaluate.stage import Stage, stage
from simulators.journal import Journal
from simulators.publisher import Publisher, micros, real_us
from simulators.run import PARK_FILE
from simulators.scenarios import draw, script, truth
from simulators.scenarios.fault import Fault
from simulators.scenarios.script import Script
from simulators.scenarios.trouble import Trouble
from simulators.schedule import Cast
from simulators.servers.process import ServerError

SPEED = 90.0
LOOK_S, TELL_S = 1.0, 10.0  # real time between two looks at the alarms, and between two lines
SETTLE_S = 3.0  # real time for the last messages to be stored and judged
BEHIND_S = 120.0  # park time by which nothing may fall behind: alarms would be late for no fault of theirs
QUERIES = load(Path(__file__).parent / "sql")


@dataclass
class Evaluation:
    """One run of a scenario under one seed."""

    script: Script
    park: Park
    settings: Settings
    console: Console
    seed: int
    hours: float
    speed: float
    keep: bool = False
    behind_s: float = 0.0  # park seconds: how late the simulator was with a message, at most
    batch_s: float = 0.0  # park seconds from a message's arrival to its commit, at most
    trouble: list[str] = field(default_factory=list)  # what makes the run worthless
    late: list[str] = field(default_factory=list)  # what may explain a bad verdict, and takes nothing from a good one
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> Verdict:
        """The verdict, after everything of ours has ended."""
        begin = self.script.starts(self.seed, self.park.time_zone)
        end = begin + timedelta(hours=self.hours)
        rules = {rule.rule_id: rule for rule in self.park.rules or ()}
        faults = draw.draw(self.script, self.park, rules=rules, seed=self.seed, start=begin)
        causes = draw.truth(faults, self.park, rules=rules, seed=self.seed)
        if late := [c.cause for c in causes if c.end > end]:
            raise ConfigurationError(f"{', '.join(late)}: not over within {self.hours:g} h; give more --hours")
        with stage(
            self.settings, self.park, begin=begin, speed=self.speed, keep=self.keep, seed=self.seed,
            history_days=self.script.history_days, desk=self.script.desk is not None,
        ) as made:  # fmt: skip
            truth.write(made.folder / "truth.jsonl", causes)
            self._say(f"{len(self.park.devices)} devices, {len(rules)} rules, {len(causes)} causes; {begin:%a %F}, "
                      f"{self.hours:g} h at {self.speed:g} times real time")  # fmt: skip
            with connect(made.database_url, application="park evaluate") as conn:
                conn.autocommit = True
                self._play(made, faults, end, conn)
                alarms = self._look(conn, begin)
        return compare(causes, [a for a in alarms if a.told <= end + timedelta(seconds=SETTLE_S * self.speed)])

    def _play(self, made: Stage, faults: list[Fault], end: datetime, conn: psycopg.Connection) -> None:
        """Publishes until the end; leaves everything running, because silence afterwards would be news."""
        now = made.clock.now()
        troubles = Trouble(self.park, faults)
        cast = Cast(self.park, self.seed, boot=f"{real_us() // 1000:x}", troubles=troubles)
        path = made.folder / "journal.sqlite"
        path.unlink(missing_ok=True)
        journal = Journal(path, park_id=self.park.park_id, real_us=real_us(), park_us=micros(now))
        publisher = Publisher(cast, mqtt_url=made.mqtt_url, journal=journal, clock=made.clock)
        publisher.begin(now)
        plan = self.script.desk
        crew = Crew(conn, self.park, plan, faults, seed=self.seed, now=now) if plan else None
        tell_at = look_at = time.monotonic()
        over = end + timedelta(seconds=SETTLE_S * self.speed)
        while not self.stop.is_set() and (now := made.clock.now()) < over:
            publisher.step(micros(now))
            if now > end - timedelta(hours=self.hours):
                took_s = (made.clock.now() - now).total_seconds()
                self.behind_s = max(self.behind_s, took_s, publisher.behind_s)
            self.trouble += made.stack.watch()
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + LOOK_S
                operator.look(conn, now)
                if crew:
                    crew.look(now)
            if time.monotonic() >= tell_at:
                tell_at += TELL_S
                self._say(f"{now.astimezone(ZoneInfo(self.park.time_zone)):%H:%M}, {publisher.messages} messages")
            self.stop.wait(0.02)
        made.stack.stop("engine")
        made.stack.stop("collector")
        publisher.finish(within_s=5)
        journal.close()
        if self.behind_s > BEHIND_S:
            self.late.append(f"the simulator fell {self.behind_s:.0f} park seconds behind: take a lower --speed")

    def _look(self, conn: psycopg.Connection, begin: datetime) -> list[Seen]:
        self.batch_s = float((conn.execute(QUERIES["slowest_batch"], {"since": begin}).fetchone() or (0,))[0])
        if self.batch_s > BEHIND_S:
            self.late.append(f"a batch took {self.batch_s:.0f} park seconds: take a lower --speed")
        self.trouble += [f"step {step}: {error}" for step, error in conn.execute(QUERIES["failing_steps"])]
        with conn.cursor(row_factory=class_row(Seen)) as cursor:
            return cursor.execute(QUERIES["alarms"]).fetchall()

    def summary(self, found: Verdict) -> dict[str, Any]:
        """The one JSON object of `--json`."""
        return {
            "scenario": self.script.name,
            "seed": self.seed,
            **found.totals(),
            "kinds": {rule: kind.as_dict() for rule, kind in found.kinds.items()},
            "incidents": found.incidents,
            "hours": self.hours,
            "speed": self.speed,
            "behind_s": round(self.behind_s, 1),
            "batch_s": round(self.batch_s, 1),
            "wrong": found.lines,
            "trouble": [*self.trouble, *self.late],
        }

    def table(self, found: Verdict) -> Table:
        """The same for people."""
        table = Table(title=f"{self.script.name}, seed {self.seed}")
        for column in ("rule", *FIGURES, "extra", "delay p50 (s)", "p99 (s)"):
            table.add_column(column, justify="left" if column == "rule" else "right")
        for rule, kind in found.kinds.items():
            told = kind.as_dict()
            delay = told["delay_s"] or {"p50": "", "p99": ""}
            figures = [str(told[name]) for name in (*FIGURES, "extra")]
            table.add_row(rule, *figures, str(delay["p50"]), str(delay["p99"]))
        return table

    def _say(self, line: str) -> None:
        self.console.print(line)


def main(argv: list[str]) -> int:
    """`park evaluate`; exit code 1 where anything was missed, false or said twice, or the run itself was in trouble."""
    if argv[:1] == ["forecast"]:
        return forecast.main(argv[1:])
    args = _arguments(argv)
    settings = Settings.from_env()
    console = Console(stderr=args.json, highlight=False)
    plan = script.read(args.scenario)
    park = parkfile.read(args.park)
    evaluation = Evaluation(
        plan,
        park if args.whole else draw.part_of(park, plan.gateways),
        settings,
        console,
        seed=args.seed,
        hours=args.hours or plan.hours,
        speed=args.speed,
        keep=args.keep,
    )

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        evaluation.stop.set()
        evaluation.trouble.append("stopped by hand")

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    try:
        found = evaluation.run()
    except ServerError as error:
        raise ConfigurationError(str(error)) from error
    console.print(evaluation.table(found))
    for line in (*found.lines, *evaluation.trouble, *evaluation.late):
        console.print(f"[red]{line}[/red]")
    if args.json:
        print(json.dumps(evaluation.summary(found)))
    return 0 if found.clean and not evaluation.trouble else 1


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="park evaluate", description=__doc__)
    parser.add_argument("scenario", help=f"{', '.join(script.names())}, a scenario file, or forecast")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another day (default %(default)s)")
    parser.add_argument("--hours", type=float, help="park hours; default: as the scenario says")
    parser.add_argument("--speed", type=float, default=SPEED, help="times real time (default %(default)g)")
    parser.add_argument("--park", type=Path, default=PARK_FILE, metavar="FILE", help="a park file of your own")
    parser.add_argument("--whole", action="store_true", help="the whole park, not the scenario's part of it")
    parser.add_argument("--keep", action="store_true", help="keep database, truth and logs in PARK_HOME/evaluate")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    args = parser.parse_args(argv)
    if args.speed <= 0 or (args.hours is not None and args.hours <= 0):
        raise ConfigurationError("--speed and --hours: write a number above 0")
    return args
