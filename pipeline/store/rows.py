"""Lays a batch's messages out as rows, in the order in which the tables are locked and written."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg

from pipeline.domain.message import LAST_WILL, ConnectionState, Message, Sample, StatusReport
from pipeline.domain.park import Family
from pipeline.store.registry import Registry
from pipeline.validate import dated, quality

ReadingRow = tuple[datetime, datetime, datetime | None, int, int, float | None]
"""ts, received, device_ts, point, quality, value: the columns of smartpark.reading"""

BUCKET_S = 900  # roll-ups start from 15-minute buckets, in UTC
PROVES_LIFE = timedelta(minutes=5)  # what a gateway tells of others may be history: older, it says nothing about now


@dataclass(slots=True)
class Heard:
    """What a batch says of one device's liveness: when it was last heard, until when its silence is fine."""

    heard: datetime
    interval_s: float
    status: StatusReport | None = None


@dataclass(slots=True)
class Rows:
    """All rows of a batch. readings is keyed by (point, ts): in a batch the first of two equal keys wins."""

    readings: dict[tuple[int, datetime], ReadingRow] = field(default_factory=dict)
    events: list[tuple[int, datetime, datetime, datetime | None, str | None, int, object]] = field(default_factory=list)
    heard: dict[int, Heard] = field(default_factory=dict)
    wills: dict[int, datetime] = field(default_factory=dict)
    buckets: dict[int, set[int]] = field(default_factory=dict)
    contradictions: list[tuple[ReadingRow, float | None]] = field(default_factory=list)
    suspects: set[int] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    repeats: int = 0

    @property
    def conflicts(self) -> int:
        return len(self.contradictions)


def lay_out(
    fresh: list[tuple[Message, str | None]], registry: Registry, conn: psycopg.Connection, *, now: datetime
) -> Rows:
    """Rows for all fresh messages (message, identity); unknown devices and points become provisional on the way."""
    _make_known(fresh, registry, conn, now)
    rows = Rows()
    for message, key in fresh:
        for sample in message.samples:
            _add_sample(rows, message, sample, registry)
        _add_events(rows, message, key, registry)
        _hear_sender(rows, message, registry)
    return rows


def _make_known(
    fresh: list[tuple[Message, str | None]], registry: Registry, conn: psycopg.Connection, now: datetime
) -> None:
    """A pack may speak of devices behind its gateway; one that nobody registered is taken for a sensor."""
    senders = {
        m.sender._replace(device_id=s.device_id, family=Family.SENSOR)
        for m, _ in fresh
        for s in m.samples
        if s.device_id != m.sender.device_id
    }
    registry.ensure_devices(conn, senders, now=now)
    points, devices = registry.points, registry.devices
    wanted: dict[tuple[int, str], str | None] = {}
    for message, _ in fresh:
        for sample in message.samples:
            device = devices[message.sender.park_id, sample.device_id].key
            for name in sample.values:
                if (device, name) not in points:
                    wanted[device, name] = (sample.units or {}).get(name)
    registry.ensure_points(conn, wanted)


def _add_sample(rows: Rows, message: Message, sample: Sample, registry: Registry) -> None:
    received = message.received
    device = registry.devices[message.sender.park_id, sample.device_id]
    when = dated(sample.time, received)
    if not when.trusted:
        rows.suspects.add(registry.devices[message.sender.park_id, message.sender.device_id].key)
    points = registry.points
    bucket = rows.buckets.setdefault(int(when.ts.timestamp()) // BUCKET_S, set())
    for name, value in sample.values.items():
        known = points[device.key, name]
        code = quality(value, bad=name in sample.bad, low=known.low, high=known.high, trusted=when.trusted)
        row = (when.ts, received, when.claimed, known.key, code, value)
        first = rows.readings.setdefault((known.key, when.ts), row)
        if first is not row:
            if first[5] == value:
                rows.repeats += 1
            else:
                rows.contradictions.append((row, first[5]))
        bucket.add(known.key)
    live = received - when.ts < max(PROVES_LIFE, timedelta(seconds=3 * device.interval_s))
    if live and not message.retained:
        _hear(rows, device.key, received, device.interval_s)


def _hear_sender(rows: Rows, message: Message, registry: Registry) -> None:
    """Who publishes is alive, whatever its clock says or however old what it tells; what a broker kept is no sign."""
    if message.retained:
        return
    device = registry.devices[message.sender.park_id, message.sender.device_id]
    reports = [e for e in message.events if isinstance(e, StatusReport)]
    if any(r.state == ConnectionState.OFFLINE and r.reason == LAST_WILL for r in reports):
        rows.wills[device.key] = message.received
        return
    _hear(rows, device.key, message.received, device.interval_s, reports[-1] if reports else None)


def _add_events(rows: Rows, message: Message, key: str | None, registry: Registry) -> None:
    device = registry.devices[message.sender.park_id, message.sender.device_id]
    for ordinal, event in enumerate(message.events):
        when = dated(event.time, message.received)
        rows.events.append((device.key, when.ts, message.received, when.claimed, key, ordinal, event))


def _hear(rows: Rows, device: int, received: datetime, interval_s: float, status: StatusReport | None = None) -> None:
    rows.wills.pop(device, None)  # it spoke after its will
    known = rows.heard.get(device)
    if known is None:
        rows.heard[device] = Heard(received, interval_s, status)
    elif received >= known.heard:
        known.heard = received
        if status:
            known.status = status
        elif known.status and known.status.state == ConnectionState.OFFLINE:
            known.status = None  # it spoke again after its good-bye
