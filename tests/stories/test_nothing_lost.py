"""The promise, with real faults: whatever is killed or restarted under load, each message is stored once."""

import signal
from collections.abc import Callable

from tests.conftest import OwnBroker, OwnDatabase, wait_until
from tests.stories.conftest import Load, Town

N = 6000
READINGS = "select count(*) from smartpark.reading"
MAKE = Callable[[str, OwnBroker], Town]


def stored_once(town: Town, messages: int) -> None:
    """Every reading of every message, once, with its value; nothing refused, nothing contradictory."""
    town.wait_for(READINGS, messages * 3, within=60)
    assert town.one("select count(distinct (point, ts)) from smartpark.reading") == messages * 3
    points = "select point from smartpark.point where name = 'active_power'"
    power = f"select sum(value)::bigint from smartpark.reading where point in ({points})"  # noqa: S608
    assert town.one(power) == messages * (messages - 1) // 2
    assert town.one("select count(*) from park.dead_letters") == 0
    assert town.one("select count(*) from park.conflicts") == 0


def test_a_killed_collector_loses_nothing_and_its_lanes_are_taken_over(
    database: str, broker: OwnBroker, make_town: MAKE, load: Load
) -> None:
    town = make_town(database, broker)
    town.collector("collector-1")
    town.collector("collector-2")
    wait_until(lambda: town.held_lanes() == 5, within=20, what="five lanes claimed")
    load.publish(0, N // 2)
    wait_until(lambda: town.one(READINGS) > 100, within=30, what="the load arrives")
    town.stack.kill("collector-1")
    load.publish(N // 2, N // 2)
    load.acknowledged()
    stored_once(town, N)
    assert town.held_lanes() == 5  # all with the one that is left


def test_both_collectors_killed_and_started_again(
    database: str, broker: OwnBroker, make_town: MAKE, load: Load
) -> None:
    town = make_town(database, broker)
    for round_ in range(3):
        name = town.collector(f"collector-{round_}")
        load.publish(round_ * 1000, 1000)
        wait_until(lambda r=round_: town.one(READINGS) > r * 3000, within=30, what="the load arrives")  # type: ignore[misc]
        town.stack.kill(name)
    town.collector("collector-last")
    load.acknowledged()
    stored_once(town, 3000)


def test_a_restarted_broker_loses_nothing(database: str, broker: OwnBroker, make_town: MAKE, load: Load) -> None:
    town = make_town(database, broker)
    town.collector("collector-1")
    load.publish(0, N // 2)
    broker.stop()
    broker.start()
    load.publish(N // 2, N // 2)
    load.acknowledged()
    stored_once(town, N)


def test_a_killed_broker_loses_nothing_that_is_sent_again(
    database: str, broker: OwnBroker, make_town: MAKE, load: Load
) -> None:
    town = make_town(database, broker)
    town.collector("collector-1")
    load.publish(0, N // 2)
    wait_until(lambda: town.one(READINGS) > 100, within=30, what="the load arrives")
    broker.kill()
    broker.start()
    load.resend(N // 2)
    load.publish(N // 2, N // 2)
    load.acknowledged()
    stored_once(town, N)


def test_a_restarted_and_a_killed_database_lose_nothing(
    own_database: OwnDatabase, broker: OwnBroker, make_town: MAKE, load: Load
) -> None:
    town = make_town(own_database.url, broker)
    town.collector("collector-1")
    town.collector("collector-2")
    load.publish(0, N // 3)
    wait_until(lambda: town.one(READINGS) > 100, within=30, what="the load arrives")
    own_database.stop()
    load.publish(N // 3, N // 3)
    own_database.start()
    wait_until(lambda: town.one(READINGS) > N // 3 * 3, within=60, what="the load goes on")
    own_database.kill()
    load.publish(N // 3 * 2, N // 3)
    own_database.start()
    load.acknowledged()
    stored_once(town, N)


def test_a_collector_that_is_told_to_stop_drains_and_leaves_the_rest_to_the_broker(
    database: str, broker: OwnBroker, make_town: MAKE, load: Load
) -> None:
    town = make_town(database, broker)
    name = town.collector("collector-1")
    load.publish(0, N // 2)
    wait_until(lambda: town.one(READINGS) > 100, within=30, what="the load arrives")
    child = town.stack.members[name].child
    child.signal(signal.SIGTERM)
    assert child.wait(30) == 0
    log = child.log.read_text()
    assert log.count("drained") == 5
    assert "not drained" not in log
    town.stack.stop(name)
    assert town.held_lanes() == 0
    load.publish(N // 2, N // 2)  # nobody listens: the broker holds them
    town.collector("collector-2")
    load.acknowledged()
    stored_once(town, N)


def test_connections_that_are_cut_or_hang_lose_nothing(
    database: str, broker: OwnBroker, make_town: MAKE, load: Load, cut: Callable[[int], object]
) -> None:
    """Between collector and broker, and between collector and database."""
    from simulators.servers.proxy import Proxy

    to_broker = cut(broker.port)
    to_database = cut(int(database.rsplit(":", 1)[1].split("/")[0]))
    assert isinstance(to_broker, Proxy)
    assert isinstance(to_database, Proxy)
    town = make_town(database, broker)
    town.stack.env = {
        **town.stack.env,
        "PARK_DATABASE_URL": database.replace(f":{database.rsplit(':', 1)[1].split('/')[0]}/", f":{to_database.port}/"),
        "PARK_MQTT_URL": broker.url("collector").replace(f":{broker.port}", f":{to_broker.port}"),
    }
    town.collector("collector-1")
    load.publish(0, N // 3)
    wait_until(lambda: town.one(READINGS) > 100, within=30, what="the load arrives")
    to_broker.cut()
    load.publish(N // 3, N // 3)
    to_broker.heal()
    wait_until(lambda: town.one(READINGS) > N // 3 * 3, within=60, what="the load goes on")
    to_database.cut()
    load.publish(N // 3 * 2, N // 3)
    to_database.heal()
    load.acknowledged()
    stored_once(town, N)
