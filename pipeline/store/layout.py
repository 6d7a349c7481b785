"""Lays a batch's messages out as columns and rows; one pass over the messages, the rest is numpy."""

import math
from datetime import datetime
from operator import itemgetter

import numpy as np
import numpy.typing as npt
import psycopg

from pipeline.domain.clock_fault import GUESSED
from pipeline.domain.message import LAST_WILL, ConnectionState, Sample, StatusReport
from pipeline.domain.park import Family
from pipeline.domain.quality import Quality
from pipeline.store.clocks import MISSING, NAIVE, UNIT, Claim, Claims, claim
from pipeline.store.columns import microseconds
from pipeline.store.registry import KnownDevice, Registry, Shape
from pipeline.store.rows import EventRow, Fresh, Heard, Readings, Rows
from pipeline.validate import dated

PACK_SPAN_S = 31 * 86_400.0  # a message that claims a longer past than this has one time for all
STEP_S = 1e-6
LARGEST = 1e300  # no quantity is: some of them would add up to no number, and no roll-up could ever be made again
PROVES_LIFE_S = 300.0  # what a gateway tells of others may be history: older, it says nothing about now


def lay_out(fresh: list[Fresh], registry: Registry, conn: psycopg.Connection, *, now: datetime) -> Rows:
    """Rows for all fresh messages; unknown devices and points become provisional on the way."""
    layout = _Layout(registry)
    if missing := layout.add_all(fresh):
        _make_known(missing, registry, conn, now=now)
        layout = _Layout(registry)
        layout.add_all(fresh)
    readings, contradictions, repeats = _tell_apart(layout.columns())
    return Rows(
        readings,
        contradictions,
        repeats,
        events=layout.events,
        heard=layout.heard,
        wills=layout.wills,
        suspects=layout.suspects,
        clocks=layout.clocks(),
    )


