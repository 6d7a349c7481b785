"""Reads a park file: TOML in, a Park out, or everything that is wrong with it in one go."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pipeline.domain.park import Company, Device, Park, Space, SpaceKind
from pipeline.domain.rule import Rule
from pipeline.domain.subjects import Candidates
from pipeline.parkfile import sheet
from pipeline.parkfile.device_tables import DeviceType, read_device, read_type
from pipeline.parkfile.fields import Record
from pipeline.parkfile.frame import Frame
from pipeline.parkfile.place_tables import Head, read_company, read_head, read_space
from pipeline.parkfile.positions import TomlPlaces
from pipeline.parkfile.problems import Findings, InvalidParkFileError, Problem, write_nearest
from pipeline.parkfile.references import Described, check_devices, check_rents, check_spaces, unique
from pipeline.parkfile.rule_references import check_rules
from pipeline.parkfile.rule_tables import read_rule
from pipeline.parkfile.templates import expand

FORMAT = 1  # of the grammar in docs/park-file.md
SECTIONS = ("format", "park", "lists", "type", *SpaceKind, "company", "device", "rule")
OF_RULE_FILES = ("format", "lists", "rule")

Thing = TypeVar("Thing")


class _Described(NamedTuple):
    spaces: list[Described[Space]]
    companies: list[Described[tuple[Company, list[str]]]]
    devices: list[Described[Device]]
    rules: list[Described[Rule]]


def read(path: Path) -> Park:
    """The park that a file describes. InvalidParkFileError (a ParkFileError) lists all of its problems."""
    document, places = _document(path)
    findings = Findings()
    reader = _Reader(document, places, findings)
    head = reader.head()
    frame = Frame(head.position)
    types = reader.types()
    found = _Described(
        [item for kind in SpaceKind for item in reader.tables(kind, lambda r, k=kind: read_space(r, k, frame))],  # type: ignore[misc]
        list(reader.tables("company", read_company)),
        list(reader.tables("device", lambda record: read_device(record, types, frame))),
        list(reader.tables("rule", read_rule)),
    )
    for index, name in enumerate(head.device_lists):
        found.devices.extend(_listed(path.parent / name, reader, ("park", "device_lists", index), frame))
    for name in head.rule_files:
        document, places = _document(path.parent / name)
        found.rules.extend(_Reader(document, places, findings, sections=OF_RULE_FILES).tables("rule", read_rule))
    park = _assembled(head, found)
    if findings:
        raise InvalidParkFileError(findings.problems())
    return park


def read_rules(path: Path, known: Candidates | None) -> list[Rule]:
    """The rules of a park file or of a file of rules; what they name must be registered, where it is said what is."""
    document, places = _document(path)
    findings = Findings()
    sections = SECTIONS if "park" in document else OF_RULE_FILES
    found = list(_Reader(document, places, findings, sections=sections).tables("rule", read_rule))
    for name in document.get("park", {}).get("rule_files", ()) if "park" in document else ():
        inner, inner_places = _document(path.parent / name)
        found += _Reader(inner, inner_places, findings, sections=OF_RULE_FILES).tables("rule", read_rule)
    rules = list(unique(found, lambda rule: rule.rule_id).values())
    if known is not None:
        check_rules(found, known)
    if findings:
        raise InvalidParkFileError(findings.problems())
    return rules


def _document(path: Path) -> tuple[dict[str, Any], TomlPlaces]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        advice = "write the path of a park file; docs/park-file.md describes it"
        raise InvalidParkFileError([Problem(str(path), 1, f"cannot be read: {error.strerror}", advice)]) from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InvalidParkFileError([Problem(str(path), line, "is not UTF-8", "save the file as UTF-8")]) from error
    try:
        return tomllib.loads(text), TomlPlaces(str(path), text)
    except tomllib.TOMLDecodeError as error:
        line = int(found[1]) if (found := re.search(r"at line (\d+)", str(error))) else text.count("\n") + 1
        message = f"is not TOML: {error}"
        raise InvalidParkFileError([Problem(str(path), line, message, "docs/park-file.md has examples")]) from error


class _Reader:
    def __init__(
        self, document: dict[str, Any], places: TomlPlaces, findings: Findings, *, sections: tuple[str, ...] = SECTIONS
    ) -> None:
        self.document, self.places, self.findings = document, places, findings
        for key in document:
            if key not in sections:
                known = "known sections: " + ", ".join(sections)
                self.wrong((key,), f'unknown section "{key}"', write_nearest(key, sections, otherwise=known))
        if document.get("format", FORMAT) != FORMAT:
            self.wrong(("format",), "is of another format", f"write format = {FORMAT}; this program reads no other")

    def wrong(self, path: tuple[str | int, ...], message: str, advice: str) -> None:
        self.findings.add(self.places, path, message=message, advice=advice)

    def record(self, table: dict[str, Any], path: tuple[str | int, ...], label: str, *, made: bool = False) -> Record:
        return Record(table, path, label=label, source=self.places, findings=self.findings, made=made)

    def head(self) -> Head:
        table = self.document.get("park")
        if not isinstance(table, dict):
            problem = Problem(self.places.file, 1, "there is no [park] table", 'write [park], id = "…" and the rest')
            raise InvalidParkFileError([*self.findings.problems(), problem])
        return read_head(self.record(table, ("park",), "park"))

    def types(self) -> dict[str, DeviceType]:
        found = {}
        tables = self.document.get("type", {})
        for name, table in tables.items() if isinstance(tables, dict) else ():
            if isinstance(table, dict):
                found[name] = read_type(self.record(table, ("type", name), f'type "{name}"'), name)
        if not isinstance(tables, dict) or len(found) != len(tables):
            self.wrong(("type",), "types are not tables", "write [type.NAME]")
        return found

    def tables(self, section: str, make: Callable[[Record], Thing]) -> Iterator[Described[Thing]]:
        """What `make` makes of every `[[section]]`, templates filled in."""
        lists = self.document.get("lists", {})
        if not isinstance(lists, dict):
            self.wrong(("lists",), '"lists" is not a table', 'write [lists] and NAME = ["a", "b"]')
            lists = {}
        entries = self.document.get(section, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            self.wrong((section,), f'"{section}" is not a list of tables', f"write [[{section}]]")
            return
        for index, table in enumerate(entries):
            for entry in expand(table, (section, index), lists=lists, source=self.places, findings=self.findings):
                label = f'{section} "{entry.table.get("id", "")}"' if entry.table.get("id") else section
                record = self.record(entry.table, entry.path, label, made=entry.made)
                record.origins = entry.origins
                yield Described(make(record), record)


def _listed(path: Path, reader: _Reader, at: tuple[str | int, ...], frame: Frame) -> list[Described[Device]]:
    try:
        return sheet.read(path, reader.findings, frame=frame).devices
    except OSError as error:
        message = f'device list "{path}" cannot be read: {error.strerror}'
        reader.wrong(at, message, "write its path as seen from the park file")
        return []


def _assembled(head: Head, found: _Described) -> Park:
    spaces = unique(found.spaces, lambda space: space.space_id)
    check_spaces(found.spaces, spaces)
    companies = unique(found.companies, lambda company: company[0].company_id)
    check_rents(found.companies, spaces)
    devices = unique(found.devices, lambda device: device.device_id)
    check_devices(found.devices, spaces, {name: device.family for name, device in devices.items()})
    tenants: defaultdict[str, list[str]] = defaultdict(list)
    for company, rented in companies.values():
        for space_id in rented:
            tenants[space_id].append(company.company_id)
    park = Park(
        park_id=head.park_id,
        name=head.name,
        time_zone=head.time_zone,
        crs=head.crs,
        position=head.position or (0.0, 0.0),
        address=head.address,
        companies=tuple(company for company, _ in companies.values()),
        spaces=tuple(replace(s, company_ids=tuple(sorted(tenants[s.space_id]))) for s in spaces.values()),
        devices=tuple(devices.values()),
        rules=tuple(unique(found.rules, lambda rule: rule.rule_id).values()),
    )
    check_rules(found.rules, Candidates.of(park))
    return park
