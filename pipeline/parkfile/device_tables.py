"""Reads devices, their types and their points; the TOML tables and the rows of a device list both end up here."""

from dataclasses import asdict, dataclass, field
from typing import Any

from pipeline.domain.park import Device, Family, Point, PointKind
from pipeline.parkfile.fields import BRICK_CLASS, DEVICE_ID, LONGEST_S, PLACE_ID, POINT_NAME, TYPE_NAME, Record
from pipeline.parkfile.frame import Frame
from pipeline.parkfile.problems import write_nearest


@dataclass(frozen=True, slots=True)
class DeviceType:
    """What the devices of one type have in common; a device's own table may say otherwise, point by point."""

    name: str
    family: Family
    interval_s: float | None = None
    brick_class: str | None = None
    points: dict[str, Point] = field(default_factory=dict)


def read_type(record: Record, name: str) -> DeviceType:
    """One `[type.NAME]` table."""
    if not TYPE_NAME.fullmatch(name):
        record.wrong((), "is no name for a type", 'write small letters, digits and "-" only')
    family = record.choice("family", Family, default=Family.SENSOR)
    interval = record.number("interval_s", above=0, most=LONGEST_S)
    brick = record.text("brick", grammar=BRICK_CLASS)
    points = read_points(record, {})
    record.close()
    return DeviceType(name, family, interval, brick, points)


def read_device(record: Record, types: dict[str, DeviceType], frame: Frame) -> Device:
    """One `[[device]]` table, after its templates were filled in."""
    device_id = record.text("id", grammar=DEVICE_ID, required=True)
    wanted = record.text("type", required=True)
    if wanted and wanted not in types:
        advice = write_nearest(wanted, types, otherwise=f"describe it in [type.{wanted}]")
        record.wrong("type", f'type "{wanted}" is not described', advice)
    kind = types.get(wanted)
    if kind is None:  # its points can't be judged without the type
        record.has("point")
        kind, points = DeviceType(wanted, Family.SENSOR), {}
    else:
        points = read_points(record, kind.points)
    return read_rest(record, device_id, kind, points, frame)


def read_listed(record: Record, frame: Frame) -> Device:
    """One device of a list, which says everything itself: its family, and each point in full."""
    device_id = record.text("id", grammar=DEVICE_ID, required=True)
    family = record.choice("family", Family, default=Family.SENSOR)
    kind = DeviceType(record.text("type", grammar=TYPE_NAME, required=True), family)
    return read_rest(record, device_id, kind, read_points(record, {}), frame)


def read_rest(
    record: Record, device_id: str, kind: DeviceType, points: dict[str, Point], frame: Frame
) -> Device:  # fmt: skip
    """What TOML tables and device lists have in common."""
    device = Device(
        device_id=device_id,
        family=kind.family,
        type=kind.name,
        name=record.name(),
        space_id=record.text("space", grammar=PLACE_ID),
        gateway_id=record.text("gateway", grammar=DEVICE_ID),
        position=frame.position(record),
        interval_s=record.number("interval_s", above=0, most=LONGEST_S) or kind.interval_s or 60.0,
        brick_class=record.text("brick", grammar=BRICK_CLASS) or kind.brick_class,
        points=tuple(points.values()),
    )
    record.close()
    return device


def read_points(record: Record, inherited: dict[str, Point]) -> dict[str, Point]:
    """The points of a type or a device: the inherited ones, changed and added to; `false` leaves one out."""
    points = dict(inherited)
    for name, table in record.tables("point").items():
        if not POINT_NAME.fullmatch(name):
            record.wrong(("point", name), f'"{name}" cannot be a point\'s name', 'write small letters, digits and "_"')
        if table is False and name in points:
            del points[name]
        elif not isinstance(table, dict):
            message = f'point "{name}" is not a table'
            advice = f"write point.{name}.high = 10" if name in points else f"write point.{name} = {{ … }}"
            record.wrong(("point", name), message, advice)
        else:
            points[name] = _read_point(record, name, table, base=points.get(name))
    return points


def _read_point(device: Record, name: str, table: dict[str, Any], *, base: Point | None) -> Point:
    said = {_KEYS.get(key, key): value for key, value in asdict(base).items() if value is not None} if base else {}
    said.pop("name", None)
    record = device.below(("point", name), f'{device.label}, point "{name}"', of={**said, **table})
    kind = record.choice("kind", PointKind, default=PointKind.STATE)
    unit = record.text("unit") if record.has("unit") and record.table["unit"] != "" else ""
    if unit == "" and kind is not PointKind.STATE:
        record.wrong("unit", '"unit" is missing', 'write unit = "kWh", or "1" for a plain number')
    low, high = record.number("low"), record.number("high")
    if low is not None and high is not None and low >= high:
        message = f'"low" ({low:g}) is not below "high" ({high:g})'
        record.wrong("low" if "low" in table else "high", message, "swap them, or leave one out")
    point = Point(
        name=name,
        unit=unit or "",
        kind=kind,
        low=low,
        high=high,
        interval_s=record.number("interval_s", above=0, most=LONGEST_S),
        brick_class=record.text("brick", grammar=BRICK_CLASS),
        role=record.text("role", grammar=TYPE_NAME),
    )
    record.close()
    return point


_KEYS = {"brick_class": "brick"}
