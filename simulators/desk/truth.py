"""The ground truth of a simulated desk: what each order's people meant and did, written apart from the database."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing done to an order: when it was (`at`), when the desk heard of it (`heard`), by whom."""

    action: str
    at: datetime
    heard: datetime
    actor: str
    reason: str | None = None
    to: str | None = None  # login of who has it now
    proof: str | None = None
    appointment: datetime | None = None


class TrueOrder(msgspec.Struct, omit_defaults=True):
    """One order. there: when somebody really was on site first, pressed or not; told: the first is its opening."""

    order: int
    origin: str
    service: str
    category: str
    skill: str
    priority: str
    created: datetime
    space: str | None = None
    company: str | None = None
    contractor: str | None = None
    request: int | None = None
    there: datetime | None = None
    told: list[Told] = []

    def first(self, *actions: str) -> datetime | None:
        """When one of these was first done."""
        return next((t.at for t in self.told if t.action in actions), None)

    def last(self, *actions: str) -> datetime | None:
        """When one of these was last done."""
        return next((t.at for t in reversed(self.told) if t.action in actions), None)

    @property
    def assignee(self) -> str | None:
        """Who has it, or had it last."""
        return next((t.to for t in reversed(self.told) if t.action in ("accept", "assign", "release")), None)

    def count(self, action: str) -> int:
        """How often something was done."""
        return sum(t.action == action for t in self.told)


class TrueRequest(msgspec.Struct, omit_defaults=True):
    """What somebody asked for, by which channel, and what they said of it in the end."""

    request: int
    service: str
    category: str
    channel: str
    created: datetime
    company: str | None = None
    space: str | None = None
    order: int | None = None
    stars: int | None = None
    rated: datetime | None = None
    transfers: int = 0
    answered: datetime | None = None
    done: list[str] = []


class TrueBooking(msgspec.Struct, omit_defaults=True):
    """A room that was booked, and whether anybody came."""

    booking: int
    room: str
    since: datetime
    until: datetime
    company: str | None
    ended: str | None = None


class Truth(msgspec.Struct):
    """All of it. about: seed, span, park, and the terms as the simulator read them."""

    about: dict[str, Any]
    orders: dict[int, TrueOrder] = {}
    requests: dict[int, TrueRequest] = {}
    bookings: dict[int, TrueBooking] = {}


KINDS: tuple[tuple[str, type[Any]], ...] = (("order", TrueOrder), ("request", TrueRequest), ("booking", TrueBooking))


def write(path: Path, truth: Truth) -> None:
    """JSON lines: what it is about, then each order, request and booking in the order of their numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(msgspec.json.encode({"about": truth.about}) + b"\n")
        for kind, _ in KINDS:
            rows: dict[int, Any] = getattr(truth, kind + "s")
            for number in sorted(rows):
                file.write(msgspec.json.encode({"is": kind, "row": rows[number]}) + b"\n")


def read(path: Path) -> Truth:
    """What `write` wrote."""
    return _parse(path.read_bytes().splitlines())


def _parse(lines: Iterable[bytes]) -> Truth:
    rows = iter(lines)
    truth = Truth(about=msgspec.json.decode(next(rows))["about"])
    types = dict(KINDS)
    for line in rows:
        told = msgspec.json.decode(line)
        row = msgspec.convert(told["row"], types[told["is"]])
        rows_of: dict[int, Any] = getattr(truth, told["is"] + "s")
        rows_of[getattr(row, told["is"])] = row
    return truth
