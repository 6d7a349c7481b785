"""Puts the quality of alarms together: figures beside their targets, and for what alarms too often, what would help.

Unknown is never met: a figure that misses its target over what is known misses it, but one that meets it counts only
where the whole span is known and there are alarms enough to tell.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from statistics import median
from typing import Any

from api.database import Reader, Row
from api.models import Name
from api.quality_models import (
    AdviceModel,
    AlarmQuality,
    Answered,
    Apart,
    Figure,
    Figures,
    FloodSpan,
    Load,
    Nuisance,
    PositionQuality,
)
from api.tiles.look import rounded
from pipeline.domain import noise
from pipeline.domain.noise import AdviceKind, Episode, NoiseTerms
from pipeline.domain.rule import Priority, RuleKind

DAY = timedelta(days=1)
HOUR_S = 3600
TEN_MINUTES_S = 600
LOOKED_S = 120  # the engine looks for floods every 5 s; where it did not for so long, nobody knows of floods
SILENT_SHARE = 0.01  # of the span may be silent
FEW = 20  # alarms say little about how priorities are shared out
TOP_FEW = 200  # ten of fewer alarms are more than 5 % of them in any case
TOP = 10
EPISODES = 500  # of one subject, the newest; enough to advise
GAPS = 100  # between them that are looked into for a deadband


@dataclass(frozen=True, slots=True)
class Span:
    """What is asked about, and how much of it is known at one position."""

    since: datetime
    until: datetime
    known_since: datetime | None
    silent_hours: int = 0
    looked: bool = True

    @property
    def seconds(self) -> float:
        """Known seconds."""
        if self.known_since is None:
            return 0.0
        passed = (self.until - max(self.since, self.known_since)).total_seconds()
        known = passed - self.silent_hours * HOUR_S
        # Only whole hours are counted as silent: of a time in which nothing was heard, two bits of hours are left.
        return known if known > 2 * HOUR_S or not self.silent_hours else 0.0

    @property
    def covered(self) -> bool:
        """Whether all of it is known."""
        whole = (self.until - self.since).total_seconds()
        known = self.known_since is not None and self.known_since <= self.since
        return known and self.silent_hours * HOUR_S <= whole * SILENT_SHARE


def quality(reader: Reader, park: str, *, now: datetime, days: float, position: str | None = None) -> AlarmQuality:
    """The answer for `days` up to now, for all operator positions or one."""
    since = now - timedelta(days=days)
    span: dict[str, Any] = {"park": park, "since": since, "until": now}
    width = timedelta(minutes=10) if days <= 1 else timedelta(hours=1)
    known = {row["position"]: row for row in reader.rows("quality_known", park=park)}
    ran = max((row["ran"] for row in known.values() if row["ran"]), default=None)
    loads = by_position(reader.rows("quality_loads", **span, width=width))
    floods = by_position(reader.rows("quality_floods", **span))
    worst = by_position(reader.rows("quality_nuisances", **span, most=TOP))
    silent: dict[datetime, int] = {}
    items = []
    for row in reader.rows("quality_figures", **span):
        name = row["position"]
        if position is not None and name != position:
            continue
        ruled = known[name]["since"] if name in known else None
        begin = max(since, ruled) if ruled else None
        if begin and begin not in silent:
            silent[begin] = reader.one("quality_silent", park=park, since=begin, until=now)["silent"]
        of = Span(
            since, now, ruled, silent[begin] if begin else 0,
            ran is not None and (now - ran).total_seconds() <= LOOKED_S,
        )  # fmt: skip
        found = figures(row, of)
        items.append(
            PositionQuality(
                position=name,
                alarms=row["annunciated"],
                known_since=ruled,
                silent_hours=of.silent_hours,
                covered=of.covered,
                missed=missed(found),
                figures=found,
                acknowledged=answered(row),
                apart=Apart(maintenance=row["maintenance"], held=row["held"], historic=row["historic"]),
                loads=[Load(t=x["bin"], alarms=x["alarms"], peak=x["peak"]) for x in loads.get(name, [])],
                floods=[FloodSpan(**x) for x in floods.get(name, [])],
                nuisances=nuisances(reader, worst.get(name, []), row["annunciated"], span=span),
            )
        )
    items.sort(key=lambda item: (-item.missed, -item.alarms, item.position))
    return AlarmQuality(
        now=now, days=days, since=since, until=now, bin_s=int(width.total_seconds()), looked=ran, items=items
    )


def figures(row: Row, span: Span) -> Figures:
    """All figures of a row of park.alarm_quality."""
    n = row["annunciated"]
    blind = not n and span.seconds < TEN_MINUTES_S  # nothing shown, and nothing known
    average = n * TEN_MINUTES_S / span.seconds if span.seconds >= TEN_MINUTES_S else None
    flood = 100 * row["flood_s"] / span.seconds if span.looked and span.seconds >= TEN_MINUTES_S else None
    shares = {str(p): 100 * row[p] / n if n else None for p in Priority}
    urgent = 100 * (row["high"] + row["critical"]) / n if n else None
    # 80 : 15 : 5 bounds what is urgent: no more than 5 % high, no more than 20 % above low.
    balanced = None if urgent is None or shares["low"] is None else urgent <= 5 and shares["low"] >= 80
    told = balanced if n >= FEW and span.covered else False if n >= FEW and balanced is False else None

    def share(value: float | None, target: float) -> Figure:
        return Figure(value=rounded(value), target=target, met=told, n=n)

    def figure(value: float | None, target: float, good: bool, n: int, at: datetime | None = None) -> Figure:
        return Figure(value=rounded(value, 2), target=target, met=judged(value, good, span.covered), n=n, at=at)

    top = 100 * row["top_10"] / n if n else None
    return Figures(
        average=figure(average, 1, (average or 0) <= 1, n),
        peak=figure(None if blind else row["peak"], 10, row["peak"] <= noise.FLOOD_ABOVE, n, row["peak_at"]),
        flood=figure(flood, 1, (flood or 0) < 1, row["floods"]),
        top_10=Figure(
            value=rounded(top), target=5, n=n, met=judged(top, (top or 0) <= 5, span.covered) if n >= TOP_FEW else None
        ),
        chattering=figure(None if blind else row["chattering"], 0, row["chattering"] == 0, row["watches"]),
        # Of now: how long the past is known does not matter.
        stale=Figure(
            value=row["stale"], target=5, met=row["stale"] < 5 if span.known_since else None, n=row["open"],
            at=row["oldest"],
        ),
        low=share(shares["low"], 80),
        medium=share(shares["medium"], 15),
        high=share(urgent, 5),
        critical=share(shares["critical"], 1),
    )  # fmt: skip


def judged(value: float | None, good: bool, covered: bool) -> bool | None:
    """A miss is a miss; what is good counts only where everything is known."""
    if value is None:
        return None
    return (True if covered else None) if good else False


def missed(found: Figures) -> int:
    """How many figures miss their targets; the priorities are one."""
    single = (found.average, found.peak, found.flood, found.top_10, found.chattering, found.stale, found.low)
    return sum(one.met is False for one in single)


def answered(row: Row) -> Answered:
    """How people respond."""
    n = row["annunciated"]
    share = 100 * row["acknowledged"] / n if n else None
    return Answered(share=rounded(share), n=n, median_s=rounded(row["acknowledge_s"]))


def nuisances(reader: Reader, rows: Sequence[Row], total: int, *, span: Row) -> list[Nuisance]:
    """The list of a position, with what would have spared most of each."""
    if not rows:
        return []
    given = {k: v for k, v in span.items() if k != "park"}
    turns = reader.rows("quality_turns", watches=[row["watch"] for row in rows], **given)
    by_watch = {watch: list(some) for watch, some in groupby(turns, key=lambda turn: turn["watch"])}
    return [nuisance(reader, row, by_watch.get(row["watch"], []), total) for row in rows]


def nuisance(reader: Reader, row: Row, turns: Iterable[Row], total: int) -> Nuisance:
    """One of the list."""
    found, values = episodes(turns)
    terms = NoiseTerms(
        row["on_delay_s"], row["off_delay_s"], row["respond_s"],
        urgent=row["life_safety"] or row["priority"] == Priority.CRITICAL,
    )  # fmt: skip
    advice = noise.advise(found, terms)
    if (advice is None or advice.kind is AdviceKind.ON_DELAY) and row["kind"] == RuleKind.LIMITS and row["point"]:
        advice = noise.advise(found, terms, depths=depths(reader, row, found, values)) or advice
    stood = [(e.returned - e.raised).total_seconds() for e in found if e.returned]
    return Nuisance(
        rule_id=row["rule_id"],
        rule_name=Name(zh=row["name_zh"], en=row["name_en"]),
        kind=row["kind"],
        priority=row["priority"],
        device_id=row["device_id"],
        device_name=_name(row, "device"),
        point=row["point_name"],
        unit=row["unit"],
        space_id=row["space_id"],
        space_name=_name(row, "space"),
        alarms=row["alarms"],
        share=rounded(100 * row["alarms"] / total) or 0.0,
        last=row["last"],
        chattering=noise.chatters(
            [e.raised for e in found], row["chatter_raises"], timedelta(seconds=row["chatter_s"])
        ),
        fleeting=noise.fleeting(found, terms.off_s),
        median_s=rounded(median(stood)) if stood else None,
        advice=None if advice is None else AdviceModel(
            kind=advice.kind.value, amount=advice.amount, alarms=advice.alarms, left=advice.left,
            now={AdviceKind.OFF_DELAY: terms.off_s, AdviceKind.ON_DELAY: terms.on_s}.get(advice.kind),
        ),
    )  # fmt: skip


def episodes(turns: Iterable[Row]) -> tuple[list[Episode], list[float | None]]:
    """Alarms of one watch that people were shown, oldest first, and the value that each was raised at."""
    found: list[Episode] = []
    values: list[float | None] = []
    shown = False
    for turn in turns:
        if turn["action"] in ("raise", "reopen"):
            shown = turn["to_state"] == "unacknowledged"
            if shown:
                found.append(Episode(turn["event_time"], None))
                values.append(turn["value"])
        elif shown and found[-1].returned is None:
            found[-1] = Episode(found[-1].raised, turn["event_time"])
    return found[-EPISODES:], values[-EPISODES:]


def depths(reader: Reader, row: Row, found: Sequence[Episode], values: Sequence[float | None]) -> list[float | None]:
    """How far inside its limit the point came between each alarm and the next, where readings still tell."""
    found, values = found[-GAPS - 1 :], values[-GAPS - 1 :]
    if len(found) < 2 or any(e.returned is None for e in found[:-1]):
        return []
    spans: dict[str, Any] = {
        "starts": [e.returned for e in found[:-1]],
        "ends": [e.raised for e in found[1:]],
        "point": row["point"],
    }
    gaps = reader.rows("quality_gaps", **spans)
    high, low = row["high"], row["low"]

    def depth(gap: Row, value: float | None) -> float | None:
        if gap["low"] is None or value is None:
            return None
        if high is not None and value > high:
            return float(high - gap["low"])
        return float(gap["high"] - low) if low is not None else None

    return [depth(gap, value) for gap, value in zip(gaps, values, strict=False)]


def by_position(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by operator position, their order kept."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["position"], []).append({k: v for k, v in row.items() if k != "position"})
    return found


def _name(row: Row, of: str) -> Name | None:
    fallback = row[f"{of}_id"]
    return Name(zh=row[f"{of}_zh"] or fallback, en=row[f"{of}_en"] or fallback) if fallback else None
