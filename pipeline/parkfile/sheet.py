"""Device lists as CSV, for people who live in spreadsheets: one row a point, the device's own columns on each of them.

Written as UTF-8 with a byte order mark, so that Excel shows Chinese; read as UTF-8, UTF-16 or GB 18030 (GBK), with
commas, semicolons or tabs, which is what spreadsheets save.
"""

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline.domain.park import Device
from pipeline.parkfile.device_tables import read_listed
from pipeline.parkfile.fields import Record
from pipeline.parkfile.frame import Frame
from pipeline.parkfile.problems import Findings, Place, write_nearest
from pipeline.parkfile.problems import Path as Where
from pipeline.parkfile.references import Described

# Column → its second half of the heading, and where its value belongs in the table that describes the device.
DEVICE_COLUMNS: dict[str, tuple[str, Where]] = {
    "id": ("设备编号", ("id",)),
    "family": ("族", ("family",)),
    "type": ("类型", ("type",)),
    "name_zh": ("中文名称", ("name", "zh")),
    "name_en": ("英文名称", ("name", "en")),
    "space": ("位置编号", ("space",)),
    "gateway": ("网关编号", ("gateway",)),
    "lon": ("经度", ("position", 0)),
    "lat": ("纬度", ("position", 1)),
    "interval_s": ("上报间隔秒", ("interval_s",)),
    "brick": ("Brick类", ("brick",)),
}
POINT_COLUMNS: dict[str, tuple[str, str]] = {
    "unit": ("单位", "unit"),
    "kind": ("种类", "kind"),
    "low": ("下限", "low"),
    "high": ("上限", "high"),
    "point_interval_s": ("测点间隔秒", "interval_s"),
    "point_brick": ("测点Brick类", "brick"),
    "role": ("用途", "role"),
}
TITLES = (
    {name: title for name, (title, _) in DEVICE_COLUMNS.items()}
    | {"status": "状态", "point": "测点"}
    | {name: title for name, (title, _) in POINT_COLUMNS.items()}
)
NUMBERS = {"lon", "lat", "interval_s", "low", "high", "point_interval_s"}
# What a spreadsheet would run as a formula gets an apostrophe in front, and so does what begins with an apostrophe.
_FORMULA = ("=", "+", "-", "@", "'")


class Status(StrEnum):
    """Whether a row is in force, waits for someone to register it, or is history."""

    REGISTERED = "registered"
    PROVISIONAL = "provisional"
    RETIRED = "retired"


@dataclass
class Listing:
    """What a list says: devices in force with their points in force, and what is to be retired."""

    devices: list[Described[Device]] = field(default_factory=list)
    retired_devices: set[str] = field(default_factory=set)
    retired_points: set[tuple[str, str]] = field(default_factory=set)


def write(rows: Iterable[Mapping[str, object]]) -> bytes:
    """The file of these rows (keys: TITLES; None is an empty cell)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([f"{name} {title}" for name, title in TITLES.items()])
    writer.writerows([_cell(row.get(name)) for name in TITLES] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def read(path: Path, findings: Findings, *, frame: Frame) -> Listing:
    """The list in a file; problems, with row and column, go to `findings`. OSError where it can't be read at all."""
    source = _Places(str(path))
    rows = list(_rows(_decoded(path.read_bytes()), source, findings))
    groups: defaultdict[str, list[tuple[int, dict[str, str]]]] = defaultdict(list)
    for number, row in rows:
        if row["id"]:
            groups[row["id"]].append((number, row))
        else:
            source.at["rows", number] = (number, "id")
            findings.add(source, ("rows", number), message="a row without an id", advice="write the device's id")
    listing = Listing()
    for index, (device_id, group) in enumerate(groups.items()):
        _take(_Group(device_id, index, source, findings), group, listing=listing, frame=frame)
    return listing


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


