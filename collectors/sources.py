"""Foreign devices: which topics carry which payload format, and what their devices and points are called here.

docs/wire.md is for devices that speak smartpark's own topics; everything else comes in by a *source* (docs/formats.md).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

from collectors.topics import DEVICE_ID
from pipeline.domain.errors import Rejected
from pipeline.domain.message import Sender
from pipeline.domain.park import Family

_NOT_ID = re.compile(r"[^A-Za-z0-9_.-]+")
_NOT_NAME = re.compile(r"[^a-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LONGEST, _LONGEST_NAME = 64, 63  # characters of an id, of a point's name
REMEMBERED = 20_000  # names; whoever invents names must not fill the memory
_MARK = 6  # hexadecimal digits that tell two foreign names apart whose ids would read alike


class Format(StrEnum):
    """The payload formats that a source may have, each a file in collectors/decoders/."""

    PARK = "park"
    SENML = "senml"
    SPARKPLUG = "sparkplug"
    CHIRPSTACK = "chirpstack"
    ZIGBEE2MQTT = "zigbee2mqtt"
    PROFILE = "profile"


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
    """One `[[source]]`: a topic pattern such as `zigbee2mqtt/{device...}`, and how to read what comes in there.

    devices and points map foreign names to ours; names that are not listed are derived by rule. profile: the name of
    a shipped one, or the path of a file.
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
    _ids: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    _names: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def sender(self, foreign: str) -> Sender:
        """Who a foreign device is here."""
        known = self.devices.get(foreign)
        return Sender(self.park, (known.family if known else None) or self.family, self.device_id(foreign))

    def device_id(self, foreign: str) -> str:
        """Our id of a foreign device: as configured, else its name with what docs/wire.md forbids as `-`.

        Where two names could come to the same id that way (other scripts, runs of signs, names that are too long),
        a mark made from the whole name keeps them apart.
        """
        if (remembered := self._ids.get(foreign)) is not None:
            return remembered
        configured = self.devices.get(foreign)
        return _remember(self._ids, foreign, configured.id if configured else self._derived_id(foreign))

    def _derived_id(self, foreign: str) -> str:
        derived = _NOT_ID.sub("-", foreign).strip("-._")
        if len(derived) != len(foreign) or len(derived) > _LONGEST or not foreign.isascii():
            derived = f"{derived[: _LONGEST - _MARK - 1] or 'device'}-{_mark(foreign)}"
        if not foreign or not DEVICE_ID.fullmatch(derived):
            raise Rejected("unknown-device", "this device's name makes no id: give it one under [source.devices]")
        return derived

    def point_name(self, foreign: str) -> str:
        """Our name of a foreign point: as configured, else in snake_case (`Zone 1/Temp` → `zone_1_temp`).

        Letters of other scripts have no place in it: the same mark as for devices stands for them.
        """
        if (remembered := self._names.get(foreign)) is not None:
            return remembered
        return _remember(self._names, foreign, self.points.get(foreign) or self._derived_name(foreign))

    def _derived_name(self, foreign: str) -> str:
        derived = _NOT_NAME.sub("_", _HUMP.sub("_", foreign).lower()).strip("_")
        if derived and derived[0].isdigit():
            derived = f"p_{derived}"
        if len(derived) > _LONGEST_NAME or any(c.isalpha() and not c.isascii() for c in foreign):
            derived = f"{derived[: _LONGEST_NAME - _MARK - 1] or 'point'}_{_mark(foreign)}"
        if not _NAME.fullmatch(derived):
            raise Rejected("bad-point-name", "this point's name makes none of ours: give it one under [source.points]")
        return derived


def _remember(names: dict[str, str], foreign: str, ours: str) -> str:
    """Deriving a name takes microseconds, for each value of each message."""
    if len(names) >= REMEMBERED:
        names.clear()
    names[foreign] = ours
    return ours


def _mark(foreign: str) -> str:
    return blake2b(foreign.encode("utf-8", "surrogatepass"), digest_size=_MARK // 2).hexdigest()
