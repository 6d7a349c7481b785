"""Pumps, lifts, air handling, rooms, leak and smoke sensors, tanks, waste water, lighting, and the gateways."""

from collections.abc import Callable

import numpy as np

from pipeline.domain.park import Device
from simulators.signals.load import DayShape, Load, calendar
from simulators.signals.meters import Values
from simulators.signals.noise import Array, Times, between, uniform, wander
from simulators.signals.site import Site

_DAY = 86_400.0
_HOURS = DayShape.through([(0, 0), (6.7, 0), (7.3, 1), (19.5, 1), (21, 0.15), (22.5, 0), (24, 0)], rest=0.35)
_TRIPS = DayShape.through(
    [(0, 0.01), (7.3, 0.05), (8.9, 1), (10, 0.45), (12, 0.95), (13.2, 0.7), (16, 0.4), (18.2, 1), (20, 0.2), (24, 0.01)]
)


def pump(device: Device, site: Site) -> Values:
    """Runs by duty cycle; run_hours is that cycle's exact integral."""
    period = between(1500, 4200, seed=site.seed, names=(device.device_id, "period"))
    duty = between(0.45, 0.8, seed=site.seed, names=(device.device_id, "duty"))
    shift = between(0, period, seed=site.seed, names=(device.device_id, "shift"))
    bar = between(3.0, 4.6, seed=site.seed, names=(device.device_id, "bar"))
    noise = site.key(device.device_id, "pump")

    def values(t: Times) -> dict[str, Array]:
        cycle = np.floor((t - shift) / period)
        inside = t - shift - cycle * period
        running = inside < duty * period
        return {
            "running": running.astype(np.float64),
            "pressure": np.where(running, bar, 0.55 * bar) + 0.12 * wander(noise, t, period_s=240),
            "vibration": np.where(running, 2.1, 0.15) * (1 + 0.25 * wander(noise + 1, t, period_s=400)),
            "run_hours": (cycle * duty * period + np.minimum(inside, duty * period)) / 3600 - 200_000,
        }

    return values


def lift(device: Device, site: Site) -> Values:
    """Stops at a floor of its own building; doors count every trip."""
    top = int(next((p.high for p in device.points if p.name == "floor" and p.high), 12))
    trips = Load(
        _TRIPS,
        scale=between(60, 110, seed=site.seed, names=(device.device_id, "trips")),
        offset_s=site.offset_s,
        factor_keys=(site.key(device.device_id, "trips"),),
    )
    stop = site.key(device.device_id, "stop")

    def values(t: Times) -> dict[str, Array]:
        done = np.floor(trips.total(t))
        index = done.astype(np.int64)
        floor = 1 + np.floor(uniform(stop, index) ** 1.5 * top)  # the lobby is the commonest stop
        return {"floor": floor, "door_cycles": done, "fault": np.zeros(len(t)), "entrapment": np.zeros(len(t))}

    return values


def air_handling(device: Device, site: Site) -> Values:
    """Fan by working hours; the filter clogs over weeks and is changed."""
    fan = Load(_HOURS, scale=62.0, offset_s=site.offset_s, factor_keys=(site.key(device.device_id, "fan"),), ripple=0)
    life = between(25, 45, seed=site.seed, names=(device.device_id, "filter")) * _DAY
    age = between(0, 1, seed=site.seed, names=(device.device_id, "age"))
    noise = site.key(device.device_id, "air")

    def values(t: Times) -> dict[str, Array]:
        speed = 12 + np.maximum(fan.rate(t), 0)
        back = 22.6 + 0.8 * site.presence(t) + 0.5 * wander(noise, t, period_s=5400)
        worn = (t / life + age) % 1.0
        return {
            "supply_temperature": back - 4.2 * speed / 74 + 0.3 * wander(noise + 1, t, period_s=900),
            "return_temperature": back,
            "fan_speed": speed + 1.5 * wander(noise + 2, t, period_s=600),
            "filter_pressure": (55 + 130 * worn) * (0.4 + 0.6 * speed / 74) + 3 * wander(noise + 3, t, period_s=300),
        }

    return values


