"""Holds the forecast against what came: walks history in the order of time, forecasts each promise from nothing but
what was known when it began, and says how good that was beside the plain base rate."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.analytics.estimates import share
from pipeline.analytics.forecast import History, Row, case_of, past_of

PARTS = (0.0, 0.25, 0.45)  # of a promise; the first threshold is at 50 %
BINS = 10


@dataclass(frozen=True, slots=True)
class Bet:
    """One forecast and what came. base: the share that was missed, as known then, of all of the kind that were open at
    the same part."""

    kind: str
    used: float
    probability: float
    base: float
    missed: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """Forecasts of about the same probability: their mean beside the share that was missed, with its interval."""

    since: float
    until: float
    n: int
    mean: float
    missed: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Score:
    """brier: mean squared error of the forecasts; base: of the base rate; skill: 1 - brier / base, above 0 is better.

    error: mean distance of the bins from what came, weighted by n.
    """

    n: int
    missed: int
    brier: float | None
    base: float | None
    skill: float | None
    error: float | None
    bins: list[Bin]


def bets(rows: Iterable[Row], zone: ZoneInfo, *, now: datetime) -> tuple[list[Bet], int]:
    """All forecasts that could be made, and how often too little was known to make one.

    A promise is forecast at PARTS of its length by what had run out when it began: earlier than the truth would be, so
    that nothing is looked up that was not known yet.
    """
    history, found, unknown = History(), [], 0
    waiting: list[tuple[datetime, int, Any]] = []
    for number, row in enumerate(sorted(rows, key=lambda row: (row["started"], row["work_order"], row["kind"]))):
        past = past_of(row, zone) if row["due"] is not None and row["due"] <= now else None
        if past is None:
            continue
        while waiting and waiting[0][0] <= row["started"]:
            _, _, known = heapq.heappop(waiting)
            history.add(known)
        for part in PARTS:
            if past.used <= part and not past.missed:
                break  # it was over by then
            ahead = past.ahead is not None and past.ahead <= part
            chance = history.chance(case_of(row, zone), part, ahead=ahead)
            if chance.probability is None:
                unknown += 1
            else:
                found.append(Bet(past.case.kind, part, chance.probability, history.base(past.case, part), past.missed))
        heapq.heappush(waiting, (row["due"], number, past))
    return found, unknown


def score(found: Sequence[Bet]) -> Score:
    """How good forecasts were."""
    n = len(found)
    if not n:
        return Score(0, 0, None, None, None, None, [])
    brier = sum((bet.probability - bet.missed) ** 2 for bet in found) / n
    base = sum((bet.base - bet.missed) ** 2 for bet in found) / n
    bins = calibration(found)
    error = sum(one.n * abs(one.mean - one.missed) for one in bins) / n
    return Score(n, sum(bet.missed for bet in found), brier, base, 1 - brier / base if base else None, error, bins)


def calibration(found: Sequence[Bet]) -> list[Bin]:
    """Bins of equal width; empty ones are left out."""
    bins = []
    for place in range(BINS):
        mine = [bet for bet in found if min(BINS - 1, int(bet.probability * BINS)) == place]
        if mine:
            of = share(sum(bet.missed for bet in mine), len(mine))
            mean = sum(bet.probability for bet in mine) / len(mine)
            bins.append(Bin(place / BINS, (place + 1) / BINS, len(mine), mean, of.share or 0.0, of.low or 0.0,
                            of.high or 0.0))  # fmt: skip
    return bins


def report(rows: Sequence[Row], zone: ZoneInfo, *, now: datetime) -> dict[str, Any]:
    """What `park evaluate forecast --json` prints: the score of all, by kind, and by how much of a promise was gone."""
    found, unknown = bets(rows, zone, now=now)
    return {
        **asdict(score(found)),
        "unknown": unknown,
        "kinds": {
            kind: _short(score([b for b in found if b.kind == kind])) for kind in sorted({b.kind for b in found})
        },
        "parts": {f"{part:.2f}": _short(score([b for b in found if b.used == part])) for part in PARTS},
    }


def _short(of: Score) -> dict[str, Any]:
    return {name: value for name, value in asdict(of).items() if name != "bins"}
