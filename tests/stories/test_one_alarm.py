"""One cause, one alarm: however many breaches, repeats and collectors, in whatever order, whoever dies in between."""

import json
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from pipeline.domain.errors import Unavailable
from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.domain.rule import Limits
from pipeline.ingest import Writer
from pipeline.store.database import connect
from tests.conftest import OwnBroker, wait_until
from tests.park import apply_small_park
from tests.pipeline.conftest import at
from tests.pipeline.judged import consistent, journal, put, rule, states
from tests.stories.conftest import Load, Town

BREACHES = 1000
HOT = rule("hot", Limits(high=100.0, deadband=5.0), point="active_power")
OPEN = "select count(*) from smartpark.alarm where closed is null"


@pytest.fixture
def admin(database: str) -> psycopg.Connection:
    """The owner's connection to a database that knows the small park and one rule."""
    conn = connect(database)
    apply_small_park(conn)
    conn.autocommit = True
    put(conn, HOT)
    return conn


def reading(second: float, value: float, *, pack: bool = False) -> Message:
    """The main meter's power, told by itself or by its gateway."""
    sender = Sender("small", Family.GATEWAY, "gw") if pack else Sender("small", Family.METER, "m1")
    return Message(sender, None, None, at(second), [Sample("m1", at(second), {"active_power": value})])


def together(*acts: Callable[[], None]) -> None:
    """Runs acts at once, and raises what any of them raised."""
    failures: list[BaseException] = []

    def run(act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def deliver(database: str, messages: list[Message], *, size: int) -> None:
    """Writes messages in batches over a connection of its own; what fails for a passing reason comes again."""
    with connect(database, role="park_writer") as conn:
        writer = Writer(conn)
        for first in range(0, len(messages), size):
            batch = Batch("test", messages[first : first + size])
            writer.write(batch, now=max(m.received for m in batch.messages))


def shuffled(messages: list[Message], seed: int) -> list[Message]:
    """The same messages, some of them twice, in another order."""
    chance = random.Random(seed)
    again = messages + chance.sample(messages, len(messages) // 3)
    chance.shuffle(again)
    return again


def test_a_thousand_breaches_over_two_writers_are_one_alarm(admin: psycopg.Connection, database: str) -> None:
    breaches = [reading(n, 101.0 + n % 50, pack=bool(n % 2)) for n in range(BREACHES)]
    together(*(lambda seed=seed: deliver(database, shuffled(breaches, seed), size=7 + seed) for seed in range(4)))
    assert states(admin) == ["unacknowledged"]
    assert journal(admin) == [("raise", None, "unacknowledged")]
    assert admin.execute("select count(*) from smartpark.reading").fetchone() == (BREACHES,)
    assert admin.execute("select count(*) from smartpark.alarm_notice").fetchone() == (1,)
    admin.close()


@pytest.mark.parametrize("seed", range(3))
def test_ups_and_downs_in_any_order_leave_what_the_newest_says(
    admin: psycopg.Connection, database: str, seed: int
) -> None:
    chance = random.Random(seed)
    values = [chance.choice((50.0, 98.0, 120.0)) for _ in range(300)]
    told = [reading(n, value, pack=bool(n % 2)) for n, value in enumerate([*values, 120.0])]
    together(*(lambda s=s: deliver(database, shuffled(told, 10 * seed + s), size=5 + s) for s in range(3)))
    assert admin.execute(f"{OPEN} and active").fetchone() == (1,)
    assert admin.execute(OPEN).fetchone() == (1,)
    assert consistent(admin)
    deliver(database, [reading(400, 50.0)], size=1)
    assert admin.execute(f"{OPEN} and active").fetchone() == (0,)
    assert consistent(admin)
    admin.close()


def test_who_dies_between_readings_and_commit_leaves_neither(admin: psycopg.Connection, database: str) -> None:
    def die(conn: psycopg.Connection) -> None:
        found = conn.execute("select count(*) from smartpark.alarm where state = 'unacknowledged'").fetchone()
        assert found == (1,), "the alarm is written when death comes"
        admin.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])

    conn = connect(database, role="park_writer")
    with pytest.raises(Unavailable):
        Writer(conn).write(Batch("test", [reading(0, 120.0)]), now=at(0), alongside=die)
    with suppress(psycopg.Error):
        conn.close()
    left = "select (select count(*) from smartpark.reading), (select count(*) from smartpark.alarm_condition)"
    assert admin.execute(left).fetchone() == (0, 0)
    assert (states(admin), journal(admin)) == ([], [])
    deliver(database, [reading(0, 120.0)], size=1)
    assert states(admin) == ["unacknowledged"]
    assert admin.execute(left).fetchone() == (1, 1)
    admin.close()


def test_two_collectors_over_the_broker_raise_one_alarm_and_one_may_die(
    admin: psycopg.Connection,
    database: str,
    broker: OwnBroker,
    make_town: Callable[[str, OwnBroker], Town],
    load: Load,
) -> None:
    town = make_town(database, broker)
    town.collector("one")
    town.collector("two")
    wait_until(lambda: town.held_lanes() >= 2, what="lanes are held")
    start = datetime.now(UTC) - timedelta(seconds=2)
    chance = random.Random(4)
    order = list(range(BREACHES)) + chance.sample(range(BREACHES), 300)
    chance.shuffle(order)
    for place, n in enumerate(order):
        said = {"time_ms": round((start + timedelta(milliseconds=n)).timestamp() * 1000)}
        if n % 2:
            said |= {"id": f"own-{n}", "values": {"active_power": 101 + n % 50}}
            load.client.publish("park/v1/small/meter/m1/readings", json.dumps(said), qos=1)
        else:
            entry = said | {"device": "m1", "values": {"active_power": 101 + n % 50}}
            load.client.publish(
                "park/v1/small/gateway/gw/readings", json.dumps({"id": f"pack-{n}", "readings": [entry]}), qos=1
            )
        if place == BREACHES // 2:
            town.stack.kill("one")
    town.wait_for("select count(*) from smartpark.reading", BREACHES, within=90)
    assert states(admin) == ["unacknowledged"]
    assert journal(admin) == [("raise", None, "unacknowledged")]
    admin.close()
