"""Parks with promises, an order whose time goes on, and what its clocks are held against."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pipeline.domain.business_calendar import WORKED, BusinessCalendar, Window
from pipeline.domain.sla import ALWAYS, WORKING, ClockKind
from pipeline.domain.sla_policy import SlaPolicy, SlaTarget
from pipeline.domain.work_order import OrderAction, OrderState, next_state
from pipeline.engine.desk import sla
from pipeline.store import business_calendars, parks, sla_clocks, sla_terms
from pipeline.store import work_orders as orders
from pipeline.store.database import connect
from pipeline.store.work_orders import NewOrder, OrderAct
from tests.conftest import cloned
from tests.park import SMALL
from tests.pipeline.wall import days_of, is_open

A = OrderAction
MINUTE = timedelta(minutes=1)
SPLIT = BusinessCalendar(
    (Window("22:00", "06:00"), Window("08:30", "12:00", WORKED), Window("13:00", "17:30", WORKED)),
    {date(2026, 10, 9): (Window("09:00", "10:00"),)},
)
OFFICE = business_calendars.BUILT_IN[WORKING]
TWENTY_FOUR = business_calendars.BUILT_IN[ALWAYS]
# Where it is and when its history begins: nights in which clocks change, days around 国庆 with its make-up days.
PLACES = [
    ("Asia/Shanghai", datetime(2026, 9, 29, 22, tzinfo=UTC)), ("Asia/Shanghai", datetime(2026, 2, 12, 3, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 23, 15, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 6, 20, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 1, 20, tzinfo=UTC)),
]  # fmt: skip


def policy(priority: str, calendar_id: str, *minutes: float) -> SlaPolicy:
    targets = {kind: SlaTarget(calendar_id, s=m * 60) for kind, m in zip(ClockKind, minutes, strict=True)}
    return SlaPolicy(policy_id=priority.lower(), priorities=(priority,), targets=targets)


POLICIES = [
    SlaPolicy(policy_id="all", thresholds=(50.0, 90.0, 150.0), steps=(), confirm_days=3, pauses_sum_s=7200.0,
              pauses={"parts": 5400.0, "access": 1800.0}),
    policy("P1", ALWAYS, 5, 30, 240), policy("P2", "split", 30, 120, 600), policy("P3", WORKING, 30, 120, 960),
    SlaPolicy(policy_id="p4", priorities=("P4",), targets={kind: SlaTarget(WORKING, days=1) for kind in ClockKind}),
]  # fmt: skip
CALENDARS = {"P1": TWENTY_FOUR, "P2": SPLIT, "P3": OFFICE, "P4": OFFICE}


def park_in(conn: psycopg.Connection, zone: str, since: datetime) -> str:
    """A park in that zone, with the policies of these tests."""
    park_id = zone.split("/")[1].lower().replace("_", "-")
    parks.apply(conn, replace(SMALL, park_id=park_id, time_zone=zone), now=since)
    business_calendars.put(conn, park_id, "split", SPLIT, now=since)
    for one in POLICIES:
        key = {"park": park_id, "policy": one.policy_id, "version": 1, "now": since, "actor": "test"}
        conn.execute(sla_terms.QUERIES["add_policy_version"], {**key, "spec": Jsonb(sla_terms.spec(one))})
        conn.execute(sla_terms.QUERIES["put_policy"], key)
    return park_id


@contextmanager
def parks_in(database_server: str, *zones: str) -> Iterator[psycopg.Connection]:
    """A database with a park in each zone."""
    with cloned(database_server, "park") as url, connect(url) as found:
        found.autocommit = True
        for zone in zones:
            park_in(found, zone, datetime(2026, 2, 1, tzinfo=UTC))
        yield found


class Story:
    """An order and its time, which only goes on."""

    def __init__(self, conn: psycopg.Connection, zone: str, start: datetime, priority: str) -> None:
        self.conn, self.now, self.priority = conn, start, priority
        self.park = zone.split("/")[1].lower().replace("_", "-")
        new = NewOrder(park_id=self.park, origin="staff", cause=f"staff:{uuid4()}", service="repair", skill="hvac",
                       priority=priority, title_zh="热", title_en="Hot")  # fmt: skip
        self.order, _ = orders.open_(conn, new, now=start)
        self.state = OrderState.NEW
        self.changed = False

    def do(self, action: OrderAction, minutes: float, *, late: float = 0, **more: Any) -> None:
        self.now += minutes * MINUTE
        asked = OrderAct(order=self.order, action=action, actor="li", device_time=self.now - late * MINUTE, **more)
        orders.act(self.conn, asked, now=self.now)
        self.state = next_state(self.state, action)

    def prioritise(self, priority: str, minutes: float, late: float = 0) -> None:
        self.do(A.PRIORITY, minutes, late=late, reason="x", detail={"to": priority})
        self.priority, self.changed = priority, True

    def engine(self, minutes: float = 0) -> int:
        self.now += minutes * MINUTE
        return sla.run(self.conn, self.now)

    def rows(self, query: str) -> list[dict[str, Any]]:
        with self.conn.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query.encode(), {"order": self.order, "now": self.now}).fetchall()

    def clocks(self) -> dict[str, dict[str, Any]]:
        return {row["kind"]: row for row in self.rows("select * from smartpark.sla_clock where work_order = %(order)s")}

    def said(self) -> list[tuple[Any, ...]]:
        rows = self.rows("select * from smartpark.sla_event where work_order = %(order)s order by entry")
        return [(row["kind"], row["what"], row["percent"], row["at"]) for row in rows]


TWIN = """select k.kind, d.* from unnest(array['acknowledge', 'respond', 'restore']) as k (kind)
          cross join lateral park.sla_derived(%(order)s, k.kind, %(now)s) as d"""
COMPARED = (
    "state",
    "target_s",
    "due",
    "stopped",
    "spent_s",
    "wall_s",
    "paused_s",
    "breached",
    "provisional",
    "resumes",
)


def check(story: Story) -> None:
    """Live, rebuilt and twin are one."""
    live = story.clocks()
    for row in story.rows(TWIN):
        kind = row["kind"]
        assert {name: row[name] for name in COMPARED} == {name: live[kind][name] for name in COMPARED}, kind
    with story.conn.transaction():
        story.conn.execute("delete from smartpark.sla_clock where work_order = %s", [story.order])
        sla_clocks.rebuild(story.conn, story.order, now=story.now)
    assert story.clocks() == live
    said = story.said()
    assert len({(kind, percent) for kind, what, percent, _ in said if what == "threshold"}) == sum(
        what == "threshold" for _, what, _, _ in said
    )


def counted(story: Story, zone: str, *, until: datetime, kind: str) -> int:
    """Minutes that count, one by one: the office is open by the clock on the wall, and no pause has budget left."""
    (created,) = story.conn.execute(
        "select created from smartpark.work_order where work_order = %s", [story.order]
    ).fetchone() or (until,)
    paused: set[int] = set()
    left = {"parts": 90, "access": 30, "all": 120}
    events = story.rows("select * from smartpark.work_order_event where work_order = %(order)s order by seq")
    floor = 0
    for place, event in enumerate(events):
        if event["action"] != "wait" or kind != "restore":
            continue
        over = next((e["happened"] for e in events[place:] if e["to_state"] != "waiting"), until)
        first = max(floor, int((event["happened"] - created) / MINUTE))
        floor = max(first, int((over - created) / MINUTE))
        for minute in range(first, floor):
            if left.get(event["reason"], 0) and left["all"]:
                paused.add(minute)
                left[event["reason"]] -= 1
                left["all"] -= 1
    tz, plan = ZoneInfo(zone), CALENDARS[story.priority]
    local = (
        (minute, datetime.fromtimestamp(created.timestamp() + 60 * minute, tz))
        for minute in range(int((until - created) / MINUTE))
    )
    return sum(minute not in paused and is_open(plan, days_of(zone), at.date(), at.time()) for minute, at in local)
