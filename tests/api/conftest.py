"""One database for all tests that only read, filled once; a server on it; and one of each for tests that write."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from api.database import Database
from api.tiles.board import Board, make_board, park_info
from pipeline.domain.message import DeadLetter
from pipeline.domain.quality import Quality
from tests.api.messages import Hand, every, hand_on
from tests.api.serving import NOW, Served, serving
from tests.conftest import cloned

MINUTE = timedelta(minutes=1)
Tiles = Callable[..., dict[str, Any]]
PEAK = 444.0
PEAK_AT = NOW - timedelta(days=2, minutes=7, seconds=3)


def fill(hand: Hand) -> None:
    """Three days of power every minute with one peak, a gap of an hour, one bad value, and events of all kinds."""
    start = NOW - timedelta(days=3)
    gap = NOW - timedelta(hours=30)
    hand.measure(
        "m1", "active_power", {t: 100.0 for t in every(MINUTE, start, NOW) if not gap <= t < gap + 60 * MINUTE}
    )
    hand.measure("m1", "active_power", {PEAK_AT: PEAK})
    hand.measure("m1", "active_power", {NOW - timedelta(seconds=90): 490.0}, bad=True)
    hand.measure("m1", "energy", {t: 1000 + (t - start) / timedelta(hours=1) * 100 for t in every(MINUTE, start, NOW)})
    hand.measure("p1", "pressure", {NOW - timedelta(seconds=5): 3.2})
    hand.measure("l1", "leak", {NOW - timedelta(seconds=5): 1.0})
    hand.measure("nobody-knows", "temperature", {NOW - timedelta(seconds=5): 21.0})
    for minute in range(40):
        at = NOW - minute * MINUTE
        hand.pass_by("g1", "in", at)
        hand.decide("g1", 138 if minute % 4 == 0 else 1, at)
        hand.screen("s1", "REFER" if minute % 10 == 0 else "PASS", 36.0 + minute / 100, at)
    hand.door("g2", 3, NOW - 5 * MINUTE)
    hand.door("g2", 0, NOW - 4 * MINUTE)
    hand.status("gw", "offline", NOW - 3 * MINUTE, "last-will")
    letters = [
        DeadLetter(NOW - i * MINUTE, "not-json", f"no {i}", b"sealed", "small", "m1", identity=bytes([i]))
        for i in range(5)
    ]
    hand.write(*letters)
    hand.measure("m1", "active_power", {NOW - 10 * MINUTE: 77.0})  # contradicts
    hand.write()
    hand.roll_up()


@pytest.fixture(scope="session")
def filled(database_server: str) -> Iterator[str]:
    """The URL of the database that all reading tests share."""
    with cloned(database_server, "park") as url:
        with hand_on(url, NOW) as hand:
            fill(hand)
        yield url


@pytest.fixture(scope="session")
def api(filled: str) -> Iterator[Served]:
    """The API on it."""
    with serving(filled) as served:
        yield served


@pytest.fixture
def hand(database: str) -> Iterator[Hand]:
    """A hand on this test's own database."""
    with hand_on(database, NOW) as found:
        yield found


@pytest.fixture
def reader(database: str) -> Iterator[Database]:
    found = Database(database)
    found.open()
    yield found
    found.close()


@pytest.fixture
def board(hand: Hand, reader: Database) -> Board:
    with reader.read() as opened:
        return make_board(park_info(opened, "small"), build="b", notice="")


@pytest.fixture
def tiles(board: Board, reader: Database) -> Tiles:
    """All tiles at an instant, by name."""
    begun = NOW.timestamp()

    def look(now: datetime = NOW) -> dict[str, Any]:
        faces = board.refresh(reader, now=now, real=now.timestamp() - begun)
        return {name: msgspec.json.decode(face.json) for name, face in faces.items()}

    return look


__all__ = ["UTC", "Quality"]
