"""A device that floods is limited by a person while everybody else goes on; every message stays accounted for."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

from tests.conftest import OwnBroker, OwnDatabase, wait_until
from tests.stories.conftest import Load, Town
from tests.stories.test_dead_letters import park
from tests.stories.test_spool import kept

MAKE = Callable[[str, OwnBroker], Town]
LIMITED = "select coalesce(sum(messages), 0) from park.limited_minutes"


def say(load: Load, device: str, number: int, message: str = "readings") -> None:
    body = {"id": f"{device}-{number}", "time_ms": round(datetime.now(UTC).timestamp() * 1000) + number}
    what = {"values": {"active_power": number}} if message == "readings" else {"state": "online"}
    load.client.publish(f"park/v1/small/meter/{device}/{message}", json.dumps({**body, **what}), qos=1)


def test_a_flooding_device_is_limited_and_nothing_is_lost_without_a_trace(
    database: str, broker: OwnBroker, make_town: MAKE, load: Load
) -> None:
    town = make_town(database, broker)
    town.collector("collector-1")
    for n in range(50):
        say(load, "m1", n)
        say(load, "m2", n)
    town.wait_for("select count(*) from smartpark.reading", 100)
    done = park("limit", "m1", "--per-minute", "6", "--for", "2", "--reason", "floods since noon", "--json", town=town)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout.splitlines()[-1])["limits"]
    assert [(x["device"], x["per_minute"], x["reason"]) for x in shown] == [("m1", 6, "floods since noon")]

    # The collector hears of it with what comes next; from then on m1 is held back, and m2 never.
    number = 50

    def limited() -> int:
        nonlocal number
        number += 1
        say(load, "m1", number)
        say(load, "m2", number)
        return int(town.one(LIMITED))

    wait_until(limited, within=20, what="the limit holds")
    for n in range(1000, 1400):
        say(load, "m1", n)
        say(load, "m2", n)
    say(load, "m1", 9999, "status")
    load.client.publish("park/v1/small/meter/m1/readings", b"broken", qos=1)
    load.client.publish("park/v1/small/meter/m2/readings", b"broken", qos=1)
    town.wait_for(
        "select count(*) from park.readings join park.points using (point) where device_id = 'm2'", number + 400
    )
    town.wait_for("select count(*) from park.device_statuses where device_id = 'm1'", 1)
    town.wait_for("select count(*) from park.dead_letters where device_id = 'm2'", 1)
    accounted = (
        "select (select count(*) from park.readings join park.points using (point) where device_id = 'm1')"
        " + (select count(*) from park.dead_letters where device_id = 'm1')"
        " + (select coalesce(sum(messages), 0) from park.limited_minutes where device_id = 'm1')"
    )
    town.wait_for(accounted, number + 400 + 1)
    assert town.one("select count(distinct device_id) from park.limited_minutes") == 1

    assert park("limit", "m1", "--off", town=town).stdout.strip() == "no device is limited"
    assert park("limit", "m1", "--off", town=town).returncode == 2
    assert park("limit", "nobody", "--per-minute", "1", town=town).returncode == 2
    assert town.one("select count(*) from park.audit_log where action = 'limit'") == 2


def test_three_poisonous_rows_of_two_thousand_cost_three_messages_and_few_transactions(
    database: str, broker: OwnBroker, make_town: MAKE, load: Load
) -> None:
    """Poison that only the database finds: a value that a trigger refuses, as a disk full for one chunk or a broken
    index would. Everything waits at the broker first, so that it comes as one batch."""
    town = make_town(database, broker)
    town.collector("collector-1", PARK_BATCH_SECONDS="3")
    poison = {7, 1003, 1999}
    town.run(
        "create function smartpark.poison() returns trigger language plpgsql as $$ begin"
        " if new.value = 666 then raise exception 'refused' using errcode = 'check_violation'; end if;"
        " return new; end $$;"
        " create trigger poison before insert or update on smartpark.latest"
        " for each row execute function smartpark.poison()"
    )
    for n in range(2000):
        body = {"id": f"p{n}", "time_ms": round(datetime.now(UTC).timestamp() * 1000),
                "values": {"active_power": 666 if n in poison else n + 1000}}  # fmt: skip
        load.client.publish(f"park/v1/small/meter/p{n}/readings", json.dumps(body), qos=1)
    town.wait_for("select count(*) from smartpark.reading", 1997)
    town.wait_for("select count(*) from park.dead_letters where reason = 'refused-by-database'", 3)
    named = "select string_agg(device_id, ',' order by received, device_id) from park.dead_letters"
    assert set(town.one(named).split(",")) == {f"p{n}" for n in poison}
    # Each poisonous message is found by halving: at most log2(2000) levels of two transactions each, for each of them.
    assert town.one("select count(*) from park.ingest_batches") <= 3 * 11 * 2 + 10


def test_while_the_database_is_away_nothing_is_left_out(
    own_database: OwnDatabase, broker: OwnBroker, make_town: MAKE, load: Load
) -> None:
    """The count of what a limit leaves out is kept in the database, before the ack; without it, the spool keeps all."""
    town = make_town(own_database.url, broker)
    name = town.collector("collector-1")
    say(load, "m1", 0)
    town.wait_for("select count(*) from smartpark.reading", 1)
    assert park("limit", "m1", "--per-minute", "0", town=town).returncode == 0
    number = 0

    def limited() -> int:
        nonlocal number
        number += 1
        say(load, "m1", number)
        return int(town.one(LIMITED))

    wait_until(limited, within=20, what="the limit holds")
    load.client.publish("park/v1/small/meter/m2/status", json.dumps({"id": "x", "state": "online"}), qos=1)
    town.wait_for("select count(*) from park.device_statuses", 1)  # and so all before it is on record
    before = town.one("select count(*) from smartpark.reading"), town.one(LIMITED)
    own_database.kill()
    for n in range(1000, 1200):
        say(load, "m1", n)
    wait_until(lambda: kept(town, name) == 200, within=60, what="all of it is in the spool")
    own_database.start()
    town.wait_for("select count(*) from smartpark.reading", before[0] + 200, within=60)
    assert town.one(LIMITED) == before[1]
