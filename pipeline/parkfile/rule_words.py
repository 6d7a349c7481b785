"""Writes a rule as a `[[rule]]` table of a park file, in short words: what the API changed goes back into the file."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.domain.park import Name
from pipeline.domain.rule import (
    ClockWrong,
    Compare,
    Condition,
    CountOf,
    Deviation,
    DoorIn,
    Flat,
    InState,
    Limits,
    NoData,
    Rate,
    Rule,
    Schedule,
    Selector,
    SubjectKind,
)
from pipeline.parkfile.rule_values import DECISIONS, DENIALS, DOORS

Pairs = Iterator[tuple[str, Any]]

SINGLE = {"devices": "device", "families": "family", "types": "type", "spaces": "space", "roles": "role"}


def toml_of(rules: Iterable[Rule]) -> str:
    """A file of rules that `rule_files` can name."""
    tables = ("\n".join(["[[rule]]", *(f"{key} = {_value(value)}" for key, value in _pairs(rule))]) for rule in rules)
    return "\n\n".join(["format = 1", *tables]) + "\n"


def _pairs(rule: Rule) -> Pairs:
    yield "id", rule.rule_id
    yield "name", _name(rule.name)
    yield "on", dict(_selector(rule.applies))
    if rule.point:
        yield "point", rule.point
    yield from _condition(rule.condition)
    yield from _duration("for", rule.on_delay_s)
    yield from _duration("off_delay", rule.off_delay_s)
    if rule.reopen_s != 300:
        yield from _duration("reopen", rule.reopen_s, always=True)
    if rule.late_limit_s is not None:
        yield from _duration("late_limit", rule.late_limit_s, always=True)
    yield "priority", str(rule.priority)
    for flag in ("life_safety", "latched", "maintenance"):
        if getattr(rule, flag):
            yield flag, True
    if not rule.enabled:
        yield "enabled", False
    if rule.position != "operations":
        yield "position", rule.position
    yield from _duration("respond", rule.respond_s)
    if rule.chatter_raises != 3:
        yield "chatter_raises", rule.chatter_raises
    if rule.chatter_s != 60:
        yield from _duration("chatter", rule.chatter_s)
    yield "cause", _name(rule.cause)
    yield "consequence", _name(rule.consequence)
    yield "response", [_name(step) for step in rule.response]
    if rule.notes:
        yield "notes", rule.notes


def _condition(condition: Condition) -> Pairs:
    match condition:
        case Limits():
            yield from _limits(condition)
        case InState(codes):
            yield "is", list(codes) if len(codes) > 1 else codes[0]
        case DoorIn(states):
            yield "door", [DOORS[state] for state in states]
        case CountOf():
            yield "count", dict(_count(condition))
        case NoData(intervals):
            yield "silent", True if intervals == NoData().intervals else {"intervals": intervals}
        case Flat(for_s, tolerance):
            yield "flat_min", for_s / 60
            if tolerance:
                yield "tolerance", tolerance
        case Rate(by, within_s):
            yield "rises" if by > 0 else "falls", {"by": abs(by), **dict(_duration("within", within_s))}
        case Compare():
            yield "compare", dict(_compare(condition))
        case Deviation(spreads, at_least, above_only, days):
            yield "unusual", {"spreads": spreads, "at_least": at_least, "above_only": above_only, "days": days}
        case Schedule(limits, start, until, days):
            yield from _limits(limits)
            yield "during", {"from": start, "until": until} | ({"days": list(map(str, days))} if days else {})
        case ClockWrong(faults):
            yield "clock", list(map(str, faults)) or True


def _limits(limits: Limits) -> Pairs:
    if limits.low is not None and limits.high is not None:
        yield "outside", [limits.low, limits.high]
    elif limits.low is not None:
        yield "below", limits.low
    else:
        yield "above", limits.high
    if limits.deadband:
        yield "deadband", limits.deadband


def _count(asked: CountOf) -> Pairs:
    yield "at_least", asked.at_least
    yield from _duration("within", asked.within_s)
    if set(asked.decisions) == set(DENIALS):
        yield "denials", True
    elif asked.decisions:
        yield "decisions", [DECISIONS[code] for code in asked.decisions]
    if asked.doors:
        yield "doors", [DOORS[state] for state in asked.doors]
    if asked.per is not SubjectKind.DEVICE:
        yield "per", str(asked.per)


def _compare(asked: Compare) -> Pairs:
    yield "other", asked.other
    for key, plain in (("factor", 1.0), ("offset", 0.0), ("below", False), ("deadband", 0.0)):
        if (value := getattr(asked, key)) != plain:
            yield key, value
    if asked.fresh_s != 600:
        yield from _duration("fresh", asked.fresh_s)


def _selector(on: Selector) -> Pairs:
    for key in ("devices", "families", "types", "spaces", "brick", "roles", "excluded"):
        names = [str(name) for name in getattr(on, key)]
        if len(names) == 1:
            yield SINGLE.get(key, key), names[0]
        elif names:
            yield key, names


def _duration(stem: str, seconds: float, *, always: bool = False) -> Pairs:
    if not seconds and not always:
        return
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            yield f"{stem}_{unit}", seconds / size
            return
    yield f"{stem}_s", seconds


def _name(name: Name) -> dict[str, str]:
    return {"zh": name.zh, "en": name.en}


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }" if value else "{}"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return "[\n" + "".join(f"  {_value(item)},\n" for item in value) + "]"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
    if isinstance(value, str):
        value = value.replace("{", "{{").replace("}", "}}")  # a brace of a park file's text begins a placeholder
    return json.dumps(value, ensure_ascii=False)  # a JSON string is a TOML string
