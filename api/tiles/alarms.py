"""Tile `alarms`: how many are open, the twelve that matter most, floods and incidents; cheap, for every second."""

from collections import defaultdict
from math import inf
from typing import Any

from api.alarm_rows import brief
from api.database import Row
from api.tiles.look import Look, Tile, names
from pipeline.domain.rule import Priority

SHOWN = 12
STALE_AFTER_S = {"ingest": 60, "engine": 15}  # a small park speaks once a minute; the engine looks each second


class AlarmsTile:
    """What is held back is counted apart; what an operator position is flooded with is said."""

    name = "alarms"
    every_s = 1.0
    kinds = frozenset({"alarm"})
    quiet = frozenset({"current", "judged"})

    def __init__(self, *, read_only: bool) -> None:
        self.read_only = read_only

    def compute(self, look: Look) -> Tile:
        """as_of is the time up to which alarms were judged: by ingest or by the engine, whichever is closer to being
        stale."""
        counts: dict[str, dict[str, int]] = {p: {"unacknowledged": 0, "acknowledged": 0} for p in Priority}
        sums: dict[str, int] = defaultdict(int)
        for row in look.rows("tile_alarm_counts"):
            if row["held"]:
                sums["held"] += row["n"]
                continue
            counts[row["priority"]]["acknowledged" if row["acknowledged"] else "unacknowledged"] += row["n"]
            sums["total"] += row["n"]
            sums["returned"] += 0 if row["active"] else row["n"]
        judged = look.reader.one("tile_alarms_judged")
        data: dict[str, Any] = {
            "counts": counts,
            "open": [brief(row) for row in look.rows("tile_alarms", rows=SHOWN)] if sums["total"] else [],
            "total": sums["total"],
            "held": sums["held"],
            "returned": sums["returned"],
            "flood": look.rows("tile_floods"),
            "incidents": [named(row) for row in look.rows("tile_incidents")],
            "buildings": look.rows("tile_alarm_places") if sums["total"] else [],
            "judged": judged,
            "read_only": self.read_only,
        }
        staleness = {
            name: (look.now - at).total_seconds() / STALE_AFTER_S[name] if at else inf for name, at in judged.items()
        }
        by = max(staleness, key=staleness.__getitem__)
        return Tile(judged[by], STALE_AFTER_S[by], data)


def named(incident: Row) -> dict[str, Any]:
    """An incident with its name in both languages."""
    plain = ("incident", "cause", "alarms", "opened", "open", "unacknowledged")
    return {key: incident[key] for key in plain} | {"name": names(incident)}
