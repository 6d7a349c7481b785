"""deploy/compose/make-secrets makes exactly what docker-compose.yml mounts, for nobody else to read, and once."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from collectors import secrets
from pipeline.evidence import signing
from simulators.servers.process import Child, free_port, program
from tests.conftest import REPO

SCRIPT = REPO / "deploy/compose/make-secrets"
COMPOSE = yaml.safe_load((REPO / "docker-compose.yml").read_text())


def made(folder: Path) -> dict[str, str]:
    subprocess.run([SCRIPT, folder], check=True, capture_output=True)
    return {file.name: file.read_text() for file in folder.iterdir() if file.name != ".gitignore"}


def test_every_secret_is_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    first = made(folder)
    assert {f"./secrets/{name}" for name in first} == {secret["file"] for secret in COMPOSE["secrets"].values()}
    assert folder.stat().st_mode & 0o777 == 0o700, "the folder keeps others out"
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir() if file.name in first} == {0o444}
    assert (folder / ".gitignore").read_text() == "*\n"
    random = [text for name, text in first.items() if "url" not in name and name != "mqtt_health"]
    assert len(set(random)) == len(random)
    assert all(len(bytes.fromhex(text)) == 32 for text in random)
    assert made(folder) == first, "a second run changes nothing"
    (folder / "mqtt_device").unlink()
    again = made(folder)
    assert again.pop("mqtt_device") != first.pop("mqtt_device")
    assert again == first, "what is missing is added, nothing else"


def test_urls_and_keys_are_what_the_processes_read(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    found = made(folder)
    assert found["database_url_api"] == f"postgresql://park_api:{found['db_api']}@timescaledb:5432/park\n"
    assert found["mqtt_url_collector"] == f"mqtt://collector:{found['mqtt_collector']}@mosquitto:1883\n"
    for name in ("seal.key", "pseudonym.key", "audit.key"):
        os.chmod(folder / name, 0o400)  # noqa: PTH101 - outside /run/secrets a key must be closed
    assert len(secrets.read(folder).seal) == 32
    assert signing.public(folder) == signing.private(folder).public_key()


def test_the_brokers_health_check_signs_in_and_gets_an_answer(tmp_path: Path, eventually: Callable[..., Any]) -> None:
    """The service's own entry point, config and health check, with the container's paths moved to a folder."""
    service, port, folder = COMPOSE["services"]["mosquitto"], free_port(), tmp_path / "secrets"
    made(folder)
    health = next(s for s in service["secrets"] if not isinstance(s, str))
    (folder / health["source"]).rename(folder / health["target"])
    config = (
        (REPO / "deploy/mosquitto/mosquitto.conf").read_text().replace("listener 1883", f"listener {port} 127.0.0.1")
    )
    config = config.replace("/mosquitto/config", str(REPO / "deploy/mosquitto")).replace(
        "/mosquitto/data", str(tmp_path)
    )
    (tmp_path / "mosquitto.conf").write_text(f"{config}\nuser root\n")
    entry = [
        str(REPO / "deploy/mosquitto" / Path(part).name) if "/" in part else part for part in service["entrypoint"]
    ]
    entry[0] = "/bin/sh"
    child = Child("mosquitto", log=tmp_path / "log")
    environment = {"MQTT_SECRETS": str(folder), "MQTT_PASSWORDS": str(tmp_path / "passwords")}
    child.start([*entry, str(program("mosquitto")), "-c", str(tmp_path / "mosquitto.conf")], env=environment)
    check = [part.replace("$$", "$") for part in service["healthcheck"]["test"][1:]]
    assert "-P" not in check, "no password among the arguments"

    def healthy(home: Path) -> bool:
        done = subprocess.run(
            [*check, "-p", str(port)], env={**os.environ, "XDG_CONFIG_HOME": str(home)}, capture_output=True
        )
        return done.returncode == 0 and b"seconds" in done.stdout

    eventually(lambda: child.running() and healthy(folder), within=20, what="the health check")
    assert not healthy(tmp_path), "without the account it fails"
    child.stop()
