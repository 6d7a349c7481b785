"""ChirpStack v4's events as JSON: what LoRaWAN devices sent, as the codec of their device profile decoded it."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from collectors.decoders.decoded import Decoded, Route
from collectors.decoders.envelope import Id, Timed, device_time
from collectors.decoders.flat import flatten
from collectors.decoders.json_text import decode_json
from collectors.sources import Source
from pipeline.domain.errors import Rejected
from pipeline.domain.message import ConnectionState, Event, Sample, Sender, StatusReport

Eui = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{16}\Z")]
UNITS = {"rssi_dbm": "dBm", "snr_db": "dB", "frame_counter": "1", "link_margin_db": "dB"}
QUIET = frozenset({"ack", "txack", "log", "integration"})  # about downlinks and the network server, no readings


class DeviceInfo(msgspec.Struct, rename="camel"):
    """Who it is about; the rest is ChirpStack's own bookkeeping."""

    dev_eui: Eui


class Reception(msgspec.Struct):
    """How one gateway heard it. Protobuf leaves zeros out."""

    rssi: Annotated[int, Meta(ge=-300, le=100)] | None = None
    snr: Annotated[float, Meta(ge=-100, le=100)] = 0.0


class Stamped(msgspec.Struct, rename="camel", kw_only=True):
    """What all events have in common."""

    device_info: DeviceInfo
    deduplication_id: Id | None = None
    time: str | None = None


class Uplink(Stamped, kw_only=True):
    """`up`; `object` is what the codec made of the bytes in `data`."""

    f_cnt: Annotated[int, Meta(ge=0, lt=2**32)] = 0
    f_port: int = 0
    data: str = ""
    object: dict[str, Any] | None = None
    rx_info: list[Reception] = []


class Status(Stamped, kw_only=True):
    """`status`: the answer to DevStatusReq."""

    margin: Annotated[int, Meta(ge=-128, le=127)] | None = None
    battery_level: Annotated[float, Meta(ge=0, le=100)] | None = None
    battery_level_unavailable: bool = False
    external_power_source: bool = False


class Position(msgspec.Struct):
    """Degrees and metres."""

    latitude: Annotated[float, Meta(ge=-90, le=90)] = 0.0
    longitude: Annotated[float, Meta(ge=-180, le=180)] = 0.0
    altitude: float = 0.0


class Location(Stamped, kw_only=True):
    """`location`, where ChirpStack resolves it."""

    location: Position


def decode(route: Route, payload: bytes, received: datetime) -> Decoded | None:
    """The event that the level {event} of the topic names; None for those that are no readings."""
    event = route.parts["event"]
    if event in QUIET:
        return None
    if event not in _EVENTS:
        raise Rejected("unknown-message", f"ChirpStack v4 has the events {', '.join((*_EVENTS, *sorted(QUIET)))}")
    decoder, build = _EVENTS[event]
    said = decode_json(decoder, payload)
    sender, time = sender_of(route.source, said.device_info.dev_eui), device_time(Timed(time=said.time))
    values, events = build(said, route.source, time)
    units = {name: UNITS[name] for name in values if name in UNITS}
    samples = [Sample(sender.device_id, time, {**values}, units=units)] if values else []
    return Decoded(sender, _identity(event, said.deduplication_id), samples, events)


def sender_of(source: Source, eui: str) -> Sender:
    """EUIs are written in either case; without an entry, the id is the one that ChirpStack's topics show."""
    listed = next((known for known in (eui, eui.lower(), eui.upper()) if known in source.devices), eui.lower())
    return source.sender(listed)


def _identity(event: str, deduplication_id: str | None) -> str | None:
    """A frame that brings readings and a status (or a location) makes two events with one deduplicationId."""
    if deduplication_id is None:
        return None
    return f"m:{deduplication_id}" if event == "up" else f"m:{deduplication_id}:{event}"


def _uplink(said: Uplink, source: Source, _time: datetime | None) -> tuple[dict[str, float], list[Event]]:
    if said.object is None and said.data and said.f_port:
        advice = "give its device profile in ChirpStack a codec (the log event UPLINK_CODEC says where one failed)"
        raise Rejected("no-codec", f"the uplink has bytes but no decoded `object`: {advice}")
    radio: dict[str, float] = {"frame_counter": float(said.f_cnt)}
    heard = [(r.rssi, r.snr) for r in said.rx_info if r.rssi is not None]
    if heard:
        rssi, snr = max(heard)
        radio |= {"rssi_dbm": float(rssi), "snr_db": snr}
    return radio | flatten(said.object or {}, source), []


def _status(said: Status, _source: Source, time: datetime | None) -> tuple[dict[str, float], list[Event]]:
    known = not (said.battery_level_unavailable or said.external_power_source)
    report = StatusReport(time, ConnectionState.ONLINE, battery_pct=said.battery_level if known else None)
    return ({} if said.margin is None else {"link_margin_db": float(said.margin)}), [report]


def _join(_said: Stamped, _source: Source, time: datetime | None) -> tuple[dict[str, float], list[Event]]:
    return {}, [StatusReport(time, ConnectionState.ONLINE, reason="join")]


def _location(said: Location, _source: Source, _time: datetime | None) -> tuple[dict[str, float], list[Event]]:
    place = said.location
    return {"latitude": place.latitude, "longitude": place.longitude, "altitude": place.altitude}, []


_Build = Callable[[Any, Source, datetime | None], tuple[dict[str, float], list[Event]]]
_EVENTS: dict[str, tuple[msgspec.json.Decoder[Any], _Build]] = {
    "up": (msgspec.json.Decoder(Uplink), _uplink),
    "status": (msgspec.json.Decoder(Status), _status),
    "join": (msgspec.json.Decoder(Stamped), _join),
    "location": (msgspec.json.Decoder(Location), _location),
}
