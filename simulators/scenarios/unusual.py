"""A load that a building does not usually have at that hour: it comes and goes slowly, and the register counts it."""

from dataclasses import dataclass

import numpy as np

from pipeline.domain.park import Device
from pipeline.domain.rule import Deviation
from simulators.scenarios.effects import NEARLY, Read, Values
from simulators.scenarios.fault import Fault
from simulators.signals.noise import Array, Times

RISES_IN_S = 1800.0  # a jump is another rule's
DAYS_DIFFER = 0.12  # of a load: well above the robust spread of ordinary days (simulators/signals/load.py)
LEAST = 1.2  # of what the rule asks for at least


@dataclass(frozen=True, slots=True)
class Extra:
    """So many kW beside the others: rising, staying, and going as they came."""

    kw: float
    begin_s: float
    end_s: float

    @property
    def rises_s(self) -> float:
        return min(RISES_IN_S, (self.end_s - self.begin_s) / 3)

    def power(self, t: Times) -> Array:
        """kW at each instant."""
        slope = np.minimum(t - self.begin_s, self.end_s - t) / self.rises_s
        return np.asarray(self.kw * np.clip(slope, 0, 1))

    def energy(self, t: Times) -> Array:
        """kWh until each instant: the integral of power."""
        whole = self.rises_s
        up = np.clip(t - self.begin_s, 0, whole)
        stays = np.clip(t - self.begin_s - whole, 0, self.end_s - self.begin_s - 2 * whole)
        down = np.clip(self.end_s - t, 0, whole)
        seconds = up**2 / (2 * whole) + stays + (whole - down**2 / whole) / 2
        return np.asarray(self.kw * seconds / 3600)


def unusual(fault: Fault, device: Device, inner: Read) -> Read:
    """The same meter with that load behind it: power, current and register, which counts it for ever after."""
    asked, name = fault.rule.condition, str(fault.rule.point)
    assert isinstance(asked, Deviation)  # noqa: S101 - kinds.py sees to it
    usual = float(inner(np.array([fault.begin_s]))[name][0])
    wanted = LEAST * asked.at_least + asked.spreads * DAYS_DIFFER * (1 + 0.5 * fault.size) * usual
    high = next((p.high for p in device.points if p.name == name), None)
    room = np.inf if high is None else NEARLY * high - LEAST * usual
    extra = Extra(float(min(wanted, room)), fault.begin_s, fault.end_s)

    def values(t: Times) -> Values:
        found = inner(t)
        power = found[name] + extra.power(t)
        return {
            **found,
            name: power,
            "current": found["current"] * power / found[name],
            "energy": found["energy"] + extra.energy(t),
        }

    return values
