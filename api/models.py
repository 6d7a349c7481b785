"""The shapes of the API's answers, as OpenAPI describes them. All times are UTC, ISO 8601 with Z."""

from datetime import date, datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field

T = TypeVar("T")


class Name(BaseModel):
    """In both languages of the screens."""

    zh: str
    en: str


class Park(BaseModel):
    park_id: str
    name: Name
    address: Name
    time_zone: str = Field(description="IANA name; days are this zone's.")
    crs: str = Field(description="Coordinate system of every lon and lat: WGS-84 or GCJ-02.")
    lon: float
    lat: float


class Space(BaseModel):
    space_id: str
    parent_id: str | None
    kind: str = Field(description="site, building, floor or zone.")
    name: Name
    footprint: list[tuple[float, float]] | None = Field(description="[[lon, lat], …].")
    height_m: float | None
    level: int | None
    area_m2: float | None
    brick_class: str | None
    company_ids: list[str]


class Company(BaseModel):
    company_id: str
    name: Name
    space_ids: list[str]


class Device(BaseModel):
    device_id: str
    family: str
    type: str | None
    name: Name
    space_id: str | None
    building_id: str | None = Field(description="The building or site that its space lies in.")
    gateway_id: str | None
    lon: float | None
    lat: float | None
    interval_s: float = Field(description="Expected seconds between messages.")
    brick_class: str | None
    provisional: bool = Field(description="Nobody registered it; it is kept, and shown, all the same.")
    retired: bool
    first_seen: datetime | None
    state: str = Field(description="online, offline or unknown.")
    state_since: datetime | None
    state_reason: str | None
    heard: datetime | None = Field(description="Received time of its last message.")
    battery_pct: float | None
    signal_dbm: float | None
    firmware: str | None


class Latest(BaseModel):
    ts: datetime
    received: datetime
    value: float | None
    quality: str


class Point(BaseModel):
    point: int
    device_id: str
    family: str
    name: str
    unit: str | None
    kind: str = Field(description="gauge, counter or state.")
    low: float | None = Field(description="Lower bound of what is plausible, in its unit.")
    high: float | None
    interval_s: float | None
    brick_class: str | None
    role: str | None = Field(description="`main` counts in the park's total; else an end use.")
    provisional: bool
    retired: bool
    latest: Latest | None = Field(description="The newest reading by device time; null: never.")


class DeviceDetail(Device):
    points: list[Point]


class Sample(BaseModel):
    """One reading as it was stored."""

    ts: datetime
    value: float | None
    quality: str
    received: datetime
    device_ts: datetime | None = Field(description="What the device claimed, where its time could not be trusted.")


class Bin(BaseModel):
    """A span of time: nothing in it was above `max` or below `min`. All null: a gap begins here."""

    t: datetime
    n: int
    mean: float | None
    min: float | None
    max: float | None
    first: float | None
    last: float | None
    day: date | None = Field(None, description="With resolution=day: the park's own date.")


class Readings(BaseModel):
    """`samples` with resolution raw and no `pixels`, else `bins`."""

    point: int
    device_id: str
    name: str
    unit: str | None
    kind: str
    since: datetime = Field(description="What the answer covers; `from` moved to the start of its first bin.")
    until: datetime
    resolution: str = Field(description="What it was read from: raw, 15m, 1h or day.")
    bin_s: float | None = Field(description="Width of a bin; null for samples and days.")
    gap_after_s: float = Field(description="Draw no line over more time than this.")
    as_of: datetime | None = Field(description="Device time of the point's newest reading; null: never.")
    samples: list[Sample] | None
    bins: list[Bin] | None


class Event(BaseModel):
    id: str
    at: datetime = Field(description="Device time where it can be trusted, else received time.")
    received: datetime
    device_ts: datetime | None
    kind: str
    label: str = Field(description="BACnet name, PASS / REFER / INVALID, or the state.")
    device_id: str
    name: Name | None
    building: Name | None
    direction: str | None
    reader: str | None
    count: int | None
    company_id: str | None
    skin_c: float | None
    detail: str | None


class DeadLetter(BaseModel):
    dead_letter: int
    received: datetime
    times: int = Field(description="How often the same bytes came.")
    last_received: datetime | None = Field(description="When they came again last.")
    park_id: str | None
    device_id: str | None
    lane: str
    reason: str
    detail: str
    sealed_bytes: int = Field(description="Size of the message; its content stays sealed.")
    replayed: datetime | None
    outcome: str | None


class Conflict(BaseModel):
    """The same key with another content: what came first was kept."""

    conflict: int
    device_id: str
    kind: str = Field(description="reading, access, screening or status")
    point_name: str | None
    ts: datetime | None
    identity: str | None
    received: datetime
    kept: float | None
    refused: float | None
    content: Any = Field(description="What was refused, where it was not a single value.")


class Condition(BaseModel):
    """Something about the intake that a person should know."""

    condition: int
    kind: str = Field(description="rejects, flood or conflicts")
    lane: str | None
    park_id: str | None
    family: str | None
    firmware: str | None = Field(description="What the devices concerned have in common, where it is known.")
    device_id: str | None = Field(description="Where it is about one device.")
    reason: str | None
    started: datetime = Field(description="Received time of the first evidence.")
    raised: datetime
    last: datetime
    messages: int = Field(description="Since it started.")
    per_minute: float
    devices: int
    device_ids: list[str]
    dead_letter: int | None = Field(description="The newest of them.")
    ended: datetime | None


class DeviceLimit(BaseModel):
    """A person's decision that a device may send no more than so much."""

    per_minute: int
    everything: bool = Field(description="Events and statuses too, not only readings.")
    reason: str | None
    set_at: datetime
    set_by: str
    until: datetime | None


class Talker(BaseModel):
    park_id: str | None
    device_id: str = Field(description="A sender outside docs/wire.md is named by its topic.")
    name: Name | None
    lane: str | None
    messages: int
    most: int | None = Field(description="Messages of its busiest minute.")
    peak_per_s: float | None
    expected: float | None = Field(description="Messages a minute, by its interval.")
    last: datetime | None
    limit: DeviceLimit | None
    limited: int = Field(description="Messages left out because of a limit.")


class Reject(BaseModel):
    park_id: str | None
    device_id: str | None
    name: Name | None
    lane: str
    reason: str
    messages: int
    first: datetime
    last: datetime
    dead_letter: int | None = Field(description="The newest of them.")


class DeviceClock(BaseModel):
    """A device that is wrong about the time, or was."""

    device_id: str
    family: str
    name: Name
    building: Name | None
    gateway_id: str | None
    fault: str = Field(description="Such as zone-as-utc, behind, not-set; docs/glossary.md has them all.")
    offset_s: float | None = Field(description="Ahead of the received time by; behind: negative; null: no number says.")
    since: datetime
    last_seen: datetime
    count: int = Field(description="Messages looked at while it stood.")
    claimed: datetime | None = Field(description="An example: what the device said,")
    received: datetime = Field(description="and when that came.")
    reason: str
    distrusted: bool = Field(description="Received time is used even where its own would be plausible.")
    ended: datetime | None


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: str | None = Field(description="Path of the next page; null: this was the last.")


class TileModel(BaseModel):
    as_of: datetime | None
    stale_after_s: int
    data: dict[str, Any] = Field(description="By tile: docs/api.md.")


class Overview(BaseModel):
    now: datetime = Field(description="Park time.")
    build: str
    tiles: dict[str, TileModel]


class Wrong(BaseModel):
    parameter: str
    in_: str = Field(alias="in")
    detail: str
    write: str


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    reference: str | None = None
    errors: list[Wrong] | None = None
