"""What the API promises of itself: views only, described whole, counted under documented names, ready or not."""

import re
from pathlib import Path

import psycopg
import pytest
from prometheus_client import REGISTRY

from api import metrics
from api.database import OPTIONS, QUERIES
from api.models import Overview
from pipeline.domain.errors import ConfigurationError
from tests.api.messages import Hand
from tests.api.serving import NOW, Served, serving

REPO = Path(__file__).parent.parent.parent


def test_queries_read_views_only() -> None:
    for name, text in QUERIES.items():
        assert "smartpark." not in text, name
        assert re.match(r"(select|with)\b", text), name
        sources = set(re.findall(r"(?<!epoch )\b(?:from|join)\s+([a-z_]+\.[a-z_0-9]+)", text))
        assert all(source.startswith("park.") for source in sources), (name, sources)


def test_the_api_s_role_sees_no_table_and_writes_nothing(database: str) -> None:
    with psycopg.connect(database, options=OPTIONS) as conn:
        for statement in (b"select * from smartpark.reading", b"create table park.mine (x integer)"):
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
                conn.execute(statement)
            conn.rollback()


def test_every_query_is_used() -> None:
    code = "".join(f.read_text() for f in (REPO / "api").rglob("*.py"))
    assert [name for name in QUERIES if f'"{name}"' not in code] == []


def test_openapi_describes_every_path_and_every_problem(api: Served) -> None:
    schema = api.ok("/api/v1/openapi.json")
    paths = {f"/api/v1/{p}" for p in (
        "parks", "parks/{park_id}", "spaces", "companies", "devices", "devices/{device_id}", "points", "readings",
        "events", "dead-letters", "conflicts", "conditions", "talkers", "rejects", "device-clocks", "overview", "live",
        "problems/{kind}", "alarms", "alarms/{alarm}", "incidents", "holds", "maintenance",
        "rules", "rules/{rule_id}", "rules/try",
        "alarms/acknowledge", "alarms/{alarm}/reset", "alarms/{alarm}/comment", "alarms/{alarm}/shelve",
        "alarms/{alarm}/release", "alarms/{alarm}/out-of-service", "holds/{hold}/release",
        "maintenance/{maintenance}/cancel", "alarm-quality",
        "time", "plans", "work-orders", "work-orders/{order}", "work-orders/{order}/act",
        "work-orders/{order}/evidence.json", "work-orders/{order}/evidence.pdf",
        "services", "codes/{code}", "requests", "requests/{number}", "requests/{number}/act",
        "requests/{number}/rating", "requests/{number}/contact", "photos", "photos/{photo}", "surveys",
        "surveys/{survey}/answer", "kpi", "kpi.csv", "kpi.xlsx", "kpi/scorecards", "kpi/forecast",
        "duty", "notifications", "rooms", "bookings", "bookings/{number}/cancel",
        "session", "session/password", "links/{token}", "people", "people/{login}", "people/{login}/deactivate",
        "people/{login}/password", "people/{login}/sessions", "tokens", "tokens/{token}", "audit",
    )}  # fmt: skip
    assert schema["paths"].keys() == paths
    for path in paths - {"/api/v1/problems/{kind}"}:
        for operation in schema["paths"][path].values():
            assert operation["description"]
            assert operation["responses"].keys() == {"200", "4XX", "5XX"}
            assert operation["responses"]["4XX"]["content"].keys() == {"application/problem+json"}
    names = {p["name"] for p in schema["paths"]["/api/v1/readings"]["get"]["parameters"]}
    assert {"from", "to", "pixels", "resolution", "point", "device", "name", "park"} == names


def test_there_is_no_page_that_loads_scripts_from_elsewhere(api: Served) -> None:
    assert api.get("/docs").status == 404
    assert api.get("/redoc").status == 404


def test_the_overview_is_as_described(api: Served) -> None:
    Overview.model_validate(api.ok("/api/v1/overview"))


def test_metrics_are_documented_and_count_by_route_not_by_path(api: Served) -> None:
    api.get("/api/v1/devices/m1")
    api.get("/api/v1/no-such-thing-42")
    text = api.get("/metrics").body.decode()
    assert 'park_api_requests_total{method="GET",route="/api/v1/devices/{device_id}",status="200"}' in text
    assert 'route="other",status="404"' in text
    assert "no-such-thing-42" not in text
    described = (REPO / "docs/api.md").read_text()
    ours = {m._name for m in vars(metrics).values() if hasattr(m, "_name")}
    assert {f.name for f in REGISTRY.collect() if f.name.startswith("park_api_")} == ours
    assert [name for name in ours if f"`{name}" not in described] == []


def test_readiness_says_what_is_missing(database: str, hand: Hand) -> None:
    with serving(database) as api:
        answer = api.get("/readyz")
        assert (answer.status, len(answer.json["missing"])) == (503, 1)
        assert "no data were ever stored" in answer.json["missing"][0]
        hand.pass_by("g1", "in", NOW)
        hand.write()
        assert api.ok("/readyz") == {"ready": True, "missing": []}
        hand.sql(b"update smartpark.ingest_batch set at = at - interval '5 minutes'")
        assert "no data for" in api.get("/readyz").json["missing"][0]
        hand.sql(b"update smartpark.schema_version set version = version + 1000 where version = 1")
        assert "park migrate" in api.get("/readyz").json["missing"][0]


def test_readiness_without_a_park_or_a_schema(database: str, empty_database: str) -> None:
    with serving(database) as api:
        assert "park apply" in api.get("/readyz").json["missing"][0]
    with serving(empty_database) as api:
        assert "park migrate" in api.get("/readyz").json["missing"][0]
        answer = api.get("/api/v1/parks")
        assert (answer.status, answer.json["type"]) == (503, "/api/v1/problems/not-ready")


def test_the_process_refuses_a_schema_that_is_not_its_own(
    database: str, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.run import main

    monkeypatch.setenv("PARK_DATABASE_URL", empty_database)
    with pytest.raises(ConfigurationError, match="park migrate"):
        main([])


def test_several_parks_must_be_told_apart(database: str, hand: Hand) -> None:
    hand.sql(
        b"insert into smartpark.park select 'other', name_zh, name_en, time_zone, crs, lon, lat, address_zh,"
        b" address_en from smartpark.park"
    )
    with serving(database) as api:
        answer = api.get("/api/v1/devices")
        assert answer.status == 400
        assert answer.json["errors"][0]["write"] == "one of other, small"
        assert api.ok("/api/v1/devices?park=other")["items"] == []
        assert api.get("/api/v1/overview").status == 400
        assert api.ok("/api/v1/overview?park=other")["tiles"]["park"]["data"]["park_id"] == "other"


def test_devices_of_a_park_that_nobody_applied_are_shown(database: str, hand: Hand) -> None:
    hand.sql(
        b"insert into smartpark.device (park_id, device_id, family, provisional)"
        b" values ('unapplied', 'x', 'sensor', true)"
    )
    with serving(database) as api:
        (device,) = api.ok("/api/v1/devices?park=unapplied")["items"]
        assert (device["device_id"], device["provisional"]) == ("x", True)
