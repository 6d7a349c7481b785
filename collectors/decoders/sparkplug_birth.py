"""What a Sparkplug birth certificate defines, and what the metrics of a message say by it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from collectors.decoders.sparkplug_payload import NOT_NUMBERS, number
from collectors.sources import Source
from pipeline.domain.errors import Rejected
from pipeline.domain.message import Sample

UNIT = "engUnit"
LONGEST_UNIT = 64
UNKNOWN = "unknown-alias"
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


class Known(NamedTuple):
    """One metric of a birth: point is None where it is none of ours (a control, a text), or where `why` refuses it."""

    name: str
    point: str | None
    datatype: int | None
    why: tuple[str, str] | None = None


class Birth:
    """The metrics that one birth certificate of a node or device defines, by name and by alias."""

    def __init__(self, payload: Any, source: Source) -> None:
        self.by_name: dict[str, Known] = {}
        self.by_alias: dict[int, Known] = {}
        for metric in payload.metrics:
            if metric.name and isinstance(metric.name, str) and metric.name not in self.by_name:
                self.by_name[metric.name] = describe(metric.name, metric.datatype or None, source)
        names = Counter(known.point for known in self.by_name.values() if known.point)
        for name, known in self.by_name.items():
            if known.point and names[known.point] > 1:
                why = ("same-point-name", f"several metrics would be `{known.point}`: name them under [source.points]")
                self.by_name[name] = known._replace(point=None, why=why)
        for metric in payload.metrics:
            defined = self.by_name.get(metric.name) if metric.HasField("alias") else None
            if defined is not None and self.by_alias.setdefault(metric.alias, defined) != defined:
                why = ("same-alias", "two metrics of one birth have this alias")
                self.by_alias[metric.alias] = Known(metric.name, None, None, why)

    def points(self) -> list[str]:
        return [known.point for known in self.by_name.values() if known.point]


def describe(name: str, datatype: int | None, source: Source) -> Known:
    """What a metric of this name is to us."""
    if name == "bdSeq" or name.startswith(("Node Control/", "Device Control/")) or datatype in NOT_NUMBERS:
        return Known(name, None, datatype)
    try:
        return Known(name, source.point_name(name), datatype)
    except Rejected as rejected:
        return Known(name, None, datatype, (rejected.reason, rejected.detail))


class Said(NamedTuple):
    """What the metrics of one message say, and why some of them could not be understood."""

    samples: list[Sample]
    why: Rejected | None


class Interpreter:
    """Turns metrics into samples of one source's devices; counts in `skipped` what is no reading."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.skipped: Counter[str] = Counter()

    def samples(self, device_id: str, payload: Any, births: Sequence[Birth], *, certain: bool = True) -> Said:
        """One sample for each (timestamp, historical).

        An alias counts where every birth at hand that knows it agrees on it, and, unless `certain`, all know it.
        """
        groups: dict[tuple[int, bool], list[_Draft]] = {}
        troubles: list[tuple[str, str]] = []
        sent = payload.timestamp
        for metric in payload.metrics:
            try:
                known = self._find(metric, births, certain)
                if known is None:
                    continue
                value = number(metric, metric.datatype or known.datatype)
                when = metric.timestamp or sent
                group = groups.get((when, metric.is_historical))
                if group is None:
                    group = groups[when, metric.is_historical] = [_Draft(instant(when))]
                _add(group, known.point or "", value, metric, group[0].time)
            except Rejected as rejected:
                troubles.append((rejected.reason, f"{_called(metric)}: {rejected.detail}"))
        samples = [
            Sample(device_id, d.time, d.values, frozenset(d.bad), d.units or None, historical=historical)
            for (_, historical), group in groups.items()
            for d in group
        ]
        if not troubles:
            return Said(samples, None)
        reason, detail = next((t for t in troubles if t[0] == UNKNOWN), troubles[0])
        more = f", and {len(troubles) - 1} more" if len(troubles) > 1 else ""
        return Said(samples, Rejected(reason, detail + more))

    def _find(self, metric: Any, births: Sequence[Birth], certain: bool) -> Known | None:
        """The metric's definition; None where it is no reading."""
        name = metric.name
        if isinstance(name, bytes):  # how protobuf hands over text that is not UTF-8
            raise Rejected("bad-utf8", "its name is not UTF-8")
        if name:
            found = [known for birth in births if (known := birth.by_name.get(name)) is not None]
            if not found:
                found = [describe(name, metric.datatype or None, self.source)]
        elif metric.HasField("alias"):
            found = [known for birth in births if (known := birth.by_alias.get(metric.alias)) is not None]
            if not found or (not certain and len(found) < len(births)):
                raise Rejected(UNKNOWN, "no birth at hand defines it for certain")
        else:
            raise Rejected("missing-key", "neither a name nor an alias")
        known = found[0]
        if len(found) > 1 and any(k.name != known.name or k.datatype != known.datatype for k in found):
            raise Rejected(UNKNOWN, "births before and after it define it in different ways")
        if known.why is not None:
            raise Rejected(*known.why)
        datatype = metric.datatype or known.datatype
        kind = NOT_NUMBERS.get(datatype) if datatype else _not_a_number(metric)
        if known.point is None and not kind:
            return None  # a control
        if kind or metric.is_transient:
            self.skipped[kind or "transient"] += 1
            return None
        return known


def _not_a_number(metric: Any) -> str | None:
    held = metric.WhichOneof("value")
    if held in ("string_value", "bytes_value", "dataset_value", "template_value"):
        return str(held).removesuffix("_value")
    return None


@dataclass(slots=True)
class _Draft:
    """A sample while metrics are still added to it."""

    time: datetime | None
    values: dict[str, float | None] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    units: dict[str, str] = field(default_factory=dict)


def _add(group: list[_Draft], point: str, value: float | None, metric: Any, time: datetime | None) -> None:
    """A second value for one point and instant goes into a sample of its own: the store shows it as a conflict."""
    draft = next((d for d in group if point not in d.values or d.values[point] == value), None)
    if draft is None:
        group.append(draft := _Draft(time))
    draft.values[point] = value
    if metric.HasField("properties"):
        good, unit = _properties(metric.properties)
        if not good:
            draft.bad.add(point)
        if unit is not None:
            draft.units[point] = unit


def _properties(properties: Any) -> tuple[bool, str | None]:
    """Whether the value is good by its `Quality` (0 bad, 192 good, 500 stale), and its engineering unit."""
    good, unit = True, None
    for key, value in zip(properties.keys, properties.values, strict=False):
        if key in ("Quality", "quality") and not value.is_null:
            good = value.int_value == 192 or value.long_value == 192
        elif key == UNIT and isinstance(value.string_value, str) and "\0" not in value.string_value:
            unit = value.string_value[:LONGEST_UNIT] or None
    return good, unit


def _called(metric: Any) -> str:
    """How a metric is named in a dead letter's detail: never its value, and nothing that a database cannot hold."""
    return repr(metric.name[:80]) if metric.name else f"alias {metric.alias}" if metric.HasField("alias") else "?"


def instant(ms: int) -> datetime | None:
    """Milliseconds since 1970; None for 0 (never set)."""
    if not ms:
        return None
    try:
        return _ZERO + timedelta(milliseconds=ms)
    except OverflowError as error:
        raise Rejected("out-of-bounds", "a timestamp beyond year 9999") from error
