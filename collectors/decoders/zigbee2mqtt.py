"""Zigbee2MQTT: devices' states as JSON under their friendly names, and whether they are available."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from collectors.decoders.decoded import Decoded, Route
from collectors.decoders.flat import flatten
from collectors.decoders.json_text import decode_json
from pipeline.domain.errors import Rejected
from pipeline.domain.message import LAST_WILL, ConnectionState, Sample, StatusReport

SWITCHED = {"ON": 1.0, "OPEN": 1.0, "LOCK": 1.0, "LOCKED": 1.0, "TRUE": 1.0} | {
    "OFF": 0.0, "CLOSE": 0.0, "CLOSED": 0.0, "UNLOCK": 0.0, "UNLOCKED": 0.0, "FALSE": 0.0
}  # fmt: skip
NO_READINGS = frozenset({"last_seen", "elapsed", "device", "update", "update_available"})
UNITS = {
    "temperature": "°C",
    "device_temperature": "°C",
    "humidity": "%RH",
    "battery": "%",
    "linkquality": "lqi",
    "power": "W",
    "energy": "kWh",
    "current": "A",
    "co2": "ppm",
    "illuminance": "lx",
}  # those that Zigbee2MQTT publishes in one unit only; `voltage` and `pressure` differ from device to device
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


class Availability(msgspec.Struct):
    """A device's availability."""

    state: Literal["online", "offline"]


_STATE = msgspec.json.Decoder(dict[str, Any])
_AVAILABILITY = msgspec.json.Decoder(Availability)


def decode(route: Route, payload: bytes, received: datetime) -> Decoded | None:
    """None for what the bridge says of itself, for commands, and for a retained message that was cleared."""
    name = route.parts["device"]
    levels = name.split("/")
    if levels[0] == "bridge" or not {"set", "get"}.isdisjoint(levels[-2:] if len(levels) > 2 else levels[-1:]):
        return None
    if not payload:
        return None
    if len(levels) > 1 and levels[-1] == "availability":
        return _available(route, "/".join(levels[:-1]), payload)
    state = decode_json(_STATE, payload)
    sender = route.source.sender(name)
    values = flatten({k: v for k, v in state.items() if k not in NO_READINGS}, route.source, text=number)
    units = {point: UNITS[point] for point in values if point in UNITS}
    samples = [Sample(sender.device_id, last_seen(state.get("last_seen")), {**values}, units=units)] if values else []
    return Decoded(sender, None, samples, [])


def number(text: str) -> float | None:
    """1 and 0 for a switch, a cover, a lock; a number written as text; None for any other text."""
    return float(text) if _NUMBER.fullmatch(text) else SWITCHED.get(text.upper())


def last_seen(given: object) -> datetime | None:
    """Any of the forms of `advanced.last_seen`: ISO 8601 with or without Z, or milliseconds since 1970."""
    try:
        if isinstance(given, str):
            when = datetime.fromisoformat(given)
            return when.astimezone(UTC) if when.tzinfo else when
        if isinstance(given, int | float) and not isinstance(given, bool):
            return _ZERO + timedelta(milliseconds=given)
    except (ValueError, OverflowError) as error:
        raise Rejected("out-of-bounds", "`last_seen` is no time that Zigbee2MQTT would write") from error
    if given is not None:
        raise Rejected("bad-type", "`last_seen` is neither a text nor a number")
    return None


def _available(route: Route, name: str, payload: bytes) -> Decoded:
    """The bridge speaks here, not the device: `offline` is as good as a last will."""
    text = payload.decode("ascii", "replace").strip()
    state = text if text in ("online", "offline") else decode_json(_AVAILABILITY, payload).state
    report = StatusReport(None, ConnectionState.ONLINE, reason="availability")
    if state == "offline":
        report = StatusReport(None, ConnectionState.OFFLINE, reason=LAST_WILL)
    return Decoded(route.source.sender(name), None, [], [report])
