"""A consumption whose register is exactly the integral of its rate, in closed form.

rate(t) = scale · factor(day) · shape(weekday, time of day) + ripple(t). Shape is linear between 15-minute knots and
ripple a few sines, so that both have an exact integral: no running sum, so a register can never jump or go back.
"""

from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulators.signals.noise import Array, Times, share, uniform

DAY_S = 86_400
KNOT_S = 900
KNOTS = DAY_S // KNOT_S
FIRST_DAY = date(2020, 1, 1).toordinal() - date(1970, 1, 1).toordinal()  # registers read `start` on this day
_THURSDAY = 3  # 1970-01-01

Corner = tuple[float, float]  # hour of day, level


class DayShape(NamedTuple):
    """Level at every 15-minute knot of a workday, Saturday and Sunday (3 x 97); 1 is the scale's own size."""

    levels: Array

    @staticmethod
    def through(workday: list[Corner], saturday: list[Corner] | None = None, *, rest: float = 0.3) -> "DayShape":
        """Straight lines through corners (hour, level). Saturday and Sunday default to the workday, its hours above
        the midnight level scaled by `rest`. Every day must begin and end at the same level."""
        hours = np.arange(KNOTS + 1) * (KNOT_S / 3600)

        def draw(corners: list[Corner]) -> Array:
            return np.asarray(np.interp(hours, [c[0] for c in corners], [c[1] for c in corners]), np.float64)

        work = draw(workday)
        saturday_levels = draw(saturday) if saturday else work[0] + (work - work[0]) * rest
        sunday_levels = work[0] + (saturday_levels - work[0]) * (0.8 if saturday is None else 0.9)
        return DayShape(np.stack([work, saturday_levels, sunday_levels]))


class Calendar(NamedTuple):
    """Which park day (days since 1970), which of the three shapes, and seconds since local midnight."""

    day: NDArray[np.int64]
    kind: NDArray[np.int64]
    second: Array


def calendar(t: Times, offset_s: float) -> Calendar:
    """Splits park time; the offset is the zone's standard one all year, so a register has no hour twice."""
    local = t + offset_s
    day = np.floor(local / DAY_S).astype(np.int64)
    return Calendar(day, kinds(day), local - day * DAY_S)


def kinds(day: NDArray[np.int64]) -> NDArray[np.int64]:
    """0 for Monday to Friday, 1 for Saturday, 2 for Sunday."""
    return np.clip((day + _THURSDAY) % 7 - 4, 0, 2)


class Load:
    """One consumer: `rate` in its unit per hour (kW, m³/h), `total` in its unit (kWh, m³) since `start`.

    factor_keys: the day's factor is 1 ± spread by their mean noise; a key shared by several loads makes them swing
    together, as weather does.
    """

    def __init__(
        self,
        shape: DayShape,
        *,
        scale: float,
        offset_s: float,
        factor_keys: tuple[int, ...],
        start: float = 0.0,
        spread: float = 0.12,
        ripple: float = 0.05,
    ) -> None:
        self.scale, self.offset_s, self.start, self.spread = scale, offset_s, start, spread
        self.factor_keys = factor_keys
        self.levels = shape.levels * scale
        middle = (self.levels[:, 1:] + self.levels[:, :-1]) * (KNOT_S / 2)
        self.partial = np.concatenate([np.zeros((3, 1)), np.cumsum(middle, axis=1)], axis=1)  # unit x s per hour
        lowest = float(self.levels.min()) * (1 - spread)
        k = factor_keys[0]
        periods = [share(k, "period", str(n)) for n in range(4)]
        self.omega = 2 * np.pi / np.array([400 + 500 * periods[0], 1500 + 900 * periods[1], 4000 + 3000 * periods[2],
                                           13_000 + 9000 * periods[3]])  # fmt: skip
        self.phase = 2 * np.pi * np.array([share(k, "phase", str(n)) for n in range(4)])
        self.swing = min(ripple * scale, 0.9 * lowest) / 4  # never below zero: a register must not go back
        self.days = np.zeros(1)
        self._before = float(self._waves(np.array([FIRST_DAY * DAY_S - offset_s]))[0])

    def rate(self, t: Times) -> Array:
        """Unit per hour at each instant; never negative."""
        when = calendar(t, self.offset_s)
        knot, x = self._knot(when)
        left, right = self.levels[when.kind, knot], self.levels[when.kind, knot + 1]
        sines = np.sin(np.outer(t, self.omega) + self.phase).sum(axis=1)
        return np.asarray(self._factor(when.day) * (left + (right - left) * x) + self.swing * sines)

    def total(self, t: Times) -> Array:
        """The register: start plus the integral of rate since 2020-01-01; raises ValueError before that day."""
        when = calendar(t, self.offset_s)
        index = when.day - FIRST_DAY
        if index.min() < 0:
            raise ValueError("signals begin on 2020-01-01; earlier device times are not trusted anyway")
        if index.max() >= len(self.days):
            self._extend(int(index.max()) + 400)
        knot, x = self._knot(when)
        left, right = self.levels[when.kind, knot], self.levels[when.kind, knot + 1]
        inside = self.partial[when.kind, knot] + KNOT_S * (left * x + (right - left) * x * x / 2)
        seconds = self.days[index] + self._factor(when.day) * inside + self._waves(t) - self._before
        return np.asarray(self.start + seconds / 3600)

    def _knot(self, when: Calendar) -> tuple[NDArray[np.int64], Array]:
        position = when.second / KNOT_S
        knot = np.minimum(position.astype(np.int64), KNOTS - 1)
        return knot, position - knot

    def _factor(self, day: NDArray[np.int64]) -> Array:
        mean = sum((uniform(k, day) for k in self.factor_keys), np.zeros(len(day))) / len(self.factor_keys)
        return np.asarray(1 + self.spread * (2 * mean - 1))

    def _extend(self, count: int) -> None:
        day = np.arange(FIRST_DAY, FIRST_DAY + count)
        whole = self._factor(day) * self.partial[kinds(day), KNOTS]
        self.days = np.concatenate([[0.0], np.cumsum(whole)])

    def _waves(self, t: Times) -> Array:
        return np.asarray((-np.cos(np.outer(t, self.omega) + self.phase) / self.omega).sum(axis=1) * self.swing)
