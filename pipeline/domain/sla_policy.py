"""Which promises cover an order: policies say what they are for, and the most specific word on each term counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pipeline.domain.sla import ALWAYS, HOUR, MINUTE, NEXT_WORKING_DAY, WORKING, ClockKind

TERMS = ("thresholds", "pauses", "pauses_sum_s", "steps", "confirm_days")


@dataclass(frozen=True, slots=True)
class SlaTarget:
    """So much time of a calendar: `s` seconds, or to the end of the `days`-th next day on which it opens."""

    calendar: str
    s: float | None = None
    days: int | None = None

    def spec(self) -> dict[str, Any]:
        """As terms and version rows have it, the calendar's version aside."""
        counted = {"s": self.s} if self.s is not None else {"by": NEXT_WORKING_DAY, "days": self.days}
        return {**counted, "calendar": self.calendar}


class OrderFacts(NamedTuple):
    """What decides which policies fit. spaces: its own, then what that is part of, outwards."""

    service: str
    priority: str
    spaces: Sequence[str] = ()
    company: str | None = None
    contractor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaPolicy:
    """Terms for some orders; an empty list of what it is for means any. It need not say all: what it leaves out comes
    from the next policy that fits."""

    policy_id: str
    version: int = 0
    services: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    spaces: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    contractors: tuple[str, ...] = ()
    targets: Mapping[ClockKind, SlaTarget] = field(default_factory=dict)
    thresholds: tuple[float, ...] | None = None
    pauses: Mapping[str, float] | None = None  # seconds for each reason
    pauses_sum_s: float | None = None
    steps: tuple[Mapping[str, float], ...] | None = None
    confirm_days: int | None = None

    def rank(self, facts: OrderFacts) -> tuple[int, ...] | None:
        """How specific it is for an order, higher first: the tenant's contract, then the contractor's, then the
        service, then the nearest space, then the priority. None: it does not fit."""
        asked = (
            (self.companies, facts.company), (self.contractors, facts.contractor), (self.services, facts.service),
            (self.priorities, facts.priority),
        )  # fmt: skip
        if any(names and value not in names for names, value in asked):
            return None
        near = 0
        if self.spaces:
            depths = [len(facts.spaces) - place for place, space in enumerate(facts.spaces) if space in self.spaces]
            if not depths:
                return None
            near = max(depths)
        return bool(self.companies), bool(self.contractors), bool(self.services), near, bool(self.priorities)


def terms_for(policies: Iterable[SlaPolicy], facts: OrderFacts) -> tuple[dict[str, Any], list[str]]:
    """The terms for an order without versions of calendars, and what no policy says of it (then they are no terms).

    Where two are as specific, the first by id speaks first.
    """
    ranked = [(rank, policy) for policy in policies if (rank := policy.rank(facts)) is not None]
    ranked.sort(key=lambda one: one[1].policy_id)
    ranked.sort(key=lambda one: one[0], reverse=True)
    targets: dict[str, dict[str, Any]] = {}
    terms: dict[str, Any] = {}
    used: list[SlaPolicy] = []
    for _, policy in ranked:
        fresh = {kind.value: target for kind, target in policy.targets.items() if kind.value not in targets}
        said = {name: value for name in TERMS if (value := getattr(policy, name)) is not None and name not in terms}
        if fresh or said:
            used.append(policy)
        targets |= {kind: target.spec() for kind, target in fresh.items()}
        terms |= {name: _plain(value) for name, value in said.items()}
    terms |= {
        "targets": {kind.value: targets[kind.value] for kind in ClockKind if kind.value in targets},
        "from": [f"{policy.policy_id}@{policy.version}" for policy in used],
    }
    if used:
        terms |= {"policy": used[0].policy_id, "version": used[0].version}
    missing = [kind.value for kind in ClockKind if kind.value not in targets]
    return terms, missing + [name for name in TERMS if name not in terms and name != "pauses_sum_s"]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _by_priority(priority: str, minutes: Sequence[float], calendar: str, steps: Sequence[float]) -> SlaPolicy:
    targets = {kind: SlaTarget(calendar, s=m * MINUTE) for kind, m in zip(ClockKind, minutes, strict=True)}
    levels = tuple({"after_s": m * MINUTE, "level": level} for level, m in enumerate(steps, 2))
    return SlaPolicy(policy_id=f"default-{priority.lower()}", priorities=(priority,), targets=targets, steps=levels)


BUILT_IN: tuple[SlaPolicy, ...] = (
    SlaPolicy(
        policy_id="default", thresholds=(50.0, 80.0, 100.0, 150.0), confirm_days=3, pauses_sum_s=96 * HOUR,
        pauses={
            "parts": 48 * HOUR, "permit": 48 * HOUR, "access": 24 * HOUR, "tenant": 24 * HOUR, "weather": 24 * HOUR,
        },
    ),
    _by_priority("P1", (5, 30, 240), ALWAYS, (5, 15)),
    _by_priority("P2", (10, 60, 480), ALWAYS, (10, 30)),
    _by_priority("P3", (30, 120, 960), WORKING, (30, 60)),
    SlaPolicy(
        policy_id="default-p4", priorities=("P4",), steps=({"after_s": 24 * HOUR, "level": 2},),
        targets={
            ClockKind.ACKNOWLEDGE: SlaTarget(WORKING, days=1), ClockKind.RESPOND: SlaTarget(WORKING, days=1),
            ClockKind.RESTORE: SlaTarget(WORKING, days=5),
        },
    ),
)  # fmt: skip
"""For a park that has written no policy: what a park would keep. Version 0 of each."""
