"""A calm day and a bad day, played fast through the real broker, collector, database and engine: nothing on the first,
each cause once on the second."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPO

SEED = 1
LONGEST_S = 420


@pytest.fixture
def home(tmp_path: Path, timescaledb_root: Path) -> Path:
    (tmp_path / "timescaledb").symlink_to(timescaledb_root.parent)
    return tmp_path


def evaluate(home: Path, scenario: str, *words: str) -> dict[str, Any]:
    """What `park evaluate` says; its exit code must fit."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PARK_")}
    done = subprocess.run(
        [sys.executable, "-m", "park", "evaluate", scenario, "--seed", str(SEED), "--json", *words],
        env={**env, "PARK_HOME": str(home)},
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert done.stdout.count("\n") == 1, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    wrong = told["missed"] + told["false"] + told["duplicates"]
    assert done.returncode == (1 if wrong else 0), done.stderr
    return told


def test_a_calm_day_raises_no_alarm(home: Path) -> None:
    told = evaluate(home, "calm_day")
    assert told["wrong"] == []
    assert (told["expected"], told["raised"], told["missed"], told["false"], told["duplicates"]) == (0, 0, 0, 0, 0)


def test_a_bad_day_finds_each_cause_once(home: Path) -> None:
    told = evaluate(home, "bad_day")
    assert told["wrong"] == []
    assert (told["missed"], told["false"], told["duplicates"]) == (0, 0, 0)
    assert told["expected"] >= 8
    assert set(told["kinds"]) >= {
        "supply-air-warm", "water-flow-high", "gateway-lost", "meter-stuck", "door-forced", "tank-level-high",
        "clock-wrong",
    }  # fmt: skip
    assert all(kind["delay_s"] for kind in told["kinds"].values() if kind["expected"])
