"""Tile `events`: the newest that a person may want to know; granted entries and passed screenings are not."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from api.database import Row
from api.events import describe
from api.tiles.look import Look, Tile

SHOWN = 14
SHOWN_LINKS = 5  # of them, while there is anything else to say
WINDOW = timedelta(hours=24)
RECENT = timedelta(minutes=30)
RECOUNT_AFTER = timedelta(seconds=30)  # events that come later than RECENT are seen by then
SENSOR_WINDOW = timedelta(hours=2)  # as far back as their many readings are cheap to compare; what was found stays
AHEAD = timedelta(minutes=6)  # a device's clock may be five minutes ahead (docs/wire.md)
TOGETHER = timedelta(seconds=30)  # devices lost or back that soon after one another are one piece of news
SAME = timedelta(seconds=5)  # a status and the transition that it makes
LINKS = ("status", "transition")
OTHERS = ("decision", "door", "screening")
KEPT_LINKS = 500


class EventsTile:
    """Reads the last half hour every time, the whole day every 30 s, of sensors' readings two hours."""

    name = "events"
    every_s = 1.0
    kinds = frozenset({"access", "screening", "status", "transition", "registry"})
    quiet: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self._others: list[Row] = []
        self._links: list[Row] = []
        self._sensors: list[Row] = []
        self._counted: datetime | None = None

    def compute(self, look: Look) -> Tile:
        """as_of is the newest batch: until then the list is whole, even where nothing happened for hours."""
        whole = self._counted is None or look.now - self._counted > RECOUNT_AFTER
        self._others = merged([] if whole else self._others, self._find(look, OTHERS, SHOWN, whole), SHOWN)
        self._links = merged([] if whole else self._links, self._find(look, LINKS, KEPT_LINKS, whole), KEPT_LINKS)
        self._sensors = self._find_changes(look, whole)
        if whole:
            self._counted = look.now
        others = merged(self._others, self._sensors, SHOWN)
        links = folded(without_echoes(self._links))[: SHOWN_LINKS if others else SHOWN]
        kept = merged(others, links, SHOWN)
        by_id = {d["device_id"]: d for d in look.devices}
        items = [event(row, by_id.get(row["device_id"]), look) for row in kept]
        batch = look.reader.row("tile_ingest_newest")
        return Tile(batch["at"] if batch else None, 60, {"items": items})

    def _find(self, look: Look, kinds: tuple[str, ...], rows: int, whole: bool) -> list[Row]:
        return look.rows(
            "event_list",
            since=look.now - (WINDOW if whole else RECENT),
            until=look.now + AHEAD,
            kinds=list(kinds),
            devices=None,
            device_ids=None,
            notable=True,
            before_ts=None,
            before_id=None,
            rows=rows,
        )

    def _find_changes(self, look: Look, whole: bool) -> list[Row]:
        """What began and ended; what was found before the time that is read anew stays for a day."""
        since = look.now - (SENSOR_WINDOW if whole else RECENT)
        found = look.rows("tile_sensor_changes", since=since, until=look.now + AHEAD, rows=SHOWN)
        changes = [{**row, "kind": "sensor", "direction": None} for row in found]
        return merged([r for r in self._sensors if look.now - WINDOW <= r["at"] < since], changes, SHOWN)


def merged(held: Iterable[Row], found: Iterable[Row], most: int) -> list[Row]:
    """Both, each once, newest first."""
    rows = {row["id"]: row for row in (*held, *found)}
    return sorted(rows.values(), key=lambda r: (r["at"], r["id"]), reverse=True)[:most]


def without_echoes(rows: list[Row]) -> list[Row]:
    """Statuses, and those transitions that no status of the same device tells already."""
    told: dict[tuple[str, str], list[datetime]] = {}
    for row in rows:
        if row["kind"] == "status":
            times = told.setdefault((row["device_id"], row["reason"] or row["label"]), [])
            times += [row["at"], row["received"]]
    return [
        row for row in rows
        if row["kind"] == "status"
        or all(abs(row["at"] - t) > SAME for t in told.get((row["device_id"], row["reason"] or row["label"]), []))
    ]  # fmt: skip


def folded(rows: list[Row]) -> list[Row]:
    """Of rows that are newest first, those of one kind and label in close succession as one: the newest, counted."""
    runs: dict[tuple[str, str], tuple[Row, datetime]] = {}
    found: list[Row] = []
    for row in rows:
        key = (row["kind"], row["label"])
        run = runs.get(key)
        if run and run[1] - row["at"] <= TOGETHER:
            run[0]["folded"] += 1
            runs[key] = (run[0], row["at"])
        else:
            newest = {**row, "folded": 1}
            found.append(newest)
            runs[key] = (newest, row["at"])
    return found


def event(row: Row, device: Row | None, look: Look) -> dict[str, Any]:
    """One line of the list."""
    told = describe(row)
    return {
        "id": row["id"],
        "at": row["at"],
        "received": row["received"],
        "kind": row["kind"],
        "label": told.label,
        **look.named(device),
        "device_id": row["device_id"],
        "direction": row["direction"],
        "detail": told.detail,
        "count": row.get("folded", 1),
    }
