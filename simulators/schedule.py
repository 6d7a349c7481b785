"""What each device says and when: endless, ordered streams of messages, made from signals and happenings."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from pipeline.domain.park import Device, Family, Park
from simulators import payloads
from simulators.faults import Faults, Troubles, delivery
from simulators.happenings import Days
from simulators.payloads import Head, PackEntry, TimeKey, Value
from simulators.signals import DeviceSignals, signals
from simulators.signals.noise import share, wander
from simulators.signals.site import Site
from simulators.utterance import ExpectedSample, Utterance, floats, happened, status_utterance

BLOCK = 32  # ticks that are computed at once
FLUSH_S = 10.0  # a gateway sends what its small sensors said this often
PACKED = frozenset({"room", "leak", "smoke", "tank", "lighting"})  # small sensors speak through their gateway's packs
NUMBERED = frozenset({"electricity"})  # their firmware counts messages and gives no id
TIME_KEYS: dict[str, TimeKey] = {"water": "time", "gas": "time_s", "heat": "time_s", "pump": "time_us"}
BOOLEANS = frozenset({"leak", "smoke"})
BATTERY = frozenset({"leak", "smoke", "room"})

Sample = tuple[int, dict[str, float | None]]


@dataclass
class Cast:
    """All devices of a park ready to speak, under one seed; boot is the name of this start. troubles: what is wrong
    with them, instead of the standing faults."""

    park: Park
    seed: int
    boot: str
    rate: float = 1.0
    faulty: bool = True
    troubles: Troubles | None = None
    site: Site = field(init=False)
    faults: Troubles = field(init=False)
    days: Days = field(init=False)
    voices: dict[str, DeviceSignals] = field(init=False)

    def __post_init__(self) -> None:
        self.site = Site(self.park, self.seed)
        self.faults = self.troubles or (Faults.standing(self.site) if self.faulty else Faults())
        self.days = Days(self.site, drift_c=self.faults.drift_c, held_doors=self.faults.held_doors)
        self.voices = {
            d.device_id: self.faults.wrap(signals(d, self.site), self.site) for d in self.park.devices if d.points
        }
        self.tag = f"{self.site.key('messages') >> 48:04x}"

    def gateway_of(self, device: Device) -> str:
        """Whose connection a device speaks through; its own where no gateway is named."""
        return device.device_id if device.family is Family.GATEWAY else (device.gateway_id or device.device_id)

    def sources(self, start_s: float, *, since_s: float | None = None) -> list[Iterator[Utterance]]:
        """Every stream from `start_s` on; happenings from `since_s`, so that nobody is lost at a gate."""
        packed: dict[str, list[Device]] = {}
        streams: list[Iterator[Utterance]] = []
        gateways = {d.device_id for d in self.park.devices if d.family is Family.GATEWAY}
        for device in self.park.devices:
            if device.device_id in gateways or (device.type in PACKED and device.gateway_id in gateways):
                packed.setdefault(self.gateway_of(device), []).append(device)
            elif device.device_id in self.voices:
                streams.append(self._readings(device, start_s))
            if device.family in (Family.GATE, Family.SCANNER):
                streams.append(self._heartbeats(device, start_s))
        streams += [self._packs(gateway, members, start_s) for gateway, members in packed.items()]
        streams += [self._happenings(start_s if since_s is None else since_s)]
        streams += self.faults.further(self.voices, start_s, tag=self.tag)
        return [self._heard(stream) for stream in streams]

    def _heard(self, stream: Iterator[Utterance]) -> Iterator[Utterance]:
        """Without what is said behind a gateway that is away."""
        return (u for u in stream if not self.faults.gone(u.gateway, u.at_us))

    def births(self, at_us: int) -> list[Utterance]:
        """What every device says when it starts; a silent one doesn't."""
        now = np.array([at_us / 1e6])
        return [
            self.birth(d, at_us)
            for d in self.park.devices
            if not self.faults.silent_at(d.device_id, now, offset_s=self.site.offset_s)[0]
        ]

    def birth(self, device: Device, at_us: int, *, n: int = 0) -> Utterance:
        """The n-th birth of this boot (a gateway has one for every connection)."""
        head = Head(id=f"{self.boot}-birth" + (f"-{n}" if n else ""), boot=self.boot, time_us=at_us)
        payload = payloads.status(
            head,
            online=True,
            firmware=self.firmware(device),
            battery_pct=self.battery_pct(device),
            signal_dbm=self._dbm(device, at_us),
        )
        return status_utterance(device, gateway=self.gateway_of(device), head=head, payload=payload, online=True)

    def firmware(self, device: Device) -> str:
        """The firmware of a device's type; a few lag a release behind."""
        n = share(self.seed, device.type, "firmware")
        return f"2.{int(n * 5) + 1}.{0 if share(self.seed, device.device_id, 'lag') < 0.12 else int(n * 70) % 9 + 1}"

    def battery_pct(self, device: Device) -> float | None:
        """Charge of the small sensors; the others have mains."""
        return float(round(35 + 65 * share(self.seed, device.device_id, "battery"))) if device.type in BATTERY else None

    def farewell(self, device: Device, at_us: int) -> Utterance:
        """What a gateway says before it stops on purpose."""
        head = Head(id=f"{self.boot}-stop", boot=self.boot, time_us=at_us)
        payload = payloads.status(head, online=False, reason="stopped")
        return status_utterance(device, gateway=self.gateway_of(device), head=head, payload=payload, online=False)

    def will(self, n: int) -> bytes:
        """The last will for a gateway's n-th connection of this boot."""
        head = Head(id=f"{self.boot}-will" + (f"-{n}" if n else ""), boot=self.boot)
        return payloads.status(head, online=False, reason="last-will")

    def samples(self, device: Device, start_s: float, *, interval_s: float | None = None) -> Iterator[Sample]:
        """(device time in µs, values) of one device, for ever; each device has its own moment within the interval."""
        voice = self.voices[device.device_id]
        interval = interval_s or device.interval_s / self.rate
        phase = interval * share(self.seed, device.device_id, "phase")
        tick = math.ceil((start_s - phase) / interval)
        while True:
            t = np.round(phase + np.arange(tick, tick + BLOCK) * interval, 3)
            silent = self.faults.silent_at(device.device_id, t, offset_s=self.site.offset_s)
            if silent.all():  # it may be many hours until it talks again
                tick = math.ceil(
                    (self.faults.wakes(device.device_id, t[-1].item(), offset_s=self.site.offset_s) - phase) / interval
                )
                continue
            found = voice(t)
            columns = [c.tolist() for c in found.values()]
            for n, when in enumerate(t.tolist()):
                if not silent[n]:
                    yield round(when * 1000) * 1000, floats(found, [c[n] for c in columns])
            tick += BLOCK

    def _readings(self, device: Device, start_s: float) -> Iterator[Utterance]:
        key = TIME_KEYS.get(device.type, "time_ms")
        k = self.site.key(device.device_id, "delivery")
        gateway = self.gateway_of(device)
        for seq, (time_us, values) in enumerate(self.samples(device, start_s)):
            if device.type in NUMBERED:
                head = Head(boot=self.boot, seq=seq, time_us=time_us, key=key)
            else:
                head = Head(f"{self.tag}-{time_us // 1000:x}", time_us=time_us, key=key, offset_s=self.site.offset_s)
            copies, delay_s = delivery(k, time_us) if self.faulty else (1, 0.0)
            told = self.faults.head(device.device_id, head)
            payload = payloads.readings(told, self._sent(device, values))
            # Under a wrong time a reading is stored at its received time, which nobody can know here.
            samples = (ExpectedSample(device.device_id, time_us, values),) if told is head else ()
            yield Utterance(
                time_us, gateway, device, "readings", head.identity, payload,
                samples=samples, copies=copies, delay_s=delay_s,
            )  # fmt: skip

    def _packs(self, gateway_id: str, members: list[Device], start_s: float) -> Iterator[Utterance]:
        gateway = next(d for d in self.park.devices if d.device_id == gateway_id)
        streams = [(d, self.samples(d, start_s)) for d in members if d.device_id in self.voices]
        waiting = [next(s) for _, s in streams]
        k = self.site.key(gateway_id, "delivery")
        flush = FLUSH_S / self.rate
        phase = flush * share(self.seed, gateway_id, "flush")
        boundary = phase + math.ceil((start_s - phase) / flush) * flush
        while True:
            boundary += flush
            until_us = round(boundary * 1000) * 1000
            entries, samples = [], []
            for n, (device, stream) in enumerate(streams):
                while waiting[n][0] < until_us:
                    time_us, values = waiting[n]
                    own = None if device is gateway else device.device_id
                    entries.append(PackEntry(self._sent(device, values), own, time_us))
                    samples.append(ExpectedSample(device.device_id, time_us, values))
                    waiting[n] = next(stream)
            if entries:
                head = Head(id=f"{self.tag}-{until_us // 1000:x}p", boot=self.boot)
                copies, delay_s = delivery(k, until_us) if self.faulty else (1, 0.0)
                yield Utterance(
                    until_us, gateway_id, gateway, "readings", head.identity, payloads.pack(head, entries),
                    samples=tuple(samples), copies=copies, delay_s=delay_s,
                )  # fmt: skip

    def _heartbeats(self, device: Device, start_s: float) -> Iterator[Utterance]:
        gateway = self.gateway_of(device)
        interval = device.interval_s
        phase = interval * share(self.seed, device.device_id, "heartbeat")
        tick = math.ceil((start_s - phase) / interval)
        while True:
            time_us = round((phase + tick * interval) * 1000) * 1000
            head = Head(id=f"{self.tag}-{time_us // 1000:x}h", boot=self.boot, time_us=time_us)
            payload = payloads.status(head, online=True, signal_dbm=self._dbm(device, time_us))
            yield status_utterance(device, gateway=gateway, head=head, payload=payload, online=True)
            tick += 1

    def _happenings(self, since_s: float) -> Iterator[Utterance]:
        day = self.days.service_day(since_s)
        k = self.site.key("happenings delivery")
        while True:
            for happening in self.days.day(day):
                if happening.time_us < since_s * 1e6:
                    continue
                device = happening.device
                key: TimeKey = "time" if device.family is Family.SCANNER else "time_ms"
                head = Head(happening.id, time_us=happening.time_us, key=key, offset_s=self.site.offset_s)
                payload, event = happened(happening, head)
                copies, delay_s = delivery(k, happening.time_us) if self.faulty else (1, 0.0)
                yield Utterance(
                    happening.time_us, self.gateway_of(device), device, happening.message, head.identity, payload,
                    event=event, copies=copies, delay_s=delay_s,
                )  # fmt: skip
            day += timedelta(days=1)

    def _sent(self, device: Device, values: dict[str, float | None]) -> dict[str, Value]:
        """Values as the device writes them: states as integers, leak and smoke as booleans."""
        states = self.voices[device.device_id].states
        return {
            name: value if value is None or name not in states else (bool(value) if name in BOOLEANS else int(value))
            for name, value in values.items()
        }

    def _dbm(self, device: Device, at_us: int) -> float:
        base = -58 - 26 * share(self.seed, device.device_id, "distance")
        return round(
            base + 4 * float(wander(self.site.key(device.device_id, "dbm"), np.array([at_us / 1e6]), period_s=900)[0])
        )
