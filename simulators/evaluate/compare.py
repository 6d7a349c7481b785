"""Holds alarms against the truth of a scenario: what was found, missed, false, or said twice. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Any

from simulators.scenarios.truth import Cause, Must

EARLY = timedelta(seconds=1)  # device times are rounded


@dataclass(frozen=True, slots=True)
class Seen:
    """One alarm of the database. raised, told: event time and park time of its first raise; paged: people were told of
    it at least once; historic: recorded after the fact, for nobody."""

    alarm: int
    rule: str
    device: str | None
    point: str | None
    raised: datetime
    told: datetime
    paged: bool = True
    historic: bool = False
    occurrences: int = 1
    incident: int | None = None


@dataclass
class Kind:
    """The account of one rule. extra: alarms that a cause explains beside those that had to be."""

    expected: int = 0
    raised: int = 0
    missed: int = 0
    false: int = 0
    duplicates: int = 0
    extra: int = 0
    delays: list[float] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; delays as percentiles."""
        counts = {name: getattr(self, name) for name in FIGURES}
        return {**counts, "extra": self.extra, "delay_s": percentiles(self.delays)}


FIGURES = ("expected", "raised", "missed", "false", "duplicates")


@dataclass
class Verdict:
    """The whole account. lines: what is wrong, in words. incidents: of each cause, among how many its alarms lie."""

    kinds: dict[str, Kind]
    lines: list[str]
    incidents: dict[str, int]

    @property
    def clean(self) -> bool:
        """Everything found, once, and nothing else."""
        return not any(k.missed or k.false or k.duplicates for k in self.kinds.values())

    def totals(self) -> dict[str, Any]:
        """The five figures and the delay over all kinds."""
        sums = {name: sum(getattr(k, name) for k in self.kinds.values()) for name in FIGURES}
        return {**sums, "delay_s": percentiles([d for k in self.kinds.values() for d in k.delays])}


def compare(causes: Sequence[Cause], alarms: Iterable[Seen]) -> Verdict:
    """What became of each cause, and what of each alarm."""
    kinds: dict[str, Kind] = defaultdict(Kind)
    hits: dict[tuple[str, Must], list[Seen]] = {(c.cause, must): [] for c in causes for must in c.must}
    lines = []
    for _, must in hits:
        kinds[must.rule].expected += must.at_least
    for seen in sorted(alarms, key=lambda a: (a.told, a.alarm)):
        kind = kinds[seen.rule]
        kind.raised += not seen.historic
        found = None if seen.historic else _found(causes, seen)
        if found:
            hits[found].append(seen)
        elif _explained(causes, seen):
            kind.extra += 1
        else:
            kind.false += 1
            word = "historic, and nothing caused it" if seen.historic else "nothing caused it"
            lines.append(f"false: {_name(seen)} at {seen.raised:%H:%M:%S}: {word}")
    at = {c.cause: c for c in causes}
    together: dict[str, set[object]] = {c.cause: set() for c in causes}
    for (cause, must), found_by in hits.items():
        kind = kinds[must.rule]
        if len(found_by) < must.at_least:
            kind.missed += must.at_least - len(found_by)
            lines.append(f"missed: {cause}: {must.rule} at {must.device} from {at[cause].since:%H:%M:%S}")
        if len(found_by) > must.at_most:
            kind.duplicates += len(found_by) - must.at_most
            lines.append(f"twice: {cause}: {len(found_by)} alarms of {must.rule} at {must.device}")
        if found_by:
            kind.delays.append((found_by[0].told - at[cause].since).total_seconds())
        together[cause] |= {s.incident or f"alarm {s.alarm}" for s in found_by}
    return Verdict(dict(sorted(kinds.items())), lines, {c: len(found) for c, found in together.items()})


def percentiles(delays: Sequence[float]) -> dict[str, float] | None:
    """p50 and p99 in park seconds; None of nothing."""
    if not delays:
        return None
    if len(delays) == 1:
        return {"p50": round(delays[0], 1), "p99": round(delays[0], 1)}
    cuts = quantiles(delays, n=100, method="inclusive")
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1)}


def _found(causes: Sequence[Cause], seen: Seen) -> tuple[str, Must] | None:
    for cause in causes:
        if not cause.begin - EARLY <= seen.raised <= cause.until:
            continue
        for must in cause.must:
            if (must.rule, must.device) == (seen.rule, seen.device) and must.point in (None, seen.point):
                return cause.cause, must
    return None


def _explained(causes: Sequence[Cause], seen: Seen) -> bool:
    for cause in causes:
        if not cause.begin - EARLY <= seen.raised <= cause.until:
            continue
        if any((m.rule, m.device) == (seen.rule, seen.device) for m in cause.must):
            return True  # a historic one of what had to be found
        for may in cause.may:
            if seen.rule in may.rules and seen.device in may.devices and not (may.quiet and seen.paged):
                return True
    return False


def _name(seen: Seen) -> str:
    about = f"{seen.device}/{seen.point}" if seen.point else str(seen.device)
    return f"{seen.rule} at {about}"
