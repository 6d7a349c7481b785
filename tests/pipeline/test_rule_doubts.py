"""Limits that are allowed and hardly meant are told when a park file is applied."""

from dataclasses import replace

import pytest

from pipeline.domain.park import Name, Point, PointKind
from pipeline.domain.rule import Condition, Flat, Limits, Priority, Rule, Schedule, Selector
from pipeline.domain.rule_doubts import doubts

BOTH = Name("文", "text")
PRESSURE = Point("pressure", "bar", PointKind.GAUGE, low=0, high=16)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (Limits(high=6.5, deadband=0.5), []),
        (Limits(low=1, high=9, deadband=1), []),
        (Limits(high=16), ["nothing plausible is above 16; the highest is 16"]),
        (Limits(low=-1), ["nothing plausible is below -1; the lowest is 0"]),
        (Limits(high=5, deadband=6), ["nothing plausible ends it: it is over at -1, and the lowest is 0"]),
        (Limits(low=12, deadband=5), ["nothing plausible ends it: it is over at 17, and the highest is 16"]),
        (Schedule(Limits(high=99), "22:00", "06:00"), ["nothing plausible is above 99; the highest is 16"]),
        (Flat(3600.0), []),
    ],
)
def test_limits_beyond_what_is_plausible(condition: Condition, told: list[str]) -> None:
    rule = Rule("r", BOTH, Selector(), condition, Priority.HIGH, BOTH, BOTH, (BOTH,), 900, point="pressure")
    assert list(doubts(rule, [PRESSURE, PRESSURE])) == told
    assert list(doubts(rule, [PRESSURE, replace(PRESSURE, low=None, high=None)])) == [], "one of them has no bounds"
    assert list(doubts(rule, [])) == []


def test_points_of_different_units() -> None:
    rule = Rule("r", BOTH, Selector(), Limits(high=5), Priority.HIGH, BOTH, BOTH, (BOTH,), 900, point="pressure")
    (told,) = doubts(rule, [PRESSURE, replace(PRESSURE, unit="kPa")])
    assert told == "its points are in bar, kPa, and its limits are in one unit only"
