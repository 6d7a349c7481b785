"""Algebra on spans of time, exact to the microsecond: what clocks, calendars and pauses are computed with. Pure.

Spans are instants in UTC, from one up to another without it; a list of them is in order and none touches the next.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

Span = tuple[datetime, datetime]
Spans = Sequence[Span]
NONE = timedelta(0)


def union(spans: Iterable[Span]) -> list[Span]:
    """Any spans, in any order, as a list of spans: overlapping and touching ones joined, empty ones gone."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def intersect(one: Spans, other: Spans) -> list[Span]:
    """What is in both."""
    found: list[Span] = []
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < end:
            found.append((start, end))
        if one[i][1] <= other[j][1]:
            i += 1
        else:
            j += 1
    return found


def subtract(whole: Spans, without: Spans) -> list[Span]:
    """What is in the first and not in the second."""
    found: list[Span] = []
    j = 0
    for start, end in whole:
        while j < len(without) and without[j][1] <= start:
            j += 1
        k = j
        while k < len(without) and without[k][0] < end:
            if without[k][0] > start:
                found.append((start, without[k][0]))
            start = max(start, without[k][1])
            k += 1
        if start < end:
            found.append((start, end))
    return found


def length(spans: Spans) -> timedelta:
    """How much time a list of spans holds."""
    return sum((end - start for start, end in spans), NONE)


def clip(spans: Spans, since: datetime, until: datetime) -> list[Span]:
    """The part of a list of spans between two instants."""
    return intersect(spans, [(since, until)]) if since < until else []


def due(spans: Spans, start: datetime, need: timedelta) -> datetime | None:
    """The first instant at which so much time of the spans has passed since `start`; None where they hold less.

    What is used up exactly at the end of a span is due there, not when the next one begins.
    """
    if need <= NONE:
        return start
    for begins, ends in spans:
        begins = max(begins, start)
        if begins >= ends:
            continue
        if ends - begins >= need:
            return begins + need
        need -= ends - begins
    return None
