"""A message that cannot be understood is kept whole and sealed, blocks nobody, and goes through again after a fix."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from collectors import secrets
from collectors.credentials import CredentialBook
from collectors.reader import Reader
from collectors.seal import Letter
from pipeline.domain.errors import Rejected
from pipeline.domain.message import Batch
from pipeline.ingest import Writer
from pipeline.store.database import connect
from tests.conftest import OwnBroker
from tests.stories.conftest import Load, Town

MAKE = Callable[[str, OwnBroker], Town]
NOW = datetime(2026, 11, 21, 6, 40, tzinfo=UTC)


def park(*words: str, town: Town) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "park", *words], env=dict(town.stack.env), capture_output=True, text=True, check=False
    )


def test_poison_between_good_messages(database: str, broker: OwnBroker, make_town: MAKE, load: Load) -> None:
    town = make_town(database, broker)
    town.collector("collector-1")
    load.publish(0, 100)
    for n in range(20):
        load.client.publish(f"park/v1/small/meter/m{n}/readings", b"\xff\x00 not json", qos=1)
        deep = b'{"x":' + b"[" * 2000 + b"]" * 2000 + b',"values":{}}'
        load.client.publish(f"park/v1/small/sensor/s{n}/readings", deep, qos=1)
        load.client.publish("park/v1/small/gate/g1/nonsense", f'{{"credential": "E200{n}"}}', qos=1)
    load.publish(100, 100)
    load.acknowledged()
    town.wait_for("select count(*) from smartpark.reading", 600)
    town.wait_for("select count(*) from park.dead_letters", 60)
    reasons = "select string_agg(distinct reason, ',' order by reason) from park.dead_letters"
    assert town.one(reasons) == "not-json,too-deep,unknown-message"
    assert town.one("select count(*) from smartpark.dead_letter where position('E200'::bytea in sealed) > 0") == 0


def test_replay_after_a_fix_keeps_the_received_time(database: str, broker: OwnBroker, make_town: MAKE) -> None:
    """An old decoder rejected a message that today's understands; what it still cannot read stays."""
    town = make_town(database, broker)
    keys = secrets.read(Path(town.stack.env["PARK_SECRETS"]))
    reader = Reader(keys, CredentialBook(keys.pseudonym))
    good = b'{"id": "late", "values": {"active_power": 5}}'
    topic = b"park/v1/small/meter/m1/readings"
    letters = [
        reader.reject(Letter(topic, payload, NOW), Rejected("old-firmware", "a decoder of last week"))
        for payload in (good, b"{}")
    ]
    with connect(database) as conn:
        Writer(conn).write(Batch("meter", dead_letters=letters), now=NOW)
    done = park("replay", "--json", town=town)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"stored": 1, "rejected": 1, "refused": 0, "unreadable": 0}
    assert town.one("select received from park.readings") == NOW
    again = park("replay", "--json", town=town)
    assert json.loads(again.stdout.splitlines()[-1]) == {"stored": 0, "rejected": 1, "refused": 0, "unreadable": 0}
