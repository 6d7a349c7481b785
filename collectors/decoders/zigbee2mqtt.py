"""Zigbee2MQTT: devices' states as JSON under their friendly names, and whether they are available."""

import re
from datetime import datetime
from typing import Any, Literal

import msgspec

from collectors.decoders.decoded import Decoded, Route
from collectors.decoders.envelope import Timed, device_time
from collectors.decoders.flat import flatten
from collectors.decoders.json_text import decode_json
from pipeline.domain.errors import Rejected
from pipeline.domain.message import LAST_WILL, ConnectionState, Sample, StatusReport

SWITCHED = {"ON": 1.0, "OPEN": 1.0, "LOCK": 1.0, "LOCKED": 1.0, "TRUE": 1.0} | {
    "OFF": 0.0, "CLOSE": 0.0, "CLOSED": 0.0, "UNLOCK": 0.0, "UNLOCKED": 0.0, "FALSE": 0.0
}  # fmt: skip
LARGEST_MS = 1e18  # beyond any clock, whatever its unit
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


class Availability(msgspec.Struct):
    """A device's availability."""

    state: Literal["online", "offline"]


_STATE = msgspec.json.Decoder(dict[str, Any])
_AVAILABILITY = msgspec.json.Decoder(Availability)


def decode(route: Route, payload: bytes, received: datetime) -> Decoded | None:
    """None for what the bridge says of itself, for commands, and for a retained message that was cleared."""
    name, about = told_of(route.parts["device"])
    if name is None or not payload:
        return None
    if about == "availability":
        return _available(route, name, payload)
    state = decode_json(_STATE, payload)
    sender = route.source.sender(name)
    values = flatten({k: v for k, v in state.items() if k not in NO_READINGS}, route.source, text=number)
    units = {point: UNITS[point] for point in values if point in UNITS}
    samples = [Sample(sender.device_id, last_seen(state.get("last_seen")), {**values}, units=units)] if values else []
    return Decoded(sender, None, samples, [])


def told_of(name: str) -> tuple[str | None, str]:
    """Whom a topic's last levels tell of, and what: `availability` or `state`; None where it is no device's report."""
    levels = name.split("/")
    if levels[0] == "bridge" or not {"set", "get"}.isdisjoint(levels[-2:] if len(levels) > 2 else levels[1:]):
        return None, ""
    if len(levels) > 1 and levels[-1] == "availability":
        return "/".join(levels[:-1]), "availability"
    return name, "state"


def number(text: str) -> float | None:
    """1 and 0 for a switch, a cover, a lock; a number written as text; None for any other text."""
    return float(text) if _NUMBER.fullmatch(text) else SWITCHED.get(text.upper())


def last_seen(given: object) -> datetime | None:
    """Any of the forms of `advanced.last_seen`: ISO 8601 with or without Z, or milliseconds since 1970."""
    if given is None:
        return None
    if isinstance(given, str):
        return device_time(Timed(time=given))
    if isinstance(given, int | float) and not isinstance(given, bool) and abs(given) < LARGEST_MS:
        return device_time(Timed(time_ms=given))
    raise Rejected("bad-type", "`last_seen` is neither a text nor a number of milliseconds")


def _available(route: Route, name: str, payload: bytes) -> Decoded:
    """The bridge speaks here, not the device: `offline` is as good as a last will."""
    text = payload.decode("ascii", "replace").strip()
    state = text if text in ("online", "offline") else decode_json(_AVAILABILITY, payload).state
    report = StatusReport(None, ConnectionState.ONLINE, reason="availability")
    if state == "offline":
        report = StatusReport(None, ConnectionState.OFFLINE, reason=LAST_WILL)
    return Decoded(route.source.sender(name), None, [], [report])
