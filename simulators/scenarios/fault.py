"""One fault as the seed drew it, and the rules that it is made for."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.domain.errors import ConfigurationError
from pipeline.domain.park import Device, Family, Park
from pipeline.domain.rule import Rule
from simulators.signals.site import Site


@dataclass(frozen=True, slots=True)
class Fault:
    """begin_s and end_s: park time, s since 1970. size: 0 to 1, how bad within what its kind can be."""

    name: str
    kind: str
    begin_s: float
    end_s: float
    size: float
    devices: tuple[str, ...]
    rule: Rule
    more: tuple[Rule, ...] = ()
    key: int = 0

    @property
    def span(self) -> tuple[float, float]:
        return self.begin_s, self.end_s


@dataclass(frozen=True)
class Book:
    """The rules of a park, and which of its devices each is for, read from the park file and nothing else."""

    park: Park
    rules: dict[str, Rule]
    site: Site
    within: dict[str, frozenset[str]] = field(init=False)  # by space: itself and all that it lies in

    def __post_init__(self) -> None:
        parents = {s.space_id: s.parent_id for s in self.park.spaces}
        within = {}
        for space in parents:
            chain: set[str] = set()
            at: str | None = space
            while at is not None and at not in chain:
                chain.add(at)
                at = parents.get(at)
            within[space] = frozenset(chain)
        object.__setattr__(self, "within", within)

    def rule(self, rule_id: str) -> Rule:
        """A rule of the park; ConfigurationError where the park has none of that name."""
        if rule_id not in self.rules:
            raise ConfigurationError(f"the scenario needs the rule {rule_id!r}, and {self.park.park_id} has none")
        return self.rules[rule_id]

    def known(self, rule_ids: Iterable[str]) -> tuple[str, ...]:
        """Those of them that the park has."""
        return tuple(r for r in rule_ids if r in self.rules)

    def subjects(self, rule_id: str) -> list[Device]:
        """The devices that a rule is about."""
        rule = self.rule(rule_id)
        return [d for d in self.park.devices if self._applies(rule, d)]

    def behind(self, gateway_id: str) -> list[Device]:
        """The devices that speak through a gateway."""
        return [d for d in self.park.devices if d.gateway_id == gateway_id and d.family is not Family.GATEWAY]

    def _applies(self, rule: Rule, device: Device) -> bool:
        on = rule.applies
        point = next((p for p in device.points if p.name == rule.point), None)
        if (rule.point and point is None) or device.device_id in on.excluded:
            return False
        asked = (
            (on.devices, {device.device_id}),
            (on.families, {device.family.value}),
            (on.types, {device.type}),
            (on.spaces, self.within.get(device.space_id or "", frozenset())),
            (on.brick, {device.brick_class, point.brick_class if point else None}),
            (on.roles, {point.role if point else None}),
        )
        return all(not wanted or set(wanted) & found for wanted, found in asked)
