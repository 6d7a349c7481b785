"""The demo, as a newcomer runs it: history, processes, a killed collector, the account; and on its fall-backs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulators.servers.process import free_port
from tests.conftest import REPO


@pytest.fixture
def home(tmp_path: Path, timescaledb_root: Path) -> Path:
    """A PARK_HOME of its own, on the TimescaleDB that is installed."""
    (tmp_path / "timescaledb").symlink_to(timescaledb_root.parent)
    return tmp_path


def demo(home: Path, *words: str) -> tuple[dict[str, Any], subprocess.CompletedProcess[str]]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("PARK_")}
    done = subprocess.run(
        [sys.executable, "-m", "park", "demo", "--json", *words],
        env={**env, "PARK_HOME": str(home), "PARK_API_PORT": str(free_port())},
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.stdout.count("\n") == 1, done.stderr  # exactly one line
    return json.loads(done.stdout), done


def test_the_demo_loses_nothing_with_a_collector_killed_and_runs_again(home: Path) -> None:
    told, done = demo(home, "--for", "16", "--days", "1", "--kill-collector")
    assert done.returncode == 0, done.stderr
    assert told["database"].startswith("TimescaleDB ")
    assert told["broker"].startswith("Mosquitto ")
    assert told["stored"] == told["published"] > 200
    assert (told["lost"], told["duplicates"]) == (0, 0)
    assert 0 < told["latency_ms"]["p50"] <= told["latency_ms"]["p99"]
    assert "collector-1 was killed" in done.stderr
    again, done = demo(home, "--for", "5")
    assert done.returncode == 0, done.stderr
    assert again["lost"] == 0
    assert again["published"] < told["published"]  # an account of this run, not of all


def test_the_fall_backs_say_what_they_are_and_lose_nothing(home: Path) -> None:
    told, done = demo(home, "--for", "8", "--days", "1", "--database", "embedded", "--broker", "nats")
    assert done.returncode == 0, done.stderr
    assert told["database"].startswith("PostgreSQL ")
    assert "without TimescaleDB" in told["database"]
    assert told["broker"].startswith("NATS Server ")
    assert "demonstration only" in done.stderr
    assert told["stored"] == told["published"] > 100
    assert (told["lost"], told["duplicates"]) == (0, 0)


def test_a_run_that_proved_nothing_says_so(home: Path) -> None:
    told, done = demo(home, "--for", "0", "--days", "0")
    assert done.returncode == 1
    assert told["published"] == 0
