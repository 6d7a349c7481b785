"""Holds the figures that the park shows (pipeline/analytics) against the same figures made from the truth."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from pipeline.analytics import frames
from pipeline.analytics.estimates import Share, Times
from pipeline.analytics.figures import BY, Fix, Kept, Kpi, Span
from pipeline.analytics.kpi import kpi
from simulators.desk.check import Check
from simulators.desk.figures import Book, Figures

NEAR = 1e-6  # of a sum of floats in another order
Window = tuple[datetime, datetime]


def compare(conn: psycopg.Connection, park_id: str, book: Book, windows: Iterable[Window], *,
            by: Iterable[str] = BY, into: Check) -> None:  # fmt: skip
    """Every figure of every window, grouped by every key."""
    zone = frames.zone(conn, park_id)
    for since, until in windows:
        span = Span(since, until, book.now, zone)
        read = frames.read(conn, park_id, span)
        for key in by:
            name = f"{since.astimezone(ZoneInfo(zone)):%F} by {key}"
            hold(name, book.figures(since, until, by=key), flat(kpi(read, span, by=key), by=key), into)


def hold(name: str, ours: Figures, theirs: Mapping[str, Any], into: Check) -> None:
    """Two accounts of the same figures; one that only one of them has is a difference, unless it counts nothing."""
    for path in sorted(set(ours) | set(theirs)):
        one, other = ours.get(path), theirs.get(path)
        near = max(NEAR, abs(one) * 1e-9) if isinstance(one, int | float) else 0.0
        into.same(f"{name}: {path}", one or None, other or None, near=near)


def flat(found: Kpi, *, by: str) -> dict[str, Any]:
    """The park's figures under the paths that the truth's have."""
    out: dict[str, Any] = {}
    for part, clocks in (("clocks", found.clocks), ("scheduled", found.scheduled)):
        _clocks(out, part, clocks)
    for group in found.groups:
        _clocks(out, f"{by}={group.key}", group.clocks)
        _fix(out, f"{by}={group.key}/fix", group.fix)
    _fix(out, "fix", found.fix)
    _share(out, "promise/within", found.promise.within)
    out["promise/appointments"] = found.promise.appointments
    out["rating/mean"] = found.rating.mean
    _share(out, "rating/good", found.rating.good)
    _share(out, "rating/rated", found.rating.rated)
    out |= {f"rating/stars/{n}": count for n, count in enumerate(found.rating.stars, 1)}
    _share(out, "online/online", found.online.online)
    out |= {f"online/channels/{name}": n for name, n in found.online.channels.items()}
    return out


def _clocks(out: dict[str, Any], path: str, clocks: Iterable[Kept]) -> None:
    for one in clocks:
        at = f"{path}/{one.kind}"
        for name in ("n", "met", "missed", "overdue", "provisional"):
            out[f"{at}/{name}"] = getattr(one, name)
        _share(out, f"{at}/attainment", one.attainment)
        _times(out, f"{at}/spent", one.spent)
        _times(out, f"{at}/wall", one.wall)


def _fix(out: dict[str, Any], path: str, fix: Fix) -> None:
    _share(out, f"{path}/fixed", fix.fixed)
    _share(out, f"{path}/reopened", fix.reopened)
    out[f"{path}/pending"] = fix.pending


def _share(out: dict[str, Any], path: str, share: Share) -> None:
    out |= {f"{path}/{name}": getattr(share, name) for name in ("k", "n", "share", "low", "high")}


def _times(out: dict[str, Any], path: str, times: Times) -> None:
    out |= {f"{path}/{name}": getattr(times, name) for name in ("n", "open", "mean_s", "p50_s", "p90_s", "p95_s")}
