"""Alarms open work orders by rule: one for each cause, whatever joins it or comes back, however often it is seen."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from pipeline.domain.work_order import OrderAction
from pipeline.engine.alarms import notices
from pipeline.engine.alarms.incidents import Incidents
from pipeline.engine.desk import from_alarms
from pipeline.store import desk_order_rules as rules
from pipeline.store.alarms import Raising, Returning, raise_, return_
from pipeline.store.database import connect
from pipeline.store.desk_section import DeskFileError
from pipeline.store.work_orders import OrderAct, act
from tests.pipeline.conftest import at
from tests.pipeline.watching import add_device, add_rule, add_watch, one, rows

STEP = Incidents(timedelta(minutes=15))
HOUR = 3600.0


def wanted(*more: rules.OrderRuleRow) -> list[rules.OrderRuleRow]:
    plumbing = {"service": "repair", "skill": "plumbing", "verify_min": 10.0, "again_h": 1.0}
    return [
        rules.OrderRuleRow(rules=["leak"], priority="P2", **plumbing),
        rules.OrderRuleRow(rules=["burst"], priority="P1", **plumbing),
        rules.OrderRuleRow(rules=["smoke"], service="repair", skill="security"),
        rules.OrderRuleRow(rules=["power"], opens=False),
        *more,
    ]


def apply(conn: psycopg.Connection, chosen: Sequence[rules.OrderRuleRow], seconds: float = 0) -> Any:
    return rules.apply(conn, "small", chosen, at(seconds), "test")


@pytest.fixture
def watches(conn: psycopg.Connection) -> dict[str, int]:
    conn.execute(
        "insert into smartpark.service (park_id, service_id, category, place, name_zh, name_en, skill, priority)"
        " values ('small', 'repair', 'repair', 1, 'r', 'r', 'plumbing', 'P3')"
    )
    for device in ("l1", "l2", "s1"):
        add_device(conn, device, gateway="gw")
    found = {name: add_watch(conn, add_rule(conn, name, "limits", reopen_s=0.0), device) for name, device in
             (("leak", "l1"), ("burst", "l2"), ("power", "m1"), ("nothing", "m1"))}  # fmt: skip
    smoke = add_rule(conn, "smoke", "state", life_safety=True, priority="critical")
    apply(conn, wanted())
    return found | {"smoke": add_watch(conn, smoke, "s1")}


def raised(conn: psycopg.Connection, watch: int, seconds: float) -> int:
    return raise_(conn, [Raising(watch, at(seconds), at(seconds), at(seconds), 1.0, {})], now=at(seconds))[-1]


def returned(conn: psycopg.Connection, watch: int, seconds: float) -> None:
    return_(conn, [Returning(watch, at(seconds), at(seconds))], now=at(seconds))


def tick(conn: psycopg.Connection, seconds: float) -> int:
    STEP.run(conn, at(seconds))
    notices.run(conn, at(seconds))
    return from_alarms.run(conn, at(seconds))


def orders(conn: psycopg.Connection) -> list[dict[str, Any]]:
    return rows(conn, "select * from smartpark.work_order order by work_order")


def events(conn: psycopg.Connection, order: int) -> list[str]:
    found = conn.execute("select action from smartpark.work_order_event where work_order = %s order by seq", [order])
    return [action for (action,) in found]


def do(conn: psycopg.Connection, order: int, seconds: float, *actions: OrderAction, **more: Any) -> None:
    for action in actions:
        act(conn, OrderAct(order=order, action=action, actor="li", **more), now=at(seconds))


def test_an_alarm_opens_one_order_by_the_first_rule_that_fits(
    conn: psycopg.Connection, database: str, watches: dict[str, int]
) -> None:
    alarm = raised(conn, watches["leak"], 0)
    for name in ("power", "nothing"):
        raised(conn, watches[name], 0)
    notices.run(conn, at(1))
    with connect(database) as other, connect(database) as third:
        other.autocommit = third.autocommit = True
        other.execute("begin")  # an engine that looked and was killed before it was done
        assert from_alarms.run(other, at(1)) == 1
        assert from_alarms.run(third, at(1)) == 0  # meanwhile another does not wait for it
        other.execute("rollback")
        assert [from_alarms.run(c, at(2)) for c in (conn, third)] == [1, 0]
    (order,) = orders(conn)
    assert (order["origin"], order["cause"], order["alarm"]) == ("alarm", f"alarm:{watches['leak']}", alarm)
    assert (order["service"], order["skill"], order["priority"]) == ("repair", "plumbing", "P2")
    assert (order["space_id"], order["verify_s"], order["title_en"]) == ("b1", 600.0, "leak")
    left = one(conn, "select count(*) as n from smartpark.alarm_notice where ordered is null")
    assert left["n"] == 0


def test_what_comes_back_re_opens_until_it_is_long_closed(conn: psycopg.Connection, watches: dict[str, int]) -> None:
    leak = watches["leak"]

    def again(seconds: float) -> list[tuple[str, int, int]]:
        returned(conn, leak, seconds - 10)
        conn.execute("update smartpark.alarm set closed = returned, state = 'normal' where closed is null")
        raised(conn, leak, seconds)
        tick(conn, seconds + 1)
        return [(o["state"], o["occurrences"], o["reopenings"]) for o in orders(conn)]

    raised(conn, leak, 0)
    tick(conn, 1)
    (order,) = (o["work_order"] for o in orders(conn))
    assert again(100) == [("new", 2, 0)]
    do(conn, order, 110, OrderAction.ACCEPT)
    assert again(200) == [("accepted", 3, 0)]
    do(conn, order, 210, OrderAction.FINISH)
    assert again(300) == [("reopened", 3, 1)]
    do(conn, order, 310, OrderAction.ACCEPT, OrderAction.FINISH, OrderAction.CLOSE)
    assert again(300 + HOUR) == [("reopened", 3, 2)]
    do(conn, order, 400 + HOUR, OrderAction.ACCEPT, OrderAction.FINISH, OrderAction.CLOSE)
    assert again(500 + 3 * HOUR) == [("closed", 3, 2), ("new", 1, 0)]


def test_an_incident_is_one_order_for_who_can_do_it(conn: psycopg.Connection, watches: dict[str, int]) -> None:
    raised(conn, watches["leak"], 0)
    assert tick(conn, 1) == 1  # alone still: its cause is the watch
    raised(conn, watches["burst"], 60)
    raised(conn, watches["smoke"], 61)
    assert tick(conn, 62) == 2
    leak, smoke = orders(conn)
    incident = one(conn, "select incident from smartpark.incident")["incident"]
    assert leak["cause"] == f"alarm:{watches['leak']}"
    assert (leak["occurrences"], leak["priority"]) == (2, "P1")  # as urgent as the most urgent that joined
    assert events(conn, leak["work_order"]) == ["open", "recur", "priority"]
    assert (smoke["cause"], smoke["origin"], smoke["priority"]) == (f"incident:{incident}", "incident", "P1")
    rule = one(conn, "select rule from smartpark.alarm_rule where rule_id = 'leak'")["rule"]
    raised(conn, add_watch(conn, rule, "l2"), 65)
    assert tick(conn, 66) == 0  # people were told of this incident's leaks: it joins, and nothing happens to the order
    do(conn, leak["work_order"], 67, OrderAction.ACCEPT, OrderAction.FINISH, OrderAction.CONFIRM)
    raised(conn, add_watch(conn, rule, "s1"), 68)
    assert tick(conn, 69) == 1 and orders(conn)[0]["state"] == "reopened"  # nobody was at it any more
    apply(conn, wanted(rules.OrderRuleRow(service="repair", skill="hvac")), 70)
    raised(conn, add_watch(conn, add_rule(conn, "warm", "limits"), "gw"), 71)
    tick(conn, 72)
    assert orders(conn)[-1]["cause"] == f"incident:{incident}:hvac"  # the incident has its order: this needs others
    joined = rows(conn, "select work_order, count(*) as n from park.order_alarms group by 1 order by 1")
    assert [row["n"] for row in joined] == [4, 1, 1]


def test_what_nobody_is_told_of_opens_nothing(conn: psycopg.Connection, watches: dict[str, int]) -> None:
    conn.execute(
        "insert into smartpark.maintenance_window (park_id, starts, ends, reason, set_by, set_at)"
        " values ('small', %s, %s, 'overhaul', 'li', %s)", [at(-60), at(600), at(-60)],
    )  # fmt: skip
    leak = raised(conn, watches["leak"], 0)
    assert tick(conn, 1) == 0
    assert tick(conn, 601) == 1  # the work is over, and it still leaks
    seen = raised(conn, watches["burst"], 2000)
    conn.execute("update smartpark.alarm set acknowledged = true, seen_by = 'li' where alarm = %s", [seen])
    assert tick(conn, 2001) == 1  # an operator has seen it: somebody has to go all the same
    held = raised(conn, watches["power"], 4000)
    apply(conn, [rules.OrderRuleRow(service="repair", skill="power")], 4000)
    conn.execute("update smartpark.alarm set hold = 'shelved' where alarm = %s", [held])
    assert tick(conn, 4001) == 0
    assert {o["alarm"] for o in orders(conn)} == {leak, seen}


def test_an_alarm_that_returns_before_anybody_took_its_order_leaves_it_and_says_so(
    conn: psycopg.Connection, watches: dict[str, int]
) -> None:
    raised(conn, watches["leak"], 0)
    tick(conn, 1)
    returned(conn, watches["leak"], 50)
    assert [tick(conn, 51), tick(conn, 52)] == [1, 0]
    (order,) = orders(conn)
    assert (order["state"], order["returned"]) == ("new", at(50))
    assert events(conn, order["work_order"]) == ["open", "comment"]
    raised(conn, watches["leak"], 2000)
    tick(conn, 2001)
    assert orders(conn)[0]["returned"] is None


def test_rules_are_applied_as_a_whole_and_name_what_there_is(conn: psycopg.Connection, watches: dict[str, int]) -> None:
    assert apply(conn, wanted()) == (0, 0, 0)
    raised(conn, watches["nothing"], 0)
    assert tick(conn, 1) == 0
    more = rules.OrderRuleRow(families=["meter"], service="repair", skill="power")
    assert apply(conn, wanted(more)) == (1, 0, 0)
    assert tick(conn, 2) == 1  # what stands without an order is looked at again
    assert apply(conn, wanted()[:2]) == (0, 0, 3)
    for row, what in (
        (rules.OrderRuleRow(rules=["leek"], opens=False), "no leek among its rules; leak is near"),
        (rules.OrderRuleRow(rules=["leak"]), "says not of which service"),
        (rules.OrderRuleRow(service="repair", skill="x", contractor="nobody"), "no nobody among its contractors"),
    ):
        with pytest.raises(DeskFileError, match=what):
            apply(conn, [row])
