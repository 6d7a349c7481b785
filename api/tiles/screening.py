"""Tile `screening`: what the temperature scanners said in this park day, and whether one of them drifts."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from api.database import Row
from api.tiles.look import Look, Tile, names, newest, rounded

ENOUGH = 50  # screenings on either side before a difference of means says something about a scanner


class ScreeningTile:
    """Read whole every time: a day's screenings are some thousands."""

    name = "screening"
    every_s = 2.0
    kinds = frozenset({"registry"})
    quiet: frozenset[str] = frozenset()

    def compute(self, look: Look) -> Tile:
        """Counts are None where the park has no scanner."""
        rows = look.rows("tile_screenings", since=look.day)
        scanners = [d for d in look.devices if d["family"] == "scanner"]
        counts = {result: sum(r["n"] for r in rows if r["result"] == result) for result in ("PASS", "REFER", "INVALID")}
        known = bool(rows or scanners)
        data = {
            "total": sum(counts.values()) if known else None,
            "pass": counts["PASS"] if known else None,
            "refer": counts["REFER"] if known else None,
            "invalid": counts["INVALID"] if known else None,
            "histogram": histogram(rows),
            "refer_recent": [referral(r, look) for r in look.rows("tile_refer_recent", since=look.day)],
            "by_scanner": by_scanner(rows, scanners, look),
        }
        heard: list[datetime | None] = [s["heard"] for s in scanners]
        return Tile(newest(*heard, *(r["newest"] for r in rows)), 180, data)


def histogram(rows: list[Row]) -> list[dict[str, Any]]:
    """Valid screenings by 0.2 °C of skin temperature, from the lowest to the highest bin without a hole."""
    sums: dict[int, int] = defaultdict(int)
    for row in rows:
        if row["bin"] is not None and row["result"] != "INVALID":
            sums[row["bin"]] += row["n"]
    if not sums:
        return []
    return [{"c": tenths / 10, "n": sums.get(tenths, 0)} for tenths in range(min(sums), max(sums) + 1, 2)]


def referral(row: Row, look: Look) -> dict[str, Any]:
    """One referral: where and when, never who."""
    device = look.named(look.by_number.get(row["device"]))
    return {"at": row["ts"], "device_id": device["device_id"], "name": device["name"], "skin_c": rounded(row["skin_c"])}


def by_scanner(rows: list[Row], scanners: list[Row], look: Look) -> list[dict[str, Any]]:
    """Each scanner's day; drift_c: its mean minus that of all others, who see the same people on the same day."""
    n: dict[int, int] = defaultdict(int)
    total: dict[int, float] = defaultdict(float)
    for row in rows:
        if row["result"] != "INVALID" and row["total_c"] is not None:
            n[row["device"]] += row["n"]
            total[row["device"]] += row["total_c"]
    every_n, every_total = sum(n.values()), sum(total.values())
    found = []
    for scanner in scanners:
        key = scanner["device"]
        own, others = n[key], every_n - n[key]
        drift = None
        if own >= ENOUGH and others >= ENOUGH:
            drift = total[key] / own - (every_total - total[key]) / others
        mine = [r for r in rows if r["device"] == key]
        found.append(
            {
                "device_id": scanner["device_id"],
                "name": names(scanner),
                "state": scanner["state"],
                "total": sum(r["n"] for r in mine),
                "invalid": sum(r["n"] for r in mine if r["result"] == "INVALID"),
                "mean_c": rounded(total[key] / own, 2) if own else None,
                "drift_c": rounded(drift, 2),
            }
        )
    return found
