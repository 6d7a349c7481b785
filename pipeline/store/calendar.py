"""The working calendar of a park: filled from what the State Council has published, corrected by people."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import chinese_calendar
import psycopg
from chinese_calendar.constants import holidays

from pipeline.domain.errors import NotFound
from pipeline.domain.rule import DayKind
from pipeline.store import audit
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "calendar_sql")
LIBRARY = "chinesecalendar"
PERSON = "person"
CHINESE_ZONES = frozenset(
    ("Asia/Shanghai", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "Asia/Urumqi", "Asia/Kashgar", "PRC")
)
_SPRING = chinese_calendar.Holiday.spring_festival


class CalendarRow(NamedTuple):
    """One day, the holiday that makes it what it is (简体中文), and who says so."""

    day: date
    kind: DayKind
    name: str | None
    source: str = LIBRARY


def published(year: int) -> list[CalendarRow]:
    """Every day of a year. NotFound where the library has no calendar for it: the State Council publishes one in
    November for the year that follows."""
    if not is_published(year):
        known = sorted({day.year for day, name in holidays.items() if name == _SPRING.value})
        raise NotFound(
            f"{LIBRARY} has no calendar for {year} (it has {known[0]} to {known[-1]}): update that package once the"
            " State Council has published it, in November, or write days with `park calendar set`"
        )
    first = date(year, 1, 1)
    return [_row(first + timedelta(days=n)) for n in range((date(year + 1, 1, 1) - first).days)]


def is_published(year: int) -> bool:
    """Whether the library has a year as a whole; New Year's Day alone may be known a year before."""
    return any(day.year == year and name == _SPRING.value for day, name in holidays.items())


def _row(day: date) -> CalendarRow:
    free, english = chinese_calendar.get_holiday_detail(day)
    name = chinese_calendar.Holiday(english).chinese if english else None
    if free:
        return CalendarRow(day, DayKind.HOLIDAY if english else DayKind.DAY_OFF, name)
    return CalendarRow(day, DayKind.WORKING if day.weekday() < 5 else DayKind.MAKE_UP, name)


def days(conn: psycopg.Connection, park_id: str, year: int) -> list[CalendarRow]:
    """The rows of a year; a day without one is missing."""
    asked = {"park": park_id, "since": date(year, 1, 1), "until": date(year, 12, 31)}
    return [
        CalendarRow(day, DayKind(kind), *rest) for day, kind, *rest in conn.execute(QUERIES["calendar_days"], asked)
    ]


def put(conn: psycopg.Connection, park_id: str, rows: Sequence[CalendarRow], *, source: str = LIBRARY) -> int:
    """Writes days; returns how many changed. What a person has said of a day is not overwritten by a library."""
    columns = {
        "days": [row.day for row in rows],
        "kinds": [str(row.kind) for row in rows],
        "names": [row.name for row in rows],
    }
    return conn.execute(QUERIES["put_days"], {"park": park_id, "source": source, "person": PERSON, **columns}).rowcount


def set_day(conn: psycopg.Connection, park_id: str, row: CalendarRow, *, now: datetime) -> int:
    """A person's word on one day; in the audit log. Returns 1 where it is news."""
    before = next((known for known in days(conn, park_id, row.day.year) if known.day == row.day), None)
    changed = put(conn, park_id, [row], source=PERSON)
    if changed:
        was = None if before is None else {"kind": before.kind, "name": before.name}
        detail = {"day": row.day.isoformat(), "was": was, "is": {"kind": row.kind, "name": row.name}}
        audit.record(conn, now=now, action="calendar", subject=f"park/{park_id}", detail=detail)
    return changed


def zones(conn: psycopg.Connection) -> dict[str, str]:
    """The time zone of every park that was applied."""
    return dict(conn.execute(QUERIES["calendar_parks"]).fetchall())
