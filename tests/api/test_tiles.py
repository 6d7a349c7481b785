"""The overview's figures, each against what was put in; unknown is null, never 0."""

from datetime import UTC, datetime, timedelta

from api.database import Database
from api.tiles.board import Board
from pipeline.domain.message import DeadLetter
from tests.api.conftest import Tiles
from tests.api.messages import Hand
from tests.api.serving import NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MIDNIGHT = datetime(2026, 11, 20, 16, tzinfo=UTC)  # of NOW's day in Beijing
FOUR = MIDNIGHT + 4 * HOUR


def test_a_park_that_never_spoke_knows_nothing(tiles: Tiles) -> None:
    found = tiles()
    people, power, ingest = (found[name]["data"] for name in ("people", "power", "ingest"))
    assert (people["in_park"], people["last_week"], people["flow"]) == (None, None, [])
    for figure in (
        "now_kw",
        "today_kwh",
        "yesterday_kwh",
        "last_week_kwh",
        "yesterday_total_kwh",
        "peak_kw",
        "peak_at",
    ):
        assert power[figure] is None
    assert (power["meters"], power["fresh"]) == (1, 0)
    assert {use["kwh"] for use in power["breakdown"]} == {None}
    assert (ingest["messages_per_s"], ingest["lag_s"], ingest["last_batch"]) == (None, None, None)
    assert found["health"]["data"]["unknown"] == found["health"]["data"]["total"] == 10
    assert [found[n]["as_of"] for n in ("people", "power", "health", "sensors", "ingest", "events")] == [None] * 6
    assert found["park"]["data"]["database"].startswith("TimescaleDB 2.")
    assert found["park"]["data"]["demonstration_only"] is False


def test_people_are_counted_from_four_in_the_morning(hand: Hand, tiles: Tiles) -> None:
    hand.pass_by("g1", "in", FOUR - MINUTE, 50)  # the night before: in the flow of the day, not in the park
    hand.pass_by("g1", "in", FOUR + MINUTE, 30)
    hand.pass_by("g2", "in", NOW - MINUTE, 10)
    hand.pass_by("g2", "out", NOW - 2 * MINUTE, 5)
    hand.pass_by("g2", "unknown", NOW - 2 * MINUTE, 2)
    hand.decide("g1", 138, NOW)
    hand.decide("g1", 1, NOW)
    hand.write()
    people = tiles()["people"]
    data = people["data"]
    assert (data["in_park"], data["entered"], data["left"], data["unknown_direction"], data["denied"]) == (
        35,
        40,
        5,
        2,
        1,
    )
    assert data["plus_minus"] == 1 + 2  # 1 % of 47, rounded up, and those of unknown direction
    assert data["last_week"] is None
    assert len(data["flow"]) == 4 * 14 + 3  # midnight to 14:40
    assert sum(f["in"] for f in data["flow"]) == 90
    assert data["flow"][0] == {"t": "2026-11-20T16:00:00Z", "in": 0, "out": 0}
    east, west = data["gates"]
    assert (east["state"], east["in_per_min"]) == ("unknown", None)
    assert (west["device_id"], west["name"]["en"]) == ("g2", "West gate")
    assert people["as_of"] == "2026-11-21T06:40:00Z"


def test_gate_rates_are_of_the_last_five_minutes(hand: Hand, tiles: Tiles) -> None:
    hand.pass_by("g1", "in", NOW - 6 * MINUTE, 100)
    hand.pass_by("g1", "in", NOW - 4 * MINUTE, 10)
    hand.pass_by("g1", "out", NOW - MINUTE, 3)
    hand.write()
    hand.roll_up()
    east = tiles()["people"]["data"]["gates"][0]
    assert (east["state"], east["in_per_min"], east["out_per_min"]) == ("online", 2.0, 0.6)


def test_late_and_new_passages_are_both_counted(hand: Hand, tiles: Tiles) -> None:
    hand.pass_by("g1", "in", NOW - 3 * HOUR, 10)
    hand.write()
    assert tiles()["people"]["data"]["in_park"] == 10
    hand.pass_by("g1", "in", NOW + timedelta(seconds=1), 1)
    hand.write()
    assert tiles(NOW + timedelta(seconds=2))["people"]["data"]["in_park"] == 11
    hand.pass_by("g1", "in", NOW - 2 * HOUR, 5)  # a gate that was cut off sends what it kept
    hand.write()
    assert tiles(NOW + timedelta(seconds=40))["people"]["data"]["in_park"] == 16
    assert tiles(NOW + 2 * HOUR)["people"]["data"]["in_park"] == 16  # the half hour that is read anew moved on


