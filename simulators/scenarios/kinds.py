"""The closed list of what can be made to happen: whom it may strike, what it does, and which alarms must find it."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from pipeline.domain.park import Device, Family
from pipeline.domain.rule import Deviation, Rate
from simulators.scenarios import effects
from simulators.scenarios.effects import Effect
from simulators.scenarios.fault import Book, Fault
from simulators.scenarios.truth import May, Must

Groups = list[list[Device]]  # one of these groups is struck, all of it

OWN_VOICE = frozenset({"electricity", "water", "gas", "heat", "pump", "lift", "air-handling", "waste-water"})
HEADROOM = 1.3  # of a point above the rise that a rule looks for
ROOM = 4.0  # of a meter, above the least deviation that a rule looks for
SUMS = ("flow-vs-sum", "supply-return", "power-unusual", "power-jump")  # compare what others measure


@dataclass(frozen=True)
class Kind:
    """rule: that must find it (None: the scenario file names one); more: others that must; effect: on values.

    choose gives the groups of devices that it may strike; `several`: so many of a group as the file says.
    side: rules whose alarms about the struck devices, and those beside them, the same cause explains.
    """

    rule: str | None
    choose: Callable[[Book, str], Groups]
    effect: Effect | None = None
    more: tuple[str, ...] = ()
    several: bool = False
    side: tuple[str, ...] = ()


def each(book: Book, rule: str) -> Groups:
    """Any single subject of the rule."""
    return [[d] for d in book.subjects(rule)]


def each_able(book: Book, rule: str) -> Groups:
    """Any single subject that can go past the rule's limit without becoming implausible."""
    found = []
    for device in book.subjects(rule):
        condition = book.rule(rule).condition
        high = next((p.high for p in device.points if p.name == book.rule(rule).point), None)
        if not isinstance(condition, Rate) or high is None or high > HEADROOM * condition.by:
            found.append([device])
    return found


def each_roomy(book: Book, rule: str) -> Groups:
    """A meter made for far more than what a deviation from the usual must be at least."""
    asked = book.rule(rule).condition
    least = asked.at_least if isinstance(asked, Deviation) else 0.0
    highs = {d.device_id: [p.high for p in d.points if p.name == book.rule(rule).point] for d in book.subjects(rule)}
    return [[d] for d in book.subjects(rule) if all(h is None or h > ROOM * least for h in highs[d.device_id])]


def each_alone(book: Book, rule: str) -> Groups:
    """A subject of the rule that sends its own messages."""
    return [[d] for d in book.subjects(rule) if d.type in OWN_VOICE]


def of_one_type(book: Book, rule: str) -> Groups:
    """All subjects of a type that sends its own messages, where there are at least two."""
    own = sorted((d for d in book.subjects(rule) if d.type in OWN_VOICE), key=lambda d: (d.family, d.type))
    groups = [list(g) for _, g in groupby(own, key=lambda d: (d.family, d.type))]
    return [g for g in groups if len(g) > 1]


def of_one_building(book: Book, rule: str) -> Groups:
    """All subjects in one building."""
    where = sorted(book.subjects(rule), key=book.site.building)
    return [list(g) for _, g in groupby(where, key=book.site.building)]


def mains(book: Book, rule: str) -> Groups:
    """A building's water meter and the pumps that it feeds."""
    meters = {book.site.building(d): d for d in book.subjects(rule)}
    pumps = of_one_building(book, "pump-pressure-low")
    return [[meters[book.site.building(g[0])], *g] for g in pumps if book.site.building(g[0]) in meters]


def gateways(book: Book, rule: str) -> Groups:
    """A gateway; who is behind it follows."""
    return [[d] for d in book.subjects(rule) if d.family is Family.GATEWAY]


def plain_meters(book: Book, rule: str) -> Groups:
    """A meter that no sum stands on."""
    return [[d] for d in book.subjects(rule) if d.type in OWN_VOICE and not any(p.role == "main" for p in d.points)]


def talkers(book: Book, rule: str) -> Groups:
    """A subject that measures something, and so can fall silent by itself."""
    return [[d] for d in book.subjects(rule) if d.points and d.family is not Family.GATEWAY]


KINDS = {
    "chiller-failure": Kind(
        "supply-air-warm", of_one_building, effects.chiller, side=("supply-return", "room-hot", "power-unusual")
    ),
    "burst-pipe": Kind("water-flow-high", mains, effects.burst, more=("pump-pressure-low",), side=SUMS),
    "gateway-loss": Kind("gateway-lost", gateways),
    "stuck-meter": Kind("meter-stuck", plain_meters, side=SUMS),
    "forced-door": Kind("door-forced", each),
    "held-door": Kind("door-held", each),
    "door-tamper": Kind("door-tamper", each),
    "denials-burst": Kind("denials-burst", each),
    "chattering-level": Kind("tank-level-high", each, effects.chatter),
    "clock-jump": Kind("clock-wrong", each_alone),
    "naive-firmware": Kind("clock-wrong", of_one_type, several=True),
    "silent-device": Kind("device-lost", talkers),
    "leak": Kind("leak", each, effects.beyond),
    "smoke": Kind("smoke", each, effects.beyond),
    "lift-entrapment": Kind("lift-entrapment", each, effects.beyond, side=("lift-fault",)),
    "tank-low": Kind("tank-level-low", each, effects.beyond),
    "lights-left-on": Kind("lights-at-night", each, effects.beyond),
    "sensor-drift": Kind("room-hot", each, effects.drift),
    "unusual-load": Kind("power-unusual", each_roomy),
    "limit": Kind(None, each_able, effects.beyond, side=SUMS),  # limits, state, rate, compare or schedule
    "drift": Kind(None, each_able, effects.drift, side=SUMS),
}


def must(fault: Fault, book: Book) -> tuple[Must, ...]:
    """Which alarms have to be raised: of each rule one about every struck device that it is for."""
    found = []
    for rule in (fault.rule, *fault.more):
        about = {d.device_id for d in book.subjects(rule.rule_id)}
        found += [Must(rule.rule_id, d, rule.point) for d in fault.devices if d in about]
    return tuple(found)


def may(fault: Fault, book: Book) -> tuple[May, ...]:
    """Which further alarms the same cause explains."""
    rules = book.known(KINDS[fault.kind].side)
    found = [May(rules, fault.devices)] if rules else []
    if fault.kind == "gateway-loss":
        behind = tuple(d.device_id for d in book.behind(fault.devices[0]))
        silent = tuple(r.rule_id for r in book.rules.values() if r.kind == "no-data")
        found.append(May(silent, (*behind, fault.devices[0]), quiet=True))
    if fault.kind == "silent-device":
        silent = tuple(r.rule_id for r in book.rules.values() if r.kind == "no-data" and r.point)
        found += [May(silent, fault.devices, quiet=True)] if silent else []
    return tuple(found)
