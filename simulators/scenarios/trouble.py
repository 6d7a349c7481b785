"""The faults of a scenario as wrappers around a park that is well: its signals, its clocks, its voices, its doors."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.access import AccessEvent, AccessEventCode, AccessKind, Direction, DoorState
from pipeline.domain.clock_fault import ClockFault
from pipeline.domain.park import Device, Park
from pipeline.domain.rule import CountOf, DoorIn
from simulators import payloads
from simulators.happenings import EPOCH, Happening
from simulators.misdated import misdated
from simulators.payloads import Head
from simulators.scenarios import effects
from simulators.scenarios.fault import Fault
from simulators.scenarios.kinds import KINDS
from simulators.scenarios.unusual import unusual
from simulators.signals import DeviceSignals
from simulators.signals.noise import Array, Times
from simulators.signals.site import Site
from simulators.utterance import ExpectedSample, Utterance, happened

JUMP_MIN = (9.0, 40.0)  # how far a clock jumps ahead
MORE_DENIALS = 3  # than the rule asks for
BURST_SHARE = 0.6  # of the rule's window that they take


@dataclass(frozen=True)
class Trouble:
    """What `Cast` asks of faults (simulators/faults.py has the standing ones). drift_c: none of it here."""

    park: Park
    faults: list[Fault]
    drift_c: dict[str, float] = field(default_factory=dict)
    held_doors: bool = False  # only on purpose

    def silent_at(self, device_id: str, t: Times, *, offset_s: float) -> NDArray[np.bool_]:
        """Whether the device says nothing at these times."""
        silent = np.zeros(len(t), np.bool_)
        for fault in self._of(device_id, "silent-device"):
            silent |= _during(fault, t)
        return silent

    def wakes(self, device_id: str, time_s: float, *, offset_s: float) -> float:
        """When a silent device is heard next, at or after this time."""
        return max([time_s, *(f.end_s for f in self._of(device_id, "silent-device") if f.begin_s <= time_s)])

    def gone(self, gateway_id: str, at_us: int) -> bool:
        """Whether a gateway's connection is away."""
        return any(f.begin_s <= at_us / 1e6 < f.end_s for f in self._of(gateway_id, "gateway-loss"))

    def wrap(self, signals: DeviceSignals, site: Site) -> DeviceSignals:
        """The same signals with what this device's faults make of them, each during its time."""
        device, values = signals.device, signals.values
        for fault in self.faults:
            if device.device_id not in fault.devices:
                continue
            if fault.kind == "stuck-meter":
                values = _stuck(fault, values)
            elif fault.kind == "unusual-load":
                values = unusual(fault, device, values)
            elif KINDS[fault.kind].effect is not None:
                values = _wrong(fault, device, values)
        return signals if values is signals.values else DeviceSignals(device, values)

    def head(self, device_id: str, head: Head) -> Head:
        """The head of a message as the device's clock writes it."""
        at_s = (head.time_us or 0) / 1e6
        for fault in self._of(device_id, "clock-jump", "naive-firmware"):
            if not fault.begin_s <= at_s < fault.end_s:
                continue
            if fault.kind == "naive-firmware":
                return misdated(head, ClockFault.NO_OFFSET, running_s=0)
            ahead_s = round(60 * (JUMP_MIN[0] + (JUMP_MIN[1] - JUMP_MIN[0]) * fault.size))
            return head._replace(time_us=(head.time_us or 0) + ahead_s * 1_000_000)
        return head

    def further(self, voices: dict[str, DeviceSignals], start_s: float, *, tag: str) -> list[Iterator[Utterance]]:
        """What is said because of faults only: at doors, and by a switch that reports every change."""
        devices = {d.device_id: d for d in self.park.devices}
        streams = []
        for fault in self.faults:
            device = devices[fault.devices[0]]
            if fault.kind == "chattering-level":
                streams.append(_changes(fault, device, voices[device.device_id], start_s, tag))
            elif isinstance(fault.rule.condition, DoorIn | CountOf):
                streams.append(_events(fault, device, start_s, tag))
        return [heapq.merge(*streams, key=lambda u: u.at_us)] if streams else []

    def _of(self, device_id: str, *wanted: str) -> list[Fault]:
        return [f for f in self.faults if f.kind in wanted and device_id in f.devices]


