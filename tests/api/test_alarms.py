"""Alarms as lists, details and the wall's tile tell of them."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from api import live
from tests.api.alarmed import RULES, add_rules, raise_on, return_on
from tests.api.conftest import Tiles
from tests.api.messages import Hand
from tests.api.serving import NOW, Served, serving, streaming

SECOND = timedelta(seconds=1)


@pytest.fixture
def watches(hand: Hand) -> dict[str, int]:
    """A watch for each rule; the pump's point has spoken."""
    hand.measure("p1", "pressure", {NOW - SECOND: 9.1})
    hand.write()
    return add_rules(hand.admin)


@pytest.fixture
def alarmed(database: str, hand: Hand, watches: dict[str, int]) -> Iterator[Served]:
    """One open alarm for each rule, the first rule's the newest."""
    for age, watch in enumerate(watches.values()):
        raise_on(hand.admin, watch, NOW, ago_s=age)
    with serving(database) as api:
        yield api


def test_open_alarms_are_listed_with_all_that_a_person_needs(alarmed: Served) -> None:
    items = {a["rule_id"]: a for a in alarmed.ok("/api/v1/alarms")["items"]}
    assert list(items) == [rule[0] for rule in RULES]
    pump = items["pressure-high"]
    assert pump["rule_name"] == {"zh": "规则 pressure-high", "en": "Rule pressure-high"}
    assert pump["subject"] == {
        "kind": "point", "device_id": "p1", "device_name": {"zh": "泵", "en": "Pump"}, "point": "pressure",
        "unit": "bar", "space_id": "b1", "space_name": {"zh": "1号楼", "en": "Building 1"}, "building_id": "b1",
        "building": {"zh": "1号楼", "en": "Building 1"},
    }  # fmt: skip
    assert (pump["state"], pump["active"], pump["acknowledged"], pump["hold"]) == ("unacknowledged", True, False, None)
    assert (pump["value"], pump["reason"]["high"]) == (9.5, 8.0)
    assert pump["current"] == {"value": 9.1, "ts": "2026-11-21T06:39:59Z", "quality": "good"}
    assert (pump["cause"]["en"], [step["en"] for step in pump["response"]]) == (
        "Something broke",
        ["Go and look", "Mend it"],
    )
    assert (pump["annunciated"], pump["respond_by"]) == ("2026-11-21T06:40:00Z", "2026-11-21T06:50:00Z")
    assert pump["notice"] == {"decision": "due", "reason": "raised", "at": "2026-11-21T06:40:00Z"}
    assert items["lost"]["subject"] | {"building": 0} == {
        "kind": "device", "device_id": "gw", "device_name": {"zh": "网关", "en": "Gateway"}, "point": None,
        "unit": None, "space_id": "b1", "space_name": {"zh": "1号楼", "en": "Building 1"}, "building_id": "b1",
        "building": 0,
    }  # fmt: skip
    crowd = items["crowd"]
    assert (crowd["subject"]["kind"], crowd["subject"]["space_id"], crowd["subject"]["device_id"]) == (
        "space",
        "b1",
        None,
    )
    assert (crowd["subject"]["device_name"], crowd["current"]) == (None, None)


def test_the_list_comes_in_pages_and_is_filtered(alarmed: Served, hand: Hand, watches: dict[str, int]) -> None:
    every = [a["alarm"] for a in alarmed.ok("/api/v1/alarms")["items"]]
    assert [a["alarm"] for a in alarmed.walk("/api/v1/alarms?limit=1")] == every
    return_on(hand.admin, watches["filter"], NOW)
    hand.sql(b"update smartpark.alarm set closed = raised, state = 'normal' where priority = 'low'")
    for query, rules in {
        "": ["smoke", "pressure-high", "fault", "lost"],
        "state=closed": ["filter", "crowd"],
        "state=all&limit=2": ["smoke", "pressure-high", "fault", "filter", "lost", "crowd"],
        "priority=critical&priority=medium": ["smoke", "fault", "lost"],
        "device=m1": ["fault"],
        "device=m1&state=all": ["fault", "filter"],
        "space=site&state=all": ["smoke", "pressure-high", "fault", "filter", "lost", "crowd"],
        "rule=lost": ["lost"],
        "position=operations&priority=high": ["pressure-high"],
        "position=nobody": [],
        "historic=true&state=all": [],
        "from=2026-11-21T06:39:58Z&to=2026-11-21T06:40:00Z": ["pressure-high", "fault"],
        "incident=7": [],
    }.items():
        assert [a["rule_id"] for a in alarmed.walk(f"/api/v1/alarms?{query}")] == rules, query


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("device=nobody", 404), ("space=b99", 404), ("rule=smok", 404), ("state=shut", 400), ("priority=urgent", 400),
        ("after=WzFd", 400), ("color=red", 400), ("from=2026-11-21T06:40:00Z&to=2026-11-21T06:40:00Z", 400),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told(alarmed: Served, query: str, status: int) -> None:
    assert alarmed.get(f"/api/v1/alarms?{query}").status == status


