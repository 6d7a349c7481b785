"""`park simulate` as a process: ready, stopped cleanly, killed and started again."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.domain.errors import ConfigurationError
from simulators import journal, run
from simulators.publisher import micros
from simulators.servers.process import free_port
from tests.conftest import REPO, OwnBroker, wait_until

Simulate = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def simulate(broker: OwnBroker) -> Iterator[Simulate]:
    """`simulate(journal, words…)` starts `park simulate`; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PARK_")}

    def start(path: Path, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "park", "simulate", "--journal", str(path), "--json", *words],
            env={**environment, "PARK_MQTT_URL": broker.url("simulator")},
            cwd=REPO,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def answer(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - our own loopback URL
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


def acknowledged(path: Path) -> int:
    return sum(e.acked for e in journal.read(path).entries) if path.exists() else 0


def test_it_publishes_says_when_it_is_ready_and_stops_cleanly(simulate: Simulate, tmp_path: Path) -> None:
    path, port = tmp_path / "journal.sqlite", free_port()
    process = simulate(path, "--metrics-port", str(port))
    wait_until(lambda: answer(f"http://127.0.0.1:{port}/readyz")[0] == 200, within=30, what="ready")
    wait_until(lambda: acknowledged(path) > 420, within=30, what="births and first readings")
    assert "park_simulator_messages_total" in answer(f"http://127.0.0.1:{port}/metrics")[1]
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    told = json.loads(out.splitlines()[-1])
    record = journal.read(path)
    assert told["unacknowledged"] == 0 and told["messages"] == len(record.entries)
    assert all(e.acked for e in record.entries)


def test_killed_and_started_again_it_goes_on_in_the_same_journal(simulate: Simulate, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    first = simulate(path)
    wait_until(lambda: acknowledged(path) > 420, within=30, what="the first run publishes")
    first.kill()
    first.communicate(timeout=30)
    before = len(journal.read(path).entries)
    second = simulate(path)
    wait_until(lambda: acknowledged(path) > before + 420, within=30, what="the second run publishes")
    second.send_signal(signal.SIGTERM)
    second.communicate(timeout=30)
    record = journal.read(path)
    assert {e.run for e in record.entries} == {1, 2}
    parts = [(device, at, name) for e in record.entries for device, at, values in e.parts.samples for name in values]
    assert len(parts) == len(set(parts)), "no reading is measured twice"
    identities = [(e.device_id, e.identity) for e in record.entries]
    assert len(identities) == len(set(identities)), "no identity is used twice"


@pytest.mark.parametrize("url", ["", "http://localhost", "mqtt://"])
def test_a_broker_address_that_cannot_be_is_refused(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PARK_MQTT_URL", url)
    with pytest.raises(ConfigurationError, match="PARK_MQTT_URL"):
        run.main(["--journal", str(tmp_path / "journal.sqlite")])


def test_words_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="--rate"):
        run.main(["--rate", "0"])
    with pytest.raises(SystemExit):
        run.main(["--since", "2026-11-21T10:00:00"])


def test_happenings_go_on_after_the_journal_or_since_but_not_from_long_ago() -> None:
    now = datetime(2026, 11, 20, 4, tzinfo=UTC)

    def since(given_s: float | None, last_s: float | None) -> float:
        given = now - timedelta(seconds=given_s) if given_s is not None else None
        last_us = micros(now - timedelta(seconds=last_s)) if last_s is not None else None
        return round((now - run._since(given, now=now, last_us=last_us)).total_seconds(), 1)

    assert since(None, None) == 0
    assert since(30, None) == 30
    assert since(30, 10) == 10, "a restarted simulator does not tell twice"
    assert since(None, 3600) == 0, "an hour ago is history"
    assert since(None, -60) == 0, "a journal of another clock"
