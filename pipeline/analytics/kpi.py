"""How the park keeps its promises, from frames of clocks and orders: attainment by when promises ran out, times,
groups.

docs/kpi.md defines every figure. Nothing is rounded here, and nothing is averaged twice.
"""

from collections.abc import Iterator
from datetime import timedelta

import pandas as pd

from pipeline.analytics.causes import causes
from pipeline.analytics.estimates import share, times
from pipeline.analytics.figures import FIX_DAYS, Fix, Group, Kept, Kpi, Promise, Span, Week
from pipeline.analytics.frames import PROMISE_S, Frames
from pipeline.analytics.satisfaction import online, rating, surveys
from pipeline.domain.sla import ClockKind

SCHEDULED = ("round", "planned", "inspection")
"""Origins of work that nobody waits for; it is counted apart."""
DAY_FROM, DAY_TO = 8, 20  # hours of park time; the rest is night


def kpi(frames: Frames, span: Span, *, by: str) -> Kpi:
    """The figures of a span, grouped by one of BY."""
    asked, planned = unscheduled(frames.clocks), frames.clocks[frames.clocks["origin"].isin(SCHEDULED)]
    orders = unscheduled(frames.orders)
    cohort = due(asked, span)
    return Kpi(
        promise=promise(asked, span),
        clocks=kept(cohort),
        scheduled=kept(due(planned, span)),
        fix=fix(orders, span),
        weeks=list(weeks(cohort, span)),
        groups=list(groups(cohort, orders, span, by=by)),
        causes=causes(frames.spells, cohort),
        faults=int(frames.clocks["fault"].notna().sum()),
        rating=rating(frames.requests, span),
        surveys=surveys(frames.surveys),
        online=online(frames.requests, span),
    )


def unscheduled(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of orders that somebody, or something, waits for."""
    return frame[~frame["origin"].isin(SCHEDULED)]


def due(clocks: pd.DataFrame, span: Span) -> pd.DataFrame:
    """The cohort: clocks whose promise ran out in the span. What is not due yet is neither kept nor broken, also where
    it was answered early: else quick answers would be counted before slow ones."""
    until = min(span.until, span.now)
    return clocks[(clocks["due"] >= span.since) & (clocks["due"] < until)]


def kept(cohort: pd.DataFrame, *, few: int = 1) -> list[Kept]:
    """The figures of each kind of clock in a cohort."""
    return [_kept(kind, cohort[cohort["kind"] == kind], few) for kind in ClockKind]


def _kept(kind: ClockKind, cohort: pd.DataFrame, few: int) -> Kept:
    n, met = len(cohort), int((cohort["state"] == "met").sum())
    over = cohort[cohort["stopped"].notna()]
    open_ = n - len(over)
    return Kept(
        kind=kind,
        n=n,
        met=met,
        missed=n - met,
        overdue=open_,
        provisional=int((cohort["state"].eq("met") & cohort["provisional"].eq(True)).sum()),
        attainment=share(met, n, few=few),
        spent=times(over["spent_s"].dropna(), open_=open_, few=few),
        wall=times(over["wall_s"].dropna(), open_=open_, few=few),
    )


def promise(clocks: pd.DataFrame, span: Span) -> Promise:
    """Of the orders that could have been answered within PROMISE_S by the end of the span, those that were."""
    ends = clocks["started"] + timedelta(seconds=PROMISE_S)
    until = min(span.until, span.now)
    asked = clocks[(clocks["kind"] == ClockKind.RESPOND) & (ends >= span.since) & (ends < until)]
    chosen = asked["target_s"].isna()  # the tenant chose a time: answering sooner would be wrong
    counted = asked[~chosen]
    return Promise(PROMISE_S, share(int((counted["wall_s"] <= PROMISE_S).sum()), len(counted)), int(chosen.sum()))


def fix(orders: pd.DataFrame, span: Span, *, few: int = 1) -> Fix:
    """First-time fix and re-open rate of orders that were first done in the span."""
    until = min(span.until, span.now)
    done = orders[(orders["first_done"] >= span.since) & (orders["first_done"] < until)]
    lasts = done["first_done"] + timedelta(days=FIX_DAYS)
    old = lasts <= span.now
    back = (done["reopened"] <= lasts) | (done["again"] <= lasts)
    again = done["reopened"].notna() & (done["reopened"] <= span.now)
    return Fix(
        fixed=share(int((old & ~back).sum()), int(old.sum()), few=few),
        pending=int((~old).sum()),
        reopened=share(int(again.sum()), len(done), few=few),
    )


def with_shift(frame: pd.DataFrame, span: Span) -> pd.DataFrame:
    """With a column `shift`: day or night, by the park's time at which the order was opened."""
    hours = frame["created"].dt.tz_convert(span.zone).dt.hour
    return frame.assign(shift=hours.between(DAY_FROM, DAY_TO - 1).map({True: "day", False: "night"}).astype("object"))


def groups(cohort: pd.DataFrame, orders: pd.DataFrame, span: Span, *, by: str) -> Iterator[Group]:
    """The figures by each value, the one with most promises first."""
    cohort, orders = with_shift(cohort, span), with_shift(orders, span)
    keys = sorted({_key(key) for key in (*cohort[by], *orders[by])}, key=lambda key: (key is None, key or ""))
    found = []
    for key in keys:
        mine = cohort[cohort[by].isna() if key is None else cohort[by] == key]
        theirs = orders[orders[by].isna() if key is None else orders[by] == key]
        found.append(Group(key, kept(mine), fix(theirs, span)))
    yield from sorted(found, key=lambda group: (by != "priority") * -sum(one.n for one in group.clocks))


def _key(value: object) -> str | None:
    return value if isinstance(value, str) else None


def weeks(cohort: pd.DataFrame, span: Span) -> Iterator[Week]:
    """Every week that the span touches, oldest first, those without a promise too."""
    local = cohort["due"].dt.tz_convert(span.zone)
    mondays = (local.dt.tz_localize(None).dt.normalize() - pd.to_timedelta(local.dt.day_of_week, unit="D")).dt.date
    first, last = (_local(at, span) for at in (span.since, min(span.until, span.now)))
    monday = first.date() - timedelta(days=first.weekday())
    while pd.Timestamp(monday).tz_localize(span.zone) < last:
        begins, ends = (pd.Timestamp(day).tz_localize(span.zone) for day in (monday, monday + timedelta(days=7)))
        yield Week(monday, begins >= first and ends <= last, kept(cohort[mondays == monday]))
        monday += timedelta(days=7)


def _local(at: object, span: Span) -> pd.Timestamp:
    return pd.Timestamp(at).tz_convert(span.zone)
