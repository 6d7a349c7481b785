"""Whether people are told, on a timeline: planned work that ends by itself, incidents, holds, life safety in all."""

from datetime import datetime, timedelta

import psycopg
import pytest

from pipeline.domain import alarm as machine
from pipeline.domain.alarm import Hold
from pipeline.engine.alarms import notices
from pipeline.engine.alarms.holds import Holds
from pipeline.engine.alarms.telling import Case, decide
from pipeline.store import alarm_holds
from pipeline.store.alarm_holds import NewHold
from pipeline.store.alarms import QUERIES as ALARMS
from pipeline.store.alarms import Raising, Returning, as_json, changed, raise_, return_
from pipeline.store.database import connect
from tests.pipeline.conftest import at
from tests.pipeline.watching import add_device, add_rule, add_watch, alarms, one
from tests.pipeline.watching import notices as told

HOLDS = Holds(timedelta(seconds=30))


@pytest.fixture
def watch(conn: psycopg.Connection) -> int:
    return add_watch(conn, add_rule(conn, "power", "limits"), "m1", "active_power")


@pytest.fixture
def smoke(conn: psycopg.Connection) -> int:
    return add_watch(conn, add_rule(conn, "smoke", "state", life_safety=True, priority="critical"), "m1", "energy")


def raised(conn: psycopg.Connection, watch: int, seconds: float) -> int:
    found = raise_(conn, [Raising(watch, at(seconds), at(seconds), at(seconds), 1.0, {})], now=at(seconds))
    return found[-1]


def acknowledged(conn: psycopg.Connection, alarm: int, seconds: float) -> None:
    row = changed(alarm, machine.Standing(acknowledged=True), now=at(seconds), seen_at=at(seconds), seen_by="Li")
    conn.execute(ALARMS["change_alarms"], {"rows": as_json([row])})


def planned(
    conn: psycopg.Connection, starts: float, ends: float, *, device: str | None = None, space: str | None = None
) -> None:
    conn.execute(
        "insert into smartpark.maintenance_window (park_id, device, space_id, starts, ends, reason, set_by, set_at)"
        " values ('small', (select device from smartpark.device where device_id = %(device)s), %(space)s, %(starts)s,"
        " %(ends)s, 'pump overhaul', 'Li', %(at)s)",
        {"device": device, "space": space, "starts": at(starts), "ends": at(ends), "at": at(0)},
    )


def decided(conn: psycopg.Connection) -> list[tuple[str, str, datetime | None]]:
    return [row[1:] for row in told(conn)]


def test_an_alarm_pages_once(conn: psycopg.Connection, database: str, watch: int) -> None:
    raised(conn, watch, 0)
    with connect(database) as other:
        other.autocommit = True
        assert [notices.run(conn, at(1)), notices.run(other, at(1)), notices.run(conn, at(2))] == [1, 0, 0]
    assert decided(conn) == [("page", "high: 1 s old", None)]


@pytest.mark.parametrize("where", [{"device": "m1"}, {"space": "b1"}, {"space": "site"}, {}])
def test_planned_work_withholds_ends_by_itself_and_then_pages(
    conn: psycopg.Connection, watch: int, where: dict[str, str]
) -> None:
    planned(conn, -60, 3600, **where)
    raised(conn, watch, 0)
    notices.run(conn, at(1))
    assert decided(conn) == [("withheld", "maintenance: pump overhaul, until 2026-11-21T07:00:00+0000", at(3600))]
    assert notices.run(conn, at(3599)) == 0
    assert notices.run(conn, at(3600)) == 1
    assert decided(conn) == [("page", "high: 3600 s old", None)]


@pytest.mark.parametrize(
    ("starts", "ends", "where"),
    [(10, 3600, {}), (-3600, 0, {}), (-60, 3600, {"device": "gw"}), (-60, 3600, {"space": "elsewhere"})],
)
def test_work_at_another_time_or_place_withholds_nothing(
    conn: psycopg.Connection, watch: int, starts: float, ends: float, where: dict[str, str]
) -> None:
    planned(conn, starts, ends, **where)
    raised(conn, watch, 0)
    notices.run(conn, at(1))
    assert [row[0] for row in decided(conn)] == ["page"]


