"""A lane's worker and a database that takes one thing and not another: nothing doubles, and /readyz says what waits."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors import secrets
from collectors.inbox import Arrived
from collectors.lanes import Lane
from collectors.session import Session
from collectors.worker import Worker
from pipeline.address import BrokerAddress
from pipeline.domain.clock import Clock
from pipeline.settings import Settings
from pipeline.store import floods
from pipeline.store.database import connect
from tests.conftest import wait_until
from tests.park import apply_small_park

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
PASSAGES = "select count(*) from smartpark.access_event"
LIMITED = "select coalesce(sum(messages), 0)::int from smartpark.limited_minute"


def arrived(message: str, said: object) -> Arrived:
    return Arrived(f"park/v1/small/gate/g1/{message}".encode(), json.dumps(said).encode(), NOW, 1, 1, 1)


PASSAGE = arrived("passage", {"direction": "in", "count": 1})  # neither id nor time: a repeat would count twice
READING = arrived("readings", {"time_ms": 1795312800000, "values": {"cpu_temperature": 40}})


class Place:
    """A database, and a worker of the lane gate that has no broker."""

    def __init__(self, url: str, folder: Path) -> None:
        self.conn = connect(url)
        apply_small_park(self.conn)
        self.conn.autocommit = True
        floods.limit(self.conn, ("small", "g1"), 0, now=NOW)
        secrets.make(folder)
        lane = Lane("gate", ("park/v1/+/gate/#",))
        session = Session(
            lane, BrokerAddress.parse("mqtt://127.0.0.1:1"), clock=Clock(), inbox=10, may_connect=lambda: False
        )
        settings = Settings.from_env({"PARK_DATABASE_URL": url, "PARK_SPOOL": str(folder / "spool")})
        self.worker = Worker(session, settings, secrets.read(folder))

    def do(self, statement: str) -> None:
        self.conn.execute(statement.encode())

    def one(self, query: str) -> int:
        row = self.conn.execute(query.encode()).fetchone()
        assert row
        return int(row[0])

    def close(self) -> None:
        self.worker.handover.drop()
        self.worker.drain.stop(within_s=10)
        self.worker.spool.release()
        self.conn.close()


@pytest.fixture
def place(database: str, tmp_path: Path) -> Iterator[Place]:
    found = Place(database, tmp_path)
    yield found
    found.close()


def test_of_a_batch_that_is_stored_only_what_was_left_out_goes_to_the_spool(place: Place) -> None:
    """Where it cannot be said that it was left out."""
    place.do("revoke insert on smartpark.limited_minute from park_writer")
    assert place.worker._keep([PASSAGE, READING, PASSAGE])
    assert place.one(PASSAGES) == 2
    assert place.worker.spool.messages == 1
    place.worker.drain.start()
    wait_until(lambda: place.worker.spool.empty, within=20, what="it is drained")
    assert place.one(PASSAGES) == 2
    assert place.one("select count(*) from smartpark.reading") == 1  # not left out after all
    assert place.one(LIMITED) == 0
    place.do("grant insert on smartpark.limited_minute to park_writer")
    assert place.worker._keep([PASSAGE, READING])
    assert (place.one(PASSAGES), place.one(LIMITED)) == (3, 1)


def test_a_spool_that_the_database_does_not_take_is_told(place: Place) -> None:
    """Whatever the reason: the lane itself has none to complain."""
    place.do("revoke insert on smartpark.limited_minute from park_writer")
    assert place.worker._keep([READING])
    assert place.worker.trouble is None
    place.do("revoke insert on smartpark.spool_position from park_writer")
    place.worker.drain.start()
    wait_until(lambda: "the spool waits: permission denied" in (place.worker.trouble or ""), within=20, what="told")
    place.do("grant insert on smartpark.spool_position to park_writer")
    wait_until(lambda: place.worker.trouble is None, within=20, what="it is drained")
    assert place.worker.spool.empty
