"""docker-compose.yml rehearsed without containers: its commands, environments, secrets, database users and health
checks, on servers of this machine. Only the images, mounts and networks stay unproven."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from simulators.servers.process import Child, free_port, program
from tests.conftest import REPO, private_timescaledb

COMPOSE = yaml.safe_load((REPO / "docker-compose.yml").read_text())["services"]
PARK = str(Path(sys.executable).parent / "park")


@dataclass
class Stage:
    """Where the rehearsal takes place: a folder of secrets, and this machine's ports for the services' own."""

    folder: Path
    ports: dict[str, int]
    children: dict[str, Child] = field(default_factory=dict)

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    def environment(self, service: str) -> dict[str, str]:
        """The service's environment, with /run/secrets and ports moved here."""
        found = {k: v.replace("/run/secrets", str(self.secrets)) for k, v in COMPOSE[service]["environment"].items()}
        for variable in found.keys() & {"PARK_METRICS_PORT", "PARK_API_PORT"}:
            found[variable] = str(self.ports[service])
        if "PARK_HOME" in found:
            found["PARK_HOME"] = str(self.folder)
        return found

    def once(self, service: str, *words: str) -> str:
        command = words or [part.replace("/app", str(REPO)) for part in COMPOSE[service]["command"]]
        environment = {"PATH": os.environ["PATH"], **self.environment(service)}
        done = subprocess.run([PARK, *command], env=environment, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, service: str) -> None:
        child = self.children[service] = Child(service, log=self.folder / f"{service}.log")
        child.start([PARK, *COMPOSE[service]["command"]], env=self.environment(service))

    def healthy(self, service: str) -> bool:
        """The service's own health check."""
        self.children[service].check()
        text = COMPOSE[service]["healthcheck"]["test"][-1]
        for port in ("9100", "8080"):
            text = text.replace(f":{port}/", f":{self.ports[service]}/")
        return subprocess.run([sys.executable, "-c", text], check=False, capture_output=True).returncode == 0


@pytest.fixture
def stage(tmp_path: Path, timescaledb_root: Path) -> Iterator[Stage]:
    """Database and broker as compose has them, and all secrets; no process of ours yet."""
    names = ("collector", "engine", "notifier", "api", "simulator", "mosquitto")
    stage = Stage(tmp_path, {name: free_port() for name in names})
    subprocess.run([REPO / "deploy/compose/make-secrets", stage.secrets], check=True, capture_output=True)
    server = private_timescaledb(tmp_path / "database", timescaledb_root)
    url = server.start().url
    own = psycopg.conninfo.conninfo_to_dict(url)
    broker = f"127.0.0.1:{stage.ports['mosquitto']}"
    for file in stage.secrets.iterdir():
        text = file.read_text().replace("mosquitto:1883", broker)
        text = text.replace("timescaledb:5432/park", f"{own['host']}:{own['port']}/{own['dbname']}")
        file.chmod(0o600)
        file.write_text(text)
    script = (
        (REPO / "deploy/compose/roles.sql")
        .read_text()
        .replace("pg_read_file('/run/secrets/db_' ||", "current_setting('park.' ||")
    )
    with psycopg.connect(url) as conn:
        for user in ("owner", "collector", "api", "sender", "grafana"):
            conn.execute(
                "select set_config(%s, %s, false)", [f"park.{user}", (stage.secrets / f"db_{user}").read_text()]
            )
        conn.execute(script.encode())
    config = (REPO / "deploy/mosquitto/mosquitto.conf").read_text()
    config = config.replace("listener 1883", f"listener {stage.ports['mosquitto']} 127.0.0.1")
    config = config.replace("/mosquitto/config", str(REPO / "deploy/mosquitto")).replace(
        "/mosquitto/data", str(tmp_path)
    )
    (tmp_path / "mosquitto.conf").write_text(f"{config}\nuser root\n")
    mosquitto = Child("mosquitto", log=tmp_path / "mosquitto.log")
    mosquitto.start(
        [
            "/bin/sh",
            str(REPO / "deploy/mosquitto/passwords.sh"),
            str(program("mosquitto")),
            "-c",
            f"{tmp_path}/mosquitto.conf",
        ],
        env={"MQTT_SECRETS": str(stage.secrets), "MQTT_PASSWORDS": str(tmp_path / "passwords")},
    )
    yield stage
    for child in stage.children.values():
        child.stop()
    mosquitto.stop()
    server.stop()
    server.wipe()


def test_the_whole_picture_comes_up_and_data_flow(stage: Stage, eventually: Callable[..., Any]) -> None:
    stage.once("migrate")
    stage.once("demo-park")
    for service in ("collector", "engine", "notifier", "api"):
        stage.start(service)
    for service in ("collector", "engine", "notifier", "api"):
        eventually(lambda s=service: stage.healthy(s), within=60, what=f"{service} is healthy")
    stage.start("simulator")
    eventually(lambda: stage.healthy("simulator"), within=60, what="the simulator is healthy")
    grafana = (stage.secrets / "database_url_api").read_text().strip().replace("park_api", "park_grafana")
    grafana = grafana.replace((stage.secrets / "db_api").read_text(), (stage.secrets / "db_grafana").read_text())
    with psycopg.connect(grafana, autocommit=True) as conn:
        assert conn.execute("show default_transaction_read_only").fetchone() == ("on",)
        assert conn.execute("show statement_timeout").fetchone() == ("30s",)

        def stored() -> int:
            row = conn.execute("select count(*) from park.readings").fetchone()
            return int(row[0]) if row else 0

        eventually(lambda: stored() > 100, within=60, what="readings arrive")
        families = "select count(distinct family) from park.devices where heard is not null"
        eventually(lambda: conn.execute(families).fetchone() == (5,), within=60, what="every family is heard")
    token = json.loads(stage.once("migrate", "token", "add", "rehearsal", "--role", "operator", "--json"))["value"]
    body = {"starts": "2026-01-01T00:00:00Z", "ends": "2100-01-01T00:00:00Z", "reason": "an act"}
    act = urllib.request.Request(
        f"http://127.0.0.1:{stage.ports['api']}/api/v1/maintenance",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(act, timeout=5) as answer:  # noqa: S310
        assert json.load(answer)["set_by"] == "token:rehearsal"
    ready = f"http://127.0.0.1:{stage.ports['api']}/readyz"
    with urllib.request.urlopen(ready, timeout=5) as answer:
        assert json.load(answer) == {"ready": True, "missing": []}
