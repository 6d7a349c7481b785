"""Learns what is usual from eight weeks of quarter hours, every night, for the points whose deviation is watched.

Medians take no harm from days that were not usual, so none is left out.
"""

from collections import defaultdict
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import psycopg

from pipeline.domain.rule import DayKind
from pipeline.domain.working_calendar import DAY, Days, day_kind, is_worked
from pipeline.engine.alarms import QUERIES

WEEKS = timedelta(weeks=8)
NIGHT = time(3, 0)  # park time: the day before is complete, and nobody waits for the database


class LearnUsual:
    """The step. What has no history yet is asked for again the next night, or after a start."""

    def __init__(self) -> None:
        self._tried: dict[int, datetime] = {}

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Makes what is due; a point that is newly watched is due at once. Returns how many points."""
        due: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for point, park_id, zone, made in conn.execute(QUERIES["watched_for_usual"]):
            last = max((at for at in (made, self._tried.get(point)) if at is not None), default=None)
            if last is None or last < last_night(now, ZoneInfo(zone)) or last > now:
                due[park_id, zone].append(point)
        for (park_id, zone), points in due.items():
            learn(conn, points, park_id=park_id, zone=zone, now=now)
            self._tried |= dict.fromkeys(points, now)
        return sum(map(len, due.values()))


def last_night(now: datetime, zone: ZoneInfo) -> datetime:
    """When the latest night's work was due."""
    here = now.astimezone(zone)
    due = datetime.combine(here.date(), NIGHT, zone)
    return due if due <= here else datetime.combine(here.date() - DAY, NIGHT, zone)


def learn(conn: psycopg.Connection, points: list[int], *, park_id: str, zone: str, now: datetime) -> None:
    """Replaces what is usual for points by what the last eight weeks say, up to yesterday."""
    here = ZoneInfo(zone)
    today = now.astimezone(here).date()
    first = today - WEEKS
    rows = conn.execute(QUERIES["calendar_of"], {"since": first, "until": today})
    known: Days = {day: DayKind(kind) for park, day, kind in rows if park == park_id}
    days = [first + n * DAY for n in range(WEEKS // DAY)]
    asked = {
        "points": points,
        "zone": zone,
        "days": days,
        "classes": ["working" if is_worked(day_kind(day, known).kind) else "free" for day in days],
        "since": datetime.combine(first, time(0), here),
        "until": datetime.combine(today, time(0), here),
        "now": now,
    }
    conn.execute(QUERIES["make_usual"], asked)
    conn.execute(QUERIES["drop_old_usual"], {"points": points, "now": now})
