"""The engine is down while a promise is broken: the breach is recorded afterwards, at the instant at which it was."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pipeline.domain.work_order import OrderAction
from pipeline.engine.run import steps
from pipeline.engine.steps import Engine
from pipeline.settings import Settings
from pipeline.store import parks
from pipeline.store import work_orders as orders
from pipeline.store.database import connect
from pipeline.store.work_orders import NewOrder, OrderAct
from tests.park import SMALL

T0 = datetime(2026, 11, 20, 18, 10, tzinfo=UTC)  # 02:10 in the park
LEAK = NewOrder(park_id="small", origin="alarm", cause="alarm:7", service="repair", skill="plumbing", priority="P1",
                title_zh="漏水", title_en="Water leak")  # fmt: skip


LEAK_ELSEWHERE = replace(LEAK, cause="alarm:8")


def at(minute: float) -> datetime:
    return T0 + timedelta(minutes=minute)


def engine() -> Engine:
    """As a process that has just started: it remembers nothing."""
    return Engine([step for step in steps("apache", Settings.from_env({})) if step.name == "sla clocks"])


def test_a_breach_while_the_engine_was_down_is_recorded_at_its_instant(database: str) -> None:
    with connect(database) as conn:
        conn.autocommit = True
        parks.apply(conn, SMALL, now=T0)
        leak, _ = orders.open_(conn, LEAK, now=at(0))
        lamp, _ = orders.open_(conn, LEAK_ELSEWHERE, now=at(0))
        assert engine().tick(conn, at(3)) == {"sla clocks": 2}  # both at 50 % of five minutes
        # From here on nothing runs. At 5 both are broken; at 20 somebody takes one of them, at 40 the engine is back.
        orders.act(conn, OrderAct(order=lamp, action=OrderAction.ACCEPT, actor="li"), now=at(20))
        said = conn.execute(
            "select work_order, what, percent, at, recorded from smartpark.sla_event where kind = 'acknowledge'"
            " and percent >= 80 order by entry"
        )
        assert said.fetchall() == [(lamp, "breach", 100, at(5), at(20))]  # who acts finds it, engine or none
        engine().tick(conn, at(40))
        engine().tick(conn, at(41))
        said = conn.execute(
            "select kind, what, percent, at, recorded from smartpark.sla_event where work_order = %s and recorded > %s"
            " order by at",
            [leak, at(20)],
        )
        assert said.fetchall() == [
            ("acknowledge", "threshold", 80, at(4), at(40)), ("acknowledge", "breach", 100, at(5), at(40)),
            ("acknowledge", "threshold", 150, at(7.5), at(40)), ("respond", "threshold", 50, at(15), at(40)),
            ("respond", "threshold", 80, at(24), at(40)), ("respond", "breach", 100, at(30), at(40)),
        ]  # fmt: skip
        # And what the row says is the same instant, whoever looks, then or later.
        assert conn.execute(
            "select kind, breached from smartpark.sla_clock where work_order = %s and breached is not null"
            " order by kind",
            [leak],
        ).fetchall() == [("acknowledge", at(5)), ("respond", at(30))]