def test_what_is_over_or_seen_when_the_work_ends_pages_nobody(conn: psycopg.Connection, watch: int) -> None:
    planned(conn, -60, 3600)
    raised(conn, watch, 0)
    seen = raised(conn, add_watch(conn, add_rule(conn, "second", "limits"), "m1", "active_power"), 0)
    notices.run(conn, at(1))
    return_(conn, [Returning(watch, at(100), at(100))], now=at(100))
    acknowledged(conn, seen, 100)
    notices.run(conn, at(3601))
    assert decided(conn) == [
        ("withheld", "over: nobody needs to come any more", None),
        ("withheld", "acknowledged: Li has seen it", None),
    ]


def test_work_that_is_cancelled_pages_at_once(conn: psycopg.Connection, watch: int) -> None:
    planned(conn, -60, 3600)
    raised(conn, watch, 0)
    notices.run(conn, at(1))
    conn.execute("update smartpark.maintenance_window set cancelled = %s", [at(60)])
    assert notices.run(conn, at(61)) == 1
    assert decided(conn) == [("page", "high: 61 s old", None)]


def test_a_window_after_a_window_withholds_on(conn: psycopg.Connection, watch: int) -> None:
    planned(conn, -60, 600)
    planned(conn, 500, 1200)
    raised(conn, watch, 0)
    notices.run(conn, at(1))
    notices.run(conn, at(600))
    assert [row[0] for row in decided(conn)] == ["withheld"]
    notices.run(conn, at(1200))
    assert [row[0] for row in decided(conn)] == ["page"]


def test_life_safety_pages_whatever_is_planned_held_or_part_of_something(
    conn: psycopg.Connection, watch: int, smoke: int
) -> None:
    planned(conn, -60, 3600)
    device = one(conn, "select device from smartpark.device where device_id = 'm1'")["device"]
    out = NewHold(kind=Hold.OUT_OF_SERVICE, park_id="small", device=device, reason="rebuilt", owner="Li", set_by="Li")
    alarm_holds.hold(conn, out, now=at(0))
    raised(conn, watch, 0)
    incident(conn, raised(conn, smoke, 0))
    notices.run(conn, at(45))
    assert decided(conn) == [("page", "life-safety: 45 s old", None)]  # the other is out of service: no notice at all


def test_a_shelf_that_ends_by_itself_pages_for_what_is_still_true(conn: psycopg.Connection, watch: int) -> None:
    raised(conn, watch, 0)
    notices.run(conn, at(1))
    shelf = NewHold(
        kind=Hold.SHELVED, park_id="small", watch=watch, reason="known", owner="Li", set_by="Li", until=at(600)
    )
    alarm_holds.hold(conn, shelf, now=at(10))
    assert HOLDS.run(conn, at(599)) == 0
    assert HOLDS.run(conn, at(600)) == 1
    assert alarms(conn)[0]["state"] == "unacknowledged"
    notices.run(conn, at(601))
    assert [row[:2] for row in decided(conn)] == [("page", "high: 1 s old"), ("page", "high: 601 s old")]


def test_a_notice_of_what_was_shelved_meanwhile_goes_nowhere(conn: psycopg.Connection, watch: int) -> None:
    raised(conn, watch, 0)
    shelf = NewHold(
        kind=Hold.SHELVED, park_id="small", watch=watch, reason="known", owner="Li", set_by="Li", until=at(600)
    )
    alarm_holds.hold(conn, shelf, now=at(0))
    notices.run(conn, at(1))
    assert decided(conn) == [("withheld", "held: shelved", None)]


def test_a_hold_that_missed_its_alarm_is_mended(conn: psycopg.Connection, watch: int) -> None:
    """Set while another transaction raised: neither saw the other."""
    raised(conn, watch, 0)
    conn.execute(
        "insert into smartpark.alarm_hold (kind, park_id, watch, reason, owner, set_by, set_at, until)"
        " values ('shelved', 'small', %s, 'known', 'Li', 'Li', %s, %s)",
        [watch, at(0), at(600)],
    )
    assert HOLDS.run(conn, at(1)) == 1
    assert alarms(conn)[0]["state"] == "shelved"


