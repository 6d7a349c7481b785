"""Reads a sources file (docs/formats.md): TOML in, the sources out, or everything that is wrong with it in one go."""

import re
import tomllib
from itertools import combinations
from pathlib import Path
from typing import Any

from collectors.decoders.profile_read import find
from collectors.decoders.profile_read import read as read_profile
from collectors.lanes import overlap
from collectors.patterns import Pattern
from collectors.sources import DeviceConfig, Format, Source
from pipeline.domain.errors import ConfigurationError
from pipeline.domain.park import Family
from pipeline.parkfile.fields import ADVICE, DEVICE_ID, PLACE_ID, POINT_NAME, TYPE_NAME, Record
from pipeline.parkfile.positions import TomlPlaces
from pipeline.parkfile.problems import Findings, Problem

OURS = ("park/v1/#", "cmd/v1/#")  # docs/wire.md; no source may take them
NEEDS = {Format.CHIRPSTACK: ("device", "event"), Format.ZIGBEE2MQTT: ("device",), Format.PARK: ("device",)}
ADVICE_ON_TOPICS = "docs/formats.md has a pattern for each format"


def read(file: str) -> tuple[Source, ...]:
    """The sources of a file; none where `file` is empty. ConfigurationError lists all that is wrong with it."""
    if not file:
        return ()
    document, places = _document(Path(file))
    findings = Findings()
    reader = _Reader(document, places, findings)
    sources = reader.sources()
    if findings:
        raise _wrong(findings.problems())
    return sources


def _document(path: Path) -> tuple[dict[str, Any], TomlPlaces]:
    text = ""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text), TomlPlaces(str(path), text)
    except OSError as error:
        problem = Problem(str(path), 1, f"cannot be read: {error.strerror}", "write the path of a sources file")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        problem = Problem(str(path), line, "is not UTF-8", "save the file as UTF-8")
    except tomllib.TOMLDecodeError as error:
        line = int(found[1]) if (found := re.search(r"at line (\d+)", str(error))) else text.count("\n") + 1
        problem = Problem(str(path), line, f"is not TOML: {error}", "docs/formats.md has examples")
    raise _wrong([problem])


def _wrong(problems: list[Problem]) -> ConfigurationError:
    problems = sorted(problems, key=lambda p: (p.file, p.line))
    noun = "problem" if len(problems) == 1 else "problems"
    return ConfigurationError("\n".join([f"{len(problems)} {noun}", *map(str, problems)]))


