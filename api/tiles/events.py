"""Tile `events`: the newest that a person may want to know; granted entries and passed screenings are not."""

from datetime import datetime, timedelta
from typing import Any

from api.database import Row
from api.events import KINDS, describe
from api.tiles.look import Look, Tile

SHOWN = 14
WINDOW = timedelta(hours=24)
RECENT = timedelta(minutes=30)
RECOUNT_AFTER = timedelta(seconds=30)  # events that come later than RECENT are seen by then
AHEAD = timedelta(minutes=6)  # a device's clock may be five minutes ahead (docs/wire.md)


class EventsTile:
    """Reads the last half hour every time, the whole day every 30 s."""

    name = "events"
    every_s = 1.0
    kinds = frozenset({"access", "screening", "status", "transition", "registry"})
    quiet: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._counted: datetime | None = None

    def compute(self, look: Look) -> Tile:
        """as_of is the newest batch: until then the list is whole, even where nothing happened for hours."""
        whole = self._counted is None or look.now - self._counted > RECOUNT_AFTER
        found = look.rows(
            "event_list",
            since=look.now - (WINDOW if whole else RECENT),
            until=look.now + AHEAD,
            kinds=sorted(KINDS - {"passage"}),
            devices=None,
            device_ids=None,
            notable=True,
            before_ts=None,
            before_id=None,
            rows=SHOWN,
        )
        rows = {} if whole else self._rows
        rows |= {row["id"]: row for row in found}
        kept = sorted(rows.values(), key=lambda r: (r["at"], r["id"]), reverse=True)[:SHOWN]
        self._rows = {row["id"]: row for row in kept}
        if whole:
            self._counted = look.now
        by_id = {d["device_id"]: d for d in look.devices}
        items = [event(row, by_id.get(row["device_id"]), look) for row in kept]
        batch = look.reader.row("tile_ingest_newest")
        return Tile(batch["at"] if batch else None, 60, {"items": items})


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
    }
