"""Signals are pure functions of time; registers are the integrals of their rates and never go back."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from pipeline import parkfile
from pipeline.domain.park import Park, PointKind
from simulators.faults import Faults
from simulators.schedule import Cast
from simulators.signals import signals
from simulators.signals.load import DayShape, Load
from simulators.signals.noise import slots, uniform, wander
from simulators.signals.site import Site, standard_offset_s
from tests.simulators.small_park import small_park

WORKDAY = datetime(2026, 11, 19, tzinfo=UTC).timestamp()  # a Thursday, 08:00 in Beijing
DAY = 86_400.0


@pytest.fixture(scope="module")
def demo() -> Park:
    return parkfile.read(Path("simulators/parks/qinghe.toml"))


def test_the_same_seed_makes_the_same_park_and_another_seed_another() -> None:
    t = WORKDAY + np.arange(0, 3600, 60.0)
    one, two, other = (Cast(small_park(), seed, boot="x") for seed in (7, 7, 8))
    for device_id, voice in one.voices.items():
        for name, values in voice(t).items():
            np.testing.assert_array_equal(values, two.voices[device_id](t)[name])
    power = "meter-b1-main"
    assert not np.array_equal(one.voices[power](t)["active_power"], other.voices[power](t)["active_power"])


def test_an_instant_has_one_value_however_it_is_asked_for() -> None:
    cast = Cast(small_park(), 7, boot="x")
    t = WORKDAY + np.arange(0, 7200, 300.0)
    for voice in cast.voices.values():
        together = voice(t)
        alone = [voice(t[n : n + 1]) for n in range(len(t))]
        for name, values in together.items():
            np.testing.assert_array_equal(values, [a[name][0] for a in alone])


def test_registers_never_go_back_from_history_into_live(demo: Park) -> None:
    cast = Cast(demo, 7, boot="x")
    history = WORKDAY - np.arange(7 * 288, 0, -1) * 300.0
    live = WORKDAY + np.arange(0, 600, 10.0)
    t = np.concatenate([history, live])
    for voice in cast.voices.values():
        counters = [p.name for p in voice.device.points if p.kind is PointKind.COUNTER]
        values = voice(t) if counters else {}
        for name in counters:
            steps = np.diff(values[name])
            assert steps.min() >= 0, (voice.device.device_id, name)
            hourly = steps[: len(history)].max() * 12
            assert steps[len(history) - 1 :].max() <= hourly, "a jump where history ends"


def test_a_register_is_the_integral_of_its_rate() -> None:
    shape = DayShape.through([(0, 0.2), (8, 0.3), (10, 1), (18, 0.9), (24, 0.2)])
    load = Load(shape, scale=300.0, offset_s=8 * 3600.0, factor_keys=(5, 6))
    for begin in (WORKDAY, WORKDAY + 1.7 * DAY, WORKDAY + 15.9 * 3600):  # also over a weekend and over midnight
        t = begin + np.arange(0, 2 * DAY + 1, 5.0)
        rate = load.rate(t)
        assert rate.min() > 0
        middle = (t[1:] + t[:-1]) / 2
        summed = float(load.rate(middle).sum() * 5 / 3600)
        grown = float(load.total(t)[-1] - load.total(t)[0])
        assert grown == pytest.approx(summed, rel=1e-5)


def test_signals_before_2020_are_refused() -> None:
    load = Load(DayShape.through([(0, 1), (24, 1)]), scale=1.0, offset_s=0.0, factor_keys=(1,))
    with pytest.raises(ValueError, match="2020"):
        load.total(np.array([1.5e9]))


def test_sub_meters_add_up_to_less_than_the_main_meter() -> None:
    cast = Cast(small_park(), 7, boot="x")
    t = WORKDAY + np.arange(0, DAY, 900.0)
    main = cast.voices["meter-b1-main"](t)
    below = [cast.voices[f"meter-b1-{use}"](t) for use in ("hvac", "lighting", "power")]
    rest = main["active_power"] - sum(b["active_power"] for b in below)
    assert rest.min() > 0
    grown = main["energy"][-1] - main["energy"][0]
    assert 0.6 * grown < sum(b["energy"][-1] - b["energy"][0] for b in below) < 0.95 * grown


def test_power_voltage_current_and_power_factor_agree() -> None:
    values = Cast(small_park(), 7, boot="x").voices["meter-b1-main"](WORKDAY + np.arange(0, DAY, 900.0))
    computed = 3 * values["voltage"] * values["current"] * values["power_factor"] / 1000
    np.testing.assert_allclose(computed, values["active_power"], rtol=2e-3)


def test_heat_is_flow_times_temperature_difference() -> None:
    values = Cast(small_park(), 7, boot="x").voices["meter-b1-heat"](WORKDAY + np.arange(0, DAY, 900.0))
    carried = values["flow"] * 1.163 * (values["supply_temperature"] - values["return_temperature"])
    np.testing.assert_allclose(carried, values["thermal_power"], rtol=1e-2)


def test_a_workday_differs_from_night_and_weekend() -> None:
    site = Site(small_park(), 7)
    noon, night, sunday = WORKDAY + 3 * 3600, WORKDAY + 18 * 3600, WORKDAY + 3 * DAY + 3 * 3600
    people = site.presence(np.array([noon, night, sunday]))
    assert people[0] > 0.8 and people[1] < 0.05 and people[2] < 0.2
    co2 = Cast(small_park(), 7, boot="x", faulty=False).voices["room-b1-2"](np.array([noon, night]))["co2"]
    assert co2[0] > co2[1] + 80


@pytest.mark.parametrize("seed", [1, 7])
def test_the_demo_park_stays_in_range_but_for_its_one_bad_pump(demo: Park, seed: int) -> None:
    cast = Cast(demo, seed, boot="x")
    t = WORKDAY + np.arange(0, 7 * DAY, 300.0)
    astray = set()
    for device_id, voice in cast.voices.items():
        bounds = {p.name: (p.low, p.high) for p in voice.device.points}
        for name, values in voice(t).items():
            low, high = bounds[name]
            known = values[~np.isnan(values)]
            if (low is not None and known.min() < low) or (high is not None and known.max() > high):
                astray.add((device_id, name))
    assert astray == {(device_id, "pressure") for device_id in cast.faults.straying}


def test_faults_are_wrappers_that_change_one_thing() -> None:
    site = Site(small_park(), 7)
    faults = Faults.standing(site)
    leak = next(d for d in site.park.devices if d.device_id in faults.leaking)
    t = WORKDAY + np.arange(0, 7 * DAY, 60.0)
    sound, faulty = signals(leak, site), faults.wrap(signals(leak, site), site)
    assert sound(t)["leak"].max() == 0
    assert 0.001 < faulty(t)["leak"].mean() < 0.05
    (silent,) = faults.silent
    quiet = faults.silent_at(silent, t, offset_s=site.offset_s)
    assert 0.9 < quiet.mean() < 0.97
    assert not faults.silent_at("gw-b1", t, offset_s=site.offset_s).any()


def test_noise_is_uniform_smooth_and_stable() -> None:
    numbers = uniform(42, np.arange(100_000))
    assert numbers.min() >= 0 and numbers.max() < 1 and abs(numbers.mean() - 0.5) < 0.005
    assert uniform(42, np.array([0, 1, -1])).tolist() == uniform(42, np.array([0, 1, -1])).tolist()
    steps = np.diff(wander(42, np.arange(0, 10_000, 1.0), period_s=100))
    assert np.abs(steps).max() < 0.04
    assert slots(42, np.arange(0, 1e6, 10.0), slot_s=1000, chance=0.5, length_s=100).mean() == pytest.approx(
        0.05, abs=0.01
    )


def test_the_zone_is_its_standard_one() -> None:
    assert standard_offset_s("Asia/Shanghai") == 8 * 3600
    assert standard_offset_s("Europe/Berlin") == 3600
    assert standard_offset_s("Australia/Sydney") == 10 * 3600
