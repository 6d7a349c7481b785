"""What is wrong with a park that is well: a few standing imperfections, as wrappers around signals and deliveries."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.park import Device, Family
from simulators.payloads import Head
from simulators.signals import DeviceSignals
from simulators.signals.load import calendar
from simulators.signals.noise import Array, Times, share, slots, uniform
from simulators.signals.site import Site
from simulators.utterance import Utterance

TALKS_FROM_H, TALKS_TO_H = 2.0, 3.5  # the silent device is heard in these hours only
DUPLICATED, LATE = 0.004, 0.003  # shares of messages
LATE_S = (15.0, 140.0)


class Delivery(NamedTuple):
    """How a message goes out: so many copies with the same id, so many seconds after its time."""

    copies: int = 1
    delay_s: float = 0.0


class Troubles(Protocol):
    """What is wrong with a park: the standing faults below, or those of a scenario (simulators/scenarios)."""

    @property
    def drift_c(self) -> dict[str, float]:
        """Scanners that measure so many °C too much."""

    @property
    def held_doors(self) -> bool:
        """Whether doors are held open now and then, as people do."""

    def silent_at(self, device_id: str, t: Times, *, offset_s: float) -> NDArray[np.bool_]:
        """Whether the device says nothing at these times."""

    def wakes(self, device_id: str, time_s: float, *, offset_s: float) -> float:
        """When a silent device is heard next, at or after this time."""

    def gone(self, gateway_id: str, at_us: int) -> bool:
        """Whether a gateway's connection is away."""

    def wrap(self, signals: DeviceSignals, site: Site) -> DeviceSignals:
        """A device's signals with its faults."""

    def head(self, device_id: str, head: Head) -> Head:
        """The head of a message as the device's clock writes it; the same object where the clock is right."""

    def further(self, voices: dict[str, DeviceSignals], start_s: float, *, tag: str) -> list[Iterator[Utterance]]:
        """What is said because of faults only."""


@dataclass(frozen=True)
class Faults:
    """Device ids by what is wrong with them; drift_c: scanners that measure so many °C too much."""

    silent: frozenset[str] = frozenset()
    leaking: frozenset[str] = frozenset()
    straying: frozenset[str] = frozenset()
    gappy: frozenset[str] = frozenset()
    drift_c: dict[str, float] = field(default_factory=dict)
    held_doors: bool = True

    @staticmethod
    def standing(site: Site) -> "Faults":
        """One of each, drawn from the seed."""
        rooms = _ranked(site, Family.SENSOR, "room")
        behind = [d for d in rooms if d.gateway_id]
        gates = [_place(d) for d in site.park.devices if d.family is Family.GATE and d.type != "door"]
        scanners = [s for s in _ranked(site, Family.SCANNER) if _place(s) in gates]  # where many people pass
        return Faults(
            silent=_ids(behind[:1]),
            leaking=_ids(_ranked(site, Family.SENSOR, "leak")[:1]),
            straying=_ids(_ranked(site, Family.SENSOR, "pump")[:1]),
            gappy=_ids(rooms[-1:]),
            drift_c={s.device_id: 0.3 for s in scanners[:1]},
        )

    def silent_at(self, device_id: str, t: Times, *, offset_s: float) -> NDArray[np.bool_]:
        """Whether the device says nothing at these times."""
        if device_id not in self.silent:
            return np.zeros(len(t), np.bool_)
        hour = calendar(t, offset_s).second / 3600
        return (hour < TALKS_FROM_H) | (hour >= TALKS_TO_H)

    def wakes(self, device_id: str, time_s: float, *, offset_s: float) -> float:
        """When a silent device is heard next, at or after this time."""
        start = TALKS_FROM_H * 3600 - offset_s
        return start + math.ceil((time_s - start) / 86_400) * 86_400

    def gone(self, gateway_id: str, at_us: int) -> bool:
        """Gateways stay."""
        return False

    def head(self, device_id: str, head: Head) -> Head:
        """Clocks are right."""
        return head

    def further(self, voices: dict[str, DeviceSignals], start_s: float, *, tag: str) -> list[Iterator[Utterance]]:
        """Nothing."""
        return []

    def wrap(self, signals: DeviceSignals, site: Site) -> DeviceSignals:
        """The same signals with this device's fault, if it has one."""
        device, inner = signals.device, signals.values
        k = site.key(device.device_id, "fault")
        points = {p.name: p for p in device.points}

        if device.device_id in self.leaking:

            def values(t: Times) -> dict[str, Array]:
                wet = slots(k, t, slot_s=14_400, chance=0.35, length_s=480)
                return {**inner(t), "leak": wet.astype(np.float64)}

        elif device.device_id in self.straying and "pressure" in points:
            high = points["pressure"].high or 10.0

            def values(t: Times) -> dict[str, Array]:
                found = inner(t)
                astray = slots(k, t, slot_s=2400, chance=0.4, length_s=260)
                return {**found, "pressure": np.where(astray, high * 1.06, found["pressure"])}

        elif device.device_id in self.gappy and "pm25" in points:

            def values(t: Times) -> dict[str, Array]:
                found = inner(t)
                return {
                    **found,
                    "pm25": np.where(slots(k, t, slot_s=3600, chance=0.5, length_s=300), np.nan, found["pm25"]),
                }

        else:
            return signals
        return DeviceSignals(device, values)


def delivery(k: int, time_us: int) -> Delivery:
    """The fate of the message that carries this key and device time."""
    fate, how = uniform(k, np.array([time_us // 1000, -time_us // 1000])).tolist()
    if fate < DUPLICATED:
        return Delivery(copies=2)
    if fate < DUPLICATED + LATE:
        return Delivery(delay_s=LATE_S[0] + (LATE_S[1] - LATE_S[0]) * how)
    return Delivery()


def _ranked(site: Site, family: Family, kind: str | None = None) -> list[Device]:
    chosen = [d for d in site.park.devices if d.family is family and kind in (None, d.type)]
    return sorted(chosen, key=lambda d: share(site.seed, d.device_id, "misfortune"))


def _place(device: Device) -> list[str]:
    """`east` of `gate-east-1` and of `scanner-east-2`."""
    return device.device_id.split("-")[1:-1]


def _ids(devices: list[Device]) -> frozenset[str]:
    return frozenset(d.device_id for d in devices)
