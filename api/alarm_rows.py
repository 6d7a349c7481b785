"""Turns rows of the alarm views into the shapes that answers and the tile share."""

from datetime import datetime
from typing import Any

from api.database import Row
from api.tiles.look import label, names

PLAIN = (
    "alarm", "rule_id", "version", "kind", "priority", "position", "life_safety", "maintenance", "latches", "state",
    "active", "acknowledged", "hold", "began", "raised", "received", "annunciated", "returned", "seen_at", "seen_by",
    "closed", "historic", "occurrences", "chattering", "value", "reason", "respond_s", "respond_by", "incident",
)  # fmt: skip


def brief(row: Row) -> dict[str, Any]:
    """An alarm without its rule's texts."""
    return {name: row[name] for name in PLAIN} | {
        "rule_name": {"zh": row["rule_zh"], "en": row["rule_en"]},
        "subject": subject(row),
        "current": current(row),
        "notice": notice(row["notice"]),
    }


def whole(row: Row) -> dict[str, Any]:
    """An alarm with all that its rule says to who reads it."""
    return brief(row) | {
        "cause": row["cause"] or NOTHING,
        "consequence": row["consequence"] or NOTHING,
        "response": row["response"] or [],
    }


def subject(row: Row) -> dict[str, Any]:
    """What it is about, and where that is."""
    return {
        "kind": row["subject"],
        "device_id": row["device_id"],
        "device_name": device_name(row),
        "point": row["point_name"],
        "unit": row["unit"],
        "space_id": row["space_id"],
        "space_name": named(row, "space"),
        "building_id": row["building_id"],
        "building": named(row, "building"),
    }


def device_name(row: Row) -> dict[str, str] | None:
    """A device's names, its id where nobody gave any."""
    return names(row, "device") if row["device_id"] else None


def named(row: Row, prefix: str) -> dict[str, str] | None:
    """Both languages of an optional name."""
    zh, en = row[f"{prefix}_zh"], row[f"{prefix}_en"]
    return {"zh": zh or en, "en": en or zh} if zh or en else None


def current(row: Row) -> dict[str, Any] | None:
    """What the point says now; None where it never spoke, or the subject is no point."""
    if row["current_ts"] is None:
        return None
    return {"value": row["current_value"], "ts": row["current_ts"], "quality": label(row["current_quality"])}


def notice(told: dict[str, Any] | None) -> dict[str, Any] | None:
    """The newest decision whether people are told."""
    return told and {**told, "at": datetime.fromisoformat(told["at"])}


def hold(row: Row) -> dict[str, Any]:
    """A row of park.alarm_holds."""
    return row | {
        "rule_name": named(row, "rule"),
        "device_name": device_name(row),
        "point": row["point_name"],
        "space_name": named(row, "space"),
    }


def window(row: Row) -> dict[str, Any]:
    """A row of park.maintenance_windows."""
    return row | {"device_name": device_name(row), "space_name": named(row, "space")}


NOTHING = {"zh": "", "en": ""}
