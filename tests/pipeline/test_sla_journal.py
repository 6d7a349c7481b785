"""What clocks say: what came in late is corrected and never overwritten, several engines tell each thing once, and the
API may derive and no more."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from pipeline.domain.work_order import OrderAction
from pipeline.engine.desk import sla
from tests.pipeline.promised import Story, check, parks_in

A = OrderAction
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def conn(database_server: str) -> Iterator[psycopg.Connection]:
    with parks_in(database_server, "Asia/Shanghai", "Europe/Berlin") as found:
        yield found


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
