"""Tile `sensors`: facility readings worth a look, else a few that show the plant is watched."""

from itertools import chain, zip_longest
from typing import Any

from api.database import Row
from api.tiles.look import Look, Tile, newest, quality_label, rounded

SHOWN = 8
FILLERS = {
    "waste-water": ("ph", "cod"),
    "pump": ("pressure",),
    "air-handling": ("filter_pressure", "supply_temperature"),
}


class SensorsTile:
    """Problems first; the others keep their places, so that the wall does not flicker."""

    name = "sensors"
    every_s = 1.0
    kinds = frozenset({"registry"})
    quiet = frozenset({"ts"})

    def compute(self, look: Look) -> Tile:
        """as_of is the newest reading shown."""
        provisional = [d["device"] for d in look.devices if d["provisional"]]
        problems = look.rows("tile_sensor_problems", now=look.now, provisional=provisional)
        rows = problems
        if len(rows) < SHOWN:
            taken = {(r["device"], r["name"]) for r in problems}
            rows = (
                problems + [r for r in fillers(look) if (r["device"], r["name"]) not in taken][: SHOWN - len(problems)]
            )
        items = [item(row, look) for row in rows]
        return Tile(newest(*(r["ts"] for r in rows)), 90, {"items": items})


def fillers(look: Look) -> list[Row]:
    """One good reading a device, the types taking turns, fresh ones first."""
    found = look.rows("tile_sensor_newest")
    by_type: dict[str, dict[int, Row]] = {kind: {} for kind in FILLERS}
    for kind, wanted in FILLERS.items():
        for row in sorted(found, key=lambda r: (not fresh(r, look), r["device_id"], wanted_at(r, wanted))):
            device = look.by_number.get(row["device"])
            if device is not None and not device["provisional"] and device["type"] == kind and row["name"] in wanted:
                by_type[kind].setdefault(row["device"], row)
    turns = zip_longest(*(held.values() for held in by_type.values()))
    return [row for row in chain.from_iterable(turns) if row is not None]


def fresh(row: Row, look: Look) -> bool:
    """Whether a reading is younger than three of its intervals."""
    return bool((look.now - row["ts"]).total_seconds() <= 3 * row["interval_s"])


def wanted_at(row: Row, wanted: tuple[str, ...]) -> int:
    """The place of a point's name among those wanted."""
    return wanted.index(row["name"]) if row["name"] in wanted else len(wanted)


def item(row: Row, look: Look) -> dict[str, Any]:
    """One reading with what is plausible for it."""
    device = look.by_number.get(row["device"])
    return {
        **look.named(device),
        "provisional": device is not None and bool(device["provisional"]),
        "point": row["name"],
        "unit": row["unit"],
        "value": rounded(row["value"], 2),
        "ts": row["ts"],
        "low": row["low"],
        "high": row["high"],
        "quality": quality_label(row, look.now),
    }
