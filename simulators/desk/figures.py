"""The figures of service once more, from the truth, by nothing of pipeline/: what docs/kpi.md defines, in plain sums.

Each is a number by a path such as `clocks/respond/spent/p90_s`; None where the figure does not exist.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf, sqrt

from simulators.desk.hours import local
from simulators.desk.promises import KINDS, Kept, Promise, kept, restored
from simulators.desk.truth import TrueOrder, TrueRequest

Figures = dict[str, float | None]
SCHEDULED = ("round", "planned", "inspection")
PROMISED = timedelta(minutes=90)
LASTS = timedelta(days=7)
Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Line:
    """One promise of one order."""

    row: TrueOrder
    kind: str
    kept: Kept


@dataclass
class Book:
    """What the figures are made from. building: of each space; now: what is known. lines: every promise that counts;
    those of orders that came to nothing do not."""

    orders: Mapping[int, TrueOrder]
    requests: Mapping[int, TrueRequest]
    promises: Mapping[int, Promise]
    building: Mapping[str, str]
    now: datetime
    lines: list[Line] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = [
            Line(row, kind, one)
            for row in self.orders.values()
            for kind, one in kept(row, self.promises[row.order], now=self.now).items()
            if one.state != "void"
        ]
        self.keys = {row.order: self._keys(row) for row in self.orders.values()}

    def _keys(self, row: TrueOrder) -> dict[str, str | None]:
        """What an order is grouped by."""
        return {
            "service": row.service, "priority": row.priority, "space": self.building.get(row.space or ""),
            "company": row.company, "contractor": row.contractor, "assignee": row.assignee, "origin": row.origin,
            "shift": "day" if 8 <= local(row.created).hour < 20 else "night",
        }  # fmt: skip

    def figures(self, since: datetime, until: datetime, *, by: str) -> Figures:
        """All figures of a span, grouped by one key."""
        until_known = min(until, self.now)
        lines = [one for one in self.lines if one.kept.due and since <= one.kept.due < until_known]
        asked = [one for one in lines if one.row.origin not in SCHEDULED]
        rows = [row for row in self.orders.values() if row.origin not in SCHEDULED]
        found: Figures = {}
        _clocks(found, "clocks", asked)
        _clocks(found, "scheduled", [one for one in lines if one.row.origin in SCHEDULED])
        self._fix(found, "fix", rows, since, until_known)
        self._promise(found, since, until_known)
        self._satisfaction(found, since, until_known)
        touched = [row for row in rows if _between(row.first("finish"), since, until)
                   or _between(row.first("arrive", "finish"), since, until)]  # fmt: skip
        for key in {self.keys[row.order][by] for row in touched} | {self.keys[one.row.order][by] for one in asked}:
            _clocks(found, f"{by}={key}", [one for one in asked if self.keys[one.row.order][by] == key])
            self._fix(found, f"{by}={key}/fix", [r for r in rows if self.keys[r.order][by] == key], since, until_known)
        return found

    def _fix(self, found: Figures, path: str, rows: Iterable[TrueOrder], since: datetime, until: datetime) -> None:
        fixed = old = pending = again = done = 0
        for row in rows:
            first = row.first("finish")
            if first is None or not since <= first < until:
                continue
            after = next((t.at for t in row.told if t.action == "reopen"), None)
            done += 1
            again += after is not None
            if first + LASTS > self.now:
                pending += 1
            else:
                old += 1
                fixed += after is None or after > first + LASTS
        _share(found, f"{path}/fixed", fixed, old)
        _share(found, f"{path}/reopened", again, done)
        found[f"{path}/pending"] = pending

    def _promise(self, found: Figures, since: datetime, until: datetime) -> None:
        lines = [one for one in self.lines if one.kind == "respond" and one.row.origin not in SCHEDULED
                 and since <= one.row.created + PROMISED < until]  # fmt: skip
        chosen = [one for one in lines if one.kept.target_s is None]
        rest = [one for one in lines if one.kept.target_s is not None]
        quick = [one for one in rest if one.kept.wall_s is not None and one.kept.wall_s <= PROMISED.total_seconds()]
        _share(found, "promise/within", len(quick), len(rest))
        found["promise/appointments"] = len(chosen)

    def _satisfaction(self, found: Figures, since: datetime, until: datetime) -> None:
        can = [r for r in self.requests.values() if r.company and r.answered and since <= r.answered < until]
        stars = [r.stars for r in can if r.stars is not None]
        found["rating/mean"] = sum(stars) / len(stars) if stars else None
        _share(found, "rating/good", sum(s >= 4 for s in stars), len(stars))
        _share(found, "rating/rated", len(stars), len(can))
        for n in range(1, 6):
            found[f"rating/stars/{n}"] = stars.count(n)
        came = [r for r in self.requests.values() if since <= r.created < until]
        _share(found, "online/online", sum(r.channel == "online" for r in came), len(came))
        for channel in {r.channel for r in came}:
            found[f"online/channels/{channel}"] = sum(r.channel == channel for r in came)


def _clocks(found: Figures, path: str, lines: Sequence[Line]) -> None:
    for kind in KINDS:
        mine = [one for one in lines if one.kind == kind]
        over = [one.kept for one in mine if one.kept.stopped is not None]
        met = [one for one in mine if one.kept.state == "met"]
        at = f"{path}/{kind}"
        found[f"{at}/n"], found[f"{at}/met"] = len(mine), len(met)
        found[f"{at}/missed"], found[f"{at}/overdue"] = len(mine) - len(met), len(mine) - len(over)
        found[f"{at}/provisional"] = sum(kind == "restore" and not _spoken(one.row) for one in met)
        _share(found, f"{at}/attainment", len(met), len(mine))
        _times(found, f"{at}/spent", [k.spent_s for k in over if k.spent_s is not None], len(mine) - len(over))
        _times(found, f"{at}/wall", [k.wall_s for k in over if k.wall_s is not None], len(mine) - len(over))


def _spoken(row: TrueOrder) -> bool:
    """Whether anybody, or the sensor, or silence has confirmed what was done last."""
    done = restored(row)
    place = max((n for n, t in enumerate(row.told) if t.action == "finish"), default=0)
    return done is not None and any(t.action in ("confirm", "verify", "close") for t in row.told[place:])


def _share(found: Figures, path: str, k: int, n: int) -> None:
    found[f"{path}/n"] = n
    if n == 0:
        found[f"{path}/k"], found[f"{path}/share"], found[f"{path}/low"], found[f"{path}/high"] = 0, None, None, None
        return
    p = k / n
    half = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    found[f"{path}/k"], found[f"{path}/share"] = k, p
    found[f"{path}/low"] = 0.0 if k == 0 else middle - half
    found[f"{path}/high"] = 1.0 if k == n else middle + half


def _times(found: Figures, path: str, seconds: Sequence[float], open_: int) -> None:
    ordered = [*sorted(seconds), *[inf] * open_]
    found[f"{path}/n"], found[f"{path}/open"] = len(seconds), open_
    found[f"{path}/mean_s"] = sum(seconds) / len(seconds) if seconds else None
    for percent in (50, 90, 95):
        found[f"{path}/p{percent}_s"] = _percentile(ordered, percent)


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    """Between the two neighbours of the rank (n - 1) × percent / 100, in proportion."""
    if not ordered:
        return None
    low, rest = divmod((len(ordered) - 1) * percent, 100)
    high = ordered[low + 1] if rest else ordered[low]
    return None if high == inf else ordered[low] * (100 - rest) / 100 + high * rest / 100


def _between(at: datetime | None, since: datetime, until: datetime) -> bool:
    return at is not None and since <= at < until
