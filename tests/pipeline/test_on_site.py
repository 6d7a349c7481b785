"""Who is on site: codes of a minute, tags, positions; what is not proven says why."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.domain.geo import metres_outside, to_gcj02
from pipeline.domain.park import Crs
from pipeline.store.on_site import Site, prove, rotating_code, tag
from tests.park import SQUARE

NOW = datetime(2026, 11, 21, 6, 40, 30, tzinfo=UTC)
SITE = Site(park_id="small", places=["m1", "b1"], footprint=SQUARE)
INSIDE = (116.3305, 40.0305)


def shown(seconds: float = 0, place: str = "small/b1", key: str = "s") -> dict[str, Any]:
    return {"proof": "code", "code": rotating_code(key, place, NOW + timedelta(seconds=seconds))}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (shown(), {"proof": "code", "place": "b1"}),
        (shown(place="small/m1"), {"proof": "code", "place": "m1"}),
        (shown(-60), {"proof": "code", "place": "b1"}),
        (shown(60), {"proof": "code", "place": "b1"}),
        (shown() | {"code": f" {shown()['code'][:3].lower()}-{shown()['code'][3:]}"}, {"proof": "code", "place": "b1"}),
        (shown(-120), "not the code of that minute"),
        (shown(place="small/b2"), "not the code of that minute"),
        (shown(key="t"), "not the code of that minute"),
        ({"proof": "code", "code": None}, "not the code of that minute"),
        ({"proof": "nfc", "code": tag("s", "small/m1")}, {"proof": "nfc", "place": "m1"}),
        ({"proof": "nfc", "code": shown()["code"]}, "not the tag of this place"),
        ({"proof": "geofence", "position": INSIDE}, {"proof": "geofence"}),
        ({"proof": "geofence", "position": (116.33, 40.0304)}, {"proof": "geofence"}),
        ({"proof": "geofence", "position": (116.3295, 40.0305)}, {"proof": "geofence"}),
        ({"proof": "geofence", "position": (116.329, 40.0305)}, "85 m outside"),
        ({"proof": "geofence", "position": (500.0, 0.0)}, "no position"),
        ({"proof": "geofence"}, "no position"),
        ({"proof": "my word"}, "no such proof"),
    ],
)
def test_what_proves_that_somebody_is_there(asked: dict[str, Any], told: dict[str, str] | str) -> None:
    found = prove(SITE, secret="s", at=NOW, **asked)
    if isinstance(told, dict):
        assert found == told
    else:
        assert (found["proof"], found["tried"]) == ("claimed", asked["proof"])
        assert told in found["failed"]


def test_without_a_secret_nothing_is_proven_by_code() -> None:
    assert (
        "PARK_SITE_SECRET" in prove(SITE, "code", secret="", at=NOW, code=rotating_code("", "small/b1", NOW))["failed"]
    )


def test_a_phone_s_position_is_held_against_an_outline_of_a_chinese_map() -> None:
    lon, lat = to_gcj02((116.391, 39.907))
    assert (lon, lat) == (pytest.approx(116.39724, abs=2e-5), pytest.approx(39.90841, abs=2e-5))
    shifted = Site(park_id="small", footprint=[to_gcj02(p) for p in SQUARE], crs=Crs.GCJ02)
    assert prove(shifted, "geofence", secret="", at=NOW, position=INSIDE)["proof"] == "geofence"
    as_told = Site(park_id="small", footprint=shifted.footprint)
    assert prove(as_told, "geofence", secret="", at=NOW, position=INSIDE)["proof"] == "claimed"


def test_a_corner_that_goes_inwards_is_outside() -> None:
    bent = [(0.0, 0.0), (0.002, 0.0), (0.002, 0.001), (0.001, 0.001), (0.001, 0.002), (0.0, 0.002)]
    assert metres_outside((0.0005, 0.0015), bent) == 0
    assert metres_outside((0.0015, 0.0015), bent) == pytest.approx(55.66, abs=0.5)
