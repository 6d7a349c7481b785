"""One rate, held for some seconds: what came of it, what it cost, and whether it can be held for ever."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from simulators.bench.ledger import Account, Committed, Ledger
from simulators.bench.stage import Load, Stage
from simulators.bench.usage import Memory, cpu_s, machine

WARM_S = 2.0  # a backlog may build up to its level for so long before it must be flat
GROWTH_S = 0.25  # of load: so much more may wait at the end than at the beginning
BACKLOG_S = 3.0  # of load: so much may wait at any time (a checkpoint, a roll-up); more ends the trial
BEHIND_S = 0.1  # of load: so much may the generator itself be late at the end
DRAINED_WITHIN_S = 1.5  # a load that was sustained leaves nothing behind
SETTLE_S = 60.0
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Sample:
    """A look at a running trial, messages."""

    at_s: float
    sent: int
    committed: int

    @property
    def backlog(self) -> int:
        """Published and not yet committed."""
        return self.sent - self.committed


@dataclass(frozen=True, slots=True)
class Trial:
    """A finished trial. Rates in messages a second; `why` names what was not sustained, and is empty where it was."""

    rate: float
    seconds: float
    behind: int
    unacked: int
    samples: tuple[Sample, ...]
    drained_s: float
    account: Account
    committed: Committed
    latency_ms: dict[str, float] | None
    cpu_s: Mapping[str, float]
    memory_mb: Mapping[str, float]
    peak_mb: float
    other_cpu: float
    readings: int

    @property
    def messages_per_s(self) -> float:
        """What was really published and stored, a second."""
        return (self.account.sent - self.account.lost) / self.seconds

    @property
    def committed_per_s(self) -> float:
        """What was committed while it was published, a second: what this machine can bear, where that was less."""
        last = self.samples[-1] if self.samples else None
        return last.committed / last.at_s if last else 0.0

    @property
    def why(self) -> str:
        """Why this rate is not sustained; empty where it is."""
        late = [s for s in self.samples if s.at_s >= min(WARM_S, self.seconds / 2)]
        third = max(1, len(late) // 3)
        growth = fmean(s.backlog for s in late[-third:]) - fmean(s.backlog for s in late[:third]) if late else 0.0
        worst = max((s.backlog for s in self.samples), default=0)
        found = {
            f"{self.account.lost} messages lost": self.account.lost,
            f"{self.account.duplicates} readings twice": self.account.duplicates,
            f"{self.account.wrong + self.account.unexpected} readings wrong": self.account.wrong
            or self.account.unexpected,
            f"{self.committed.dead_letters} dead letters": self.committed.dead_letters,
            f"{self.unacked} messages without a PUBACK": self.unacked,
            f"the load was {self.behind / self.rate:.2f} s late": self.behind > BEHIND_S * self.rate,
            f"the backlog grew by {growth / self.rate:.2f} s of load": growth > GROWTH_S * self.rate,
            f"the backlog reached {worst / self.rate:.2f} s of load": worst > BACKLOG_S * self.rate,
            f"the rest took {self.drained_s:.1f} s": self.drained_s > DRAINED_WITHIN_S,
        }
        return ", ".join(text for text, is_so in found.items() if is_so)

    def as_dict(self) -> dict[str, Any]:
        """For JSON, in short."""
        return {
            "readings_per_message": self.readings,
            "rate": round(self.rate, 1),
            "seconds": round(self.seconds, 1),
            "latency_ms": self.latency_ms,
            "messages_per_batch": round(self.committed.messages / max(1, self.committed.batches)),
            "committed_per_s": round(self.committed_per_s),
            "repeats": self.committed.repeats,
            "cpu_s_per_million_readings": self.cpu_s_per_million,
            "other_cpu": round(self.other_cpu, 2),
            "why_not": self.why,
        }

    @property
    def cpu_s_per_million(self) -> dict[str, float]:
        """CPU seconds of each process for a million readings."""
        million = self.account.sent * self.readings / 1e6
        return {name: round(spent / million, 2) for name, spent in self.cpu_s.items()} if million else {}


def run(
    stage: Stage,
    load: Load,
    ledger: Ledger,
    *,
    rate: float,
    seconds: float,
    watch: Callable[[Sample], None] = lambda _: None,
) -> Trial:
    """Publishes, watches, waits until all is stored, and compares."""
    pids = {**stage.pids, "load": load.pid, "bench": os.getpid()}
    memory = Memory(pids)
    after = ledger.last_batch()
    before, machine_before, begun = cpu_s(pids), machine(), time.monotonic()
    samples: list[Sample] = []
    report: dict[str, Any] = {}
    for report in load.publish(rate=rate, seconds=seconds):
        if not report.get("done"):
            samples.append(Sample(report["at_s"], report["sent"], ledger.committed(after=after).messages))
            memory.sample()
            watch(samples[-1])
            stage.check()
            if samples[-1].backlog > BACKLOG_S * rate:
                load.stop()
    settled = _settle(ledger, after=after, sent=report["sent"])
    drained_s = time.monotonic() - begun - report["at_s"]
    spent, machine_after = cpu_s(pids), machine()
    memory.sample()
    cpu = {name: spent[name] - before[name] for name in pids}
    elapsed = time.monotonic() - begun
    said = load.said()
    return Trial(
        rate=rate,
        seconds=report["at_s"],
        behind=report["due"] - report["sent"],
        unacked=report["sent"] - report["acked"],
        samples=tuple(samples),
        drained_s=drained_s,
        account=ledger.account(said),
        committed=settled,
        latency_ms=ledger.latency_ms(said) if len(said) else None,
        cpu_s=cpu,
        memory_mb={name: round(peak, 1) for name, peak in memory.peak_mb.items()},
        peak_mb=memory.total_mb,
        other_cpu=max(0.0, machine_after.busy_s - machine_before.busy_s - sum(cpu.values())) / elapsed,
        readings=ledger.plan.readings,
    )


def _settle(ledger: Ledger, *, after: int, sent: int) -> Committed:
    """Waits until as much is committed as was sent, or nothing more comes."""
    deadline = time.monotonic() + SETTLE_S
    while (done := ledger.committed(after=after)).messages < sent and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return done


@contextlib.contextmanager
def loaded(stage: Stage, ledger: Ledger) -> Iterator[Load]:
    """A load generator for a scenario."""
    load = Load(stage.broker.urls["simulator"], ledger.plan, stage.stack.folder)
    try:
        yield load
    finally:
        load.close()
