"""Planned work: slots exist before they are done, one order each, also for what was missed; certificates run out."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.plan import calendar_dues, counted_on, expiry
from pipeline.domain.work_order import OrderAction
from pipeline.engine.desk import closing, plans
from pipeline.parkfile import reader
from pipeline.store import desk, desk_order_rules, desk_plans, parks
from pipeline.store.database import connect
from pipeline.store.desk_section import DeskFileError
from pipeline.store.desk_services import Bilingual
from pipeline.store.work_orders import OrderAct, act
from tests.conftest import REPO
from tests.pipeline.watching import one, rows

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)  # noon
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")


@given(
    st.integers(-400, 400), st.integers(1, 40), st.lists(st.integers(0, 1439), min_size=1, max_size=3, unique=True),
    st.integers(0, 90 * 1440), st.integers(0, 60 * 1440), st.sampled_from([SHANGHAI, BERLIN]),
)  # fmt: skip
def test_dues_are_those_that_a_day_by_day_look_finds(
    shift: int, every: int, minutes: list[int], begin: int, length: int, zone: ZoneInfo
) -> None:
    starts = date(2026, 9, 1) + timedelta(days=shift)
    after = datetime(2026, 9, 20, tzinfo=UTC) + timedelta(minutes=begin)
    upto = after + timedelta(minutes=length)
    times = [f"{m // 60:02}:{m % 60:02}" for m in minutes]
    expected = []
    for n in range(-2, 400):
        day = date(2026, 8, 1) + timedelta(days=n)
        if day >= starts and (day - starts).days % every == 0:
            local = [datetime(day.year, day.month, day.day, m // 60, m % 60, tzinfo=zone) for m in minutes]
            expected += [t.astimezone(UTC) for t in local if after < t.astimezone(UTC) <= upto]
    assert calendar_dues(starts, every, times, zone=zone, after=after, upto=upto) == sorted(expected)


def test_a_counter_makes_work_due_once_however_far_it_ran() -> None:
    assert counted_on(None, 1730.0, 500.0) == (False, 1730.0)
    assert counted_on(1730.0, 2229.0, 500.0) == (False, 1730.0)
    assert counted_on(1730.0, 2230.0, 500.0) == (True, 2230.0)
    assert counted_on(1730.0, 3500.0, 500.0) == (True, 3230.0)
    assert counted_on(1730.0, 3.0, 500.0) == (False, 3.0)  # the meter was replaced
    assert expiry(date(2026, 12, 31), zone=SHANGHAI) == datetime(2026, 12, 31, 16, tzinfo=UTC)


def plan(name: str, **more: Any) -> desk_plans.PlanRow:
    values: dict[str, Any] = {"kind": "planned", "service": "maintenance", "skill": "plumbing"}
    return desk_plans.PlanRow(id=name, name=Bilingual(zh="{device} 保养", en="{device} care"), **values | more)


def apply(conn: psycopg.Connection, *wanted: desk_plans.PlanRow, now: datetime = NOW) -> Any:
    return desk_plans.apply(conn, "small", wanted, now, "test")


def orders(conn: psycopg.Connection) -> list[dict[str, Any]]:
    return rows(conn, "select * from smartpark.work_order order by work_order")


def slots(conn: psycopg.Connection, plan_id: str) -> list[datetime]:
    found = conn.execute("select due from park.plan_slots where plan_id = %s order by due", [plan_id]).fetchall()
    return [due for (due,) in found]


def test_by_the_calendar_each_slot_is_one_order_and_missed_ones_come_later(
    conn: psycopg.Connection, database: str
) -> None:
    care = plan("care", every_days=7, at=["09:00"], starts=date(2026, 11, 2), lead_days=2)
    patrol = plan("patrol", kind="round", every_days=1, at=["22:30", "01:30"], service="patrol", space="b1")
    assert apply(conn, care, patrol) == (2, 0, 0)
    assert apply(conn, care, patrol) == (0, 0, 0)
    with connect(database) as other:
        other.autocommit = True
        plans.run(conn, NOW)
        assert [plans.run(c, NOW) for c in (conn, other)] == [0, 0]
    assert slots(conn, "care")[0] == datetime(2026, 11, 23, 1, tzinfo=UTC)  # not those before there was a plan
    assert slots(conn, "patrol")[0] == datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
    assert orders(conn) == []
    monday = datetime(2026, 11, 23, 1, tzinfo=UTC)
    plans.run(conn, monday - 2 * DAY - HOUR)
    assert [o["origin"] for o in orders(conn)] == ["round", "round"]
    plans.run(conn, monday - 2 * DAY)
    first = orders(conn)[-1]
    assert (first["origin"], first["appointment"], first["title_en"]) == ("planned", monday, "{device} care")
    plans.run(conn, monday + 20 * DAY)  # the engine was down for three weeks
    assert slots(conn, "care")[:4] == [monday + n * 7 * DAY for n in range(4)]
    found = [o for o in orders(conn) if o["origin"] == "planned"]
    assert [o["cause"].split(":", 2)[2] for o in found] == [(monday + n * 7 * DAY).isoformat() for n in range(4)]
    assert len([o for o in orders(conn) if o["origin"] == "round"]) == 2 * 23
    later = monday + 21 * DAY
    every_ten = plan("care", every_days=10, at=["09:00"], starts=date(2026, 11, 2), lead_days=2)
    assert apply(conn, every_ten, now=later) == (0, 1, 1)
    plans.run(conn, later)
    ahead = [due for due in slots(conn, "care") if due > later]
    assert ahead[0].astimezone(SHANGHAI).date() == date(2026, 12, 22)
    assert (
        one(conn, "select count(*) as n from park.plan_slots where plan_id = 'patrol' and due > %s", [later])["n"] == 0
    )


def test_by_a_counter_it_is_due_each_time_so_much_has_run(conn: psycopg.Connection) -> None:
    apply(conn, plan("grease-{device}", devices=["m1"], counter="energy", every=500.0))
    point = one(conn, "select point from smartpark.maintenance_plan")["point"]

    def counts(value: float, hours: float, quality: int = 192) -> list[tuple[Any, ...]]:
        at = NOW + hours * HOUR
        conn.execute(
            "insert into smartpark.latest (point, ts, received, value, quality) values (%s, %s, %s, %s, %s) on conflict"
            " (point) do update set ts = excluded.ts, value = excluded.value, quality = excluded.quality",
            [point, at, at, value, quality],
        )
        plans.run(conn, at)
        return [(o["title_zh"], o["words"]) for o in orders(conn)]

    assert counts(1000, 0) == []
    assert counts(9000, 1, quality=0) == []
    assert counts(1499, 2) == []
    assert counts(1520, 3) == [("总表 保养", "1520")]
    assert len(counts(1999, 4)) == 1
    assert len(counts(4000, 5)) == 2
    assert len(counts(10, 6)) == 2
    assert len(counts(510, 7)) == 3


def test_a_certificate_that_runs_out_is_urgent_until_there_is_a_new_one(conn: psycopg.Connection) -> None:
    lift = plan("lift", kind="inspection", service="inspection", expires=date(2026, 12, 15), lead_days=20)
    apply(conn, lift)
    over = datetime(2026, 12, 15, 16, tzinfo=UTC)
    plans.run(conn, over - 20 * DAY - HOUR)
    assert (slots(conn, "lift"), orders(conn)) == ([over], [])
    plans.run(conn, over - 20 * DAY)
    (order,) = orders(conn)
    assert (order["origin"], order["priority"]) == ("inspection", "P4")
    plans.run(conn, over - HOUR)
    assert orders(conn)[0]["priority"] == "P4"
    assert [plans.run(conn, over), plans.run(conn, over + HOUR)] == [1, 0]
    assert orders(conn)[0]["priority"] == "P2"

    def do(number: int, *actions: OrderAction, **more: Any) -> None:
        for action in actions:
            act(conn, OrderAct(order=number, action=action, actor="li", **more), now=over + DAY)

    do(order["work_order"], OrderAction.CANCEL, reason="no time")
    assert [plans.run(conn, over + DAY), plans.run(conn, over + 2 * DAY)] == [1, 0]
    again = orders(conn)[1]
    assert (again["priority"], again["cause"].endswith(":expired")) == ("P2", True)
    do(again["work_order"], OrderAction.ACCEPT)
    do(again["work_order"], OrderAction.FINISH, detail={"expires": "2027-12-15"})
    assert plans.run(conn, over + DAY) == 0  # nobody has confirmed it
    do(again["work_order"], OrderAction.CONFIRM)
    closing.run(conn, over + DAY)
    assert plans.run(conn, over + DAY) == 1
    assert one(conn, "select expires from park.maintenance_plans")["expires"] == date(2027, 12, 15)
    assert apply(conn, lift, now=over + 2 * DAY) == (0, 0, 0)  # the file's old day takes nothing back
    assert plans.run(conn, over + 299 * DAY) == 0
    assert plans.run(conn, over + 365 * DAY - 20 * DAY) == 2
    assert orders(conn)[-1]["priority"] == "P4"


def test_a_plan_that_cannot_be_is_refused(conn: psycopg.Connection) -> None:
    for row, what in (
        (plan("a"), "say one of every_days"),
        (plan("a", every_days=1, expires=date(2027, 1, 1)), "say one of every_days"),
        (plan("a", every=5.0, devices=["m1"]), "go together"),
        (plan("a", every=5.0, counter="energy"), "is one of devices"),
        (plan("a", every=5.0, counter="active_power", devices=["m1"]), "no counter active_power of device m1"),
        (plan("a", every_days=1, devices=["m1", "g1"]), "has .device. in it"),
        (plan("a", every_days=1, devices=["m9"]), "no device m9"),
        (plan("a", every_days=1, space="b9"), "no b9 among its spaces"),
        (plan("a", expires=date(2027, 1, 1), at=["09:00"]), "at is for every_days"),
    ):
        with pytest.raises(DeskFileError, match=what):
            apply(conn, row)


def test_the_demonstration_park_s_plans_and_order_rules_hold(conn: psycopg.Connection) -> None:
    parks.apply(conn, reader.read(REPO / "simulators/parks/qinghe.toml"), now=NOW)
    found = desk.read(REPO / "simulators/parks/qinghe-desk")
    done = desk.apply(conn, "qinghe", found, now=NOW)
    assert done["order_rules"].added == len(found["order_rules"])
    assert done["plans"].added > 15
    rules = {i for (i,) in conn.execute("select rule_id from smartpark.alarm_rule where park_id = 'qinghe'")}
    told = {
        i for row in found["order_rules"] if isinstance(row, desk_order_rules.OrderRuleRow) for i in row.rules or []
    }
    assert rules - told == set()  # every starter rule says whether it opens an order
    plans.run(conn, NOW)
    assert {o["origin"] for o in orders(conn)} <= {"planned", "inspection", "round"}
