"""An order from an alarm is verified by its sensor, or opened again by itself; without readings a person decides."""

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from pipeline.domain.quality import Quality
from pipeline.domain.work_order import OrderAction
from pipeline.engine.desk import closing, verification
from pipeline.engine.desk.apart import Apart
from pipeline.engine.desk.verification import Seen, decide
from pipeline.store import work_orders
from pipeline.store.alarms import Raising, Returning, raise_, return_
from pipeline.store.database import connect
from pipeline.store.work_orders import NewOrder, OrderAct, act
from tests.pipeline.conftest import START, at
from tests.pipeline.watching import add_rule, add_watch, one, rows

A = OrderAction
DAY = 86400.0


def seen(**more: Any) -> Seen:
    values: dict[str, Any] = {
        "alarm": 1, "active": False, "raised": at(-600), "returned": at(-60), "off_delay_s": 120.0, "steady": at(0),
        "newest": at(600),
    }  # fmt: skip
    return Seen(**values | more)


@pytest.mark.parametrize(
    ("what", "seconds", "action", "words"),
    [
        ([seen()], 600, A.VERIFY, "normal for 10 minutes"),
        ([seen(newest=at(599))], 600, None, "not long enough"),
        ([seen(newest=at(3600))], 60, None, "not long enough"),
        ([seen(returned=at(30))], 700, None, "not long enough"),
        ([seen(returned=at(30), newest=at(630))], 700, A.VERIFY, "normal"),
        ([seen(), seen(alarm=2, newest=None)], 700, None, "alarm 2 is about nothing good"),
        ([seen(newest=None)], 600 + 300 + 120, A.COMMENT, "nothing good was heard"),
        ([seen(phase="pending")], 700, None, "not normal just now"),
        ([seen(phase="normal", since=at(5), newest=at(604))], 700, None, "not long enough"),
        ([seen(active=True)], 60, None, "still active"),
        ([seen(active=True)], 600 + 120 + 300, A.REOPEN, "still active 17 minutes after done"),
        ([seen(), seen(alarm=2, active=True, raised=at(1))], 2, A.REOPEN, "alarm 2 is active again"),
    ],
)
def test_what_follows_from_what_was_seen(what: list[Seen], seconds: float, action: Any, words: str) -> None:
    verdict = decide(what, done=START, verify_s=600.0, now=at(seconds))
    assert verdict.action == action
    assert words in verdict.reason


def test_what_is_wrong_with_one_keeps_no_other_back(database: str) -> None:
    def do(number: int) -> int:
        conn.execute("insert into smartpark.told values ('page', %s, %s, '{}')", [number, START])
        return 10 // (number - 2)

    with connect(database) as conn:
        conn.autocommit = True
        with pytest.raises(ZeroDivisionError), Apart(conn) as apart:
            assert apart.each("thing", {n: n for n in (1, 2, 3)}, do) == 0
        assert rows(conn, "select number from smartpark.told order by 1") == [{"number": 1}, {"number": 3}]


