"""A scenario file: which faults there are, about when and for how long; `calm_day` has none."""

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from pipeline.domain.errors import ConfigurationError

FOLDER = Path(__file__).parent
MONDAY = date(2026, 11, 16)  # an ordinary week, without holidays
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault of the file: it begins so many minutes after the scenario does, lasts so many, both drawn from a span.

    rule: for kinds that serve several rules, the one that must find it. count: of kinds that strike several devices.
    """

    kind: str
    after_min: Span
    lasts_min: Span
    rule: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Crewed:
    """Technicians, the park's and contractors', who take the orders that alarms and tenants open: minutes until they
    take one and until they are there, drawn from spans. misses: share of orders that who is asked first does not see,
    for missed_min minutes. asks: services that tenants ask for, ask_min minutes after the scenario begins; they confirm
    and rate what was done."""

    accept_min: Span = (1.0, 6.0)
    travel_min: Span = (3.0, 8.0)
    misses: float = 0.0
    missed_min: float = 20.0
    asks: tuple[str, ...] = ()
    ask_min: Span = (5.0, 30.0)


@dataclass(frozen=True, slots=True)
class Script:
    """A scenario; begin: park time of day (HH:MM) at which an evaluation starts it; gateways: what of the park is
    enough for an evaluation (empty: all of it); history_days: so many whole days before it are told first; desk: people
    who act on the orders that its alarms open."""

    name: str
    begin: str
    hours: float
    gateways: tuple[str, ...] = ()
    faults: tuple[Planned, ...] = ()
    history_days: int = 0
    desk: Crewed | None = None

    def starts(self, seed: int, time_zone: str) -> datetime:
        """The instant at which an evaluation starts it: a working day, another one for another seed."""
        hour, minute = (int(part) for part in self.begin.split(":"))
        day = MONDAY + timedelta(days=seed % 5)
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def names() -> list[str]:
    """The scenarios that come with the simulator."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def read(name: str) -> Script:
    """A scenario by name, or by the path of a file. ConfigurationError says what is wrong with it."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    try:
        found = tomllib.loads(path.read_text())
    except OSError:
        raise ConfigurationError(f"there is no scenario {name!r}; there are: {', '.join(names())}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    try:
        return Script(
            name=path.stem,
            begin=str(found["begin"]),
            hours=float(found["hours"]),
            gateways=tuple(found.get("gateways", ())),
            faults=tuple(_planned(row) for row in found.get("fault", ())),
            history_days=int(found.get("history_days", 0)),
            desk=msgspec.convert(found["desk"], Crewed) if "desk" in found else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error!r}; see docs/scenarios.md") from error


def _planned(row: dict[str, Any]) -> Planned:
    after, lasts = row["after_min"], row["lasts_min"]
    return Planned(
        kind=str(row["kind"]),
        after_min=(float(after[0]), float(after[1])),
        lasts_min=(float(lasts[0]), float(lasts[1])),
        rule=row.get("rule"),
        count=int(row.get("count", 1)),
    )
