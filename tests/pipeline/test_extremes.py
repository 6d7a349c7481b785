"""What one device sends beyond all measure is that device's trouble, and nobody else's."""

import psycopg

from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.domain.quality import Quality
from pipeline.engine.run import steps
from pipeline.engine.steps import Engine
from pipeline.ingest import Writer
from pipeline.settings import Settings
from pipeline.store.registry import MOST_SHAPES, KnownDevice, KnownPoint, Registry
from tests.pipeline.conftest import at


def engine() -> Engine:
    return Engine(steps("apache", Settings.from_env({})))


def test_values_that_add_up_to_no_number_stop_no_roll_up(conn: psycopg.Connection) -> None:
    """One device that sends 1.7e308 twice must not take everybody's figures away."""
    for seconds, values in enumerate(({"odd": 1.7e308}, {"odd": 1.7e308}, {"odd": -1.7e308}, {"active_power": 2.0})):
        message = Message(
            Sender("small", Family.METER, "m1"), f"m:{seconds}", b"x" * 16, at(seconds),
            [Sample("m1", at(seconds), values)],
        )  # fmt: skip
        Writer(conn).write(Batch("test", [message]), now=at(seconds))
    e = engine()
    e.tick(conn, at(3600))
    assert e.failing == {}
    assert conn.execute("select sum from smartpark.rollup_1h").fetchall() == [(2.0,)]
    kept = conn.execute("select value, quality from smartpark.reading where value > 1e300").fetchall()
    assert kept == [(1.7e308, Quality.BAD)] * 2


def test_a_silence_that_is_fine_for_longer_than_calendars_go_is_kept(conn: psycopg.Connection) -> None:
    sample = Sample("m1", at(0), {"active_power": 1.0}, stale_after_s=1e18)  # SenML's `ut` has no bound
    message = Message(Sender("small", Family.METER, "m1"), "m:1", b"x" * 16, at(0), [sample])
    Writer(conn).write(Batch("test", [message]), now=at(0))
    engine().tick(conn, at(3600))
    assert conn.execute("select state from park.devices where device_id = 'm1'").fetchone() == ("online",)


def test_devices_that_tell_only_what_changed_do_not_fill_the_memory() -> None:
    registry = Registry()
    registry.devices["p", "d"] = KnownDevice(1, 60.0)
    names = [f"n{n}" for n in range(2000)]
    registry.points = {(1, name): KnownPoint(n, None, None) for n, name in enumerate(names)}
    for n in range(1500):
        found = registry.shape("p", Sample("d", None, dict.fromkeys(names[: n + 1], 1.0)))
        assert found is not None
        assert found.points == list(range(n + 1))
        assert sum(len(s.points) for s in registry.shapes.values()) <= MOST_SHAPES
    assert registry.shapes
