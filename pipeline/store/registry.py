"""What ingest knows of devices and points, in memory; whoever is unknown is kept as provisional, never dropped."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import psycopg

from pipeline.domain.message import Sample, Sender
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "sql")
MOST_SHAPES = 1_000_000  # names in them, about 100 MB: devices that tell only what changed have a shape a subset

SHAPE = 8  # what one costs by itself, in names


class KnownDevice(NamedTuple):
    """A device's integer key and its expected interval in seconds."""

    key: int
    interval_s: float


class KnownPoint(NamedTuple):
    """A point's integer key and what is plausible, in its unit."""

    key: int
    low: float | None
    high: float | None


class Shape(NamedTuple):
    """The points that a sample of some device with some names speaks of, in the order of its values."""

    device: KnownDevice
    points: list[int]


class Registry:
    """A cache of the registry tables. Not shared between threads; `reload` when the registry changed."""

    def __init__(self) -> None:
        self.devices: dict[tuple[str, str], KnownDevice] = {}
        self.points: dict[tuple[int, str], KnownPoint] = {}
        self.suspects: set[int] = set()
        self.distrusted: dict[int, datetime] = {}  # whose clock is wrong: up to which device time each was believed
        self.shapes: dict[tuple[str, str, tuple[str, ...]], Shape] = {}
        self._shaped = 0
        self.limits = _limits({})
        self.stale = True

    def reload(self, conn: psycopg.Connection) -> None:
        """Reads everything again."""
        self.devices = {(p, d): KnownDevice(k, i) for p, d, k, i in conn.execute(QUERIES["devices"])}
        self.points = {(d, n): KnownPoint(k, lo, hi) for d, n, k, lo, hi in conn.execute(QUERIES["points"])}
        self.suspects = {device for (device,) in conn.execute(QUERIES["suspects"])}
        self.shapes.clear()
        self._shaped = 0
        self.limits = _limits(self.points)
        self.stale = False

    def is_distrusted(self, park_id: str, device_id: str) -> bool:
        """Whether a device's clock is known to be wrong."""
        device = self.devices.get((park_id, device_id))
        return device is not None and device.key in self.distrusted

    def ensure_devices(self, conn: psycopg.Connection, senders: Iterable[Sender], *, now: datetime) -> int:
        """Makes every sender known, unregistered ones as provisional; returns how many had to be looked up."""
        missing = sorted({s for s in senders if (s.park_id, s.device_id) not in self.devices})
        if not missing:
            return 0
        names = {"parks": [s.park_id for s in missing], "devices": [s.device_id for s in missing]}
        families = [str(s.family) for s in missing]
        conn.execute(QUERIES["add_provisional_devices"], {**names, "families": families, "now": now})
        for park, device, key, interval in conn.execute(QUERIES["find_devices"], names):
            self.devices[park, device] = KnownDevice(key, interval)
        return len(missing)

    def ensure_points(self, conn: psycopg.Connection, wanted: dict[tuple[int, str], str | None]) -> int:
        """Makes every (device key, point name) known; `wanted` holds the unit of those that nobody registered."""
        missing = sorted(key for key in wanted if key not in self.points)
        if not missing:
            return 0
        names = {"devices": [d for d, _ in missing], "names": [n for _, n in missing]}
        conn.execute(QUERIES["add_provisional_points"], {**names, "units": [wanted[key] for key in missing]})
        for device, name, key, low, high in conn.execute(QUERIES["find_points"], names):
            self.points[device, name] = KnownPoint(key, low, high)
        self.limits = _limits(self.points)
        return len(missing)

    def shape(self, park_id: str, sample: Sample) -> Shape | None:
        """The points of a sample; None where its device or one of them is not known yet."""
        device = self.devices.get((park_id, sample.device_id))
        if device is None:
            return None
        points = [self.points.get((device.key, name)) for name in sample.values]
        found = Shape(device, [p.key for p in points if p is not None])
        if len(found.points) < len(points):
            return None
        self._shaped += len(points) + SHAPE
        if self._shaped > MOST_SHAPES:
            self.shapes.clear()
            self._shaped = len(points) + SHAPE
        self.shapes[park_id, sample.device_id, tuple(sample.values)] = found
        return found


def _limits(points: dict[tuple[int, str], KnownPoint]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(low, high) by point key; infinite where nothing is said."""
    size = max((p.key for p in points.values()), default=0) + 1
    low, high = np.full(size, -np.inf), np.full(size, np.inf)
    for point in points.values():
        if point.low is not None:
            low[point.key] = point.low
        if point.high is not None:
            high[point.key] = point.high
    return low, high
