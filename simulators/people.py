"""Who comes and goes: one service day (04:00 to 04:00 park time) of the whole park, drawn at once from the seed.

Everyone who comes in also leaves within the day, so that a count of passages since 04:00 is right at any instant.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from simulators.signals.noise import Array, key

SERVICE_HOUR = 4.0
WORKDAY, SATURDAY, SUNDAY = 6500, 620, 410  # people; on a workday some 1,300 are still there at 20:00
LUNCH_OUT, EVENING = 0.36, 0.225  # shares of the staff that go out for lunch, and that stay for the evening
VISITORS = 0.11
HOLDERS = 9000  # badges that exist
HOME_GATE = 0.82  # share of passages through one's usual gate
_FIRST_S, _LAST_S = SERVICE_HOUR * 3600 + 150, (24 + SERVICE_HOUR) * 3600 - 600


@dataclass(frozen=True, slots=True)
class Passages:
    """One row a passage, in no order: second since local midnight, person number, gate index, in or out, and whether
    it is the person's first of the day."""

    second: Array
    person: NDArray[np.int64]
    gate: NDArray[np.int64]
    inward: NDArray[np.bool_]
    first: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.second)


def generator(seed: int, *names: str) -> np.random.Generator:
    """A generator of its own for the thing that `names` names."""
    return np.random.Generator(np.random.Philox(key(seed, *names)))


def passages(seed: int, day: date, *, weights: Array) -> Passages:
    """All passages of the service day that begins on `day`; weights: how busy each gate is (they need not add up)."""
    rng = generator(seed, "people", day.isoformat())
    usual = (WORKDAY, WORKDAY, WORKDAY, WORKDAY, WORKDAY, SATURDAY, SUNDAY)[day.weekday()]
    size = int(usual * rng.uniform(0.97, 1.03))
    visitors = int(size * VISITORS)
    staff = size - visitors

    arrive = np.where(rng.random(staff) < 0.72, rng.normal(8.92, 0.36, staff), rng.normal(9.7, 0.75, staff))
    leave = np.maximum(rng.normal(18.33, 0.42, staff), arrive + 2.5)
    late = rng.random(staff) < EVENING
    leave = np.where(late, np.maximum(leave, 20.05 + rng.gamma(2.0, 0.62, staff)), leave)
    came = rng.uniform(9.3, 16.5, visitors)
    went = came + rng.uniform(0.6, 2.4, visitors)
    lunch = (rng.random(staff) < LUNCH_OUT) & (arrive < 11.3) & (leave > 14)
    out = rng.normal(12.08, 0.17, staff)[lunch]
    back = out + rng.uniform(0.35, 0.95, len(out))

    everyone = np.arange(size)
    eaters = everyone[:staff][lunch]
    hours = np.concatenate([arrive, came, back, leave, went, out])
    person = np.concatenate([everyone, eaters, everyone, eaters])
    inward = np.arange(len(hours)) < size + len(eaters)
    second = np.clip(np.round(hours * 3600, 3), _FIRST_S, _LAST_S)
    second = _apart(second, inward, size=size, back=len(eaters))
    share = weights / weights.sum()
    home = rng.choice(len(weights), size, p=share)
    gate = np.where(rng.random(len(hours)) < HOME_GATE, home[person], rng.choice(len(weights), len(hours), p=share))
    badge = rng.permutation(HOLDERS)[:size]  # who of all badge holders is here today
    return Passages(second, badge[person], gate, inward, np.arange(len(hours)) < size)


def _apart(second: Array, inward: NDArray[np.bool_], *, size: int, back: int) -> Array:
    """Clipping may have put someone's way out before the way in; the last way out is a minute after the way in."""
    first, last = second[:size], second[size + back : 2 * size + back]
    second[size + back : 2 * size + back] = np.maximum(last, first + 60)
    return second


def badges(seed: int) -> list[str]:
    """The badge numbers of all holders, by person, as a reader sends them."""
    return [f"E2{key(seed, 'badge', str(person)) >> 24:010X}" for person in range(HOLDERS)]


def credentials(seed: int, company_ids: list[str]) -> dict[str, str]:
    """Every badge of the park and the company it belongs to, larger companies having more."""
    if not company_ids:
        return {}
    rng = generator(seed, "badges")
    share = rng.pareto(1.6, len(company_ids)) + 0.3
    owners = rng.choice(len(company_ids), HOLDERS, p=share / share.sum())
    return {badge: company_ids[owner] for badge, owner in zip(badges(seed), owners, strict=True)}