def _during(fault: Fault, t: Times) -> NDArray[np.bool_]:
    return np.asarray((t >= fault.begin_s) & (t < fault.end_s))


def _stuck(fault: Fault, inner: effects.Read) -> effects.Read:
    def values(t: Times) -> dict[str, Array]:
        return inner(np.where(_during(fault, t), fault.begin_s, t))

    return values


def _wrong(fault: Fault, device: Device, inner: effects.Read) -> effects.Read:
    effect = KINDS[fault.kind].effect
    assert effect is not None  # noqa: S101 - the caller looked

    def values(t: Times) -> dict[str, Array]:
        found = inner(t)
        now = _during(fault, t)
        bad = effect(fault, device, t, found) if now.any() else {}
        made = {**found, **{name: np.where(now, column, found[name]) for name, column in bad.items()}}
        if fault.kind == "burst-pipe" and "volume" in found:
            made["volume"] = effects.lost_water(fault, t, found)
        return made

    return values


def _changes(fault: Fault, device: Device, voice: DeviceSignals, start_s: float, tag: str) -> Iterator[Utterance]:
    """A reading at each crossing, by the device itself."""
    steps = np.arange(fault.begin_s + effects.CHATTER_S / 2, fault.end_s, effects.CHATTER_S)
    for when in steps[steps >= start_s].tolist():
        time_us = round(when * 1000) * 1000
        values: dict[str, float | None] = {
            name: column.item() for name, column in voice(np.array([when])).items() if name == fault.rule.point
        }
        head = Head(id=f"{tag}-{time_us // 1000:x}c", time_us=time_us)
        yield Utterance(
            time_us, device.gateway_id or device.device_id, device, "readings", head.identity,
            payloads.readings(head, values), samples=(ExpectedSample(device.device_id, time_us, values),),
        )  # fmt: skip


def _events(fault: Fault, gate: Device, start_s: float, tag: str) -> Iterator[Utterance]:
    for n, (at_s, kind, code) in enumerate(_told(fault)):
        if at_s < start_s:
            continue
        time_us = round(at_s * 1000) * 1000
        event = AccessEvent(EPOCH + timedelta(microseconds=time_us), kind, code, Direction.IN, gate.device_id)
        message = "door" if kind is AccessKind.DOOR else "access"
        badge = f"04{fault.key & 0xFFFFFF:06X}{n:02X}" if message == "access" else None
        happening = Happening(time_us, gate, message, f"{tag}-{time_us // 1000:x}f{n:x}", event, badge)
        head = Head(happening.id, time_us=time_us)
        payload, expected = happened(happening, head)
        gateway = gate.gateway_id or gate.device_id
        yield Utterance(time_us, gateway, gate, message, head.identity, payload, event=expected)


def _told(fault: Fault) -> list[tuple[float, AccessKind, int]]:
    """When the gate says what, because of a fault."""
    condition = fault.rule.condition
    if isinstance(condition, DoorIn):
        return [
            (fault.begin_s, AccessKind.DOOR, condition.states[0]),
            (fault.end_s, AccessKind.DOOR, DoorState.NORMAL),
        ]
    assert isinstance(condition, CountOf)  # noqa: S101 - nothing else tells of doors
    count = condition.at_least + MORE_DENIALS
    times = [fault.begin_s + n * BURST_SHARE * condition.within_s / count for n in range(count)]
    if condition.decisions:
        return [(at_s, AccessKind.DECISION, AccessEventCode(condition.decisions[0])) for at_s in times]
    return [(at_s, AccessKind.DOOR, condition.doors[0]) for at_s in times]
