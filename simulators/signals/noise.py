"""Randomness without a generator: numbers that depend on a key and an index only, so that any instant of any device can
be computed again, in any order, by another process."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]  # park time in seconds since 1970 (UTC)
Array = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)


def key(seed: int, *names: str) -> int:
    """A 64-bit key for the thing that `names` names, under this seed."""
    text = "\x1f".join((str(seed), *names))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def uniform(k: int, index: NDArray[np.int64]) -> Array:
    """One number in [0, 1) for each index (splitmix64 of key and index)."""
    x = index.astype(np.uint64) * _GOLDEN + np.array([k], np.uint64)
    x = (x ^ (x >> np.uint64(30))) * _MIX1
    x = (x ^ (x >> np.uint64(27))) * _MIX2
    x = x ^ (x >> np.uint64(31))
    return np.asarray((x >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def share(seed: int, *names: str) -> float:
    """One number in [0, 1) that belongs to the thing that `names` names."""
    return key(seed, *names) / 2**64


def between(low: float, high: float, *, seed: int, names: tuple[str, ...]) -> float:
    """One number in [low, high) that belongs to the thing that `names` names."""
    return low + (high - low) * share(seed, *names)


def wander(k: int, t: Times, *, period_s: float) -> Array:
    """Smooth noise in [-1, 1] that takes about `period_s` from one value to an unrelated one."""
    position = t / period_s
    knot = np.floor(position)
    index = knot.astype(np.int64)
    x = position - knot
    x = x * x * (3.0 - 2.0 * x)
    left, right = uniform(k, index), uniform(k, index + 1)
    return np.asarray(2.0 * (left + (right - left) * x) - 1.0)


def slots(k: int, t: Times, *, slot_s: float, chance: float, length_s: float) -> NDArray[np.bool_]:
    """True during an incident: of every slot, `chance` hold one of `length_s` seconds, somewhere inside."""
    index = np.floor(t / slot_s).astype(np.int64)
    begins = uniform(k + 1 & (2**64 - 1), index) * max(0.0, slot_s - length_s)
    inside = t - index * slot_s - begins
    return np.asarray((uniform(k, index) < chance) & (inside >= 0) & (inside < length_s))
