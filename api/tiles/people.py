"""Tile `people`: how many are in the park, by passages since 04:00, and how they flow through the gates."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from api.database import Row
from api.daytime import QUARTER, floor, midnight, quarters, shifted
from api.events import code_label
from api.tiles.look import Look, Tile, newest
from pipeline.domain.access import DoorState

RECOUNT_AFTER = timedelta(seconds=30)  # late passages of closed buckets are seen by then
RECENT = timedelta(minutes=5)
DOOR_WINDOW = timedelta(hours=24)
GATE_HEARD = timedelta(minutes=3)
MISCOUNT = 0.01  # share of passages that a turnstile may get wrong
FIGURES = ("entered", "left", "unknown", "denied")


class PeopleTile:
    """Counts the day anew every 30 s, its last half hour every time, last week once an hour."""

    name = "people"
    every_s = 1.0
    kinds = frozenset({"access", "registry"})
    quiet = frozenset({"heard"})

    def __init__(self) -> None:
        self._before: list[Row] = []
        self._counted: tuple[datetime, datetime, datetime] | None = None
        self._doors: dict[int, Row] = {}
        self._last_week: tuple[datetime, list[Row], list[dict[str, Any]]] | None = None

    def compute(self, look: Look) -> Tile:
        """in_park is None where no gate was heard since 04:00; the day starts at 04:00, the flow at midnight."""
        rows = self._count(look)
        gates = [d for d in look.devices if d["family"] == "gate"]
        total = {key: sum(r[key] for r in rows if r["bucket"] >= look.service_day) for key in FIGURES}
        passages = total["entered"] + total["left"] + total["unknown"]
        heard = newest(*(g["heard"] for g in gates))
        known = passages > 0 or (heard is not None and heard >= look.service_day)
        inside = total["entered"] - total["left"]
        data: dict[str, Any] = {
            "in_park": max(0, inside) if known else None,
            # Fewer than nobody is a miscount of at least that many.
            "plus_minus": max(ceil(MISCOUNT * passages) + total["unknown"], -inside),
            "entered": total["entered"],
            "left": total["left"],
            "denied": total["denied"],
            "unknown_direction": total["unknown"],
            "flow": flow(rows, look.day, look.now) if known else [],
            "gates": [{**gate(g, rows, look), "door": self._door(g["device"], look)} for g in gates],
            **self._compare(look),
        }
        return Tile(newest(heard, *(r["newest"] for r in rows)), int(GATE_HEARD.total_seconds()), data)

    def _count(self, look: Look) -> list[Row]:
        """Rows by gate for the last half hour, by time alone for what was before."""
        begin = min(look.day, look.service_day)
        since = max(begin, floor(look.now, QUARTER) - QUARTER)
        until = look.now + RECENT  # a device's clock may be that much ahead (docs/wire.md)
        whole = self._counted is None or self._counted[0] != begin or look.now - self._counted[1] > RECOUNT_AFTER
        asked = begin if whole or self._counted is None else min(since, self._counted[2])
        rows = look.rows("tile_passages", since=asked, until=until, recent=look.now - RECENT)
        doors = look.rows("tile_doors", since=look.now - DOOR_WINDOW if whole else since, until=until)
        if whole:
            self._doors = {}
            self._counted = (begin, look.now, since)
            self._before = summed(r for r in rows if r["bucket"] < since)
            rows = [r for r in rows if r["bucket"] >= since]
        for door in doors:
            held = self._doors.get(door["device"])
            if held is None or held["ts"] <= door["ts"]:
                self._doors[door["device"]] = door
        return self._before + rows

    def _door(self, device: int, look: Look) -> dict[str, Any] | None:
        """The newest thing a gate's door said, unless it is normal or a day old."""
        row = self._doors.get(device)
        if row is None or row["code"] == DoorState.NORMAL or row["ts"] < look.now - DOOR_WINDOW:
            return None
        return {"state": code_label(DoorState, row["code"]), "at": row["ts"]}

    def _compare(self, look: Look) -> dict[str, Any]:
        """The same figures a week ago, at the same time of day; the whole day's flow, moved to today."""
        hour = look.now.replace(minute=0, second=0, microsecond=0)
        if self._last_week is None or self._last_week[0] != hour:
            begin = shifted(look.service_day, look.zone, days=-7)
            day, next_day = (shifted(midnight(look.now, look.zone, days=d), look.zone, days=-7) for d in (0, 1))
            rows = look.rows("tile_passages_by_minute", since=min(begin, day), until=next_day)
            past = flow(rows, day, next_day) if rows else []
            for item in past:
                item["t"] = shifted(item["t"], look.zone, days=7)
            # Where nothing is known from before that day, the data began in it, and a comparison would mislead.
            whole = look.rows("tile_access_known", since=begin - timedelta(days=1), until=begin)[0]["known"]
            self._last_week = (hour, [r for r in rows if r["bucket"] >= begin] if whole else [], past)
        _, minutes, past = self._last_week
        then = shifted(look.now, look.zone, days=-7)
        inside = sum(m["entered"] - m["left"] for m in minutes if m["bucket"] < then)
        return {"last_week": max(0, inside) if minutes else None, "flow_last_week": past}


def summed(rows: Iterable[Row]) -> list[Row]:
    """Counts of all gates together, one row a bucket."""
    sums: dict[datetime, Row] = {}
    for row in rows:
        held = sums.setdefault(
            row["bucket"], {"bucket": row["bucket"], "device": None, "newest": None} | dict.fromkeys(FIGURES, 0)
        )
        for key in FIGURES:
            held[key] += row[key]
        held["newest"] = newest(held["newest"], row["newest"])
    return list(sums.values())


def flow(rows: list[Row], since: datetime, until: datetime) -> list[dict[str, Any]]:
    """In and out of every 15 minutes of a window, those without anybody included."""
    sums = {bucket: [0, 0] for bucket in quarters(since, until)}
    for row in rows:
        held = sums.get(floor(row["bucket"], QUARTER))
        if held is not None:
            held[0] += row["entered"]
            held[1] += row["left"]
    return [{"t": bucket, "in": entered, "out": left} for bucket, (entered, left) in sums.items()]


def gate(device: Row, rows: list[Row], look: Look) -> dict[str, Any]:
    """A gate with its rates over the last five minutes; None while it can't be heard."""
    near = [r for r in rows if r["device"] == device["device"] and r["bucket"] >= look.now - RECENT - QUARTER]
    online = device["state"] == "online"
    minutes = RECENT.total_seconds() / 60
    return {
        **{k: v for k, v in look.named(device).items() if k != "building"},
        "lon": device["lon"],
        "lat": device["lat"],
        "state": device["state"],
        "in_per_min": round(sum(r["recent_in"] for r in near) / minutes, 1) if online else None,
        "out_per_min": round(sum(r["recent_out"] for r in near) / minutes, 1) if online else None,
        "heard": device["heard"],
    }
