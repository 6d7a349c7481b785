"""The bench's account must be able to fail, and its load must be what it says; how fast that is, no test asks."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
import pytest

from collectors import secrets
from pipeline.domain.errors import ConfigurationError
from pipeline.settings import Settings
from pipeline.store.database import connect
from simulators.bench import scenario, trial
from simulators.bench.ledger import Account, Committed, Ledger
from simulators.bench.load import Frames
from simulators.bench.report import Findings
from simulators.bench.run import arguments, server
from simulators.bench.scenario import VERSIONS, Scenario
from simulators.bench.search import Search
from simulators.bench.stage import Stage
from simulators.bench.trial import Sample, Trial
from simulators.servers.broker import Broker
from simulators.servers.database import Database
from simulators.servers.postgres import key
from simulators.stack import Stack
from tests.conftest import REPO, OwnBroker

KEYS = {
    *(
        "messages_per_s",
        "readings_per_s",
        "pack_readings_per_s",
        "latency_ms",
        "ratio_to_copy",
        "ratio_to_receive_only",
    ),
    *("ratio_to_row_writer", "peak_rss_mb", "lost", "duplicates", "cores", "fsync", "synchronous_commit"),
    "broker_persistence",
}
NOTHING = Trial(
    rate=100.0, seconds=10.0, behind=0, unacked=0, samples=(), drained_s=0.1, account=Account(1000, 0, 0, 0, 0),
    committed=Committed(1000, 10, 0, 0), latency_ms={"p50": 1.0, "p99": 2.0}, cpu_s={"load": 0.3}, memory_mb={},
    peak_mb=10.0, other_cpu=0.0, readings=3,
)  # fmt: skip


@pytest.fixture
def stage(database: str, broker: OwnBroker, tmp_path: Path) -> Iterator[Stage]:
    """The test's own servers with one collector; not the bench's, which are wiped and take longer."""
    secrets.make(tmp_path / "secrets")
    settings = Settings.from_env({})
    env = {"PARK_DATABASE_URL": database, "PARK_MQTT_URL": broker.url("collector")}
    stack = Stack(tmp_path, {**env, "PARK_SECRETS": str(tmp_path / "secrets"), "PARK_SPOOL": str(tmp_path / "spool")})
    roles = {role: broker.url(role) for role in ("collector", "simulator")}
    made = Stage(
        Database("timescaledb", "", database, ""), Broker("mosquitto", "", roles, ""), settings, stack, "apache"
    )
    yield made
    assert stack.close() == []


def played(stage: Stage, conn: psycopg.Connection, plan: Scenario) -> tuple[Ledger, Trial, npt.NDArray[np.int64]]:
    stage.register(plan)
    stage.start_collectors(1)
    ledger = Ledger(conn, plan)
    with trial.loaded(stage, ledger) as load:
        found = trial.run(stage, load, ledger, rate=300.0, seconds=2.0)
        return ledger, found, load.said()


def test_what_is_lost_doubled_changed_or_out_of_nowhere_is_found(stage: Stage) -> None:
    with connect(stage.database.url) as conn:
        ledger, found, said = played(stage, conn, scenario.messages(50))
        assert found.account.clean
        assert found.account.sent == said[:, 3].sum() == found.committed.messages > 0
        assert conn.execute("select count(*) from smartpark.reading").fetchone() == (found.account.sent * 3,)
        assert found.latency_ms
        assert ledger.latency_ms(said) == found.latency_ms
        sent = found.account.sent
        one = "(ctid, tableoid) = (select ctid, tableoid from smartpark.reading order by ts offset 40 limit 1)"
        for statement, expected in (
            ("delete from smartpark.reading where ONE", Account(sent, 1, 0, 0, 0)),
            ("update smartpark.reading set value = value + 0.01 where ONE", Account(sent, 0, 0, 1, 0)),
            ("update smartpark.reading set ts = ts + interval '0.1 ms' where ONE", Account(sent, 1, 0, 0, 1)),
            (
                "alter table smartpark.reading drop constraint reading_point_ts_key;"
                "insert into smartpark.reading select * from smartpark.reading order by ts offset 40 limit 1",
                Account(sent, 0, 1, 0, 0),
            ),
        ):
            with conn.transaction(force_rollback=True):
                conn.execute(statement.replace("ONE", one).encode())
                assert ledger.account(said) == expected
        assert ledger.account(said) == found.account


def test_packs_are_accounted_for_likewise(stage: Stage) -> None:
    with connect(stage.database.url) as conn:
        ledger, found, said = played(stage, conn, scenario.packs(30))
        assert found.account.clean
        assert found.readings == 100
        assert conn.execute("select count(*) from smartpark.reading").fetchone() == (found.account.sent * 100,)
        conn.execute("delete from smartpark.reading where point = (select max(point) from smartpark.reading)")
        lost = ledger.account(said).lost
        assert 0 < lost < found.account.sent


def test_every_key_is_there_whatever_was_measured(stage: Stage) -> None:
    facts = server(stage)
    assert facts["fsync"] is True
    assert facts["synchronous_commit"] == "on"
    assert facts["broker_persistence"] is True
    empty, full = Findings(facts), Findings(facts, trials=[NOTHING], messages=NOTHING, packs=NOTHING)
    assert KEYS <= empty.as_json().keys() == full.as_json().keys()
    assert full.as_json()["readings_per_s"] == 300
    assert json.loads(json.dumps(full.as_json()))["latency_ms"] == {"p50": 1.0, "p99": 2.0}
    assert NOTHING.cpu_s_per_million == {"load": 100.0}
    assert full.as_json()["quiet"]
    assert not Findings(facts, {"busy_cpus": 0.5}).quiet
    assert not Findings(facts, trials=[replace(NOTHING, other_cpu=0.5)]).quiet


def test_the_command_prints_its_figures_and_owns_up_to_what_it_could_not_hold(
    tmp_path: Path, timescaledb_root: Path
) -> None:
    (tmp_path / "timescaledb").mkdir()
    (tmp_path / "timescaledb/root").symlink_to(timescaledb_root)
    words = ["bench", "ingest", "--json", "--only", "messages", "--rate", "200", "--seconds", "3", "--devices", "50"]
    env = {**os.environ, "PARK_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "park", *words], cwd=REPO, env=env, capture_output=True, text=True, check=False
    )
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures.keys() >= KEYS
    assert done.returncode == (0 if figures["messages_per_s"] else 1), done.stderr
    assert figures["lost"] == figures["duplicates"] == figures["wrong"] == 0 < figures["sent"]
    assert [t["rate"] for t in figures["trials"]][-1] == 200
    assert {"database", "broker", "collector-1", "collector-2", "engine", "load", "bench"} == set(
        figures["trials"][-1]["cpu_s_per_million_readings"]
    )
    assert not (timescaledb_root / "srv" / key(tmp_path / "bench-database-timescaledb")).exists()
    assert not (tmp_path / "bench-broker-mosquitto").exists()


@pytest.mark.parametrize("plan", [scenario.messages(50), scenario.packs(30)], ids=["messages", "packs"])
def test_frames_are_publish_packets_with_the_wire_s_payload(plan: Scenario) -> None:
    for block in plan.blocks:
        frames = Frames(plan, block, run="r")
        size = len(block.senders)
        rows = size * VERSIONS
        first = 3 * rows - 1
        sent = b"".join(frames.fill(first, 2, 1_795_243_206_123))  # over the end: a cycle's last row, the next's first
        for n, slot in ((first, size - 1), (first + 1, 0)):
            packet, sent = sent[: frames.size], sent[frames.size :]
            topic, number, payload = taken_apart(packet)
            assert topic == plan.topic(block, block.senders[slot])
            assert number == n % rows + 1
            assert payload["id"] == f"r-{n // rows:09}-{n % rows:05}"
            samples = payload.get("readings", [payload])
            assert [s["time_ms"] for s in samples] == [1_795_243_206_123] * len(block.members[slot])
            assert [s.get("device", block.senders[slot]) for s in samples] == list(block.members[slot])
            assert [list(s["values"]) for s in samples] == [list(block.names)] * len(samples)
            values = [v for s in samples for v in s["values"].values()]
            assert values == [(10_000 + (n % rows * 7919 + k * 104_729) % 90_000) / 100 for k in range(plan.readings)]
        assert sent == b""


def taken_apart(packet: bytes) -> tuple[str, int, Any]:
    """MQTT 3.1.1, section 3.3: topic, packet id, payload."""
    assert packet[0] == 0x32
    at, size = 1, 0
    while True:
        size |= (packet[at] & 0x7F) << 7 * (at - 1)
        at += 1
        if packet[at - 1] < 0x80:
            break
    assert size == len(packet) - at
    end = at + 2 + int.from_bytes(packet[at : at + 2], "big")
    return packet[at + 2 : end].decode(), int.from_bytes(packet[end : end + 2], "big"), json.loads(packet[end + 2 :])


def test_a_rate_is_only_sustained_if_nothing_is_left_over() -> None:
    flat = tuple(Sample(n / 2, n * 50, n * 50 - 10) for n in range(20))
    growing = tuple(Sample(n / 2, n * 50, n * 45) for n in range(20))
    assert not replace(NOTHING, samples=flat).why
    assert "grew" in replace(NOTHING, samples=growing).why
    assert "late" in replace(NOTHING, samples=flat, behind=50).why
    assert "the rest took" in replace(NOTHING, samples=flat, drained_s=9.0).why
    assert "PUBACK" in replace(NOTHING, samples=flat, unacked=1).why
    assert "lost" in replace(NOTHING, samples=flat, account=Account(1000, 1, 0, 0, 0)).why
    assert "twice" in replace(NOTHING, samples=flat, account=Account(1000, 0, 1, 0, 0)).why
    assert "dead" in replace(NOTHING, samples=flat, committed=Committed(1000, 10, 0, 1)).why


@pytest.mark.parametrize("capacity", [700.0, 8_000.0, 21_000.0, 60_000.0])
def test_the_search_ends_just_below_what_can_be_held(capacity: float) -> None:
    asked = []

    def attempt(rate: float, seconds: float) -> Trial:
        asked.append((rate, seconds))
        bearable = capacity * (1.0 if seconds == 60 else 1.05)  # short trials flatter
        samples = (Sample(10, round(rate * 10), round(min(rate, capacity) * 10)),)
        return replace(NOTHING, rate=rate, behind=0 if rate <= bearable else round(rate), samples=samples)

    found = Search(attempt, float("inf")).highest(start=8_000.0, seconds=60.0)
    assert found
    assert 0.93 * capacity <= found.rate <= capacity
    assert (found.rate, 60.0) in asked
    assert len(asked) < 18


def test_without_time_nothing_is_claimed() -> None:
    assert Search(lambda rate, seconds: NOTHING, 0.0).highest(start=1.0, seconds=60.0) is None


def test_the_command_line_refuses_what_cannot_be() -> None:
    for words in (["--devices", "3"], ["--processes", "0"], ["--seconds", "1"], ["--rate", "5"]):
        with pytest.raises(ConfigurationError):
            arguments(["ingest", *words])
