"""Writes topics and payloads as docs/wire.md describes them. Knows no decoder, so that a mistake cannot cancel out."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal, NamedTuple

import msgspec

from pipeline.domain.access import AccessEventCode, Direction, DoorState
from pipeline.domain.park import Family
from pipeline.domain.screening import ScreeningResult

Value = float | int | bool | None
TimeKey = Literal["time", "time_s", "time_ms", "time_us"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode


class Head(NamedTuple):
    """What every payload may begin with: who it is (id, or boot and seq) and when the device says it was.

    time_us is µs since 1970 (UTC); key says in which of the four forms it is written; offset_s is the device's
    offset from UTC in seconds, for the ISO form; None: it writes UTC and no offset (a fault, simulators/misdated.py).
    """

    id: str | None = None
    boot: str | int | None = None
    seq: int | None = None
    time_us: int | None = None
    key: TimeKey = "time_ms"
    offset_s: int | None = 0

    @property
    def identity(self) -> str | None:
        """The identity as it is stored: `m:<id>`, else `b:<boot>:<seq>`, else None."""
        if self.id is not None:
            return f"m:{self.id}"
        return f"b:{self.boot}:{self.seq}" if self.boot is not None and self.seq is not None else None

    def fields(self) -> dict[str, Any]:
        """The keys in the order of docs/wire.md; absent ones are left out."""
        found: dict[str, Any] = {}
        if self.id is not None:
            found["id"] = self.id
        if self.boot is not None:
            found["boot"] = self.boot
        if self.seq is not None:
            found["seq"] = self.seq
        if self.time_us is not None:
            found[self.key] = _stamp(self.time_us, key=self.key, offset_s=self.offset_s)
        return found


class PackEntry(NamedTuple):
    """One sample of a pack; device_id None means the publishing device itself, time_us None the envelope's time."""

    values: Mapping[str, Value]
    device_id: str | None = None
    time_us: int | None = None
    key: TimeKey = "time_ms"
    bad: Iterable[str] = ()


def topic(park_id: str, family: Family, *, device_id: str, message: str) -> str:
    """`park/v1/{park}/{family}/{device}/{message}`."""
    return f"park/v1/{park_id}/{family.value}/{device_id}/{message}"


def readings(
    head: Head, values: Mapping[str, Value], *, bad: Iterable[str] = (), units: Mapping[str, str] | None = None
) -> bytes:
    """Values of one device at one instant; `bad` names points that the device itself distrusts."""
    return _encode({**head.fields(), **_sample(values, bad=bad), **({"units": dict(units)} if units else {})})


def pack(head: Head, entries: Iterable[PackEntry]) -> bytes:
    """Many samples in one message, of the device itself or, from a gateway, of the devices behind it."""
    rows: list[dict[str, Any]] = []
    for entry in entries:
        row: dict[str, Any] = {} if entry.device_id is None else {"device": entry.device_id}
        if entry.time_us is not None:
            row[entry.key] = _stamp(entry.time_us, key=entry.key, offset_s=head.offset_s)
        rows.append({**row, **_sample(entry.values, bad=entry.bad)})
    return _encode({**head.fields(), "readings": rows})


def access(
    head: Head,
    event: AccessEventCode,
    *,
    direction: Direction | None = None,
    reader: str | None = None,
    credential: str | None = None,
) -> bytes:
    """A gate's decision, by BACnet name; it is the collector that makes a pseudonym of the credential."""
    return _event(head, event=event.label, direction=direction, reader=reader, credential=credential)


def passage(head: Head, direction: Direction, *, count: int | None = None, reader: str | None = None) -> bytes:
    """Someone (count persons, 1 to 100) went through."""
    return _event(head, direction=direction, count=count, reader=reader)


def door(head: Head, state: DoorState, *, reader: str | None = None) -> bytes:
    """A door's state, by BACnet name."""
    return _event(head, state=state.label, reader=reader)


def screening(
    head: Head,
    result: ScreeningResult,
    *,
    skin_c: float | None = None,
    ambient_c: float | None = None,
    humidity_pct: float | None = None,
    body_site: str | None = None,
    reference: str | None = None,
    calibrated: str | None = None,
    reason: str | None = None,
) -> bytes:
    """One screening of an unnamed person: °C, % relative humidity, calibration date as YYYY-MM-DD."""
    return _event(
        head,
        result=result,
        skin_c=skin_c,
        ambient_c=ambient_c,
        humidity_pct=humidity_pct,
        body_site=body_site,
        reference=reference,
        calibrated=calibrated,
        reason=reason,
    )


def status(
    head: Head,
    *,
    online: bool,
    reason: str | None = None,
    firmware: str | None = None,
    battery_pct: float | None = None,
    signal_dbm: float | None = None,
) -> bytes:
    """Birth, heartbeat or last will (a will has a head without time: it is written at connect time)."""
    state = "online" if online else "offline"
    return _event(head, state=state, reason=reason, firmware=firmware, battery_pct=battery_pct, signal_dbm=signal_dbm)


def _event(head: Head, **keys: Any) -> bytes:
    return _encode({**head.fields(), **{key: value for key, value in keys.items() if value is not None}})


def _sample(values: Mapping[str, Value], *, bad: Iterable[str]) -> dict[str, Any]:
    distrusted = sorted(bad)
    return {"values": dict(values), **({"bad": distrusted} if distrusted else {})}


def _stamp(time_us: int, *, key: TimeKey, offset_s: int | None) -> str | int | float:
    match key:
        case "time":
            zone = timezone(timedelta(seconds=offset_s)) if offset_s else UTC
            instant = (_EPOCH + timedelta(microseconds=time_us)).astimezone(zone)
            if offset_s is None:
                instant = instant.replace(tzinfo=None)
            return instant.isoformat(timespec="milliseconds" if time_us % 1000 == 0 else "microseconds")
        case "time_s":
            return time_us // 1_000_000 if time_us % 1_000_000 == 0 else time_us / 1e6
        case "time_ms":
            return time_us // 1000
        case "time_us":
            return time_us
