"""What the bench says: one JSON object with always the same keys, and the same as a short table."""

import os
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from simulators.bench.trial import Trial
from simulators.bench.yardsticks import Yardsticks

BUSY_BEFORE = 0.15  # of one processor: more than that at work before we began, and the figures are not the machine's
BUSY_MEANWHILE = 0.3  # likewise while a rate was held: the kernel's own threads work for us, and are counted here


@dataclass
class Findings:
    """All that was measured; None is what was not asked for or not reached."""

    server: dict[str, Any]
    before: dict[str, float] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)
    messages: Trial | None = None
    half_rate: Trial | None = None
    packs: Trial | None = None
    yardsticks: Yardsticks | None = None
    seconds: float = 0.0

    @property
    def lost(self) -> int:
        """Messages, over all trials, those of too high a rate too."""
        return sum(t.account.lost for t in self.trials)

    @property
    def duplicates(self) -> int:
        """Readings stored more than once, over all trials."""
        return sum(t.account.duplicates for t in self.trials)

    @property
    def clean(self) -> bool:
        """Whether every trial stored exactly what was sent."""
        return all(t.account.clean and not t.committed.dead_letters for t in self.trials)

    @property
    def quiet(self) -> bool:
        """Whether the machine was ours, before we began and while rates were held."""
        taken = self.before.get("busy_cpus", 0.0) + self.before.get("steal_cpus", 0.0)
        return taken <= BUSY_BEFORE and all(t.other_cpu <= BUSY_MEANWHILE for t in self.trials)

    def as_json(self) -> dict[str, Any]:
        """The keys of docs/performance.md, all of them, always."""
        best, marks = self.messages, self.yardsticks
        readings = best.messages_per_s * best.readings if best else None
        pack_readings = self.packs.messages_per_s * self.packs.readings if self.packs else None
        copied = marks.copy_readings_per_s if marks else None
        return {
            "messages_per_s": _whole(best.messages_per_s if best else None),
            "readings_per_s": _whole(readings),
            "pack_readings_per_s": _whole(pack_readings),
            "latency_ms": best.latency_ms if best else None,
            "half_rate_latency_ms": self.half_rate.latency_ms if self.half_rate else None,
            "pack_latency_ms": self.packs.latency_ms if self.packs else None,
            "ratio_to_copy": _ratio(readings, copied),
            "pack_ratio_to_copy": _ratio(pack_readings, copied),
            "ratio_to_receive_only": _ratio(
                best.messages_per_s if best else None, marks.receive_only_messages_per_s if marks else None
            ),
            "ratio_to_row_writer": _ratio(readings, marks.row_writer_readings_per_s if marks else None),
            "copy_readings_per_s": _whole(copied),
            "receive_only_messages_per_s": _whole(marks.receive_only_messages_per_s if marks else None),
            "row_writer_readings_per_s": _whole(marks.row_writer_readings_per_s if marks else None),
            "cpu_s_per_million_readings": best.cpu_s_per_million if best else None,
            "pack_cpu_s_per_million_readings": self.packs.cpu_s_per_million if self.packs else None,
            "peak_rss_mb": _whole(max((t.peak_mb for t in self.trials), default=None)),
            "peak_rss_mb_by_process": best.memory_mb if best else None,
            "lost": self.lost,
            "duplicates": self.duplicates,
            "wrong": sum(t.account.wrong + t.account.unexpected for t in self.trials),
            "sent": sum(t.account.sent for t in self.trials),
            "cores": len(os.sched_getaffinity(0)),
            **self.server,
            "sustained_s": best.seconds if best else None,
            "other_cpu": round(best.other_cpu, 2) if best else None,
            "busy_before": self.before,
            "quiet": self.quiet,
            "trials": [trial.as_dict() for trial in self.trials],
            "took_s": _whole(self.seconds),
        }

    def table(self) -> Table:
        """For a person."""
        table = Table(box=None, show_header=False)
        for trial, name in ((self.messages, "messages"), (self.packs, "packs of 100")):
            if trial:
                rate = (
                    f"{trial.messages_per_s:,.0f} messages/s = {trial.messages_per_s * trial.readings:,.0f} readings/s"
                )
                table.add_row(name, f"[bold]{rate}[/bold], for {trial.seconds:.0f} s")
                table.add_row("  publish to commit", _latency(trial))
                table.add_row("  CPU s a million readings", _costs(trial))
        if self.half_rate:
            table.add_row("at half the rate", _latency(self.half_rate))
        if self.yardsticks:
            marks = self.yardsticks
            table.add_row("bare COPY", f"{marks.copy_readings_per_s:,.0f} readings/s")
            table.add_row("one paho client, receiving", f"{marks.receive_only_messages_per_s:,.0f} messages/s")
            table.add_row("row by row", f"{marks.row_writer_readings_per_s:,.0f} readings/s")
        table.add_row("lost, twice", f"{self.lost}, {self.duplicates}")
        if not self.quiet:
            table.add_row("[yellow]note[/yellow]", "other work was on this machine: its own figures are higher")
        return table


def line(trial: Trial) -> str:
    """One trial in one line."""
    verdict = f"[yellow]{trial.why}[/yellow]" if trial.why else "[green]sustained[/green]"
    other = f", other work {trial.other_cpu:.2f} CPU" if trial.other_cpu > BUSY_MEANWHILE else ""
    return f"{trial.rate:8,.0f}/s for {trial.seconds:3.0f} s  {_latency(trial)}{other}  {verdict}"


def _latency(trial: Trial) -> str:
    found = trial.latency_ms
    return f"p50 {found['p50']:,.0f} ms, p99 {found['p99']:,.0f} ms" if found else "nothing stored"


def _costs(trial: Trial) -> str:
    costs = trial.cpu_s_per_million
    return f"{sum(costs.values()):.1f}: " + ", ".join(f"{name} {cost:.1f}" for name, cost in costs.items())


def _whole(figure: float | None) -> int | None:
    return None if figure is None else round(figure)


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    return round(ours / theirs, 3) if ours and theirs else None
