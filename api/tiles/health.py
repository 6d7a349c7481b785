"""Tiles `health` and `spaces`: which devices can be heard, by family and by building."""

from collections import Counter, defaultdict
from typing import Any

from api.database import Row
from api.tiles.look import Look, Tile, newest
from pipeline.domain.park import Family

STATES = ("online", "offline", "unknown")
SHOWN_OFFLINE = 8
SHOWN_CLOCKS = 4


class HealthTile:
    """Registered devices in use; those that nobody registered are counted apart."""

    name = "health"
    every_s = 1.0
    kinds = frozenset({"status", "transition", "registry"})
    quiet = frozenset({"oldest_heard", "newest_heard"})

    def compute(self, look: Look) -> Tile:
        """as_of is the newest received time of any device."""
        registered = [d for d in look.devices if not d["provisional"]]
        families: dict[str, list[Row]] = defaultdict(list)
        for device in registered:
            families[device["family"]].append(device)
        offline = sorted(
            (d for d in registered if d["state"] == "offline"),
            key=lambda d: (d["heard"] is not None, d["heard"], d["device_id"]),
        )
        data: dict[str, Any] = {
            **count(registered),
            "provisional": len(look.devices) - len(registered),
            "families": [family(f.value, families[f.value]) for f in Family if f.value in families],
            "offline_devices": [
                {**look.named(d), "since": d["state_since"], "reason": d["state_reason"], "heard": d["heard"]}
                for d in offline[:SHOWN_OFFLINE]
            ],
            **clocks(look),
        }
        return Tile(newest(*(d["heard"] for d in look.devices)), 60, data)


class SpacesTile:
    """The same by building, for the map."""

    name = "spaces"
    every_s = 1.0
    kinds = frozenset({"status", "transition", "registry"})
    quiet: frozenset[str] = frozenset()

    def compute(self, look: Look) -> Tile:
        """Buildings without devices are there too, with zero devices."""
        by_building: dict[str | None, list[Row]] = defaultdict(list)
        for device in look.devices:
            by_building[device["building_id"]].append(device)
        buildings = []
        for space_id in look.buildings:
            counts = count(by_building[space_id])
            buildings.append({"space_id": space_id, "devices": counts.pop("total"), **counts})
        return Tile(newest(*(d["heard"] for d in look.devices)), 60, {"buildings": buildings})


def clocks(look: Look) -> dict[str, Any]:
    """How many devices lie about the time, and the newest of them."""
    lying = [row for row in look.rows("tile_clocks") if row["device"] in look.by_number]
    shown = [
        {**look.named(look.by_number[row["device"]]), **{k: row[k] for k in ("fault", "offset_s", "since")}}
        for row in lying[:SHOWN_CLOCKS]
    ]
    return {"wrong_clocks": len(lying), "clocks": shown}


def count(devices: list[Row]) -> dict[str, int]:
    """total, online, offline, unknown."""
    states = Counter(d["state"] for d in devices)
    return {"total": len(devices), **{state: states[state] for state in STATES}}


def family(name: str, devices: list[Row]) -> dict[str, Any]:
    """One family's states, and when its members were last heard."""
    heard = [d["heard"] for d in devices if d["heard"] is not None]
    return {
        "family": name,
        **count(devices),
        "oldest_heard": min(heard, default=None),
        "newest_heard": max(heard, default=None),
    }
