"""Fills the working calendars of parks in China with what is published for this year and the next, and warns in
December if the next one is still missing."""

import logging
from datetime import datetime
from zoneinfo import ZoneInfo

import psycopg

from pipeline.store import calendar

log = logging.getLogger(__name__)
WARN_FROM = 12  # month


class FillCalendar:
    """The step. It warns once a day and park."""

    def __init__(self) -> None:
        self._warned: dict[str, str] = {}

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Returns how many days were written."""
        written = 0
        for park_id, zone in calendar.zones(conn).items():
            if zone not in calendar.CHINESE_ZONES:
                continue
            today = now.astimezone(ZoneInfo(zone)).date()
            for year in (today.year, today.year + 1):
                if any(row.source == calendar.LIBRARY for row in calendar.days(conn, park_id, year)):
                    continue  # `park calendar import` brings what a newer package knows better
                if calendar.is_published(year):
                    written += calendar.put(conn, park_id, calendar.published(year))
                elif year == today.year or today.month >= WARN_FROM:
                    self._warn(park_id, year, today.isoformat())
        return written

    def _warn(self, park_id: str, year: int, today: str) -> None:
        if self._warned.get(park_id) == today:
            return
        self._warned[park_id] = today
        log.warning(
            "park %s has no working calendar for %d: update %s and run `park calendar import --year %d`;"
            " until then weekdays are taken for working days", park_id, year, calendar.LIBRARY, year,
        )  # fmt: skip
