"""No Grafana server is to be had, so every panel is proven by what it asks: its SQL runs on a real database, as the
role that Grafana has, and its PromQL names what the processes really expose."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from prometheus_client import REGISTRY, generate_latest

import api.metrics
import pipeline.metrics
from dashboards import build, panels
from simulators.servers.process import program
from tests.conftest import PARK_HOME

FOLDER = Path(build.__file__).parent
REPO = FOLDER.parent
RULES = FOLDER / "rules" / "park.yml"
BOARDS: list[dict[str, Any]] = [make() for make in build.DASHBOARDS.values()]
PANELS = [(board["uid"], panel) for board in BOARDS for panel in board["panels"]]
TARGETS = [(f"{uid} {panel['title']}", panel, target) for uid, panel in PANELS for target in panel["targets"]]
QUERIES = [pytest.param(panel, target["rawSql"], id=name) for name, panel, target in TARGETS if "rawSql" in target]
EXPRESSIONS = [target["expr"] for _, _, target in TARGETS if "expr" in target]
SINCE = "2026-11-20T17:00:00Z"
UNTIL = "2026-11-21T06:01:00Z"


def expanded(statement: str) -> str:
    """What Grafana's PostgreSQL data source makes of its macros, and of the variable `park`."""
    text = re.sub(r"\$__timeFilter\(([\w.]+)\)", rf"\1 BETWEEN '{SINCE}' AND '{UNTIL}'", statement)
    text = text.replace("$__timeFrom()", f"'{SINCE}'").replace("$__timeTo()", f"'{UNTIL}'")
    text = text.replace("${park:sqlstring}", "'qinghe'")
    assert "$" not in text, text
    return text


def rows(conn: psycopg.Connection, name: str) -> list[tuple[Any, ...]]:
    return conn.execute(expanded(panels.SQL[name]).encode()).fetchall()


def promtool() -> str:
    found = program("promtool", str(PARK_HOME / "bin/promtool"))
    assert found, "the tests need promtool: `make test` fetches it on Debian"
    return found


@pytest.mark.parametrize(("panel", "statement"), QUERIES)
def test_a_panel_finds_something(filled: psycopg.Connection, panel: dict[str, Any], statement: str) -> None:
    cursor = filled.execute(expanded(statement).encode())
    assert cursor.description
    names = [column.name for column in cursor.description]
    assert cursor.fetchall(), "the database has something for every panel"
    assert len(set(names)) == len(names)
    if panel["type"] == "timeseries":
        assert names[0] == "time"
        assert cursor.description[0].type_code == psycopg.adapters.types["timestamptz"].oid
    assert panel["description"]


def test_every_query_is_shown() -> None:
    shown = {target["rawSql"] for _, _, target in TARGETS if "rawSql" in target}
    assert {name for name, text in panels.SQL.items() if text not in shown} == set()


def test_energy_adds_up(filled: psycopg.Connection) -> None:
    """12 hours of 100 kW, of which air conditioning 60 kW: 1200 kWh, 720 and 480 that no sub-meter claims."""
    assert sum(row[2] for row in rows(filled, "energy_by_building")) == pytest.approx(1200)
    assert {row[1] for row in rows(filled, "energy_by_building")} == {"b1"}
    used = rows(filled, "energy_by_use")
    assert sum(kwh for _, use, kwh in used if use == "hvac") == pytest.approx(720)
    assert sum(kwh for _, use, kwh in used if use == "unallocated") == pytest.approx(480)
    assert sum(kwh for _, kwh in rows(filled, "energy_by_day")) == pytest.approx(1200)
    assert rows(filled, "power_now") == [(100.0,)]


def test_people_and_screenings_add_up(filled: psycopg.Connection) -> None:
    assert rows(filled, "passages_by_gate") == [("gate-east-1", "gate-east-1", 98, 49, None)]
    assert rows(filled, "screening_share") == [(0.5,)]
    assert rows(filled, "skin_temperature") == [("35.8", 49), ("37.8", 49)]