def test_one_alarm_is_told_with_its_journal(alarmed: Served, hand: Hand, watches: dict[str, int]) -> None:
    alarm = alarmed.ok("/api/v1/alarms?rule=fault")["items"][0]["alarm"]
    return_on(hand.admin, watches["fault"], NOW + SECOND)
    found = alarmed.ok(f"/api/v1/alarms/{alarm}")
    assert (found["state"], found["returned"], found["related"]) == (
        "latched-unacknowledged",
        "2026-11-21T06:40:01Z",
        [],
    )
    assert [(j["action"], j["actor"], j["from_state"], j["to_state"]) for j in found["journal"]] == [
        ("raise", "system", None, "unacknowledged"),
        ("return", "system", "unacknowledged", "latched-unacknowledged"),
    ]
    assert found["journal"][0]["detail"]["high"] == 8.0
    assert alarmed.get("/api/v1/alarms/999999").status == 404
    assert alarmed.get("/api/v1/alarms/0").status == 400


def test_a_retired_device_s_open_alarm_is_still_shown(alarmed: Served, hand: Hand) -> None:
    hand.sql(b"update smartpark.device set retired = true where device_id = 'p1'")
    hand.sql(b"update smartpark.point set retired = true where name = 'pressure'")
    (found,) = alarmed.ok("/api/v1/alarms?device=p1")["items"]
    assert (found["subject"]["device_name"]["en"], found["subject"]["point"]) == ("Pump", "pressure")


def test_the_tile_counts_what_is_open_and_shows_what_matters_most(
    hand: Hand, watches: dict[str, int], tiles: Tiles
) -> None:
    tile = tiles()["alarms"]
    assert (tile["as_of"], tile["data"]["total"], tile["data"]["open"]) == (None, 0, [])  # no engine ever ran
    for age, watch in enumerate(watches.values()):
        raise_on(hand.admin, watch, NOW, ago_s=age)
    return_on(hand.admin, watches["fault"], NOW)
    hand.sql(b"update smartpark.alarm set state = 'shelved', hold = 'shelved' where priority = 'high'")
    hand.sql(b"update smartpark.alarm set state = 'acknowledged', acknowledged = true where device is null")
    hand.sql(b"insert into smartpark.engine_step values ('silence', '2026-11-21 06:39:58Z', 0.1, 0, null)")
    hand.sql(b"insert into smartpark.alarm_flood (park_id, position, started, alarms)"
             b" values ('small', 'operations', '2026-11-21 06:35:00Z', 12)")  # fmt: skip
    tile = tiles(NOW + SECOND)["alarms"]
    data = tile["data"]
    assert tile["as_of"] == "2026-11-21T06:39:58Z"
    assert data["counts"] == {
        "critical": {"unacknowledged": 1, "acknowledged": 0}, "high": {"unacknowledged": 0, "acknowledged": 0},
        "medium": {"unacknowledged": 2, "acknowledged": 0}, "low": {"unacknowledged": 1, "acknowledged": 1},
    }  # fmt: skip
    assert (data["total"], data["held"], data["returned"], data["read_only"]) == (5, 1, 1, False)
    assert [a["rule_id"] for a in data["open"]] == ["smoke", "fault", "lost", "filter", "crowd"]
    assert data["open"][0]["subject"]["device_name"]["en"] == "Leak"
    assert data["open"][0].keys() & {"response", "cause", "consequence"} == set()
    assert data["flood"] == [{"position": "operations", "started": "2026-11-21T06:35:00Z", "alarms": 12}]
    assert data["buildings"] == [{"building_id": "b1", "priority": "critical", "alarms": 5}]


