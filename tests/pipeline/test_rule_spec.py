"""Rules as JSON: every rule comes back as it was, short words mean the stored ones, all mistakes are told at once."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pipeline.domain.clock_fault import ClockFault
from pipeline.domain.rule import (
    ClockWrong,
    Compare,
    Condition,
    CountOf,
    DayKind,
    Deviation,
    DoorIn,
    Flat,
    InState,
    Limits,
    NoData,
    Rate,
    Rule,
    Schedule,
    SubjectKind,
)
from pipeline.parkfile.reader import read_rules
from pipeline.parkfile.rule_words import toml_of
from pipeline.store.rule_spec import InvalidRuleError, from_spec, to_spec
from tests.rules import rules


@given(rules())
@settings(max_examples=300, deadline=None)
def test_every_rule_comes_back_as_it_was(rule: Rule) -> None:
    kept = json.loads(json.dumps(to_spec(rule)))
    found = from_spec(kept)
    assert found == rule
    assert found.notes == rule.notes
    assert to_spec(found) == kept


@given(rules())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_as_a_file_is_read_as_the_same_rule(tmp_path: Path, rule: Rule) -> None:
    (tmp_path / "rules.toml").write_text(toml_of([rule]), encoding="utf-8")
    (found,) = read_rules(tmp_path / "rules.toml", None)
    assert found == rule


def test_braces_in_a_text_are_no_placeholders(tmp_path: Path) -> None:
    texts = {"zh": "{}", "en": "a {b} }} {{c"}
    rule = from_spec({**REST, "point": "p", "above": 1, "cause": texts, "response": [texts]})
    (tmp_path / "rules.toml").write_text(toml_of([rule]), encoding="utf-8")
    assert read_rules(tmp_path / "rules.toml", None) == [rule]


TEXTS = {"zh": "一", "en": "one"}
REST = {
    "id": "r", "name": TEXTS, "on": {"type": "pump"}, "priority": "low", "cause": TEXTS, "consequence": TEXTS,
    "response": [TEXTS], "respond_min": 30,
}  # fmt: skip


@pytest.mark.parametrize(
    ("short", "stored"),
    [
        ({"above": 10}, Limits(high=10)),
        ({"below": 2, "deadband": 0.5}, Limits(low=2, deadband=0.5)),
        ({"outside": [6, 9], "deadband": 0.2}, Limits(6, 9, 0.2)),
        ({"is": 1}, InState((1.0,))),
        ({"flat_min": 120}, Flat(7200)),
        ({"rises": {"by": 5, "within_min": 10}}, Rate(5, 600)),
        ({"falls": {"by": 5, "within_min": 10}}, Rate(-5, 600)),
        ({"compare": {"other": "q", "factor": 1.1, "fresh_min": 5}}, Compare("q", 1.1, fresh_s=300)),
        ({"unusual": True}, Deviation()),
        ({"unusual": {"spreads": 6, "above_only": True}}, Deviation(6, above_only=True)),
        (
            {"above": 0.5, "during": {"from": "22:00", "until": "06:00", "days": ["working"]}},
            Schedule(Limits(high=0.5), "22:00", "06:00", (DayKind.WORKING,)),
        ),
    ],
)
def test_the_short_words_of_points(short: dict[str, Any], stored: Condition) -> None:
    assert from_spec({**REST, "point": "p", **short}).condition == stored


@pytest.mark.parametrize(
    ("short", "stored"),
    [
        ({"door": ["forced-open", "tamper"]}, DoorIn((3, 4))),
        ({"silent": True}, NoData()),
        ({"silent": {"intervals": 5}}, NoData(5)),
        ({"clock": True}, ClockWrong()),
        ({"clock": ["zone-as-utc"]}, ClockWrong((ClockFault.ZONE_AS_UTC,))),
    ],
)
def test_the_short_words_of_devices(short: dict[str, Any], stored: Condition) -> None:
    assert from_spec({**REST, **short}).condition == stored


def test_denials_are_all_of_them() -> None:
    rule = from_spec({**REST, "count": {"at_least": 5, "within_min": 10, "denials": True, "per": "space"}})
    assert isinstance(rule.condition, CountOf)
    assert (min(rule.condition.decisions), max(rule.condition.decisions)) == (128, 164)
    assert rule.subject is SubjectKind.SPACE


def test_every_mistake_is_told_at_once_with_where_and_what_to_write() -> None:
    with pytest.raises(InvalidRuleError) as caught:
        from_spec(
            {
                **REST, "id": "No Id", "on": {"typ": "pump", "families": ["sensr"]}, "point": "p", "kind": "limits",
                "low": 9, "high": 6, "priority": "urgent", "response": [{"zh": "一"}], "respond_min": None,
                "late_limit_s": 5, "life_safety": True, "on_delay_s": -1, "chatter_raises": 1, "enabled": "yes",
            }
        )  # fmt: skip
    found = {p.file: f"{p.message} | {p.advice}" for p in caught.value.problems}
    assert found.keys() == {
        "id", "on.families", "on.typ", "high", "priority", "response.0.en", "respond_min", "life_safety", "on_delay_s",
        "chatter_raises", "enabled",
    }  # fmt: skip
    assert found["on.families"].endswith('write "sensor"')
    assert found["response.0.en"].endswith('write "en": "…"')
    assert found["priority"].endswith('write one of "critical", "high", "medium", "low"')
    assert found["enabled"].endswith('write "enabled": true, or false')


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({}, "rule"),
        ({"above": 1}, "point"),
        ({"point": "p", "above": 1, "is": 1}, "is"),
        ({"point": "p", "door": "forced-open"}, "point"),
        ({"point": "p", "outside": [1, 2], "deadband": 0.5}, "deadband"),
        ({"count": {"within_min": 1}}, "count.at_least"),
        ({"point": "p", "rises": {"by": 1}}, "rises.within_min"),
        ({"point": "p", "above": 1, "during": {"from": "25:00", "until": "6"}}, "during.from"),
        ({"door": ["forced"]}, "door"),
        ({"silent": False}, "silent"),
        ({"kind": "count", "at_least": 1, "within_s": 5}, "denials"),
        ({"point": "p", "above": 1, "for_s": 1, "for_min": 1}, "for_min"),
        ({"point": "p", "above": "10"}, "above"),
    ],
)
def test_conditions_that_cannot_be(said: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidRuleError) as caught:
        from_spec({**REST, **said})
    assert where in {p.file for p in caught.value.problems}


@pytest.mark.parametrize("much", [1e10, 1e300, 10**400, float("nan"), float("inf")])
@pytest.mark.parametrize(
    "key", ["on_delay_s", "off_delay_s", "reopen_s", "late_limit_s", "respond_s", "chatter_s", "chatter_raises"]
)
def test_what_no_instant_can_bear_is_refused_before_it_stops_everybody(key: str, much: float) -> None:
    stored = {**{name: value for name, value in REST.items() if name != "respond_min"}, "respond_s": 60}
    with pytest.raises(InvalidRuleError) as caught:
        from_spec({**stored, "point": "p", "kind": "limits", "high": 1, key: much})
    told = {problem.file.removesuffix("_h").removesuffix("_s") for problem in caught.value.problems}
    assert told == {key.removesuffix("_s")}


@pytest.mark.parametrize(
    "condition",
    [
        {"kind": "no-data", "intervals": 1e9}, {"kind": "flat", "for_s": 1e12}, {"kind": "state", "codes": [10**400]},
        {"kind": "state", "codes": [float("nan")]}, {"kind": "rate", "by": 10**400, "within_s": 60},
        {"kind": "compare", "other": "q", "fresh_s": 1e300}, {"kind": "limits", "high": float("inf")},
    ],
)  # fmt: skip
def test_conditions_that_cannot_be_judged_are_refused(condition: dict[str, Any]) -> None:
    with pytest.raises(InvalidRuleError):
        from_spec({**REST, "point": "p", **condition})
