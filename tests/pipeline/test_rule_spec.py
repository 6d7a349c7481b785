"""Rules as JSON: every rule comes back as it was, short words mean the stored ones, all mistakes are told at once."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.access import AccessEventCode, DoorState
from pipeline.domain.clock_fault import ClockFault
from pipeline.domain.park import Family, Name
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
    Priority,
    Rate,
    Rule,
    Schedule,
    Selector,
    SubjectKind,
)
from pipeline.store.rule_spec import InvalidRuleError, from_spec, to_spec

TEXT = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20)
BOTH = st.builds(Name, TEXT, TEXT)
NUMBER = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
POSITIVE = st.floats(0.5, 1e6).map(lambda x: round(x, 3))
SECONDS = st.integers(1, 100_000).map(float)
WORD = st.from_regex(r"[a-z][a-z0-9]{0,10}", fullmatch=True)
WORDS = st.lists(WORD, max_size=3, unique=True).map(tuple)
TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))


def several(kind: Any, least: int = 0) -> Any:
    return st.lists(st.sampled_from(list(kind)), min_size=least, max_size=4, unique=True).map(tuple)


BAND = st.builds(lambda low, width, d: Limits(low, low + width, width * d), NUMBER, POSITIVE, st.floats(0, 0.4))
LIMITS = BAND | st.builds(Limits, NUMBER, st.none(), POSITIVE) | st.builds(Limits, st.none(), NUMBER)
CONDITIONS: dict[str, st.SearchStrategy[Condition]] = {
    "point": st.one_of(
        LIMITS,
        st.builds(InState, st.lists(NUMBER, min_size=1, max_size=3).map(tuple)),
        st.builds(NoData, POSITIVE),
        st.builds(Flat, SECONDS, POSITIVE),
        st.builds(Rate, POSITIVE | POSITIVE.map(lambda x: -x), SECONDS),
        st.builds(Compare, WORD, NUMBER, NUMBER, st.booleans(), POSITIVE, SECONDS),
        st.builds(Deviation, POSITIVE, POSITIVE, st.booleans(), st.integers(1, 30)),
        st.builds(Schedule, LIMITS, TIMES, TIMES, several(DayKind)).filter(lambda s: s.start != s.until),
    ),
    "device": st.one_of(
        st.builds(DoorIn, several(map(int, DoorState), 1)),
        st.builds(
            CountOf,
            st.integers(1, 100),
            SECONDS,
            several(map(int, AccessEventCode), 1),
            several(map(int, DoorState)),
            st.sampled_from([SubjectKind.DEVICE, SubjectKind.SPACE]),
        ),
        st.builds(NoData, POSITIVE),
        st.builds(ClockWrong, several(ClockFault)),
    ),
}


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    of = draw(st.sampled_from(["point", "device"]))
    safety = draw(st.booleans())
    return Rule(
        rule_id=draw(WORD),
        name=draw(BOTH),
        applies=Selector(
            devices=draw(WORDS),
            families=draw(several(Family)),
            types=draw(WORDS),
            spaces=draw(WORDS),
            brick=draw(st.sampled_from([(), ("Pump",), ("Pump", "PM2.5_Sensor")])),
            roles=draw(WORDS) if of == "point" else (),
            excluded=draw(WORDS),
        ),
        condition=draw(CONDITIONS[of]),
        priority=draw(st.sampled_from(Priority)),
        cause=draw(BOTH),
        consequence=draw(BOTH),
        response=tuple(draw(st.lists(BOTH, min_size=1, max_size=3))),
        respond_s=draw(SECONDS),
        point=draw(WORD) if of == "point" else None,
        on_delay_s=draw(SECONDS),
        off_delay_s=draw(SECONDS),
        reopen_s=draw(st.integers(0, 600_000).map(float)),
        late_limit_s=None if safety else draw(st.none() | SECONDS),
        life_safety=safety,
        latched=draw(st.booleans()),
        maintenance=not safety and draw(st.booleans()),
        position=draw(WORD),
        enabled=draw(st.booleans()),
        chatter_raises=draw(st.integers(2, 9)),
        chatter_s=draw(SECONDS),
        notes=draw(st.just("") | TEXT),
    )


@given(rules())
@settings(max_examples=300, deadline=None)
def test_every_rule_comes_back_as_it_was(rule: Rule) -> None:
    kept = json.loads(json.dumps(to_spec(rule)))
    found = from_spec(kept)
    assert found == rule
    assert found.notes == rule.notes
    assert to_spec(found) == kept


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
