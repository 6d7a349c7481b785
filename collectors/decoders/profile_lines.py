"""Reads the lines of one `[[message]]`: paths, values, time, registers, status; notes all that is wrong with them."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from collectors.decoders import profile_paths, profile_units
from collectors.decoders.profile_model import NamedUnit, Said, StatusLine, ValueLine, word
from collectors.decoders.profile_paths import Path, Template
from collectors.decoders.profile_registers import Block, Kind, Order, Slot
from collectors.decoders.profile_times import EPOCH_UNITS, TimeLine
from pipeline.domain.message import ConnectionState
from pipeline.parkfile.fields import Record
from pipeline.parkfile.problems import write_nearest

Read = TypeVar("Read")
Listed = TypeVar("Listed", bound=StrEnum)

PATH_ADVICE = 'write keys with dots between them, such as "ENERGY.Power" or "switch:0.apower"'
NAME_ADVICE = 'write small letters, digits, "_" and parts, such as "voltage" or "{component}_voltage"'
_OWN_TEXT = re.compile(r"[a-z0-9_]*")
LONGEST_UNIT = 64  # characters
OWN_PARTS = frozenset({"source"})  # parts that every message has


def _parsed(record: Record, key: str, parse: Callable[[str], Read], text: str, *, advice: str) -> Read | None:
    try:
        return parse(text)
    except ValueError as error:
        record.wrong(key, str(error), advice)
        return None


def read_path(record: Record, key: str, *, required: bool = False, many: bool = False) -> Path | None:
    """One path; with `{part}` or `*` only where many things may be meant."""
    text = record.text(key, required=required)
    path = _parsed(record, key, profile_paths.parse, text, advice=PATH_ADVICE) if text else None
    if path and path.many and not many:
        record.wrong(key, f'"{path.text}" may find more than one thing', "name one place, without {part} and *")
        return None
    return path


def read_paths(record: Record, key: str = "path", *, many: bool = False) -> tuple[Path, ...]:
    """A path, or a list of paths of which the first that is there counts."""
    if not isinstance(record.table.get(key), list):
        path = read_path(record, key, required=True, many=many)
        return (path,) if path else ()
    parsed = [_parsed(record, key, profile_paths.parse, text, advice=PATH_ADVICE) for text in record.texts(key)]
    found = tuple(path for path in parsed if path)
    if not parsed:
        record.wrong(key, f'"{key}" is an empty list', PATH_ADVICE)
    elif not many and any(path.many for path in found):
        record.wrong(key, "a list with {part} or * may find more than one thing", "name one place in each path")
    elif len({(path.names, path.many) for path in found}) > 1:
        record.wrong(key, "the paths of a list name different parts", "write the same {part} in each, or none")
    return found


def read_template(record: Record, key: str) -> Template | None:
    """A text with parts."""
    text = record.text(key)
    advice = 'write small letters, digits and "_" in the braces, such as "{device}"'
    return _parsed(record, key, profile_paths.template, text, advice=advice) if text else None


def _listed(record: Record, key: str, kind: type[Listed], *, default: Listed) -> Listed:
    return record.choice(key, kind, default=default) if record.has(key) else default


def _flag(record: Record, key: str) -> bool:
    value = record.table.get(key, False) if record.has(key) else False
    if not isinstance(value, bool):
        record.wrong(key, f'"{key}" is neither true nor false', f"write {key} = true, or leave it out")
        return False
    return value


read_flag = _flag


def _table(record: Record, key: str, label: str) -> Record | None:
    if not record.has(key):
        return None
    if not isinstance(record.table[key], dict):
        record.wrong(key, f'"{key}" is not a table', f"write {key} = {{ … }}")
        return None
    return record.below(key, f"{record.label}, {label}", of=record.table[key])


read_table = _table


def read_value(
    record: Record, name: str, *, parts: frozenset[str], block: Block | None, registers: bool
) -> ValueLine | None:
    """One line of `[message.values]`, its table in `record`. parts: known before; registers: the message has some."""
    made = _parsed(record, "path", profile_paths.template, name, advice=NAME_ADVICE)
    paths: tuple[Path, ...] = ()
    slot = None
    if record.has("register"):
        slot = _slot(record, block, registers=registers)
        if record.has("path"):
            record.wrong("path", '"path" and "register" at once', "keep the one that is meant")
    else:
        paths = read_paths(record, many=True)
    if made is None:
        record.close()
        return None
    own = frozenset(n for path in paths for n in path.names)
    for part in sorted(made.names - own - parts - OWN_PARTS):
        advice = "name it in the path, the topic or [message.parts]"
        record.wrong("path", f"nothing says what {{{part}}} stands for", advice)
    for part in sorted(own - made.names):
        record.wrong("path", f'every {{{part}}} would make the same point "{name}"', f"put {{{part}}} into its name")
    if any(path.many and not path.names for path in paths):
        record.wrong("path", f'every * would make the same point "{name}"', "write {part} for it, and in the name too")
    if not all(_OWN_TEXT.fullmatch(text) for text, _ in made.pieces) or not (name[:1].isalpha() or name[:1] == "{"):
        record.wrong((), f'"{name}" is no name for a point', NAME_ADVICE)
    unit = _unit(record)
    scale, offset = record.number("scale"), record.number("offset")
    if scale == 0:
        record.wrong("scale", "every value would be 0", "write scale = 0.1, or leave it out")
    conversion, named_unit = None, None
    named = isinstance(record.table.get("from"), dict)
    given = unit if named else record.text("from") or unit
    if (given or named) and not unit:
        record.has("from")
        record.wrong("from", '"from" without "unit"', 'write unit = "kW", the unit to convert to')
    else:
        conversion = _conversion(record, given or "", unit or "", 1 if scale is None else scale, offset or 0)
        named_unit = _named_unit(record, unit, 1 if scale is None else scale, offset or 0) if named and unit else None
    many = any(path.many for path in paths)
    line = ValueLine(
        name=made,
        paths=paths,
        slot=slot,
        unit=unit,
        conversion=conversion,
        named_unit=named_unit,
        words=_words(record, _number, example="{ ON = 1, OFF = 0 }"),
        required=_flag(record, "required"),
        many=many,
        texts=_flag(record, "texts") or not many,
    )
    record.close()
    return line


def _conversion(
    record: Record, given: str, unit: str, scale: float, offset: float
) -> profile_units.Conversion | None:  # fmt: skip
    try:
        return profile_units.conversion(given, unit, scale=scale, offset=offset)
    except ValueError as error:
        record.wrong("from" if "from" in record.table else "unit", str(error), "docs/formats.md lists the units")
        return None


def _named_unit(record: Record, unit: str, scale: float, offset: float) -> NamedUnit | None:
    table = record.below("from", f"{record.label}, from", of=record.table["from"])
    record.has("from")
    path = read_path(table, "path", required=True)
    words = _words(table, lambda meant: meant if isinstance(meant, str) else None, example='{ C = "°C", F = "°F" }')
    if not words:
        table.wrong((), "nothing says what its words mean", 'write map = { C = "°C", F = "°F" }')
    table.close()
    known = {said: _conversion(record, meant, unit, scale, offset) for said, meant in words.items()}
    return NamedUnit(path, known) if path else None


def _unit(record: Record) -> str | None:
    unit = record.text("unit")
    if unit and (meant := profile_units.misspelt(unit)):
        record.wrong("unit", f'"{unit}" is not how this unit is written here', f'write "{meant}"')
    elif unit and len(unit) > LONGEST_UNIT:
        record.wrong("unit", f"the unit has {len(unit)} characters", f"write at most {LONGEST_UNIT}")
    return unit


def _slot(record: Record, block: Block | None, *, registers: bool) -> Slot | None:
    address = record.whole("register")
    kind = _listed(record, "type", Kind, default=Kind.UINT16)
    order = _listed(record, "order", Order, default=Order.ABCD)
    bit = record.whole("bit")
    bits = int("".join(c for c in kind if c.isdigit()))
    if bit is not None and (kind.startswith("float") or not 0 <= bit < bits):
        record.wrong("bit", f"{kind} has no bit {bit}", "count from 0, the lowest; floats have none")
        bit = None
    if block is None and not registers:
        record.wrong("register", "nothing says where the registers are", 'write [message.registers] with path = "…"')
    elif block and address is not None and isinstance(block.first, int) and address < block.first:
        record.wrong("register", f"register {address} is before the first, {block.first}", "compare the two addresses")
    return Slot(address, kind, order, bit) if address is not None else None


def _words(record: Record, meaning: Callable[[Any], Read | None], *, example: str) -> dict[str, Read]:
    table = _table(record, "map", "map")
    words: dict[str, Read] = {}
    for said, meant in (table.table if table else {}).items():
        value = meaning(meant)
        if value is None:
            record.wrong(("map", said), f'"{said}" cannot mean {meant!r} here', f"write map = {example}")
        else:
            words[said] = value
    return words


def _number(meant: Any) -> float | None:
    return float(meant) if isinstance(meant, int | float) and abs(meant) < float("inf") else None


def read_time(record: Record) -> TimeLine | None:
    """`time = { path, format, zone }`."""
    paths = read_paths(record)
    format_ = record.text("format", required=True)
    known = ("iso", *EPOCH_UNITS)
    if format_ and format_ not in known and "%" not in format_:
        otherwise = 'write "iso", "s", "ms", "us", or a text such as "%Y-%m-%d %H:%M:%S"'
        record.wrong(
            "format", f'"{format_}" is no format of a time', write_nearest(format_, known, otherwise=otherwise)
        )
    name = record.text("zone")
    zone = None
    if name and format_ in EPOCH_UNITS:
        record.wrong("zone", f'a time in "{format_}" counts from 1970 in UTC and has no zone', "leave zone out")
    elif name:
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            advice = write_nearest(name, available_timezones(), otherwise='write a name such as "Asia/Shanghai"')
            record.wrong("zone", f'"{name}" is no time zone', advice)
    record.close()
    return TimeLine(paths, format_, zone) if paths else None


def read_block(record: Record) -> Block | None:
    """`[message.registers]`: path and first."""
    path = read_path(record, "path", required=True)
    first: int | Path | None = 0
    if isinstance(record.table.get("first"), str):
        first = read_path(record, "first")
    elif record.has("first"):
        first = record.whole("first")
    record.close()
    return Block(path, first if first is not None else 0) if path else None


def read_status(record: Record) -> StatusLine | None:
    """`[message.status]`."""
    if not record.has("state"):
        record.wrong((), '"state" is missing', 'write state = "online", or state = { path = "…", map = { … } }')
    state = _said(record, "state", ConnectionState)
    line = StatusLine(
        state=state or Said(),
        will=_flag(record, "will"),
        reason=_said(record, "reason"),
        firmware=_said(record, "firmware"),
        battery_pct=_measured(record, "battery_pct"),
        signal_dbm=_measured(record, "signal_dbm"),
    )
    record.close()
    return line if state else None


def _measured(record: Record, key: str) -> tuple[Path, ...]:
    table = _table(record, key, key)
    if table is None:
        return ()
    paths = read_paths(table)
    table.close()
    return paths


def _said(record: Record, key: str, among: type[StrEnum] | None = None) -> Said | None:
    if not record.has(key):
        return None
    if isinstance(record.table[key], str):
        text = record.text(key) or ""
        if among and text not in list(among):
            words = " or ".join(f'"{w}"' for w in among)
            record.wrong(key, f'"{text}" is no {key}', f"write {words}")
        return Said(always=text)
    table = _table(record, key, key)
    if table is None:
        return None
    paths = read_paths(table)
    example = '{ Online = "online", Offline = "offline" }' if among else '{ "1" = "low battery" }'
    said = Said(paths=paths, words=_words(table, lambda meant: _one_of(meant, among), example=example))
    table.close()
    return said


def _one_of(meant: Any, among: type[StrEnum] | None) -> str | None:
    return word(meant) if among is None or meant in list(among) else None
