"""Scorecards of technicians and contractors. From fewer than FEW cases they tell no share: it would judge chance."""

import pandas as pd

from pipeline.analytics.estimates import share, times
from pipeline.analytics.figures import FEW, Scorecard, Span
from pipeline.analytics.frames import Frames
from pipeline.analytics.kpi import due, fix, kept, unscheduled
from pipeline.analytics.satisfaction import rating

PROVEN = ("nfc", "code", "access", "geofence")


def scorecards(frames: Frames, span: Span, *, by: str) -> list[Scorecard]:
    """The cards of all `assignee`s or `contractor`s with anything in the span, those with most orders first."""
    cohort, orders = due(unscheduled(frames.clocks), span), unscheduled(frames.orders)
    requests = frames.requests
    keys = {key for part in (cohort, orders, requests) for key in part[by].dropna().unique()}
    cards = [
        card(key, cohort[cohort[by] == key], orders[orders[by] == key], requests[requests[by] == key], span)
        for key in sorted(keys)
    ]
    return sorted((one for one in cards if one.n), key=lambda one: -one.n)


def card(key: str, cohort: pd.DataFrame, orders: pd.DataFrame, requests: pd.DataFrame, span: Span) -> Scorecard:
    """One card, from rows that are theirs."""
    until = min(span.until, span.now)
    there = orders[(orders["responded"] >= span.since) & (orders["responded"] < until) & orders["proof"].notna()]
    numbers = set(cohort["work_order"]) | set(orders["work_order"])
    return Scorecard(
        key=key,
        n=len(numbers),
        clocks=kept(cohort, few=FEW),
        reached=times(there["reached_s"].dropna(), few=FEW),
        proven=share(int(there["proof"].isin(PROVEN).sum()), len(there), few=FEW),
        fix=fix(orders, span, few=FEW),
        rating=rating(requests, span, few=FEW),
    )