class _Places:
    """Rows and columns of the values that a device's table was put together from."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.at: dict[Where, tuple[int, str]] = {}

    def place(self, path: Where) -> Place:
        while path and path not in self.at:
            path = path[:-1]
        row, column = self.at.get(path, (1, ""))
        return Place(self.file, row, f"column {column}" if column else "")


def _rows(text: str, source: _Places, findings: Findings) -> Iterator[tuple[int, dict[str, str]]]:
    """Row number (as spreadsheets count, the heading is 1) and cells by column."""
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    names = [_column(heading, source, findings) for heading in next(reader, [])]
    for name in ("id", "family", "type"):
        if name not in names:
            advice = f'head a column "{name}"; an exported list shows all of them'
            findings.add(source, ("heading", name), message=f'there is no column "{name}"', advice=advice)
    for number, cells in enumerate(reader, start=2):
        row = dict.fromkeys(TITLES, "")
        row.update((name, _plain(cell)) for name, cell in zip(names, cells, strict=False) if name)
        if any(row.values()):
            yield number, row


def _column(heading: str, source: _Places, findings: Findings) -> str:
    for word in heading.replace("\ufeff", "").split():
        for name, title in TITLES.items():
            if word.lower() == name or word == title:
                return name
    if heading.strip():
        advice = write_nearest(heading, TITLES, otherwise="known: " + ", ".join(TITLES))
        findings.add(source, ("heading", heading), message=f'unknown column "{heading.strip()}"', advice=advice)
    return ""


def _plain(cell: str) -> str:
    text = cell.strip()
    return text[1:] if text.startswith("'") else text


class _Group:
    """The rows of one device while they become the table that read_listed understands."""

    def __init__(self, device_id: str, index: int, source: _Places, findings: Findings) -> None:
        self.device_id, self.path = device_id, ("device", index)
        self.source, self.findings = source, findings
        self.table: dict[str, Any] = {"name": {}, "point": {}}

    def wrong(self, number: int, column: str, message: str, advice: str) -> None:
        path = ("cells", number, column)
        self.source.at[path] = (number, column)
        self.findings.add(self.source, path, message=f'device "{self.device_id}": {message}', advice=advice)

    def device(self, rows: list[tuple[int, dict[str, str]]]) -> None:
        """The device's own columns: each may be said on any of its rows, but only in one way."""
        self.source.at[self.path] = (rows[0][0], "")
        for column, (_, where) in DEVICE_COLUMNS.items():
            said = [(number, row[column]) for number, row in rows if row[column]]
            self.source.at[(*self.path, *where)] = (said[0][0] if said else rows[0][0], column)
            for number, text in said[1:]:
                if text != said[0][1]:
                    message = f'"{text}", but row {said[0][0]} says "{said[0][1]}"'
                    self.wrong(number, column, message, "write the same on every row of a device")
            self.source.at.setdefault((*self.path, where[0]), (rows[0][0], column))
            if said:
                self.put(self.table, where, self.value(said[0][0], column, said[0][1]))
        place = self.table.pop("position", {})
        if len(place) == 2:
            self.table["position"] = [place[0], place[1]]
        elif place:
            column = "lon" if 1 in place else "lat"
            self.wrong(rows[0][0], column, "half a position", "write both lon and lat, or neither")

    @staticmethod
    def put(table: dict[Any, Any], where: Where, value: object) -> None:
        for key in where[:-1]:
            table = table.setdefault(key, {})
        table[where[-1]] = value

    def point(self, number: int, row: dict[str, str]) -> None:
        """One point; a column of its own for each thing that is said of it."""
        name = row["point"]
        said = {
            key: self.value(number, column, row[column]) for column, (_, key) in POINT_COLUMNS.items() if row[column]
        }
        if name in self.table["point"]:
            self.wrong(number, "point", f'point "{name}" is described twice', "leave one of the rows out")
            return
        self.table["point"][name] = said
        self.source.at[(*self.path, "point", name)] = (number, "point")
        for column, (_, key) in POINT_COLUMNS.items():
            self.source.at[(*self.path, "point", name, key)] = (number, column)

    def value(self, number: int, column: str, text: str) -> str | float:
        if column not in NUMBERS:
            return text
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.wrong(number, column, f'"{text}" is not a number', "write digits and a point, such as 1234.5")
            return 1.0
        return value

    def status(self, number: int, row: dict[str, str]) -> Status:
        word = row["status"].lower() or Status.REGISTERED
        if word not in list(Status):
            advice = write_nearest(word, Status, otherwise="write registered, provisional or retired")
            self.wrong(number, "status", f'"{word}" is no status', advice)
            return Status.REGISTERED
        return Status(word)


def _take(group: _Group, rows: list[tuple[int, dict[str, str]]], *, listing: Listing, frame: Frame) -> None:
    statuses = [group.status(number, row) for number, row in rows]
    for status, (_, row) in zip(statuses, rows, strict=True):
        if status is Status.RETIRED and row["point"]:
            listing.retired_points.add((group.device_id, row["point"]))
    if Status.REGISTERED not in statuses:
        if Status.RETIRED in statuses:
            listing.retired_devices.add(group.device_id)
        return
    group.device(rows)
    for status, (number, row) in zip(statuses, rows, strict=True):
        if status is Status.REGISTERED and row["point"]:
            group.point(number, row)
    label = f'device "{group.device_id}"'
    record = Record(group.table, group.path, label=label, source=group.source, findings=group.findings)
    listing.devices.append(Described(read_listed(record, frame), record))