class _Layout:
    """Collects a batch, one sample after the other, in lists that numpy takes over at the end."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.points: list[int] = []
        self.values: list[float | None] = []
        self.counts: list[int] = []  # readings of each sample
        self.firsts: list[int] = []  # and the point of the first of them
        self.times: list[float] = []  # of each sample, Unix time in seconds
        self.receiveds: list[float] = []
        self.devices: list[int] = []
        self.claims: dict[int, float] = {}  # by sample, as all the following
        self.odd: dict[int, int] = {}  # what is odd about a time: flags of pipeline.store.clocks
        self.event_claims: list[Claim] = []
        self.untrusted: list[int] = []
        self.historical: list[int] = []
        self.stale: list[int] = []
        self.bad: list[int] = []  # by reading
        self.events: list[EventRow] = []
        self.heard: dict[int, Heard] = {}
        self.wills: dict[int, datetime] = {}
        self.suspects: set[int] = set()
        self._received: datetime | None = None
        self._received_s = 0.0

    def add_all(self, fresh: list[Fresh]) -> list[tuple[Fresh, Sample]]:
        """Adds everything; returns the samples whose device or points nobody knows yet (then nothing is complete)."""
        missing: list[tuple[Fresh, Sample]] = []
        shapes = self.registry.shapes
        for one in fresh:
            message = one.message
            park, _, sender = message.sender
            if message.received is not self._received:
                self._received, self._received_s = message.received, message.received.timestamp()
            doubted = len(self.untrusted)
            for sample in message.samples:
                shape = shapes.get((park, sample.device_id, tuple(sample.values)))
                if shape is None:
                    shape = self.registry.shape(park, sample)
                if shape is None:
                    missing.append((one, sample))
                elif one.plain and sample.time is not None:
                    self.times.append(sample.time.timestamp())
                    self._add_values(sample, shape)
                else:
                    self._add_dated(one, sample, shape)
                if shape is not None and sample.device_id != sender and not message.retained:
                    self._hear_other(one, sample, shape.device)
            if len(self.untrusted) > doubted + 1:
                self._spread(self.untrusted[doubted:])
            if message.events:
                self._add_events(one)
            if not message.retained:
                self._hear_sender(one)
        return missing

    def _add_dated(self, one: Fresh, sample: Sample, shape: Shape) -> None:
        """A sample that may not be believed: what counts, and what it claimed."""
        when = dated(sample.time, one.message.received, distrusted=shape.device.key in self.registry.distrusted)
        number = len(self.times)
        if not when.trusted:
            if not sample.stale:
                self.untrusted.append(number)
                self.suspects.add(one.device.key)
            if when.claimed is not None:
                self.claims[number] = when.claimed.timestamp()
            if sample.time is None:
                self.odd[number] = MISSING
            elif sample.time.tzinfo is None:
                self.odd[number] = NAIVE
            elif sample.time.tzinfo is GUESSED:
                self.odd[number] = UNIT
        self.times.append(when.ts.timestamp())
        self._add_values(sample, shape)

    def _spread(self, doubted: list[int]) -> None:
        """What one message tells of several instants stays apart though none of them is believed: a device's newest
        stands at the received time, the others as long before it as they claim, and at least a microsecond."""
        newest: dict[int, float] = {}
        for number in doubted:
            claimed = self.claims.get(number, -math.inf)
            newest[self.devices[number]] = max(claimed, newest.get(self.devices[number], claimed))
        alike: dict[tuple[int, int], list[tuple[float, int]]] = {}
        for number in reversed(doubted):
            device = self.devices[number]
            back = newest[device] - self.claims.get(number, newest[device])
            # Alike: a device's samples that begin with the same point would contradict each other.
            back = back if back <= PACK_SPAN_S else 0.0
            alike.setdefault((device, self.firsts[number]), []).append((back, number))
        for samples in alike.values():
            last, before = -STEP_S, math.nan  # equal to nothing, as a missing claim is
            for back, number in sorted(samples, key=itemgetter(0)):
                claimed = self.claims.get(number, math.nan)
                if claimed != before:
                    last = max(back, last + STEP_S)
                before = claimed
                self.times[number] -= last

    def _add_values(self, sample: Sample, shape: Shape) -> None:
        if sample.bad:
            start = len(self.points)
            self.bad += [start + n for n, name in enumerate(sample.values) if name in sample.bad]
        if sample.historical:
            self.historical.append(len(self.counts))
        if sample.stale:
            self.stale.append(len(self.counts))
        self.counts.append(len(shape.points))
        self.firsts.append(shape.points[0] if shape.points else 0)
        self.devices.append(shape.device.key)
        self.receiveds.append(self._received_s)
        self.points += shape.points
        self.values += sample.values.values()

    def _add_events(self, one: Fresh) -> None:
        message, distrusted = one.message, one.device.key in self.registry.distrusted
        for ordinal, event in enumerate(message.events):
            when = dated(event.time, message.received, distrusted=distrusted)
            if not (message.retained or (isinstance(event, StatusReport) and event.reason == LAST_WILL)):
                self.event_claims.append(claim(one.device.key, event.time, message.received))
            self.events.append((one.device.key, when.ts, message.received, when.claimed, one.identity, ordinal, event))

    def _hear_sender(self, one: Fresh) -> None:
        """Who publishes is alive, whatever its clock says or however old what it tells."""
        message, device = one.message, one.device
        if not message.events:
            stale_after_s = message.samples[0].stale_after_s if message.samples else None
            self._hear(device, message.received, stale_after_s=stale_after_s)
            return
        reports = [e for e in message.events if isinstance(e, StatusReport)]
        if any(r.state == ConnectionState.OFFLINE and r.reason == LAST_WILL for r in reports):
            self.wills[device.key] = message.received
            return
        self._hear(device, message.received, reports[-1] if reports else None)

    def _hear_other(self, one: Fresh, sample: Sample, device: KnownDevice) -> None:
        """A device behind a gateway is alive if what is told of it is of now; being called stale is no sign of life."""
        age_s = self._received_s - self.times[-1]  # of the sample that was added last
        if age_s < max(PROVES_LIFE_S, 3 * device.interval_s) and not (sample.stale or sample.historical):
            self._hear(device, one.message.received, stale_after_s=sample.stale_after_s)

    def _hear(
        self,
        device: KnownDevice,
        received: datetime,
        status: StatusReport | None = None,
        *,
        stale_after_s: float | None = None,
    ) -> None:
        if self.wills:
            self.wills.pop(device.key, None)  # it spoke after its will
        known = self.heard.get(device.key)
        if known is None:
            self.heard[device.key] = Heard(received, device.interval_s, status, stale_after_s)
        elif received >= known.heard:
            known.heard = received
            known.stale_after_s = stale_after_s
            if status:
                known.status = status
            elif known.status and known.status.state == ConnectionState.OFFLINE:
                known.status = None  # it spoke again after its good-bye

    def columns(self) -> Readings:
        """Everything that was added, in arrival order."""
        counts = np.array(self.counts, dtype=np.intp)
        point = np.array(self.points, dtype=np.int32)
        value = np.array(self.values, dtype=np.float64)  # None becomes NaN
        ts = microseconds(np.array(self.times, dtype=np.float64))
        received = microseconds(np.array(self.receiveds, dtype=np.float64))
        claimed, claims = ts, np.zeros(len(counts), dtype=np.bool_)
        if self.claims:
            claims[list(self.claims)] = True
            claimed = ts.copy()
            claimed[list(self.claims)] = microseconds(np.array(list(self.claims.values())))
        low, high = self.registry.limits
        code = np.full(len(point), Quality.GOOD, dtype=np.int16)
        code[self._each(self.untrusted, counts)] = Quality.UNTRUSTED_TIME
        with np.errstate(invalid="ignore"):
            code[(value < low[point]) | (value > high[point])] = Quality.OUT_OF_RANGE
        code[~(np.abs(value) <= LARGEST)] = Quality.BAD  # nor where there is none
        code[self.bad] = Quality.BAD
        code[self._each(self.stale, counts)] = Quality.STALE
        live = np.ones(len(point), dtype=np.bool_)
        live[self._each(self.historical, counts)] = False
        ts, received, claimed = (np.repeat(column, counts) for column in (ts, received, claimed))
        return Readings(point, ts, received, claimed, np.repeat(claims, counts), code, value, live)

    def clocks(self) -> Claims:
        """What the times show that devices told, of now."""
        lead = np.array(self.times, dtype=np.float64) - np.array(self.receiveds, dtype=np.float64)
        for number, claimed in self.claims.items():
            lead[number] = claimed - self.receiveds[number]
        flags = np.zeros(len(lead), dtype=np.uint8)
        flags[list(self.odd)] = list(self.odd.values())
        lead[flags == MISSING] = np.nan
        told = np.ones(len(lead), dtype=np.bool_)
        told[[*self.stale, *self.historical]] = False
        samples = Claims(np.array(self.devices, dtype=np.int32), lead, flags, np.array(self.receiveds))
        return samples.take(told).join(Claims.of(self.event_claims))

    @staticmethod
    def _each(samples: list[int], counts: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_] | list[int]:
        """A mask over readings from a list of samples."""
        if not samples:
            return []
        chosen = np.zeros(len(counts), dtype=np.bool_)
        chosen[samples] = True
        return np.repeat(chosen, counts)


def _make_known(
    missing: list[tuple[Fresh, Sample]], registry: Registry, conn: psycopg.Connection, *, now: datetime
) -> None:
    """A pack may speak of devices behind its gateway; one that nobody registered is taken for a sensor."""
    told = [(one.message.sender, sample) for one, sample in missing]
    senders = {
        sender._replace(device_id=sample.device_id, family=Family.SENSOR)
        for sender, sample in told
        if sample.device_id != sender.device_id
    }
    registry.ensure_devices(conn, senders, now=now)
    wanted: dict[tuple[int, str], str | None] = {}
    for sender, sample in told:
        device = registry.devices[sender.park_id, sample.device_id].key
        for name in sample.values:
            if (device, name) not in registry.points:
                wanted[device, name] = (sample.units or {}).get(name)
    registry.ensure_points(conn, wanted)


def _tell_apart(given: Readings) -> tuple[Readings, Readings, int]:
    """(each key once, the contradictions, how many were plain repeats)."""
    given = given.take(np.lexsort((given.ts, given.point)))  # stable: the first to arrive stays the first
    first = np.ones(len(given), dtype=np.bool_)
    first[1:] = (given.point[1:] != given.point[:-1]) | (given.ts[1:] != given.ts[:-1])
    if first.all():
        nothing = given.take(np.zeros(0, dtype=np.intp))
        return given, nothing, 0
    leader = np.maximum.accumulate(np.where(first, np.arange(len(given)), 0))
    kept = given.value[leader]
    same = (given.value == kept) | (np.isnan(given.value) & np.isnan(kept))
    other = ~first & ~same
    return given.take(first), given.take(other), int((~first & same).sum())
