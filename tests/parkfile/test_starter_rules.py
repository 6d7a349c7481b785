"""The demo park's rules: each watches something, says all that a technician needs, and a healthy park raises none."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pipeline.domain.park import Park
from pipeline.domain.rule import CountOf, DoorIn, Limits, Priority, Rule, RuleKind
from pipeline.domain.subjects import Candidates
from pipeline.parkfile import read
from simulators.signals import signals
from simulators.signals.site import Site

QINGHE = Path(__file__).parents[2] / "simulators/parks/qinghe.toml"
NAMED = {
    "smoke", "lift-entrapment", "leak", "lift-fault", "pump-pressure-high", "pump-pressure-low", "pump-vibration",
    "water-flow-high", "tank-level-high", "tank-level-low", "supply-air-warm", "filter-dirty", "room-co2", "room-cold",
    "room-hot", "ph-band", "cod-high", "gateway-lost", "device-lost", "meter-stuck", "voltage-band", "power-unusual",
    "power-jump", "door-forced", "door-held", "door-tamper", "denials-burst", "clock-wrong", "lights-at-night",
    "supply-return", "gateway-hot",
}  # fmt: skip
HAN = re.compile(r"[\u4e00-\u9fff]")
MONDAY = 1_790_985_600.0  # 2026-10-03 00:00 UTC; a fortnight from there has every kind of weekday


@pytest.fixture(scope="module")
def park() -> Park:
    return read(QINGHE)


@pytest.fixture(scope="module")
def rules(park: Park) -> dict[str, Rule]:
    return {rule.rule_id: rule for rule in park.rules or ()}


def test_the_set_is_whole(rules: dict[str, Rule]) -> None:
    assert rules.keys() == NAMED
    assert {rule.kind for rule in rules.values()} == set(RuleKind)


def test_every_rule_watches_something(park: Park, rules: dict[str, Rule]) -> None:
    known = Candidates.of(park)
    counts = {name: len(known.subjects(rule)) for name, rule in rules.items()}
    assert min(counts.values()) > 0, counts
    assert counts["device-lost"] + counts["gateway-lost"] == len(park.devices)


def test_every_text_is_there_in_both_languages(rules: dict[str, Rule]) -> None:
    for rule in rules.values():
        for text in (rule.name, rule.cause, rule.consequence, *rule.response):
            assert HAN.search(text.zh), (rule.rule_id, text)
            assert not HAN.search(text.en), (rule.rule_id, text)


def test_life_safety_is_critical_and_few_rules_are(rules: dict[str, Rule]) -> None:
    urgent = {name for name, rule in rules.items() if rule.priority is Priority.CRITICAL}
    assert urgent == {name for name, rule in rules.items() if rule.life_safety}
    counts = Counter(rule.priority for rule in rules.values())
    assert counts[Priority.HIGH] <= len(rules) / 3
    assert all(rule.respond_s <= 600 for rule in rules.values() if rule.life_safety)


def test_limits_have_a_deadband_and_a_delay_against_blips(rules: dict[str, Rule]) -> None:
    limits = {name: rule for name, rule in rules.items() if isinstance(rule.condition, Limits)}
    assert not [name for name, rule in limits.items() if not rule.condition.deadband]
    assert {name for name, rule in limits.items() if not rule.on_delay_s} == {"tank-level-high", "tank-level-low"}


def test_a_healthy_park_stays_within_every_limit(park: Park, rules: dict[str, Rule]) -> None:
    """A fortnight of what the simulator's healthy devices measure, every five minutes, for two seeds."""
    t = MONDAY + np.arange(0, 14 * 86_400, 300.0)
    known = Candidates.of(park)
    devices = {device.device_id: device for device in park.devices}
    watched: dict[str, list[Rule]] = {}
    for rule in rules.values():
        if isinstance(rule.condition, Limits):
            for subject in known.subjects(rule):
                watched.setdefault(str(subject.device_id), []).append(rule)
    outside = Counter[str]()
    for seed in (1, 2):
        site = Site(park, seed)
        for name, of_device in watched.items():
            found = signals(devices[name], site)(t)
            for rule in of_device:
                limits, values = rule.condition, found[str(rule.point)]
                assert isinstance(limits, Limits)
                high, low = limits.high, limits.low
                beyond = (values > high if high is not None else False) | (values < low if low is not None else False)
                outside[rule.rule_id] += int(np.count_nonzero(beyond))
    assert not +outside


def test_doors_and_counts_belong_to_security(rules: dict[str, Rule]) -> None:
    assert {r.position for r in rules.values() if isinstance(r.condition, DoorIn | CountOf)} == {"security"}
