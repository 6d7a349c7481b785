"""What a park is made of: spaces, companies, devices and their points, as the park file describes them."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.domain.rule import Rule


class Family(StrEnum):
    """The device families; also the fourth level of every topic (docs/wire.md)."""

    METER = "meter"
    GATE = "gate"
    SCANNER = "scanner"
    SENSOR = "sensor"
    GATEWAY = "gateway"


class PointKind(StrEnum):
    """How a point's values behave: an instantaneous gauge, an ever-growing counter, a state code."""

    GAUGE = "gauge"
    COUNTER = "counter"
    STATE = "state"


class SpaceKind(StrEnum):
    """Levels of the space tree (RealEstateCore)."""

    SITE = "site"
    BUILDING = "building"
    FLOOR = "floor"
    ZONE = "zone"


class Crs(StrEnum):
    """Coordinate systems a park file may use; GCJ-02 is what Chinese map suppliers hand out."""

    WGS84 = "WGS-84"
    GCJ02 = "GCJ-02"


@dataclass(frozen=True, slots=True)
class Name:
    """A display name in both languages of the screens."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Company:
    """A tenant company."""

    company_id: str
    name: Name


@dataclass(frozen=True, slots=True)
class Space:
    """A site, building, floor or zone; footprint in (lon, lat) degrees, height in m above ground, area in m²."""

    space_id: str
    kind: SpaceKind
    name: Name
    parent_id: str | None = None
    footprint: tuple[tuple[float, float], ...] = ()
    height_m: float | None = None
    level: int | None = None
    area_m2: float | None = None
    brick_class: str | None = None
    company_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """One measured quantity of a device.

    low and high bound what is plausible, in the point's unit; interval is the expected seconds between readings.
    role marks points that roll up into park figures (`main`: counted in the park's total; else an end use).
    """

    name: str
    unit: str
    kind: PointKind
    low: float | None = None
    high: float | None = None
    interval_s: float | None = None
    brick_class: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """A thing with an id on MQTT. type says what it is within its family (`pump`, `turnstile`, `electricity`)."""

    device_id: str
    family: Family
    type: str
    name: Name
    space_id: str | None = None
    gateway_id: str | None = None
    position: tuple[float, float] | None = None
    interval_s: float = 60.0
    brick_class: str | None = None
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Park:
    """A whole park as one file describes it. rules None: what describes it (a device list) does not speak of rules."""

    park_id: str
    name: Name
    time_zone: str
    crs: Crs
    position: tuple[float, float]
    address: Name
    companies: tuple[Company, ...] = ()
    spaces: tuple[Space, ...] = ()
    devices: tuple[Device, ...] = field(default=())
    rules: "tuple[Rule, ...] | None" = None
