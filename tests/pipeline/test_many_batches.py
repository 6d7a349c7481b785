"""However much is written, nobody is blamed, and nobody overlooked."""

import psycopg

from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.engine.run import steps
from pipeline.engine.steps import Engine
from pipeline.ingest import Writer
from pipeline.settings import Settings
from tests.pipeline.conftest import at

SETTINGS = Settings.from_env({})


def say(conn: psycopg.Connection, device: str, seconds: float) -> None:
    sample = Sample(device, at(seconds), {"x": 1.0})
    message = Message(Sender("small", Family.METER, device), f"m:{seconds}", b"x" * 16, at(seconds), [sample])
    Writer(conn).write(Batch("test", [message]), now=at(seconds))


def test_however_many_batches_are_written_silence_is_judged(conn: psycopg.Connection) -> None:
    """Many lanes write thousands of batches in the ten seconds that others are given to be heard."""
    e = Engine(steps("apache", SETTINGS))
    say(conn, "m1", 0)
    e.tick(conn, at(1))
    say(conn, "m2", 60)
    conn.execute(
        "insert into smartpark.ingest_batch (at, lane, messages, readings, events, duplicates, conflicts, dead_letters,"
        " unidentified) select %s + n * interval '4 ms', 'x', 1, 1, 0, 0, 0, 0, 0 from generate_series(1, 2500) n",
        [at(60)],
    )
    e.tick(conn, at(70))
    state = conn.execute("select state from park.devices where device_id = 'm1'").fetchone()
    assert state == ("offline",)
