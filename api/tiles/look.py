"""What all tiles of one refresh share: the instant, the park, the reader, and the rows that several of them need."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import isfinite
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from api.database import Reader, Row
from api.daytime import midnight, service_day
from pipeline.domain.quality import Quality

REGISTRY_LIFE_S = 60.0
"""how long names may be old where a notice of the registry was missed, in seconds of real time"""


@dataclass(frozen=True, slots=True)
class Tile:
    """as_of: device time of the newest datum inside, None: never; after stale_after_s without one it is stale."""

    as_of: datetime | None
    stale_after_s: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ParkInfo:
    """The park that a board shows."""

    park_id: str
    name: dict[str, str]
    address: dict[str, str]
    zone: ZoneInfo


class Look:
    """One instant of one park."""

    def __init__(self, reader: Reader, park: ParkInfo, *, now: datetime, buildings: dict[str, dict[str, str]]) -> None:
        self.reader, self.park, self.now, self.buildings = reader, park, now, buildings
        self.zone = park.zone
        self.day = midnight(now, self.zone)
        self.service_day = service_day(now, self.zone)

    def rows(self, query: str, **parameters: Any) -> list[Row]:
        """A query of this park."""
        return self.reader.rows(query, park=self.park.park_id, **parameters)

    @cached_property
    def devices(self) -> list[Row]:
        """All devices in use, by id."""
        return self.rows("tile_devices")

    @cached_property
    def by_number(self) -> dict[int, Row]:
        """The same by small integer."""
        return {d["device"]: d for d in self.devices}

    def named(self, device: Row | None) -> dict[str, Any]:
        """Id, names and building of a device, as the tiles show them."""
        if device is None:  # retired since
            return {"device_id": None, "name": None, "building": None}
        return {
            "device_id": device["device_id"],
            "name": names(device),
            "building": self.buildings.get(device["building_id"]),
        }


class Source(Protocol):
    """Computes one tile; may keep what moves slowly, bounded, between calls.

    every_s: real seconds between computations; kinds: notices that make it due at once; quiet: keys whose change
    alone is not news (ages): the tile is then sent again only every few seconds.
    """

    name: str
    every_s: float
    kinds: frozenset[str]
    quiet: frozenset[str]

    def compute(self, look: Look) -> Tile:
        """The tile at `look.now`."""
        ...


def names(row: Row, prefix: str = "name") -> dict[str, str]:
    """Both languages of a row's name; the id where nobody gave one."""
    fallback = str(row.get("device_id") or row.get("space_id") or "")
    return {"zh": row[f"{prefix}_zh"] or fallback, "en": row[f"{prefix}_en"] or fallback}


def quality_label(row: Row, now: datetime) -> str:
    """A newest reading's quality; stale where it is older than three of its intervals."""
    if (now - row["ts"]).total_seconds() > 3 * row["interval_s"]:
        return Quality.STALE.label
    return label(row["quality"])


def label(code: int) -> str:
    """The word for a quality code; `quality-<code>` for one that this program does not know."""
    try:
        return Quality(code).label
    except ValueError:
        return f"quality-{code}"


def newest(*instants: datetime | None) -> datetime | None:
    """The latest of those that are known."""
    return max((i for i in instants if i is not None), default=None)


def rounded(value: float | None, digits: int = 1) -> float | None:
    """Rounded for display; unknown stays unknown, and what is no finite number is unknown."""
    return None if value is None or not isfinite(value) else round(value, digits)
