"""A process refuses to start where it could only do harm, and says what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from collectors import secrets


@pytest.mark.parametrize("verb", ["collect", "engine", "api"])
def test_no_process_starts_on_a_database_that_was_never_migrated(
    verb: str, empty_database: str, tmp_path: Path
) -> None:
    secrets.make(tmp_path)
    env = {k: v for k, v in os.environ.items() if not k.startswith("PARK_")}
    settings = {
        "PARK_DATABASE_URL": empty_database,
        "PARK_MQTT_URL": "mqtt://nobody@127.0.0.1:1",
        "PARK_SECRETS": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "park", verb],
        env={**env, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "park migrate" in done.stderr


def test_a_misspelt_setting_is_an_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "park", "migrate"],
        env={**os.environ, "PARK_DATABSE_URL": "x"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "PARK_DATABSE_URL is not a setting" in done.stderr