def test_the_files_are_what_the_code_says() -> None:
    found = {file.name: file.read_text(encoding="utf-8") for file in build.FOLDER.glob("*.json")}
    assert found == build.texts(), "run: python -m dashboards.build"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: str(board["uid"]))
def test_panels_lie_beside_each_other(board: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in board["panels"]]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(set(cells)) == len(cells), "two panels overlap"
    assert max(x for x, _ in cells) < panels.COLUMNS
    assert len({panel["id"] for panel in board["panels"]}) == len(places)


def test_provisioning_names_the_sources_that_panels_use() -> None:
    sources = yaml.safe_load((FOLDER / "provisioning/datasources/park.yml").read_text())["datasources"]
    known = {(source["uid"], source["type"]) for source in sources}
    used = {(panel["datasource"]["uid"], panel["datasource"]["type"]) for _, panel in PANELS}
    assert used == known
    compose = yaml.safe_load((REPO / "docker-compose.yml").read_text())["services"]["grafana"]
    for source in sources:
        password = source.get("secureJsonData", {}).get("password")
        if password:
            assert password.startswith("$__file{/run/secrets/")
            assert password.removeprefix("$__file{/run/secrets/").rstrip("}") in compose["secrets"]
    provider = yaml.safe_load((FOLDER / "provisioning/dashboards/park.yml").read_text())["providers"][0]
    assert any(volume.startswith(f"./dashboards/json:{provider['options']['path']}:") for volume in compose["volumes"])


def exposed() -> set[str]:
    """Every sample name that the processes' own metrics can have, as a scrape shows them."""
    assert pipeline.metrics and api.metrics
    names: set[str] = set()
    for line in generate_latest(REGISTRY).decode().splitlines():
        if line.startswith("# TYPE park_"):
            name, kind = line.split()[2:4]
            names |= {f"{name}_bucket", f"{name}_sum", f"{name}_count"} if kind == "histogram" else {name}
    return names


def test_expressions_name_metrics_that_exist() -> None:
    alerts = [rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    used = {name for expression in [*EXPRESSIONS, *alerts] for name in re.findall(r"\bpark_\w+", expression)}
    assert used - exposed() == set()


def test_expressions_use_labels_that_exist() -> None:
    metrics = [
        m for module in (pipeline.metrics, api.metrics) for m in vars(module).values() if hasattr(m, "_labelnames")
    ]
    labels = {label for m in metrics for label in m._labelnames} | {"le"}
    alerts = [rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    used = {
        x.strip()
        for text in [*EXPRESSIONS, *alerts]
        for by in re.findall(r"by \(([^)]*)\)", text)
        for x in by.split(",")
    }
    assert used <= labels
    legends = {label for _, _, target in TARGETS for label in re.findall(r"{{(\w+)}}", target.get("legendFormat", ""))}
    assert legends <= labels


def test_promtool_accepts_every_expression_of_a_panel(tmp_path: Path) -> None:
    """As recording rules, because promtool parses nothing else without a server."""
    rules = [{"record": f"panel:{i}", "expr": expression} for i, expression in enumerate(EXPRESSIONS)]
    file = tmp_path / "panels.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    subprocess.run([promtool(), "check", "rules", file], check=True, capture_output=True)


def test_promtool_accepts_the_alert_rules() -> None:
    subprocess.run([promtool(), "check", "rules", RULES], check=True, capture_output=True)


def test_alerts_fire_when_they_should() -> None:
    file = Path(__file__).parent / "rules_test.yml"
    done = subprocess.run([promtool(), "test", "rules", file], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested_and_says_what_to_do() -> None:
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    tests = (Path(__file__).parent / "rules_test.yml").read_text()
    for rule in rules:
        assert f'{{alertname="{rule["alert"]}"' in tests, f"no test fires {rule['alert']}"
        assert {"summary", "action"} <= rule["annotations"].keys()
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
