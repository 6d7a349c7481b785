"""Tile `ingest`: whether data come in, how fast, how late, and what was wrong with them today."""

from datetime import datetime, timedelta
from typing import Any

from api.tiles.look import Look, Tile, rounded

WINDOW = timedelta(seconds=60)
RECOUNT_AFTER = timedelta(minutes=5)


class IngestTile:
    """The last minute every time; the day's repeats and contradictions by adding what came since the last count."""

    name = "ingest"
    every_s = 1.0
    kinds = frozenset({"dead_letter"})
    quiet = frozenset({"lag_s", "messages_per_s", "readings_per_s", "last_batch"})

    def __init__(self) -> None:
        self._base: tuple[datetime, datetime, dict[str, Any]] | None = None

    def compute(self, look: Look) -> Tile:
        """Rates are None where nothing was ever stored, 0 where nothing comes any more."""
        newest = look.reader.row("tile_ingest_newest")
        minute = look.reader.one("tile_ingest_minute", since=look.now - WINDOW, until=look.now)
        letters = look.rows("tile_dead_letters", since=look.day)[0]["n"]
        day = self._count_day(look)
        seconds = WINDOW.total_seconds()
        data: dict[str, Any] = {
            "messages_per_s": rounded((minute["messages"] or 0) / seconds) if newest else None,
            "readings_per_s": rounded((minute["readings"] or 0) / seconds) if newest else None,
            "lag_s": lag(newest, look.now) if newest else None,
            "last_batch": newest["at"] if newest else None,
            "dead_letters_today": letters,
            "conflicts_today": day["conflicts"],
            "duplicates_today": day["duplicates"],
        }
        return Tile(newest["at"] if newest else None, 15, data)

    def _count_day(self, look: Look) -> dict[str, Any]:
        base = self._base
        whole = base is None or base[1] != look.day or look.now - base[0] > RECOUNT_AFTER
        before = {"batch": 0, "duplicates": 0, "conflicts": 0} if whole or base is None else base[2]
        found = look.reader.one("tile_ingest_since", since=look.day, after=before["batch"])
        total = {
            "batch": found["batch"],
            "duplicates": int(before["duplicates"] + found["duplicates"]),
            "conflicts": int(before["conflicts"] + found["conflicts"]),
        }
        self._base = (look.now if whole or base is None else base[0], look.day, total)
        return total


def lag(newest: dict[str, Any], now: datetime) -> float | None:
    """Seconds since the oldest message of the newest batch was received; a batch without one counts by its age."""
    since = newest["oldest"] or newest["at"]
    return rounded(max(0.0, (now - since).total_seconds()))
