"""The park's own JSON payloads (docs/wire.md): readings, access, passage, door, screening, status."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from collectors.decoders.decoded import Decoded
from collectors.decoders.envelope import NO_NUL, Envelope, Long, Short, Timed, device_time, identity, reason
from collectors.topics import DEVICE_ID, Topic
from pipeline.domain.access import AccessEvent, AccessEventCode, AccessKind, Direction, DoorState
from pipeline.domain.errors import Rejected
from pipeline.domain.message import ConnectionState, Sample, StatusReport
from pipeline.domain.screening import ScreeningResult, TemperatureScreening

LARGEST = 256 * 1024  # bytes

POINT_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
MOST_NAMES = 20_000  # remembered as well formed
_NAMES: set[str] = set()
DeviceId = Annotated[str, Meta(pattern=rf"^{DEVICE_ID.pattern}\Z")]
Values = dict[str, float | bool | None]  # names are checked by `_check`, once each
Way = Literal["in", "out", "unknown"]
_EVENTS = {code.label: code for code in AccessEventCode}
_DOORS = {code.label: code for code in DoorState}


class Entry(Timed, kw_only=True, gc=False):
    """One sample of a pack."""

    values: Values
    device: DeviceId | None = None
    bad: tuple[str, ...] = ()
    units: dict[str, Short] | None = None


class Readings(Envelope, kw_only=True, gc=False):
    """One sample, or a pack of them."""

    values: Values | None = None
    readings: list[Entry] | None = None
    bad: tuple[str, ...] = ()
    units: dict[str, Short] | None = None


class Access(Envelope, kw_only=True):
    """A decision."""

    event: str | int
    direction: Way = "unknown"
    reader: Short | None = None
    credential: Annotated[str, Meta(max_length=128)] | None = None


class Passage(Envelope, kw_only=True):
    """Persons who went through."""

    direction: Way
    count: Annotated[int, Meta(ge=1, le=100)] = 1
    reader: Short | None = None


class Door(Envelope, kw_only=True):
    """A door's alarm state."""

    state: str | int
    reader: Short | None = None


class Screening(Envelope, kw_only=True):
    """One screening of an unnamed person."""

    result: Literal["PASS", "REFER", "INVALID"]
    skin_c: Annotated[float, Meta(ge=20, le=50)] | None = None
    ambient_c: Annotated[float, Meta(ge=-60, le=80)] | None = None
    humidity_pct: Annotated[float, Meta(ge=0, le=100)] | None = None
    body_site: Literal["inner-canthus", "forehead", "wrist", "ear"] | None = None
    reference: Literal["none", "oral", "axillary", "core"] | None = None
    calibrated: date | None = None
    reason: Long | None = None


class Status(Envelope, kw_only=True):
    """Birth, will or heartbeat."""

    state: Literal["online", "offline"]
    reason: Long | None = None
    firmware: Annotated[str, Meta(max_length=64, pattern=NO_NUL)] | None = None
    battery_pct: Annotated[float, Meta(ge=0, le=100)] | None = None
    signal_dbm: Annotated[float, Meta(ge=-200, le=50)] | None = None


def decode(topic: Topic, payload: bytes) -> Decoded:
    """Rejected, with one of the reasons in docs/wire.md, where the payload is not what the topic promises."""
    if len(payload) > LARGEST:
        raise Rejected("too-large", f"{len(payload)} bytes; {LARGEST} at most")
    decoder, build = _KINDS[topic.message]
    try:
        said = decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise reason(error) from error
    except msgspec.DecodeError as error:
        raise Rejected("not-json", str(error)) from error
    except RecursionError as error:
        raise Rejected("too-deep", "the payload is nested more deeply than any that docs/wire.md knows") from error
    except UnicodeDecodeError as error:
        raise Rejected("bad-utf8", "the payload is not UTF-8") from error
    return build(topic, said)


