"""Decides how a curve is read for a budget of pixels, so that no peak is hidden and no gap is bridged.

A bin carries the lowest and the highest value in it, wherever it was read from: raw readings for narrow bins, the
coarsest roll-up that still fits for wide ones. Bins of roll-ups are whole multiples of its buckets, on their grid.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.database import Row
from api.daytime import QUARTER, floor

HOUR = timedelta(hours=1)
GRIDS = {"15m": QUARTER, "1h": HOUR}
SHORTEST = timedelta(milliseconds=1)
GAP_INTERVALS = 3  # as long as a device may stay silent before it counts as offline
MAX_ROWS = 20_000
MAX_PIXELS = 4_000


@dataclass(frozen=True, slots=True)
class Bins:
    """What to read: bins of `width` from `since` on, until before `until`."""

    resolution: str
    since: datetime
    until: datetime
    width: timedelta

    @property
    def count(self) -> int:
        return -((self.since - self.until) // self.width)


def for_pixels(since: datetime, until: datetime, pixels: int) -> Bins:
    """At most `pixels` bins over a window, from the coarsest source whose buckets fit into one."""
    pixel = (until - since) / pixels
    for resolution, grid in (("1h", HOUR), ("15m", QUARTER)):
        if pixel >= grid:
            whole = on_grid(since, until, resolution)
            buckets = (whole.until - whole.since) // grid
            return Bins(resolution, whole.since, whole.until, grid * -(-buckets // pixels))
    microseconds = (until - since) // timedelta(microseconds=1)
    return Bins("raw", since, until, max(SHORTEST, timedelta(microseconds=-(-microseconds // pixels))))


def on_grid(since: datetime, until: datetime, resolution: str) -> Bins:
    """One bin for each bucket of a roll-up that a window touches."""
    grid = GRIDS[resolution]
    end = floor(until, grid)
    return Bins(resolution, floor(since, grid), end if end == until else end + grid, grid)


def gap_after(interval_s: float | None) -> timedelta:
    """Silence that counts as a gap."""
    return timedelta(seconds=GAP_INTERVALS * (interval_s or 60.0))


def with_gaps(bins: list[Row], width: timedelta, silence: timedelta) -> list[dict[str, Any]]:
    """The same bins, with one without values where none was there for `silence` or longer: a line breaks at it."""
    found: list[dict[str, Any]] = []
    for row in bins:
        if found and row["t"] - (end := found[-1]["t"] + width) >= max(silence, width):
            found.append(empty(end))
        found.append(row)
    return found


def empty(t: datetime) -> dict[str, Any]:
    """The bin at which a gap begins."""
    return {"t": t, "n": 0, **dict.fromkeys(("mean", "min", "max", "first", "last"))}
