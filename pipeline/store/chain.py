"""The hash chain of a work order's events: what each hash covers, and whether a chain is whole."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

ROOT = bytes(32)
FIELDS = (
    "work_order", "seq", "client_id", "action", "from_state", "to_state", "actor", "person", "at", "happened",
    "device_time", "offset_s", "reason", "detail",
)  # fmt: skip


def digest(previous: bytes, event: Mapping[str, Any]) -> bytes:
    """sha256 of the event before and of this one's fields as canonical JSON (UTF-8, sorted, times in UTC with µs)."""
    body = json.dumps(
        {name: _plain(event.get(name)) for name in FIELDS}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(previous + body.encode()).digest()


def first_fault(events: Iterable[Mapping[str, Any]]) -> str | None:
    """What is wrong first with the events of one order, in the order of seq; None where the chain is whole."""
    previous, seq = ROOT, 0
    for event in events:
        seq += 1
        if event["seq"] != seq:
            return f"event {seq} is missing"
        if bytes(event["previous"]) != previous:
            return f"event {seq} does not follow the one before it"
        if digest(previous, event) != bytes(event["hash"]):
            return f"event {seq} was changed"
        previous = bytes(event["hash"])
    return None if seq else "it has no events"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return _number(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _number(value: float) -> float | int:
    """As jsonb gives it back: it knows no minus zero, and no exponent of what is large."""
    if value == 0:
        return 0.0
    written = repr(value)
    return int(Decimal(written)) if "e+" in written else value