class _Reader:
    def __init__(self, document: dict[str, Any], places: TomlPlaces, findings: Findings) -> None:
        self.document, self.places, self.findings = document, places, findings
        self.folder = Path(places.file).parent

    def sources(self) -> tuple[Source, ...]:
        for key in self.document:
            if key != "source":
                self.findings.add(self.places, (key,), message=f'unknown section "{key}"', advice="write [[source]]")
        tables = self.document.get("source", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self.findings.add(
                self.places, ("source",), message='"source" is not a list of tables', advice="write [[source]]"
            )
            return ()
        found: list[tuple[Source, Pattern | None, Record]] = []
        for index, table in enumerate(tables):
            label = f'source "{table["name"]}"' if isinstance(table.get("name"), str) else "source"
            record = Record(table, ("source", index), label=label, source=self.places, findings=self.findings)
            found.append(self._source(record))
        self._check(found)
        return tuple(source for source, _, _ in found)

    def _source(self, record: Record) -> tuple[Source, Pattern | None, Record]:
        name = record.text("name", grammar=TYPE_NAME, required=True)
        pattern = self._pattern(record)
        kind = record.choice("format", Format, default=Format.PARK)
        source = Source(
            name=name,
            topic=pattern.text if pattern else "",
            format=kind,
            park=record.text("park", grammar=PLACE_ID, required=True),
            family=record.choice("family", Family, default=Family.SENSOR) if record.has("family") else Family.SENSOR,
            lane=record.text("lane", grammar=TYPE_NAME) or ("sparkplug" if kind == Format.SPARKPLUG else "foreign"),
            profile=self._profile(record, pattern),
            devices=self._devices(record, kind, pattern),
            points=self._points(record),
        )
        if kind == Format.PROFILE and source.profile is None:
            record.wrong("profile", "names no profile", 'write profile = "…": a shipped one, or the path of a file')
        for part in NEEDS.get(kind, ()) if record.table.get("format") == kind else ():
            if pattern and part not in pattern.parts:
                record.wrong("topic", f"{kind} needs a level named {{{part}}} in its topic", ADVICE_ON_TOPICS)
        record.close()
        return source, pattern, record

    def _pattern(self, record: Record) -> Pattern | None:
        text = record.text("topic", required=True)
        try:
            return Pattern.parse(text) if text else None
        except ValueError as error:
            message, _, advice = str(error).partition("; ")
            record.wrong("topic", message, advice)
            return None

    def _profile(self, record: Record, pattern: Pattern | None) -> str | None:
        """A shipped profile's name, or a file's path, as seen from the sources file."""
        given = record.text("profile")
        name = str(self.folder / given) if given and ("/" in given or given.endswith(".toml")) else given
        try:
            if name:
                find(name)
        except ConfigurationError as error:
            message, _, advice = error.detail.partition(": ")
            record.wrong("profile", message, advice)
            return name
        if name and pattern:
            self._reached(record, name, pattern)
        return name

    def _reached(self, record: Record, name: str, pattern: Pattern) -> None:
        try:
            messages = read_profile(name).messages
        except ConfigurationError:
            return  # told when the collector makes its decoder, with the profile's own lines
        if messages and not any(message.topic.meets(pattern.filter) for message in messages):
            ends = ", ".join(dict.fromkeys(f'"{message.topic.text}"' for message in messages))
            advice = f"write a topic that can end like one of {ends}"
            key = "topic" if record.has("topic") else "profile"
            record.wrong(key, f'no message of its profile can match "{pattern.text}"', advice)

    def _devices(self, record: Record, kind: Format, pattern: Pattern | None) -> dict[str, DeviceConfig]:
        found = {}
        for foreign, value in record.tables("devices").items():
            label = f'{record.label}, device "{foreign}"'
            if isinstance(value, dict):
                device = record.below(("devices", foreign), label, of=value)
                found[foreign] = self._device(device, kind, pattern)
                device.close()
            else:
                record.has("devices")
                if text := self._name(record, ("devices", foreign), value, DEVICE_ID):
                    found[foreign] = DeviceConfig(text)
        return found

    def _device(self, device: Record, kind: Format, pattern: Pattern | None) -> DeviceConfig:
        family = device.choice("family", Family, default=Family.SENSOR) if device.has("family") else None
        own = device.choice("format", Format, default=kind) if device.has("format") else None
        if own and own != kind and Format.SPARKPLUG in (own, kind):
            device.wrong("format", "sparkplug is never one device's", "write a [[source]] of its own for Sparkplug B")
        profile = self._profile(device, pattern)
        if (own or profile) and pattern and "device" not in pattern.parts:
            advice = "name the level that tells the device {device} in the source's topic"
            device.wrong("format" if own else "profile", "no topic tells that it is this device", advice)
        if own == Format.PROFILE and profile is None and kind != Format.PROFILE:
            device.wrong("profile", "names no profile", 'write profile = "…": a shipped one, or the path of a file')
        return DeviceConfig(device.text("id", grammar=DEVICE_ID, required=True), family, own, profile)

    def _points(self, record: Record) -> dict[str, str]:
        named = {
            foreign: self._name(record, ("points", foreign), value, POINT_NAME)
            for foreign, value in record.tables("points").items()
        }
        return {foreign: name for foreign, name in named.items() if name}

    def _name(self, record: Record, path: tuple[str, str], value: object, grammar: re.Pattern[str]) -> str | None:
        if isinstance(value, str) and grammar.fullmatch(value):
            return value
        shown = f'"{value}"' if isinstance(value, str) else "what is written"
        record.wrong(path, f'{shown} cannot be what "{path[1]}" is called here', ADVICE[grammar])
        return None

    def _check(self, found: list[tuple[Source, Pattern | None, Record]]) -> None:
        """What two sources must not have in common, and none with smartpark's own topics."""
        for source, pattern, record in found:
            for ours in OURS if pattern else ():
                if pattern and overlap(pattern.filter, ours):
                    record.wrong("topic", f'"{source.topic}" would take topics of {ours}', ADVICE_ON_TOPICS)
        for (a, pattern_a, _), (b, pattern_b, record) in combinations(found, 2):
            if a.name and a.name == b.name:
                record.wrong("name", f'two sources are named "{a.name}"', "give each a name of its own")
            if pattern_a and pattern_b and overlap(pattern_a.filter, pattern_b.filter):
                message = f'"{b.topic}" shares topics with source "{a.name}" ("{a.topic}")'
                record.wrong("topic", message, "make one of the two narrower: each message has one source")
            if a.lane == b.lane and a.format != b.format and Format.SPARKPLUG in (a.format, b.format):
                message = f'lane "{a.lane}" would carry Sparkplug B (source "{a.name}" or this one) and something else'
                record.wrong("lane", message, "give the sparkplug source a lane of its own: its order is meaning")