def test_the_tile_shows_the_first_alarm_of_an_incident_and_danger_by_itself(
    hand: Hand, watches: dict[str, int], tiles: Tiles
) -> None:
    for age, watch in enumerate(watches.values()):
        raise_on(hand.admin, watch, NOW, ago_s=age)
    hand.sql(b"insert into smartpark.incident (park_id, cause, device, opened, last, alarms)"
             b" select 'small', 'gateway', device, '2026-11-21 06:39:50Z', '2026-11-21 06:39:59Z', 4"
             b" from smartpark.device where device_id = 'gw'")  # fmt: skip
    hand.sql(
        b"update smartpark.alarm set incident = (select max(incident) from smartpark.incident) where priority <> 'high'"
    )
    data = tiles(NOW + SECOND)["alarms"]["data"]
    assert [a["rule_id"] for a in data["open"]] == ["smoke", "pressure-high", "fault"]
    (incident,) = data["incidents"]
    assert (incident["cause"], incident["alarms"], incident["open"], incident["unacknowledged"]) == ("gateway", 4, 5, 5)
    assert incident["name"].keys() == {"zh", "en"}


def test_what_alarms_share_is_told_as_an_incident(alarmed: Served, hand: Hand) -> None:
    hand.sql(
        b"insert into smartpark.incident (park_id, cause, device, root, opened, last, alarms)"
        b" select 'small', 'gateway', device, null, '2026-11-21 06:39Z', '2026-11-21 06:39:59Z', 2"
        b" from smartpark.device where device_id = 'gw'"
    )
    hand.sql(
        b"update smartpark.alarm set incident = 1 where priority in ('high', 'medium') and state = 'unacknowledged'"
    )
    (incident,) = alarmed.ok("/api/v1/incidents")["items"]
    assert (incident["cause"], incident["name"]["en"], incident["device_id"]) == ("gateway", "Gateway", "gw")
    assert (incident["alarms"], incident["open"], incident["priority"], incident["closed"]) == (2, 3, "high", None)
    theirs = alarmed.ok(f"/api/v1/alarms?incident={incident['incident']}")["items"]
    assert [a["rule_id"] for a in theirs] == ["pressure-high", "fault", "lost"]
    found = alarmed.ok(f"/api/v1/alarms/{theirs[0]['alarm']}")
    assert [a["rule_id"] for a in found["related"]] == ["fault", "lost"]
    hand.sql(b"update smartpark.incident set closed = last")
    assert alarmed.ok("/api/v1/incidents")["items"] == []
    assert len(alarmed.ok("/api/v1/incidents?closed=true")["items"]) == 1


def test_the_tile_shows_twelve_and_counts_all(hand: Hand, tiles: Tiles) -> None:
    rules = tuple((f"rule-{n}", "low", False, False, "m1", "energy") for n in range(15))
    for watch in add_rules(hand.admin, rules=rules).values():
        raise_on(hand.admin, watch, NOW)
    data = tiles()["alarms"]["data"]
    assert (data["total"], len(data["open"])) == (15, 12)


def test_an_alarm_is_on_an_open_stream_without_waiting_for_the_next_tick(
    hand: Hand, watches: dict[str, int], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "TICK_S", 3600.0)  # no tick comes: what arrives was brought by the notice
    with serving(database) as api, streaming(api) as stream:
        stream.next("snapshot")
        # The refresh that a first client starts is over once something that it did not know of is shown.
        alarm = raise_on(hand.admin, watches["smoke"], hand.now)
        tile = stream.tile("alarms")
        while [a["alarm"] for a in tile["data"]["open"]] != [alarm]:
            tile = stream.tile("alarms")
        other = raise_on(hand.admin, watches["fault"], hand.now)
        assert [a["alarm"] for a in stream.tile("alarms")["data"]["open"]] == [alarm, other]
        return_on(hand.admin, watches["fault"], hand.now)
        assert stream.tile("alarms")["data"]["returned"] == 1
