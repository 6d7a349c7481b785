"""Checks what a rule names against what is registered: devices, types, spaces, points, what one is compared with."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipeline.domain.rule import Compare, Rule
from pipeline.domain.subjects import Candidate, Candidates
from pipeline.parkfile.problems import Path, write_nearest
from pipeline.parkfile.references import Described


class Unknown(NamedTuple):
    """One thing that a rule names and that is not there; path: within the rule's spec."""

    path: Path
    message: str
    advice: str


def check_rules(described: Iterable[Described[Rule]], known: Candidates) -> None:
    """Every rule of a file names what is registered (or what the file describes)."""
    for rule, record in described:
        on = record.table.get("on")
        for found in unknown(rule, known):
            path = found.path
            if path[0] == "on" and isinstance(on, dict) and path[1] not in on:
                path = ("on", str(path[1]).removesuffix("s"))  # as people write it for a single one
            record.wrong(path, found.message, found.advice)


def unknown(rule: Rule, known: Candidates) -> Iterator[Unknown]:
    """What a rule names and nobody registered. A selector that matches nothing is not wrong: it may match later."""
    on = rule.applies
    types = {device.type for device in known.devices.values()}
    for key, names, there, what in (
        ("devices", on.devices, known.devices.keys(), "device"),
        ("excluded", on.excluded, known.devices.keys(), "device"),
        ("types", on.types, types, "type"),
        ("spaces", on.spaces, known.parents.keys(), "space"),
    ):
        for name in names:
            if name not in there:
                advice = write_nearest(name, there, otherwise=f"write a {what} that is registered")
                yield Unknown(("on", key), f'no {what} "{name}" is registered', advice)
    chosen = known.selected(on)
    if not chosen:
        return
    if rule.point:
        yield from _no_point(rule, chosen)
    if isinstance(rule.condition, Compare):
        yield from _no_other(rule, rule.condition.other, known, chosen)


def _no_point(rule: Rule, chosen: list[Candidate]) -> Iterator[Unknown]:
    names = {name for device in chosen for name in device.points}
    if rule.point not in names:
        message = f'none of its {len(chosen)} devices has a point "{rule.point}"'
        advice = write_nearest(rule.point or "", names, otherwise=f"they have {', '.join(sorted(names)) or 'none'}")
        yield Unknown(("point",), message, advice)
    elif rule.applies.roles:
        roles = {role for device in chosen if (role := device.points.get(rule.point or ""))}
        for role in rule.applies.roles:
            if role not in roles:
                advice = write_nearest(role, roles, otherwise="leave it out")
                yield Unknown(("on", "roles"), f'no point "{rule.point}" has the role "{role}"', advice)


def _no_other(rule: Rule, other: str, known: Candidates, chosen: list[Candidate]) -> Iterator[Unknown]:
    having = [device for device in chosen if rule.point in device.points]
    if not having or any(known.other(rule, device) for device in having):
        return
    of, slash, name = other.rpartition("/")
    if slash and of not in known.devices:
        advice = write_nearest(of, known.devices, otherwise="write another device")
        yield Unknown(("compare", "other"), f'no device "{of}" is registered', advice)
        return
    names = known.devices[of].points if slash else {n for device in having for n in device.points}
    advice = write_nearest(name, names, otherwise=f"there is {', '.join(sorted(names))}")
    yield Unknown(("compare", "other"), f'there is no point "{name}" to compare with', advice)
