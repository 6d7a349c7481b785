"""Who sees which work orders, and may do what: technicians theirs and what is offered, tenants what they asked for."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from pipeline.domain.role import Role
from pipeline.settings import SignIn
from pipeline.store import people, sessions, tokens
from pipeline.store import work_orders as store
from pipeline.store.people import Profile
from pipeline.store.work_orders import NewOrder
from tests.api.messages import Hand
from tests.api.serving import NOW, Answer, Served, serving

ORDERS = "/api/v1/work-orders"
WHO = {"li": (Role.TECHNICIAN, None), "wang": (Role.TECHNICIAN, None), "anna": (Role.OPERATOR, None),
       "boss": (Role.MANAGER, None), "tina": (Role.TENANT, "acme"), "bob": (Role.TENANT, "bolt")}  # fmt: skip


class Desk:
    """A server that asks for sign-in, with everybody of WHO signed in; li is on duty for plumbing in b1."""

    def __init__(self, api: Served, hand: Hand, passes: dict[str, str]) -> None:
        self.api, self.hand, self.passes = api, hand, passes

    def get(self, who: str, path: str = "") -> Answer:
        return self.api.get(ORDERS + path, headers={"Authorization": f"Bearer {self.passes[who]}"})

    def mine(self, who: str, query: str = "?state=all") -> list[int]:
        answer = self.get(who, query)
        assert answer.status == 200, answer.body
        return sorted(one["work_order"] for one in answer.json["items"])

    def act(self, who: str, order: int, action: str, **more: Any) -> Answer:
        body = {"action": action, "client_id": str(uuid4())} | more
        return self.api.post(f"{ORDERS}/{order}/act", body, headers={"Authorization": f"Bearer {self.passes[who]}"})

    def new(self, cause: str, **more: Any) -> int:
        values: dict[str, Any] = {
            "park_id": "small", "origin": "staff", "cause": cause, "service": "repair", "skill": "plumbing",
            "priority": "P2", "title_zh": "漏水", "title_en": "Leak", "space_id": "b1",
        }  # fmt: skip
        return store.open_(self.hand.admin, NewOrder(**values | more), now=NOW).order

    def request(self, company: str) -> int:
        row = self.hand.admin.execute(
            "insert into smartpark.service_request (park_id, client_id, service_id, category, company_id, channel,"
            " entered_by, words, state, created) values ('small', %s, 'repair', 'repair', %s, 'online', 'tina', 'w',"
            " 'received', %s) returning request",
            [uuid4(), company, NOW],
        ).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def desk(database: str, hand: Hand) -> Iterator[Desk]:
    conn = hand.admin
    conn.execute("insert into smartpark.company values ('small', 'bolt', '闪电', 'Bolt')")
    conn.execute(
        "insert into smartpark.service (park_id, service_id, category, place, name_zh, name_en, skill, priority)"
        " values ('small', 'repair', 'repair', 1, 'r', 'Repair', 'plumbing', 'P3')"
    )
    passes = {}
    for login, (role, company) in WHO.items():
        people.put(conn, "small", Profile(login=login, name=login.title(), role=role, company=company), now=NOW,
                   actor="x")  # fmt: skip
        (person,) = conn.execute("select person from smartpark.person where login = %s", [login]).fetchone() or (0,)
        passes[login] = sessions.open_(conn, person, login, now=NOW, lasts=timedelta(days=1)).value
    passes["wall"] = tokens.add(conn, "small", "wall", role=Role.WALL, now=NOW, actor="x").value
    conn.execute("insert into smartpark.rota (park_id, rota_id, name_zh, name_en, skills, space_id) values"
                 " ('small', 'water', 'w', 'w', '{plumbing}', 'b1')")  # fmt: skip
    conn.execute("insert into smartpark.shift (park_id, rota_id, person, during, level, made_by) select 'small',"
                 " 'water', person, tstzrange(%s, %s), 1, 'x' from smartpark.person where login = 'li'",
                 [NOW - timedelta(hours=1), NOW + timedelta(hours=9)])  # fmt: skip
    with serving(database, api_sign_in=SignIn.REQUIRED) as api:
        yield Desk(api, hand, passes)


def test_everybody_sees_theirs_and_no_more(desk: Desk) -> None:
    water = desk.new("staff:1")
    power = desk.new("staff:2", skill="electrical")
    outside = desk.new("staff:3", space_id="site")
    asked = desk.new("staff:4", skill="cleaning", company_id="acme", request=desk.request("acme"), contractor_id=None)
    everything = [water, power, outside, asked]
    assert desk.mine("anna") == desk.mine("boss") == everything
    assert desk.mine("li") == [water]  # on duty for it
    assert desk.mine("wang") == desk.mine("anna", "?mine=true") == []
    assert (desk.mine("tina"), desk.mine("bob")) == ([asked], [])
    assert (desk.get("wall").status, desk.get("wang", f"/{water}").status) == (403, 404)
    assert desk.get("bob", f"/{asked}").status == 404
    assert desk.act("wang", water, "accept").status == 404
    desk.hand.admin.execute(
        "update smartpark.escalation set people = array[(select person from smartpark.person where login = 'wang')]"
        " where work_order = %s", [power],
    )  # fmt: skip
    assert desk.mine("wang") == [power]  # told of it
    assigned = desk.act("anna", outside, "assign", detail={"person": "wang"})
    assert (assigned.status, assigned.json["assignee"]) == (200, {"login": "wang", "name": "Wang"})
    assert desk.mine("wang") == desk.mine("wang", "?mine=true") == [power, outside]
    assert desk.act("anna", outside, "assign", detail={"person": "tina"}).status == 404
    tenant = desk.get("tina", f"/{asked}").json
    assert (tenant["possible"], tenant["alarm"], tenant["sla_events"]) == ([], None, [])


def test_each_role_does_what_is_its_own(desk: Desk) -> None:
    order = desk.new("staff:1")
    assert "priority" not in desk.get("li", f"/{order}").json["possible"]
    assert desk.act("li", order, "priority", reason="r", detail={"to": "P1"}).status == 403
    assert desk.act("boss", order, "accept").status == 403
    assert desk.act("tina", order, "accept").status == 403
    taken = desk.act("li", order, "accept").json
    assert (taken["assignee"]["login"], taken["events"][-1]["actor"]) == ("li", "li")
    late = desk.act("li", order, "accept")
    assert (late.status, late.json["last"]["actor"]) == (409, "li")
    assert desk.act("li", order, "verify").status == 403  # the sensor's word, not a person's
    # Wang was told of it too: what an offline phone did to it meanwhile is not done to Li's order.
    desk.hand.admin.execute(
        "update smartpark.escalation set people = array[(select person from smartpark.person where login = 'wang')]"
    )
    assert desk.get("wang", f"/{order}").json["possible"] == ["comment", "photo"]
    refused = desk.act("wang", order, "depart", version=taken["version"])
    assert (refused.status, refused.json["state"], refused.json["last"]["actor"]) == (409, "accepted", "li")
    assert desk.act("wang", order, "finish").status == 409
    assert desk.act("wang", order, "comment", reason="I can help").status == 200
    back = desk.act("li", order, "release", reason="not my trade")
    assert (back.status, back.json["assignee"]) == (200, None)
    desk.hand.sql(b"delete from smartpark.shift")
    desk.hand.sql(b"update smartpark.escalation set people = null")
    assert desk.act("li", order, "accept").status == 404  # no longer on duty
    assert desk.act("anna", order, "accept", actor="somebody else").json["events"][-1]["actor"] == "anna"
    made = desk.api.post(ORDERS, {"client_id": str(uuid4()), "service": "repair", "words": "w"},
                         headers={"Authorization": f"Bearer {desk.passes['li']}"})  # fmt: skip
    assert made.status == 403
    assert desk.api.get(ORDERS).status == 401
