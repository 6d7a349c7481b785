"""The bench of clocks must be able to fail, and measure clocks that are what orders really have."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from pipeline.domain.errors import ConfigurationError
from pipeline.settings import Settings
from pipeline.store import parks
from pipeline.store.database import connect
from simulators.bench.sla import SlaBench, broken, main
from simulators.bench.stage import Stage
from simulators.servers.broker import Broker
from simulators.servers.database import Database
from simulators.stack import Stack

GOOD: dict[str, Any] = {"duplicates": 0, "missed": 0, "unlike_derived": 0, "pass_ms": 99.0, "burst_s": 4.9}


@pytest.mark.parametrize(
    ("name", "value"), [("duplicates", 1), ("missed", 1), ("unlike_derived", 1), ("pass_ms", 101.0), ("burst_s", 5.1),
                        ("burst_s", None)],
)  # fmt: skip
def test_a_promise_that_is_not_kept_is_named(name: str, value: float | None) -> None:
    assert broken(GOOD) == []
    assert broken({**GOOD, name: value}) == [name]


def test_it_refuses_what_makes_no_sense() -> None:
    with pytest.raises(ConfigurationError, match="three for each order"):
        main(["--clocks", "30", "--burst", "10"])


def test_seeded_clocks_are_what_would_be_derived(database: str, tmp_path: Any) -> None:
    stage = Stage(Database("timescaledb", "", database, ""), Broker("mosquitto", "", {}, ""), Settings.from_env({}),
                  Stack(tmp_path, {}), "apache")  # fmt: skip
    bench = SlaBench(stage, Console(quiet=True), clocks=60, burst=5)
    now = datetime(2026, 11, 20, 18, 10, tzinfo=UTC)
    with connect(database) as conn:
        conn.autocommit = True
        parks.apply(conn, bench.park.park(), now=now)
        bench.seed(conn, [now - timedelta(minutes=n) for n in range(20)], now)
        assert bench.unlike_derived(conn, now) == 0
        conn.execute("update smartpark.sla_clock set due = due + interval '1 second'")
        assert bench.unlike_derived(conn, now) == 20
