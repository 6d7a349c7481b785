"""Readings of a point: as stored, by bucket, by park day, for a budget of pixels; the answer says what it read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.models import Readings
from tests.api.conftest import PEAK, PEAK_AT
from tests.api.messages import Hand, every
from tests.api.serving import NOW, Served, serving

POWER = "/api/v1/readings?device=m1&name=active_power"


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def ask(api: Served, **query: object) -> dict[str, Any]:
    found = api.get(POWER + "".join(f"&{key}={value}" for key, value in query.items()))
    assert found.status == 200, found.body
    Readings.model_validate_json(found.body)  # as OpenAPI describes it
    answer: dict[str, Any] = found.json
    return answer


def test_raw_readings_are_told_as_they_were_stored(api: Served) -> None:
    answer = ask(api, **{"from": iso(NOW - timedelta(minutes=3)), "to": iso(NOW)})
    assert (answer["resolution"], answer["unit"], answer["kind"], answer["bins"]) == ("raw", "kW", "gauge", None)
    assert [(s["value"], s["quality"]) for s in answer["samples"]] == [
        (100.0, "good"),
        (100.0, "good"),
        (490.0, "bad"),
        (100.0, "good"),
    ]
    assert answer["as_of"] == iso(NOW - timedelta(minutes=1))


def test_a_point_has_a_number_too(api: Served) -> None:
    number = ask(api)["point"]
    answer = api.ok(f"/api/v1/readings?point={number}&from={iso(NOW - timedelta(minutes=3))}&to={iso(NOW)}")
    assert (answer["device_id"], answer["name"]) == ("m1", "active_power")
    assert api.get(f"/api/v1/readings?point={number}&park=other").status == 404


@pytest.mark.parametrize(
    ("days", "pixels", "resolution"), [(3, 2000, "raw"), (3, 100, "15m"), (3, 10, "1h"), (3, 1, "1h"), (60, 50, "1h")]
)
def test_the_peak_is_there_at_any_zoom(api: Served, days: int, pixels: int, resolution: str) -> None:
    answer = ask(api, **{"from": iso(NOW - timedelta(days=days)), "to": iso(NOW), "pixels": pixels})
    bins = [b for b in answer["bins"] if b["n"]]
    assert answer["resolution"] == resolution
    assert 0 < len(bins) <= pixels
    assert max(b["max"] for b in bins) == PEAK  # neither hidden, nor outdone by the value that the device called bad
    (highest,) = [b for b in bins if b["max"] == PEAK]
    begin = instant(highest["t"])
    assert begin <= PEAK_AT < begin + timedelta(seconds=answer["bin_s"])


@pytest.mark.parametrize("query", [{"pixels": 2000}, {"pixels": 200}, {"resolution": "15m"}])
def test_a_gap_stays_a_gap(api: Served, query: dict[str, object]) -> None:
    answer = ask(api, **{"from": iso(NOW - timedelta(days=2)), "to": iso(NOW)}, **query)
    (gap,) = [b for b in answer["bins"] if b["n"] == 0]
    assert gap["mean"] is None
    assert abs(instant(gap["t"]) - (NOW - timedelta(hours=30))) <= timedelta(seconds=answer["bin_s"])


def test_buckets_and_the_newest_minutes_that_no_roll_up_has_yet(hand: Hand, database: str) -> None:
    hand.measure("m1", "active_power", dict.fromkeys(every(timedelta(minutes=1), NOW - timedelta(hours=5), NOW), 10.0))
    hand.write()
    hand.roll_up()
    hand.sql(b"delete from smartpark.rollup_15m where bucket >= '2026-11-21T06:00:00Z'")
    hand.sql(b"delete from smartpark.rollup_1h where bucket >= '2026-11-21T06:00:00Z'")
    with serving(database) as api:
        by_quarter = ask(api, resolution="15m", **{"from": iso(NOW - timedelta(hours=2))})
        by_hour = ask(api, resolution="1h", **{"from": iso(NOW - timedelta(hours=5))})
    assert [b["n"] for b in by_quarter["bins"]] == [15, 15, 15, 15, 15, 15, 15, 15, 10]
    assert [b["n"] for b in by_hour["bins"]] == [20, 60, 60, 60, 60, 40]
    assert {b["mean"] for b in by_quarter["bins"] + by_hour["bins"]} == {10.0}


def test_days_are_the_park_s_own(api: Served) -> None:
    answer = ask(api, resolution="day", **{"from": iso(NOW - timedelta(days=3)), "to": iso(NOW)})
    assert [b["day"] for b in answer["bins"]] == ["2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21"]
    assert answer["bins"][1]["t"] == "2026-11-18T16:00:00Z"
    assert answer["bins"][1]["max"] == PEAK
    assert answer["bins"][1]["n"] == 1441


def test_too_many_rows_are_an_error_that_says_what_to_ask_instead(api: Served) -> None:
    for query in (
        f"resolution=15m&from={iso(NOW - timedelta(days=400))}",
        f"resolution=1h&from={iso(NOW - timedelta(days=4000))}",
    ):
        answer = api.get(f"{POWER}&{query}")
        assert answer.status == 400
        assert answer.json["type"] == "/api/v1/problems/too-many-rows"
        assert "pixels=1000" in answer.json["errors"][0]["write"]


def test_too_many_raw_readings_too(hand: Hand, database: str) -> None:
    hand.sql(
        b"insert into smartpark.reading (ts, received, point, quality, value)"
        b" select t, t, p.point, 192, 1 from park.points p,"
        b" generate_series(timestamptz '2026-11-21T00:00:00Z', '2026-11-21T05:33:20Z', interval '1 s') t"
        b" where p.device_id = 'm1' and p.name = 'active_power'"
    )
    with serving(database) as api:
        window = "&from=2026-11-21T00:00:00Z&to=2026-11-21T06:00:00Z"
        assert api.get(POWER + window).json["type"] == "/api/v1/problems/too-many-rows"
        assert len(api.ok(POWER + window.replace("T06", "T05"))["samples"]) == 18000
        assert sum(b["n"] for b in api.ok(f"{POWER}{window}&pixels=500")["bins"]) == 20001


def test_where_raw_is_no_longer_kept_roll_ups_answer(hand: Hand, database: str) -> None:
    hand.measure("m1", "active_power", dict.fromkeys(every(timedelta(minutes=1), NOW - timedelta(hours=5), NOW), 10.0))
    hand.write()
    hand.roll_up()
    hand.sql(b"delete from smartpark.reading where ts < '2026-11-21T05:00:00Z'")
    with serving(database) as api:
        old = ask(api, pixels=4000, **{"from": iso(NOW - timedelta(hours=6))})
        new = ask(api, pixels=400, **{"from": iso(NOW - timedelta(hours=1))})
    assert (old["resolution"], sum(b["n"] for b in old["bins"])) == ("15m", 300)
    assert (new["resolution"], sum(b["n"] for b in new["bins"])) == ("raw", 60)


def test_a_point_without_readings_is_empty_and_says_never(hand: Hand, database: str) -> None:
    with serving(database) as api:
        answer = ask(api)
        assert (answer["samples"], answer["as_of"]) == ([], None)
        assert ask(api, pixels=100)["bins"] == []


def test_times_may_have_any_offset_and_answers_are_utc(api: Served) -> None:
    here = ask(api, **{"from": "2026-11-21T14:00:00%2B08:00", "to": "2026-11-21T14:05:00+08:00"})
    there = ask(api, **{"from": "2026-11-21T06:00:00Z", "to": "2026-11-21T06:05:00Z"})
    assert here == there
    assert here["since"] == "2026-11-21T06:00:00Z"
    assert datetime.fromisoformat(here["samples"][0]["ts"]).tzinfo == UTC
