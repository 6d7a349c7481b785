"""Tile `intake`: where messages are stuck, stage by stage, and who misbehaves; the whole of the page /intake."""

from datetime import datetime, timedelta
from typing import Any

from api.database import Row
from api.tiles.look import Look, Tile, names, rounded

EVERY_S = 5.0
MINUTE = timedelta(minutes=1)
CURVE = timedelta(minutes=30)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SHOWN = 10
NAMED = 3  # devices of a condition that are named


class IntakeTile:
    """Everything with its own time, so that the page can say how old it is; unknown is null."""

    name = "intake"
    every_s = EVERY_S
    kinds = frozenset({"condition", "limit"})
    quiet = frozenset({"at", "waited_s", "committed", "last", "per_minute", "messages"})

    def compute(self, look: Look) -> Tile:
        """as_of is that of tile `ingest`: the newest batch of any lane."""
        newest = look.reader.row("tile_ingest_newest")
        now = look.now
        lanes = [lane(row) for row in look.rows("intake_lanes", since=now - MINUTE, now=now, forgotten=now - DAY)]
        data: dict[str, Any] = {
            "conditions": conditions(look),
            "stages": stages(look, lanes, newest),
            "lanes": lanes,
            "minutes": [
                {k: v if k == "minute" else int(v) for k, v in row.items()}
                for row in look.rows("intake_minutes", since=floor(now) - CURVE, now=floor(now))
            ],
            "rejects": [
                sender(look, row) | {k: row[k] for k in ("lane", "reason", "messages", "first", "last", "dead_letter")}
                for row in look.rows("intake_rejects", since=now - HOUR, rows=SHOWN)
            ],
            "talkers": [
                talker(look, row) for row in look.rows("intake_talkers", since=floor(now) - MINUTE, now=now, rows=SHOWN)
            ],
            **clocks(look),
        }
        return Tile(newest["at"] if newest else None, 15, data)


def stages(look: Look, lanes: list[Row], newest: Row | None) -> dict[str, Any]:
    """The way of a message: how long things wait at each stage, and when that was known."""
    delay = look.rows("intake_delay", since=look.now - 2 * MINUTE)[0]
    rollup = look.reader.row("intake_rollup") or {}
    spools = look.rows("intake_spools")
    said = [x["at"] for x in lanes if x["at"] is not None]
    lags = [x["lag_s"] for x in lanes if x["lag_s"] is not None]
    return {
        "device": {
            "lag_s": rounded(delay["typical_s"]), "worst_s": rounded(delay["worst_s"]), "points": delay["points"],
            "at": delay["newest"],
        },
        "broker": {
            "connected": sum(bool(x["connected"]) for x in lanes), "lanes": len(said),
            "at": min(said, default=None),
        },
        "inbox": {"messages": sum(x["inbox"] or 0 for x in lanes) if said else None, "at": min(said, default=None)},
        "spool": {
            "messages": sum(s["messages"] for s in spools), "oldest": min((s["oldest"] for s in spools), default=None),
            "at": min((s["at"] for s in spools), default=min(said, default=None)), "spools": spools[:SHOWN],
        },
        "commit": {"lag_s": max(lags, default=None), "at": newest["at"] if newest else None},
        "rollup": {
            "marks": rollup.get("marks"), "oldest": rollup.get("oldest"), "error": rollup.get("error"),
            "at": rollup.get("ran"),
        },
    }  # fmt: skip


def lane(row: Row) -> Row:
    """A lane's state and its figures of the last minute."""
    return {
        "lane": row["lane"],
        "at": row["at"],
        "connected": row["connected"],
        "inbox": row["inbox"],
        "waited_s": rounded(row["waited_s"]),
        "trouble": row["trouble"],
        "messages_per_s": rounded((row["messages"] or 0) / 60),
        "readings_per_s": rounded((row["readings"] or 0) / 60),
        "rejected": int(row["dead_letters"] or 0),
        "committed": row["committed"],
        "lag_s": rounded(row["lag_s"]),
    }


def conditions(look: Look) -> list[Row]:
    """What is open, the oldest first, and what ended within a day."""
    rows = look.rows("intake_conditions", open=None, kind=None, since=look.now - DAY, after=None, rows=4 * SHOWN)
    rows.sort(key=lambda row: (row["ended"] is not None, -row["started"].timestamp()))
    by_id = {device["device_id"]: device for device in look.devices} if rows else {}
    return [
        {k: v for k, v in row.items() if k not in {"device_ids", "park_id"}}
        | {
            "per_minute": rounded(row["per_minute"]),
            "named": [
                look.named(by_id[x]) if x in by_id else {"device_id": x, "name": None, "building": None}
                for x in row["device_ids"][:NAMED]
            ],
        }
        for row in rows[:SHOWN]
    ]


def talker(look: Look, row: Row) -> Row:
    """A sender's last minutes, what is expected of it, and its limit."""
    held = None
    if row["per_minute"] is not None:
        held = {k: row[k] for k in ("per_minute", "everything", "reason", "set_at", "set_by", "until")}
    return sender(look, row) | {
        "lane": row["lane"],
        "per_minute": row["most"],
        "peak_per_s": rounded(row["peak_per_s"]),
        "expected": rounded(row["expected"]),
        "limit": held,
        "limited": int(row["limited"]),
        "last": row["last"],
    }


def clocks(look: Look) -> dict[str, Any]:
    """Devices whose clocks lie, the newest lies first, and how many there are."""
    rows = look.rows("intake_clocks", rows=SHOWN)
    keys = ("fault", "offset_s", "since", "last_seen")
    return {
        "clocks": [sender(look, row) | {k: row[k] for k in keys} for row in rows],
        "clocks_total": rows[0]["total"] if rows else 0,
    }


def sender(look: Look, row: Row) -> Row:
    """Id, names and building of whoever sent; no names for who is not registered."""
    named = names(row) if row["name_zh"] or row["name_en"] else None
    return {"device_id": row["device_id"], "name": named, "building": look.buildings.get(row["building_id"])}


def floor(instant: datetime) -> datetime:
    """The start of the minute."""
    return instant.replace(second=0, microsecond=0)
