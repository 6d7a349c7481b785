"""Business calendars as rows: versions that never change, open time for whole years as far as days are known.

Every park has two of them before anybody writes any: `always` and `working-hours`.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
from psycopg.types.json import Jsonb

from pipeline.domain import intervals
from pipeline.domain.business_calendar import WORKED, BusinessCalendar, Opening, Window, midnight
from pipeline.domain.errors import NotFound
from pipeline.domain.intervals import Span
from pipeline.domain.rule import DayKind
from pipeline.domain.sla import ALWAYS, WORKING
from pipeline.domain.working_calendar import Days
from pipeline.store import audit, calendar
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "sla_sql")
SYSTEM = "system"
BUILT_IN: Mapping[str, BusinessCalendar] = {
    ALWAYS: BusinessCalendar((Window("00:00", "24:00"),)),
    WORKING: BusinessCalendar((Window("08:30", "12:00", WORKED), Window("13:00", "17:30", WORKED))),
}
YEARS = (-1, 0, 1)  # that are loaded, from this one on
SOON = timedelta(days=45)  # what a clock is derived from at first: most promises are due within it


class Loaded(NamedTuple):
    """Open time of whole years, and the range it is known for."""

    spans: list[Span]
    since: datetime
    until: datetime


def spec(found: BusinessCalendar) -> dict[str, Any]:
    """A calendar as its version row keeps it."""
    return {
        "windows": [_window(w) | {"days": [str(day) for day in w.days]} for w in found.windows],
        "exceptions": [
            {"day": day.isoformat(), "windows": [_window(w) for w in windows]}
            for day, windows in sorted(found.exceptions.items())
        ],
    }


def from_spec(told: Mapping[str, Any]) -> BusinessCalendar:
    """The way back."""
    return BusinessCalendar(
        tuple(Window(w["from"], w["until"], tuple(DayKind(day) for day in w["days"])) for w in told["windows"]),
        {
            date.fromisoformat(e["day"]): tuple(Window(w["from"], w["until"]) for w in e["windows"])
            for e in told["exceptions"]
        },
    )


def _window(window: Window) -> dict[str, Any]:
    return {"from": window.start, "until": window.until}


def zone_of(conn: psycopg.Connection, park_id: str) -> ZoneInfo:
    """A park's time zone."""
    row = conn.execute(QUERIES["park_zone"], {"park": park_id}).fetchone()
    if row is None:
        raise NotFound(f"park {park_id}")
    return ZoneInfo(row[0])


def known_days(conn: psycopg.Connection, park_id: str, zone: ZoneInfo, year: int) -> Days | None:
    """What the days of a year are: as published, corrected by the park's rows. None where nobody has said yet.

    Only China moves weekends by decree: elsewhere a year without rows is one of ordinary weeks.
    """
    rows = {row.day: row.kind for row in calendar.days(conn, park_id, year)}
    if calendar.is_published(year) and str(zone) in calendar.CHINESE_ZONES:
        return {row.day: row.kind for row in calendar.published(year)} | rows
    return rows if len(rows) >= 365 or str(zone) not in calendar.CHINESE_ZONES else None


def work_out(conn: psycopg.Connection, park_id: str, found: BusinessCalendar, *, now: datetime) -> Loaded:
    """Open time of last year, this one and the next, as far as they are known without a gap from this one on."""
    zone = zone_of(conn, park_id)
    this = now.astimezone(zone).year
    days: dict[date, DayKind] = {}
    first = last = date(this, 1, 1)
    for year in (this, this - 1, this + 1):
        known = known_days(conn, park_id, zone, year)
        if known is None and found.depends_on_days:
            if year == this:
                break
            continue
        days |= known or {}
        first, last = min(first, date(year, 1, 1)), max(last, date(year + 1, 1, 1))
    since, until = midnight(first, zone), midnight(last, zone)
    spans = found.spans(first, last - timedelta(days=1), zone=zone, days=days) if first < last else []
    return Loaded(spans, since, until)


def put(conn: psycopg.Connection, park_id: str, calendar_id: str, found: BusinessCalendar, *, now: datetime,
        actor: str = SYSTEM) -> bool:  # fmt: skip
    """Makes this calendar the one in force; False where it was. What it was stays, for orders that name it."""
    row = conn.execute(QUERIES["calendar_in_force"], {"park": park_id, "calendar": calendar_id}).fetchone()
    if row is not None and row[1] == spec(found):
        return False
    make(conn, park_id, calendar_id, found, version=1 if row is None else row[0] + 1, now=now, actor=actor)
    return True


def make(conn: psycopg.Connection, park_id: str, calendar_id: str, found: BusinessCalendar, *, version: int,
         now: datetime, actor: str) -> None:  # fmt: skip
    """One more version, with its open time; nothing where somebody else was faster."""
    loaded = work_out(conn, park_id, found, now=now)
    key = {"park": park_id, "calendar": calendar_id, "version": version}
    made = conn.execute(
        QUERIES["add_calendar_version"],
        {**key, "spec": Jsonb(spec(found)), "since": loaded.since, "until": loaded.until, "now": now, "actor": actor},
    )
    if made.rowcount:
        add_spans(conn, key, loaded.spans)
        conn.execute(QUERIES["add_calendar" if version == 1 else "move_calendar"], key)
        audit.record(
            conn, now=now, action="business-calendar", subject=f"park/{park_id}", actor=actor,
            detail={"calendar": calendar_id, "version": version, "spec": spec(found)},
        )  # fmt: skip


def add_spans(conn: psycopg.Connection, key: Mapping[str, Any], spans: Sequence[Span]) -> None:
    """Open time of a version that is not there yet."""
    conn.execute(
        QUERIES["add_open"], {**key, "starts": [start for start, _ in spans], "ends": [end for _, end in spans]}
    )


def versions(conn: psycopg.Connection, park_id: str, wanted: Collection[str], *, now: datetime) -> dict[str, int]:
    """The versions in force of some calendars; a built-in one is made where the park has none of that id. One that is
    neither is missing from the answer."""
    asked = {"park": park_id, "calendars": list(wanted)}
    found: dict[str, int] = dict(conn.execute(QUERIES["calendar_versions"], asked).fetchall())
    missing = [one for one in wanted if one not in found and one in BUILT_IN]
    for one in missing:
        make(conn, park_id, one, BUILT_IN[one], version=1, now=now, actor=SYSTEM)
    return dict(conn.execute(QUERIES["calendar_versions"], asked).fetchall()) if missing else found


def openings(conn: psycopg.Connection, park_id: str, wanted: Collection[tuple[str, int]], *, since: datetime,
             until: datetime | None) -> dict[tuple[str, int], Opening]:  # fmt: skip
    """Open time of some versions from an instant on, up to another (None: as far as they are loaded)."""
    names, numbers = [name for name, _ in wanted], [number for _, number in wanted]
    asked = {"park": park_id, "calendars": names, "versions": numbers, "since": since, "until": until}
    found: dict[tuple[str, int], Opening] = {}
    for name, version, zone, first, last, starts, ends in conn.execute(QUERIES["openings"], asked):
        upto = min(last, until) if until is not None else last
        spans = ((max(start, since), min(end, upto)) for start, end in zip(starts, ends, strict=True))
        found[name, version] = Opening(tuple(intervals.union(spans)), max(first, since), upto, ZoneInfo(zone))
    return found
