"""A rule as JSON, the one form in which the database keeps it and the API shows it, and back: checked both ways.

What is read may also use the short words of a park file; what is written is always the same for the same rule.
"""

import re
from collections.abc import Mapping
from typing import Any

from pipeline.domain.errors import ParkError
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
)
from pipeline.parkfile.fields import Record
from pipeline.parkfile.problems import Findings, Path, Place, Problem
from pipeline.parkfile.rule_tables import read_rule
from pipeline.parkfile.rule_values import DECISIONS, DENIALS, DOORS

Spec = dict[str, Any]

_KEY = re.compile(r"\b([a-z_]+) = ")


class InvalidRuleError(ParkError):
    """the rule cannot be used"""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{p.file}: {p.message}; {p.advice}" for p in problems))


class _Json:
    """Places within a JSON value, as `on.devices.0`."""

    def place(self, path: Path) -> Place:
        return Place(".".join(map(str, path)) or "rule", 0)


def from_spec(spec: Mapping[str, Any]) -> Rule:
    """The rule of a spec. InvalidRuleError names everything that is wrong; each problem's `file` is the path to it."""
    findings = Findings()
    label = f'rule "{spec["id"]}"' if isinstance(spec.get("id"), str) else "rule"
    said = {key: value for key, value in spec.items() if value is not None}
    rule = read_rule(Record(said, (), label=label, source=_Json(), findings=findings))
    if findings:
        problems = [p._replace(advice=_KEY.sub(r'"\1": ', p.advice)) for p in findings.problems()]
        raise InvalidRuleError(sorted(problems, key=lambda p: p.file))
    return rule


def to_spec(rule: Rule) -> Spec:
    """The spec of a rule: every field, in the same order and form for the same rule."""
    return {
        "id": rule.rule_id,
        "name": _name(rule.name),
        "on": _selector(rule.applies),
        "point": rule.point,
        "kind": str(rule.kind),
        **_condition(rule.condition),
        "on_delay_s": float(rule.on_delay_s),
        "off_delay_s": float(rule.off_delay_s),
        "reopen_s": float(rule.reopen_s),
        "late_limit_s": rule.late_limit_s,
        "priority": str(rule.priority),
        "life_safety": rule.life_safety,
        "latched": rule.latched,
        "maintenance": rule.maintenance,
        "position": rule.position,
        "cause": _name(rule.cause),
        "consequence": _name(rule.consequence),
        "response": [_name(step) for step in rule.response],
        "respond_s": float(rule.respond_s),
        "enabled": rule.enabled,
        "chatter_raises": rule.chatter_raises,
        "chatter_s": float(rule.chatter_s),
        "notes": rule.notes or None,
    }


def _name(name: Name) -> dict[str, str]:
    return {"zh": name.zh, "en": name.en}


def _selector(on: Selector) -> dict[str, list[str]]:
    return {
        "devices": list(on.devices),
        "families": list(map(str, on.families)),
        "types": list(on.types),
        "spaces": list(on.spaces),
        "brick": list(on.brick),
        "roles": list(on.roles),
        "excluded": list(on.excluded),
    }


def _limits(limits: Limits) -> Spec:
    return {"low": limits.low, "high": limits.high, "deadband": limits.deadband}


def _condition(condition: Condition) -> Spec:
    match condition:
        case Limits():
            return _limits(condition)
        case InState(codes):
            return {"codes": list(codes)}
        case DoorIn(states):
            return {"states": [DOORS[state] for state in states]}
        case CountOf():
            return {"at_least": condition.at_least, "within_s": condition.within_s, **_counted(condition)}
        case NoData(intervals):
            return {"intervals": intervals}
        case Flat(for_s, tolerance):
            return {"for_s": for_s, "tolerance": tolerance}
        case Rate(by, within_s):
            return {"by": by, "within_s": within_s}
        case Compare(other, factor, offset, below, deadband, fresh_s):
            return {"other": other, "factor": factor, "offset": offset, "below": below, "deadband": deadband,
                    "fresh_s": fresh_s}  # fmt: skip
        case Deviation(spreads, at_least, above_only, days):
            return {"spreads": spreads, "at_least": at_least, "above_only": above_only, "days": days}
        case Schedule(limits, start, until, days):
            return {**_limits(limits), "start": start, "until": until, "days": list(map(str, days))}
        case ClockWrong(faults):
            return {"faults": list(map(str, faults))}


def _counted(condition: CountOf) -> Spec:
    all_denials = set(condition.decisions) == set(DENIALS)
    return {
        "denials": all_denials,
        "decisions": [] if all_denials else [DECISIONS[code] for code in condition.decisions],
        "doors": [DOORS[state] for state in condition.doors],
        "per": str(condition.per),
    }
