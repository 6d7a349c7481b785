"""The page's own modules on the cases that a park in Beijing never shows: other zones, odd footprints, long names."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from tests.screens.conftest import Wall

HOUR_MS = 3_600_000


def test_a_day_has_as_many_hours_as_the_park_has_that_day(
    silent: Wall, show: Callable[..., Page], call: Callable[..., Any]
) -> None:
    show(silent)
    for zone, noon, hours in (
        ("Asia/Shanghai", "2026-11-20T04:00:00Z", 24),
        ("Europe/Berlin", "2026-03-29T10:00:00Z", 23),
        ("Europe/Berlin", "2026-10-25T11:00:00Z", 25),
        ("Asia/Kolkata", "2026-11-20T06:30:00Z", 24),
    ):
        call("time.js", "setZone", zone)
        start, end = call("time.js", "dayAround", noon)
        assert (end - start) / HOUR_MS == hours, zone
        assert call("time.js", "clockTime", start) == "00:00:00", zone
        assert call("time.js", "clockTime", end) == "00:00:00", zone


def test_unknown_numbers_are_dashes_and_changes_have_signs(
    silent: Wall, show: Callable[..., Page], call: Callable[..., Any]
) -> None:
    show(silent)
    assert [call("format.js", "number", value) for value in (None, 0, 1234.4, -3)] == ["—", "0", "1,234", "−3"]
    assert call("format.js", "change", 103.1, 100) == "+3.1 %"
    assert call("format.js", "change", 97, 100) == "−3.0 %"
    assert call("format.js", "change", 5, 0) is None
    assert call("format.js", "change", None, 100) is None
    assert call("format.js", "span", 8040) == "2 小时 14 分"


def test_gates_that_stand_together_are_one_entrance(
    silent: Wall, show: Callable[..., Page], call: Callable[..., Any]
) -> None:
    show(silent)
    names = {
        "西门": ["西门 1号闸", "西门 2号闸", "西门 12号闸"],
        "West Gate": ["West Gate, lane 1", "West Gate, lane 2"],
        "North turnstile": ["North turnstile 1", "North turnstile 12"],
        "门": ["门"],
    }
    for shared, given in names.items():
        assert call("draw/gates.js", "sharedName", given) == shared
    lanes = [
        {
            "device_id": f"g{n}",
            "label": f"东门 {n}号闸",
            "at": [n, 0],
            "state": state,
            "in_per_min": rate,
            "out_per_min": 0,
        }
        for n, (state, rate) in enumerate([("online", 4), ("online", 3), ("offline", None)])
    ]
    (entrance,) = call("draw/gates.js", "entrances", lanes, 10)
    assert (entrance["in"], entrance["lanes"], entrance["silent"], entrance["state"]) == (7, 3, 1, "online")
    (dark,) = call("draw/gates.js", "entrances", lanes[2:], 10)
    assert (dark["in"], dark["state"]) == (None, "offline")


def test_what_stands_before_is_drawn_after(silent: Wall, show: Callable[..., Page], call: Callable[..., Any]) -> None:
    """The viewer stands in the south-east. A long building's own middle says nothing about what it hides."""
    show(silent)

    def box(west: float, north: float, width: float, depth: float) -> dict[str, Any]:
        east, south = west + width, north + depth
        return {"id": f"{west},{north}", "ring": [[west, north], [east, north], [east, south], [west, south]]}

    long, near, far = box(0, 0, 200, 10), box(20, 20, 10, 10), box(150, -30, 10, 10)
    drawn = [thing["id"] for thing in call("draw/iso.js", "paintersOrder", [near, long, far])]
    assert drawn == [far["id"], long["id"], near["id"]]
