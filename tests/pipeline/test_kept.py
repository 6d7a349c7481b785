"""What is let go of takes nothing with it that stays."""

from dataclasses import replace

import psycopg

from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.engine.run import steps
from pipeline.engine.steps import Engine
from pipeline.ingest import Writer
from pipeline.settings import Settings
from pipeline.store import spool as store
from tests.pipeline.conftest import at

SETTINGS = Settings.from_env({})
DAY = 86_400.0


def engine(settings: Settings = SETTINGS) -> Engine:
    return Engine(steps("apache", settings))


def test_a_host_that_spooled_once_and_is_gone_is_forgotten(conn: psycopg.Connection) -> None:
    """A container has another name each time that it is made."""
    for host, days in (("gone", SETTINGS.event_days + 1), ("here", 1)):
        store.keep_backlog(conn, host=host, lane="meter", messages=9, oldest=at(0), now=at(-86400.0 * days))
    engine().tick(conn, at(0))
    assert conn.execute("select host from smartpark.spool_backlog").fetchall() == [("here",)]


def test_a_late_reading_does_not_rewrite_a_day_whose_quarters_are_gone(conn: psycopg.Connection) -> None:
    """Days stay; where quarters are kept for less long than raw readings, a late one would be all that is left."""
    short = replace(SETTINGS, rollup_days=30)

    def say(measured: float, heard: float) -> None:
        sample = Sample("m1", at(measured), {"active_power": 1.0})
        message = Message(Sender("small", Family.METER, "m1"), f"m:{measured}", b"x" * 16, at(heard), [sample])
        Writer(conn).write(Batch("test", [message]), now=at(heard))

    for seconds in (0, 3600):
        say(-40 * DAY + seconds, -40 * DAY + seconds)
    engine(short).tick(conn, at(-40 * DAY + 9000))
    assert conn.execute("select n from smartpark.rollup_day").fetchall() == [(2,)]
    engine(short).tick(conn, at(0))
    say(-40 * DAY + 7200, 10)
    engine(short).tick(conn, at(4000))
    assert conn.execute("select n from smartpark.rollup_day").fetchall() == [(2,)]
    assert conn.execute("select count(*) from smartpark.reading").fetchone() == (3,)
