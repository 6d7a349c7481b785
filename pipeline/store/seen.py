"""Tells a repeat from a contradiction for messages whose time alone cannot: all events, untrusted readings."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import psycopg

from pipeline.domain.clock_fault import GUESSED
from pipeline.domain.message import Batch, Message
from pipeline.store.events import kind_of
from pipeline.store.registry import QUERIES, KnownDevice, Registry
from pipeline.store.rows import Fresh
from pipeline.validate import AHEAD, EPOCH, dated, digest, identity, needs_seen

PRIVATE = ("subject", "company_id")


@dataclass(slots=True)
class Claimed:
    """The messages to store, with their identities, and how many were repeats, contradictions or had no identity."""

    fresh: list[Fresh]
    repeats: int = 0
    conflicts: int = 0
    unidentified: int = 0


def claim(conn: psycopg.Connection, batch: Batch, registry: Registry, *, now: datetime) -> Claimed:
    """Sorts out a batch's repeats; what is fresh is claimed in this transaction, so that nobody else stores it."""
    strangers = {m.sender for m in batch.messages if (m.sender[0], m.sender[2]) not in registry.devices}
    registry.ensure_devices(conn, strangers, now=now)
    fresh, doubtful = _sort_out(batch, registry, registry.suspects)
    # Also within the batch: the first delivery of a message may be beyond belief, and its repeat plausible.
    suspects = {device.key for message, device in doubtful if message.samples and needs_seen(message)}
    if suspects - registry.suspects:
        fresh, doubtful = _sort_out(batch, registry, registry.suspects | suspects)
    result = Claimed(fresh)
    asked: dict[tuple[int, str], tuple[Message, KnownDevice]] = {}
    others: list[tuple[int, str, Message]] = []
    for message, device in doubtful:
        key = identity(message)
        if key is None:
            result.unidentified += 1
            result.fresh.append(Fresh(message, None, device, plain=False))
        elif (device.key, key) not in asked:
            asked[device.key, key] = message, device
        elif digest(asked[device.key, key][0]) == digest(message):
            result.repeats += 1
        else:
            others.append((device.key, key, message))
    refused = _claim(conn, asked, others, result, registry) if asked else []
    _keep_refused(conn, refused)
    result.conflicts = len(refused)
    return result


def _sort_out(
    batch: Batch, registry: Registry, suspects: set[int]
) -> tuple[list[Fresh], list[tuple[Message, KnownDevice]]]:
    """(what needs no list of seen identities, the rest), each in arrival order."""
    fresh, doubtful = [], []
    received = None
    until = EPOCH
    distrusted = registry.distrusted
    for message in batch.messages:
        park, _, name = message.sender
        device = registry.devices[park, name]
        if message.received is not received:
            received = message.received
            until = received + AHEAD
        plain = not message.events and device.key not in suspects and device.key not in distrusted
        for sample in message.samples:
            time = sample.time
            if time is None or time.tzinfo is None or time.tzinfo is GUESSED or not EPOCH <= time <= until:
                plain = False
        if distrusted and plain:
            plain = not any(registry.is_distrusted(park, s.device_id) for s in message.samples)
        if plain:
            fresh.append(Fresh(message, message.identity, device, plain=True))
        else:
            doubtful.append((message, device))
    return fresh, doubtful


def _claim(
    conn: psycopg.Connection,
    asked: dict[tuple[int, str], tuple[Message, KnownDevice]],
    others: list[tuple[int, str, Message]],
    result: Claimed,
    registry: Registry,
) -> list[tuple[int, str, Message]]:
    """Claims identities; what is new becomes fresh, what contradicts an earlier message is returned.

    others say something else than the first of their batch with that identity: it may be they who were stored before.
    """
    refused = []
    keys = {"devices": [d for d, _ in asked], "identities": [i for _, i in asked]}
    rest = {
        "digests": [digest(m) for m, _ in asked.values()],
        "receiveds": [m.received for m, _ in asked.values()],
        "readings": [bool(m.samples) for m, _ in asked.values()],
    }
    new = set(conn.execute(QUERIES["mark_seen"], {**keys, **rest}).fetchall())
    before: dict[tuple[int, str], bytes] = {}
    if len(new) < len(asked):
        before = {(d, i): bytes(g) for d, i, g in conn.execute(QUERIES["seen_digests"], keys)}
    believed = stored_while_believed(conn, [m for k, (m, _) in asked.items() if k in new], registry)
    for (number, key), (message, device) in asked.items():
        if id(message) in believed:
            result.repeats += 1
        elif (number, key) in new:
            result.fresh.append(Fresh(message, key, device, plain=False))
        elif before[number, key] == digest(message):
            result.repeats += 1
        else:
            refused.append((number, key, message))
    for number, key, message in others:
        if before.get((number, key)) == digest(message):
            result.repeats += 1
        else:
            refused.append((number, key, message))
    return refused


def stored_while_believed(conn: psycopg.Connection, messages: list[Message], registry: Registry) -> set[int]:
    """Which messages (by `id()`) were stored under their own time before their device's clock was found to be wrong.

    They left no identity then, and would now be stored again at their received time.
    """
    asked: list[tuple[int, datetime, float | None]] = []
    owner: list[int] = []
    for message in messages if registry.distrusted else ():
        rows = _early_rows(message, registry)
        asked += rows
        owner += [id(message)] * len(rows)
    if not asked:
        return set()
    points, times, values = (list(column) for column in zip(*asked, strict=True))
    span = {"oldest": min(times), "newest": max(times)}
    found = conn.execute(QUERIES["stored_before"], {"points": points, "ts": times, "values": values, **span})
    stored = {n - 1 for (n,) in found}
    return set(owner) - {message for n, message in enumerate(owner) if n not in stored}


def _early_rows(message: Message, registry: Registry) -> list[tuple[int, datetime, float | None]]:
    """The (point, time, value) of devices that are distrusted now; nothing where they can't all have been believed."""
    rows = []
    for sample in message.samples:
        device = registry.devices.get((message.sender.park_id, sample.device_id))
        until = registry.distrusted.get(device.key) if device else None
        if device is None or until is None:
            continue
        if sample.time is None or not dated(sample.time, message.received).trusted or sample.time > until:
            return []
        for name, value in sample.values.items():
            point = registry.points.get((device.key, name))
            if point is None:
                return []
            rows.append((point.key, sample.time, value))
    return rows


def public(message: Message) -> dict[str, Any]:
    """What a refused message says, fit to be shown: without the pseudonym of whoever it speaks of."""
    events = [{k: v for k, v in asdict(e).items() if k not in PRIVATE and v is not None} for e in message.events]
    samples = [{"device": s.device_id, "time": s.time, "values": s.values} for s in message.samples]
    said: dict[str, Any] = json.loads(json.dumps({"samples": samples, "events": events}, default=str))
    return said


def _keep_refused(conn: psycopg.Connection, refused: list[tuple[int, str, Message]]) -> None:
    if not refused:
        return
    conn.execute(
        QUERIES["add_message_conflicts"],
        {
            "devices": [device for device, _, _ in refused],
            "kinds": [min((kind_of(e) for e in m.events), default="reading") for _, _, m in refused],
            "identities": [key for _, key, _ in refused],
            "digests": [digest(m) for _, _, m in refused],
            "receiveds": [m.received for _, _, m in refused],
            "contents": [json.dumps(public(m)) for _, _, m in refused],
        },
    )
