"""Rules over HTTP: written in versions, never over somebody else; refused with where and what to write; tried."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from pipeline.domain.rule import Priority
from pipeline.store import rules, watches
from tests.api.messages import Hand
from tests.api.serving import NOW, Answer, Served, serving
from tests.pipeline.test_rules_store import rule

TEXT = {"zh": "文", "en": "text"}
HIGH = {
    "name": TEXT, "on": {"type": "pump"}, "point": "pressure", "above": 8, "deadband": 0.5, "for_s": 20,
    "priority": "high", "cause": TEXT, "consequence": TEXT, "response": [TEXT], "respond_min": 15,
}  # fmt: skip


@pytest.fixture
def api(database: str, hand: Hand) -> Iterator[Served]:
    with hand.admin.transaction():
        rules.put(
            hand.admin, "small", [rule("of-file", priority=Priority.LOW)], origin=rules.Origin.PARK_FILE,
            actor="local", now=NOW - timedelta(days=1),
        )  # fmt: skip
        watches.expand(hand.admin, "small")
    with serving(database) as served:
        yield served


def put(api: Served, rule_id: str, said: Any, **more: Any) -> Answer:
    return api.post(f"/api/v1/rules/{rule_id}", {"actor": "Li", "rule": said, **more}, method="PUT")


def test_a_rule_is_made_and_changed_in_versions(api: Served) -> None:
    made = put(api, "high", HIGH)
    assert made.status == 200, made.body
    assert (made.json["version"], made.json["origin"], made.json["watches"]) == (1, "api", 1)
    assert made.json["rule"]["on"]["types"] == ["pump"]
    assert (made.json["rule"]["kind"], made.json["rule"]["high"], made.json["rule"]["on_delay_s"]) == ("limits", 8, 20)
    changed = put(api, "high", {**made.json["rule"], "high": 9}, version=1)
    assert (changed.status, changed.json["version"]) == (200, 2)
    versions = changed.json["versions"]
    assert [(v["version"], v["rule"]["high"], v["actor"]) for v in versions] == [(2, 9, "Li"), (1, 8, "Li")]
    assert put(api, "high", {**HIGH, "above": 9}, version=2).json["version"] == 2, "the same again is no new version"
    assert api.ok("/api/v1/rules/high")["rule"] == changed.json["rule"]


def test_nobody_writes_over_somebody_else(api: Served) -> None:
    put(api, "high", HIGH)
    for version in (None, 7):
        refused = put(api, "high", {**HIGH, "above": 9}, version=version)
        assert refused.status == 409
        assert refused.json["type"].endswith("/changed-meanwhile")
        assert "version 1 of high was written by Li" in refused.json["detail"]
    assert put(api, "none", HIGH, version=1).status == 404


def test_what_is_wrong_is_told_with_where_and_what_to_write(api: Served) -> None:
    answer = put(api, "high", {**HIGH, "above": "8", "on": {"type": "pump"}, "priority": "urgent", "cause": "x"})
    assert answer.status == 400
    errors = {e["parameter"]: e for e in answer.json["errors"]}
    assert errors.keys() == {"rule.above", "rule.priority", "rule.cause"}
    assert errors["rule.above"]["write"].startswith('"above": 10')
    assert errors["rule.above"]["in"] == "body"
    for said, where, write in (
        ({"point": "presure"}, "rule.point", '"pressure"'),
        ({"on": {"types": ["pmup"]}}, "rule.on.types", '"pump"'),
        ({"on": {"spaces": ["b1x"]}}, "rule.on.spaces", '"b1"'),
    ):
        (error,) = put(api, "high", {**HIGH, **said}).json["errors"]
        assert (error["parameter"], error["write"]) == (where, write)
    assert api.get("/api/v1/rules/high").status == 404


def test_a_rule_of_the_park_file_becomes_the_apis(api: Served, hand: Hand) -> None:
    (item,) = api.ok("/api/v1/rules")["items"]
    assert (item["rule_id"], item["origin"], item["actor"]) == ("of-file", "park-file", "local")
    changed = put(api, "of-file", {**item["rule"], "priority": "high"}, version=1)
    assert (changed.json["origin"], changed.json["version"]) == ("api", 2)
    audit = hand.sql(b"select actor, subject from smartpark.audit_log where action = 'put-rule' order by entry")
    assert audit[-1] == ("Li", "rule/small/of-file")


def test_a_rule_is_retired_and_can_be_made_again(api: Served) -> None:
    put(api, "high", HIGH)
    gone = api.post("/api/v1/rules/high", {"actor": "Li", "version": 1}, method="DELETE")
    assert (gone.status, gone.json["retired"], gone.json["watches"]) == (200, True, 0)
    assert [i["rule_id"] for i in api.ok("/api/v1/rules")["items"]] == ["of-file"]
    assert [i["rule_id"] for i in api.ok("/api/v1/rules?retired=true")["items"]] == ["high"]
    assert api.post("/api/v1/rules/high", {"actor": "Li", "version": 1}, method="DELETE").status == 404
    again = put(api, "high", HIGH)
    assert (again.json["retired"], again.json["version"]) == (False, 1)


def test_the_list_is_filtered_and_paged(api: Served) -> None:
    put(api, "high", HIGH)
    put(api, "wet", {**HIGH, "on": {"type": "leak"}, "point": "leak", "above": None, "deadband": None, "is": 1})
    assert len(list(api.walk("/api/v1/rules?limit=1"))) == 3
    assert [i["rule_id"] for i in api.ok("/api/v1/rules?kind=state")["items"]] == ["wet"]
    assert [i["rule_id"] for i in api.ok("/api/v1/rules?origin=park-file&priority=low")["items"]] == ["of-file"]
    assert api.get("/api/v1/rules?kind=none").status == 400


def test_a_rule_is_tried_on_what_was_measured(api: Served, hand: Hand) -> None:
    minute = timedelta(minutes=1)
    start = NOW - timedelta(hours=3)
    values = {start + n * minute: 9.0 if n % 60 < 5 else 5.0 for n in range(170)}
    hand.measure("p1", "pressure", values)
    hand.write()
    found = api.post("/api/v1/rules/try", {"rule": HIGH})
    assert found.status == 200, found.body
    told = found.json
    assert (told["alarms"], told["subjects"], told["truncated"]) == (3, 1, None)
    assert told["raised"][0]["subject"] == {"device_id": "p1", "point": "pressure", "space_id": None}
    assert told["by_subject"] == [{"subject": told["raised"][0]["subject"], "alarms": 3}]
    short = {"rule_id": "of-file", "from": (start + 30 * minute).isoformat(), "to": NOW.isoformat()}
    assert api.post("/api/v1/rules/try", short).json["alarms"] == 2
    assert api.post("/api/v1/rules/try", {"rule_id": "none"}).status == 404
    assert api.post("/api/v1/rules/try", {}).status == 400
    assert api.post("/api/v1/rules/try", {**short, "from": NOW.isoformat()}).status == 400
    wrong = api.post("/api/v1/rules/try", {"rule": {**HIGH, "point": "x"}}).json
    assert wrong["errors"][0]["parameter"] == "rule.point"


def test_a_server_that_only_shows_tries_but_does_not_write(database: str, hand: Hand) -> None:
    with serving(database, api_read_only=True) as api:
        assert put(api, "high", HIGH).status == 403
        assert api.post("/api/v1/rules/try", {"rule": HIGH}).json["alarms"] == 0
