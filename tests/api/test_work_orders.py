"""Work orders over HTTP: sorted by what is due, acted on once, refused with what is true, seen by whom they concern."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from pipeline.engine.desk import plans
from pipeline.store import desk_plans
from pipeline.store import work_orders as store
from pipeline.store.desk_services import Bilingual
from pipeline.store.on_site import rotating_code
from pipeline.store.work_orders import NewOrder
from tests.api.messages import Hand
from tests.api.serving import NOW, Served, serving, streaming

ORDERS = "/api/v1/work-orders"


@pytest.fixture
def api(database: str, hand: Hand) -> Iterator[Served]:
    hand.sql(
        b"insert into smartpark.service (park_id, service_id, category, place, name_zh, name_en, skill, priority)"
        b" values ('small', 'repair', 'repair', 1, '\xe6\x8a\xa5\xe4\xbf\xae', 'Repair', 'plumbing', 'P3')"
    )
    with serving(database, site_secret="s") as served:
        yield served


def new(hand: Hand, cause: str, **more: Any) -> int:
    """An order as some step of the engine opens it."""
    values: dict[str, Any] = {
        "park_id": "small", "origin": "alarm", "cause": cause, "service": "repair", "skill": "plumbing",
        "priority": "P2", "title_zh": "漏水", "title_en": "Leak", "space_id": "b1",
    }  # fmt: skip
    return store.open_(hand.admin, NewOrder(**values | more), now=NOW).order


def do(api: Served, order: int, action: str, **more: Any) -> Any:
    return api.post(f"{ORDERS}/{order}/act", {"action": action, "client_id": str(uuid4()), "actor": "Li Ming"} | more)


def test_staff_open_an_order_and_it_lives(api: Served, hand: Hand) -> None:
    asked = {"client_id": str(uuid4()), "service": "repair", "words": "Tap drips", "space": "b1", "company": "acme"}
    with streaming(api) as stream:
        made = api.act(ORDERS, **asked)
        number = made["work_order"]
        while number not in stream.next("order")["data"]["work_orders"]:
            pass
    assert (made["state"], made["priority"], made["skill"]) == ("new", "P3", "plumbing")
    assert made["service_name"] == made["title"] == {"zh": "报修", "en": "Repair"}
    assert made["place"]["building_id"] == "b1" and made["company"]["name"]["en"] == "Acme"
    assert api.act(ORDERS, **asked)["work_order"] == number  # sent twice is one
    once = {"client_id": str(uuid4()), "version": 1}
    taken = do(api, number, "accept", **once)
    assert (taken.status, taken.json["state"], taken.json["version"]) == (200, "accepted", 2)
    assert do(api, number, "accept", **once).json["version"] == 2
    late = do(api, number, "accept")
    assert (late.status, late.json["type"]) == (409, "/api/v1/problems/refused")
    assert (late.json["state"], late.json["version"], late.json["last"]["actor"]) == ("accepted", 2, "Li Ming")
    phone = (NOW + timedelta(hours=-1)).isoformat()
    found = do(api, number, "arrive", device_time=phone, offset_s=3601.0).json
    event = found["events"][-1]
    assert (found["proof"], event["offset_s"], event["happened"] >= found["created"]) == ("claimed", 3601.0, True)
    assert "failed" not in event["detail"]
    again = {"proof": "code", "code": "nonsense"}
    assert do(api, number, "depart").status == 200
    tried = do(api, number, "arrive", detail=again).json  # a wrong code keeps nobody from work, and is no proof
    assert (tried["proof"], tried["events"][-1]["detail"]["tried"]) == ("claimed", "code")
    assert "nonsense" not in str(tried)
    assert do(api, number, "depart").status == 200
    right = {"proof": "code", "code": rotating_code("s", "small/b1", NOW)}
    assert do(api, number, "arrive", device_time=NOW.isoformat(), detail=right).json["proof"] == "code"
    assert do(api, number, "wait").json["detail"].endswith("wait needs a reason")
    assert do(api, number, "wait", reason="parts").json["waiting_for"] == "parts"
    raised = do(api, number, "priority", reason="it floods", detail={"to": "P1"}).json
    assert raised["priority"] == "P1"
    assert raised["events"][-1]["detail"] == {"from": "P3", "to": "P1"}
    photo = "ab" * 32
    refused = do(api, number, "finish", detail={"photos": [photo]})
    assert (refused.status, api.ok(f"{ORDERS}/{number}")["state"]) == (409, "waiting")
    hand.admin.execute(
        b"insert into smartpark.photo (photo, park_id, media_type, bytes, size, added, added_by)"
        b" values (decode(repeat('ab', 32), 'hex'), 'small', 'image/jpeg', 'x', 1, %s, 'li')",
        [NOW],
    )
    done = do(api, number, "finish", detail={"photos": [photo], "remote": True}).json
    assert (done["state"], done["photos"][0]["photo"], done["photos"][0]["what"]) == ("done", photo, "after")
    assert "confirm" in done["possible"] and "close" not in done["possible"]
    assert do(api, number, "close").status == 403
    assert do(api, number, "confirm").json["verified"] == "person"
    for wrong, status in (({"service": "nothing"}, 404), ({"space": "b9"}, 404), ({"company": "nobody"}, 404)):
        assert api.post(ORDERS, asked | {"client_id": str(uuid4())} | wrong).status == status
    assert do(api, number, "assign").status == 400
    assert api.get(f"{ORDERS}/999999").status == 404
    assert api.ok("/api/v1/time")["now"] > "2026-11-21T06:40"


def test_the_list_has_what_is_due_first_and_pages_without_gaps(api: Served, hand: Hand) -> None:
    numbers = [new(hand, f"alarm:{n}", priority=p) for n, p in enumerate(("P4", "P1", "P3", "P2", "P1"))]
    late = new(hand, "alarm:9", priority="P3")
    hand.sql(b"delete from smartpark.sla_clock")
    due = {"P1": 5, "P2": 10, "P3": 30}
    for number, priority in zip([*numbers, late], ("P4", "P1", "P3", "P2", "P1", "P1"), strict=True):
        if priority in due:
            hand.admin.execute(
                b"insert into smartpark.sla_clock (work_order, kind, state, started, due, upto) values"
                b" (%s, 'acknowledge', 'running', %s, %s, 1)",
                [number, NOW, NOW + timedelta(minutes=-5 if number == late else due[priority])],
            )
    wanted = [late, numbers[1], numbers[4], numbers[3], numbers[2], numbers[0]]
    assert [one["work_order"] for one in api.walk(f"{ORDERS}?limit=2")] == wanted
    assert [one["work_order"] for one in api.walk(f"{ORDERS}?overdue=true")] == [late]
    assert [one["work_order"] for one in api.walk(f"{ORDERS}?priority=P1")] == [numbers[1], numbers[4]]
    assert len(api.ok(f"{ORDERS}?space=site")["items"]) == 6
    assert api.ok(f"{ORDERS}?company=acme&assignee=li&service=repair")["items"] == []
    assert do(api, late, "cancel", reason="double").status == 200
    assert [one["work_order"] for one in api.walk(f"{ORDERS}?state=ended")] == [late]
    assert [one["work_order"] for one in api.walk(f"{ORDERS}?state=all&limit=4")] == sorted(wanted, reverse=True)


def test_what_is_planned_is_shown_with_what_has_run_out_first(api: Served, hand: Hand) -> None:
    rows = [
        desk_plans.PlanRow(id=name, kind="inspection", name=Bilingual(zh="检验", en=name), service="inspection",
                           skill="lift", expires=(NOW + timedelta(days=days)).date(), lead_days=30)
        for name, days in (("later", 10), ("over", -10))
    ]  # fmt: skip
    with hand.admin.transaction():
        desk_plans.apply(hand.admin, "small", rows, NOW, "test")
        plans.run(hand.admin, NOW)
    over, later = api.ok("/api/v1/plans")["items"]
    assert (over["plan_id"], over["expired"], later["expired"]) == ("over", True, False)
    assert api.ok(f"{ORDERS}/{over['work_order']}")["priority"] == "P2"
    assert later["name"] == {"zh": "检验", "en": "later"} and later["next"] > "2026-12-01"
