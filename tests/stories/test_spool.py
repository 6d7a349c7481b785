"""The database goes away under load: collectors keep what comes on disk, ack it, and hand it over once it is back."""

import json
import os
import random
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulators.servers.proxy import Proxy
from tests.collectors.edge import Edge, Published
from tests.conftest import OwnBroker, OwnDatabase, wait_until
from tests.stories.conftest import Load, Town
from tests.stories.test_nothing_lost import READINGS, stored_once

MAKE = Callable[[str, OwnBroker], Town]
N = 3000
ANONYMOUS = 1500
SPOOLING, HOLDING = 2, 3
PASSAGES = "select count(*) from smartpark.access_event"


def figures(town: Town, name: str, metric: str) -> dict[str, float]:
    """A metric of a collector, by lane."""
    with urllib.request.urlopen(f"http://127.0.0.1:{town.ports[name]}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    mine = [line for line in lines if line.startswith(f"{metric}{{")]
    return {line.split('lane="')[1].split('"')[0]: float(line.rsplit(" ", 1)[1]) for line in mine}


def kept(town: Town, name: str) -> int:
    """How many messages a collector wrote to its spool and acknowledged."""
    return int(sum(figures(town, name, "park_spool_kept_total").values()))


def missing(town: Town, name: str) -> str:
    """What /readyz says is missing."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{town.ports[name]}/readyz", timeout=5)
    except urllib.error.HTTPError as refused:
        return " ".join(json.loads(refused.read())["missing"])
    return ""


def pass_anonymously(load: Load, count: int) -> None:
    """Passages with neither id nor time: nobody could tell a repeat of one."""
    for n in range(count):
        topic = f"park/v1/small/gate/g{n % 20}/passage"
        load._infos.append(load.client.publish(topic, json.dumps({"direction": "in", "count": 1}), qos=1))


def end(town: Town, name: str) -> None:
    """Tells a collector to stop, and sees that it does."""
    child = town.stack.members[name].child
    child.signal(signal.SIGTERM)
    assert child.wait(30) == 0
    town.stack.stop(name)


def test_what_comes_while_the_database_is_away_is_acked_from_disk_and_stored_without_the_broker(
    own_database: OwnDatabase, broker: OwnBroker, make_town: MAKE, load: Load
) -> None:
    town = make_town(own_database.url, broker)
    name = town.collector("collector-1")
    load.publish(0, 300)
    town.wait_for(READINGS, 900)
    own_database.kill()
    load.publish(300, N - 300)
    pass_anonymously(load, ANONYMOUS)
    load.acknowledged()
    wait_until(lambda: kept(town, name) == N - 300 + ANONYMOUS, within=60, what="all of it is in the spool")
    assert "lane meter: spools, the database is away since" in missing(town, name)
    wait_until(
        lambda: figures(town, name, "park_spool_state")["meter"] == SPOOLING, within=10, what="the state is looked at"
    )
    assert not any(b"park/v1" in f.read_bytes() for f in (town.stack.folder / "spool").rglob("*.spool"))
    broker.kill()  # from here on there is nothing but the spool
    own_database.start()
    stored_once(town, N)
    wait_until(lambda: not list((town.stack.folder / "spool").rglob("*.spool")), within=30, what="the spool is empty")
    assert town.one(PASSAGES) == ANONYMOUS
    assert town.one("select coalesce(sum(messages), 0)::int from smartpark.spool_backlog") == 0
    broker.start()
    town.ready(name)
    load.acknowledged()


def test_a_collector_killed_while_it_spools_and_while_it_drains_loses_and_doubles_nothing(
    own_database: OwnDatabase, broker: OwnBroker, make_town: MAKE, load: Load
) -> None:
    town = make_town(own_database.url, broker)
    name = town.collector("collector-1")
    own_database.kill()
    load.publish(0, N // 2)
    wait_until(lambda: kept(town, name) > 100, within=30, what="it spools")
    town.stack.kill(name)  # what was written and not acked yet comes again
    own_database.start()
    name = town.collector("collector-2")
    town.wait_for(READINGS, N // 2 * 3, within=60)
    town.stack.kill(name)
    name = town.collector("collector-3", PARK_BATCH_MESSAGES="20")
    own_database.kill()
    load.publish(N // 2, N // 2)
    pass_anonymously(load, ANONYMOUS)
    load.acknowledged()
    wait_until(lambda: kept(town, name) >= N // 2 + ANONYMOUS, within=60, what="all of it is in the spool")
    end(town, name)  # in good order: an ack that is lost on its way would bring an anonymous message twice
    own_database.start()
    passages = [0]
    for attempt in range(3):
        name = town.collector(f"collector-drains-{attempt}", PARK_BATCH_MESSAGES="20")
        wait_until(lambda: town.one(PASSAGES) > min(passages[-1], ANONYMOUS - 1), within=30, what="it drains")
        town.stack.kill(name)
        passages.append(town.one(PASSAGES))
    assert 0 < passages[1] < ANONYMOUS, "killed in the midst of it"
    town.collector("collector-last")
    stored_once(town, N)
    wait_until(lambda: town.one(PASSAGES) >= ANONYMOUS, within=30, what="all passages")
    wait_until(lambda: not list((town.stack.folder / "spool").rglob("*.spool")), within=10, what="the spool is empty")
    assert town.one(PASSAGES) == ANONYMOUS  # none twice, though nothing but the spool's position tells them apart


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    if os.geteuid() != 0:
        pytest.fail("this story mounts a file system of 1 MB, which only root can: run the tests as root")
    folder = tmp_path / "small-disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "none", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def overfill(town: Town, name: str, load: Load, database: OwnDatabase, spool: Path) -> None:
    """More than the spool takes: it stops acking, the broker holds, and nothing is lost."""
    database.kill()
    noise = random.Random(7)
    plain = load.client.publish

    def padded(topic: str, payload: str, qos: int) -> object:
        more = {**json.loads(payload), "pad": noise.randbytes(300).hex()}
        return plain(topic, json.dumps(more), qos=qos)

    load.client.publish = padded  # type: ignore[method-assign,assignment]
    load.publish(0, 2 * N)
    load.acknowledged()
    wait_until(lambda: HOLDING in figures(town, name, "park_spool_state").values(), within=60, what="the spool is full")
    assert "the broker holds" in missing(town, name)
    assert 0 < kept(town, name) < 2 * N
    assert sum(f.stat().st_size for f in spool.rglob("*.spool")) <= 1 << 20
    database.start()
    stored_once(town, 2 * N)
    town.ready(name)
    assert not list(spool.rglob("*.spool"))


def test_a_full_spool_stops_acking_and_the_broker_holds(
    own_database: OwnDatabase, broker: OwnBroker, make_town: MAKE, load: Load
) -> None:
    town = make_town(own_database.url, broker)
    name = town.collector("collector-1", PARK_SPOOL_MB="1")
    overfill(town, name, load, own_database, town.stack.folder / "spool")


def test_a_full_disk_stops_acking_and_the_broker_holds(
    own_database: OwnDatabase, broker: OwnBroker, make_town: MAKE, load: Load, small_disk: Path
) -> None:
    town = make_town(own_database.url, broker)
    name = town.collector("collector-1", PARK_SPOOL=str(small_disk))
    overfill(town, name, load, own_database, small_disk)


def test_a_stopped_collector_leaves_its_spool_to_whoever_runs_on_this_host(
    own_database: OwnDatabase, broker: OwnBroker, make_town: MAKE, load: Load
) -> None:
    town = make_town(own_database.url, broker)
    name = town.collector("collector-1")
    own_database.kill()
    load.publish(0, N)
    load.acknowledged()
    wait_until(lambda: kept(town, name) == N, within=60, what="all of it is in the spool")
    end(town, name)
    own_database.start()
    lanes = town.stack.folder / "lanes.toml"
    lanes.write_text('[[lane]]\nname = "gate"\nfilters = ["park/v1/+/gate/#"]\n')
    town.collector("collector-2", PARK_LANES=str(lanes))  # of the lanes that spooled it holds none
    stored_once(town, N)


def test_live_messages_pass_the_spool_by_and_older_ones_move_no_latest_value(
    own_database: OwnDatabase, broker: OwnBroker, make_town: MAKE, load: Load, cut: Callable[[int], Proxy]
) -> None:
    to_database = cut(own_database.port)
    town = make_town(own_database.url, broker)
    through = {"PARK_DATABASE_URL": own_database.url.replace(f":{own_database.port}/", f":{to_database.port}/")}
    name = town.collector("collector-1", **through)
    latest = "select value from smartpark.latest join smartpark.point using (point) where name = 'active_power'"
    to_database.cut()
    load.publish(0, 60)  # one of each of 60 devices
    load.acknowledged()
    wait_until(lambda: kept(town, name) == 60, within=30, what="all of it is in the spool")
    to_database.heal()
    town.wait_for(READINGS, 180)
    # What was drained is the newest there is: it is the latest value, as if it had never waited.
    assert town.one(f"select count(*) from ({latest}) x") == 60  # noqa: S608
    assert town.one(f"select sum(value)::int from ({latest}) x") == sum(range(60))  # noqa: S608
    to_database.cut()
    load.publish(60, 60)
    load.acknowledged()
    wait_until(lambda: kept(town, name) == 120, within=30, what="the next are in the spool")
    town.stack.kill(name)
    spool = town.stack.folder / "spool"
    spool.rename(town.stack.folder / "held-back")  # while it waits, newer ones are stored
    town.collector("collector-2")
    load.publish(120, 60)
    newest = sum(range(120, 180))
    wait_until(lambda: town.one(f"select sum(value)::int from ({latest}) x") == newest, within=30, what="live")  # noqa: S608
    town.stack.stop("collector-2")
    shutil.rmtree(spool)
    (town.stack.folder / "held-back").rename(spool)
    town.collector("collector-3")
    stored_once(town, 180)
    assert town.one(f"select sum(value)::int from ({latest}) x") == newest  # noqa: S608


def test_an_edge_nodes_messages_keep_their_order_through_the_spool(
    own_database: OwnDatabase, broker: OwnBroker, make_town: MAKE, load: Load
) -> None:
    """Sparkplug B: aliases come from the birth, `seq` counts; what is read twice or too early would ask for a birth."""
    town = make_town(own_database.url, broker)
    sources = town.stack.folder / "sources.toml"
    sources.write_text('[[source]]\nname = "plant"\ntopic = "spBv1.0/#"\nformat = "sparkplug"\npark = "small"\n')
    name = town.collector("collector-1", PARK_SOURCES=str(sources))
    asked: list[str] = []
    load.client.on_message = lambda _client, _user, message: asked.append(message.topic)
    load.client.subscribe("spBv1.0/+/NCMD/+")
    edge = Edge([0, 1, 2, 3, 4, 5])

    def publish(said: list[Published]) -> None:
        for one in said:
            load._infos.append(load.client.publish(one.topic, one.payload, qos=1))

    publish(edge.birth())
    town.wait_for(READINGS, len(edge.said))
    own_database.kill()
    for n in range(40):
        publish([edge.data("m1", n % 2)])
    load.acknowledged()
    wait_until(lambda: figures(town, name, "park_spool_messages").get("sparkplug", 0) >= 40, within=30, what="spooled")
    own_database.start()
    for n in range(40):  # behind what is drained, not past it
        publish([edge.data("m2", n % 2)])
    town.wait_for(READINGS, len(edge.said))
    town.ready(name)
    assert town.one("select count(*) from park.dead_letters") == 0
    assert asked == []