def _readings(topic: Topic, said: Readings) -> Decoded:
    when = device_time(said)
    device = topic.sender.device_id
    if said.readings is None:
        if said.values is None:
            raise Rejected("missing-key", "neither `values` nor `readings`")
        return Decoded(topic.sender, identity(said), [_sample(device, when, said.values, said.bad, said.units)], [])
    if said.values is not None:
        raise Rejected("bad-type", "`values` and `readings` at once: one of them is meant")
    samples = []
    for entry in said.readings:
        own = device_time(entry)
        samples.append(_sample(entry.device or device, own or when, entry.values, entry.bad, entry.units))
    return Decoded(topic.sender, identity(said), samples, [])


def _sample(
    device: str,
    when: datetime | None,
    values: Values,
    bad: tuple[str, ...],
    units: dict[str, str] | None,
) -> Sample:
    for name in values:
        if name not in _NAMES:
            _check(name)
    if not bad and units is None:
        return Sample(device, when, values)
    for name in (*bad, *(units or ())):
        _check(name)
    return Sample(device, when, values, frozenset(bad), units)


def _check(name: str) -> None:
    """Rejected where this is no point's name; those that are remembered cost nothing the next time."""
    if not POINT_NAME.fullmatch(name):
        raise Rejected("out-of-bounds", "a point's name is none that docs/wire.md allows")
    if len(_NAMES) >= MOST_NAMES:
        _NAMES.clear()
    _NAMES.add(name)


def _access(topic: Topic, said: Access) -> Decoded:
    code = _code(said.event, _EVENTS, AccessEventCode, "event")
    event = AccessEvent(
        device_time(said), AccessKind.DECISION, code=code, direction=Direction(said.direction), reader=said.reader
    )
    return Decoded(topic.sender, identity(said), [], [event], said.credential)


def _passage(topic: Topic, said: Passage) -> Decoded:
    event = AccessEvent(
        device_time(said), AccessKind.PASSAGE, direction=Direction(said.direction), count=said.count, reader=said.reader
    )
    return Decoded(topic.sender, identity(said), [], [event])


def _door(topic: Topic, said: Door) -> Decoded:
    code = _code(said.state, _DOORS, DoorState, "state")
    return Decoded(
        topic.sender,
        identity(said),
        [],
        [AccessEvent(device_time(said), AccessKind.DOOR, code=code, reader=said.reader)],
    )


def _screening(topic: Topic, said: Screening) -> Decoded:
    if said.skin_c is None and said.result != "INVALID":
        raise Rejected("missing-key", "`skin_c` is required unless the result is INVALID")
    event = TemperatureScreening(
        device_time(said),
        ScreeningResult(said.result),
        skin_c=said.skin_c,
        ambient_c=said.ambient_c,
        humidity_pct=said.humidity_pct,
        body_site=said.body_site,
        reference=said.reference,
        calibrated=said.calibrated,
        reason=said.reason,
    )
    return Decoded(topic.sender, identity(said), [], [event])


def _status(topic: Topic, said: Status) -> Decoded:
    event = StatusReport(
        device_time(said),
        ConnectionState(said.state),
        reason=said.reason,
        firmware=said.firmware,
        battery_pct=said.battery_pct,
        signal_dbm=said.signal_dbm,
    )
    return Decoded(topic.sender, identity(said), [], [event])


def _code(given: str | int, names: dict[str, Any], numbers: type[Any], key: str) -> int:
    try:
        return int(names[given] if isinstance(given, str) else numbers(given))
    except (KeyError, ValueError) as error:
        raise Rejected("out-of-bounds", f"`{key}` is neither a BACnet name nor its number") from error


_KINDS: dict[str, tuple[msgspec.json.Decoder[Any], Callable[[Topic, Any], Decoded]]] = {
    "readings": (msgspec.json.Decoder(Readings), _readings),
    "access": (msgspec.json.Decoder(Access), _access),
    "passage": (msgspec.json.Decoder(Passage), _passage),
    "door": (msgspec.json.Decoder(Door), _door),
    "screening": (msgspec.json.Decoder(Screening), _screening),
    "status": (msgspec.json.Decoder(Status), _status),
}
