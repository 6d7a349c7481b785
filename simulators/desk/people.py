"""Who works at the simulated desk: technicians with their habits and shifts, contractors, operators, tenants."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from simulators.desk.hours import is_worked, local

MISSING_SKILL = "whoever is there"
DUTY_FROM, DUTY_UNTIL = 17.5, 8.5  # park time, h: outside these only who is on duty works


@dataclass(slots=True)
class Technician:
    """One technician. pace: times the usual minutes; prompt: times the usual delay until they take something;
    forgets: share of visits without a press on "on site"; deaf: share of visits without signal; ahead_s: how far the
    phone's clock is ahead. free: when they are done with what they took."""

    login: str
    person: int | None
    skills: frozenset[str]
    contractor: str | None = None
    pace: float = 1.0
    prompt: float = 1.0
    forgets: float = 0.1
    deaf: float = 0.1
    ahead_s: float = 0.0
    place: int = 0
    free: datetime = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tenant:
    """Somebody of a company in the park. pleased: how much sooner than others they are content."""

    login: str
    person: int | None
    company: str
    pleased: float = 0.0


@dataclass(frozen=True)
class Staff:
    """Everybody. Who is on duty follows from the day: each skill has somebody around the clock."""

    technicians: tuple[Technician, ...]
    operators: tuple[tuple[str, int | None], ...]
    managers: tuple[tuple[str, int | None], ...]
    tenants: tuple[Tenant, ...]
    by_skill: dict[str, tuple[Technician, ...]] = field(default_factory=dict)

    def here(self, skill: str, at: datetime) -> list[Technician]:
        """Who of a skill is at work: everybody in office hours, one in turn for a week outside them."""
        able = self.able(skill)
        moment = local(at)
        hour = moment.hour + moment.minute / 60
        if is_worked(moment.date()) and DUTY_UNTIL <= hour < DUTY_FROM:
            return list(able)
        week = (moment - timedelta(hours=DUTY_UNTIL)).date().toordinal() // 7
        return [able[week % len(able)]]

    def able(self, skill: str) -> Sequence[Technician]:
        """Who does what a skill is for: whose it is has most of those who can; where nobody can, everybody."""
        if skill not in self.by_skill:
            can = [t for t in self.technicians if skill in t.skills] or self.technicians
            whose = Counter(t.contractor for t in can).most_common(1)[0][0]
            self.by_skill[skill] = tuple(t for t in can if t.contractor == whose)
        return self.by_skill[skill]

    def contractor(self, skill: str) -> str | None:
        """Who answers for it, where the park itself does not."""
        return self.able(skill)[0].contractor

    def of(self, company: str, rng: Random) -> Tenant:
        """Somebody of a company."""
        return rng.choice([t for t in self.tenants if t.company == company])


OWN: tuple[tuple[str, tuple[str, ...], str | None], ...] = (
    ("sim-zhao", ("electrical", "network"), None),
    ("sim-qian", ("electrical", "hvac"), None),
    ("sim-sun", ("hvac", "plumbing"), None),
    ("sim-li", ("plumbing", "civil"), None),
    ("sim-zhou", ("civil", "cleaning"), None),
    ("sim-wu", ("network", "security"), None),
    ("sim-zheng", ("security", "fire"), None),
    ("sim-wang", ("cleaning",), None),
    ("sim-feng", ("lift",), None),
    ("sim-chen", ("fire", "electrical"), None),
)
"""Logins and skills where the database knows no technician: they act by name only, and answer for no scorecard."""


def staff(rows: Iterable[tuple[int, str, str, str | None, str | None, list[str]]], *, companies: Sequence[str],
          seed: int) -> Staff:  # fmt: skip
    """The people of a park's database with the habits that the seed gives them; what is missing there is made up."""
    known = list(rows)
    technicians: list[tuple[str, int | None, frozenset[str], str | None]]
    technicians = [(login, person, frozenset(skills), contractor)
                   for person, login, role, _, contractor, skills in known if role == "technician"]  # fmt: skip
    if not technicians:
        technicians = [(login, None, frozenset(skills), contractor) for login, skills, contractor in OWN]
    tenants: list[tuple[str, int | None, str]]
    tenants = [(login, person, company) for person, login, role, company, *_ in known if role == "tenant" and company]
    missing = sorted(set(companies) - {company for *_, company in tenants})
    tenants += [(f"sim-{company}", None, company) for company in missing]

    def named(role: str) -> tuple[tuple[str, int | None], ...]:
        return tuple((login, person) for person, login, is_, *_ in known if is_ == role) or ((f"sim-{role}", None),)

    return Staff(
        technicians=tuple(_technician(n, *row, seed=seed) for n, row in enumerate(technicians)),
        operators=named("operator"),
        managers=named("manager"),
        tenants=tuple(
            Tenant(login, person, str(company), pleased=Random(f"{seed}/tenant/{login}").gauss(0, 0.4))
            for login, person, company in tenants
        ),
    )


def _technician(place: int, login: str, person: int | None, skills: frozenset[str], contractor: str | None, *,
                seed: int) -> Technician:  # fmt: skip
    rng = Random(f"{seed}/technician/{login}")
    slow = 1.35 if contractor else 1.0
    return Technician(
        login, person, skills, contractor,
        pace=slow * rng.uniform(0.8, 1.25),
        prompt=slow * rng.lognormvariate(0, 0.35 if contractor is None else 0.6),
        forgets=rng.choice((0.02, 0.06, 0.12, 0.3)),
        deaf=rng.uniform(0.03, 0.15),
        ahead_s=round(rng.choice((0.0, rng.gauss(0, 4), rng.gauss(0, 90))), 3),
        place=place,
    )  # fmt: skip
