"""Reads a mapping profile, shipped or of one's own: a Profile, or everything that is wrong with the file in one go."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path as File
from typing import Any

from collectors.decoders import profile_paths
from collectors.decoders.profile_lines import (
    OWN_PARTS,
    read_block,
    read_flag,
    read_path,
    read_status,
    read_table,
    read_template,
    read_time,
    read_value,
)
from collectors.decoders.profile_model import Columns, MessageMap, Profile, ValueLine, word
from collectors.decoders.profile_paths import Path, Template
from collectors.decoders.profile_registers import Block
from pipeline.domain.errors import ConfigurationError
from pipeline.parkfile.fields import Record
from pipeline.parkfile.positions import TomlPlaces
from pipeline.parkfile.problems import Findings, Problem, write_nearest

SHIPPED = File(__file__).parent.parent / "profiles"
FORMATS = ("json", "csv", "text")
DEVICE = profile_paths.template("{device}")
SOURCE = profile_paths.template("{source}")


class InvalidProfileError(ConfigurationError):
    """the mapping profile cannot be used"""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: p.line)
        noun = "problem" if len(self.problems) == 1 else "problems"
        super().__init__("\n".join([f"{len(self.problems)} {noun}", *map(str, self.problems)]))


def shipped() -> dict[str, File]:
    """The profiles that come with smartpark, by name."""
    return {file.stem: file for file in sorted(SHIPPED.glob("*.toml"))}


def find(name: str) -> File:
    """The file of a shipped profile's name, or of a path. ConfigurationError where there is none."""
    if name in (known := shipped()):
        return known[name]
    file = File(name)
    if file.is_file():
        return file
    otherwise = "shipped are " + ", ".join(known)
    raise ConfigurationError(
        f'there is no profile "{name}": {write_nearest(name, known, otherwise=otherwise)}, or the path of a file'
    )


def read(name: str) -> Profile:
    """A profile by its shipped name or its path. ConfigurationError, with every problem's line, where it cannot be."""
    file = find(name)
    try:
        return read_text(file.read_bytes().decode("utf-8-sig"), file)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidProfileError([Problem(str(file), 1, "is not UTF-8", "save the file as UTF-8")]) from error


def read_text(text: str, file: File) -> Profile:
    """A profile from its text; `file` is what its problems are told of."""
    document, places = _document(text, file)
    findings = Findings()
    top = Record(document, (), label="profile", source=places, findings=findings)
    about, source = top.text("about", required=True), top.text("document") or ""
    format_ = _format(top, "json")
    columns = _columns(top, format_)
    shared = read_table(top, "shared", "shared")
    tables = shared.table if shared else {}
    given = document.get("message")
    top.has("message")
    messages = []
    if not isinstance(given, list) or not all(isinstance(m, dict) for m in given) or not given:
        top.wrong("message", "there is no [[message]]", 'write [[message]] with topic = "…" and [message.values]')
        given = []
    for index, table in enumerate(given):
        record = top.below(("message", index), f"message {index + 1}", of=table)
        messages.append(_Message(record, format_, columns, shared=tables).read())
    top.close()
    if findings:
        raise InvalidProfileError(findings.problems())
    return Profile(file.stem, about, source, tuple(m for m in messages if m), text)


def _document(text: str, file: File) -> tuple[dict[str, Any], TomlPlaces]:
    try:
        return tomllib.loads(text), TomlPlaces(str(file), text)
    except tomllib.TOMLDecodeError as error:
        line = int(found[1]) if (found := re.search(r"at line (\d+)", str(error))) else text.count("\n") + 1
        advice = "docs/formats.md has examples"
        raise InvalidProfileError([Problem(str(file), line, f"is not TOML: {error}", advice)]) from error


