"""What happened in the past, for a dry run: read from the park's views only, one point at a time, and counted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
from psycopg.rows import dict_row, tuple_row

from pipeline.domain.errors import NotFound
from pipeline.domain.rule import DayKind
from pipeline.domain.working_calendar import Days
from pipeline.rules.track import Track, instant
from pipeline.rules.windows import Norm, Usual
from pipeline.store.conditions import Happened
from pipeline.store.queries import load
from pipeline.store.watches import Registered, of_rows

QUERIES = load(Path(__file__).parent / "trial_sql")


@dataclass(slots=True)
class History:
    """A park's past. readings: how many readings and events were read so far; first: the oldest of them."""

    conn: psycopg.Connection[Any]
    park_id: str
    readings: int = 0
    first: datetime | None = None

    def registered(self) -> Registered:
        """What selectors choose from."""
        with self.conn.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(QUERIES["trial_registered"], {"park": self.park_id}).fetchall()
        return of_rows(rows, self._rows("trial_parents", park=self.park_id))

    def zone(self) -> ZoneInfo:
        """The park's time zone. NotFound where nobody applied the park."""
        found = list(self._rows("trial_zone", park=self.park_id))
        if not found:
            raise NotFound(f'park "{self.park_id}" was never applied; run `park apply FILE`')
        return ZoneInfo(found[0][0])

    def days(self) -> Days:
        """What the working calendar says."""
        return {day: DayKind(kind) for day, kind in self._rows("trial_calendar", park=self.park_id)}

    def terms(self, points: Iterable[int]) -> dict[int, tuple[str | None, float]]:
        """Unit and expected interval (s) of points."""
        rows = self._rows("trial_points", points=sorted(set(points)))
        return {point: (unit or None, interval) for point, unit, interval in rows}

    def usual(self, point: int) -> Usual:
        """What is usual for a point, as it is known now."""
        rows = self._rows("trial_usual", point=point)
        return {(days, hour): Norm(median, spread, n) for days, hour, median, spread, n in rows}

    def track(self, point: int, after: datetime, until: datetime, *, means: bool = False) -> Track:
        """A point's usable readings after an instant and up to another; or its quarter-hour means."""
        rows = list(self._rows("trial_means" if means else "trial_readings", point=point, after=after, until=until))
        ts, value, received = zip(*rows, strict=True) if rows else ((), (), ())
        if rows:
            self._read(len(rows), instant(ts[0]))
        return Track(np.array(ts, np.int64), np.array(value, np.float64), np.array(received, np.int64))

    def events(self, devices: Iterable[int], after: datetime, until: datetime) -> list[Happened]:
        """What gates said."""
        rows = self._rows("trial_events", devices=sorted(devices), after=after, until=until)
        found = [Happened(*row) for row in rows]
        if found:
            self._read(len(found), found[0].ts)
        return found

    def transitions(self, device_id: str, after: datetime, until: datetime) -> list[tuple[datetime, str, str]]:
        """When a device came and went: at, to which state, why."""
        return list(
            self._rows("trial_transitions", park=self.park_id, device=device_id, after=after, until=until)
        )  # fmt: skip

    def clocks(self, device: int, after: datetime, until: datetime) -> list[tuple[str, float, datetime, datetime]]:
        """Faults of its clock: which, by how much, since when, until when (None: it stands)."""
        return list(self._rows("trial_clocks", device=device, after=after, until=until))

    def _read(self, readings: int, first: datetime) -> None:
        self.readings += readings
        self.first = min(self.first or first, first)

    def _rows(self, query: str, **asked: Any) -> Iterator[Any]:
        with self.conn.cursor(row_factory=tuple_row) as cursor:
            yield from cursor.execute(QUERIES[query], asked)