class Story:
    """One order of one alarm on a timeline."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn
        self.watch = add_watch(conn, add_rule(conn, "power", "limits"), "m1", "active_power")
        (self.alarm,) = raise_(conn, [Raising(self.watch, at(-600), at(-600), at(-600), 9.0, {})], now=at(-600))
        row = one(conn, "select point, device from smartpark.alarm")
        self.point = row["point"]
        new = NewOrder(
            park_id="small", origin="alarm", cause=f"alarm:{self.watch}", service="repair", skill="power",
            priority="P2", title_zh="t", title_en="t", alarm=self.alarm, verify_s=600.0, again_s=3600.0, **row,
        )  # fmt: skip
        self.order = work_orders.open_(conn, new, now=at(-590)).order
        self.do(-500, A.ACCEPT)

    def do(self, seconds: float, *actions: OrderAction, **more: Any) -> None:
        for action in actions:
            act(self.conn, OrderAct(order=self.order, action=action, actor="li", **more), now=at(seconds))

    def read(self, first: float, last: float, every: float = 60.0, quality: Quality = Quality.GOOD) -> None:
        """Readings from `first` to `last`."""
        times = [first + n * every for n in range(int((last - first) / every) + 1)]
        self.conn.execute(
            "insert into smartpark.reading (ts, received, point, quality, value)"
            " select t, t, %s, %s, 1.0 from unnest(%s::timestamptz[]) t",
            [self.point, quality, [at(t) for t in times]],
        )
        self.conn.execute(
            "insert into smartpark.latest (point, ts, received, value, quality) values (%s, %s, %s, 1.0, %s)"
            " on conflict (point) do update set ts = excluded.ts, quality = excluded.quality",
            [self.point, at(times[-1]), at(times[-1]), quality],
        )

    def returned(self, seconds: float) -> None:
        return_(self.conn, [Returning(self.watch, at(seconds), at(seconds))], now=at(seconds))

    def look(self, seconds: float) -> tuple[str, str]:
        """How the order stands after both steps."""
        verification.run(self.conn, at(seconds))
        closing.run(self.conn, at(seconds))
        row = one(self.conn, "select state, verified from smartpark.work_order where work_order = %s", [self.order])
        return row["state"], row["verified"]

    def events(self) -> list[dict[str, Any]]:
        return rows(
            self.conn, "select * from smartpark.work_order_event where work_order = %s order by seq", [self.order]
        )


@pytest.fixture
def story(conn: psycopg.Connection) -> Story:
    return Story(conn)


def test_it_is_verified_by_readings_that_were_normal_for_long_enough(story: Story, database: str) -> None:
    story.do(0, A.FINISH)
    story.read(-300, 240)
    assert story.look(250) == ("done", "pending")
    story.returned(240)
    story.read(300, 780)
    assert story.look(800) == ("done", "pending")
    story.read(840, 900)
    with connect(database) as other:
        other.autocommit = True
        assert [verification.run(c, at(905)) for c in (story.conn, other)] == [1, 0]
    assert story.look(905) == ("closed", "sensor")
    verify, close = story.events()[-2:]
    assert (verify["action"], verify["actor"], close["reason"]) == ("verify", "system", "verified by the sensor")
    (reading,) = verify["detail"]["readings"]
    assert (reading["point"], reading["value"], reading["ts"]) == ("active_power", 1.0, at(900).isoformat())
    assert verify["detail"]["since"] == at(240).isoformat()


def test_bad_readings_and_gaps_begin_the_time_anew(story: Story) -> None:
    story.returned(-10)
    story.do(0, A.FINISH)
    story.read(0, 300)
    story.read(301, 301, quality=Quality.BAD)
    story.read(360, 840)
    assert story.look(850) == ("done", "pending")
    story.read(900, 960)
    assert story.look(960) == ("closed", "sensor")


def test_it_opens_again_where_the_alarm_comes_back_or_stays(story: Story) -> None:
    story.do(0, A.FINISH)
    assert story.look(600 + 299) == ("done", "pending")
    assert story.look(600 + 300) == ("reopened", "failed")
    story.do(1000, A.ACCEPT, A.FINISH)
    story.returned(1010)
    raise_(story.conn, [Raising(story.watch, at(1100), at(1100), at(1100), 9.0, {})], now=at(1100))
    assert story.look(1105) == ("reopened", "failed")
    assert [e["reason"] for e in story.events() if e["action"] == "reopen"] == [
        f"alarm {story.alarm} is still active 15 minutes after done",
        f"alarm {story.alarm} is active again",
    ]


def test_without_readings_a_person_decides_and_it_shows(story: Story) -> None:
    story.returned(-10)
    story.do(0, A.FINISH)
    assert story.look(600 + 300) == ("done", "pending")
    assert story.look(600 + 300 + 60) == ("done", "open")
    assert story.look(30 * DAY) == ("done", "open")  # silence does not say that it is over
    assert [e["action"] for e in story.events()][-1] == "comment"
    story.do(30 * DAY, A.CONFIRM)
    assert story.look(30 * DAY) == ("closed", "person")


def test_silence_closes_what_only_people_can_judge(conn: psycopg.Connection) -> None:
    new = NewOrder(park_id="small", origin="staff", cause="staff:1", service="repair", skill="power", priority="P3",
                   title_zh="t", title_en="t")  # fmt: skip
    order = work_orders.open_(conn, new, now=at(0)).order
    days = one(conn, "select (terms ->> 'confirm_days')::float as d from smartpark.work_order")["d"]
    for action, minute in ((A.ACCEPT, 1), (A.FINISH, 2)):
        phone: datetime | None = at(60 * minute)
        late = at(60 * minute) + timedelta(days=1)  # the phone was offline: nobody could answer before
        act(conn, OrderAct(order=order, action=action, actor="li", device_time=phone), now=late)
    assert [closing.run(conn, at((days + 1) * DAY + 119)), closing.run(conn, at((days + 1) * DAY + 120))] == [0, 1]
    row = one(conn, "select state, verified from smartpark.work_order")
    assert (row["state"], row["verified"]) == ("closed", "open")
