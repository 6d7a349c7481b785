"""What people do to alarms over HTTP: done, refused with a reason, told who was faster; and what is no person's."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from pipeline.domain.alarm import Hold
from pipeline.store.alarm_holds import NewHold, hold
from tests.api.alarmed import add_rules, raise_on, return_on
from tests.api.messages import Hand
from tests.api.serving import NOW, Served, serving, streaming

ALARMS = "/api/v1/alarms"


@pytest.fixture
def watches(hand: Hand) -> dict[str, int]:
    return add_rules(hand.admin)


@pytest.fixture
def alarms(hand: Hand, watches: dict[str, int]) -> dict[str, int]:
    """An open alarm for each rule."""
    return {rule: raise_on(hand.admin, watch, NOW) for rule, watch in watches.items()}


@pytest.fixture
def api(database: str, alarms: dict[str, int]) -> Iterator[Served]:
    with serving(database) as served:
        yield served


def journal(api: Served, alarm: int) -> list[tuple[Any, ...]]:
    entries = api.ok(f"{ALARMS}/{alarm}")["journal"]
    return [(j["actor"], j["action"], j["from_state"], j["to_state"], j["reason"]) for j in entries][1:]


def test_several_are_acknowledged_at_once_and_each_is_answered(
    api: Served, alarms: dict[str, int], watches: dict[str, int], hand: Hand
) -> None:
    pump, lost, filter_ = alarms["pressure-high"], alarms["lost"], alarms["filter"]
    api.act(f"{ALARMS}/{filter_}/shelve", minutes=5, reason="known")
    api.act(f"{ALARMS}/acknowledge", alarms=[lost], actor="王芳")
    return_on(hand.admin, watches["fault"], NOW)
    asked = [pump, alarms["fault"], lost, filter_, 999999, pump]
    items = api.act(f"{ALARMS}/acknowledge", alarms=asked, comment="on my way")["items"]
    assert [(i["alarm"], i["outcome"], i["state"], i["seen_by"]) for i in items] == [
        (pump, "done", "acknowledged", "Li Ming"),
        (alarms["fault"], "done", "latched-acknowledged", "Li Ming"),
        (lost, "already", "acknowledged", "王芳"),
        (filter_, "refused", "shelved", None),
        (999999, "refused", None, None),
    ]
    assert [i["reason"] for i in items][2:4] == ["王芳 acknowledged it", "this alarm is shelved; release it first"]
    assert journal(api, pump) == [("Li Ming", "acknowledge", "unacknowledged", "acknowledged", "on my way")]
    log = hand.sql(b"select actor, action, subject, detail from smartpark.audit_log where action like 'alarm-%'")
    assert log[-1] == (
        "Li Ming", "alarm-acknowledge", "alarms", {"alarms": sorted([pump, alarms["fault"]]), "comment": "on my way"}
    )  # fmt: skip
    found = api.ok(f"{ALARMS}/{pump}")
    assert (found["seen_by"], found["seen_at"][:16], found["acknowledged"]) == ("Li Ming", "2026-11-21T06:40", True)


def test_a_latched_alarm_is_reset_once_it_is_over_and_seen(
    api: Served, alarms: dict[str, int], watches: dict[str, int], hand: Hand
) -> None:
    fault = alarms["fault"]

    def refused() -> dict[str, Any]:
        answer = api.post(f"{ALARMS}/{fault}/reset", {"actor": "Li Ming"})
        assert (answer.status, answer.json["type"]) == (409, "/api/v1/problems/refused")
        found: dict[str, Any] = answer.json
        return found

    told = refused()
    assert (told["alarm"], told["state"], told["last"]) == (fault, "unacknowledged", None)
    assert "its condition still stands" in told["detail"]
    return_on(hand.admin, watches["fault"], NOW)
    assert "acknowledge it before" in refused()["detail"]
    api.act(f"{ALARMS}/acknowledge", alarms=[fault])
    assert api.act(f"{ALARMS}/{fault}/reset", actor="王芳", comment="breaker replaced")["state"] == "normal"
    told = refused()
    assert (told["state"], told["last"]["actor"], told["last"]["action"]) == ("normal", "王芳", "reset")
    assert "last to act on it was 王芳 (reset)" in told["detail"]
    assert journal(api, fault)[-1] == ("王芳", "reset", "latched-acknowledged", "normal", "breaker replaced")


def test_comments_are_kept_for_open_and_closed_alarms(api: Served, alarms: dict[str, int], hand: Hand) -> None:
    pump = alarms["pressure-high"]
    found = api.act(f"{ALARMS}/{pump}/comment", comment="  打过电话\n供应商明天来 ")
    assert found["journal"][-1]["reason"] == "打过电话\n供应商明天来"
    hand.sql(b"update smartpark.alarm set closed = raised, state = 'normal'")
    assert api.act(f"{ALARMS}/{pump}/comment", comment="done")["state"] == "normal"


def test_a_shelf_keeps_an_alarm_for_a_while_and_says_until_when(api: Served, alarms: dict[str, int]) -> None:
    pump = alarms["pressure-high"]
    found = api.act(f"{ALARMS}/{pump}/shelve", minutes=30, reason="test run")
    assert (found["state"], found["hold"], found["active"]) == ("shelved", "shelved", True)
    (shelf,) = api.ok("/api/v1/holds")["items"]
    assert (shelf["kind"], shelf["rule_id"], shelf["alarm"], shelf["owner"]) == (
        "shelved",
        "pressure-high",
        pump,
        "Li Ming",
    )
    assert shelf["until"][:16] == "2026-11-21T07:10"
    answer = api.post(f"{ALARMS}/{pump}/shelve", {"actor": "王芳", "minutes": 5, "reason": "too"})
    assert (answer.status, answer.json["state"], answer.json["last"]["actor"]) == (409, "shelved", "Li Ming")
    found = api.act(f"{ALARMS}/{pump}/release", reason="over")
    assert (found["state"], found["acknowledged"]) == ("unacknowledged", False)
    assert [(j[0], j[1], j[4]) for j in journal(api, pump)] == [
        ("Li Ming", "hold", "test run"),
        ("Li Ming", "release", "over"),
    ]
    assert api.ok("/api/v1/holds")["items"] == []
    assert [h["ended_by"] for h in api.ok("/api/v1/holds?ended=true")["items"]] == ["Li Ming"]
    assert api.post(f"{ALARMS}/{pump}/release", {"actor": "x"}).status == 409


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"minutes": 481, "reason": "x"}, "minutes"), ({"minutes": 0, "reason": "x"}, "minutes"),
        ({"minutes": 1e300, "reason": "x"}, "minutes"), ({"reason": "x"}, "minutes"),
        ({"minutes": 5, "until": "2026-11-21T07:00:00Z", "reason": "x"}, "minutes"),
        ({"until": "2026-11-21T06:00:00Z", "reason": "x"}, "until"), ({"minutes": 5}, "reason"),
        ({"until": "2026-11-22T06:00:00Z", "reason": "x"}, "until"), ({"minutes": 5, "reason": "   "}, "reason"),
        ({"minutes": 5, "reason": "x", "owner": "y"}, "owner"), ({"minutes": 5, "reason": "\u0007"}, "reason"),
        ({"minutes": 5, "reason": "x" * 501}, "reason"), ({"minutes": 5, "reason": "x", "actor": ""}, "actor"),
        ({"minutes": 5, "reason": "x", "actor": "a" * 81}, "actor"),
        ({"minutes": 5, "reason": "x", "actor": 7}, "actor"),
        ({"minutes": 5, "reason": "x", "actor": "a\nb"}, "actor"),
        ({"minutes": 5, "reason": "x", "actor": "\ud800"}, "actor"),
        ({"minutes": 5, "reason": "x", "actor": "System"}, "actor"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_act_is_told_by_member(
    api: Served, alarms: dict[str, int], body: dict[str, Any], parameter: str
) -> None:
    answer = api.post(f"{ALARMS}/{alarms['lost']}/shelve", {"actor": "Li Ming", **body})
    assert answer.status == 400, answer.body
    assert [(e["parameter"], e["in"]) for e in answer.json["errors"]] == [(parameter, "body")]
    assert answer.json["errors"][0]["write"]


def test_a_longer_shelf_is_a_setting(database: str, alarms: dict[str, int]) -> None:
    with serving(database, shelf_hours=24.0) as api:
        api.act(f"{ALARMS}/{alarms['lost']}/shelve", minutes=1440, reason="weekend")


def test_life_safety_is_never_held(api: Served, alarms: dict[str, int]) -> None:
    smoke = alarms["smoke"]
    for path, body in {"shelve": {"minutes": 5}, "out-of-service": {"owner": "Zhao"}}.items():
        answer = api.post(f"{ALARMS}/{smoke}/{path}", {"actor": "Li Ming", "reason": "steam", **body})
        assert (answer.status, answer.json["state"]) == (409, "unacknowledged")
        assert "life-safety" in answer.json["detail"]
    assert api.ok("/api/v1/holds?ended=false")["items"] == []


def test_a_whole_device_is_taken_out_of_service_by_somebody_who_answers_for_it(
    api: Served, alarms: dict[str, int], watches: dict[str, int], hand: Hand
) -> None:
    fault, filter_ = alarms["fault"], alarms["filter"]
    api.act(f"{ALARMS}/{fault}/shelve", minutes=5, reason="known")
    found = api.act(f"{ALARMS}/{fault}/out-of-service", owner="赵工", reason="换电表", whole_device=True)
    assert found["state"] == "out-of-service"
    assert api.ok(f"{ALARMS}/{filter_}")["state"] == "out-of-service", "the same device"
    assert api.ok(f"{ALARMS}/{alarms['lost']}")["state"] == "unacknowledged"
    held = {h["kind"]: h for h in api.ok("/api/v1/holds?device=m1")["items"]}
    assert (held["out-of-service"]["rule_id"], held["out-of-service"]["owner"]) == (None, "赵工")
    found = api.act(f"{ALARMS}/{fault}/release")
    assert found["state"] == "shelved", "the shelf lasts"
    api.act(f"/api/v1/holds/{held['shelved']['hold']}/release")
    assert api.ok(f"{ALARMS}/{fault}")["state"] == "unacknowledged"
    answer = api.post(f"/api/v1/holds/{held['shelved']['hold']}/release", {"actor": "x"})
    assert (answer.status, "Li Ming ended it" in answer.json["detail"]) == (409, True)
    crowd = {"actor": "x", "owner": "y", "reason": "z", "whole_device": True}
    assert api.post(f"{ALARMS}/{alarms['crowd']}/out-of-service", crowd).status == 409


def test_what_is_suppressed_by_design_is_no_person_s_to_release(
    api: Served, alarms: dict[str, int], watches: dict[str, int], hand: Hand
) -> None:
    with hand.admin.transaction():
        one = NewHold(
            kind=Hold.SUPPRESSED, park_id="small", watch=watches["fault"], parent=alarms["lost"], reason="gateway",
            owner="system", set_by="system",
        )  # fmt: skip
        number = hold(hand.admin, one, now=NOW)
    for path in (f"{ALARMS}/{alarms['fault']}/release", f"/api/v1/holds/{number}/release"):
        answer = api.post(path, {"actor": "Li Ming"})
        assert (answer.status, f"alarm {alarms['lost']} explains" in answer.json["detail"]) == (409, True)


def test_of_two_who_act_at_once_one_is_told_of_the_other(api: Served, alarms: dict[str, int]) -> None:
    pump, lost = alarms["pressure-high"], alarms["lost"]

    def shelve(actor: str) -> Any:
        return api.post(f"{ALARMS}/{pump}/shelve", {"actor": actor, "minutes": 5, "reason": "mine"})

    def see(actor: str) -> Any:
        return api.post(f"{ALARMS}/acknowledge", {"actor": actor, "alarms": [lost]}).json["items"][0]

    names = ["甲", "乙", "丙", "丁"]
    with ThreadPoolExecutor(len(names)) as pool:
        shelved = dict(zip(names, pool.map(shelve, names), strict=True))
        seen = list(pool.map(see, names))
    (winner,) = [name for name, answer in shelved.items() if answer.status == 200]
    for name in set(names) - {winner}:
        assert (shelved[name].status, shelved[name].json["last"]["actor"]) == (409, winner)
    assert sorted(s["outcome"] for s in seen) == ["already"] * 3 + ["done"]
    assert len({s["seen_by"] for s in seen}) == 1
    assert len(journal(api, lost)) == 1


def test_maintenance_is_planned_and_cancelled(api: Served, hand: Hand) -> None:
    work = {"starts": "2026-11-21T06:00:00Z", "ends": "2026-11-21T08:00:00Z", "reason": "换泵"}
    first = api.act("/api/v1/maintenance", device="p1", **work)
    assert (first["device_id"], first["device_name"]["en"], first["space_id"], first["in_force"]) == (
        "p1",
        "Pump",
        None,
        True,
    )
    second = api.act("/api/v1/maintenance", space="b1", **{**work, "starts": "2026-11-21T07:00:00Z"})
    assert (second["space_name"]["en"], second["in_force"]) == ("Building 1", False)
    third = api.act("/api/v1/maintenance", **work)
    assert (third["device_id"], third["space_id"]) == (None, None)
    numbers = [m["maintenance"] for m in api.walk("/api/v1/maintenance?limit=2")]
    assert numbers == [third["maintenance"], second["maintenance"], first["maintenance"]]
    path = f"/api/v1/maintenance/{first['maintenance']}/cancel"
    assert api.act(path, reason="not today")["cancelled"] is not None
    answer = api.post(path, {"actor": "王芳"})
    assert (answer.status, "it was cancelled at" in answer.json["detail"]) == (409, True)
    assert len(api.ok("/api/v1/maintenance")["items"]) == 2
    assert [m["maintenance"] for m in api.ok("/api/v1/maintenance?over=true")["items"]] == [first["maintenance"]]
    log = hand.sql(b"select actor, subject, detail ->> 'reason' from smartpark.audit_log where action = 'maintenance'")
    assert log[-1] == ("Li Ming", f"maintenance/{first['maintenance']}", "not today")
    for wrong, status in {
        "device=nobody": 404, "space=b99": 404, "park=none": 404, "ends=2026-11-21T05:00:00Z": 400,
        "ends=2026-11-21T06:30:00Z": 400, "reason=": 400, "starts=yesterday": 400,
    }.items():  # fmt: skip
        name, _, value = wrong.partition("=")
        assert api.post("/api/v1/maintenance", {"actor": "x", **work, name: value}).status == status, wrong
    both = {"actor": "x", **work, "device": "p1", "space": "b1"}
    assert api.post("/api/v1/maintenance", both).status == 400
    assert api.post("/api/v1/maintenance/99999/cancel", {"actor": "x"}).status == 404


def test_an_act_is_on_every_open_stream_at_once(api: Served, alarms: dict[str, int]) -> None:
    with streaming(api) as stream:
        stream.next("snapshot")
        api.act(f"{ALARMS}/acknowledge", alarms=[alarms["smoke"]])
        tile = stream.tile("alarms")
        while tile["data"]["counts"]["critical"]["acknowledged"] != 1:
            tile = stream.tile("alarms")
    assert tile["data"]["open"][0]["seen_by"] == "Li Ming"


def test_what_is_not_there_is_told(api: Served) -> None:
    for path, body in {
        f"{ALARMS}/999999/reset": {}, f"{ALARMS}/999999/comment": {"comment": "x"}, f"{ALARMS}/999999/release": {},
        "/api/v1/holds/999999/release": {},
    }.items():  # fmt: skip
        assert api.post(path, {"actor": "x", **body}).status == 404, path
    assert api.post(f"{ALARMS}/acknowledge", {"actor": "x", "alarms": []}).status == 400
    assert api.post(f"{ALARMS}/acknowledge", {"actor": "x", "alarms": list(range(1, 1002))}).status == 400


def test_time_goes_on_between_two_acts(api: Served, alarms: dict[str, int]) -> None:
    lost = alarms["lost"]
    first = api.act(f"{ALARMS}/{lost}/comment", comment="a")["journal"][-1]["at"]
    assert api.act(f"{ALARMS}/{lost}/comment", comment="b")["journal"][-1]["at"] > first
    assert first >= (NOW - timedelta(seconds=1)).isoformat()
