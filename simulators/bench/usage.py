"""What processes cost: CPU seconds with those of their children, reaped ones too, and peak memory; from /proc."""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
UTIME, CTIMES_END, PPID = 11, 15, 1  # fields of /proc/PID/stat, counted after the name
STEAL = 7  # field of the first line of /proc/stat


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine's CPU seconds since it started: spent on anything, and taken by its host."""

    busy_s: float
    steal_s: float


def machine() -> Machine:
    """All processors together."""
    figures = [int(text) for text in (PROC / "stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _wait, irq, softirq = figures[:7]
    return Machine((user + nice + system + irq + softirq) / TICKS_PER_S, figures[STEAL] / TICKS_PER_S)


def cpu_s(roots: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds of each named process, with its children and those that it has reaped; 0 where it is gone."""
    children = _children(roots)
    return {name: sum(map(_ticks, (pid, *children.get(pid, ())))) / TICKS_PER_S for name, pid in roots.items()}


@dataclass
class Memory:
    """Peak resident megabytes of each named process tree; what its members share is counted once."""

    roots: Mapping[str, int]
    peak_mb: dict[str, float] = field(default_factory=dict)
    total_mb: float = 0.0

    def sample(self) -> None:
        """Looks now; a peak between two looks is missed, but what one process alone reached is asked of the kernel."""
        children = _children(self.roots)
        total = 0.0
        for name, root in self.roots.items():
            rows = [row for pid in (root, *children.get(root, [])) if (row := _status(pid))]
            own = sum(row.get("RssAnon", 0) + row.get("RssFile", 0) for row in rows)
            now = (own + max((row.get("RssShmem", 0) for row in rows), default=0)) / 1024
            total += now
            alone = rows[0].get("VmHWM", 0) / 1024 if len(rows) == 1 else 0.0
            self.peak_mb[name] = max(self.peak_mb.get(name, 0.0), now, alone)
        self.total_mb = max(self.total_mb, total)


def _ticks(pid: int) -> int:
    # Of ourselves without what we have reaped: the others are our children, and are told apart.
    end = CTIMES_END - 2 if pid == os.getpid() else CTIMES_END
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return sum(int(text) for text in _stat(pid)[UTIME:end])
    return 0


def _children(roots: Mapping[str, int]) -> dict[int, list[int]]:
    """The children of all but ourselves."""
    parents = set(roots.values()) - {os.getpid()}
    found: dict[int, list[int]] = {pid: [] for pid in parents}
    for place in PROC.iterdir():
        if place.name.isdigit():
            pid = int(place.name)
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if (parent := int(_stat(pid)[PPID])) in parents:
                    found[parent].append(pid)
    return found


def _stat(pid: int) -> list[str]:
    return (PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()


def _status(pid: int) -> dict[str, int]:
    """The kB figures of a process."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        lines = (PROC / str(pid) / "status").read_text().splitlines()
        return {key: int(rest.split()[0]) for key, _, rest in (x.partition(":") for x in lines) if rest.endswith("kB")}
    return {}
