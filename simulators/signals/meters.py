"""Electricity, water, gas and heat: rates and registers that agree, and a main meter that is the sum of its parts."""

from collections.abc import Callable

import numpy as np

from pipeline.domain.park import Device, Family
from simulators.signals.load import DayShape, Load
from simulators.signals.noise import Array, Times, between, wander
from simulators.signals.site import Site

Values = Callable[[Times], dict[str, Array]]

USES = {
    "hvac": DayShape.through(
        [(0, 0.22), (6.4, 0.26), (7.4, 0.98), (10, 0.86), (14, 1), (17.8, 0.82), (19.5, 0.5), (22.5, 0.25), (24, 0.22)]
    ),
    "lighting": DayShape.through(
        [(0, 0.12), (6.5, 0.14), (8.7, 0.82), (12.2, 0.74), (16.5, 0.88), (18.3, 0.98), (20.5, 0.5), (23, 0.15),
         (24, 0.12)]
    ),
    "power": DayShape.through(
        [(0, 0.3), (7.8, 0.34), (9.6, 0.96), (12.3, 0.76), (14, 1), (17.6, 0.95), (19.2, 0.58), (22.5, 0.34), (24, 0.3)]
    ),
    "unallocated": DayShape.through([(0, 0.42), (7.5, 0.46), (9.5, 1), (18, 0.92), (21, 0.55), (24, 0.42)]),
}  # fmt: skip
SHARES = {"hvac": 0.42, "lighting": 0.18, "power": 0.26, "unallocated": 0.14}
PLANT = DayShape.through([(0, 0.8), (8, 0.93), (14, 1), (20, 0.9), (24, 0.8)], rest=0.9)
STREET_LIGHTS = DayShape.through([(0, 1), (6.4, 1), (6.9, 0.06), (16.9, 0.06), (17.5, 1), (24, 1)], rest=1.0)
FLOWS = {
    "water": (DayShape.through([(0, 0.05), (7, 0.12), (9.3, 0.8), (12.2, 1), (14, 0.7), (18, 0.75), (21, 0.2),
                                (24, 0.05)]), 7.0),
    "gas": (DayShape.through([(0, 0.08), (6, 0.1), (7, 0.5), (9, 0.2), (11, 1), (13, 0.5), (14, 0.15), (17, 0.85),
                              (19, 0.4), (21, 0.1), (24, 0.08)]), 26.0),
    "heat": (DayShape.through([(0, 0.4), (5.5, 0.45), (7, 1), (10, 0.8), (15, 0.65), (18, 0.7), (21, 0.5),
                               (24, 0.4)], rest=0.6), 310.0),
}  # fmt: skip
WATER_KWH_PER_M3_K = 1.163  # heat that 1 m³ of water carries per kelvin


def electricity(device: Device, site: Site) -> Values:
    """Power, register, voltage, current and power factor; P = 3 · U · I · cos φ holds at every instant."""
    parts = _parts(device, site)
    start = round(between(20_000, 400_000, seed=site.seed, names=(device.device_id, "register")))
    noise = site.key(device.device_id, "electric")

    def values(t: Times) -> dict[str, Array]:
        power = np.sum([p.rate(t) for p in parts], axis=0)
        voltage = 231.5 + 2.2 * wander(noise, t, period_s=1500) - 1.8 * site.presence(t)
        factor = 0.945 + 0.025 * wander(noise + 1, t, period_s=2700)
        return {
            "energy": start + np.sum([p.total(t) for p in parts], axis=0),
            "active_power": power,
            "voltage": voltage,
            "current": power * 1000 / (3 * voltage * factor),
            "power_factor": factor,
        }

    return values


def flow_meter(device: Device, site: Site) -> Values:
    """Water or gas: flow in m³/h, register in m³."""
    load = _flow_load(device, site)
    return lambda t: {"volume": load.total(t), "flow": load.rate(t)}


def heat(device: Device, site: Site) -> Values:
    """A heat meter: power, energy, temperatures, and the water that carries it (power = flow · 1.163 · ΔT)."""
    load = _flow_load(device, site)
    spread_k = between(17, 22, seed=site.seed, names=(device.device_id, "spread"))
    noise = site.key(device.device_id, "supply")

    def values(t: Times) -> dict[str, Array]:
        power, energy = load.rate(t), load.total(t)
        supply = 64 - 0.45 * (site.outdoor_c(t) - 10) + 1.5 * wander(noise, t, period_s=3600)
        return {
            "heat_energy": energy,
            "thermal_power": power,
            "supply_temperature": supply,
            "return_temperature": supply - spread_k,
            "volume": energy / (WATER_KWH_PER_M3_K * spread_k),
            "flow": power / (WATER_KWH_PER_M3_K * spread_k),
        }

    return values


def role(device: Device) -> str | None:
    """What a meter counts: `main`, an end use, or None."""
    return next((p.role for p in device.points if p.role), None)


def _parts(device: Device, site: Site) -> list[Load]:
    building, use = site.building(device), role(device)
    if use != "main":
        return [_use_load(device.device_id, use or "tenant", site=site, building=building, among=_twins(device, site))]
    below = [
        d
        for d in site.park.devices
        if d.family is Family.METER and d.type == device.type and site.building(d) == building and role(d) in SHARES
    ]
    parts = [_use_load(d.device_id, str(role(d)), site=site, building=building, among=_twins(d, site)) for d in below]
    missing = [use for use in SHARES if use not in {role(d) for d in below}]
    return parts + [
        _use_load(f"{device.device_id}/{use}", use, site=site, building=building, among=1) for use in missing
    ]


def _twins(device: Device, site: Site) -> int:
    """How many meters share this one's use in its building."""
    own = (site.building(device), role(device), device.type)
    return sum((site.building(d), role(d), d.type) == own for d in site.park.devices if d.family is Family.METER)


def _peak_kw(building: str, site: Site) -> float:
    """A building's usual peak: some way below what its main meter is made for."""
    part = between(0.5, 0.66, seed=site.seed, names=(site.park.park_id, building, "peak"))
    for device in site.park.devices:
        if device.family is Family.METER and site.building(device) == building and role(device) == "main":
            bound = next((p.high for p in device.points if p.name == "active_power"), None)
            if bound:
                return bound * part
    return 700 * part


def _use_load(name: str, use: str, *, site: Site, building: str, among: int) -> Load:
    shape, size = USES.get(use, USES["power"]), SHARES.get(use, 0.1)
    if use == "tenant":
        shape, size = USES["power"], 0.5 * between(0.7, 1.1, seed=site.seed, names=(name, "size"))
    elif "plaza" in building:
        shape = STREET_LIGHTS if use == "lighting" else USES["unallocated"]
    elif "wwtp" in building:
        shape = PLANT
    return Load(
        shape,
        scale=_peak_kw(building, site) * size / among,
        offset_s=site.offset_s,
        factor_keys=(site.key(name, "factor"), site.key("weather factor")),
        spread=0.14,
        ripple=0.07,
    )


def _flow_load(device: Device, site: Site) -> Load:
    shape, scale = FLOWS[device.type]
    size = between(0.7, 1.3, seed=site.seed, names=(device.device_id, "size"))
    return Load(
        shape,
        scale=scale * size,
        offset_s=site.offset_s,
        factor_keys=(site.key(device.device_id, "factor"), site.key("weather factor")),
        start=round(between(200, 9000, seed=site.seed, names=(device.device_id, "register"))),
        ripple=0.04,
    )
