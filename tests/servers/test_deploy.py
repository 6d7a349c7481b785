"""What is deployed agrees with what the demonstration runs: access list, limits, and set-up that can be repeated."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simulators.servers.mosquitto import CONFIG
from simulators.servers.mqtt import ask_version
from simulators.servers.process import Child, free_port, program
from tests.conftest import PARK_HOME, REPO

DEPLOY = REPO / "deploy"
PLACES = {"listener", "password_file", "acl_file", "persistence_location", "log_dest", "log_type"}


def limits(text: str) -> dict[str, str]:
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    return {name: value for name, value in lines if name not in PLACES}


def test_the_demonstrations_broker_has_the_limits_of_the_deployed_one() -> None:
    production = limits((DEPLOY / "mosquitto/mosquitto.conf").read_text())
    production.pop("connection_messages")
    assert limits(CONFIG.format(port=1, inflight=2000)) == production


def test_the_deployed_broker_starts_from_secrets(tmp_path: Path, eventually: Callable[..., Any]) -> None:
    """The container's entry point and config, with its paths moved to a folder."""
    port = free_port()
    config = (DEPLOY / "mosquitto/mosquitto.conf").read_text().replace("listener 1883", f"listener {port} 127.0.0.1")
    config = config.replace("/mosquitto/config/acl", str(tmp_path / "acl")).replace("/mosquitto/data", str(tmp_path))
    (tmp_path / "mosquitto.conf").write_text(f"{config}\nuser root\n")
    (tmp_path / "acl").write_text((DEPLOY / "mosquitto/acl").read_text())
    for account in ("collector", "device"):
        (tmp_path / f"mqtt_{account}").write_text(f"{account}-secret\n")
    child = Child("mosquitto", log=tmp_path / "log")
    child.start(
        [str(DEPLOY / "mosquitto/passwords.sh"), str(program("mosquitto")), "-c", str(tmp_path / "mosquitto.conf")],
        env={"MQTT_SECRETS": str(tmp_path), "MQTT_PASSWORDS": str(tmp_path / "passwords")},
    )
    url = f"mqtt://collector:collector-secret@127.0.0.1:{port}"
    version = eventually(lambda: child.running() and ask_version(url), what="the broker's answer")
    assert re.fullmatch(r"Mosquitto 2\.\d+\.\d+", version)
    assert "secret" not in (tmp_path / "passwords").read_text()
    child.stop()


def made(root: Path) -> tuple[int, int]:
    """Which root this is; not when it was last read."""
    found = (root / ".made").stat()
    return found.st_ino, found.st_mtime_ns


def test_set_up_done_once_is_not_done_again(timescaledb_root: Path) -> None:
    before = made(timescaledb_root)
    for command in (f"{DEPLOY}/timescaledb-root.sh", f"{DEPLOY}/install-debian.sh demo python3"):
        done = subprocess.run(
            command.split(), env={**os.environ, "PARK_HOME": str(PARK_HOME)}, capture_output=True, text=True, check=True
        )
        assert (done.stdout, done.stderr) == ("", "")
    assert made(timescaledb_root) == before


def test_no_script_names_a_mirror_or_asks_a_question() -> None:
    scripts = [*DEPLOY.glob("*.sh"), *DEPLOY.glob("*/*.sh")]
    assert len(scripts) >= 3
    for script in scripts:
        text = script.read_text()
        subprocess.run(["sh", "-n", str(script)], check=True)
        assert not re.search(r"https?://", text), script
        assert not re.search(r"^\s*read\b", text, re.MULTILINE), script
