"""All watches of points as columns: which readings of a batch breach which of them, without a loop over readings."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.quality import Quality
from pipeline.domain.rule import InState, Limits
from pipeline.domain.spell import Glimpse
from pipeline.rules.watched import Watched
from pipeline.store.rows import Readings

Mask = NDArray[np.bool_]


class Seen(NamedTuple):
    """Pairs of a reading (its place in the batch) and a watch (its slot), in order of readings; whether it breaches.
    slots: every slot that is among them."""

    reading: NDArray[np.intp]
    slot: NDArray[np.intp]
    breach: Mask
    slots: NDArray[np.intp]


class PointWatches:
    """Watches in point order; a watch's place there is its slot, and a point's slots are neighbours."""

    def __init__(self, watches: Iterable[Watched]) -> None:
        self.watches: Sequence[Watched] = sorted(watches, key=lambda w: (w.point, w.watch))
        self._slots = {one.watch: slot for slot, one in enumerate(self.watches)}
        points = np.array([w.point for w in self.watches], np.int64)
        size = int(points.max()) + 1 if len(points) else 0
        self._count = np.bincount(points, minlength=size).astype(np.intp)
        self._first = np.concatenate([[0], np.cumsum(self._count)]).astype(np.intp)
        self.keys = np.array([w.watch for w in self.watches], np.int32)
        limits = [_limits(w) for w in self.watches]
        columns = np.array(limits, np.float64).reshape(len(limits), 4).T
        self._low, self._high, self._clear_low, self._clear_high = columns
        codes = [w.rule.condition.codes if isinstance(w.rule.condition, InState) else () for w in self.watches]
        self._coded = np.array([bool(c) for c in codes], np.bool_)
        self._codes = np.full((len(codes), max(map(len, codes), default=0)), np.nan)
        for slot, some in enumerate(codes):
            self._codes[slot, : len(some)] = some

    def __len__(self) -> int:
        return len(self.watches)

    def see(self, readings: Readings) -> Seen | None:
        """What a batch says of them; None where it says nothing. Bad and stale readings say nothing: what is unknown
        neither raises nor clears."""
        if not len(self.watches) or not len(readings):
            return None
        known = readings.point < len(self._count)
        known &= (readings.quality != Quality.BAD) & (readings.quality != Quality.STALE) & ~np.isnan(readings.value)
        known[known] = self._count[readings.point[known]] > 0
        reading = np.flatnonzero(known)
        if not len(reading):
            return None
        points = readings.point[reading]
        slot, counts = self._first[points], self._count[points]
        if counts.max() > 1:
            reading, slot = np.repeat(reading, counts), np.repeat(slot, counts)
            before = np.repeat(np.cumsum(counts) - counts, counts)
            slot = slot + np.arange(len(slot)) - before
        marks = np.zeros(len(self.watches), np.bool_)
        marks[slot] = True
        return Seen(reading, slot, self.breaches(slot, readings.value[reading]), np.flatnonzero(marks))

    def only(self, seen: Seen, slots: Sequence[int]) -> Seen:
        """What was seen of some slots."""
        kept = self.mask(slots)[seen.slot]
        return Seen(seen.reading[kept], seen.slot[kept], seen.breach[kept], np.array(slots, np.intp))

    def mask(self, slots: Iterable[int]) -> Mask:
        """True at some slots."""
        found = np.zeros(len(self.watches), np.bool_)
        found[list(slots)] = True
        return found

    def breaches(self, slot: NDArray[np.intp], value: NDArray[np.float64]) -> Mask:
        """Which values are such that the condition holds."""
        found: Mask = (value > self._high[slot]) | (value < self._low[slot])
        coded = self._coded[slot]
        if coded.any():
            found[coded] = (self._codes[slot[coded]] == value[coded, None]).any(axis=1)
        return found

    def clears(self, slot: NDArray[np.intp], value: NDArray[np.float64]) -> Mask:
        """Which values are such that it is over."""
        found: Mask = (value <= self._clear_high[slot]) & (value >= self._clear_low[slot])
        coded = self._coded[slot]
        if coded.any():
            found[coded] = ~self.breaches(slot[coded], value[coded])
        return found

    def glimpses(self, one: Watched, rows: Sequence[tuple[datetime, datetime, float]]) -> Iterator[Glimpse]:
        """What readings (device time, received time, value) say of one watch."""
        slot = np.full(len(rows), self._slots[one.watch], np.intp)
        values = np.array([value for _, _, value in rows], np.float64)
        breach, clear = self.breaches(slot, values).tolist(), self.clears(slot, values).tolist()
        for (ts, received, value), holds, over in zip(rows, breach, clear, strict=True):
            yield Glimpse(ts, holds, over, value, received)


def _limits(one: Watched) -> tuple[float, float, float, float]:
    """low and high; and between which values it is over."""
    asked = one.rule.condition
    if not isinstance(asked, Limits):
        return -np.inf, np.inf, -np.inf, np.inf
    low = -np.inf if asked.low is None else asked.low
    high = np.inf if asked.high is None else asked.high
    return low, high, low + asked.deadband, high - asked.deadband
