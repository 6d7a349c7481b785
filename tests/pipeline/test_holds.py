"""Holds on a timeline: a shelf ends by itself, the strongest of several counts, life safety is never held."""

from datetime import timedelta

import psycopg
import pytest

from pipeline.domain.alarm import AlarmRefused, Hold
from pipeline.engine.alarms.holds import Holds
from pipeline.store.alarm_holds import NewHold, hold, release
from pipeline.store.alarms import Raising, Returning, raise_, return_
from tests.pipeline.conftest import at
from tests.pipeline.watching import add_rule, add_watch, alarms, journal, notices, one


@pytest.fixture
def watch(conn: psycopg.Connection) -> int:
    return add_watch(conn, add_rule(conn, "power", "limits", {"high": 400}), "m1", "active_power")


def raised(conn: psycopg.Connection, watch: int, seconds: float) -> None:
    reason = {"kind": "limits", "value": 450.0, "high": 400}
    raise_(conn, [Raising(watch, at(seconds), at(seconds), at(seconds), 450.0, reason)], now=at(seconds))


def returned(conn: psycopg.Connection, watch: int, seconds: float) -> None:
    return_(conn, [Returning(watch, at(seconds), at(seconds))], now=at(seconds))


def shelf(watch: int, until: float) -> NewHold:
    return NewHold(
        kind=Hold.SHELVED, park_id="small", watch=watch, reason="pump test", owner="Li", set_by="Li", until=at(until)
    )


def out_of_service(conn: psycopg.Connection) -> NewHold:
    device = one(conn, "select device from smartpark.device where device_id = 'm1'")["device"]
    return NewHold(
        kind=Hold.OUT_OF_SERVICE, park_id="small", device=device, reason="rebuilt", owner="Wang", set_by="Wang"
    )


def test_what_is_released_and_still_true_alarms_anew(conn: psycopg.Connection, watch: int) -> None:
    raised(conn, watch, 0)
    number = hold(conn, shelf(watch, 3600), now=at(10))
    (alarm,) = alarms(conn)
    assert (alarm["state"], alarm["hold"]) == ("shelved", "shelved")
    assert release(conn, [number], now=at(20), by="Li", reason="done early") == [alarm["alarm"]]
    assert release(conn, [number], now=at(21), by="Li") == []  # twice is harmless
    (alarm,) = alarms(conn)
    assert (alarm["state"], alarm["hold"], alarm["annunciated"]) == ("unacknowledged", None, at(20))
    assert journal(conn, alarm["alarm"])[1:] == [
        ("hold", "unacknowledged", "shelved", "pump test"),
        ("release", "shelved", "unacknowledged", "done early"),
    ]
    assert [n[2] for n in notices(conn)] == ["raised", "released"]


def test_what_is_over_when_it_is_released_closes(conn: psycopg.Connection, watch: int) -> None:
    raised(conn, watch, 0)
    number = hold(conn, shelf(watch, 3600), now=at(10))
    returned(conn, watch, 15)  # nobody was shown it, nobody needs to see that it is over
    assert alarms(conn)[0]["closed"] == at(15)
    raised(conn, watch, 2000)
    assert alarms(conn)[1]["state"] == "shelved"
    assert release(conn, [number], now=at(2010)) == [alarms(conn)[1]["alarm"]]


def test_the_strongest_of_several_holds_counts(conn: psycopg.Connection, watch: int) -> None:
    raised(conn, watch, 0)
    shelved = hold(conn, shelf(watch, 3600), now=at(1))
    whole_device = hold(conn, out_of_service(conn), now=at(2))
    assert alarms(conn)[0]["state"] == "out-of-service"
    release(conn, [whole_device], now=at(3))
    assert alarms(conn)[0]["state"] == "shelved"
    hold(conn, out_of_service(conn), now=at(4))
    release(conn, [shelved], now=at(5))
    (alarm,) = alarms(conn)
    assert alarm["state"] == "out-of-service"
    assert [entry[:3] for entry in journal(conn, alarm["alarm"])[1:]] == [
        ("hold", "unacknowledged", "shelved"),
        ("hold", "shelved", "out-of-service"),
        ("release", "out-of-service", "shelved"),
        ("hold", "shelved", "out-of-service"),
    ]


def test_life_safety_is_never_held(conn: psycopg.Connection) -> None:
    smoke = add_watch(conn, add_rule(conn, "smoke", "state", life_safety=True), "m1", "active_power")
    with pytest.raises(AlarmRefused, match="life-safety"):
        hold(conn, shelf(smoke, 3600), now=at(0))
    hold(conn, out_of_service(conn), now=at(1))
    raised(conn, smoke, 2)
    assert alarms(conn)[0]["state"] == "unacknowledged"
    hold(conn, out_of_service(conn), now=at(3))
    assert alarms(conn)[0]["state"] == "unacknowledged"


def test_a_rule_that_becomes_life_safety_lets_go_of_what_it_kept(conn: psycopg.Connection, watch: int) -> None:
    raised(conn, watch, 0)
    hold(conn, shelf(watch, 3600), now=at(10))
    add_rule(conn, "power", "limits", {"high": 400}, life_safety=True)
    assert Holds(timedelta(seconds=60)).run(conn, at(20)) == 1
    assert alarms(conn)[0]["state"] == "unacknowledged"
    assert [n[2] for n in notices(conn)] == ["raised", "released"]
    assert Holds(timedelta(seconds=60)).run(conn, at(21)) == 0


def test_a_shelf_on_what_is_shelved_moves_its_end(conn: psycopg.Connection, watch: int) -> None:
    raised(conn, watch, 0)
    assert hold(conn, shelf(watch, 100), now=at(1)) == hold(conn, shelf(watch, 200), now=at(2))
    assert one(conn, "select count(*), max(until) as until from smartpark.alarm_hold") == {"count": 1, "until": at(200)}
