"""The alarm bench's account must be able to fail: it expects what follows from what was sent."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from collectors import secrets
from pipeline.domain.errors import ConfigurationError
from pipeline.domain.spell import Delays, Glimpse, Spell, follow
from pipeline.settings import Settings
from simulators.bench import scenario
from simulators.bench.alarms import AlarmBench, broken, compare, cycles, main, rises
from simulators.bench.scenario import CONNECTIONS, VERSIONS
from simulators.bench.stage import Stage
from simulators.bench.stream import Screen
from simulators.happenings import EPOCH
from simulators.servers.broker import Broker
from simulators.servers.database import Database
from simulators.stack import Stack
from tests.conftest import OwnBroker


@pytest.fixture
def stage(database: str, broker: OwnBroker, tmp_path: Path) -> Iterator[Stage]:
    """The test's own servers; not the bench's, which are wiped and take longer."""
    secrets.make(tmp_path / "secrets")
    env = {"PARK_DATABASE_URL": database, "PARK_MQTT_URL": broker.url("collector")}
    stack = Stack(tmp_path, {**env, "PARK_SECRETS": str(tmp_path / "secrets"), "PARK_SPOOL": str(tmp_path / "spool")})
    roles = {role: broker.url(role) for role in ("collector", "simulator")}
    yield Stage(
        Database("timescaledb", "", database, ""),
        Broker("mosquitto", "", roles, ""),
        Settings.from_env({}),
        stack,
        "apache",
    )
    assert stack.close() == []


def test_what_must_be_raised_is_what_the_house_s_own_delays_decide() -> None:
    plan = scenario.messages(500)
    size, ticks = len(plan.blocks[0].senders), 5
    said = np.array(
        [[1000 * n + c, c, n * size // ticks, size // ticks] for n in range(3 * VERSIONS * ticks) for c in range(2)]
    )
    for cycle in [c for c in cycles(plan) if c.shown][:2]:
        glimpses = []
        for at_ms, connection, first, count in said.tolist():
            for n in range(first, first + count):
                if connection == cycle.connection and n % size == cycle.slot:
                    value, at = next(scenario.values(n % (size * VERSIONS), 1)), EPOCH + timedelta(milliseconds=at_ms)
                    over, under = value > cycle.high, value <= cycle.high - cycle.deadband
                    glimpses.append(Glimpse(at, over, under, value, at))
        _, turns = follow(Spell.normal(EPOCH), glimpses, Delays.of(0, 0))
        wanted = [round((t.at - EPOCH).total_seconds() * 1000) for t in turns if t.raised]
        assert rises(cycle, plan.blocks[cycle.connection], said) == wanted
        assert len(wanted) in (3, 4)  # once in each cycle of values


def test_rules_raise_what_was_sent_and_a_screen_sees_it(stage: Stage) -> None:
    plan = scenario.messages(500)
    bench = AlarmBench(stage, plan, Console(quiet=True), seconds=2.0 * VERSIONS)
    bench.prepare(collectors=1)
    with bench._connected() as (conn, ledger, load):
        _, found, trouble = bench.latency(conn, ledger, load, rate=500.0)
        said = load.said()
        assert trouble == ""
        assert found.expected == found.raised >= CONNECTIONS
        assert (found.missed, found.false, found.twice, found.unseen) == (0, 0, 0, 0)
        # What was not raised, or without cause, is found.
        nobody = Screen("http://127.0.0.1:1", park_id=plan.park_id)
        assert compare(conn, plan, bench.cycling[1:], said, nobody).false > 0
        later = said.copy()
        later[:, 0] += 1_000_000
        assert compare(conn, plan, bench.cycling, np.vstack([said, later]), nobody).missed > 0
        standing = sum(not c.shown for c in bench.cycling)
        assert compare(conn, plan, bench.cycling, said, nobody).unseen == found.raised - standing > 0


def test_a_promise_that_is_not_kept_has_a_name() -> None:
    kept = {
        **dict.fromkeys(("missed", "false", "duplicates", "unseen", "lost", "readings_twice"), 0),
        "trouble": "",
        "raised": 5,
        "alarm_latency_ms": {"p99": 900.0},
        "ratio_with_rules": 0.9,
    }
    assert broken(kept) == []
    for worse in (
        {"missed": 1}, {"false": 1}, {"duplicates": 1}, {"unseen": 1}, {"lost": 1}, {"trouble": "gone"}, {"raised": 0},
        {"alarm_latency_ms": None}, {"alarm_latency_ms": {"p99": 1001.0}}, {"ratio_with_rules": 0.79},
    ):  # fmt: skip
        assert broken({**kept, **worse})
    with pytest.raises(ConfigurationError):
        main(["--devices", "20"])
