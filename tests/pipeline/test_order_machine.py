"""Whatever several clients do to an order, however often they repeat it: its chain is whole, its row is what its events
say, each act counts once, and one of many who want it gets it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.work_order import MOVES, WAITING_REASONS, OrderAction, OrderRefused, OrderState, next_state
from pipeline.store import chain, order_columns, work_orders
from pipeline.store.database import connect
from pipeline.store.work_orders import ActConflict, NewOrder, OrderAct, act
from tests.pipeline.conftest import at
from tests.pipeline.watching import one, rows

NEW = NewOrder(
    park_id="small", origin="alarm", cause="alarm:1", service="repair", skill="plumbing", priority="P2", title_zh="t",
    title_en="t", verify_s=600.0, again_s=600.0,
)  # fmt: skip
ACTS = st.tuples(
    st.sampled_from([a for a in MOVES if a is not OrderAction.ESCALATE]),
    st.integers(0, 5),  # client id: a small number of them, so that acts are repeated
    st.sampled_from(["li", "wang", "zhao"]),
    st.one_of(st.none(), st.integers(1, 6)),  # the version that they insist on
    st.one_of(st.none(), st.integers(-7200, 7200)),  # the phone's clock, seconds from now
)


def asked(order: int, number: int, action: OrderAction, client: int, actor: str, version: int | None,
          phone: int | None) -> OrderAct:  # fmt: skip
    detail: dict[OrderAction, dict[str, Any]] = {
        OrderAction.ASSIGN: {"person": None}, OrderAction.PRIORITY: {"to": f"P{1 + client % 4}"},
        OrderAction.APPOINT: {"at": at(9000).isoformat()}, OrderAction.ARRIVE: {"proof": "code"},
        OrderAction.COMMENT: {"unverified": True} if client == 1 else {"returned": at(5).isoformat()},
    }  # fmt: skip
    return OrderAct(
        order=order, action=action, actor=actor, client_id=UUID(int=1000 * list(MOVES).index(action) + client),
        version=version, device_time=None if phone is None else at(number * 60 + phone), offset_s=30.0,
        reason=WAITING_REASONS[client], detail=detail.get(action, {}),
    )  # fmt: skip


def replayed(events: list[dict[str, Any]], before: dict[str, Any]) -> dict[str, Any]:
    """The row that an order's events lead to, by nothing but them."""
    row, state = {**before}, OrderState.NEW
    for event in events[1:]:
        action = OrderAction(event["action"])
        assert event["from_state"] == state
        state = next_state(state, action)
        row |= order_columns.consequences(
            row, action, state, reason=event["reason"], person=event["person"], detail=event["detail"],
            happened=event["happened"], now=event["at"],
        )  # fmt: skip
    return row | {"state": state, "version": len(events), "head": events[-1]["hash"]}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ACTS, max_size=14))
def test_a_row_is_what_its_events_say(conn: psycopg.Connection, acts: list[tuple[Any, ...]]) -> None:
    with conn.transaction(force_rollback=True):
        order = work_orders.open_(conn, NEW, now=at(0)).order
        before = one(conn, "select * from smartpark.work_order where work_order = %s", [order])
        counted = 1
        for number, (action, *rest) in enumerate(acts, 1):
            try:
                done = act(conn, asked(order, number, action, *rest), now=at(number * 60))
            except OrderRefused:
                continue
            counted += not done.repeated
            assert done.version == counted
        row = one(conn, "select * from smartpark.work_order where work_order = %s", [order])
        events = rows(conn, "select * from smartpark.work_order_event where work_order = %s order by seq", [order])
        assert (len(events), chain.first_fault(events)) == (counted, None)
        assert row == replayed(events, before)
        for event in events:
            assert row["created"] <= event["happened"] <= event["at"]


def test_of_twenty_who_take_an_order_one_has_it(conn: psycopg.Connection, database: str) -> None:
    order = work_orders.open_(conn, NEW, now=at(0)).order

    def take(number: int) -> str:
        with connect(database) as mine:
            try:
                return "done" if act(mine, OrderAct(order=order, action=OrderAction.ACCEPT, actor=f"t{number}"),
                                     now=at(number)).version == 2 else "other"  # fmt: skip
            except ActConflict as refused:
                assert refused.last is not None
                return f"lost to {refused.last['actor']}"

    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(take, range(20)))
    winner = told.index("done")
    assert sorted(told) == ["done"] + [f"lost to t{winner}"] * 19
    events = rows(conn, "select * from smartpark.work_order_event where work_order = %s order by seq", [order])
    assert ([e["action"] for e in events], chain.first_fault(events)) == (["open", "accept"], None)


def test_of_twenty_who_open_one_for_the_same_cause_there_is_one_order(conn: psycopg.Connection, database: str) -> None:
    def begin(number: int) -> str:
        with connect(database) as mine:
            return work_orders.open_(mine, NEW, now=at(number)).how

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(begin, range(20))) == ["new"] + ["recurred"] * 19
    row = one(conn, "select occurrences, version from smartpark.work_order")
    assert (row["occurrences"], row["version"]) == (20, 20)
    events = rows(conn, "select * from smartpark.work_order_event order by seq")
    assert chain.first_fault(events) is None


def test_an_order_is_not_opened_again_beside_a_newer_one(conn: psycopg.Connection) -> None:
    old = work_orders.open_(conn, NEW, now=at(0)).order
    act(conn, OrderAct(order=old, action=OrderAction.REJECT, reason="not ours"), now=at(1))
    new = work_orders.open_(conn, NEW, now=at(2)).order
    again = OrderAct(order=old, action=OrderAction.REOPEN, reason="it is ours")
    try:
        act(conn, again, now=at(3))
    except ActConflict as refused:
        assert "another order is open" in str(refused)
    else:
        raise AssertionError("two orders are open for one cause")
    act(conn, OrderAct(order=new, action=OrderAction.CANCEL, reason="double"), now=at(4))
    assert act(conn, again, now=at(5)).state is OrderState.REOPENED


def test_when_an_act_counts() -> None:
    def counts(device_time: datetime | None, offset_s: float = 0.0) -> datetime:
        told = OrderAct(order=1, action=OrderAction.FINISH, device_time=device_time, offset_s=offset_s)
        return work_orders.effective(told, created=at(0), now=at(600))

    assert counts(None) == at(600)
    assert counts(at(300)) == at(300)
    assert counts(at(300), 60.0) == at(360)
    assert counts(at(300), -400.0) == at(0)  # never before the order was there
    assert counts(at(300) + timedelta(days=1)) == at(600)  # never in the future
