"""Whoever locks alarms does so in one order: people, ingest and the engine wait for each other, never in a circle."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from pipeline.store import alarm_acts as acts
from pipeline.store import alarm_holds, alarms
from pipeline.store.alarm_acts import Person
from pipeline.store.alarms import Raising, Returning, raise_, return_
from pipeline.store.database import connect
from tests.pipeline.conftest import at
from tests.pipeline.watching import add_rule, add_watch

LI = Person("Li Ming", at(100))


def up(conn: psycopg.Connection, *watches: int, second: float) -> None:
    raise_(conn, [Raising(w, at(second), at(second), at(second), 1.0, {}) for w in watches], now=at(second))


@pytest.fixture
def watches(conn: psycopg.Connection) -> tuple[int, int]:
    """Two of one device, in order."""
    first, second = (
        add_watch(conn, add_rule(conn, name, "limits", {"high": 0.5}), "m1", "active_power") for name in ("a", "b")
    )
    return first, second


@pytest.fixture
def pair(database: str, conn: psycopg.Connection) -> Iterator[list[psycopg.Connection]]:
    """Two more connections; each statement that waits for long fails."""
    found = [connect(database) for _ in range(2)]
    for one in found:
        one.autocommit = True
        one.execute("set lock_timeout = '20s'")
    yield found
    for one in found:
        one.close()


def open_alarm(conn: psycopg.Connection, watch: int) -> int:
    row = conn.execute("select alarm from smartpark.alarm where watch = %s order by 1 desc limit 1", [watch]).fetchone()
    assert row
    return int(row[0])


def both(
    conn: psycopg.Connection, pair: list[psycopg.Connection], eventually: Callable[..., Any],
    first: Callable[[Any], object], waits: Callable[[Any], object], then: Callable[[Any], object],
) -> None:  # fmt: skip
    """One does `first`, the other comes to wait for it with `waits`, the one goes on with `then`: nobody is refused."""
    failed: list[BaseException] = []
    mine, theirs = pair

    def run() -> None:
        try:
            with theirs.transaction():
                waits(theirs)
        except BaseException as error:
            failed.append(error)

    other = threading.Thread(target=run)
    with mine.transaction():
        first(mine)
        other.start()
        blocked = "select count(*) from pg_stat_activity where pid = %s and wait_event_type = 'Lock'"
        eventually(lambda: (conn.execute(blocked, [theirs.info.backend_pid]).fetchone() or [0])[0] == 1)
        then(mine)
    other.join(30)
    assert failed == []


def test_what_may_re_open_is_locked_in_its_turn(
    conn: psycopg.Connection, pair: list[psycopg.Connection], eventually: Callable[..., Any], watches: tuple[int, int]
) -> None:
    up(conn, *watches, second=0)
    seen, other = (open_alarm(conn, watch) for watch in watches)
    with conn.transaction():
        acts.acknowledge(conn, [seen], LI)
        return_(conn, [Returning(watches[0], at(10), at(10))], now=at(10))
    both(
        conn, pair, eventually,
        lambda c: acts.comment(c, seen, LI, words="it was me"),
        lambda c: up(c, *watches, second=20),
        lambda c: acts.acknowledge(c, [other], LI),
    )  # fmt: skip


def test_who_takes_a_device_out_waits_for_all_of_its_alarms_at_once(
    conn: psycopg.Connection, pair: list[psycopg.Connection], eventually: Callable[..., Any], watches: tuple[int, int]
) -> None:
    up(conn, *watches, second=0)
    last = open_alarm(conn, watches[1])
    both(
        conn, pair, eventually,
        lambda c: alarms.lock(c, watches[:1], now=at(10)),
        lambda c: acts.take_out(c, last, LI, owner="Zhao", reason="new meter", whole_device=True),
        lambda c: return_(c, [Returning(watches[1], at(10), at(10))], now=at(10)),
    )  # fmt: skip
    both(
        conn, pair, eventually,
        lambda c: alarms.lock(c, watches[:1], now=at(20)),
        lambda c: acts.release(c, last, LI),
        lambda c: up(c, *watches, second=20),
    )  # fmt: skip


def test_alarms_are_locked_before_what_holds_them(
    conn: psycopg.Connection, pair: list[psycopg.Connection], eventually: Callable[..., Any], watches: tuple[int, int]
) -> None:
    up(conn, *watches, second=0)
    alarm = open_alarm(conn, watches[0])
    with conn.transaction():
        acts.shelve(conn, alarm, LI, until=at(200), reason="known")
    (hold,) = conn.execute("select hold from smartpark.alarm_hold").fetchone() or (0,)
    both(
        conn, pair, eventually,
        lambda c: acts.comment(c, alarm, LI, words="still"),
        lambda c: alarm_holds.release(c, [hold], now=at(200)),
        lambda c: acts.release(c, alarm, LI),
    )  # fmt: skip
