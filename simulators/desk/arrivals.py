"""What comes up when: drawn for each day of the calendar, hour by hour, before anything is played."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from simulators.desk.habits import HABITS, HOURLY, MATTERS, Habit, Matter, Rhythm
from simulators.desk.hours import DAY, ZONE, is_worked, local

HOT = {6: 1.25, 7: 1.5, 8: 1.45, 12: 1.25, 1: 1.3, 2: 1.15}  # months in which air conditioning is asked for more
MONDAY = 1.15
ALL: tuple[Habit | Matter, ...] = (*HABITS, *MATTERS)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing that comes up."""

    at: datetime
    what: Habit | Matter
    number: int  # of the day and habit, for its own luck


def arrivals(since: datetime, until: datetime, *, seed: int, scale: float = 1.0) -> list[Arrival]:
    """Everything of [since, until), in the order of time; scale: times the usual amount."""
    found: list[Arrival] = []
    day = local(since).date()
    while day <= local(until).date():
        for what in ALL:
            found += [a for a in _of(day, what, seed, scale) if since <= a.at < until]
        day += DAY
    return sorted(found, key=lambda a: (a.at, a.what.name, a.number))


def _of(day: date, what: Habit | Matter, seed: int, scale: float) -> Iterator[Arrival]:
    rng = Random(f"{seed}/arrivals/{day}/{what.name}")
    expected, hours = scale * what.working, HOURLY[Rhythm.OFFICE]
    if isinstance(what, Habit):
        hours = HOURLY[what.rhythm]
        if not is_worked(day):
            expected = scale * what.free
        if "hvac" in what.name or "air" in what.name:
            expected *= HOT.get(day.month, 1.0)
    elif not is_worked(day):
        return
    if day.weekday() == 0:
        expected *= MONDAY
    for number in range(_poisson(rng, expected)):
        moment = timedelta(seconds=rng.randrange(3600), milliseconds=rng.randrange(1000))
        park_time = datetime.combine(day, time(rng.choices(range(24), hours)[0]), ZONE) + moment
        yield Arrival(park_time.astimezone(UTC), what, number)


def _poisson(rng: Random, expected: float) -> int:
    """How many of what comes up `expected` times on average: exponential gaps until a whole day is used up."""
    n, used = 0, rng.expovariate(1)
    while used < expected:
        n += 1
        used += rng.expovariate(1)
    return n
