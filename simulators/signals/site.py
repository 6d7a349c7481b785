"""What all devices of a park share: zone, weather, how many people are at work, which building a device is in."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from pipeline.domain.park import Device, Park, SpaceKind
from simulators.signals.load import DAY_S, DayShape, Load, calendar
from simulators.signals.noise import Array, Times, key, wander

PRESENCE = DayShape.through(
    [(0, 0), (6.5, 0.01), (8.3, 0.22), (9.3, 0.9), (11.7, 1), (12.3, 0.62), (13.3, 0.93), (17.6, 0.96), (18.6, 0.5),
     (19.6, 0.25), (20.5, 0.18), (22, 0.05), (24, 0)], rest=0.12,
)  # fmt: skip


def standard_offset_s(time_zone: str) -> int:
    """Seconds east of UTC outside summer time; signals use it all year, so that no local hour happens twice."""
    zone = ZoneInfo(time_zone)
    found = [zone.utcoffset(datetime(2026, month, 1, tzinfo=UTC).astimezone(zone)) for month in (1, 7)]
    return int(min(f.total_seconds() for f in found if f is not None))


@dataclass(frozen=True)
class Site:
    """One park under one seed."""

    park: Park
    seed: int
    offset_s: int = field(init=False)
    buildings: dict[str, str] = field(init=False)  # by space: the building or site it lies in
    people: Load = field(init=False)

    def __post_init__(self) -> None:
        offset = standard_offset_s(self.park.time_zone)
        people = Load(PRESENCE, scale=1.0, offset_s=offset, factor_keys=(self.key("people"),), ripple=0.0, spread=0.05)
        object.__setattr__(self, "offset_s", offset)
        object.__setattr__(self, "buildings", _buildings(self.park))
        object.__setattr__(self, "people", people)

    def key(self, *names: str) -> int:
        """The key of a thing of this park."""
        return key(self.seed, self.park.park_id, *names)

    def building(self, device: Device) -> str:
        """The building or site of a device; its own space, or the park, where there is none."""
        return self.buildings.get(device.space_id or "", device.space_id or self.park.park_id)

    def presence(self, t: Times) -> Array:
        """Share of the usual people at work, 0 to about 1."""
        return np.maximum(self.people.rate(t), 0.0)

    def outdoor_c(self, t: Times) -> Array:
        """Air temperature outside, °C: a northern year, a day, and weather of a few days."""
        when = calendar(t, self.offset_s)
        year = np.cos(2 * np.pi * ((when.day % 365.25) - 200) / 365.25)
        day = np.cos(2 * np.pi * (when.second / DAY_S - 15 / 24))
        return np.asarray(12.5 + 14 * year + 4.5 * day + 3.5 * wander(self.key("weather"), t, period_s=2.5 * DAY_S))

    def outdoor_pm25(self, t: Times) -> Array:
        """Fine dust outside, µg/m³."""
        return 48 + 34 * wander(self.key("dust"), t, period_s=1.7 * DAY_S)


def _buildings(park: Park) -> dict[str, str]:
    spaces = {s.space_id: s for s in park.spaces}
    found = {}
    for space in park.spaces:
        at = space
        while at.kind not in (SpaceKind.BUILDING, SpaceKind.SITE) and at.parent_id in spaces:
            at = spaces[at.parent_id]
        found[space.space_id] = at.space_id
    return found
