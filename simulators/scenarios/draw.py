"""What the seed makes of a scenario file: which devices, exactly when, how badly; and the truth of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from pipeline.domain.errors import ConfigurationError
from pipeline.domain.park import Device, Park
from pipeline.domain.rule import Deviation, Limits, Rule
from simulators.scenarios import kinds
from simulators.scenarios.fault import Book, Fault
from simulators.scenarios.kinds import KINDS, Kind
from simulators.scenarios.script import Planned, Script
from simulators.scenarios.trouble import Trouble
from simulators.scenarios.truth import Cause
from simulators.signals import signals
from simulators.signals.noise import key, share
from simulators.signals.site import Site

STEP_S = 10.0  # so finely it is looked when a limit is passed
AFTER = timedelta(minutes=15)  # an alarm of a cause may still be raised so long after its end


def draw(script: Script, park: Park, *, rules: dict[str, Rule], seed: int, start: datetime) -> list[Fault]:
    """The faults of a scenario that begins at `start`, in the order of the file. No device is struck twice."""
    book = Book(park, rules, Site(park, seed))
    found: dict[int, Fault] = {}
    taken: set[str] = set()
    # Who loses a gateway loses what is behind it: that is drawn first, and nothing else happens there.
    order = sorted(range(len(script.faults)), key=lambda n: script.faults[n].kind != "gateway-loss")
    for n in order:
        planned = script.faults[n]
        kind = _kind(planned)
        rule = book.rule(planned.rule or kind.rule or "")
        name = f"{planned.kind}-{n + 1}"
        devices = _devices(kind, planned, book, rule, taken=taken, name=name)
        taken |= {d.device_id for d in devices}
        if planned.kind == "gateway-loss":
            taken |= {d.device_id for d in book.behind(devices[0].device_id)}
        begin = start.timestamp() + 60 * _within(planned.after_min, seed, name, "after")
        found[n] = Fault(
            name=name,
            kind=planned.kind,
            begin_s=round(begin),
            end_s=round(begin + 60 * _within(planned.lasts_min, seed, name, "lasts")),
            size=share(seed, name, "size"),
            devices=tuple(d.device_id for d in devices),
            rule=rule,
            more=tuple(book.rule(r) for r in kind.more),
            key=key(seed, name),
        )
    return [found[n] for n in range(len(script.faults))]


def truth(faults: list[Fault], park: Park, *, rules: dict[str, Rule], seed: int) -> list[Cause]:
    """The causes, as they are written down."""
    book = Book(park, rules, Site(park, seed))
    troubles = Trouble(park, faults)
    return [
        Cause(
            cause=fault.name,
            kind=fault.kind,
            begin=_utc(fault.begin_s),
            end=_utc(fault.end_s),
            since=_utc(_since_s(fault, book, troubles)),
            until=_utc(fault.end_s) + AFTER,
            size=round(fault.size, 3),
            must=kinds.must(fault, book),
            may=kinds.may(fault, book),
        )
        for fault in faults
    ]


def part_of(park: Park, gateways: tuple[str, ...]) -> Park:
    """The park with only what is behind these gateways; all of it where none is named."""
    if not gateways:
        return park
    kept = tuple(d for d in park.devices if d.device_id in gateways or d.gateway_id in gateways)
    return replace(park, devices=kept)


def _since_s(fault: Fault, book: Book, troubles: Trouble) -> float:
    """When the limit of the fault's rule is first passed: what warms or drifts takes its time."""
    limits = fault.rule.condition
    about = [d for d in book.subjects(fault.rule.rule_id) if d.device_id in fault.devices]
    if isinstance(limits, Deviation):
        return min((_differs_s(fault, d, book, troubles) for d in about), default=fault.begin_s)
    if not isinstance(limits, Limits) or KINDS[fault.kind].effect is None:
        return fault.begin_s
    t = np.arange(fault.begin_s, fault.end_s, STEP_S)
    firsts = []
    for device in about:
        found = troubles.wrap(signals(device, book.site), book.site)(t)[str(fault.rule.point)]
        high = np.inf if limits.high is None else limits.high
        low = -np.inf if limits.low is None else limits.low
        past = np.flatnonzero((found > high) | (found < low))
        firsts += [float(t[past[0]])] if len(past) else []
    return min(firsts, default=fault.begin_s)


def _differs_s(fault: Fault, device: Device, book: Book, troubles: Trouble) -> float:
    """When a device is first so far from what it would have said that its rule may look."""
    asked = fault.rule.condition
    assert isinstance(asked, Deviation)  # noqa: S101 - the caller looked
    t = np.arange(fault.begin_s, fault.end_s, STEP_S)
    calm = signals(device, book.site)
    bad = troubles.wrap(calm, book.site)(t)[str(fault.rule.point)]
    past = np.flatnonzero(np.abs(bad - calm(t)[str(fault.rule.point)]) > asked.at_least)
    return float(t[past[0]]) if len(past) else fault.begin_s


def _kind(planned: Planned) -> Kind:
    if planned.kind not in KINDS:
        raise ConfigurationError(f"there is no fault {planned.kind!r}; there are: {', '.join(sorted(KINDS))}")
    return KINDS[planned.kind]


def _devices(kind: Kind, planned: Planned, book: Book, rule: Rule, *, taken: set[str], name: str) -> list[Device]:
    seed = book.site.seed

    def order(device: Device) -> float:
        return share(seed, name, device.device_id)

    groups = kind.choose(book, rule.rule_id)
    if kind.several:
        groups = [[d for d in g if d.device_id not in taken] for g in groups]
    else:  # a whole group, or it is not the fault that it says
        groups = [g for g in groups if not any(d.device_id in taken for d in g)]
    enough = planned.count if kind.several else 1
    groups = [g for g in groups if len(g) >= enough]
    if not groups:
        raise ConfigurationError(f"nothing is left in {book.park.park_id} that {planned.kind!r} could strike")
    # A group counts once, however many are in it: else the commonest type would always be struck.
    chosen = min(groups, key=lambda g: share(seed, name, g[0].type if kind.several else g[0].device_id))
    return sorted(chosen, key=order)[:enough] if kind.several else chosen


def _within(span: tuple[float, float], seed: int, *names: str) -> float:
    return span[0] + (span[1] - span[0]) * share(seed, *names)


def _utc(time_s: float) -> datetime:
    return datetime.fromtimestamp(time_s, UTC)
