"""Who is told of an order, on a timeline: not taken in time, it goes up; taken, nobody is asked any more; each step
fires once, however many engines run; and where nobody is on duty, the next level is asked at once."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from pipeline.domain.escalation import of_clock
from pipeline.domain.wording import Matter, worded
from pipeline.domain.work_order import OrderAction
from pipeline.engine.alarms import notices
from pipeline.engine.desk import telling
from pipeline.engine.desk.escalation import Escalation, taking
from pipeline.store import links, outbox
from pipeline.store import work_orders as orders
from pipeline.store.alarms import Raising, raise_
from pipeline.store.database import connect
from pipeline.store.work_orders import NewOrder, OrderAct
from tests.park import apply_small_park
from tests.pipeline.test_rota import BEIJING, NOON, add_people
from tests.pipeline.watching import add_rule, add_watch

LEAK = NewOrder(
    park_id="small", origin="staff", cause="staff:1", service="repair", skill="plumbing", priority="P1",
    title_zh="漏水", title_en="Water leak", words="my phone is 138 0000 0000", space_id="b1",
)  # fmt: skip


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    """Li is on duty for plumbing and can be reached; above are Chen, and Zhao, who reads Chinese."""
    with connect(database) as found:
        apply_small_park(found)
        found.autocommit = True
        people = add_people(found, "li", "chen", "zhao", "duty-operator")
        found.execute("update smartpark.person set role = 'operator' where login = 'duty-operator'")
        found.execute("update smartpark.person set language = 'zh' where login = 'zhao'")
        for rota, skills, login, level in (
            ("water", ["plumbing"], "li", 1), ("leads", ["*"], "chen", 2), ("leads", ["*"], "zhao", 3),
            ("desk", ["operations"], "duty-operator", 1),
        ):  # fmt: skip
            found.execute(
                "insert into smartpark.rota values ('small', %s, %s, %s, %s) on conflict do nothing",
                [rota, rota, rota, skills],
            )
            found.execute(
                "insert into smartpark.shift (park_id, rota_id, person, during, level, made_by)"
                " values ('small', %s, %s, tstzrange(%s, %s), %s, 'test')",
                [rota, people[login], at(-60), at(600), level],
            )
        for login, person in people.items():
            found.execute(
                "insert into smartpark.contact values (%s, 1, 'ntfy', %s)", [person, f"https://ntfy.example/{login}"]
            )
        yield found


def do(conn: psycopg.Connection, order: int, action: OrderAction, minute: float, **more: Any) -> None:
    orders.act(conn, OrderAct(order=order, action=action, **more), now=at(minute))


def told(conn: psycopg.Connection, since: int = 0) -> list[tuple[str, str]]:
    """Who was written to, and of what."""
    found = conn.execute(
        "select p.login, n.cause from smartpark.notification n join smartpark.person p using (person)"
        " where n.notification > %s order by n.notification",
        [since],
    ).fetchall()
    return [(login, cause) for login, cause in found]


def people(conn: psycopg.Connection, order: int) -> list[tuple[int, list[str]]]:
    """Steps that fired, and who was told."""
    return conn.execute(
        "select step, people from park.escalations where work_order = %s and fired is not null order by round, step",
        [order],
    ).fetchall()


def test_an_order_that_nobody_takes_goes_up_until_somebody_does(conn: psycopg.Connection) -> None:
    order, _ = orders.open_(conn, LEAK, now=at(0))
    step = Escalation(taking("https://park.example/"))
    assert [step.run(conn, at(0)), step.run(conn, at(0)), step.run(conn, at(4.9))] == [1, 0, 0]
    assert told(conn) == [("li", f"order:{order}:1:0")]
    subject, body, link, urgency = (
        conn.execute(
            "select subject, body, link, urgency from smartpark.notification order by notification limit 1"
        ).fetchone()
        or ("",) * 4
    )
    assert subject == "[P1] Water leak · Building 1"
    assert body.startswith("A new order: please take it\nNo. WO-") and "138" not in body
    assert urgency == "now" and link.startswith("https://park.example/take/")
    opened = links.look(conn, link.rpartition("/")[2])
    assert opened and (opened.work_order, opened.login) == (order, "li")
    assert step.run(conn, at(5)) == 1
    do(conn, order, OrderAction.ACCEPT, 6, actor="chen")
    assert [step.run(conn, at(6)), step.run(conn, at(60))] == [0, 0], "somebody took it: nothing more"
    assert told(conn) == [("li", f"order:{order}:1:0"), ("chen", f"order:{order}:1:1")]
    assert people(conn, order) == [(0, ["li"]), (1, ["chen"])]

    # Handed back: a new round. Another priority while nobody has it: its own steps from then on.
    do(conn, order, OrderAction.RELEASE, 70, reason="wrong tools")
    assert [step.run(conn, at(70)), step.run(conn, at(84)), step.run(conn, at(90))] == [1, 1, 1]
    assert people(conn, order)[2:] == [(0, ["li"]), (1, ["chen"]), (2, ["zhao"])]
    do(conn, order, OrderAction.CANCEL, 91, reason="a false report")
    assert step.run(conn, at(600)) == 0
    events = conn.execute(
        "select reason, detail ->> 'people', actor from smartpark.work_order_event"
        " where action = 'escalate' order by event"
    ).fetchall()
    assert events[0] == ("on duty at level 1 by rota water", '["li"]', "system")
    assert events[1] == ("nobody took it within 300 s; on duty at level 2 by rota leads", '["chen"]', "system")
    last = conn.execute("select subject from smartpark.notification order by notification desc limit 1").fetchone()
    assert last == ("[P1] 漏水·1号楼",), "Zhao reads Chinese"


def test_an_assigned_order_asks_that_person_first_and_a_taken_one_tells_them(conn: psycopg.Connection) -> None:
    order, _ = orders.open_(conn, LEAK, now=at(0))
    (zhao,) = conn.execute("select person from smartpark.person where login = 'zhao'").fetchone() or (0,)
    step = Escalation()
    assert step.run(conn, at(0)) == 1
    do(conn, order, OrderAction.ASSIGN, 0, detail={"person": zhao})
    assert step.run(conn, at(1)) == 1
    assert told(conn) == [("li", f"order:{order}:1:0"), ("zhao", f"order:{order}:2:0")]
    states = conn.execute("select state, error from park.notifications order by notification").fetchall()
    assert states == [("failed", "withdrawn"), ("pending", None)], "Li need not be reached any more"
    do(conn, order, OrderAction.ACCEPT, 2, person=zhao)
    (chen,) = conn.execute("select person from smartpark.person where login = 'chen'").fetchone() or (0,)
    do(conn, order, OrderAction.ASSIGN, 3, detail={"person": chen})
    assert [step.run(conn, at(3)), step.run(conn, at(99))] == [1, 0], "told, and that is all: it is taken"
    assert told(conn)[2:] == [("chen", f"order:{order}:3:0")]
    asks = conn.execute("select asks from smartpark.notification order by notification").fetchall()
    assert asks == [(True,), (True,), (False,)]
    do(conn, order, OrderAction.FINISH, 100, person=chen)
    do(conn, order, OrderAction.REOPEN, 101, reason="it leaks again")
    assert step.run(conn, at(101)) == 1
    assert [login for login, _ in told(conn)[3:]] == ["chen", "li"], "who did it may have gone home"


def test_where_nobody_is_there_the_next_level_is_asked_at_once(
    conn: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    conn.execute("delete from smartpark.shift where rota_id = 'water'")
    step = Escalation()
    order, _ = orders.open_(conn, LEAK, now=at(0))
    assert step.run(conn, at(0)) == 2
    assert people(conn, order) == [(0, []), (1, ["chen"])]
    assert "nobody is on duty for plumbing at level 1" in caplog.text
    # On duty, but without any contact: nobody either, and the outbox says of whom.
    conn.execute(
        "delete from smartpark.contact using smartpark.person p where contact.person = p.person and login = 'chen'"
    )
    other, _ = orders.open_(conn, replace(LEAK, cause="staff:2"), now=at(1))
    assert step.run(conn, at(1)) == 3
    assert people(conn, other) == [(0, []), (1, []), (2, ["zhao"])]
    failed = conn.execute("select login, error, error_text from park.notifications where state = 'failed'").fetchall()
    assert failed == [("chen", "invalid", "this person has no contact: write one in the desk file")]
    # Nobody at any level: whoever is an operator or a manager here.
    conn.execute("delete from smartpark.shift")
    third, _ = orders.open_(conn, replace(LEAK, cause="staff:3"), now=at(2))
    assert step.run(conn, at(2)) == 3
    assert people(conn, third) == [(0, []), (1, []), (2, ["duty-operator"])]
    reasons = conn.execute("select why from park.escalations where work_order = %s order by step", [third]).fetchall()
    assert reasons[-1] == ("nobody is on duty for plumbing at level 3; all operators and managers are told",)


def test_two_engines_fire_each_step_once(conn: psycopg.Connection, database: str) -> None:
    for number in range(60):
        orders.open_(conn, replace(LEAK, cause=f"staff:{number}"), now=at(0))
    done: list[int] = []

    def engine() -> None:
        with connect(database) as own:
            own.autocommit = True
            done.append(Escalation().run(own, at(0)))

    threads = [threading.Thread(target=engine) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.append(Escalation().run(conn, at(0)))  # what both left to the other
    assert sum(done) == 60
    assert len(told(conn)) == len(set(told(conn))) == 60
    count = "select count(*) from smartpark.work_order_event where action = 'escalate'"
    assert conn.execute(count).fetchone() == (60,)


def test_an_order_under_somebodys_hands_is_left_for_a_second(conn: psycopg.Connection, database: str) -> None:
    order, _ = orders.open_(conn, LEAK, now=at(0))
    with connect(database) as other:
        orders.act(other, OrderAct(order=order, action=OrderAction.ACCEPT, actor="li"), now=at(0))
        assert Escalation().run(conn, at(0)) == 0
        other.commit()
    assert Escalation().run(conn, at(1)) == 0 and told(conn) == []


def test_what_a_clock_says_is_told_once_to_those_it_concerns(conn: psycopg.Connection) -> None:
    order, _ = orders.open_(conn, LEAK, now=at(0))
    (li,) = conn.execute("select person from smartpark.person where login = 'li'").fetchone() or (0,)
    do(conn, order, OrderAction.ACCEPT, 1, person=li)
    for kind, what, percent, minute in (
        ("respond", "threshold", 50, 15), ("respond", "threshold", 80, 24), ("respond", "breach", 100, 30),
        ("respond", "threshold", 150, 45), ("acknowledge", "threshold", 80, 46),
    ):  # fmt: skip
        conn.execute(
            "insert into smartpark.sla_event (work_order, kind, what, percent, at, recorded, seq)"
            " values (%s, %s, %s, %s, %s, %s, 2)",
            [order, kind, what, percent, at(minute), at(minute)],
        )
    found = []
    for minute in (15, 24, 30, 45, 46, 47):
        before = len(told(conn))
        telling.clocks(conn, at(minute))
        found.append([login for login, _ in told(conn)[before:]])
    assert found == [[], ["li", "chen"], ["li", "chen", "zhao"], ["zhao"], [], []]
    assert of_clock("restore", "threshold", 80, "P4") is None, "the screens show it"
    assert "Past its time: being on site" in str(conn.execute("select body from smartpark.notification").fetchall())


def test_a_page_that_opened_no_order_reaches_the_operators(conn: psycopg.Connection) -> None:
    watches = [add_watch(conn, add_rule(conn, name, "limits"), "m1", "active_power") for name in ("power", "other")]
    raised = raise_(conn, [Raising(w, at(0), at(0), at(0), 1.0, {}) for w in watches], now=at(0))
    assert notices.run(conn, at(0)) == 2
    orders.open_(conn, replace(LEAK, cause="alarm:1", alarm=raised[0]), now=at(0))
    assert telling.pages(conn, at(0)) == 0, "its order may be opened by the next step"
    third = add_watch(conn, add_rule(conn, "third", "limits"), "m1", "active_power")
    joined = raise_(conn, [Raising(third, at(0), at(0), at(0), 1.0, {})], now=at(0))
    assert notices.run(conn, at(0)) == 1
    conn.execute(
        "update smartpark.alarm_notice set ordered = %s, work_order = 1 where alarm = any (%s)", [at(0), joined]
    )
    assert [telling.pages(conn, at(1)), telling.pages(conn, at(2))] == [1, 0], "what joined an order is told by that"
    ((login, cause),) = told(conn)
    assert (login, cause.startswith(f"alarm:{raised[1]}:")) == ("duty-operator", True)
    (state, alarm) = conn.execute("select state, alarm from park.notifications").fetchone() or ("", 0)
    assert (state, alarm) == ("pending", raised[1])


def test_words_fit_on_a_phone_and_cannot_become_a_header() -> None:
    matter = Matter(
        number="WO-7", priority="P1", title=("漏水\r\nBcc: x", "Leak\nnow"), place=("1号楼 大堂", "Building 1 Lobby"),
        due=NOON, due_of="acknowledge", why=("新工单，请接单", "A new order: please take it"),
    )  # fmt: skip
    assert worded(matter, "en", zone=BEIJING) == (
        "[P1] Leak now · Building 1 Lobby",
        "A new order: please take it\nNo. WO-7, priority P1\nWhere: Building 1 Lobby\nto be taken by 20 Nov 12:00",
    )
    zh = worded(matter, "zh", zone=BEIJING)
    assert "\n" not in zh.subject and zh.body.endswith("11-20 12:00 前须接单")
    assert worded(replace(matter, title=("1号楼 大堂 漏水", "x")), "zh", zone=BEIJING).subject == "[P1] 1号楼 大堂 漏水"
    assert len(worded(replace(matter, title=("长" * 500, "x")), "zh", zone=BEIJING).subject) == 120
    assert outbox.LONGEST_ERROR == 300
