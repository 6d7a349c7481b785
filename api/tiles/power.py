"""Tile `power`: what the park draws now, and the day's energy against yesterday and the same day last week."""

from datetime import datetime, timedelta
from typing import Any

from api.database import Row
from api.daytime import QUARTER, floor, midnight, shifted
from api.tiles.look import Look, Tile, newest, rounded
from api.tiles.registers import PastDay, Registers, past_day, registers_of

MAIN = "main"
USES = ("hvac", "lighting", "power")
REREAD_AFTER = timedelta(seconds=20)  # the roll-ups of the day so far; what came since is added from newest registers
LATE_AFTER = timedelta(hours=1)  # past days are read again, for readings that came late


class PowerTile:
    """Newest values every time; the curve of today now and then; past days once an hour."""

    name = "power"
    every_s = 1.0
    kinds = frozenset({"registry"})
    quiet: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self._today: tuple[datetime, list[int], Registers, list[Row]] | None = None
        self._past: dict[int, tuple[datetime, list[int], PastDay, list[Row]]] = {}

    def compute(self, look: Look) -> Tile:
        """Every figure is None where no main meter tells it; `fresh` of `meters` are in now_kw."""
        points = look.rows("tile_power_points")
        power = [p for p in points if p["role"] == MAIN and p["name"] == "active_power"]
        energy = [p for p in points if p["name"] == "energy"]
        curve_points = [p["point"] for p in power]
        registers = [p["point"] for p in energy]
        main = [p["point"] for p in energy if p["role"] == MAIN]
        fresh = [p for p in power if is_fresh(p, look.now)]
        today, curve = self._read_today(look, curve_points, registers)
        past = {days: self._read_past(look, curve_points, main, days=days) for days in (-1, -7)}
        kwh = {p["point"]: today.up_to(p["point"], stand_today(p, look)) for p in energy}
        then = {days: shifted(look.now, look.zone, days=days) for days in (-1, -7)}
        peak = max(curve, key=lambda row: row["kw"], default=None)
        data: dict[str, Any] = {
            "now_kw": rounded(sum(p["value"] for p in fresh)) if fresh else None,
            "meters": len(power),
            "fresh": len(fresh),
            "today_kwh": rounded(known_sum(kwh, main)),
            "yesterday_kwh": rounded(past[-1][0].total(then[-1])),
            "last_week_kwh": rounded(past[-7][0].total(then[-7])),
            "yesterday_total_kwh": rounded(past[-1][0].total(look.day)),
            "peak_kw": rounded(peak["kw"]) if peak else None,
            "peak_at": peak["bucket"] if peak else None,
            "curve": [item(row) for row in curve],
            "curve_yesterday": [item(row, look, days=1) for row in past[-1][1]],
            "curve_last_week": [item(row, look, days=7) for row in past[-7][1]],
            "breakdown": breakdown(kwh, energy),
        }
        longest = max((p["interval_s"] for p in power), default=60.0)
        return Tile(newest(*(p["ts"] for p in power)), max(30, int(3 * longest)), data)

    def _read_today(self, look: Look, curve: list[int], registers: list[int]) -> tuple[Registers, list[Row]]:
        held, asked = self._today, curve + registers
        if held is None or held[2].since != look.day or held[1] != asked or look.now - held[0] > REREAD_AFTER:
            until = floor(look.now, QUARTER) + QUARTER
            rows = look.reader.rows("tile_power_curve", points=curve, since=look.day, until=until)
            held = (look.now, asked, registers_of(look, registers, since=look.day, until=until), rows)
            self._today = held
        return held[2], held[3]

    def _read_past(self, look: Look, curve: list[int], main: list[int], *, days: int) -> tuple[PastDay, list[Row]]:
        held, asked = self._past.get(days), curve + main
        since = midnight(look.now, look.zone, days=days)
        if held is None or held[2].since != since or held[1] != asked or look.now - held[0] > LATE_AFTER:
            until = midnight(look.now, look.zone, days=days + 1)
            rows = look.reader.rows("tile_power_curve", points=curve, since=since, until=until)
            held = (look.now, asked, past_day(look, main, since=since, until=until), rows)
            self._past[days] = held
        return held[2], held[3]


def usable(point: Row) -> bool:
    """Whether the newest reading is there and not bad."""
    return point["value"] is not None and point["quality"] is not None and 64 <= point["quality"] <= 255


def stand_today(point: Row, look: Look) -> float | None:
    """A register's newest stand, where it is usable and of this park day."""
    return point["value"] if usable(point) and point["ts"] >= look.day else None


def is_fresh(point: Row, now: datetime) -> bool:
    """Whether the newest reading is usable and younger than three intervals."""
    return usable(point) and (now - point["ts"]).total_seconds() <= 3 * point["interval_s"]


def known_sum(kwh: dict[int, float | None], points: list[int]) -> float | None:
    """The sum of what is known; None where nothing is."""
    found = [amount for p in points if (amount := kwh.get(p)) is not None]
    return sum(found) if found else None


def item(row: Row, look: Look | None = None, *, days: int = 0) -> dict[str, Any]:
    """A point of a curve: mean kW of the meters that had one, moved to today where it is of another day."""
    at = shifted(row["bucket"], look.zone, days=days) if look else row["bucket"]
    return {"t": at, "kw": rounded(row["kw"]), "meters": row["meters"]}


def breakdown(kwh: dict[int, float | None], energy: list[Row]) -> list[dict[str, Any]]:
    """kWh of today by end use; unallocated is what the main meters saw and no sub-meter did."""
    by_use = {use: known_sum(kwh, [p["point"] for p in energy if p["role"] == use]) for use in USES}
    total = known_sum(kwh, [p["point"] for p in energy if p["role"] == MAIN])
    rest = None if total is None else max(0.0, total - sum(v for v in by_use.values() if v is not None))
    return [{"use": use, "kwh": rounded(amount)} for use, amount in {**by_use, "unallocated": rest}.items()]
