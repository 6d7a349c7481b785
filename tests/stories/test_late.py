"""A gateway that was away for a day sends all of it at once, through the broker, while the park goes on."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pipeline.engine.run import steps
from pipeline.engine.steps import Engine
from pipeline.settings import Settings
from pipeline.store.database import connect
from tests.conftest import OwnBroker
from tests.stories.conftest import Load, Town

HOURS, STEP_S = 24, 30
DEVICES = 3


def pack(first: datetime, count: int) -> str:
    """One message of a gateway: `count` instants, half a minute apart, of three devices behind it; newest first."""
    entries = [
        {
            "device": f"behind-{device}",
            "time_ms": round((first + timedelta(seconds=STEP_S * n)).timestamp() * 1000),
            "values": {"energy": float(n), "active_power": float(device)},
        }
        for n in reversed(range(count))
        for device in range(DEVICES)
    ]
    return json.dumps({"id": f"day-{first:%H%M%S}", "readings": entries})


def test_a_day_comes_late_and_out_of_order(
    make_town: Callable[[str, OwnBroker], Town], database: str, broker: OwnBroker, load: Load
) -> None:
    town = make_town(database, broker)
    town.collector("one")
    load.publish(0, 300)
    away_since = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=HOURS, minutes=1)
    now = datetime.now(UTC).replace(microsecond=0)
    topic = "park/v1/small/gateway/late-gw/readings"
    messages = [pack(now, 1)]  # it is back, and says so first
    messages += [pack(away_since + timedelta(minutes=30 * n), 60) for n in range(2 * HOURS)]
    ordered = [messages[0], *messages[:0:-1], *messages[3:9]]  # the newest half hour first; some of them twice
    for message in ordered:
        load.client.publish(topic, message, qos=1)
    load.publish(300, 300)
    late = "from park.readings join park.points using (point) where device_id ~ '^behind-'"
    wanted = DEVICES * 2 * (1 + 2 * HOURS * 60)
    town.wait_for(f"select count(*) {late}", wanted, within=60)
    town.wait_for("select count(*) from park.readings", wanted + 600 * 3)
    latest = "from smartpark.latest l join park.points using (point) where device_id ~ '^behind-'"
    assert town.one(f"select count(*) {latest} and l.ts = %s", now) == DEVICES * 2, "what is old moved no latest value"
    assert town.one("select count(*) from park.conflicts") == 0
    engine = Engine(steps("apache", Settings.from_env({})))
    with connect(database) as conn:
        conn.autocommit = True
        assert engine.tick(conn, datetime.now(UTC))["roll-ups"]
    assert town.one("select count(*) from smartpark.rollup_dirty") == 0
    raw = town.all(
        "select point, time_bucket('15 minutes'::interval, ts), count(*), sum(value), min(value), max(value)"
        " from park.readings group by 1, 2 order by 1, 2"
    )
    assert raw == town.all("select point, bucket, n, sum, min, max from park.readings_15m order by 1, 2")
    raw = town.all(
        "select point, time_bucket('1 hour'::interval, ts), count(*), sum(value), min(value), max(value)"
        " from park.readings group by 1, 2 order by 1, 2"
    )
    assert raw == town.all("select point, bucket, n, sum, min, max from park.readings_1h order by 1, 2")
    assert town.one("select sum(n) from park.readings_day") == wanted + 600 * 3
