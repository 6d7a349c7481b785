"""The plan of a torture: which fault strikes what, when and for how long. Data, made from the seed beforehand."""

from random import Random
from typing import NamedTuple

COLLECTORS = ("collector-1", "collector-2")
DEVICE_LINKS = ("devices-1", "devices-2", "devices-3")
COLLECTOR_LINKS = tuple(f"{name}:broker" for name in COLLECTORS)
DATABASE_LINKS = tuple(f"{name}:database" for name in COLLECTORS)

WARM_UP_S = 3.0
CALM_S = 5.0  # load goes on for so long after the last fault has healed
EVERY_S = 4.0  # a fault begins so often, on average; many last longer, so several overlap
APART_S = 1.0  # what was struck has so long to itself before it is struck again


class Kind(NamedTuple):
    """A kind of fault: what it can strike, the shortest and the longest it lasts in seconds, in which ways."""

    name: str
    targets: tuple[str, ...]
    shortest_s: float
    longest_s: float
    ways: tuple[str, ...] = ("",)


class Fault(NamedTuple):
    """One fault of a plan, in seconds after its begin. way: how it is done, where there is a choice."""

    at_s: float
    kind: str
    target: str
    seconds: float
    way: str = ""

    @property
    def ends_s(self) -> float:
        return self.at_s + self.seconds


def _links(what: str, targets: tuple[str, ...]) -> tuple[Kind, ...]:
    return (
        Kind(f"cut-{what}", targets, 0.2, 8, ("reset", "fin")),
        Kind(f"half-open-{what}", targets, 1, 60, ("heal", "cut")),
        Kind(f"one-way-{what}", targets, 1, 40, ("there", "back")),
        Kind(f"slow-{what}", targets, 2, 15, ("0.02", "0.2", "1")),
    )


KINDS = (
    Kind("kill-collector", COLLECTORS, 0.2, 10),
    Kind("pause-collector", COLLECTORS, 1, 45),
    Kind("stop-collector", COLLECTORS, 0.2, 3),
    Kind("kill-engine", ("engine",), 0.2, 5),
    Kind("kill-broker", ("broker",), 0.2, 8),
    Kind("kill-database", ("database",), 0.2, 10),
    Kind("stop-database", ("database",), 2, 45),
    Kind("slow-disk-broker", ("broker",), 2, 12),
    Kind("slow-disk-database", ("database",), 2, 15),
    *_links("devices", DEVICE_LINKS),
    *_links("collectors", COLLECTOR_LINKS),
    *_links("database", DATABASE_LINKS),
)


def make(seed: int, *, seconds: float) -> list[Fault]:
    """Faults for about so many seconds, in the order in which they begin; every kind at least once.

    Faults on different targets overlap as chance has it, those on one target never do. In a short plan they are
    short as well.
    """
    rng = Random(f"{seed}:plan")
    span = max(0.0, seconds - WARM_UP_S - CALM_S)
    count = max(len(KINDS), round(span / EVERY_S))
    longest_s = max(1.0, span / 8)
    deck: list[Kind] = []
    while len(deck) < count:
        deck += rng.sample(KINDS, len(KINDS))
    free: dict[str, float] = {}
    plan = []
    for kind, at in zip(deck[:count], sorted(rng.uniform(0, span) for _ in range(count)), strict=True):
        target = min(rng.sample(kind.targets, len(kind.targets)), key=lambda t: max(at, free.get(t, 0.0)))
        begins = max(WARM_UP_S + at, free.get(target, 0.0))
        # Squared: most are short, a few outlast every time-out.
        lasts = kind.shortest_s + (kind.longest_s - kind.shortest_s) * rng.random() ** 2
        fault = Fault(round(begins, 3), kind.name, target, round(min(lasts, longest_s), 3), rng.choice(kind.ways))
        free[target] = fault.ends_s + APART_S
        plan.append(fault)
    return sorted(plan)