def test_last_week_is_at_the_same_time_of_day_and_only_where_it_is_known_whole(hand: Hand, tiles: Tiles) -> None:
    hand.pass_by("g1", "in", FOUR - 7 * DAY + MINUTE, 70)
    hand.pass_by("g1", "out", NOW - 7 * DAY + MINUTE, 20)
    hand.pass_by("g1", "in", NOW - MINUTE, 1)
    hand.write()
    assert tiles()["people"]["data"]["last_week"] is None  # the data may have begun in the middle of that day
    hand.pass_by("g1", "in", FOUR - 7 * DAY - HOUR, 9)
    hand.write()
    data = tiles(NOW + HOUR)["people"]["data"]
    assert data["last_week"] == 50
    assert tiles(NOW + HOUR)["people"]["data"]["flow_last_week"][16] == {
        "t": "2026-11-20T20:00:00Z",
        "in": 70,
        "out": 0,
    }


def test_fewer_than_nobody_is_nobody_with_a_margin(hand: Hand, tiles: Tiles) -> None:
    hand.pass_by("g1", "out", NOW - MINUTE, 40)
    hand.write()
    data = tiles()["people"]["data"]
    assert (data["in_park"], data["plus_minus"]) == (0, 40)


def test_screenings_of_the_park_day(hand: Hand, tiles: Tiles) -> None:
    hand.screen("s1", "PASS", 36.5, MIDNIGHT - MINUTE)  # yesterday
    for n in range(60):
        hand.screen("s1", "PASS", 36.0, NOW - n * MINUTE)
        hand.screen("s2", "PASS", 36.5, NOW - n * MINUTE)
    hand.screen("s2", "REFER", 37.9, NOW - MINUTE)
    hand.screen("s1", "INVALID", None, NOW)
    hand.write()
    data = tiles()["screening"]["data"]
    assert (data["total"], data["pass"], data["refer"], data["invalid"]) == (122, 120, 1, 1)
    assert data["histogram"][0] == {"c": 36.0, "n": 60}
    assert data["histogram"][-1] == {"c": 37.8, "n": 1}
    assert [b["c"] for b in data["histogram"]] == [36.0, 36.2, 36.4, 36.6, 36.8, 37.0, 37.2, 37.4, 37.6, 37.8]
    (referral,) = data["refer_recent"]
    assert (referral["device_id"], referral["skin_c"]) == ("s2", 37.9)
    first, second = data["by_scanner"]
    assert (first["total"], first["invalid"], first["mean_c"], first["drift_c"]) == (61, 1, 36.0, -0.52)
    assert second["drift_c"] == 0.52


def test_health_by_family_and_building(hand: Hand, tiles: Tiles) -> None:
    hand.measure("m1", "active_power", {NOW: 1.0})
    hand.measure("stranger", "temperature", {NOW: 1.0})
    hand.status("gw", "online", NOW - MINUTE)
    hand.write()
    hand.roll_up()
    hand.status("gw", "offline", NOW, "last-will")
    hand.write()
    hand.now += timedelta(seconds=1)
    hand.roll_up()
    found = tiles()
    data = found["health"]["data"]
    assert (data["total"], data["online"], data["offline"], data["unknown"], data["provisional"]) == (10, 1, 1, 8, 1)
    (offline,) = data["offline_devices"]
    assert (offline["device_id"], offline["building"]["en"], offline["reason"]) == ("gw", "Building 1", "last-will")
    assert offline["heard"] == "2026-11-21T06:40:00Z"
    meter = next(f for f in data["families"] if f["family"] == "meter")
    assert (meter["total"], meter["online"], meter["newest_heard"]) == (3, 1, "2026-11-21T06:40:00Z")
    building = next(b for b in found["spaces"]["data"]["buildings"] if b["space_id"] == "b1")
    assert building == {"space_id": "b1", "devices": 6, "online": 1, "offline": 1, "unknown": 4}


