"""A work order changes by events: chained, once each, by compare-and-swap, one open for each cause."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from pipeline.domain.work_order import OrderAction, OrderRefused
from pipeline.store import chain, parks
from pipeline.store import work_orders as orders
from pipeline.store.database import connect
from pipeline.store.work_orders import ActConflict, NewOrder, OrderAct
from tests.park import SMALL

T0 = datetime(2026, 11, 20, 18, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEAK = NewOrder(
    park_id="small", origin="alarm", cause="alarm:7", service="repair", skill="plumbing", priority="P1",
    title_zh="漏水", title_en="Water leak", verify_s=600.0, again_s=3600.0,
)  # fmt: skip


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    with connect(database) as found:
        found.autocommit = True
        parks.apply(found, SMALL, now=T0)
        yield found


def at(minutes: float) -> datetime:
    return T0 + minutes * MINUTE


def do(conn: psycopg.Connection, order: int, *actions: OrderAction, minute: float, **more: object) -> orders.Done:
    for action in actions:
        done = orders.act(conn, OrderAct(order=order, action=action, **more), now=at(minute))  # type: ignore[arg-type]
    return done


def events(conn: psycopg.Connection, order: int) -> list[dict[str, object]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select * from smartpark.work_order_event where work_order = %s order by seq", [order]
        ).fetchall()


def test_an_order_lives_and_its_chain_is_whole(conn: psycopg.Connection) -> None:
    order, how = orders.open_(conn, LEAK, now=T0)
    assert how == "new"
    do(conn, order, OrderAction.ACCEPT, OrderAction.DEPART, minute=4, actor="li")
    do(conn, order, OrderAction.ARRIVE, minute=12, actor="li", detail={"proof": "code"})
    done = do(conn, order, OrderAction.FINISH, minute=30, actor="li", device_time=at(27), offset_s=60.0)
    assert done.state == "done" and done.version == 5
    do(conn, order, OrderAction.VERIFY, OrderAction.CLOSE, minute=41)
    found = events(conn, order)
    assert [e["to_state"] for e in found] == ["new", "accepted", "en_route", "on_site", "done", "confirmed", "closed"]
    assert found[4]["happened"] == at(28)
    assert chain.first_fault(found) is None
    assert chain.first_fault([found[0], *found[2:]]) == "event 2 is missing"
    assert chain.first_fault([*found[:3], found[3] | {"actor": "wang"}, *found[4:]]) == "event 4 was changed"
    row = conn.execute(
        "select state, verified, proof, acknowledged, responded, done, closed, head from smartpark.work_order"
    ).fetchone()
    assert row == ("closed", "sensor", "code", at(4), at(12), at(28), at(41), found[-1]["hash"])


def test_one_order_for_each_cause_and_recurrence_reopens(conn: psycopg.Connection) -> None:
    order, _ = orders.open_(conn, LEAK, now=T0)
    assert orders.open_(conn, LEAK, now=at(1)) == (order, "recurred")
    do(conn, order, OrderAction.ACCEPT, OrderAction.FINISH, minute=5)
    assert orders.open_(conn, LEAK, now=at(6)) == (order, "reopened")
    do(conn, order, OrderAction.ACCEPT, OrderAction.FINISH, OrderAction.CLOSE, minute=20)
    assert orders.open_(conn, LEAK, now=at(70)) == (order, "reopened")
    do(conn, order, OrderAction.ACCEPT, OrderAction.FINISH, OrderAction.CLOSE, minute=80)
    other, how = orders.open_(conn, LEAK, now=at(150))
    assert (how, other != order) == ("new", True)


def test_the_same_act_twice_is_one_and_a_stale_one_is_told_who_was_faster(conn: psycopg.Connection) -> None:
    order, _ = orders.open_(conn, LEAK, now=T0)
    act = OrderAct(order=order, action=OrderAction.ACCEPT, actor="li", client_id=uuid4(), version=1)
    assert orders.act(conn, act, now=at(1)) == (order, "accepted", 2, False)
    assert orders.act(conn, act, now=at(2)) == (order, "accepted", 2, True)
    with pytest.raises(ActConflict, match="version 2, you saw 1; last was accept by li") as refused:
        orders.act(conn, replace(act, client_id=uuid4(), actor="wang"), now=at(2))
    assert (refused.value.state, refused.value.version) == ("accepted", 2)
    with pytest.raises(ActConflict, match="accept does not lead from there"):
        do(conn, order, OrderAction.ACCEPT, minute=3)
    with pytest.raises(OrderRefused, match="used for another act"):
        orders.act(conn, replace(act, action=OrderAction.DEPART), now=at(3))
    with pytest.raises(OrderRefused, match="waits for one of parts"):
        do(conn, order, OrderAction.WAIT, minute=4, reason="lunch")
    assert [e["action"] for e in events(conn, order)] == ["open", "accept"]
    with pytest.raises(OrderRefused, match="used for another order"):
        orders.open_(conn, replace(LEAK, cause="staff:other"), now=at(5), client_id=act.client_id)


def test_a_chain_is_whole_whatever_numbers_it_tells(conn: psycopg.Connection) -> None:
    order, _ = orders.open_(conn, LEAK, now=T0)
    told = {"readings": [{"value": value} for value in (-0.0, 1e16, 1.5e300, -1e22, 0.1, 1e-7, 5e-324, 10**20, 3)]}
    do(conn, order, OrderAction.COMMENT, minute=1, detail=told, device_time=at(1), offset_s=2)
    assert chain.first_fault(events(conn, order)) is None


def test_a_clock_that_is_behind_puts_nothing_before_the_order(conn: psycopg.Connection) -> None:
    order, _ = orders.open_(conn, LEAK, now=T0)
    do(conn, order, OrderAction.ACCEPT, OrderAction.ARRIVE, minute=-0.1, device_time=at(-1))
    do(conn, order, OrderAction.FINISH, minute=-0.05)
    assert [e["happened"] for e in events(conn, order)] == [T0] * 4
    found = conn.execute("select state, wall_s from smartpark.sla_clock where work_order = %s", [order]).fetchall()
    assert found == [("met", 0.0)] * 3


def test_events_can_only_be_added(conn: psycopg.Connection) -> None:
    orders.open_(conn, LEAK, now=T0)
    for statement in ("update smartpark.work_order_event set actor = 'x'", "delete from smartpark.work_order_event",
                      "truncate smartpark.work_order_event", "delete from smartpark.audit_log"):  # fmt: skip
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            conn.execute(statement)
