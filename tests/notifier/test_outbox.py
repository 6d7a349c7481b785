"""The outbox: a message waits, is claimed by one sender, and ends accepted or failed; the next contact follows; what
nobody needs any more is not sent; and whatever dies, nothing is lost."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from pipeline.domain.clock import Clock
from pipeline.domain.notification import Delivery, DeliveryError, DeliveryState, Urgency, Verdict
from pipeline.domain.wording import Words
from pipeline.domain.work_order import OrderAction
from pipeline.engine.retention import Retention
from pipeline.notifier import channels
from pipeline.notifier.sender import Sender
from pipeline.settings import Settings
from pipeline.store import outbox
from pipeline.store import work_orders as orders
from pipeline.store.database import connect
from pipeline.store.outbox import Message
from pipeline.store.work_orders import OrderAct
from simulators.servers.process import free_port
from simulators.stack import Stack
from tests.notifier.providers import Got, Web, web
from tests.park import apply_small_park
from tests.pipeline.test_escalation import LEAK
from tests.pipeline.test_rota import add_people

NOW = datetime.now(UTC)  # senders of their own go by the real clock
SECRET = {"PARK_NOTIFY_WEBHOOK_SECRET": "a secret"}


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def provider() -> Iterator[Web]:
    with web() as found:
        yield found


@pytest.fixture
def conn(database: str, provider: Web) -> Iterator[psycopg.Connection]:
    """Li can be reached by webhook, and by ntfy where that fails."""
    with connect(database) as found:
        apply_small_park(found)
        found.autocommit = True
        for person in add_people(found, "li", "wang").values():
            found.execute("insert into smartpark.contact values (%s, 1, 'webhook', %s)", [person, f"{provider.url}/1"])
            found.execute(
                "insert into smartpark.contact values (%s, 2, 'ntfy', %s)", [person, f"{provider.url}/ntfy/2"]
            )
        yield found


def put(conn: psycopg.Connection, cause: str, *people: int, **more: Any) -> list[int]:
    message = Message(
        park_id="small", cause=cause, urgency=more.pop("urgency", Urgency.NOW), words=lambda _: Words("s", "b"), **more
    )
    return outbox.put(conn, message, people or (1,), now=at(0))


def sender(**more: Any) -> Sender:
    given = {"timeout_s": 5.0, "workers": 4, "clock": Clock(), **more}
    return Sender(channels.of(Settings.from_env(SECRET)), **given)


def run(one: Sender, conn: psycopg.Connection, now: datetime) -> None:
    """Until nothing is due."""
    while one.turn(conn, now, wait_s=0.02) or one.busy:
        pass


def rows(conn: psycopg.Connection) -> list[tuple[Any, ...]]:
    return conn.execute("select place, state, error, attempts from park.notifications order by notification").fetchall()


def test_the_next_contact_follows_where_one_will_never_take_it(conn: psycopg.Connection, provider: Web) -> None:
    said: dict[str, tuple[int, bytes]] = {"/1": (200, b'{"errcode": 93000}'), "/ntfy/": (200, b'{"id": "n"}')}
    provider.answer = lambda got: (said[got.path][0], {}, said[got.path][1])
    assert put(conn, "a", link=lambda person: f"https://park.example/take/{person}") == [1]
    assert put(conn, "a") == [1], "the same cause again is the same message"
    one = sender()
    run(one, conn, at(1))
    assert rows(conn) == [(1, "failed", "refused", 1), (2, "accepted", None, 1)]
    (first, second) = provider.got
    assert json.loads(first.body)["link"] == json.loads(second.body)["click"] == "https://park.example/take/1"
    left = conn.execute("select count(link), array_agg(provider_id) from smartpark.notification").fetchone()
    assert left == (0, [None, "n"]), "a link that works once does not stay in the outbox"

    # Unreachable: tried again, later each time; after a minute the next contact as well, once.
    said["/1"] = (503, b"")
    put(conn, "b", 2)
    for seconds in (1, 2, 12, 40, 100, 240, 400):
        run(one, conn, at(seconds))
    found = {place: (state, error, attempts) for place, state, error, attempts in rows(conn)[2:]}
    assert found == {1: ("pending", "unreachable", 6), 2: ("accepted", None, 1)}
    run(one, conn, at(1801))
    assert rows(conn)[2][1:3] == ("failed", "expired")
    assert outbox.standing(conn, now=at(1801)) == (0, 0.0)

    # Whoever has no contact at all is told of nothing, and that is seen.
    conn.execute("delete from smartpark.contact where person = 2")
    assert put(conn, "c", 1, 2) == [1]
    assert rows(conn)[-1] == (0, "failed", "invalid", 0)


def test_no_answer_of_a_provider_stops_the_others(conn: psycopg.Connection, provider: Web) -> None:
    said = {"/1": (500, {}, b"\0 down"), "/ntfy/": (200, {}, b'{"id": "\\ud800\\u0000"}')}
    provider.answer = lambda got: said[got.path]
    put(conn, "a", 1)
    conn.execute("delete from smartpark.contact where person = 2 and place = 1")
    put(conn, "b", 2)
    run(sender(), conn, at(1))
    found = conn.execute("select error_text, provider_id from park.notifications order by notification").fetchall()
    assert found == [("HTTP 500:   down", None), (None, "? ")]


def test_an_answer_that_comes_after_the_lease_is_not_that_of_the_next_attempt(conn: psycopg.Connection) -> None:
    put(conn, "a", 1)
    one = sender()
    (late,) = outbox.claim(conn, mine=one.mine, most=1, lease=at(10), now=at(1))
    (again,) = outbox.claim(conn, mine=one.mine, most=1, lease=at(30), now=at(11))
    assert (late.attempts, again.attempts) == (1, 2)
    given = {"mine": one.mine, "now": at(12)}
    wrong = Delivery(DeliveryError.TIMEOUT, "late")
    assert not outbox.record(conn, late, wrong, Verdict(DeliveryState.PENDING, at(20)), **given)
    assert outbox.record(conn, again, Delivery(), Verdict(DeliveryState.ACCEPTED), **given)


def test_what_nobody_needs_any_more_is_not_sent(conn: psycopg.Connection, provider: Web) -> None:
    order, _ = orders.open_(conn, LEAK, now=at(0))
    put(conn, "asks", order=order, asks=True)
    put(conn, "tells", order=order)
    put(conn, "late")
    conn.execute("update smartpark.notification set deadline = %s where cause = 'late'", [at(1)])
    orders.act(conn, OrderAct(order=order, action=OrderAction.ACCEPT, actor="wang"), now=at(1))
    run(sender(), conn, at(2))
    found = conn.execute("select cause, state, error from park.notifications order by notification").fetchall()
    assert found == [("asks", "failed", "withdrawn"), ("tells", "accepted", None), ("late", "failed", "expired")]
    assert len(provider.got) == 1
    settings = Settings.from_env({})
    assert Retention("apache", settings).run(conn, at(3600)) >= 0 and len(rows(conn)) == 3
    Retention("apache", settings).run(conn, at(91 * 86400))
    assert rows(conn) == []


def test_two_senders_deliver_each_of_200_messages_once(conn: psycopg.Connection, database: str, provider: Web) -> None:
    for number in range(200):
        put(conn, f"m{number}", urgency=Urgency.LATER if number % 2 else Urgency.NOW)

    def send() -> None:
        with connect(database, role="park_notifier") as own:
            own.autocommit = True
            run(sender(timeout_s=30.0), own, at(1))

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = [got.headers["idempotency-key"] for got in provider.got]
    assert len(keys) == len(set(keys)) == 200
    assert Counter(rows(conn)) == {(1, "accepted", None, 1): 200}
    urgency = [json.loads(got.body)["urgency"] for got in provider.got]
    assert urgency[:50].count("now") > urgency[-50:].count("now"), "the urgent ones first"


def test_what_was_sent_is_recorded_once_the_database_is_back(
    conn: psycopg.Connection, database: str, provider: Web
) -> None:
    one, own = sender(), connect(database)
    own.autocommit = True

    def answer(_got: Got) -> tuple[int, dict[str, str], bytes]:
        conn.execute("select pg_terminate_backend(%s)", [own.info.backend_pid])
        return 200, {}, b"{}"

    provider.answer = answer
    put(conn, "a")
    with pytest.raises(psycopg.Error):
        run(one, own, at(1))
    own.close()
    assert rows(conn) == [(1, "sending", None, 1)] and one.busy
    run(one, conn, at(2))
    assert rows(conn) == [(1, "accepted", None, 1)] and len(provider.got) == 1

    # One whose lease was over meanwhile belongs to another sender: what it says does not count any more.
    put(conn, "b")
    (held,) = outbox.claim(conn, mine=uuid4(), most=1, lease=at(10), now=at(3))
    provider.answer = lambda _got: (200, {}, b"{}")
    run(one, conn, at(9))
    assert len(provider.got) == 1, "it is held"
    run(one, conn, at(11))
    assert rows(conn)[1] == (1, "accepted", None, 2)
    assert provider.got[-1].headers["idempotency-key"] == held.key


def test_a_notifier_killed_while_sending_loses_nothing(
    conn: psycopg.Connection, database: str, provider: Web, tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    """Two processes, as in operation; one is killed (SIGKILL) while the provider holds its messages back."""
    let_go, held = threading.Event(), threading.Semaphore(0)

    def hold(_got: Got) -> tuple[int, dict[str, str], bytes]:
        held.release()
        let_go.wait(20)
        return 200, {}, b"{}"

    provider.answer = hold
    port = free_port()
    env = {"PARK_DATABASE_URL": database, "PARK_NOTIFY_TIMEOUT": "1", "PARK_NOTIFY_WORKERS": "4", **SECRET}
    stack = Stack(tmp_path, env)
    try:
        stack.start("one", "notifier", env={"PARK_METRICS_PORT": str(port)})
        for number in range(40):
            put(conn, f"m{number}", urgency=Urgency.LATER)
        for _ in range(4):
            assert held.acquire(timeout=30), "four are on the wire"
        stack.kill("one")
        stack.start("two", "notifier", env={"PARK_METRICS_PORT": str(port)})
        assert held.acquire(timeout=30)
        let_go.set()
        accepted = "select count(*) from park.notifications where state = 'accepted'"
        eventually(lambda: conn.execute(accepted).fetchone() == (40,), within=60, what="all are accepted")
        stack.members["two"].child.check()
        assert stack.members.pop("two").child.stop() is None
    finally:
        let_go.set()
        stack.members["one"].child.forget()
        stack.close()
    bodies: dict[str, set[bytes]] = {}
    for got in provider.got:
        bodies.setdefault(got.headers["idempotency-key"], set()).add(got.body)
    assert len(bodies) == 40 and all(len(same) == 1 for same in bodies.values()), "a repeat says the same"
