"""What the pipeline's stories share: a small park's database, and instants on a timeline."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from pipeline.store.database import connect
from tests.park import apply_small_park

START = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """An instant of the timeline, in seconds from its start."""
    return START + timedelta(seconds=seconds)


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    """The owner's connection to a migrated database that knows the small park, each statement its own transaction."""
    with connect(database) as found:
        apply_small_park(found)
        found.autocommit = True
        yield found
