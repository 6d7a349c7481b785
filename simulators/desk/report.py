"""Writes the report of a span's service as text with tables: how promises were kept, by whom, why not, and what tenants
say. The same data give the same text, to the letter."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg

from pipeline.analytics import frames
from pipeline.analytics.estimates import Share, Times
from pipeline.analytics.figures import Group, Kept, Kpi, Scorecard, Span
from pipeline.analytics.kpi import kpi
from pipeline.analytics.scorecards import scorecards

NONE = "–"
KINDS = {"acknowledge": "taken", "respond": "on site", "restore": "done"}
PROMISES = ("promise", "n", "kept", "95 %", "missed", "P50", "P90", "P95", "mean", "wall P50", "wall P90")
MONTHS = ("month", "n", "taken", "on site", "done", "on site P50", "P90", "P95", "within 1.5 h", "online", "stars")
Months = Sequence[tuple[datetime, datetime]]


def report(conn: psycopg.Connection, park_id: str, *, months: Months, now: datetime, head: Sequence[str]) -> str:
    """The whole text. months: the span's parts, oldest first; head: what it is about, and how it was made."""
    zone = frames.zone(conn, park_id)
    names = {(row["by"], row["key"]): row["name_en"] for row in frames.rows(conn, "names", {"park": park_id})}
    span = Span(months[0][0], months[-1][1], now, zone)
    read = frames.read(conn, park_id, span)
    whole = {by: kpi(read, span, by=by) for by in ("priority", "service", "space", "shift", "origin")}
    one = whole["priority"]
    parts = [
        ["# How the service desk kept its promises", *head],
        ["## In one line", _line(one)],
        ["## Promises", *_promises(one)],
        ["## By month", *_months(conn, park_id, months, now, zone)],
        ["## By priority", *_groups(one.groups, {}, "priority")],
        ["## By service", *_groups(_known(whole["service"].groups), names, "service")],
        ["## By building", *_groups(_known(whole["space"].groups), names, "space")],
        ["## By hour and by origin", *_groups([*whole["shift"].groups, *whole["origin"].groups], {}, "opened by")],
        ["## Why promises were missed", *_causes(one)],
        ["## Contractors and technicians", *_cards(scorecards(read, span, by="contractor"), names, "contractor"),
         *_cards(scorecards(read, span, by="assignee"), names, "assignee"), *_fix(one)],
        ["## What tenants say", *_satisfaction(one)],
    ]  # fmt: skip
    return "\n\n".join(block for part in parts for block in part) + "\n"


def _line(found: Kpi) -> str:
    within, target = found.promise.within, found.promise.target_s / 3600
    return (
        f"Of {within.n:,} orders that somebody waited for, {_percent(within)} had somebody on site, or were done from"
        f" afar, within {target:g} h on the wall (95 % interval {_interval(within)}); {found.promise.appointments} more"
        " were by appointment and do not count here."
    )


def _promises(found: Kpi) -> list[str]:
    rows = [_row(KINDS[one.kind], one, wall=True) for one in found.clocks]
    planned = [_row(f"{KINDS[one.kind]}, planned work", one, wall=True) for one in found.scheduled]
    return [
        "Counted by when each promise ran out; open and overdue is missed. Time is the promise's own (pauses and"
        " closing hours out), then the wall's.",
        table(PROMISES, [*rows, *planned]),
    ]


def _months(conn: psycopg.Connection, park_id: str, months: Months, now: datetime, zone: str) -> list[str]:
    rows = []
    for since, until in months:
        span = Span(since, until, now, zone)
        found = kpi(frames.read(conn, park_id, span), span, by="priority")
        ack, respond, restore = found.clocks
        rows.append(
            (f"{since.astimezone(ZoneInfo(zone)):%Y-%m}", f"{respond.n:,}", _percent(ack.attainment),
             _percent(respond.attainment), _percent(restore.attainment), *_times(respond.spent),
             _percent(found.promise.within), _percent(found.online.online), _mean(found))
        )  # fmt: skip
    return [table(MONTHS, rows)]


