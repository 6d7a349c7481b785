"""What the clock does to promises: thresholds and breaches are told when they are reached, each once however many
engines run, and with the instant at which it was so; calendars are kept loaded ahead of need."""

import logging
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from pipeline.domain import intervals
from pipeline.domain.business_calendar import BusinessCalendar, midnight
from pipeline.store import business_calendars, calendar, sla_clocks
from pipeline.store.sla_clocks import QUERIES

log = logging.getLogger(__name__)
BITE = 500  # clocks told of in one transaction
WARN = timedelta(days=45)  # before a calendar ends: the State Council publishes the next year's in November


def run(conn: psycopg.Connection, now: datetime) -> int:
    """The step `sla clocks`; returns how much was told. Not inside a transaction; two may run at once."""
    _derive_all(conn, "pauses_over", now)
    told = 0
    while True:
        with conn.transaction():
            row = conn.execute(QUERIES["fire"], {"now": now, "limit": BITE}).fetchone()
        moved, said = (row[0], row[1]) if row else (0, 0)
        told += said
        if moved < BITE:
            return told


def _derive_all(conn: psycopg.Connection, query: str, now: datetime) -> None:
    """Derives orders' clocks again, each in a transaction of its own, so that it waits for nobody who waits for it."""
    after = 0
    while orders := [order for (order,) in conn.execute(QUERIES[query], {"now": now, "after": after, "limit": BITE})]:
        for order in orders:
            with conn.transaction():
                sla_clocks.rebuild(conn, order, now=now)
        after = orders[-1]


class KeepCalendars:
    """The step `business calendars`: what is loaded reaches through next year as soon as its days are known; a day that
    somebody corrected makes a new version, for orders that are opened from then on. Warns once a day and calendar."""

    def __init__(self) -> None:
        self._warned: dict[tuple[str, str], date] = {}
        self._stale = True  # an engine before this one may have died between a calendar and what is due by it

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Returns how many versions were made or reach further."""
        for park_id in calendar.zones(conn):
            with conn.transaction():
                business_calendars.versions(conn, park_id, business_calendars.BUILT_IN, now=now)
        changed = 0
        for row in conn.execute(QUERIES["all_versions"]).fetchall():
            if self._keep(conn, row, now):
                changed += 1
                self._stale = True
        if self._stale:
            _derive_all(conn, "faulty", now)
            self._stale = False
        return changed

    def _keep(self, conn: psycopg.Connection, row: tuple[Any, ...], now: datetime) -> bool:
        park_id, calendar_id, version, told, since, until, in_force = row
        found = business_calendars.from_spec(told)
        loaded = business_calendars.work_out(conn, park_id, found, now=now)
        key = {"park": park_id, "calendar": calendar_id, "version": version}
        changed = False
        if loaded.until > until:
            fresh = [(max(start, until), end) for start, end in loaded.spans if end > until]
            with conn.transaction():
                business_calendars.add_spans(conn, key, fresh)
                conn.execute(
                    QUERIES["widen_calendar"], {**key, "since": min(since, loaded.since), "until": loaded.until}
                )
            changed = True
        if in_force:
            changed |= self._correct(conn, key, found, loaded, now)
            self._warn(park_id, calendar_id, max(until, loaded.until), business_calendars.zone_of(conn, park_id), now)
        return changed

    def _correct(self, conn: psycopg.Connection, key: dict[str, Any], found: BusinessCalendar,
                 loaded: business_calendars.Loaded, now: datetime) -> bool:  # fmt: skip
        """A new version where days from today on are not what they were when this one was made."""
        zone = business_calendars.zone_of(conn, key["park"])
        today = midnight(now.astimezone(zone).date(), zone)
        asked = {**key, "since": today, "until": loaded.until}
        have = intervals.union((start, end) for start, end in conn.execute(QUERIES["open_between"], asked))
        if intervals.clip(have, today, loaded.until) == intervals.clip(loaded.spans, today, loaded.until):
            return False
        with conn.transaction():
            business_calendars.make(
                conn, key["park"], key["calendar"], found, version=key["version"] + 1, now=now, actor="system"
            )
        return True

    def _warn(self, park_id: str, calendar_id: str, until: datetime, zone: ZoneInfo, now: datetime) -> None:
        today = now.astimezone(zone).date()
        if until - now > WARN or self._warned.get((park_id, calendar_id)) == today:
            return
        self._warned[park_id, calendar_id] = today
        log.warning(
            "park %s: the calendar %s is known until %s only; what is due later has no due time: import next year's"
            " days with `park calendar import`", park_id, calendar_id, until.astimezone(zone).date().isoformat(),
        )  # fmt: skip
