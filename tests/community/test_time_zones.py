"""A park's days follow its time zone, in every edition: also days that were made before the zone was known or right."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from pipeline.domain.park import Crs, Name
from pipeline.domain.park import Park as Described
from pipeline.engine.steps import key
from pipeline.store import locks, parks, schema
from pipeline.store.database import connect
from tests.community.test_rollups import NOW, Park, Said, check

HOUR_S = 3600
SHANGHAI = Described("moved", Name("园", "Park"), "Asia/Shanghai", Crs("WGS-84"), (0, 0), Name("址", "At"))
SAID = [Said(HOUR_S * i + 60 * (i % 7), float(i % 11), False) for i in range(100)]


@pytest.fixture(params=["apache", "community", "plain"])
def park(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Park]:
    """A migrated database in which no park was applied."""
    if request.param == "plain":
        monkeypatch.setattr(schema, "detect_edition", lambda _conn: "plain")
        url = request.getfixturevalue("empty_database")
        schema.migrate(url, now=NOW)
    else:
        url = request.getfixturevalue("database" if request.param == "apache" else "community")
    with connect(url) as conn:
        conn.autocommit = True
        yield Park(conn, request.param)


def apply(conn: psycopg.Connection, described: Described) -> None:
    with conn.transaction():
        parks.write(conn, described, now=NOW)


def test_days_of_strangers_become_days_of_the_park_that_is_applied(park: Park) -> None:
    for park_id in ("moved", "other"):
        park.write(park_id, "meter-1", SAID, received=NOW)
    park.roll_up()
    utc = {"moved": "UTC", "other": "UTC"}
    check(park.conn, utc)
    apply(park.conn, SHANGHAI)
    park.roll_up()
    check(park.conn, {**utc, "moved": "Asia/Shanghai"})


def test_days_follow_a_zone_that_was_corrected(park: Park) -> None:
    apply(park.conn, SHANGHAI)
    park.write("moved", "meter-1", SAID, received=NOW)
    park.roll_up()
    check(park.conn, {"moved": "Asia/Shanghai"})
    park.write("moved", "meter-2", SAID[:50], received=NOW)  # not rolled up yet
    for zone in ("America/New_York", "Asia/Kolkata", "Asia/Shanghai"):
        apply(park.conn, replace(SHANGHAI, time_zone=zone))
        apply(park.conn, replace(SHANGHAI, time_zone=zone, name=Name("园", zone)))  # the zone stays: nothing to do
        park.roll_up()
        check(park.conn, {"moved": zone})


def test_days_whose_15_minute_rows_went_stay_as_they_are(database: str) -> None:
    """They are all that is left of that time: roll-ups have a retention, days have none."""
    with connect(database) as conn:
        conn.autocommit = True
        park = Park(conn, "apache")
        apply(conn, SHANGHAI)
        park.write("moved", "meter-1", SAID, received=NOW)
        park.roll_up()
        days = "select day, n from park.readings_day order by day"
        before = conn.execute(days).fetchall()
        third = before[2][0]
        conn.execute(
            "delete from smartpark.rollup_15m where bucket < %s::timestamp at time zone 'Asia/Shanghai'", [third]
        )
        apply(conn, replace(SHANGHAI, time_zone="Asia/Tokyo"))
        after = conn.execute(days).fetchall()
        assert after[:3] == before[:3]
        assert len(after) == len(before)
        assert after[3] == before[3] == (third + timedelta(days=1), 24)
        assert after[4] != before[4]


def test_no_engine_mixes_two_zones(database: str, eventually: Callable[..., object]) -> None:
    """One that is at its roll-ups knows the old zone: its days would come after the new ones."""
    with connect(database) as engine, connect(database) as conn, connect(database) as looking:
        looking.autocommit = True
        waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted and classid = %s"
        with locks.step(engine, key("roll-ups"), transaction=True) as mine:
            assert mine
            applying = threading.Thread(target=lambda: parks.apply(conn, SHANGHAI, now=NOW))
            applying.start()
            eventually(lambda: looking.execute(waits, [locks.STEP]).fetchone() == (1,), what="the apply waits")
        applying.join(30)
        assert parks.load(conn, "moved") == SHANGHAI
        conn.rollback()
        with conn.transaction():
            parks.write(conn, replace(SHANGHAI, time_zone="Asia/Tokyo"), now=NOW)
            with locks.step(engine, key("roll-ups"), transaction=True) as mine:
                assert not mine
