"""SenML packs as JSON (RFC 8428): base fields are applied in order; each record is a value of some device's point."""

import math
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Annotated, NamedTuple, cast

import msgspec
from msgspec import Meta

from collectors.decoders.decoded import Decoded, Route
from collectors.decoders.envelope import NO_NUL, Timed, device_time
from collectors.decoders.json_text import decode_json
from collectors.decoders.senml_units import ours, quantity
from collectors.sources import Source
from pipeline.domain.errors import Rejected
from pipeline.domain.message import Sample

VERSION = 10  # the newest that RFC 8428 knows
RELATIVE_S = 2**28  # a smaller time counts from now, any other from 1970 (section 4.5.3)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9:./_-]*")  # section 4.5.1
_DEVICE_URN = re.compile(r"(urn:dev:[a-z]+:[A-Za-z0-9.-]+)(?:[:_/](.*))?")  # RFC 9039
_SEPARATORS = ":/_.-"
_MUST_BE_UNDERSTOOD = re.compile(rb'(?:_|\\u005[fF])"')  # the end of a label or of some text

Name = Annotated[str, Meta(max_length=255)]
Unit = Annotated[str, Meta(max_length=32, pattern=NO_NUL)]


class Record(msgspec.Struct, gc=False):
    """A record as it is written."""

    bn: Name | None = None
    bt: float | None = None
    bu: Unit | None = None
    bv: float | None = None
    bs: float | None = None
    bver: Annotated[int, Meta(ge=1)] | None = None
    n: Name | None = None
    u: Unit | None = None
    v: float | None = None
    vb: bool | None = None
    vs: str | None = None
    vd: str | None = None
    s: float | None = None
    t: float | None = None
    ut: Annotated[float, Meta(ge=0)] | None = None


class Resolved(NamedTuple):
    """A record with what it takes from the base fields before it; `base` is the part of its name that is base name.

    value and total are None where the record has text or data only.
    """

    name: str
    base: str
    unit: str | None
    seconds: float
    value: float | None
    total: float | None
    update_s: float | None


_PACK = msgspec.json.Decoder(list[Record])
_LABELS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


def decode(route: Route, payload: bytes, received: datetime) -> Decoded:
    """One sample for each device and time. A level {device} of the topic is the gateway of whoever the pack names;
    without it, the first device of the pack is the sender."""
    source, gateway = route.source, route.parts.get("device")
    drawers: dict[tuple[str, float], list[Sample]] = {}
    sender = source.sender(gateway) if gateway else None
    known: dict[tuple[str, str, str | None], tuple[str, str]] = {}
    for record in resolve(read(payload)):
        key = (record.name, record.base, record.unit)
        if (names := known.get(key)) is None:
            foreign, point = split(record, source, gateway)
            sender = sender or source.sender(foreign)
            names = known[key] = source.device_id(foreign), source.point_name(point)
        _put(drawers.setdefault((names[0], record.seconds), []), *names, record, received)
    if sender is None:
        raise Rejected("missing-key", "an empty pack")
    identity = _identity(payload, received) if any(0 != s < RELATIVE_S for _, s in drawers) else None
    return Decoded(sender, identity, [s for drawer in drawers.values() for s in drawer if s.values], [])


def read(payload: bytes) -> list[Record]:
    """The records of a pack; Rejected where it has a label that must be understood, or a version beyond ours."""
    records = decode_json(_PACK, payload)
    if _MUST_BE_UNDERSTOOD.search(payload):
        for labels in decode_json(_LABELS, payload):
            if any(label.endswith("_") for label in labels):
                raise Rejected("must-understand", "the pack has a label ending in _ , which RFC 8428 forbids to ignore")
    if any((record.bver or VERSION) > VERSION for record in records):
        raise Rejected("unknown-version", f"`bver` is above {VERSION}, the newest version that RFC 8428 knows")
    return records


