"""What gates and scanners notice of one service day: decisions, denials, passages, door states, screenings.

A day is drawn whole, from the seed: history and live run tell the same story, with the same message ids.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.access import AccessEvent, AccessEventCode, AccessKind, Direction, DoorState
from pipeline.domain.park import Device, Family
from pipeline.domain.screening import TemperatureScreening
from simulators.people import HOLDERS, Passages, badges, credentials, generator, passages
from simulators.screenings import screen
from simulators.signals.noise import Array, between
from simulators.signals.site import Site

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DENIED, GAVE_UP, UNKNOWN_DIRECTION = 0.005, 0.002, 0.0012  # shares of passages
DENIALS = (
    (AccessEventCode.DENIED_UNKNOWN_CREDENTIAL, 0.24), (AccessEventCode.DENIED_CREDENTIAL_EXPIRED, 0.2),
    (AccessEventCode.DENIED_ZONE_NO_ACCESS_RIGHTS, 0.14), (AccessEventCode.DENIED_PASSBACK, 0.13),
    (AccessEventCode.DENIED_OUT_OF_TIME_RANGE, 0.1), (AccessEventCode.DENIED_AUTHENTICATION_FACTOR_TIMEOUT, 0.07),
    (AccessEventCode.DENIED_CREDENTIAL_MANUAL_DISABLE, 0.05), (AccessEventCode.DENIED_VERIFICATION_FAILED, 0.04),
    (AccessEventCode.DENIED_AUTHENTICATION_FACTOR_LOST, 0.03),
)  # fmt: skip
DOOR_BADGES = 90  # decisions a day at a door inside a building
SCREENED_AT_DOORS = 3  # of so many people at a door with a scanner one is a guest, and screened


class Happening(NamedTuple):
    """One event of one device; time_us is device time, µs since 1970; badge is the credential that was shown."""

    time_us: int
    device: Device
    message: str
    id: str
    event: AccessEvent | TemperatureScreening
    badge: str | None = None


@dataclass(frozen=True)
class Entrances:
    """The park's gates: turnstiles count people; doors inside buildings only decide. A scanner stands where a gate of
    the same place is (`scanner-east-2` by `gate-east-…`)."""

    turnstiles: list[Device]
    doors: list[Device]
    scanner_of: dict[str, Device]
    weights: Array

    @staticmethod
    def of(site: Site) -> "Entrances":
        gates = [d for d in site.park.devices if d.family is Family.GATE]
        turnstiles = [d for d in gates if d.type != "door"] or gates
        scanners = [d for d in site.park.devices if d.family is Family.SCANNER]
        beside = {}
        for n, gate in enumerate(gates):
            place = gate.device_id.split("-")[1:-1]
            if near := [s for s in scanners if s.device_id.split("-")[1:-1] == place]:
                beside[gate.device_id] = near[n % len(near)]
        size = [between(1, 3, seed=site.seed, names=(g.device_id, "weight")) for g in turnstiles]
        return Entrances(turnstiles, [g for g in gates if g not in turnstiles], beside, np.array(size))


class Days:
    """The happenings of a park, service day by service day."""

    def __init__(self, site: Site, *, drift_c: dict[str, float] | None = None, held_doors: bool = True) -> None:
        self.site, self.entrances, self.drift_c = site, Entrances.of(site), drift_c or {}
        self.held_doors = held_doors
        self.company_of = credentials(site.seed, [c.company_id for c in site.park.companies])
        self.badges = badges(site.seed)
        self.tag = f"{site.key('happenings') >> 48:04x}"
        self._kept: tuple[date, int, list[Happening]] | None = None

    def service_day(self, time_s: float) -> date:
        """The service day (04:00 to 04:00 park time) that an instant lies in."""
        return (EPOCH + timedelta(seconds=time_s + self.site.offset_s - 4 * 3600)).date()

    def day(self, day: date, *, granted: int = 1) -> list[Happening]:
        """Everything of one service day in time order; of granted decisions only every so-manieth."""
        site, gates = self.site, self.entrances
        if not gates.turnstiles:
            return []
        midnight = (day.toordinal() - EPOCH.date().toordinal()) * 86_400 - site.offset_s
        rng = generator(site.seed, "happenings", day.isoformat())
        walk = passages(site.seed, day, weights=gates.weights)
        time_us = np.round((walk.second + midnight) * 1e6 / 1000).astype(np.int64) * 1000
        add = _Adder(self.company_of, self.badges, f"{self.tag}-{day:%y%m%d}")
        self._decide(add, walk, time_us, rng, granted=granted)
        for n in range(len(walk)):
            way = Direction.IN if walk.inward[n] else Direction.OUT
            add.passage(int(time_us[n]), gates.turnstiles[walk.gate[n]], n, way)
        stray = rng.integers(len(walk), size=rng.poisson(UNKNOWN_DIRECTION * len(walk)))
        for n, at in enumerate(stray):
            gate = gates.turnstiles[walk.gate[at]]
            add.passage(int(time_us[at]) + 40_000_000, gate, len(walk) + n, Direction.UNKNOWN)
        self._screen(add, walk, time_us, rng)
        self._doors(add, day, midnight, rng, granted=granted)
        return sorted(add.found, key=lambda h: h.time_us)

    def between(self, begin_s: float, end_s: float, *, granted: int = 1) -> list[Happening]:
        """Everything with begin_s <= device time < end_s, in time order."""
        found: list[Happening] = []
        day = self.service_day(begin_s)
        while day <= self.service_day(end_s):
            if self._kept is None or self._kept[:2] != (day, granted):
                self._kept = (day, granted, self.day(day, granted=granted))
            found += (h for h in self._kept[2] if begin_s * 1e6 <= h.time_us < end_s * 1e6)
            day += timedelta(days=1)
        return found

    def _decide(
        self, add: "_Adder", walk: Passages, time_us: NDArray[np.int64], rng: np.random.Generator, *, granted: int
    ) -> None:
        size, turnstiles = len(walk), self.entrances.turnstiles
        before = np.round(rng.uniform(900, 2600, size)).astype(np.int64) * 1000
        hesitate = np.round(rng.uniform(5000, 24_000, size)).astype(np.int64) * 1000
        fate = rng.random(size)
        odds = np.array([p for _, p in DENIALS])
        why = rng.choice(len(DENIALS), size, p=odds / odds.sum())
        for n in range(size):
            gate, at = turnstiles[walk.gate[n]], int(time_us[n] - before[n])
            way = Direction.IN if walk.inward[n] else Direction.OUT
            person = int(walk.person[n])
            if n % granted == 0:
                add.decision(at, gate, 2 * n, AccessEventCode.GRANTED, way, person)
            if fate[n] < DENIED:
                add.decision(at - int(hesitate[n]), gate, 2 * n + 1, DENIALS[why[n]][0], way, person)
            elif fate[n] < DENIED + GAVE_UP:
                code = AccessEventCode.NO_ENTRY_AFTER_GRANTED
                add.decision(at - int(hesitate[n]), gate, 2 * n + 1, code, way, person)

    def _screen(self, add: "_Adder", walk: Passages, time_us: NDArray[np.int64], rng: np.random.Generator) -> None:
        gates, scanner_of = self.entrances.turnstiles, self.entrances.scanner_of
        rows = [n for n in np.flatnonzero(walk.first) if gates[walk.gate[n]].device_id in scanner_of]
        if not rows:
            return
        at = np.array([time_us[n] for n in rows]) - np.round(rng.uniform(3000, 7000, len(rows))).astype(np.int64) * 1000
        scanners = [scanner_of[gates[walk.gate[n]].device_id] for n in rows]
        for n, when, scanner, event in zip(
            rows,
            at.tolist(),
            scanners,
            screen(self.site, at / 1e6, scanners, rng=rng, drift_c=self.drift_c),
            strict=True,
        ):
            add.screening(when, scanner, int(n), event)

    def _doors(self, add: "_Adder", day: date, midnight: int, rng: np.random.Generator, *, granted: int) -> None:
        busy = DOOR_BADGES if day.weekday() < 5 else DOOR_BADGES // 12
        ordinal = 1_000_000
        for door in self.entrances.doors:
            hours = rng.normal(13.3, 3.2, rng.poisson(busy)).clip(4.2, 27.5)
            people = rng.integers(HOLDERS, size=len(hours))
            open_too_long = rng.random() < 0.16 and self.held_doors
            minutes = rng.uniform(1, 6)
            scanner = self.entrances.scanner_of.get(door.device_id)
            at_s = np.floor(hours * 3600) + midnight
            makers = screen(self.site, at_s, [scanner] * len(hours), rng=rng, drift_c=self.drift_c) if scanner else []
            for n, hour in enumerate(hours):
                ordinal += 1
                at = (midnight * 1000 + int(hour * 3_600_000)) * 1000
                if n % granted == 0:
                    add.decision(at, door, ordinal, AccessEventCode.GRANTED, Direction.IN, int(people[n]))
                if scanner and n % SCREENED_AT_DOORS == 0:
                    add.screening(at - 4_000_000, scanner, ordinal, makers[n])
                if n == 0 and open_too_long:
                    add.door(at + 30_000_000, door, ordinal, DoorState.DOOR_OPEN_TOO_LONG)
                    add.door(at + int(minutes * 60_000) * 1000, door, ordinal + 500_000, DoorState.NORMAL)


class _Adder:
    """Makes happenings with ids that say nothing but are the same in every run."""

    def __init__(self, company_of: dict[str, str], badges: list[str], tag: str) -> None:
        self.company_of, self.badges, self.tag = company_of, badges, tag
        self.found: list[Happening] = []

    def decision(self, at: int, gate: Device, ordinal: int, code: AccessEventCode, way: Direction, person: int) -> None:
        unknown = code is AccessEventCode.DENIED_UNKNOWN_CREDENTIAL
        badge = f"04{ordinal:08X}" if unknown else self.badges[person]
        event = AccessEvent(
            _utc(at), AccessKind.DECISION, code, way, _reader(gate.device_id), company_id=self.company_of.get(badge)
        )
        self.found.append(Happening(at, gate, "access", f"{self.tag}-a{ordinal:x}", event, badge))

    def passage(self, at: int, gate: Device, ordinal: int, way: Direction) -> None:
        event = AccessEvent(_utc(at), AccessKind.PASSAGE, None, way, _reader(gate.device_id), 1)
        self.found.append(Happening(at, gate, "passage", f"{self.tag}-p{ordinal:x}", event))

    def door(self, at: int, gate: Device, ordinal: int, state: DoorState) -> None:
        event = AccessEvent(_utc(at), AccessKind.DOOR, state, Direction.UNKNOWN, _reader(gate.device_id))
        self.found.append(Happening(at, gate, "door", f"{self.tag}-d{ordinal:x}", event))

    def screening(
        self, at: int, scanner: Device, ordinal: int, event: Callable[[datetime], TemperatureScreening]
    ) -> None:
        self.found.append(Happening(at, scanner, "screening", f"{self.tag}-s{ordinal:x}", event(_utc(at))))


@cache
def _reader(gate_id: str) -> str:
    return gate_id.partition("-")[2]


def _utc(time_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=time_us)
