"""What came first stays, and is never taken for a contradiction of itself, in whatever order things come again."""

from collections.abc import Iterator

import pytest

from pipeline.domain.access import Direction
from tests.pipeline.test_ingest import Desk, passage, readings


@pytest.fixture
def desk(database: str) -> Iterator[Desk]:
    found = Desk(database)
    yield found
    found.close()


def test_a_stored_reading_that_comes_again_after_its_contradiction_contradicts_nothing(desk: Desk) -> None:
    """A gateway that re-sends both, the second one first, makes the first no conflict of itself."""
    desk.write(readings(1.0))
    outcome = desk.write(readings(2.0, identity="m:2"), readings(1.0))
    assert (outcome.readings, outcome.duplicates, outcome.conflicts) == (0, 1, 1)
    assert desk.rows(b"select kept, refused from park.conflicts") == [(1.0, 2.0)]
    third = desk.write(readings(3.0, identity="m:3"), readings(2.0, identity="m:2"))
    assert (third.duplicates, third.conflicts) == (0, 2)
    assert desk.rows(b"select kept, refused from park.conflicts order by refused") == [(1.0, 2.0), (1.0, 3.0)]


def test_a_stored_event_that_comes_again_after_its_contradiction_contradicts_nothing(desk: Desk) -> None:
    desk.write(passage())
    outcome = desk.write(passage(way=Direction.OUT), passage())
    assert (outcome.events, outcome.duplicates, outcome.conflicts) == (0, 1, 1)
    (shown,) = desk.rows(b"select content from park.conflicts")
    assert shown[0]["events"][0]["direction"] == "out"  # type: ignore[index]