def incident(conn: psycopg.Connection, *numbers: int) -> None:
    """What the incident step makes of alarms that share a cause; the first explains the others."""
    found = one(
        conn,
        "insert into smartpark.incident (park_id, cause, root, opened, last, alarms)"
        " values ('small', 'gateway', %s, %s, %s, 1) returning incident",
        [numbers[0], at(0), at(0)],
    )["incident"]
    conn.execute("update smartpark.alarm set incident = %s where alarm = any (%s)", [found, list(numbers)])


def test_of_an_incident_one_pages(conn: psycopg.Connection) -> None:
    rule = add_rule(conn, "room-hot", "limits")
    urgent = add_rule(conn, "leak", "limits", priority="critical")
    for name in ("s1", "s2", "s3", "s4"):
        add_device(conn, name, gateway="gw")
    first, root, later = (raised(conn, add_watch(conn, rule, name), 0) for name in ("s1", "s2", "s3"))
    incident(conn, root, first)
    conn.execute("update smartpark.alarm set incident = (select max(incident) from smartpark.incident)")
    notices.run(conn, at(1))
    number = one(conn, "select max(incident) as n from smartpark.incident")["n"]
    part = ("withheld", f"incident: part of incident {number}", None)
    assert {row[0]: row[1:] for row in told(conn)} == {root: ("page", "high: 1 s old", None), first: part, later: part}
    worse = raised(conn, add_watch(conn, urgent, "s4"), 10)
    conn.execute("update smartpark.alarm set incident = %s where alarm = %s", [number, worse])
    notices.run(conn, at(11))
    assert told(conn, worse) == [(worse, "page", "critical: 1 s old", None)]
    conn.execute("update smartpark.incident set closed = %s", [at(20)])
    return_(
        conn, [Returning(one(conn, "select min(watch) as w from smartpark.alarm")["w"], at(20), at(20))], now=at(20)
    )
    raised(conn, one(conn, "select min(watch) as w from smartpark.alarm")["w"], 30)  # after the incident: by itself
    notices.run(conn, at(31))
    assert [row[1] for row in told(conn, first)] == ["withheld", "page"]


def test_what_comes_back_while_it_chatters_pages_no_more(conn: psycopg.Connection, watch: int) -> None:
    alarm = raised(conn, watch, 0)
    notices.run(conn, at(1))
    return_(conn, [Returning(watch, at(2), at(2))], now=at(2))
    raised(conn, watch, 3)
    conn.execute("update smartpark.alarm set chattering = true")
    notices.run(conn, at(4))
    assert [row[1:3] for row in told(conn, alarm)] == [
        ("page", "high: 1 s old"),
        ("withheld", "chattering: people know of it"),
    ]


def test_decisions_give_their_reason() -> None:
    """Every word that a reason may start with; docs and screens know them."""
    calm = {"life_safety": False, "priority": "low", "raised": at(0)}
    cases = {
        "life-safety": Case(**{**calm, "life_safety": True, "closed": True, "historic": True}),
        "historic": Case(**calm, historic=True, closed=True),
        "acknowledged": Case(**calm, acknowledged=True),
        "over": Case(**calm, closed=True),
        "held": Case(**calm, hold="shelved"),
        "maintenance": Case(**calm, ends=at(60), work="w"),
        "incident": Case(**calm, incident=1, incident_told=at(0), incident_urgency="low"),
        "chattering": Case(**calm, chattering=True, told=at(0)),
        "low": Case(**calm),
    }
    for word, case in cases.items():
        one_ = decide(case, now=at(5))
        assert one_.reason.split(":")[0] == word
        assert one_.page == (word in ("life-safety", "low"))


def test_what_else_happens_in_a_building_pages_for_itself(conn: psycopg.Connection, watch: int) -> None:
    cold = add_rule(conn, "cold", "limits")
    for device in ("x1", "x2"):
        add_device(conn, device)
    rooms = [add_watch(conn, cold, device) for device in ("x1", "x2")]
    numbers = [raised(conn, one_of, 0) for one_of in (*rooms, watch)]
    incident(conn, *numbers)
    conn.execute("update smartpark.incident set cause = 'rule'")
    notices.run(conn, at(1))
    page, part, other = ([row[1] for row in told(conn) if row[0] == number] for number in numbers)
    assert (page, part, other) == (["page"], ["withheld"], ["page"])
