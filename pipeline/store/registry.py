"""What ingest knows of devices and points, in memory; whoever is unknown is kept as provisional, never dropped."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import psycopg

from pipeline.domain.message import Sender
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "sql")


class KnownDevice(NamedTuple):
    """A device's integer key and its expected interval in seconds."""

    key: int
    interval_s: float


class KnownPoint(NamedTuple):
    """A point's integer key and what is plausible, in its unit."""

    key: int
    low: float | None
    high: float | None


class Registry:
    """A cache of the registry tables. Not shared between threads; `reload` when the registry changed."""

    def __init__(self) -> None:
        self.devices: dict[tuple[str, str], KnownDevice] = {}
        self.points: dict[tuple[int, str], KnownPoint] = {}
        self.suspects: set[int] = set()
        self.stale = True

    def reload(self, conn: psycopg.Connection) -> None:
        """Reads everything again."""
        self.devices = {(p, d): KnownDevice(k, i) for p, d, k, i in conn.execute(QUERIES["devices"])}
        self.points = {(d, n): KnownPoint(k, lo, hi) for d, n, k, lo, hi in conn.execute(QUERIES["points"])}
        self.suspects = {device for (device,) in conn.execute(QUERIES["suspects"])}
        self.stale = False

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
        return len(missing)
