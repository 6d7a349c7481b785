"""Which alarms share a cause: a gateway, a rule that many devices of a type break at once, a place, or one device.

A cause outside of devices explains all their alarms; that the device itself is at fault is the answer where nothing
beyond it is. So the causes are tried in that order, and an alarm belongs to the first that explains it.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pipeline.domain.rule import Priority, RuleKind

MANY = 3  # devices that make a common cause of a rule or a place
ALIKE = 2  # devices of one type in one building do for a rule: one plant serves them
URGENCY = {priority: n for n, priority in enumerate(Priority)}
# What may follow from a gateway that is gone: nothing is heard, or what was kept comes at once. A leak does not.
OF_LOSS = frozenset(
    {RuleKind.NO_DATA, RuleKind.FLAT, RuleKind.RATE, RuleKind.COMPARE, RuleKind.DEVIATION, RuleKind.CLOCK}
)


class IncidentCause(StrEnum):
    """What alarms have in common."""

    GATEWAY = "gateway"
    RULE = "rule"
    SPACE = "space"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Member:
    """An alarm, as far as its cause is concerned. gateway: of its device; lost: it says that a gateway is gone;
    places: the spaces that its device lies in, the building (or site) first, then ever smaller ones; parent: the alarm
    that suppresses it; held: a person keeps it away (shelved, out of service)."""

    alarm: int
    rule: int
    kind: RuleKind
    device: int | None
    type: str
    gateway: int | None
    places: tuple[str, ...]
    priority: Priority
    raised: datetime
    ended: datetime | None = None
    lost: bool = False
    life_safety: bool = False
    maintenance: bool = False
    held: bool = False
    parent: int | None = None
    incident: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Alarms that share a cause; root explains the others, or is the first to look at."""

    cause: IncidentCause
    root: int
    members: tuple[int, ...]
    device: int | None = None
    rule: int | None = None
    space_id: str | None = None


def group(alarms: Iterable[Member], within: timedelta) -> list[Group]:
    """The incidents that a park's alarms make; each alarm is in one at most. within: from one alarm to the next."""
    free = sorted((m for m in alarms if not m.held), key=lambda m: (m.raised, m.alarm))
    found: list[Group] = []
    for find in (_gateways, _rules, _spaces, _devices):
        made = find(free, within)
        found += made
        taken = {alarm for one in made for alarm in one.members}
        free = [m for m in free if m.alarm not in taken]
    return found


def root_of(members: Sequence[Member]) -> int:
    """A gateway's loss, else life safety, else the highest priority, else the first."""
    return min(members, key=lambda m: (not m.lost, not m.life_safety, URGENCY[m.priority], m.raised, m.alarm)).alarm


def _gateways(free: Sequence[Member], within: timedelta) -> list[Group]:
    found = []
    left = [m for m in free if not m.lost]
    for loss in (m for m in free if m.lost):
        until = loss.ended + within if loss.ended else None
        members = [loss, *(m for m in left if _follows(m, loss, within, until))]
        taken = {m.alarm for m in members}
        left = [m for m in left if m.alarm not in taken]
        if len(members) > 1:
            found.append(_as_group(IncidentCause.GATEWAY, members, device=loss.device))
    return found


def _follows(one: Member, loss: Member, within: timedelta, until: datetime | None) -> bool:
    if one.parent == loss.alarm:
        return True
    its = one.gateway is not None and one.gateway == loss.device and one.kind in OF_LOSS and not one.life_safety
    return its and one.raised >= loss.raised - within and (until is None or one.raised <= until)


def _rules(free: Sequence[Member], within: timedelta) -> list[Group]:
    runs = _runs(free, lambda m: (m.rule, m.type) if m.device is not None else None, within)
    common = [run for run in runs if _devices_of(run) >= MANY]
    for run in runs:
        if run not in common:
            common += [
                near
                for near in _runs(run, lambda m: m.places[0] if m.places else None, within)
                if _devices_of(near) >= ALIKE
            ]
    found = [_as_group(IncidentCause.RULE, run, rule=run[0].rule, space_id=_place(run)) for run in common]
    return _with_what_belongs(found, free, within)


def _spaces(free: Sequence[Member], within: timedelta) -> list[Group]:
    places = [m for m in free if not m.maintenance]  # wear is no matter of a place
    runs = _runs(places, lambda m: m.places[0] if m.places else None, within)
    return [
        _as_group(IncidentCause.SPACE, run, space_id=_place(run)) for run in runs if _devices_of(run) >= MANY
    ]  # fmt: skip


def _devices(free: Sequence[Member], within: timedelta) -> list[Group]:
    runs = _runs(free, lambda m: m.device, within)
    return [_as_group(IncidentCause.DEVICE, run, device=run[0].device) for run in runs if len(run) > 1]


def _with_what_belongs(found: list[Group], free: Sequence[Member], within: timedelta) -> list[Group]:
    """What else a device of a group raises around then belongs there; where one building holds the group, what else
    happens in it then: a burst pipe takes the pressure of its pumps, and is seen by the water meter."""
    by_alarm = {m.alarm: m for m in free}
    taken = {alarm for one in found for alarm in one.members}
    result = []
    for one in found:
        inside = [by_alarm[alarm] for alarm in one.members]
        devices = {m.device for m in inside}
        building = inside[0].places[0] if one.space_id and not inside[0].maintenance else None
        others = [
            m
            for m in free
            if m.alarm not in taken
            and (m.device in devices or (building in m.places[:1] and not m.maintenance and not m.lost))
            and any(abs(m.raised - known.raised) <= within for known in inside)
        ]
        taken |= {m.alarm for m in others}
        members = [*inside, *others]
        result.append(_as_group(one.cause, members, rule=one.rule, space_id=one.space_id and _place(members)))
    return result


def _runs(members: Sequence[Member], key: Callable[[Member], Hashable | None], within: timedelta) -> list[list[Member]]:
    """Members of one key, oldest first, each at most `within` after the one before."""
    runs: dict[Hashable, list[list[Member]]] = {}
    for member in members:
        of = key(member)
        if of is None:
            continue
        lists = runs.setdefault(of, [])
        if lists and member.raised - lists[-1][-1].raised <= within:
            lists[-1].append(member)
        else:
            lists.append([member])
    return [run for lists in runs.values() for run in lists]


def _devices_of(members: Sequence[Member]) -> int:
    return len({m.device for m in members if m.device is not None})


def _place(members: Sequence[Member]) -> str | None:
    """The smallest space that holds them all."""
    shared: str | None = None
    for level in zip(*(m.places for m in members), strict=False):
        if len(set(level)) > 1:
            break
        shared = level[0]
    return shared


def _as_group(
    cause: IncidentCause, members: Sequence[Member], *, device: int | None = None, rule: int | None = None,
    space_id: str | None = None,
) -> Group:  # fmt: skip
    return Group(cause, root_of(members), tuple(sorted(m.alarm for m in members)), device, rule, space_id)
