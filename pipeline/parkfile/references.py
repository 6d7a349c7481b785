"""Checks what only shows when everything is read: ids given twice, and references to things that are not there."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

from pipeline.domain.park import Company, Device, Family, Space, SpaceKind
from pipeline.parkfile.fields import Record
from pipeline.parkfile.problems import write_nearest

Thing = TypeVar("Thing")


class Described(NamedTuple, Generic[Thing]):
    """Something and the table that describes it."""

    thing: Thing
    record: Record


# What a space of each kind may lie in.
WITHIN = {
    SpaceKind.SITE: {SpaceKind.SITE},
    SpaceKind.BUILDING: {SpaceKind.SITE},
    SpaceKind.FLOOR: {SpaceKind.BUILDING},
    SpaceKind.ZONE: {SpaceKind.SITE, SpaceKind.BUILDING, SpaceKind.FLOOR},
}


def unique(described: Iterable[Described[Thing]], identify: Callable[[Thing], str]) -> dict[str, Thing]:
    """The things by id; a second one with the same id is a problem."""
    first: dict[str, Described[Thing]] = {}
    for item in described:
        name = identify(item.thing)
        if not name:
            continue
        if name in first:
            before = first[name].record
            place = before.source.place((*before.path, "id"))
            advice = f"write another id; {place.file}:{place.line} has this one"
            item.record.wrong("id", "is described twice", advice)
        else:
            first[name] = item
    return {name: item.thing for name, item in first.items()}


def check_spaces(described: Iterable[Described[Space]], spaces: Mapping[str, Space]) -> None:
    """Every space lies in one of a fitting kind, and none within itself."""
    for space, record in described:
        if space.parent_id is None:
            continue
        parent = spaces.get(space.parent_id)
        if parent is None:
            record.wrong("in", f'space "{space.parent_id}" is not described', _advice(space.parent_id, spaces, "space"))
        elif parent.kind not in WITHIN[space.kind]:
            kinds = " or a ".join(sorted(WITHIN[space.kind]))
            record.wrong("in", f'"{parent.space_id}" is a {parent.kind}', f"write the id of a {kinds}")
        elif _loops(space, spaces):
            record.wrong("in", "lies within itself", "leave one of the sites on this way without an in")


def _loops(space: Space, spaces: Mapping[str, Space]) -> bool:
    seen: set[str] = set()
    at: Space | None = space
    while at and at.space_id not in seen:
        seen.add(at.space_id)
        at = spaces.get(at.parent_id or "")
    return at is not None


def check_rents(described: Iterable[Described[tuple[Company, list[str]]]], spaces: Mapping[str, Space]) -> None:
    """Every rented space exists and is named once."""
    for (_, rented), record in described:
        for index, space_id in enumerate(rented):
            if space_id not in spaces:
                advice = _advice(space_id, spaces, "space")
                record.wrong(("rents", index), f'space "{space_id}" is not described', advice)
            elif space_id in rented[:index]:
                record.wrong(("rents", index), f'rents "{space_id}" twice', "leave one out")


def check_devices(
    described: Iterable[Described[Device]], spaces: Collection[str], families: Mapping[str, Family]
) -> None:
    """Every device stands in a known space and behind a known gateway; `families` holds every device's by its id."""
    gateways = [name for name, family in families.items() if family is Family.GATEWAY]
    for device, record in described:
        if device.space_id and device.space_id not in spaces:
            advice = _advice(device.space_id, spaces, "space")
            record.wrong("space", f'space "{device.space_id}" is not described', advice)
        if not device.gateway_id or device.gateway_id in gateways:
            if device.gateway_id and device.gateway_id == device.device_id:
                record.wrong("gateway", "is behind itself", "leave out its gateway")
        elif device.gateway_id in families:
            family = families[device.gateway_id]
            advice = write_nearest(device.gateway_id, gateways, otherwise="write the id of a gateway")
            record.wrong("gateway", f'"{device.gateway_id}" is a {family}, not a gateway', advice)
        else:
            advice = _advice(device.gateway_id, gateways, "gateway")
            record.wrong("gateway", f'gateway "{device.gateway_id}" is not described', advice)


def _advice(word: str, known: Iterable[str], kind: str) -> str:
    return write_nearest(word, known, otherwise=f"describe that {kind}, or name one that is")
