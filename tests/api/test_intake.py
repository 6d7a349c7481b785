"""Where messages are stuck and who misbehaves: the tile of the page /intake, and the lists behind it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from pipeline.domain.message import DeadLetter, Sample
from pipeline.engine.conditions import Conditions
from pipeline.settings import Settings
from pipeline.store import floods
from tests.api.messages import Hand
from tests.api.serving import NOW, serving

Tiles = Callable[..., dict[str, Any]]
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def bad_firmware(hand: Hand) -> None:
    """Three meters with firmware 2.1.7 send what cannot be read; p1 floods and is limited."""
    devices = ("m1", "sub-hvac", "sub-lighting")
    letters = [DeadLetter(NOW - n * SECOND, "missing-key", "no values", b"x", "small", devices[n % 3], bytes([n]))
               for n in range(30)]  # fmt: skip
    hand.write(*letters)
    hand.sql(
        b"insert into smartpark.device_state (device, firmware) select device, '2.1.7' from smartpark.device"
        b" where family = 'meter' on conflict (device) do update set firmware = excluded.firmware"
    )
    minute = NOW - MINUTE
    floods.keep_rejects(hand.admin, "test", {(minute, "small", d, "missing-key"): 10 for d in devices})
    floods.keep_rates(hand.admin, "test", {(minute, ("small", d)): 10 for d in devices}, peaks={})
    floods.keep_rates(hand.admin, "sensor", {(minute, ("small", "p1")): 900}, peaks={("small", "p1"): 16.0})
    floods.keep_rejects(hand.admin, "foreign", {(minute, None, None, "bad-utf8"): 2})
    floods.limit(hand.admin, ("small", "p1"), 60, now=NOW, reason="until the new board")
    floods.keep_limited(hand.admin, "sensor", {(minute, ("small", "p1")): 840})
    Conditions(Settings.from_env({})).run(hand.admin, NOW)


def test_what_was_never_heard_is_unknown(hand: Hand, tiles: Tiles) -> None:
    tile = tiles()["intake"]
    assert tile["as_of"] is None
    data = tile["data"]
    assert data["stages"]["device"] == {"lag_s": None, "worst_s": None, "points": 0, "at": None}
    assert data["stages"]["inbox"] == {"messages": None, "at": None}
    assert data["stages"]["commit"] == {"lag_s": None, "at": None}
    assert data["stages"]["rollup"]["at"] is None
    assert (data["lanes"], data["rejects"], data["talkers"], data["conditions"]) == ([], [], [], [])


def test_each_stage_says_how_late_it_is_and_when_that_was_known(hand: Hand, tiles: Tiles) -> None:
    hand.say("p1", samples=[Sample("p1", NOW - 4 * SECOND, {"pressure": 3.0})])
    hand.write()
    floods.keep_lane(hand.conn, floods.LaneState("meter", NOW - 7 * SECOND, True, 12, 0.3))
    floods.keep_lane(hand.conn, floods.LaneState("gate", NOW - 90 * SECOND, False, 0, trouble="park/v1/#"))
    hand.sql(b"insert into smartpark.spool_backlog values ('host', 'meter', 420, '2026-11-21T06:00Z',"
             b" '2026-11-21T06:39Z')")  # fmt: skip
    hand.roll_up()
    data = tiles(NOW + SECOND)["intake"]["data"]
    stages = data["stages"]
    assert (stages["device"]["lag_s"], stages["device"]["points"]) == (4.0, 1)
    assert (stages["broker"]["connected"], stages["broker"]["lanes"]) == (1, 2)
    assert stages["broker"]["at"] == "2026-11-21T06:38:30Z"  # the oldest word of any lane counts
    assert stages["inbox"]["messages"] == 12
    assert (stages["spool"]["messages"], stages["spool"]["oldest"]) == (420, "2026-11-21T06:00:00Z")
    assert stages["commit"] == {"lag_s": 0.0, "at": "2026-11-21T06:40:00Z"}
    assert [(x["lane"], x["connected"], x["messages_per_s"]) for x in data["lanes"]] == [
        ("gate", False, 0.0), ("meter", True, 0.0), ("test", None, 0.0),
    ]  # fmt: skip
    assert data["lanes"][0]["trouble"] == "park/v1/#"


def test_a_bad_firmware_a_flood_and_a_limit_are_told(hand: Hand, tiles: Tiles) -> None:
    bad_firmware(hand)
    data = tiles(NOW + SECOND)["intake"]["data"]
    told = {c["kind"]: c for c in data["conditions"]}
    assert told.keys() == {"rejects", "flood"}
    assert (told["rejects"]["firmware"], told["rejects"]["devices"], told["rejects"]["messages"]) == ("2.1.7", 3, 30)
    assert [x["name"]["en"] for x in told["rejects"]["named"]] == ["Main meter", "hvac", "lighting"]
    assert told["flood"]["named"][0]["device_id"] == "p1"
    first = data["talkers"][0]
    assert (first["device_id"], first["per_minute"], first["expected"], first["limited"]) == ("p1", 900, 6.0, 840)
    assert (first["limit"]["per_minute"], first["limit"]["reason"]) == (60, "until the new board")
    assert [t["limit"] for t in data["talkers"][1:]] == [None] * 3
    assert [(r["device_id"], r["reason"], r["messages"]) for r in data["rejects"]] == [
        ("m1", "missing-key", 10), ("sub-hvac", "missing-key", 10), ("sub-lighting", "missing-key", 10),
        (None, "bad-utf8", 2),
    ]  # fmt: skip
    newest = hand.sql(b"select max(dead_letter) from park.dead_letters where device_id = 'm1'")[0][0]
    assert data["rejects"][0]["dead_letter"] == newest


def test_conditions_talkers_and_rejects_are_lists_too(hand: Hand, database: str) -> None:
    bad_firmware(hand)
    with serving(database, now=NOW) as api:
        found = list(api.walk("/api/v1/conditions?limit=1"))
        assert sorted(c["kind"] for c in found) == ["flood", "rejects"]
        assert list(api.walk("/api/v1/conditions?open=false")) == []
        (flood,) = api.ok("/api/v1/conditions?kind=flood&open=true")["items"]
        assert (flood["device_id"], flood["ended"]) == ("p1", None)
        talkers = api.ok("/api/v1/talkers?minutes=10")["items"]
        assert (talkers[0]["device_id"], talkers[0]["limit"]["set_by"], talkers[0]["limited"]) == ("p1", "local", 840)
        assert talkers[0]["name"] == {"zh": "泵", "en": "Pump"}
        rejects = api.ok("/api/v1/rejects?minutes=10&limit=1")["items"]
        assert [(r["device_id"], r["messages"]) for r in rejects] == [("m1", 10)]
        assert api.get("/api/v1/rejects?minutes=0").status == 400
        assert api.get("/api/v1/conditions?kind=none").status == 400
        assert api.get("/api/v1/talkers?park=nowhere").status == 404


def test_a_condition_is_told_as_soon_as_it_is_raised(hand: Hand, database: str) -> None:
    from tests.api.serving import streaming

    hand.say("p1", samples=[Sample("p1", NOW, {"pressure": 3.0})])
    hand.write()
    with serving(database, now=NOW) as api, streaming(api) as stream:
        assert stream.next("snapshot")["data"]["tiles"]["intake"]["data"]["conditions"] == []
        bad_firmware(hand)
        while not (told := stream.tile("intake")["data"]["conditions"]):
            pass
        assert {c["kind"] for c in told} == {"rejects", "flood"}