def _format(record: Record, default: str) -> str:
    format_ = record.text("format") or default
    if format_ not in FORMATS:
        otherwise = "write " + ", ".join(f'"{f}"' for f in FORMATS)
        record.wrong("format", f'"{format_}" is no format', write_nearest(format_, FORMATS, otherwise=otherwise))
        return default
    return format_


def _columns(record: Record, format_: str, inherited: Columns | None = None) -> Columns | None:
    table = read_table(record, "csv", "csv")
    if table is None:
        if format_ == "csv" and inherited is None:
            record.wrong(
                "format", "csv without its columns", 'write csv = { columns = ["…", "…"] } or { header = true }'
            )
        return inherited
    names, header = tuple(table.texts("columns")), read_flag(table, "header")
    if header == bool(names):
        table.wrong(
            (), "the columns come either from the file or from the first line", "write columns or header = true"
        )
    if len(set(names)) < len(names):
        table.wrong("columns", "two columns have the same name", "name each column once")
    delimiter = table.text("delimiter") if table.table.get("delimiter") != "\t" else "\t"
    table.has("delimiter")
    if delimiter is not None and len(delimiter) != 1:
        table.wrong("delimiter", f'"{delimiter}" is not one character', 'write delimiter = ";"')
        delimiter = None
    table.close()
    return Columns(names or None, delimiter or ",")


