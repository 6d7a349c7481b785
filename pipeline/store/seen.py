"""Tells a repeat from a contradiction for messages whose time alone cannot: all events, untrusted readings."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from pipeline.domain.message import Batch, Message
from pipeline.store.events import kind_of
from pipeline.store.registry import QUERIES, Registry
from pipeline.validate import identity, needs_seen

PRIVATE = ("subject", "company_id")


@dataclass(slots=True)
class Claimed:
    """The messages to store, with their identities, and how many were repeats, contradictions or had no identity."""

    fresh: list[tuple[Message, str | None]]
    repeats: int = 0
    conflicts: int = 0
    unidentified: int = 0


def claim(conn: psycopg.Connection, batch: Batch, registry: Registry, *, now: datetime) -> Claimed:
    """Sorts out a batch's repeats; what is fresh is claimed in this transaction, so that nobody else stores it."""
    registry.ensure_devices(conn, {m.sender for m in batch.messages}, now=now)
    result = Claimed([])
    asked: dict[tuple[int, str], Message] = {}
    keys = [registry.devices[m.sender.park_id, m.sender.device_id].key for m in batch.messages]
    # Also within the batch: the first delivery of a message may be beyond belief, and its repeat plausible.
    suspects = registry.suspects | {
        key for key, m in zip(keys, batch.messages, strict=True) if m.samples and needs_seen(m)
    }
    for device, message in zip(keys, batch.messages, strict=True):
        if not (needs_seen(message) or device in suspects):
            result.fresh.append((message, message.identity))
            continue
        key = identity(message)
        if key is None:
            result.unidentified += 1
            result.fresh.append((message, None))
        elif (device, key) not in asked:
            asked[device, key] = message
        elif asked[device, key].digest == message.digest:
            result.repeats += 1
        else:
            result.conflicts += 1
            _conflict(conn, device, key, message)
    if asked:
        _claim(conn, asked, result)
    return result


def _claim(conn: psycopg.Connection, asked: dict[tuple[int, str], Message], result: Claimed) -> None:
    keys = {"devices": [d for d, _ in asked], "identities": [i for _, i in asked]}
    rest = {
        "digests": [m.digest for m in asked.values()],
        "receiveds": [m.received for m in asked.values()],
        "readings": [bool(m.samples) for m in asked.values()],
    }
    new = set(conn.execute(QUERIES["mark_seen"], {**keys, **rest}).fetchall())
    before: dict[tuple[int, str], bytes] = {}
    if len(new) < len(asked):
        before = {(d, i): bytes(g) for d, i, g in conn.execute(QUERIES["seen_digests"], keys)}
    for (device, key), message in asked.items():
        if (device, key) in new:
            result.fresh.append((message, key))
        elif before[device, key] == message.digest:
            result.repeats += 1
        else:
            result.conflicts += 1
            _conflict(conn, device, key, message)


def public(message: Message) -> dict[str, Any]:
    """What a refused message says, fit to be shown: without the pseudonym of whoever it speaks of."""
    events = [{k: v for k, v in asdict(e).items() if k not in PRIVATE and v is not None} for e in message.events]
    samples = [{"device": s.device_id, "time": s.time, "values": s.values} for s in message.samples]
    said: dict[str, Any] = json.loads(json.dumps({"samples": samples, "events": events}, default=str))
    return said


def _conflict(conn: psycopg.Connection, device: int, key: str, message: Message) -> None:
    kinds = {kind_of(event) for event in message.events}
    conn.execute(
        QUERIES["add_conflict"],
        {
            "device": device,
            "kind": min(kinds, default="reading"),
            "point": None,
            "ts": None,
            "identity": key,
            "digest": message.digest,
            "received": message.received,
            "kept": None,
            "refused": None,
            "content": Jsonb(public(message)),
        },
    )
