"""Keeps the last readings of the points that windows look at, so that a look reads only what is new.

What arrives late within a window is found by a second look at its rows, a part of the points at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import psycopg

from pipeline.engine.alarms import QUERIES
from pipeline.rules.track import Track, instant, micros

LATE_EVERY = timedelta(minutes=1)
LATE_SHARE = 12  # of the points at each look
COMMIT = timedelta(minutes=1)  # a reading is stored so long after it was received, at most


@dataclass(frozen=True, slots=True)
class Kept:
    """One point's readings from `since` up to `seen` (µs), and when it was last asked for late ones."""

    track: Track
    since: int
    seen: int
    checked: datetime


class KeptTracks:
    """The readings in memory. What is missing (after a start, or for a new rule) is read."""

    def __init__(self) -> None:
        self._kept: dict[int, Kept] = {}

    def __getitem__(self, point: int) -> Track:
        kept = self._kept.get(point)
        return kept.track if kept else Track.of([])

    def refresh(
        self, conn: psycopg.Connection, needs: Mapping[int, int], *, newest: Mapping[int, int], now: datetime
    ) -> set[int]:
        """Brings the points up to date, each from an instant (µs) on, and lets go of others and of what is older.
        newest: each point's newest reading. Returns the points with late ones."""
        kept = {point: self._kept[point] for point in needs if point in self._kept}
        afters = {}
        for point, need in needs.items():
            known = kept.get(point)
            if known is None or known.since > need:
                afters[point] = need - 1
            elif newest.get(point, 0) > known.seen:
                afters[point] = known.seen
        for point, fresh in self._read(conn, afters).items():
            known = kept.get(point)
            if known is None or afters[point] < known.since:
                known = Kept(fresh, needs[point], afters[point], now)
            seen = max(newest.get(point, 0), known.seen, int(fresh.ts[-1]) if len(fresh.ts) else 0)
            kept[point] = replace(known, track=known.track.join(fresh), seen=seen)
        for point, need in needs.items():
            if len(kept[point].track.ts) and kept[point].track.ts[0] < need:
                kept[point] = replace(kept[point], track=kept[point].track.since(need), since=need)
        self._kept = kept
        return self._late(conn, now)

    def _read(self, conn: psycopg.Connection, afters: Mapping[int, int]) -> dict[int, Track]:
        if not afters:
            return {}
        found = dict.fromkeys(afters, Track.of([]))
        asked = {
            "points": list(afters),
            "afters": [instant(after) for after in afters.values()],
            "oldest": instant(min(afters.values())),
        }
        for point, ts, value, received in conn.execute(QUERIES["usable_readings"], asked, binary=True):
            columns = np.array(ts, np.int64), np.array(value, np.float64), np.array(received, np.int64)
            found[point] = Track(*columns).take(~np.isnan(columns[1]))
        return found

    def _late(self, conn: psycopg.Connection, now: datetime) -> set[int]:
        """Looks again at the points whose last such look is the longest ago."""
        due = [(kept.checked, point) for point, kept in self._kept.items() if now - kept.checked >= LATE_EVERY]
        chosen = [point for _, point in sorted(due)[: 1 + len(self._kept) // LATE_SHARE]]
        if not chosen:
            return set()
        kept = [self._kept[point] for point in chosen]
        asked = {
            "points": chosen,
            "sinces": [instant(one.since) for one in kept],
            "untils": [instant(one.seen) for one in kept],
            "checks": [one.checked - COMMIT for one in kept],
            "oldest": instant(min(one.since for one in kept)),
        }
        late: dict[int, list[tuple[datetime, float, datetime]]] = {}
        for point, ts, value, received in conn.execute(QUERIES["late_readings"], asked):
            late.setdefault(point, []).append((ts, value, received))
        changed = set()
        for point in chosen:
            before = self._kept[point].track
            track = before.join(Track.of(late.get(point, [])))
            self._kept[point] = replace(self._kept[point], track=track, checked=now)
            if len(track.ts) > len(before.ts):
                changed.add(point)
        return changed


def held_back(track: Track, other: Track, *, now: datetime, after: datetime, hold: timedelta) -> datetime:
    """Up to when two points are judged together: as far as both have come, and what came `hold` ago or longer."""
    if not len(track.ts) or not len(other.ts):
        return after
    both = min(int(track.ts[-1]), int(other.ts[-1]))
    settled = [t.ts[t.received <= micros(now - hold)] for t in (track, other)]
    return max(after, instant(max([both, *(int(s[-1]) for s in settled if len(s))])))