def resolve(records: list[Record]) -> Iterator[Resolved]:
    """Applies base fields (section 4.6); what has neither value nor sum of its own or from its bases is skipped where
    it only sets bases, and is Rejected otherwise."""
    bn, bt, bu, bv, bs = "", 0.0, None, None, None
    names: set[str] = set()
    for at, r in enumerate(records):
        bn, bt, bu = (bn if r.bn is None else r.bn), (bt if r.bt is None else r.bt), (bu if r.bu is None else r.bu)
        bv, bs = (bv if r.bv is None else r.bv), (bs if r.bs is None else r.bs)
        given = (r.v is not None) + (r.vb is not None) + (r.vs is not None) + (r.vd is not None)
        if given > 1:
            raise Rejected("bad-type", f"two values at once - at `$[{at}]`: one of them is meant")
        value: float | None = None
        if r.vb is not None:
            value = float(r.vb)
        elif r.v is not None or (bv is not None and r.s is None and not given):
            value = (bv or 0.0) + (r.v or 0.0)
        total = None if r.s is None and bs is None else (bs or 0.0) + (r.s or 0.0)
        if not given and value is None and total is None:
            if r.n is None and r.u is None and r.t is None and r.ut is None:
                continue
            raise Rejected("missing-key", f"neither value nor sum - at `$[{at}]`")
        name, seconds = bn + (r.n or ""), bt + (r.t or 0.0)
        if name not in names and not _NAME.fullmatch(name):
            raise Rejected("out-of-bounds", f"base name and name make none that RFC 8428 allows - at `$[{at}]`")
        if not math.isfinite(seconds + (value or 0.0) * 0.0 + (total or 0.0) * 0.0):  # infinity times 0 is no number
            raise Rejected("out-of-bounds", f"base and value add up to no number - at `$[{at}]`")
        names.add(name)
        yield Resolved(name, bn if r.n else "", r.u or bu, seconds, value, total, r.ut)


def split(record: Resolved, source: Source, gateway: str | None) -> tuple[str, str]:
    """Which part of a name is the device's and which the point's (docs/formats.md has the rules, in this order)."""
    name = record.name
    whole = len(name) - (gateway is not None)  # a gateway's point may be called like another device
    for end in range(whole, 0, -1) if source.devices else ():
        if name[:end] in source.devices and (end == len(name) or {name[end - 1], name[end]} & set(_SEPARATORS)):
            return name[:end], name[end:].lstrip(_SEPARATORS) or quantity(record.unit)
    if (urn := _DEVICE_URN.fullmatch(name)) is not None:
        return urn[1], urn[2] or quantity(record.unit)
    if (base := record.base.rstrip(_SEPARATORS)) and len(record.base) < len(name):
        return base, name[len(record.base) :]
    at = max(name.rfind("/"), name.rfind(":"))
    if 0 < at < len(name) - 1:
        return name[:at].rstrip(_SEPARATORS), name[at + 1 :]
    if gateway is not None and at < 0:
        return gateway, name
    return name.rstrip(_SEPARATORS), quantity(record.unit)


def _put(drawer: list[Sample], device: str, point: str, record: Resolved, received: datetime) -> None:
    """Adds a record to the samples of its device and time; one that names a point again begins another sample."""
    summed = f"{point[:59]}_sum"
    if not drawer or point in drawer[-1].values or (record.total is not None and summed in drawer[-1].values):
        drawer.append(Sample(device, _time(record.seconds, received), {}, units={}))
    sample = drawer[-1]
    values = cast(dict[str, float | bool | None], sample.values)  # made above, and nobody else has seen it yet
    units = cast(dict[str, str], sample.units)
    if record.value is not None:
        values[point] = record.value
        if record.unit:
            units[point] = ours(record.unit)
    if record.total is not None:
        values[summed] = record.total
        if record.unit:
            units[summed] = f"{ours(record.unit)}·s"
    if record.update_s:
        soonest = min(record.update_s, sample.stale_after_s or record.update_s)
        drawer[-1] = sample._replace(stale_after_s=soonest)


def _time(seconds: float, received: datetime) -> datetime | None:
    """None for "now": the device does not know."""
    if seconds == 0:
        return None
    if seconds >= RELATIVE_S:
        return device_time(Timed(time_s=seconds))
    try:
        return received + timedelta(seconds=seconds)
    except OverflowError as error:
        raise Rejected("out-of-bounds", "a relative time is beyond what a calendar holds") from error


def _identity(payload: bytes, received: datetime) -> str:
    """What counts from now says something else each time it is sent, even in the same bytes."""
    return f"r:{received.timestamp():.6f}:{blake2b(payload, digest_size=8).hexdigest()}"
