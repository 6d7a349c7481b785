"""Readings of one point as columns, for whoever judges more than one at a time."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Track(NamedTuple):
    """Readings in order of device time, each instant once: device and received time in µs since 1970, value."""

    ts: Ints
    value: NDArray[np.float64]
    received: Ints

    @staticmethod
    def of(readings: Iterable[tuple[datetime, float, datetime]]) -> "Track":
        """From (device time, value, received time) in any order; of one instant the first counts."""
        rows = [(micros(ts), value, micros(received)) for ts, value, received in readings]
        ts, value, received = zip(*rows, strict=True) if rows else ((), (), ())
        found = Track(np.array(ts, np.int64), np.array(value, np.float64), np.array(received, np.int64))
        return found.take(np.unique(found.ts, return_index=True)[1])

    def take(self, chosen: Ints | Bools | slice) -> "Track":
        """The chosen ones."""
        return Track(self.ts[chosen], self.value[chosen], self.received[chosen])

    def join(self, other: "Track") -> "Track":
        """Both in order; where both have an instant, this one's counts."""
        if not len(other.ts):
            return self
        both = Track(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))
        if len(self.ts) and self.ts[-1] >= other.ts[0]:
            return both.take(np.unique(both.ts, return_index=True)[1])
        return both

    def since(self, instant: int) -> "Track":
        """Without what is older than an instant (µs)."""
        return self.take(slice(int(np.searchsorted(self.ts, instant, "left")), None))


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // _MICROSECOND


def instant(at: int) -> datetime:
    """The instant so many microseconds after 1970."""
    return EPOCH + timedelta(microseconds=at)
