"""Shares and percentiles that say how much they are worth: with n, an interval, and what is not over yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """k of n, as a fraction, with its 95 % Wilson interval; all null where n is 0, or too small to be shown."""

    k: int | None
    n: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Times:
    """Durations in seconds. n: those that are over, of which mean_s is. open: those that still run.

    Percentiles are over both, an open one as longer than any: null where that many are not over yet.
    """

    n: int
    open: int
    mean_s: float | None
    p50_s: float | None
    p90_s: float | None
    p95_s: float | None


def share(k: int, n: int, *, few: int = 1) -> Share:
    """k of n; with fewer than `few` only n is told."""
    if n < max(few, 1):
        return Share(None if n else 0, n, None, None, None)
    low, high = wilson(k, n)
    return Share(k, n, k / n, low, high)


def wilson(k: int, n: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of k of n; n above 0."""
    p, z2 = k / n, Z95 * Z95
    middle, half = p + z2 / (2 * n), Z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return (0.0 if k == 0 else (middle - half) / (1 + z2 / n)), (1.0 if k == n else (middle + half) / (1 + z2 / n))


def times(seconds: Iterable[float], *, open_: int = 0, few: int = 1) -> Times:
    """What durations come to, `open_` more of which are not over; with fewer than `few` in all only counts are told."""
    values = sorted(seconds)
    n = len(values)
    if n + open_ < max(few, 1):
        return Times(n, open_, None, None, None, None)
    p50, p90, p95 = (percentile(values, percent, open_=open_) for percent in (50, 90, 95))
    return Times(n, open_, sum(values) / n if n else None, p50, p90, p95)


def percentile(ordered: list[float], percent: int, *, open_: int = 0) -> float | None:
    """Linear between the two nearest ranks (Hyndman and Fan's type 7, as percentile_cont and numpy have it).

    open_: so many more lie above all others, nobody knows how far; None where the answer depends on them.
    """
    n = len(ordered) + open_
    if n == 0:
        return None
    rank, rest = divmod((n - 1) * percent, 100)  # in whole numbers: which rank it is may not hang on rounding
    if rank + (rest > 0) >= len(ordered):
        return None
    low = ordered[rank]
    return low if rest == 0 else low + (ordered[rank + 1] - low) * rest / 100
