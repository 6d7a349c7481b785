"""What the park consists of, as lists say it: filters, pages, and devices that nobody registered."""

import pytest

from tests.api.messages import PARK
from tests.api.serving import Served

IDS = sorted([d.device_id for d in PARK.devices] + ["nobody-knows"])


def test_the_park_is_listed_and_shown(api: Served) -> None:
    (listed,) = api.ok("/api/v1/parks")["items"]
    assert listed == api.ok("/api/v1/parks/small")
    assert listed["name"] == {"zh": "小园区", "en": "Small Park"}
    assert listed["time_zone"] == "Asia/Shanghai"


def test_spaces_come_from_the_site_down_with_footprints(api: Served) -> None:
    site, building = api.ok("/api/v1/spaces")["items"]
    assert (site["kind"], building["kind"]) == ("site", "building")
    assert building["parent_id"] == "site"
    assert building["footprint"][0] == [116.33, 40.03]
    assert [s["space_id"] for s in api.ok("/api/v1/spaces?kind=building&park=small")["items"]] == ["b1"]


def test_companies_are_listed_with_their_spaces(api: Served) -> None:
    assert api.ok("/api/v1/companies")["items"] == [
        {"company_id": "acme", "name": {"zh": "阿克米", "en": "Acme"}, "space_ids": []}
    ]


@pytest.mark.parametrize("limit", [1, 3, len(IDS), 1000])
def test_pages_of_devices_together_are_all_devices_once(api: Served, limit: int) -> None:
    assert [d["device_id"] for d in api.walk(f"/api/v1/devices?limit={limit}")] == IDS


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("family=gate", {"g1", "g2"}),
        ("type=door", {"g2"}),
        ("gateway=gw", {"m1", "g1"}),
        ("building=b1", {"gw", "m1", "sub-hvac", "sub-lighting", "p1", "l1"}),
        ("space=site", set(IDS) - {"nobody-knows"}),
        ("space=b1&family=sensor", {"p1", "l1"}),
        ("provisional=true", {"nobody-knows"}),
        ("q=WEST", {"g2"}),
        ("q=%E6%B5%8B%E6%B8%A9", {"s1", "s2"}),
        ("q=100%25", set()),
        ("state=offline", set()),  # of gw only a last will is known: the broker spoke, not the device
        ("retired=true", set()),
    ],
)
def test_devices_are_filtered(api: Served, query: str, expected: set[str]) -> None:
    assert {d["device_id"] for d in api.walk(f"/api/v1/devices?{query}")} == expected


def test_a_filter_survives_the_way_to_the_next_page(api: Served) -> None:
    assert [d["device_id"] for d in api.walk("/api/v1/devices?limit=1&family=scanner&q=scanner")] == ["s1", "s2"]


def test_a_device_is_shown_with_its_points_and_their_newest_readings(api: Served) -> None:
    device = api.ok("/api/v1/devices/m1")
    assert device["building_id"] == "b1"
    energy, power = sorted(device["points"], key=lambda p: p["name"], reverse=True)
    assert (power["name"], power["unit"], power["role"]) == ("active_power", "kW", "main")
    assert energy["latest"]["value"] == pytest.approx(1000 + 72 * 100, abs=2)
    assert energy["latest"]["quality"] == "good"


def test_a_device_that_nobody_registered_is_shown_with_its_data(api: Served) -> None:
    device = api.ok("/api/v1/devices/nobody-knows")
    assert device["provisional"]
    assert device["name"] == {"zh": "nobody-knows", "en": "nobody-knows"}
    assert device["points"][0]["latest"]["value"] == 21.0


def test_points_are_paged_by_device_and_name(api: Served) -> None:
    whole = [(p["device_id"], p["name"]) for p in api.walk("/api/v1/points")]
    assert whole == sorted(whole)
    assert [(p["device_id"], p["name"]) for p in api.walk("/api/v1/points?limit=2")] == whole
    assert {p["device_id"] for p in api.walk("/api/v1/points?role=main&limit=1")} == {"m1"}


@pytest.mark.parametrize(
    "path", ["parks/x", "devices/x", "devices?park=x", "points?park=x", "spaces?park=x", "live?park=x"]
)
def test_what_is_not_there_is_not_found(api: Served, path: str) -> None:
    answer = api.get(f"/api/v1/{path}")
    assert answer.status == 404
    assert answer.json["type"].endswith("/not-found")
