"""Alarm floods: more than 10 in 10 minutes at one operator position until there are fewer than 5."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.rows import dict_row

from pipeline.domain import noise
from pipeline.domain.noise import Flood
from pipeline.engine.alarms.floods import AlarmFloods
from pipeline.engine.steps import Engine, Step
from pipeline.store.database import connect
from tests.noise import Noisy
from tests.pipeline.conftest import at

MINUTE = 60


def test_the_eleventh_begins_a_flood_and_it_ends_when_fewer_than_five_are_left() -> None:
    times = [at(30 * n) for n in range(11)]
    assert noise.floods(times[:10], now=at(1000)) == []
    assert noise.floods(times, now=at(301)) == [Flood(at(300), None, 11)]
    # Of the five newest the first came at 180 s: ten minutes after it they are four.
    assert noise.floods(times, now=at(780)) == [Flood(at(300), None, 11)]
    assert noise.floods(times, now=at(781)) == [Flood(at(300), at(780), 11)]
    trickle = [*times, *(at(300 + 120 * n) for n in range(1, 9))]  # five in ten minutes keep it up
    (still,) = noise.floods(trickle, now=at(1300))
    assert (still.ended, still.alarms) == (None, 19)


def brute(times: list[int], until: int) -> list[tuple[int, int | None]]:
    """Second by second."""
    found: list[tuple[int, int | None]] = []
    on = None
    for second in range(until):
        count = sum(second - 600 <= t <= second for t in times)
        if on is None and count > 10:
            on = second
        elif on is not None and count < 5:
            found.append((on, second))
            on = None
    return [*found, *([(on, None)] if on is not None else [])]


@given(st.lists(st.integers(0, 3000), max_size=60).map(sorted), st.integers(3001, 5000))
def test_floods_are_what_a_look_at_every_second_finds(times: list[int], until: int) -> None:
    found = noise.floods([at(t) for t in times], now=at(until - 1))
    # That the fifth newest is ten minutes old is still ten minutes: they are four a second later.
    ends = [f.ended and f.ended + timedelta(seconds=1) for f in found]
    expected = brute(times, until)
    assert [f.started for f in found] == [at(begin) for begin, _ in expected]
    assert ends == [None if end is None else at(end) for _, end in expected]
    assert noise.peak([at(t) for t in times]) == max((sum(t - 600 <= x <= t for x in times) for t in times), default=0)


@pytest.fixture
def noisy(conn: psycopg.Connection) -> Noisy:
    return Noisy(conn)


def watches(noisy: Noisy, count: int, *, position: str = "operations", prefix: str = "r") -> list[int]:
    rules = (noisy.rule(f"{prefix}{n}", position=position) for n in range(count))
    return [noisy.watch(rule, "m1", "active_power") for rule in rules]


def floods(noisy: Noisy) -> list[dict[str, Any]]:
    with noisy.conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("select * from smartpark.alarm_flood order by flood").fetchall()


def test_a_flood_begins_grows_and_ends_at_its_own_position(noisy: Noisy) -> None:
    ours, others = watches(noisy, 14), watches(noisy, 9, position="security", prefix="s")
    step = AlarmFloods()
    for n, watch in enumerate(ours[:11]):
        noisy.raise_(watch, at=at(n))
        assert step.run(noisy.conn, at(n)) == (n == 10)
    noisy.raise_(*others, at=at(11))  # nine at another position are no flood there, and none of ours
    assert step.run(noisy.conn, at(12)) == 0
    noisy.raise_(*ours[11:], at=at(60))
    assert step.run(noisy.conn, at(61)) == 1
    (flood,) = floods(noisy)
    assert (flood["position"], flood["started"], flood["ended"], flood["alarms"]) == ("operations", at(10), None, 14)
    assert step.run(noisy.conn, at(10 * MINUTE + 30)) == 1
    (flood,) = floods(noisy)
    assert flood["ended"] == at(609)  # then the five newest are four
    assert step.run(noisy.conn, at(20 * MINUTE)) == 0


def test_what_is_held_historic_or_wear_does_not_flood_anybody(noisy: Noisy) -> None:
    many = watches(noisy, 20)
    for watch in many[:8]:
        noisy.hold(watch, kind="shelved", at=at(0))
    noisy.raise_(*many[:8], at=at(1))
    noisy.raise_(*many[8:12], at=at(1), historic=True)
    wear = [noisy.watch(noisy.rule(f"w{n}", maintenance=True), "m1", "energy") for n in range(12)]
    noisy.raise_(*wear, at=at(2))
    noisy.raise_(*many[12:], at=at(2))
    assert AlarmFloods().run(noisy.conn, at(3)) == 0
    assert floods(noisy) == []


def test_an_engine_that_was_away_finds_the_flood_afterwards_once(noisy: Noisy, database: str) -> None:
    many = watches(noisy, 12)
    noisy.raise_(*many, at=at(0))
    noisy.return_(*many, at=at(60))
    noisy.raise_(*many, at=at(200))  # re-opened: shown again
    later = at(5 * 3600)
    with connect(database) as one, connect(database) as two:
        one.autocommit = two.autocommit = True
        for conn in (one, two, one):
            engine = Engine([Step("alarm floods", AlarmFloods().run, timedelta(0))])
            engine.tick(conn, later)
            assert engine.failing == {}
    (flood,) = floods(noisy)
    assert (flood["started"], flood["ended"], flood["alarms"]) == (at(0), at(800), 24)


def test_a_killed_engine_goes_on_where_the_rows_are(noisy: Noisy) -> None:
    many = watches(noisy, 13)
    noisy.raise_(*many[:11], at=at(0))
    AlarmFloods().run(noisy.conn, at(1))
    noisy.raise_(*many[11:], at=at(300))
    assert AlarmFloods().run(noisy.conn, at(301)) == 1
    assert AlarmFloods().run(noisy.conn, at(1000)) == 1
    assert AlarmFloods().run(noisy.conn, at(2000)) == 0
    assert [(f["started"], f["ended"], f["alarms"]) for f in floods(noisy)] == [(at(0), at(600), 13)]
