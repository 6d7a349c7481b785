"""Energy of the day under way and of days that are over, from registers: what the tile `power` compares."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from api.daytime import QUARTER
from api.tiles.look import Look

SILENCE = timedelta(days=1)  # how far before midnight a register's last stand is sought, as in park.consumption_15m

HOLE = timedelta(minutes=45)  # a day is compared only where its data begin and end this close to the window's ends


@dataclass(frozen=True, slots=True)
class Registers:
    """By point: kWh since `since` as far as it is rolled up, and the register's stand at the end of that."""

    since: datetime
    grown: dict[int, float]
    stand: dict[int, float]

    def up_to(self, point: int, register: float | None) -> float | None:
        """kWh of one point from `since` to a newer stand of its register; None where nothing is known."""
        grown, last = self.grown.get(point), self.stand.get(point)
        if last is None or register is None:
            return grown
        # A register that went back was replaced or reset: it counts from zero, as in park.consumption_15m.
        return (grown or 0.0) + (register - last if register >= last else register)


@dataclass(frozen=True, slots=True)
class PastDay:
    """kWh of some registers together, by 15 minutes of a park day."""

    since: datetime
    amounts: dict[datetime, float]

    def total(self, until: datetime) -> float | None:
        """kWh until an instant of the day, of its last bucket by share; None where the data begin or end elsewhere."""
        if not self.amounts or min(self.amounts) - self.since > HOLE or until - max(self.amounts) > HOLE:
            return None
        return sum(amount * min(1.0, (until - t) / QUARTER) for t, amount in self.amounts.items() if t < until)


def registers_of(look: Look, points: list[int], *, since: datetime, until: datetime) -> Registers:
    """Reads the day so far; a stand is sought up to a day before it, so that a silent night loses nothing."""
    grown = look.reader.rows("tile_consumption", points=points, since=since, until=until)
    stands = look.reader.rows("tile_registers", points=points, since=since - SILENCE, until=until)
    return Registers(since, {r["point"]: r["amount"] for r in grown}, {r["point"]: r["last"] for r in stands})


def past_day(look: Look, points: list[int], *, since: datetime, until: datetime) -> PastDay:
    """Reads a day that is over."""
    rows = look.reader.rows("tile_consumption_curve", points=points, since=since, until=until)
    return PastDay(since, {r["bucket"]: r["amount"] for r in rows})
