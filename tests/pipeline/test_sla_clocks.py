"""Clocks as rows: after any history the live row is what a rebuilt one and the SQL twin say, and what minutes counted
by hand say; what came in late is corrected in the journal, and two engines tell each thing once."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pipeline.domain.business_calendar import WORKED, BusinessCalendar, Window
from pipeline.domain.sla import ALWAYS, WORKING, ClockKind
from pipeline.domain.sla_policy import SlaPolicy, SlaTarget
from pipeline.domain.work_order import OrderAction, OrderState, next_state, possible
from pipeline.engine.desk import sla
from pipeline.store import business_calendars, parks, sla_clocks, sla_terms
from pipeline.store import work_orders as orders
from pipeline.store.database import connect
from pipeline.store.work_orders import NewOrder, OrderAct
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


@pytest.fixture(scope="module")
def conn(database_server: str) -> Iterator[psycopg.Connection]:
    from tests.conftest import cloned

    with cloned(database_server, "park") as url, connect(url) as found:
        found.autocommit = True
        for zone in dict(PLACES):
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


STEPS = [a for a in A if a not in (A.OPEN, A.RECUR, A.COMMENT, A.PHOTO, A.ESCALATE)]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PLACES), st.sampled_from(("P1", "P2", "P3", "P4")), st.data())
def test_after_any_history_live_rebuilt_and_twin_are_one(
    conn: psycopg.Connection, place: tuple[str, datetime], priority: str, data: st.DataObject
) -> None:
    zone, start = place
    story = Story(conn, zone, start, priority)
    minutes = st.sampled_from((0, 1, 3, 7, 26, 59, 90, 240, 700, 1500))
    for _ in range(data.draw(st.integers(1, 9))):
        able = [action for action in possible(story.state) if action in STEPS]
        action = data.draw(st.sampled_from(able)) if able else A.COMMENT
        after, late = data.draw(minutes), data.draw(st.sampled_from((0, 0, 2, 25, 300)))
        if action is A.PRIORITY:
            others = [p for p in ("P1", "P2", "P3", "P4") if p != story.priority]
            story.prioritise(data.draw(st.sampled_from(others)), after, late)
        elif action is A.APPOINT:
            chosen = story.now + data.draw(st.sampled_from((5, 60, 3000))) * MINUTE
            story.do(action, after, late=late, detail={"at": chosen.isoformat()})
            story.changed = True
        else:
            reason = data.draw(st.sampled_from(("parts", "access", "tenant")))
            detail = {"person": None} if action is A.ASSIGN else {}
            story.do(action, after, late=late, reason=reason, detail=detail)
        if data.draw(st.booleans()):
            story.engine(data.draw(minutes))
    story.engine(data.draw(minutes))
    check(story)
    if not story.changed:
        for kind, clock in story.clocks().items():
            if clock["spent_s"] is not None:
                until = clock["started"] + timedelta(seconds=clock["wall_s"])
                assert clock["spent_s"] == 60 * counted(story, zone, until=until, kind=kind)
            elif clock["due"]:
                assert clock["target_s"] == 60 * counted(story, zone, until=clock["due"], kind=kind)
            now = conn.execute("select park.sla_spent(%s, %s, %s)", [story.order, kind, story.now]).fetchone()
            ended = clock["stopped"] or (story.now if clock["spent_s"] is None else until)
            assert now == (60.0 * counted(story, zone, until=min(ended, story.now), kind=kind),)


START = datetime(2026, 11, 20, 18, 10, tzinfo=UTC)


def at(minute: float) -> datetime:
    return START + minute * MINUTE


def test_what_comes_in_late_is_corrected_and_never_overwritten(conn: psycopg.Connection) -> None:
    story = Story(conn, "Asia/Shanghai", START, "P1")
    story.engine(6)  # nobody took it: broken, as far as anybody knows
    assert story.said() == [("acknowledge", "threshold", 50, at(2.5)), ("acknowledge", "threshold", 90, at(4.5)),
                            ("acknowledge", "breach", 100, at(5))]  # fmt: skip
    story.do(A.ACCEPT, 4, late=7)  # the phone syncs: it was taken at 3
    clock = story.clocks()["acknowledge"]
    assert (clock["state"], clock["breached"], clock["stopped"]) == ("met", None, at(3))
    (revised,) = story.rows("select * from smartpark.sla_event where work_order = %(order)s and what = 'revised'")
    assert revised["detail"] == {"was": at(5).isoformat(), "became": None}
    assert (revised["at"], revised["recorded"], revised["seq"]) == (at(5), at(10), 2)
    story.engine()
    # Waiting for parts is told at 250, after restore was broken at 240; it began at 200 and puts that off.
    story.do(A.DEPART, 5)
    story.engine(235)
    assert story.said()[-1] == ("restore", "breach", 100, at(240))
    story.do(A.WAIT, 0, late=50, reason="parts")
    assert story.said()[-1] == ("restore", "revised", 100, at(240))
    assert story.clocks()["restore"]["state"] == "paused" and story.clocks()["restore"]["resumes"] == at(290)
    story.engine(60)  # ninety minutes are all that parts may stop it: it runs, though the order waits
    assert story.clocks()["restore"]["state"] == "running" and story.clocks()["restore"]["due"] == at(330)
    story.engine(30)
    assert story.said()[-1] == ("restore", "breach", 100, at(330))
    story.do(A.FINISH, 10, late=50)  # done at 300 by the phone
    assert [what for kind, what, _, _ in story.said() if kind == "restore" and what != "threshold"] == [
        "breach", "revised", "breach", "revised",
    ]  # fmt: skip
    assert story.clocks()["restore"]["state"] == "met"
    check(story)
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        conn.execute("update smartpark.sla_event set at = recorded")


def test_a_verdict_that_was_good_can_be_corrected_too(conn: psycopg.Connection) -> None:
    story = Story(conn, "Asia/Shanghai", START, "P1")
    story.do(A.ACCEPT, 4)
    story.do(A.ARRIVE, 21)
    assert story.clocks()["respond"]["state"] == "met"
    # On a phone that was away the tenant had chosen minute 20, at minute 10.
    story.do(A.APPOINT, 5, late=20, detail={"at": at(20).isoformat()})
    assert story.clocks()["respond"]["state"] == "missed"
    (revised,) = story.rows("select * from smartpark.sla_event where work_order = %(order)s")
    assert (revised["what"], revised["at"], revised["recorded"]) == ("revised", at(20), at(30))
    assert revised["detail"] == {"was": None, "became": at(20).isoformat()}
    check(story)


def test_handing_back_is_found_out_at_the_instant_it_broke_the_promise(conn: psycopg.Connection) -> None:
    story = Story(conn, "Asia/Shanghai", START, "P1")
    story.do(A.ACCEPT, 4)
    story.do(A.RELEASE, 20, reason="not mine")
    assert story.said() == [("acknowledge", "breach", 100, at(5))]
    story.do(A.ACCEPT, 1)
    clock = story.clocks()["acknowledge"]
    assert (clock["state"], clock["breached"], clock["stopped"]) == ("missed", at(5), at(25))
    check(story)


def test_two_engines_tell_each_thing_once(conn: psycopg.Connection) -> None:
    stories = [Story(conn, "Asia/Shanghai", START, "P1") for _ in range(60)]
    url = conn.info.dsn + f" password={conn.info.password}"
    gate = threading.Barrier(4)

    def engine() -> None:
        with psycopg.connect(url, autocommit=True) as mine:
            gate.wait()
            for second in range(5):
                sla.run(mine, at(31) + timedelta(seconds=second))

    threads = [threading.Thread(target=engine) for _ in range(3)]
    bite, sla.BITE = sla.BITE, 7  # many small bites: they get in each other's way
    try:
        for thread in threads:
            thread.start()
        gate.wait()
        for story in stories[:10]:  # while people act
            story.do(A.ACCEPT, 40)
        for thread in threads:
            thread.join()
    finally:
        sla.BITE = bite
    twice = conn.execute(
        "select count(*) from (select from smartpark.sla_event e where e.work_order = any (%s)"
        " group by work_order, kind, what, percent having count(*) > 1) as t", [[s.order for s in stories]]
    ).fetchone()  # fmt: skip
    assert twice == (0,)
    for story in stories:
        said = story.said()
        assert {(k, w, p, t) for k, w, p, t in said if p == 100} == {
            ("acknowledge", "breach", 100, at(5)), ("respond", "breach", 100, at(30)),
        }  # fmt: skip


def test_the_api_may_derive_clocks_and_no_more(conn: psycopg.Connection) -> None:
    with conn.transaction():
        conn.execute("set local role park_operator")
        story = Story(conn, "Europe/Berlin", START, "P3")
        story.do(A.ACCEPT, 3)
        assert story.clocks()["acknowledge"]["state"] == "met"
    for statement in ("delete from smartpark.sla_clock", "update smartpark.sla_clock set started = due",
                      "update smartpark.sla_policy set retired = true"):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
            conn.execute("set local role park_operator")
            conn.execute(statement.encode())
    with conn.transaction():
        conn.execute("set local role park_reader")
        assert conn.execute("select park.sla_spent(%s, 'restore', %s)", [story.order, at(3)]).fetchone()
        with pytest.raises(psycopg.errors.DataException, match="beyond what is known"):
            conn.execute("select park.sla_spent(%s, 'restore', %s)", [story.order, at(60 * 24 * 700)])
