"""The simulated desk: the same for the same seed, its truth is what the database says, and a lie is found."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from pipeline.domain.work_order import OrderAction
from pipeline.parkfile import read
from pipeline.store import work_orders
from pipeline.store.database import connect
from pipeline.store.work_orders import NewOrder, OrderAct
from simulators import phones
from simulators.desk import terms
from simulators.desk import truth as truths
from simulators.desk.arrivals import arrivals
from simulators.desk.check import check
from simulators.desk.compare import compare
from simulators.desk.crew import NOWHERE, Crew
from simulators.desk.figures import Book
from simulators.desk.habits import Habit
from simulators.desk.hours import ALWAYS, OFFICE, Hours, Window
from simulators.desk.live import Live
from simulators.desk.run import PARK_FILE, buildings, months_before, prepare
from simulators.desk.stage import Stage
from simulators.scenarios import draw, script

BEGIN = datetime(2026, 9, 26, 16, tzinfo=UTC)  # a Sunday that comes before a make-up day and the long holiday
END = BEGIN + timedelta(days=14)
PARK = read(PARK_FILE)


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    with connect(database) as found:
        prepare(found, PARK, now=BEGIN, until=END)
        phones.give(found, PARK.park_id, NOWHERE, now=BEGIN)
        yield found


def test_two_weeks_are_what_the_simulator_meant_and_a_lie_is_found(conn: psycopg.Connection, tmp_path: Path) -> None:
    stage = Stage(conn, PARK, 1, BEGIN, END, scale=0.25)
    stage.play()
    truths.write(tmp_path / "truth.jsonl", stage.truth)
    truth = truths.read(tmp_path / "truth.jsonl")
    assert truth == stage.truth, "what is written is what is read"
    assert len(truth.orders) > 50 and not stage.desk.refused
    promises = terms.read(PARK).promises(truth.orders)
    found = check(conn, truth, promises)
    book = Book(truth.orders, truth.requests, promises, buildings(PARK), stage.desk.now)
    compare(conn, PARK.park_id, book, [(BEGIN, END)], into=found)
    assert found.differences == []
    assert found.figures > 10 * len(truth.orders)
    told = conn.execute("select count(*) from park.escalations where step > 0 and fired is not null").fetchone()
    assert told and told[0], "what nobody takes in time goes up"
    one = next(iter(truth.orders.values()))
    one.created -= timedelta(seconds=1)
    lies = check(conn, truth, promises).differences
    assert any(line.startswith(f"order {one.order} created: truth ") for line in lies)
    assert all(line.startswith(f"order {one.order} ") for line in lies)


def test_people_see_to_what_is_open_and_leave_alone_what_somebody_real_has(conn: psycopg.Connection) -> None:
    morning = BEGIN + timedelta(days=1, hours=10)  # a Monday, 10:00
    live = Live(conn, PARK, seed=1, now=morning, scale=1.0, apart=frozenset({"zhang.wei"}))
    real = conn.execute("select person from park.people where login = 'zhang.wei'").fetchone()
    assert real
    new = NewOrder(park_id=PARK.park_id, origin="staff", cause="staff:1", service="repair-hvac", skill="hvac",
                   priority="P2", title_zh="热", title_en="Hot")  # fmt: skip
    theirs, ours = (work_orders.open_(conn, replace(new, cause=f"staff:{n}"), now=morning).order for n in (1, 2))
    taken = OrderAct(order=theirs, action=OrderAction.ACCEPT, actor="zhang.wei", person=real[0])
    work_orders.act(conn, taken, now=morning)
    for minute in range(0, 480, 10):
        live.step(morning + timedelta(minutes=minute))
    states = dict(conn.execute("select work_order, state from park.work_orders").fetchall())
    assert states[theirs] == "accepted" and states[ours] in ("done", "confirmed", "waiting")
    assert len(states) > 4, "tenants ask meanwhile"


def test_a_scenarios_technician_is_done_when_the_fault_is_mended(conn: psycopg.Connection) -> None:
    plan = script.read("night_leak")
    rules = {rule.rule_id: rule for rule in PARK.rules or ()}
    (fault,) = draw.draw(plan, PARK, rules=rules, seed=1, start=BEGIN)
    began, ended = (datetime.fromtimestamp(s, UTC) for s in (fault.begin_s, fault.end_s))
    device = conn.execute("select device from park.devices where device_id = %s", [fault.devices[0]]).fetchone()
    new = NewOrder(park_id=PARK.park_id, origin="alarm", cause="alarm:1", service="repair-plumbing", skill="plumbing",
                   priority="P1", title_zh="水", title_en="Water", device=device and device[0])  # fmt: skip
    order = work_orders.open_(conn, new, now=began).order
    assert plan.desk
    crew = Crew(conn, PARK, plan.desk, [fault], seed=1, now=began)
    for minute in range(60):
        crew.look(began + timedelta(minutes=minute))
    row = conn.execute("select state, proof, acknowledged, done from park.work_orders where work_order = %s", [order])
    state, proof, taken, done = row.fetchone() or ("", "", began, began)
    assert (state, proof) == ("done", "code")
    assert taken >= began + timedelta(minutes=plan.desk.missed_min), "who is asked first sleeps on"
    assert ended < done < ended + timedelta(minutes=2)
    asked = conn.execute(
        "select r.service_id, o.contractor_id, o.assignee_login is not null, r.state, r.stars between 3 and 5"
        " from park.requests r join park.work_orders o on o.request = r.request order by 1 desc"
    ).fetchall()
    assert asked == [
        ("repair-locks", None, True, "confirmed", True), ("repair-lift", "hengda-lift", True, "confirmed", True),
    ], "tenants ask, and a contractor comes for the lift"  # fmt: skip


def test_arrivals_follow_the_calendar_and_the_seed() -> None:
    found = arrivals(BEGIN, END, seed=1)
    assert found == arrivals(BEGIN, END, seed=1) != arrivals(BEGIN, END, seed=2)
    asked = [
        a.at.astimezone(OFFICE.zone).day for a in found if isinstance(a.what, Habit) and a.what.origin == "request"
    ]
    days = {day: asked.count(day) for day in (30, 2, 4, 10)}
    assert days[30] > 2 * days[2] and days[10] > 2 * days[4], "the 2nd is a holiday, Saturday the 10th is worked"


def test_time_is_summed_as_on_paper() -> None:
    friday = datetime(2026, 9, 30, 9, 0, tzinfo=UTC)  # 17:00 in the park, before the holiday from the 1st to the 7th
    after = datetime(2026, 10, 8, 1, 0, tzinfo=UTC)  # 09:00
    assert OFFICE.spent(friday, after) == 3600
    assert OFFICE.spent(friday, after, without=[(friday + timedelta(minutes=10), after)]) == 600
    assert OFFICE.after(friday, 3600) == after
    assert OFFICE.after(friday, 600, without=[(friday, friday + timedelta(minutes=25))]) == datetime(
        2026, 10, 8, 0, 35, tzinfo=UTC
    )
    assert ALWAYS.spent(friday, after) == (after - friday).total_seconds()
    assert Hours((Window(0, 24 * 60),)).spent(friday, after) == (7 + 9) * 3600
    assert months_before(END.date(), 6).isoformat() == "2026-04-10"
