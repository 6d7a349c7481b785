"""What comes up when: drawn for each day of the calendar, hour by hour, before anything is played."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from simulators.desk.habits import HABITS, HOURLY, Habit
from simulators.desk.hours import DAY, ZONE, is_worked, local

HOT = {6: 1.25, 7: 1.5, 8: 1.45, 12: 1.25, 1: 1.3, 2: 1.15}  # months in which air conditioning is asked for more
MONDAY = 1.15


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing that comes up."""

    at: datetime
    habit: Habit
    number: int  # of the day and habit, for its own luck


def arrivals(since: datetime, until: datetime, *, seed: int, scale: float = 1.0) -> list[Arrival]:
    """Everything of [since, until), in the order of time; scale: times the usual amount."""
    found: list[Arrival] = []
    day = local(since).date()
    while day <= local(until).date():
        for habit in HABITS:
            found += [a for a in _of(day, habit, seed, scale) if since <= a.at < until]
        day += DAY
    return sorted(found, key=lambda a: (a.at, a.habit.name, a.number))


def _of(day: date, habit: Habit, seed: int, scale: float) -> Iterator[Arrival]:
    rng = Random(f"{seed}/arrivals/{day}/{habit.name}")
    expected = scale * (habit.working if is_worked(day) else habit.free)
    if habit.skill == "hvac" and habit.origin != "planned":
        expected *= HOT.get(day.month, 1.0)
    if day.weekday() == 0:
        expected *= MONDAY
    hours = HOURLY[habit.rhythm]
    for number in range(_poisson(rng, expected)):
        hour = rng.choices(range(24), hours)[0]
        second = rng.randrange(3600)
        park_time = datetime.combine(day, time(hour), ZONE) + timedelta(
            seconds=second, microseconds=rng.randrange(1000) * 1000
        )
        yield Arrival(park_time.astimezone(UTC), habit, number)


def _poisson(rng: Random, expected: float) -> int:
    """How many of what comes up `expected` times on average: exponential gaps until a whole day is used up."""
    n, used = 0, rng.expovariate(1)
    while used < expected:
        n += 1
        used += rng.expovariate(1)
    return n