class _Message:
    """One `[[message]]`."""

    def __init__(self, record: Record, format_: str, columns: Columns | None, *, shared: dict[str, Any]) -> None:
        self.record, self.shared = record, shared
        self.format = _format(record, format_)
        self.columns = _columns(record, self.format, columns)

    def read(self) -> MessageMap | None:
        record = self.record
        self.topic = topic = self._topic()
        ignore = read_flag(record, "ignore")
        each = self._each()
        parts = self._parts()
        early = OWN_PARTS | (topic.names if topic else frozenset())
        early |= {name for name, path in parts.items() if path.from_root or each is None}  # known without `each`
        known = early | set(parts) | (each.names if each else frozenset())
        device = read_template(record, "device") or DEVICE
        self._needs("device", device, known, ignore=ignore)
        sender = self._sender(device, early, known, ignore=ignore)
        identity = read_template(record, "identity")
        if identity:
            self._needs("identity", identity, early, ignore=ignore)
        time = read_table(record, "time", "time")
        timed = read_time(time) if time else None
        registers = read_table(record, "registers", "registers")
        block = read_block(registers) if registers else None
        values = self._values(frozenset(known), block)
        status = read_table(record, "status", "status")
        state = read_status(status) if status else None
        if state and sender is not None:
            record.wrong("status", "a status is the sender's own, and this message speaks of other devices", _ALONE)
        when, may_be_empty = self._when(), read_flag(record, "may_be_empty")
        if ignore and (values or status):
            record.wrong(
                "ignore", "a message that is ignored has no values and no status", "keep the one that is meant"
            )
        if not ignore and not values and not status:
            record.wrong((), "takes nothing", "write [message.values], [message.status], or ignore = true")
        record.close()
        if topic is None:
            return None
        paths = [path for line in values for path in line.paths]
        paths += [*(timed.paths if timed else ()), *parts.values(), *(path for path, _ in when)]
        paths += [block.path] if block else []
        paths += [line.named_unit.path for line in values if line.named_unit]
        plain = [path for path in paths if not path.many]
        return MessageMap(
            topic=topic,
            format=self.format,
            columns=self.columns,
            when=when,
            parts=parts,
            each=each,
            device=device,
            sender=sender,
            identity=identity,
            time=timed,
            registers=block,
            values=values,
            status=state,
            ignore=ignore,
            may_be_empty=may_be_empty,
            named=frozenset(path.place(()) for path in plain if path.from_root),
            named_here=frozenset(path.place(()) for path in plain if not path.from_root),
            opened=frozenset(path.opened for line in values for path in line.paths if path.many and path.opened),
            indexed=any(isinstance(path.steps[0], int) for path in paths if path.steps),
        )

    def _topic(self) -> profile_paths.TopicEnd | None:
        text = self.record.text("topic", required=True)
        try:
            return profile_paths.topic_end(text) if text else None
        except ValueError as error:
            self.record.wrong("topic", str(error), 'write it as in "tele/{device}/SENSOR"')
            return None

    def _each(self) -> Path | None:
        each = read_path(self.record, "each", many=True)
        if self.format == "csv":
            if each:
                self.record.wrong("each", "csv is read row by row anyway", "leave each out")
            return profile_paths.parse("*")
        if each and not each.many:
            self.record.wrong("each", f'"{each.text}" finds one thing', f'write "{each.text}.*" for each thing in it')
        return each

    def _parts(self) -> dict[str, Path]:
        table = read_table(self.record, "parts", "parts")
        found = {}
        for name in table.table if table else ():
            if not profile_paths.PART.fullmatch(name):
                table.wrong(name, f'"{name}" is no name for a part', 'write small letters, digits and "_"')  # type: ignore[union-attr]
            elif (path := read_path(table, name, required=True)) is not None:  # type: ignore[arg-type]
                found[name] = path
        return found

    def _needs(self, key: str, template: Template, known: frozenset[str] | set[str], *, ignore: bool) -> None:
        for part in sorted(template.names - known):
            if not ignore and self.topic:
                advice = "name it in the topic, in each, or in [message.parts]"
                self.record.wrong(key if self.record.has(key) else "topic", f"nothing says what {{{part}}} is", advice)

    def _sender(
        self, device: Template, early: frozenset[str] | set[str], known: frozenset[str] | set[str], *, ignore: bool
    ) -> Template | None:
        sender = read_template(self.record, "sender")
        if sender:
            self._needs("sender", sender, early, ignore=ignore)
        elif not device.names <= early and device.names <= known:
            sender = SOURCE
        return sender

    def _when(self) -> tuple[tuple[Path, frozenset[str]], ...]:
        table = read_table(self.record, "when", "when")
        found = []
        for text, value in table.table.items() if table else ():
            wanted = [word(v) for v in (value if isinstance(value, list) else [value])]
            try:
                path = profile_paths.parse(text)
                if path.many or None in wanted:
                    raise ValueError(f'"{text}" is compared with one text, number or list of them')  # noqa: TRY301
                found.append((path, frozenset(w for w in wanted if w is not None)))
            except ValueError as error:
                self.record.wrong(("when", text), str(error), 'write when = { method = "NotifyStatus" }')
        return tuple(found)

    def _values(self, known: frozenset[str], block: Block | None) -> tuple[ValueLine, ...]:
        tables = self.record.table.get("values")
        path: tuple[str, ...] = ("values",)
        if isinstance(tables, str):
            self.record.has("values")
            if not isinstance(self.shared.get(tables), dict):
                advice = write_nearest(tables, self.shared, otherwise=f"write a table [shared.{tables}]")
                self.record.wrong("values", f"there is no [shared.{tables}]", advice)
                return ()
            record = Record(
                self.shared[tables],
                ("shared", tables),
                label=self.record.label,
                source=self.record.source,
                findings=self.record.findings,
            )
            given, path = self.shared[tables], ()
        else:
            record, given = self.record, self.record.tables("values")
        lines = []
        for name, value in given.items():
            table = {"path": value} if isinstance(value, str) else value
            if not isinstance(table, dict):
                record.wrong((*path, name), f'"{name}" is neither a path nor a table', _VALUE)
                continue
            below = record.below((*path, name), f'{record.label}, "{name}"', of=table)
            lines.append(read_value(below, name, parts=known, block=block, registers=self.record.has("registers")))
        return tuple(line for line in lines if line)


_ALONE = "leave [message.status] out, or make it a [[message]] of its own"
_VALUE = 'write NAME = "path", or NAME = { path = "path", unit = "kW" }'
