"""What a rule watches: from its selector to subjects, given what is registered. Pure: for park files and databases."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.domain.park import Park
from pipeline.domain.rule import Compare, Rule, Selector, SubjectKind


class Candidate(NamedTuple):
    """A registered device, as far as selectors look at it; points: the role of each by name."""

    device_id: str
    family: str
    type: str
    brick: str | None
    space_id: str | None
    points: Mapping[str, str | None]


class Subject(NamedTuple):
    """One thing that a rule watches: a point (with its device), a device, or a space; other: what it is compared with,
    as device and point."""

    device_id: str | None = None
    point: str | None = None
    space_id: str | None = None
    other: tuple[str, str] | None = None


@dataclass(frozen=True)
class Candidates:
    """All registered devices of a park, and for each of its spaces the one that it lies in."""

    devices: Mapping[str, Candidate]
    parents: Mapping[str, str | None]
    by_type: Mapping[str, list[Candidate]] = field(init=False)

    def __post_init__(self) -> None:
        by_type: defaultdict[str, list[Candidate]] = defaultdict(list)
        for device in self.devices.values():
            by_type[device.type].append(device)
        object.__setattr__(self, "by_type", by_type)

    @staticmethod
    def of(park: Park) -> "Candidates":
        """Those of a park file."""
        found = (
            Candidate(d.device_id, d.family, d.type, d.brick_class, d.space_id, {p.name: p.role for p in d.points})
            for d in park.devices
        )
        return Candidates({d.device_id: d for d in found}, {s.space_id: s.parent_id for s in park.spaces})

    def selected(self, on: Selector) -> list[Candidate]:
        """The devices that a selector names, whatever their points."""
        return [d for d in self._near(on) if d.device_id not in on.excluded and self._matches(d, on)]

    def subjects(self, rule: Rule) -> list[Subject]:
        """All that a rule watches, each once."""
        chosen = self.selected(rule.applies)
        match rule.subject:
            case SubjectKind.SPACE:
                return [Subject(space_id=space) for space in self._spaces(rule.applies, chosen)]
            case SubjectKind.DEVICE:
                return [Subject(d.device_id) for d in chosen]
            case SubjectKind.POINT:
                return [s for d in chosen if (s := self._point(rule, d)) is not None]

    def around(self, space_id: str | None) -> Iterable[str]:
        """A space and all that it lies in."""
        seen: set[str] = set()
        while space_id and space_id not in seen:
            seen.add(space_id)
            yield space_id
            space_id = self.parents.get(space_id)

    def other(self, rule: Rule, device: Candidate) -> tuple[str, str] | None:
        """What a device's point is compared with; None where it is not compared, or the other is not there."""
        if not isinstance(rule.condition, Compare):
            return None
        of, slash, name = rule.condition.other.rpartition("/")
        there = self.devices.get(of) if slash else device
        return (there.device_id, name) if there and name in there.points else None

    def _point(self, rule: Rule, device: Candidate) -> Subject | None:
        roles = rule.applies.roles
        if rule.point is None or rule.point not in device.points:
            return None
        if roles and device.points[rule.point] not in roles:
            return None
        other = self.other(rule, device)
        if isinstance(rule.condition, Compare) and other in (None, (device.device_id, rule.point)):
            return None  # nothing to compare it with
        return Subject(device.device_id, rule.point, other=other)

    def _near(self, on: Selector) -> Iterable[Candidate]:
        """No more than must be looked at: a park may have thousands of rules."""
        if on.devices:
            return [self.devices[name] for name in dict.fromkeys(on.devices) if name in self.devices]
        if on.types:
            return [d for kind in dict.fromkeys(on.types) for d in self.by_type.get(kind, ())]
        return self.devices.values()

    def _matches(self, device: Candidate, on: Selector) -> bool:
        return (
            (not on.families or device.family in on.families)
            and (not on.types or device.type in on.types)
            and (not on.brick or device.brick in on.brick)
            and (not on.spaces or not set(on.spaces).isdisjoint(self.around(device.space_id)))
        )

    def _spaces(self, on: Selector, chosen: list[Candidate]) -> list[str]:
        """The spaces that the selector names and that hold a chosen device; where it names none, the devices' own."""
        if not on.spaces:
            return list(dict.fromkeys(d.space_id for d in chosen if d.space_id))
        held = {space for d in chosen for space in self.around(d.space_id)}
        return [space for space in dict.fromkeys(on.spaces) if space in held]
