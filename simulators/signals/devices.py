"""From a device of the park file to its values: which signals it has, at which resolution they are sent."""

from collections.abc import Callable

import numpy as np

from pipeline.domain.park import Device, Family, Point, PointKind
from simulators.signals import facility, meters
from simulators.signals.load import DayShape, Load
from simulators.signals.meters import Values
from simulators.signals.noise import Array, Times, wander
from simulators.signals.site import Site

Builder = Callable[[Device, Site], Values]

BUILDERS: dict[tuple[Family, str], Builder] = {
    (Family.METER, "electricity"): meters.electricity,
    (Family.METER, "water"): meters.flow_meter,
    (Family.METER, "gas"): meters.flow_meter,
    (Family.METER, "heat"): meters.heat,
    (Family.SENSOR, "pump"): facility.pump,
    (Family.SENSOR, "lift"): facility.lift,
    (Family.SENSOR, "air-handling"): facility.air_handling,
    (Family.SENSOR, "room"): facility.room,
    (Family.SENSOR, "leak"): facility.dry("leak"),
    (Family.SENSOR, "smoke"): facility.dry("smoke"),
    (Family.SENSOR, "tank"): facility.tank,
    (Family.SENSOR, "waste-water"): facility.waste_water,
    (Family.SENSOR, "lighting"): facility.lighting,
}

# Digits after the point as such devices send them; what is not listed has one.
DECIMALS = {
    "energy": 2, "active_power": 2, "current": 2, "power_factor": 3, "volume": 3, "flow": 2, "heat_energy": 2,
    "pressure": 2, "vibration": 2, "run_hours": 3, "water_level": 3, "ph": 2, "co2": 0, "occupancy": 0, "pm25": 0,
    "illuminance": 0, "queued": 0, "uplink_signal": 0, "floor": 0, "door_cycles": 0,
}  # fmt: skip


class DeviceSignals:
    """The values of one device: call with park times, get an array per point in the park file's order (NaN: null)."""

    def __init__(self, device: Device, values: Values) -> None:
        self.device, self.values = device, values
        self.states = frozenset(p.name for p in device.points if p.kind is PointKind.STATE)

    def __call__(self, t: Times) -> dict[str, Array]:
        found = self.values(t)
        digits = {p.name: 0 if p.kind is PointKind.STATE else DECIMALS.get(p.name, 1) for p in self.device.points}
        return {name: np.round(found[name], places) for name, places in digits.items()}


def signals(device: Device, site: Site) -> DeviceSignals:
    """The signals of any device that has points; a point nobody drew a curve for gets a plain one."""
    builder = facility.gateway if device.family is Family.GATEWAY else BUILDERS.get((device.family, device.type))
    drawn = builder(device, site) if builder else None
    probe = set(drawn(np.array([1.6e9]))) if drawn else set()
    plain = {p.name: _plain(device, p, site=site) for p in device.points if p.name not in probe}

    def values(t: Times) -> dict[str, Array]:
        found = drawn(t) if drawn else {}
        return {**found, **{name: curve(t) for name, curve in plain.items()}}

    return DeviceSignals(device, values)


def _plain(device: Device, point: Point, *, site: Site) -> Callable[[Times], Array]:
    noise = site.key(device.device_id, point.name)
    if point.kind is PointKind.STATE:
        return lambda t: np.zeros(len(t))
    if point.kind is PointKind.COUNTER:
        steady = DayShape.through([(0, 1), (24, 1)])
        return Load(steady, scale=1.0, offset_s=site.offset_s, factor_keys=(noise,)).total
    low = point.low if point.low is not None else 0.0
    high = point.high if point.high is not None else low + 100.0
    return lambda t: (low + high) / 2 + (high - low) / 6 * wander(noise, t, period_s=3600)
