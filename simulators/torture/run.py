"""`park torture`: strikes by plan while devices talk, heals everything, waits for the rest, and gives the account."""

import argparse
import json
import random
import shutil
import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.domain.errors import ConfigurationError
from pipeline.settings import Settings
from simulators.servers.process import ServerError, until
from simulators.torture import plan as plans
from simulators.torture.account import Account, account
from simulators.torture.crowd import Crowd
from simulators.torture.ledger import Ledger
from simulators.torture.plan import Fault
from simulators.torture.rig import Rig

RATE = 300.0  # messages/s
PUBACK_S = 120.0  # after the last fault: until the broker has taken everything
SETTLE_S = 240.0  # and until it is all stored
TELL_EVERY_S = 10.0


@dataclass
class Struck:
    """What was done, when: Unix seconds of begin and end of each fault, how often each kind struck, what went wrong."""

    spans: list[tuple[float, float, Fault]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)


class Torture:
    """One run."""

    def __init__(self, settings: Settings, console: Console, *, seed: int, seconds: float, rate: float) -> None:
        self.seed, self.seconds, self.console = seed, seconds, console
        self.plan = plans.make(seed, seconds=seconds)
        self.folder = settings.home.absolute() / "torture"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.ledger, self.struck, self.stop = Ledger(), Struck(), threading.Event()
        self.rig = Rig(self.folder, settings)
        self._rate = rate
        self._one_at_a_time = {fault.target: threading.Lock() for fault in self.plan}  # healing takes what it takes

    def run(self) -> Account:
        """The account, after everything of ours has ended."""
        self._tell(f"[bold]seed {self.seed}[/bold]: {len(self.plan)} faults, {len(plans.KINDS)} kinds")
        try:
            self.rig.start()
            self._tell(f"{self.rig.database.name}, {self.rig.broker.name}, {', '.join(plans.COLLECTORS)}, engine")
            crowd = Crowd(self.seed, self.ledger, urls=self.rig.device_urls(), rate=self._rate)
            crowd.start()
            self._strike(crowd)
            self.struck.trouble += self.rig.fallen()
            left = crowd.finish(within_s=PUBACK_S)
            self._tell(
                f"all healed; {self.ledger.next_number} messages said, {left} without PUBACK; waiting for the rest"
            )
            account(self.ledger, self.rig.database.url, wait_s=SETTLE_S)
            until(lambda: self.rig.spooled() == 0, within_s=SETTLE_S, what="what the collectors have on disk")
            self.struck.trouble += self.rig.stop_processes()
            found = account(self.ledger, self.rig.database.url)  # nobody can store anything more
        finally:
            self.stop.set()
            self.rig.close()
        if found.clean and not self.struck.trouble:
            self.rig.wipe()
        else:
            self._keep(found)
        return found

    def summary(self, found: Account) -> dict[str, Any]:
        """The one JSON object of `--json`."""
        faults = {**self.struck.counts, **self.ledger.counts}
        return {"seed": self.seed, **found.as_dict(), "faults": faults, "trouble": self.struck.trouble}

    def _strike(self, crowd: Crowd) -> None:
        """Until the plan is over, everything has healed and the calm after it is over; sooner when told to stop."""
        begin = time.monotonic()
        tell_at = begin + TELL_EVERY_S
        waiting = list(self.plan)
        ends = begin + self.seconds
        with ThreadPoolExecutor(max_workers=32, thread_name_prefix="fault") as pool:
            under_way: list[Future[None]] = []
            while not self.stop.is_set() and (waiting or under_way or time.monotonic() < ends):
                now = time.monotonic()
                while waiting and begin + waiting[0].at_s <= now:
                    under_way.append(pool.submit(self._suffer, waiting.pop(0)))
                under_way = [f for f in under_way if not f.done()]
                if waiting or under_way:
                    ends = max(ends, now + plans.CALM_S)
                if now >= tell_at:
                    tell_at = now + TELL_EVERY_S
                    said, out = self.ledger.next_number, crowd.outstanding
                    self._tell(
                        f"{now - begin:6.0f} s: {said} messages said, {out} without PUBACK, {len(under_way)} faults"
                    )
                self.stop.wait(0.02)

    def _suffer(self, fault: Fault) -> None:
        with self._one_at_a_time[fault.target]:
            self._suffer_alone(fault)

    def _suffer_alone(self, fault: Fault) -> None:
        how = f" ({fault.way})" if fault.way else ""
        began = time.time()
        try:
            self._tell(f"  {fault.kind} {fault.target}{how} for {fault.seconds:.1f} s")
            self.rig.begin(fault)
            self.stop.wait(fault.seconds)
            self.rig.end(fault)
            self.struck.counts[fault.kind] = self.struck.counts.get(fault.kind, 0) + 1
            self._tell(f"  {fault.kind} {fault.target} healed")
        except Exception as error:
            self.struck.trouble.append(f"{fault.kind} {fault.target}: {type(error).__name__}: {error}")
            self._tell(f"[red]{self.struck.trouble[-1]}[/red]")
        finally:
            self.struck.spans.append((began, time.time(), fault))

    def _keep(self, found: Account) -> None:
        """What is missing, doubled or wrong, with the faults of that time; logs and data stay beside it."""
        file = self.folder / "findings.json"
        rows = [{**e, "faults": self._around(e.get("sent_at"))} for e in found.examples]
        told = {**self.summary(found), "examples": rows, "plan": [f._asdict() for f in self.plan]}
        file.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
        self._tell(
            f"[red]what was found is in {file}, logs beside it; the servers' data are kept until the next run[/red]"
        )

    def _around(self, at: float | None) -> list[str]:
        if at is None:
            return []
        return [f"{f.kind} {f.target}" for began, ended, f in self.struck.spans if began - 5 <= at <= ended + 5]

    def _tell(self, line: str) -> None:
        self.console.print(f"{datetime.now(UTC):%H:%M:%S} {line}")


def table(told: dict[str, Any]) -> Table:
    """The account for people."""
    made = Table("", "")
    for name, value in told.items():
        if name == "faults":
            value = ", ".join(f"{kind} {count}" for kind, count in sorted(value.items()))
        made.add_row(name, str(value))
    return made


def main(argv: list[str]) -> int:
    """`park torture`; exit code 1 where anything was lost or doubled, or nothing was proven."""
    parser = argparse.ArgumentParser(prog="park torture", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0, help="how long faults strike (default %(default)s)")
    parser.add_argument("--seed", type=int, help="the same seed plans the same faults and the same messages")
    parser.add_argument("--rate", type=float, default=RATE, help="messages/s of all devices (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    args = parser.parse_args(argv)
    if args.minutes <= 0 or args.rate <= 0:
        raise ConfigurationError("--minutes and --rate: write numbers above 0")
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(2**31)
    console = Console(stderr=args.json, highlight=False, width=None if Console().is_terminal else 160)
    try:
        torture = Torture(Settings.from_env(), console, seed=seed, seconds=args.minutes * 60, rate=args.rate)

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            if torture.stop.is_set():
                raise KeyboardInterrupt  # the second time: no account, but everything of ours still ends
            torture.stop.set()

        signal.signal(signal.SIGINT, on_signal)
        signal.signal(signal.SIGTERM, on_signal)
        found = torture.run()
    except ServerError as error:
        raise ConfigurationError(str(error)) from error
    told = torture.summary(found)
    console.print(table(told))
    if args.json:
        print(json.dumps(told))
    return 0 if found.clean and torture.struck.counts and not torture.struck.trouble else 1
