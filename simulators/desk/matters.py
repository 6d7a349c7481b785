"""What departments answer by themselves, and what is quoted before work: appeals, advice, feedback, paid repair."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from pipeline.domain.request import RequestAction as A
from simulators.desk import habits
from simulators.desk.acts import SYSTEM, Who
from simulators.desk.asks import DESK, SYSTEM_SIDE, Asking
from simulators.desk.habits import Matter
from simulators.desk.hours import OFFICE
from simulators.desk.play import Life

HOUR_S = 3600.0
SILENT_DAYS = timedelta(days=3)


@dataclass
class Affair:
    """A request that no technician is needed for. departments: who there is to answer."""

    asking: Asking
    matter: Matter
    rng: Random
    operator: Who
    department: str | None
    departments: Sequence[str]

    @property
    def now(self) -> datetime:
        return self.asking.desk.now

    def office(self, median_h: float, sigma: float = 0.7) -> datetime:
        """So many office hours from now, about."""
        return OFFICE.after(self.now, round(HOUR_S * median_h * self.rng.lognormvariate(0, sigma), 3))


def answered(affair: Affair, *, closes: bool) -> Life:
    """From the first look to the tenant's word. closes: nobody else closes what nobody objects to."""
    asking, matter, rng = affair.asking, affair.matter, affair.rng
    yield affair.office(0.8)
    asking.act(A.START, affair.operator, DESK)
    while len(affair.departments) > 1 and rng.random() < matter.transferred:
        yield affair.office(2.5)
        affair.department = rng.choice([d for d in affair.departments if d != affair.department])
        asking.act(
            A.TRANSFER, affair.operator, DESK, reason="theirs to answer", detail={"department": affair.department}
        )
    yield affair.office(matter.hours)
    if rng.random() < matter.declined:
        asking.act(A.DECLINE, affair.operator, DESK, reason="cannot be done here")
        return
    asking.act(A.ANSWER, affair.operator, DESK, reason="answered as agreed by telephone")
    confirmed = rng.random() < habits.CONFIRMED
    rates = rng.random() < habits.RATED[confirmed]
    took = OFFICE.spent(asking.row.created, affair.now) / HOUR_S
    stars = max(
        1, min(5, round(4.6 + asking.tenant.pleased - 0.02 * took - 0.3 * asking.row.transfers + rng.gauss(0, 0.6)))
    )
    if confirmed:
        yield affair.office(3.0, 1.0)
        confirmed = asking.by_tenant(A.CONFIRM)
        if confirmed and rates:
            yield affair.now + timedelta(minutes=3)
            asking.rate(stars)
    if closes:
        yield affair.now + SILENT_DAYS
        asking.act(A.CLOSE, SYSTEM, SYSTEM_SIDE)
        if rates and not confirmed:
            yield affair.now + timedelta(hours=5)
            asking.rate(stars)


def quoted(asking: Asking, rng: Random, operator: Who) -> Generator[datetime, None, bool]:
    """What paid work would cost, and whether the tenant takes it; an order is opened then."""
    yield OFFICE.after(asking.desk.now, round(HOUR_S * 3 * rng.lognormvariate(0, 0.6), 3))
    asking.act(A.QUOTE, operator, DESK, detail={"amount": f"{rng.randrange(8, 240) * 10}.00", "words": "人工和材料"})
    yield OFFICE.after(asking.desk.now, round(HOUR_S * 4 * rng.lognormvariate(0, 0.9), 3))
    quote = {"quote": asking.quote()}
    if rng.random() < habits.DECLINED_QUOTE:
        asking.by_tenant(A.DECLINE_QUOTE, detail=quote)
        return False
    return asking.by_tenant(A.ACCEPT_QUOTE, detail=quote)