def room(device: Device, site: Site) -> Values:
    """CO₂ follows people with a delay of some minutes; dust comes from outside."""
    seats = between(6, 60, seed=site.seed, names=(device.device_id, "seats"))
    per_person = between(300, 520, seed=site.seed, names=(device.device_id, "air")) / seats
    noise = site.key(device.device_id, "room")

    def people(t: Times) -> Array:
        use = np.clip(0.72 + 0.35 * wander(noise, t, period_s=2700), 0, 1)
        return np.floor(seats * np.minimum(site.presence(t) * use, 1.0) + 0.5)

    def values(t: Times) -> dict[str, Array]:
        crowd = np.mean([people(t - lag) for lag in (0, 420, 840, 1260, 1680)], axis=0)
        return {
            "co2": 425 + per_person * crowd + 12 * wander(noise + 1, t, period_s=300),
            "temperature": 21.6 + 1.6 * crowd / seats + 0.7 * wander(noise + 2, t, period_s=7200),
            "humidity": 41 + 6 * wander(noise + 3, t, period_s=9000) + 4 * crowd / seats,
            "pm25": np.maximum(3, 0.42 * site.outdoor_pm25(t) + 3 * wander(noise + 4, t, period_s=1800)),
            "occupancy": people(t),
        }

    return values


def tank(device: Device, site: Site) -> Values:
    """Fills in a third of its cycle, empties in the rest."""
    period = between(3.5, 7, seed=site.seed, names=(device.device_id, "period")) * 3600
    shift = between(0, period, seed=site.seed, names=(device.device_id, "shift"))

    def values(t: Times) -> dict[str, Array]:
        x = ((t + shift) / period) % 1.0
        wave = 0.01 * wander(site.key(device.device_id), t, period_s=60)
        return {"water_level": 1.4 + 1.5 * np.where(x < 1 / 3, 3 * x, 1.5 * (1 - x)) + wave}

    return values


def waste_water(device: Device, site: Site) -> Values:
    """What leaves the park's own treatment plant."""
    flow = Load(
        DayShape.through([(0, 0.45), (6, 0.4), (9.5, 1), (12.5, 0.95), (18, 0.9), (24, 0.45)], rest=0.5),
        scale=44.0, offset_s=site.offset_s, factor_keys=(site.key(device.device_id, "flow"),),
    )  # fmt: skip
    noise = site.key(device.device_id, "waste")
    return lambda t: {
        "ph": 7.25 + 0.3 * wander(noise, t, period_s=9000) + 0.04 * wander(noise + 1, t, period_s=200),
        "cod": 66 + 17 * wander(noise + 2, t, period_s=10_800) + 2.5 * wander(noise + 3, t, period_s=240),
        "flow": flow.rate(t),
    }


def lighting(device: Device, site: Site) -> Values:
    """On by working hours indoors, by night outdoors."""
    outdoors = "plaza" in site.building(device)
    late = between(-0.6, 0.8, seed=site.seed, names=(device.device_id, "hours"))
    lux = between(12, 30, seed=site.seed, names=(device.device_id, "lux")) * (1 if outdoors else 20)
    noise = site.key(device.device_id, "light")

    def values(t: Times) -> dict[str, Array]:
        when = calendar(t, site.offset_s)
        hour = when.second / 3600
        night = (hour < 6.6) | (hour > 17.1)
        on = night if outdoors else (hour > 7.6 + late) & (hour < 20.4 + late) & ((when.kind == 0) | (hour < 15))
        sun = np.maximum(0, np.sin((hour - 6.5) / 11 * np.pi)) * (2400 if outdoors else 140)
        return {
            "on": on.astype(np.float64),
            "illuminance": (on * lux + sun) * (1 + 0.05 * wander(noise, t, period_s=900)),
        }

    return values


def gateway(device: Device, site: Site) -> Values:
    """How the gateway itself is doing."""
    noise = site.key(device.device_id, "gateway")
    return lambda t: {
        "cpu_temperature": 47 + 6 * wander(noise, t, period_s=5400),
        "uplink_signal": -68 + 9 * wander(noise + 1, t, period_s=2400),
        "queued": np.floor(np.maximum(0, 6 * wander(noise + 2, t, period_s=90) - 4)),
    }


def dry(point: str) -> Callable[[Device, Site], Values]:
    """A leak or smoke sensor that has nothing to say; incidents are faults (simulators.faults)."""
    return lambda device, site: lambda t: {point: np.zeros(len(t))}