def test_events_leave_out_what_is_as_it_should_be(hand: Hand, tiles: Tiles) -> None:
    hand.decide("g1", 1, NOW)
    hand.pass_by("g1", "in", NOW)
    hand.screen("s1", "PASS", 36.0, NOW)
    hand.door("g1", 0, NOW)
    hand.door("g1", 3, NOW - 3 * HOUR)
    hand.decide("g1", 138, NOW - MINUTE)
    hand.screen("s1", "REFER", 38.0, NOW - 2 * MINUTE)
    hand.measure("p1", "pressure", {NOW: 1.0})
    hand.write()
    hand.roll_up()  # first contact: unknown to online is no news
    items = tiles()["events"]["data"]["items"]
    assert [(i["kind"], i["label"]) for i in items] == [
        ("decision", "denied-passback"),
        ("screening", "REFER"),
        ("door", "forced-open"),
    ]
    assert (items[0]["detail"], items[1]["detail"], items[2]["name"]["zh"]) == ("r1", "38.0 °C", "东门")
    hand.door("g2", 4, NOW + timedelta(seconds=1))
    hand.write()
    assert tiles(NOW + timedelta(seconds=2))["events"]["data"]["items"][0]["label"] == "tamper"


def test_sensors_show_problems_first_then_what_is_watched(hand: Hand, tiles: Tiles) -> None:
    hand.measure("p1", "pressure", {NOW: 3.0})
    hand.measure("l1", "leak", {NOW: 0.0})
    hand.write()
    (pump,) = tiles()["sensors"]["data"]["items"]
    assert (pump["device_id"], pump["value"], pump["unit"], pump["high"], pump["quality"]) == (
        "p1",
        3.0,
        "bar",
        10.0,
        "good",
    )
    assert tiles(NOW + MINUTE)["sensors"]["data"]["items"][0]["quality"] == "stale"
    hand.measure("l1", "leak", {NOW + MINUTE: 1.0})
    hand.measure("p1", "pressure", {NOW + 2 * MINUTE: 30.0})
    hand.now += 2 * MINUTE
    hand.write()
    leak, pump = tiles(NOW + 2 * MINUTE)["sensors"]["data"]["items"]
    assert (leak["point"], leak["value"]) == ("leak", 1.0)
    assert (pump["value"], pump["quality"]) == (30.0, "out-of-range")


def test_ingest_tells_how_data_come_in(hand: Hand, tiles: Tiles) -> None:
    hand.measure("p1", "pressure", {NOW - timedelta(seconds=s): 1.0 for s in range(120)})
    hand.write(DeadLetter(NOW, "not-json", "", b"x", "small", identity=b"1"))
    hand.measure("p1", "pressure", {NOW: 1.0})
    hand.measure("p1", "pressure", {NOW - timedelta(seconds=1): 2.0})
    hand.now += timedelta(seconds=4)
    hand.write()
    data = tiles(NOW + timedelta(seconds=10))["ingest"]["data"]
    assert (data["messages_per_s"], data["readings_per_s"], data["last_batch"]) == (0.1, 2.0, "2026-11-21T06:40:04Z")
    assert (data["dead_letters_today"], data["duplicates_today"], data["conflicts_today"]) == (1, 1, 1)
    assert data["lag_s"] == 10.0  # since the oldest message of the newest batch was received
    later = tiles(NOW + 5 * MINUTE)["ingest"]["data"]
    assert (later["readings_per_s"], later["lag_s"]) == (0.0, 300.0)
    assert (later["dead_letters_today"], later["duplicates_today"], later["conflicts_today"]) == (1, 1, 1)


def test_ages_alone_are_no_news(hand: Hand, board: Board, reader: Database) -> None:
    hand.pass_by("g1", "in", NOW)
    hand.write()
    hand.roll_up()

    def versions(seconds: float) -> dict[str, int]:
        faces = board.refresh(reader, now=NOW + timedelta(seconds=seconds), real=seconds)
        return {name: face.version for name, face in faces.items()}

    first = versions(0)
    hand.now = NOW + timedelta(seconds=1)
    hand.status("g1", "online", hand.now)
    hand.write()
    second = versions(1)
    assert second["health"] == first["health"]  # heard again, nothing else: an age
    assert versions(6)["health"] == first["health"] + 1  # but it is not left to look stale
    hand.now = NOW + timedelta(seconds=7)
    hand.measure("p1", "pressure", {hand.now: 5.0})
    hand.write()
    assert versions(7)["sensors"] == versions(6.5)["sensors"]
    assert versions(8)["sensors"] > second["sensors"]
