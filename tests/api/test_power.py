"""Power and energy: from registers, at the same time of day, over clock changes, resets and missing meters."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.database import Database
from api.tiles.look import Look, ParkInfo
from api.tiles.power import PowerTile
from api.tiles.registers import PastDay, Registers
from tests.api.messages import Hand, every
from tests.api.serving import NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MIDNIGHT = datetime(2026, 11, 20, 16, tzinfo=UTC)


@pytest.fixture
def reader(database: str) -> Iterator[Database]:
    found = Database(database)
    found.open()
    yield found
    found.close()


class Wall:
    """The tile as it goes on from one look to the next."""

    def __init__(self, database: Database, zone: str = "Asia/Shanghai") -> None:
        from zoneinfo import ZoneInfo

        self.database, self.tile = database, PowerTile()
        self.park = ParkInfo("small", {}, {}, ZoneInfo(zone))

    def at(self, now: datetime) -> dict[str, Any]:
        with self.database.read() as opened:
            return self.tile.compute(Look(opened, self.park, now=now, buildings={})).data


def climb(since: datetime, until: datetime, kw: float, *, start: float = 0.0) -> dict[datetime, float | None]:
    """A register that grows steadily, read every five minutes from `since` to `until`."""
    return {t: start + (t - since) / HOUR * kw for t in every(5 * MINUTE, since, until + 5 * MINUTE)}


def test_power_now_is_the_sum_of_fresh_main_meters(hand: Hand, reader: Database) -> None:
    hand.measure("m1", "active_power", {NOW - timedelta(seconds=20): 120.5})
    hand.write()
    wall = Wall(reader)
    assert (wall.at(NOW)["now_kw"], wall.at(NOW)["fresh"]) == (120.5, 1)
    late = wall.at(NOW + timedelta(seconds=11))  # older than three of its intervals
    assert (late["now_kw"], late["fresh"], late["meters"]) == (None, 0, 1)
    hand.measure("m1", "active_power", {NOW: 900.0})  # above what is plausible, uncertain, but what the meter says
    hand.measure("m1", "active_power", {NOW + timedelta(seconds=1): 3.0}, bad=True)
    hand.write()
    assert wall.at(NOW + timedelta(seconds=2))["now_kw"] is None


def test_energy_today_against_yesterday_and_last_week(hand: Hand, reader: Database) -> None:
    begin = MIDNIGHT - 8 * DAY
    hand.measure("m1", "energy", climb(begin, MIDNIGHT - 6 * DAY, 40.0, start=500.0))
    hand.measure("m1", "energy", climb(MIDNIGHT - 6 * DAY, MIDNIGHT, 100.0, start=500.0 + 48 * 40))
    stand = 500.0 + 48 * 40 + 144 * 100
    hand.measure("m1", "energy", climb(MIDNIGHT, NOW, 60.0, start=stand))
    hand.write()
    hand.roll_up()
    found = Wall(reader).at(NOW)
    hours = (NOW - MIDNIGHT) / HOUR
    assert found["today_kwh"] == pytest.approx(
        hours * 60, abs=9
    )  # what grew in the interval that midnight cut is today's
    assert found["yesterday_kwh"] == pytest.approx(hours * 100, abs=3)
    assert found["yesterday_total_kwh"] == pytest.approx(2400, abs=10)
    assert found["last_week_kwh"] == pytest.approx(hours * 40, abs=3)


def test_what_came_since_the_roll_up_is_in_today(hand: Hand, reader: Database) -> None:
    hand.measure("m1", "energy", climb(MIDNIGHT - HOUR, NOW - HOUR, 60.0))
    hand.write()
    hand.roll_up()
    wall = Wall(reader)
    before = wall.at(NOW - HOUR)["today_kwh"]
    hand.measure("m1", "energy", {NOW: (NOW - MIDNIGHT + HOUR) / HOUR * 60.0})
    hand.write()
    assert wall.at(NOW)["today_kwh"] == pytest.approx(before + 60, abs=0.01)


def test_a_register_that_was_replaced_counts_from_zero(hand: Hand, reader: Database) -> None:
    hand.measure("m1", "energy", climb(MIDNIGHT - HOUR, MIDNIGHT + HOUR, 60.0, start=9000.0))
    hand.write()
    hand.roll_up()
    wall = Wall(reader)
    before = wall.at(MIDNIGHT + HOUR)["today_kwh"]
    hand.measure("m1", "energy", {MIDNIGHT + 2 * HOUR: 7.0})
    hand.write()
    assert wall.at(MIDNIGHT + 2 * HOUR)["today_kwh"] == pytest.approx(before + 7)
    hand.roll_up()
    assert wall.at(MIDNIGHT + 3 * HOUR)["today_kwh"] == pytest.approx(before + 7)


def test_yesterday_is_unknown_where_the_data_began_in_it(hand: Hand, reader: Database) -> None:
    hand.measure("m1", "energy", climb(MIDNIGHT - 6 * HOUR, NOW, 60.0))
    hand.write()
    hand.roll_up()
    found = Wall(reader).at(NOW)
    assert (found["yesterday_kwh"], found["yesterday_total_kwh"]) == (None, None)
    assert found["today_kwh"] is not None


def test_a_new_day_begins_at_zero(hand: Hand, reader: Database) -> None:
    hand.measure("m1", "energy", climb(MIDNIGHT - 2 * DAY, MIDNIGHT + MINUTE, 60.0))
    hand.write()
    hand.roll_up()
    wall = Wall(reader)
    found = wall.at(MIDNIGHT + MINUTE)
    assert found["today_kwh"] == pytest.approx(5, abs=0.1)  # the five minutes up to the reading at midnight
    assert found["yesterday_total_kwh"] == pytest.approx(1440, abs=6)


def test_the_curve_is_the_mean_power_and_its_peak(hand: Hand, reader: Database) -> None:
    hand.measure("m1", "active_power", dict.fromkeys(every(MINUTE, MIDNIGHT - DAY, NOW), 100.0))
    hand.measure("m1", "active_power", {MIDNIGHT + HOUR + timedelta(seconds=30) + n * MINUTE: 300.0 for n in range(15)})
    hand.write()
    hand.roll_up()
    found = Wall(reader).at(NOW)
    assert found["curve"][0] == {"t": MIDNIGHT, "kw": 100.0, "meters": 1}
    assert (found["peak_kw"], found["peak_at"]) == (200.0, MIDNIGHT + HOUR)
    assert len(found["curve"]) == 59
    assert [c["t"] for c in found["curve_yesterday"]] == every(15 * MINUTE, MIDNIGHT, MIDNIGHT + DAY)
    assert found["curve_last_week"] == []


def test_what_no_sub_meter_saw_is_unallocated(hand: Hand, reader: Database) -> None:
    for device, kw in (("m1", 100.0), ("sub-hvac", 50.0), ("sub-lighting", 20.0)):
        hand.measure(device, "energy", climb(MIDNIGHT - HOUR, MIDNIGHT + 2 * HOUR, kw))
    hand.write()
    hand.roll_up()
    uses = {item["use"]: item["kwh"] for item in Wall(reader).at(MIDNIGHT + 2 * HOUR)["breakdown"]}
    assert uses["hvac"] == pytest.approx(100, abs=5)
    assert uses["unallocated"] == pytest.approx(60, abs=3)
    assert uses["power"] is None


def test_the_same_time_of_day_after_the_clocks_went_forward(hand: Hand, reader: Database) -> None:
    midnight = datetime(2026, 3, 28, 23, tzinfo=UTC)  # of Sunday, 29 March, in Berlin: a day of 23 hours
    hand.now = midnight + 11 * HOUR
    hand.measure("m1", "energy", climb(midnight - DAY - HOUR, midnight, 100.0))
    hand.measure("m1", "energy", climb(midnight, hand.now, 50.0, start=2500.0))
    hand.write()
    hand.roll_up()
    found = Wall(reader, "Europe/Berlin").at(hand.now)  # 12:00 there, 11 hours into the day
    assert found["today_kwh"] == pytest.approx(550, abs=9)
    assert found["yesterday_kwh"] == pytest.approx(1200, abs=9)  # 12:00 was 12 hours into it


@given(st.lists(st.floats(0, 100), min_size=96, max_size=96), st.integers(1, 24 * 60))
def test_a_past_day_until_any_minute_is_between_its_bins(amounts: list[float], minutes: int) -> None:
    day = PastDay(MIDNIGHT, {MIDNIGHT + n * 15 * MINUTE: amount for n, amount in enumerate(amounts)})
    total = day.total(MIDNIGHT + minutes * MINUTE)
    assert total is not None
    whole = minutes // 15
    assert sum(amounts[:whole]) - 1e-6 <= total <= sum(amounts[: whole + 1]) + 1e-6


@given(st.floats(0, 1e6), st.floats(0, 1e3), st.floats(0, 1e6))
def test_energy_of_today_is_never_negative(stand: float, grown: float, register: float) -> None:
    found = Registers(MIDNIGHT, {1: grown}, {1: stand}).up_to(1, register)
    assert found is not None
    assert found >= grown
