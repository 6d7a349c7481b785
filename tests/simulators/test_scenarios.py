"""Scenarios: the seed decides, nothing is struck twice, each fault does what it says, and the truth says so."""

import json
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from pathlib import Path

import numpy as np
import pytest

from pipeline import parkfile
from pipeline.domain.clock import Clock
from pipeline.domain.errors import ConfigurationError
from pipeline.domain.park import Park
from pipeline.domain.rule import CountOf, Deviation, DoorIn, InState, Limits, Rate, Rule
from simulators.journal import Journal
from simulators.publisher import Publisher, micros, real_us
from simulators.run import PARK_FILE
from simulators.scenarios import draw, script, truth
from simulators.scenarios.fault import Fault
from simulators.scenarios.kinds import KINDS
from simulators.scenarios.script import Planned, Script
from simulators.scenarios.trouble import Trouble
from simulators.schedule import Cast
from simulators.utterance import Utterance
from tests.conftest import OwnBroker, wait_until

START = datetime(2026, 11, 17, 21, 30, tzinfo=UTC)  # 05:30 of a working day
SEEDS = range(12)


@pytest.fixture(scope="module")
def park() -> Park:
    plan = script.read("bad_day")
    return draw.part_of(parkfile.read(PARK_FILE), plan.gateways)


@pytest.fixture(scope="module")
def rules(park: Park) -> dict[str, Rule]:
    return {rule.rule_id: rule for rule in park.rules or ()}


def one(park: Park, rules: dict[str, Rule], kind: str, *, seed: int = 3, rule: str | None = None) -> Fault:
    """The fault of a scenario that has only this one, from 10 to 40 minutes after its begin."""
    count = 2 if KINDS[kind].several else 1
    plan = Script("test", "05:30", 1, (), (Planned(kind, (10, 10), (30, 30), rule, count),))
    return draw.draw(plan, park, rules=rules, seed=seed, start=START)[0]


def said(park: Park, *faults: Fault, minutes: float = 60) -> list[Utterance]:
    """Everything that is published of an hour with these faults, in order."""
    cast = Cast(park, 3, "b", faulty=False, troubles=Trouble(park, list(faults)))
    until = micros(START) + minutes * 60e6
    found: list[Utterance] = []
    for stream in cast.sources(START.timestamp()):
        found += takewhile(lambda u: u.at_us < until, stream)
    return sorted(found, key=lambda u: u.at_us)


def values(park: Park, fault: Fault, device: str, point: str, minute: float) -> float:
    cast = Cast(park, 3, "b", troubles=Trouble(park, [fault]))
    return float(cast.voices[device](np.array([START.timestamp() + 60 * minute]))[point][0])


@pytest.mark.parametrize("name", script.names())
def test_a_scenario_is_the_seeds_and_strikes_nothing_twice(park: Park, rules: dict[str, Rule], name: str) -> None:
    plan = script.read(name)
    for seed in SEEDS:
        faults = draw.draw(plan, park, rules=rules, seed=seed, start=START)
        assert faults == draw.draw(plan, park, rules=rules, seed=seed, start=START)
        struck = [d for fault in faults for d in fault.devices]
        for fault in faults:
            if fault.kind == "gateway-loss":
                struck += [d.device_id for d in park.devices if d.gateway_id == fault.devices[0]]
        assert len(struck) == len(set(struck))
        assert all(f.end_s <= START.timestamp() + plan.hours * 3600 for f in faults)
    assert plan.faults == () or draw.draw(plan, park, rules=rules, seed=1, start=START) != faults


