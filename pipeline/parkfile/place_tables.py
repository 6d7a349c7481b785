"""Reads the park itself, its spaces and its companies."""

import re
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from pipeline.domain.park import Company, Crs, Name, Space, SpaceKind
from pipeline.parkfile.fields import BRICK_CLASS, PLACE_ID, Record
from pipeline.parkfile.frame import Frame
from pipeline.parkfile.problems import nearest

_CITY = {"Beijing": "Asia/Shanghai"}  # what people in Beijing look for and the time zone database lacks


class Head(NamedTuple):
    """The `[park]` table."""

    park_id: str
    name: Name
    time_zone: str
    crs: Crs
    position: tuple[float, float] | None
    address: Name
    device_lists: list[str]
    rule_files: list[str]


def read_head(record: Record) -> Head:
    """The `[park]` table; position is None where it can't be used."""
    head = Head(
        park_id=record.text("id", grammar=PLACE_ID, required=True),
        name=record.name(),
        time_zone=_time_zone(record),
        crs=record.choice("coordinates", Crs, default=Crs.WGS84),
        position=_position(record),
        address=record.name("address"),
        device_lists=record.texts("device_lists"),
        rule_files=record.texts("rule_files"),
    )
    record.close()
    return head


def _time_zone(record: Record) -> str:
    zone = record.text("time_zone", required=True)
    if not zone:
        return "UTC"
    known = available_timezones()
    if zone in known:
        ZoneInfo(zone)
        return zone
    city = re.split(r"[/ ]", zone)[-1]
    ends = {name.rsplit("/", 1)[-1]: name for name in sorted(known) if "/" in name} | _CITY
    found = ends.get(nearest(city, ends)) or nearest(zone, known)
    record.wrong("time_zone", f'"{zone}" is no time zone', f'write "{found or "Asia/Shanghai"}"')
    return "UTC"


def _position(record: Record) -> tuple[float, float] | None:
    place = record.pair("position")
    if place is None:
        if "position" not in record.table:
            record.wrong("position", '"position" is missing', "write position = [116.33, 40.03]: longitude, latitude")
        return None
    lon, lat = place
    if -180 <= lon <= 180 and -90 <= lat <= 90:
        return place
    swapped = -180 <= lat <= 180 and -90 <= lon <= 90
    advice = f"write [{lat:g}, {lon:g}]: longitude comes first" if swapped else "write [longitude, latitude] in degrees"
    record.wrong("position", f"[{lon:g}, {lat:g}] is not on Earth", advice)
    return None


def read_space(record: Record, kind: SpaceKind, frame: Frame) -> Space:
    """One `[[site]]`, `[[building]]`, `[[floor]]` or `[[zone]]` table."""
    space_id = record.text("id", grammar=PLACE_ID, required=True)
    parent = record.text("in", grammar=PLACE_ID)
    if parent is None and kind in (SpaceKind.FLOOR, SpaceKind.ZONE):
        record.wrong("in", '"in" is missing', f"write in = the id of what this {kind} lies in")
    space = Space(
        space_id=space_id,
        kind=kind,
        name=record.name(),
        parent_id=parent,
        footprint=frame.footprint(record),
        height_m=record.number("height_m", above=0),
        level=record.whole("level"),
        area_m2=record.number("area_m2", above=0),
        brick_class=record.text("brick", grammar=BRICK_CLASS),
    )
    record.close()
    return space


def read_company(record: Record) -> tuple[Company, list[str]]:
    """One `[[company]]` table, and the ids of the spaces that it rents."""
    company = Company(record.text("id", grammar=PLACE_ID, required=True), record.name())
    rented = record.texts("rents")
    record.close()
    return company, rented
