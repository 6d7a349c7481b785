"""The way into the database: a connection that hangs is given up, and what the database refuses stands alone."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from collectors import secrets
from collectors.credentials import CredentialBook
from collectors.handover import Handover
from collectors.inbox import Arrived
from collectors.lanes import DEFAULT
from collectors.reader import Reader
from collectors.session import Session
from collectors.worker import Worker
from pipeline.address import BrokerAddress
from pipeline.domain.clock import Clock
from pipeline.domain.errors import Unavailable
from pipeline.domain.message import Message
from pipeline.settings import Settings
from simulators.servers.proxy import Proxy
from tests.conftest import wait_until

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def arrived(n: int, more: str = "") -> Arrived:
    text = f'{{"id": "i{n}", "time_ms": {1795312800000 + n}, "values": {{"x": {n}}}{more}}}'
    return Arrived(b"park/v1/p/meter/m/readings", text.encode(), NOW, n, 1, 1)


def make(url: str, folder: Path) -> Handover:
    secrets.make(folder)
    keys = secrets.read(folder)
    return Handover(
        "meter", Reader(keys, CredentialBook(keys.pseudonym)), Settings.from_env({"PARK_DATABASE_URL": url})
    )


def test_a_write_that_hangs_is_given_up(database: str, cut: Callable[[int], Proxy], tmp_path: Path) -> None:
    port = database.rsplit(":", 1)[1].split("/")[0]
    wire = cut(int(port))
    handover = make(database.replace(f":{port}/", f":{wire.port}/"), tmp_path)
    handover.open()
    wire.freeze()
    raised: list[Exception] = []

    def store() -> None:
        try:
            handover.store([arrived(1)], handover.understand([arrived(1)]))
        except Unavailable as error:
            raised.append(error)

    thread = threading.Thread(target=store)
    thread.start()
    wait_until(lambda: handover._busy_since is not None, within=10, what="it writes")
    handover.interrupt(after_s=60.0)  # not for so long
    assert thread.is_alive()
    handover.interrupt(after_s=0.0)
    thread.join(timeout=10)
    assert len(raised) == 1
    handover.drop()
    wire.heal()
    handover.store([arrived(1)], handover.understand([arrived(1)]))
    with psycopg.connect(database) as conn:
        assert conn.execute("select count(*) from smartpark.reading").fetchone() == (1,)
    handover.drop()


def test_a_lane_that_says_how_it_is_doing_to_a_server_that_hangs_gives_it_up(
    database: str, cut: Callable[[int], Proxy], tmp_path: Path
) -> None:
    """An idle lane says nothing else; hanging there it would neither store nor spool what comes next."""
    port = database.rsplit(":", 1)[1].split("/")[0]
    wire = cut(int(port))
    secrets.make(tmp_path)
    env = {"PARK_DATABASE_URL": database.replace(f":{port}/", f":{wire.port}/"), "PARK_SPOOL": str(tmp_path / "spool")}
    address = BrokerAddress.parse("mqtt://127.0.0.1:1")
    session = Session(DEFAULT[0], address, clock=Clock(), inbox=10, may_connect=lambda: False)
    worker = Worker(session, Settings.from_env(env), secrets.read(tmp_path))
    worker.start()
    wait_until(lambda: worker.talkers._written is not None, within=20, what="it said something")
    wire.freeze()
    worker.talkers._written = None  # ten seconds later
    wait_until(lambda: worker.handover._busy_since is not None, within=20, what="it says something again")
    worker.handover.interrupt(after_s=0.0)
    wait_until(lambda: worker.handover._conn is None, within=20, what="the connection is given up")
    wire.heal()
    assert worker.stop(within_s=20)


def test_notes_follow_what_is_stored_piece_by_piece(database: str, tmp_path: Path) -> None:
    handover = make(database, tmp_path)
    batch = [arrived(n, ', "units": {"x": "a\\u0000b"}' if n == 2 else "") for n in range(5)]
    said = handover.understand(batch)
    noted: list[tuple[int, int]] = []

    def note(conn: psycopg.Connection, count: int) -> None:
        row = conn.execute("select count(*) from smartpark.reading").fetchone()
        assert row
        noted.append((count, row[0]))

    handover.store(batch, said, note=note)
    assert [count for count, _ in noted][-1] == 5
    assert [count for count, _ in noted] == sorted(count for count, _ in noted)
    with psycopg.connect(database) as conn:
        stored = conn.execute("select count(*) from smartpark.reading").fetchone()
        letters = conn.execute("select count(*) from smartpark.dead_letter").fetchone()
    assert stored
    assert letters
    assert stored[0] + letters[0] == 5
    handover.drop()


def test_readings_that_break_a_rule_that_nobody_foresaw_are_kept_as_a_dead_letter(
    database: str, tmp_path: Path
) -> None:
    """Only an event that is there already may be passed over."""
    with psycopg.connect(database) as conn:
        conn.execute("create unique index on smartpark.latest (value)")
    handover = make(database, tmp_path)
    one, other = arrived(1), arrived(1)._replace(topic=b"park/v1/p/meter/n/readings")
    for item in (one, other):
        handover.store([item], handover.understand([item]))
    with psycopg.connect(database) as conn:
        assert conn.execute("select count(*) from smartpark.reading").fetchone() == (1,)
        assert conn.execute("select reason from smartpark.dead_letter").fetchall() == [("refused-by-database",)]
    handover.drop()


def test_a_value_that_no_decoder_should_let_through_costs_its_message_and_no_other(
    database: str, tmp_path: Path
) -> None:
    handover = make(database, tmp_path)
    batch = [arrived(n) for n in range(5)]
    said = handover.understand(batch)
    message = said[2][0]
    assert isinstance(message, Message)
    said[2] = [message._replace(samples=[message.samples[0]._replace(values={"x": "no number"})])]  # type: ignore[dict-item]
    handover.store(batch, said)
    with psycopg.connect(database) as conn:
        assert conn.execute("select array_agg(value order by value) from smartpark.reading").fetchone() == (
            [0, 1, 3, 4],
        )
        assert conn.execute("select reason from smartpark.dead_letter").fetchall() == [("refused-by-database",)]
    handover.drop()
