"""Devices that lie about the time, as lists and tiles tell of them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from pipeline.store.clocks import Claims, ClockWatch, claim
from tests.api.conftest import Tiles
from tests.api.messages import Hand
from tests.api.serving import NOW, Served, serving

MINUTE = timedelta(minutes=1)
LEADS = {"m1": timedelta(hours=8), "p1": timedelta(minutes=7), "g2": timedelta(seconds=-1)}


def lie(hand: Hand, minutes: int, **leads: timedelta | None) -> None:
    """Some devices say something each minute, ahead by so much; None: without a time. Ends at NOW."""
    watch = ClockWatch()
    keys = dict(hand.sql(b"select device_id, device from smartpark.device"))
    with hand.admin.transaction():
        watch.load(hand.admin)
        for n in range(minutes):
            at = NOW - (minutes - 1 - n) * MINUTE
            claims = [
                claim(int(str(keys[d])), None if lead is None else at + lead, at)
                for d, lead in leads.items()
                for _ in range(3)
            ]
            watch.watch(hand.admin, Claims.of(claims), now=at)


@pytest.fixture
def lying(database: str, hand: Hand) -> Iterator[Served]:
    lie(hand, 4, **LEADS, l1=None)
    with serving(database) as api:
        yield api


def test_liars_are_listed_with_an_example_and_honest_ones_are_not(lying: Served) -> None:
    found: dict[str, Any] = {c["device_id"]: c for c in lying.ok("/api/v1/device-clocks")["items"]}
    assert {d: c["fault"] for d, c in found.items()} == {"m1": "zone-as-utc", "p1": "ahead", "l1": "missing"}
    meter = found["m1"]
    assert (meter["offset_s"], meter["distrusted"], meter["ended"]) == (28_800, True, None)
    assert (meter["name"]["en"], meter["building"]["en"], meter["count"]) == ("Main meter", "Building 1", 9)
    assert (meter["received"], meter["claimed"]) == ("2026-11-21T06:39:00Z", "2026-11-21T14:39:00Z")
    assert "8 h ahead" in meter["reason"]
    assert (found["l1"]["claimed"], found["l1"]["offset_s"]) == (None, None)


def test_the_list_comes_in_pages_and_is_filtered(lying: Served) -> None:
    assert len(list(lying.walk("/api/v1/device-clocks?limit=1"))) == 3
    assert [c["device_id"] for c in lying.walk("/api/v1/device-clocks?fault=ahead")] == ["p1"]
    assert [c["device_id"] for c in lying.walk("/api/v1/device-clocks?device=m1")] == ["m1"]
    assert list(lying.walk("/api/v1/device-clocks?ended=true")) == []
    assert lying.get("/api/v1/device-clocks?fault=none").status == 400
    assert lying.get("/api/v1/device-clocks?device=nobody").status == 404


def test_a_clock_that_was_put_right_is_listed_as_ended(database: str, hand: Hand) -> None:
    lie(hand, 4, m1=timedelta(hours=8))
    hand.sql(b"update smartpark.device_clock set since = since - interval '1 hour'")
    lie(hand, 4, m1=timedelta(seconds=-1))
    with serving(database) as api:
        assert api.ok("/api/v1/device-clocks")["items"] == []
        (ended,) = api.ok("/api/v1/device-clocks?ended=true")["items"]
        assert ended["ended"] == "2026-11-21T06:40:00Z"


def test_the_health_tile_counts_who_lies(hand: Hand, tiles: Tiles) -> None:
    assert tiles()["health"]["data"]["wrong_clocks"] == 0
    lie(hand, 4, **LEADS, l1=None)
    health = tiles(NOW + timedelta(seconds=2))["health"]["data"]
    assert health["wrong_clocks"] == 2, "who sends no time does not lie"
    shown = {c["device_id"]: (c["fault"], c["offset_s"], c["name"]["en"]) for c in health["clocks"]}
    assert shown["m1"] == ("zone-as-utc", 28_800, "Main meter")