def _groups(groups: Iterable[Group], names: dict[tuple[str, str], str], by: str) -> list[str]:
    rows = []
    for group in groups:
        ack, respond, restore = group.clocks
        if respond.n:
            name = names.get((by, group.key or ""), group.key or "none")
            rows.append((name, f"{respond.n:,}", _percent(ack.attainment), _percent(respond.attainment),
                         _percent(restore.attainment), *_times(respond.spent), *_times(restore.spent)))  # fmt: skip
    return [table((by, "n", "taken", "on site", "done", "on site P50", "P90", "P95", "done P50", "P90", "P95"), rows)]


def _known(groups: Iterable[Group]) -> list[Group]:
    return [group for group in groups if group.key is not None]


def _causes(found: Kpi) -> list[str]:
    rows = [
        (KINDS[one.kind], one.cause, f"{one.of.k}", _percent(one.of), _duration(one.median_s)) for one in found.causes
    ]
    return [
        "What took most of the open time of each promise that was missed.",
        table(("promise", "cause", "n", "share", "median"), rows),
    ]


def _cards(cards: Iterable[Scorecard], names: dict[tuple[str, str], str], by: str) -> list[str]:
    rows = []
    for one in cards:
        ack, respond, restore = one.clocks
        rows.append((names.get((by, one.key), one.key), f"{one.n:,}", _percent(ack.attainment),
                     _percent(respond.attainment), _percent(restore.attainment), _duration(one.reached.p50_s),
                     _duration(one.reached.p90_s), _percent(one.proven), _percent(one.fix.fixed),
                     _stars(one.rating.mean), f"{one.rating.good.n}"))  # fmt: skip
    who = "contractor" if by == "contractor" else "technician"
    return [table((who, "orders", "taken", "on site", "done", "way P50", "way P90", "shown", "fixed at once", "stars",
                   "n"), rows)] if rows else []  # fmt: skip


def _fix(found: Kpi) -> list[str]:
    fix = found.fix
    return [
        f"Fixed at once (neither re-opened nor back within 7 days): {_percent(fix.fixed)} of {fix.fixed.n:,}"
        f" ({_interval(fix.fixed)}); re-opened: {_percent(fix.reopened)} of {fix.reopened.n:,}. *Way*: from accepting"
        " until there, their own part alone. *Shown*: on site by a code, a tag, a gate or a place, not only claimed."
    ]


def _satisfaction(found: Kpi) -> list[str]:
    rating, online = found.rating, found.online
    channels = ", ".join(f"{name} {n:,}" for name, n in sorted(online.channels.items(), key=lambda c: -c[1]))
    return [
        f"{rating.good.n:,} ratings of {rating.rated.n:,} requests that could be rated: {_percent(rating.rated)}"
        f" answer. Mean {_stars(rating.mean)}; 4 or 5 stars from {_percent(rating.good)} of those who rated (95 %"
        f" interval {_interval(rating.good)}). Silence is no rating.",
        table(("stars", *map(str, range(1, 6))), [("n", *(f"{n:,}" for n in rating.stars))]),
        f"Asked online: {_percent(online.online)} of {online.online.n:,} requests ({_interval(online.online)}):"
        f" {channels}.",
    ]


def _row(name: str, one: Kept, *, wall: bool) -> tuple[str, ...]:
    spent = (*_times(one.spent), _duration(one.spent.mean_s))
    return (name, f"{one.n:,}", _percent(one.attainment), _interval(one.attainment), f"{one.missed:,}", *spent,
            _duration(one.wall.p50_s), _duration(one.wall.p90_s))  # fmt: skip


def _times(times: Times) -> tuple[str, str, str]:
    return _duration(times.p50_s), _duration(times.p90_s), _duration(times.p95_s)


def _mean(found: Kpi) -> str:
    return f"{_stars(found.rating.mean)} (n {found.rating.good.n})"


def _stars(mean: float | None) -> str:
    return NONE if mean is None else f"{mean:.2f}"


def _percent(share: Share) -> str:
    return NONE if share.share is None else f"{100 * share.share:.1f} %"


def _interval(share: Share) -> str:
    return NONE if share.low is None or share.high is None else f"{100 * share.low:.1f}–{100 * share.high:.1f} %"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return NONE
    told = timedelta(seconds=round(seconds))
    if told < timedelta(minutes=100):
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; figures to the right."""
    line = "|".join(["", " --- ", *[" ---: "] * (len(head) - 1), ""])
    return "\n".join([_cells(head), line, *map(_cells, rows)])


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
