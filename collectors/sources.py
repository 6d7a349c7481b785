"""Foreign devices: which topics carry which payload format, and what their devices and points are called here.

docs/wire.md is for devices that speak smartpark's own topics; everything else comes in by a *source*.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from collectors.topics import DEVICE_ID
from pipeline.domain.errors import Rejected
from pipeline.domain.park import Family

_NOT_ID = re.compile(r"[^A-Za-z0-9_.-]+")
_NOT_NAME = re.compile(r"[^a-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class DeviceConfig:
    """What is known beforehand of one foreign device: its id and family here, and where they differ from its
    source's, its payload format and profile."""

    id: str
    family: Family | None = None
    format: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One `[[source]]`: a topic pattern such as `zigbee2mqtt/{device}`, and how to read what comes in there.

    `{part}` stands for one level and names it, `{part...}` at the end for one or more; `+` and `#` as in MQTT.
    devices and points map foreign names to ours; names that are not listed are derived by rule.
    """

    name: str
    topic: str
    format: str
    park: str
    family: Family = Family.SENSOR
    lane: str = "foreign"
    profile: str | None = None
    devices: Mapping[str, DeviceConfig] = field(default_factory=dict)
    points: Mapping[str, str] = field(default_factory=dict)

    def device_id(self, foreign: str) -> str:
        """Our id of a foreign device: as configured, else its name with what docs/wire.md forbids as `-`."""
        if (known := self.devices.get(foreign)) is not None:
            return known.id
        derived = _NOT_ID.sub("-", foreign).strip("-._")[:64]
        if not DEVICE_ID.fullmatch(derived):
            raise Rejected("unknown-device", "this device's name makes no id: give it one under [source.devices]")
        return derived

    def point_name(self, foreign: str) -> str:
        """Our name of a foreign point: as configured, else in snake_case (`Zone 1/Temp` → `zone_1_temp`)."""
        if (known := self.points.get(foreign)) is not None:
            return known
        derived = _NOT_NAME.sub("_", _HUMP.sub("_", foreign).lower()).strip("_")[:63]
        if derived and derived[0].isdigit():
            derived = f"p_{derived}"[:63]
        if not _NAME.fullmatch(derived):
            raise Rejected("bad-point-name", "this point's name makes none of ours: give it one under [source.points]")
        return derived