def test_the_truth_is_written_and_read_as_it_was(park: Park, rules: dict[str, Rule], tmp_path: Path) -> None:
    plan = script.read("bad_day")
    faults = draw.draw(plan, park, rules=rules, seed=1, start=START)
    causes = draw.truth(faults, park, rules=rules, seed=1)
    truth.write(tmp_path / "truth.jsonl", causes)
    assert truth.read(tmp_path / "truth.jsonl") == causes
    assert [c.kind for c in causes] == [p.kind for p in plan.faults]
    assert all(c.must and c.begin < c.end <= c.until for c in causes)
    lines = (tmp_path / "truth.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["must"][0]["rule"] == causes[0].must[0].rule


def test_bad_day_has_what_makes_one() -> None:
    assert {p.kind for p in script.read("bad_day").faults} >= {
        "chiller-failure", "burst-pipe", "gateway-loss", "stuck-meter", "forced-door", "chattering-level", "clock-jump",
        "naive-firmware",
    }  # fmt: skip
    assert script.read("calm_day").faults == ()


def test_every_starter_rule_can_be_made_to_alarm_on_purpose(rules: dict[str, Rule]) -> None:
    planned = [p for name in script.names() for p in script.read(name).faults]
    served = {p.rule or KINDS[p.kind].rule for p in planned} | {r for p in planned for r in KINDS[p.kind].more}
    assert set(rules) - served == set()


def test_an_effect_lasts_as_long_as_its_fault_and_breaks_the_rules_limit(park: Park, rules: dict[str, Rule]) -> None:
    for rule in rules.values():
        if not rule.enabled or not isinstance(rule.condition, Limits | InState):
            continue
        fault = one(park, rules, "limit", rule=rule.rule_id)
        calm = Cast(park, 3, "b", faulty=False)
        at = {m: values(park, fault, fault.devices[0], str(rule.point), m) for m in (5, 25, 45)}
        usual = {
            m: float(calm.voices[fault.devices[0]](np.array([START.timestamp() + 60 * m]))[str(rule.point)][0])
            for m in at
        }
        assert (at[5], at[45]) == (usual[5], usual[45]), rule.rule_id
        for seen, wanted in ((at[25], True), (at[5], False)):
            condition = rule.condition
            if isinstance(condition, InState):
                assert (seen in condition.codes) is wanted, rule.rule_id
            else:
                over = (condition.high is not None and seen > condition.high) or (
                    condition.low is not None and seen < condition.low
                )
                assert over is wanted, rule.rule_id


def test_a_chiller_failure_warms_all_air_handlers_of_one_building(park: Park, rules: dict[str, Rule]) -> None:
    fault = one(park, rules, "chiller-failure")
    assert len(fault.devices) == 2
    limit = rules["supply-air-warm"].condition
    assert isinstance(limit, Limits) and limit.high
    for device in fault.devices:
        assert values(park, fault, device, "supply_temperature", 9) < limit.high
        warming = [values(park, fault, device, "supply_temperature", m) for m in (12, 20, 39)]
        assert warming == sorted(warming) and warming[-1] > limit.high


def test_a_burst_pipe_is_counted_by_the_register(park: Park, rules: dict[str, Rule]) -> None:
    fault = one(park, rules, "burst-pipe")
    meter = fault.devices[0]
    before, after = (values(park, fault, meter, "volume", m) for m in (10, 40))
    assert after - before > 0.5 * values(park, fault, meter, "flow", 25) * 0.8
    registers = [values(park, fault, meter, "volume", m) for m in range(0, 60, 5)]
    assert registers == sorted(registers), "a register never goes back"
    low = rules["pump-pressure-low"].condition
    assert isinstance(low, Limits) and low.low
    assert all(values(park, fault, pump, "pressure", 20) < low.low for pump in fault.devices[1:])


def test_an_unusual_load_comes_slowly_is_counted_and_stays_plausible(park: Park, rules: dict[str, Rule]) -> None:
    asked, jump = rules["power-unusual"].condition, rules["power-jump"].condition
    assert isinstance(asked, Deviation) and isinstance(jump, Rate)
    for seed in SEEDS:
        fault = one(park, rules, "unusual-load", seed=seed)
        meter = next(d for d in park.devices if d.device_id == fault.devices[0])
        calm, bad = (Cast(park, 3, "b", faulty=False, troubles=t) for t in (None, Trouble(park, [fault])))
        t = START.timestamp() + np.arange(0, 3600, 15.0)
        usual, seen = (cast.voices[meter.device_id](t) for cast in (calm, bad))
        more = seen["active_power"] - usual["active_power"]
        assert not more[(t < fault.begin_s) | (t >= fault.end_s)].any()
        assert more.max() > asked.at_least and (more >= 0).all()
        high = next(p.high for p in meter.points if p.name == "active_power")
        assert high and seen["active_power"].max() < high
        minutes = round(jump.within_s / 15)
        assert (seen["active_power"][minutes:] - seen["active_power"][:-minutes]).max() < jump.by
        counted = seen["energy"] - usual["energy"]
        assert counted[-1] == pytest.approx(more.sum() * 15 / 3600, rel=0.01), "the register has it for ever"
        drawn = 3 * seen["voltage"] * seen["current"] * seen["power_factor"] / 1000
        assert drawn == pytest.approx(seen["active_power"], rel=0.002), "as far as values are rounded"
        (cause,) = draw.truth([fault], park, rules=rules, seed=3)
        (must,) = cause.must
        assert (must.rule, must.device, must.point) == ("power-unusual", meter.device_id, "active_power")
        assert cause.begin < cause.since < cause.end


def test_nothing_is_heard_behind_a_gateway_that_is_away(park: Park, rules: dict[str, Rule]) -> None:
    fault = one(park, rules, "gateway-loss")
    through = [u.at_us / 1e6 - START.timestamp() for u in said(park, fault) if u.gateway == fault.devices[0]]
    assert not [s for s in through if 600 <= s < 2400]
    assert [s for s in through if s < 600] and [s for s in through if s >= 2400]


def test_a_silent_device_is_silent_and_wakes(park: Park, rules: dict[str, Rule]) -> None:
    fault = one(park, rules, "silent-device")
    device = fault.devices[0]
    heard = [s.time_us / 1e6 - START.timestamp() for u in said(park, fault) for s in u.samples if s.device_id == device]
    assert not [s for s in heard if 600 <= s < 2400]
    assert [s for s in heard if s < 600] and [s for s in heard if s >= 2400]


def test_a_stuck_meter_repeats_its_values(park: Park, rules: dict[str, Rule]) -> None:
    fault = one(park, rules, "stuck-meter")
    samples = [s for u in said(park, fault) for s in u.samples if s.device_id == fault.devices[0]]
    stuck = [s.values for s in samples if 600 <= s.time_us / 1e6 - START.timestamp() < 2400]
    assert len(stuck) > 100 and all(v == stuck[0] for v in stuck)
    assert samples[-1].values != stuck[0]


def test_a_level_switch_that_chatters_reports_each_crossing(park: Park, rules: dict[str, Rule]) -> None:
    fault = one(park, rules, "chattering-level")
    own = [u for u in said(park, fault) if u.device.device_id == fault.devices[0]]
    levels = [v for u in own for s in u.samples for v in s.values.values()]
    limit = rules["tank-level-high"].condition
    assert isinstance(limit, Limits) and limit.high
    over = [v is not None and v > limit.high for v in levels]
    assert len(over) > 200
    assert all(a != b for a, b in pairwise(over))
    assert len({u.identity for u in own}) == len(own)


@pytest.mark.parametrize("kind", ["clock-jump", "naive-firmware"])
def test_a_wrong_clock_writes_another_time_and_promises_no_reading(
    park: Park, rules: dict[str, Rule], kind: str
) -> None:
    fault = one(park, rules, kind)
    for device in fault.devices:
        own = [u for u in said(park, fault) if u.device.device_id == device and u.message == "readings"]
        during = [u for u in own if 600 <= u.at_us / 1e6 - START.timestamp() < 2400]
        assert len(during) > 10 and not any(u.samples for u in during)
        assert all(u.samples for u in own if u not in during)
        payload = json.loads(during[0].payload)
        if kind == "naive-firmware":
            local = datetime.fromtimestamp(during[0].at_us / 1e6, UTC) + timedelta(hours=8)
            assert datetime.fromisoformat(payload["time"]) == local.replace(tzinfo=None)
    if kind == "naive-firmware":
        assert len(fault.devices) == 2


@pytest.mark.parametrize("kind", ["forced-door", "held-door", "door-tamper", "denials-burst"])
def test_a_door_says_what_happens_to_it(park: Park, rules: dict[str, Rule], kind: str) -> None:
    fault = one(park, rules, kind)
    ids = {u.identity for u in said(park)}
    more = [u for u in said(park, fault) if u.identity not in ids]
    assert {u.device.device_id for u in more} == {fault.devices[0]}
    condition = fault.rule.condition
    if isinstance(condition, DoorIn):
        assert [u.event.what for u in more if u.event] == [
            str(int(condition.states[0])),
            "0",
        ]
    else:
        assert isinstance(condition, CountOf)
        assert len(more) > condition.at_least
        assert (more[-1].at_us - more[0].at_us) / 1e6 < condition.within_s


def test_a_lost_gateway_leaves_its_will_and_comes_back(
    broker: OwnBroker, park: Park, rules: dict[str, Rule], tmp_path: Path
) -> None:
    fault = one(park, rules, "gateway-loss")
    gateway = fault.devices[0]
    few = draw.part_of(park, (gateway, "gw-east"))
    cast = Cast(few, 3, "b9", faulty=False, troubles=Trouble(few, [fault]))
    journal = Journal(tmp_path / "journal.sqlite", park_id=few.park_id, real_us=real_us(), park_us=micros(START))
    publisher = Publisher(cast, mqtt_url=broker.url("simulator"), journal=journal, clock=Clock())
    link = publisher.links[gateway]

    def at(minute: float) -> None:
        publisher.step(micros(START) + round(minute * 60e6))

    publisher.begin(START)
    wait_until(link.connected.is_set, within=30, what="connected")
    wait_until(lambda: at(9.9) or publisher.outstanding == 0, within=30, what="PUBACKs")
    at(10.1)
    wait_until(lambda: not link.connected.is_set(), within=30, what="the connection is gone")
    mine = f"paho-mqtt-client-sim-{few.park_id}-{gateway}"
    wait_until(
        lambda: at(10.2) or mine not in {t.name for t in threading.enumerate()},
        within=30,
        what="nobody who could connect",
    )
    waiting = link.outstanding
    at(39.9)
    assert not link.connected.is_set()
    assert link.outstanding == waiting, "nothing was given to it meanwhile"
    at(40.1)
    wait_until(link.connected.is_set, within=30, what="connected again")
    wait_until(lambda: at(41) or publisher.outstanding == 0, within=30, what="PUBACKs")
    assert link.connections == 2
    publisher.finish(within_s=10)
    journal.close()


def test_what_a_scenario_file_says_wrong_is_told(park: Park, rules: dict[str, Rule], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="calm_day"):
        script.read("no_such_day")
    (tmp_path / "x.toml").write_text('begin = "05:30"\nhours = 1\n[[fault]]\nkind = "leak"\n')
    with pytest.raises(ConfigurationError, match="after_min"):
        script.read(str(tmp_path / "x.toml"))
    strange = Script("x", "05:30", 1, (), (Planned("flood", (0, 1), (1, 2)),))
    with pytest.raises(ConfigurationError, match="burst-pipe"):
        draw.draw(strange, park, rules=rules, seed=1, start=START)
    unruly = Script("x", "05:30", 1, (), (Planned("leak", (0, 1), (1, 2)),))
    with pytest.raises(ConfigurationError, match="needs the rule 'leak'"):
        draw.draw(unruly, park, rules={}, seed=1, start=START)
