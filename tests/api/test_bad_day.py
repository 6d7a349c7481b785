"""What the wall shows on a bad day: doors, outages that do not hide the rest, leaks that began and ended, doubts."""

from datetime import timedelta
from typing import Any

from tests.api.conftest import Tiles
from tests.api.messages import Hand
from tests.api.serving import NOW

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def change(hand: Hand, device: str, state: str, at: str, reason: str = "silent") -> None:
    """A transition, as the engine writes it; `at` is a time of NOW's day."""
    hand.admin.execute(
        "insert into smartpark.device_transition (device, at, from_state, to_state, reason)"
        " select device, %s, 'online', %s, %s from smartpark.device where device_id = %s",
        [f"2026-11-21 {at}+00", state, reason, device],
    )


def lines(tiles: Tiles, **moved: float) -> list[tuple[Any, ...]]:
    items = tiles(NOW + timedelta(**moved))["events"]["data"]["items"]
    return [(i["kind"], i["label"], i["device_id"], i["detail"], i["count"]) for i in items]


def test_a_door_that_is_not_normal_stays_with_its_gate(hand: Hand, tiles: Tiles) -> None:
    hand.door("g1", 0, NOW - 5 * HOUR)
    hand.door("g1", 3, NOW - 4 * HOUR)
    hand.door("g2", 3, NOW - 25 * HOUR)
    hand.write()
    east, west = tiles()["people"]["data"]["gates"]
    assert east["door"] == {"state": "forced-open", "at": "2026-11-21T02:40:00Z"}
    assert west["door"] is None
    hand.door("g1", 0, NOW + SECOND)
    hand.door("g2", 4, NOW + SECOND)
    hand.write()
    east, west = tiles(NOW + 2 * SECOND)["people"]["data"]["gates"]
    assert (east["door"], west["door"]["state"]) == (None, "tamper")


def test_an_outage_is_one_line_and_leaves_room_for_the_rest(hand: Hand, tiles: Tiles) -> None:
    for minute in range(20):
        hand.decide("g1", 138, NOW - HOUR - minute * MINUTE)
    hand.write()
    for second, device in enumerate(("m1", "g1", "g2", "s1", "p1")):
        change(hand, device, "offline", f"06:30:{second * 12:02d}")  # in all 48 s, each 12 s after the last
        change(hand, device, "online", f"06:35:{second:02d}")
    found = lines(tiles)
    assert found[:2] == [("transition", "online", "p1", "silent", 5), ("transition", "offline", "p1", "silent", 5)]
    assert [line[0] for line in found] == ["transition"] * 2 + ["decision"] * 12
    for minute in range(10):
        change(hand, "m1", "offline", f"06:{38 + minute // 2}:{minute % 2 * 31:02d}", "flaps")
    found = lines(tiles, seconds=1)
    assert [line[0] for line in found] == ["transition"] * 5 + ["decision"] * 9


def test_where_nothing_else_happened_outages_have_the_whole_list(hand: Hand, tiles: Tiles) -> None:
    for minute in range(20):
        change(hand, "m1", "offline", f"06:{minute:02d}:00")
    assert len(lines(tiles)) == 14


def test_a_last_will_is_one_line(hand: Hand, tiles: Tiles) -> None:
    hand.status("gw", "offline", NOW - MINUTE, "last-will")
    hand.now -= MINUTE
    hand.write()
    change(hand, "gw", "offline", "06:39:03", "last-will")
    change(hand, "m1", "offline", "06:39:03", "last-will")
    assert [(kind, device) for kind, _, device, *_ in lines(tiles)] == [("transition", "m1"), ("status", "gw")]


def test_a_leak_leaves_a_trace_when_it_begins_and_when_it_ends(hand: Hand, tiles: Tiles) -> None:
    hand.measure("l1", "leak", {NOW - 26 * HOUR: 0.0, NOW - 100 * MINUTE: 1.0, NOW - 90 * MINUTE: 1.0, NOW - HOUR: 0.0})
    hand.measure("p1", "pressure", {NOW - 2 * MINUTE: 0.0, NOW - MINUTE: 1.0})
    hand.measure("stranger", "smoke", {NOW - MINUTE: 1.0})  # nobody knows when that began
    hand.write()
    assert lines(tiles) == [("sensor", "leak", "l1", "ended", 1), ("sensor", "leak", "l1", "began", 1)]
    hand.measure("l1", "leak", {NOW + SECOND: 1.0})
    hand.now += SECOND
    hand.write()
    found = tiles(NOW + 2 * SECOND)["events"]["data"]["items"]
    assert [i["detail"] for i in found] == ["began", "ended", "began"]
    assert (found[0]["at"], found[0]["name"]["en"]) == ("2026-11-21T06:40:01Z", "Leak")
    assert len(lines(tiles, hours=20)) == 3
    assert lines(tiles, hours=25) == []


def test_the_plant_tile_leaves_out_strangers_and_old_doubts_but_no_alarm(hand: Hand, tiles: Tiles) -> None:
    hand.measure("p1", "pressure", {NOW: 30.0})  # out of range
    hand.measure("stranger", "pressure", {NOW: 2e9}, bad=True)
    hand.measure("stranger", "smoke", {NOW: 1.0})
    hand.measure("l1", "leak", {NOW: 1.0})
    hand.write()

    def shown(later: timedelta) -> set[tuple[str, str, bool]]:
        items = tiles(NOW + later)["sensors"]["data"]["items"]
        return {(i["device_id"], i["point"], i["provisional"]) for i in items}

    alarms = {("stranger", "smoke", True), ("l1", "leak", False)}
    assert shown(timedelta(0)) == alarms | {("p1", "pressure", False)}
    assert shown(HOUR) == alarms


def test_a_time_that_was_never_claimed_is_no_doubt(hand: Hand, tiles: Tiles) -> None:
    hand.measure("p1", "pressure", {NOW: 3.0})
    hand.write()
    hand.sql(b"update smartpark.reading set quality = 66")
    hand.sql(b"update smartpark.latest set quality = 66")
    (pump,) = tiles()["sensors"]["data"]["items"]
    assert (pump["device_id"], pump["quality"]) == ("p1", "good")
    hand.sql(b"update smartpark.reading set device_ts = '2001-01-01Z'")
    (pump,) = tiles(NOW + SECOND)["sensors"]["data"]["items"]
    assert pump["quality"] == "untrusted-time"


def test_devices_not_heard_the_longest_come_first(hand: Hand, tiles: Tiles) -> None:
    hand.status("g1", "online", NOW)
    hand.status("m1", "online", NOW)
    hand.status("s1", "online", NOW)
    hand.write()
    hand.roll_up()
    hand.sql(
        b"update smartpark.device_state s set state = 'offline', heard = s.heard - w.late from smartpark.device d,"
        b" (values ('g1', interval '0'), ('m1', '1 minute'), ('s1', '2 minutes')) w (id, late)"
        b" where s.device = d.device and d.device_id = w.id"
    )
    found = tiles()["health"]["data"]["offline_devices"]
    assert [d["device_id"] for d in found] == ["s1", "m1", "g1"]
    assert found[0]["heard"] == "2026-11-21T06:38:00Z"
