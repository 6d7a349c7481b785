"""Requests over HTTP: visitors by a code, tenants with their company's, the desk for who called; who sees what."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from pipeline.domain.role import Role
from pipeline.settings import SignIn
from pipeline.store import calendar, desk, tokens
from pipeline.store.desk_rooms import RoomRow
from pipeline.store.desk_services import Bilingual
from tests.api.messages import Hand
from tests.api.serving import NOW, Answer, Served, serving
from tests.park import catalogue
from tests.pictures import jpeg, png

CODE = "ABCDEFGH23"
ROLES = {"acme": Role.TENANT, "bolt": Role.TENANT, "desk": Role.OPERATOR, "boss": Role.MANAGER,
         "li": Role.TECHNICIAN, "wall": Role.WALL}  # fmt: skip
P = "/api/v1/problems/"


@dataclass
class Town:
    """A server that asks for sign-in, and a token for each of ROLES."""

    api: Served
    passes: dict[str, str]

    def get(self, who: str | None, path: str) -> Answer:
        return self.api.get(f"/api/v1/{path}", headers=self.head(who))

    def post(self, who: str | None, path: str, body: Any = None, **headers: str) -> Answer:
        return self.api.post(f"/api/v1/{path}", {} if body is None else body, headers=self.head(who) | headers)

    def ok(self, who: str | None, path: str, body: Any = None) -> Any:
        answer = self.get(who, path) if body is None else self.post(who, path, body)
        assert answer.status == 200, answer.body
        return answer.json

    def photo(self, who: str | None, data: bytes, query: str = "", **headers: str) -> Answer:
        return self.post(who, f"photos{query}", data, **{"Content-Type": "image/png", **headers})

    def head(self, who: str | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.passes[who]}"} if who else {}

    def act(self, who: str | None, number: int, action: str, **more: Any) -> Answer:
        return self.post(who, f"requests/{number}/act", {"action": action, "client_id": str(uuid.uuid4()), **more})


def asking(**more: Any) -> dict[str, Any]:
    return {"client_id": str(uuid.uuid4()), "service": "repair-plumbing", "words": "漏水"} | more


@pytest.fixture
def town(database: str, hand: Hand) -> Iterator[Town]:
    conn = hand.admin
    conn.execute("insert into smartpark.company values ('small', 'bolt', '闪电', 'Bolt')")
    calendar.put(conn, "small", calendar.published(2026))
    services = catalogue()
    rooms = [RoomRow(id="hall", space="b1", name=Bilingual(zh="大厅", en="Hall"), seats=9, point="p1/pressure")]
    desk.apply(conn, "small", services | {"rooms": rooms}, now=NOW)
    conn.execute(
        "insert into smartpark.place_code (code, park_id, space_id, made) values (%s, 'small', 'b1', %s)", [CODE, NOW]
    )
    made = {
        name: tokens.add(
            conn, "small", name, role=role, now=NOW, actor="x", company=name if role is Role.TENANT else None
        ).value
        for name, role in ROLES.items()
    }
    with serving(database, api_sign_in=SignIn.REQUIRED, visitor_hourly=3) as served:
        yield Town(served, made)


def test_a_visitor_asks_by_a_code_and_follows_by_the_key_that_only_they_have(town: Town) -> None:
    assert town.get(None, "services").status == 401
    offered = {s["service"] for s in town.ok(None, f"services?code={CODE}")["items"]}
    assert "repair-plumbing" in offered and "appeal" not in offered and "repair-paid" not in offered
    assert town.ok(None, f"codes/{CODE.lower()}")["place"]["space"] == {"zh": "1号楼", "en": "Building 1"}
    assert town.get(None, "codes/ZZZZZZZZZZ").status == 404
    assert town.photo(None, png()).status == 401
    photo = town.photo(None, png(), f"?code={CODE}").json["photo"]
    asked = asking(code=CODE, photos=[photo], contact="138 0000 0000")
    made = town.ok(None, "requests", asked)
    number, key = made["request"], asked["client_id"]
    assert (made["channel"], made["company"], made["entered_by"]) == ("online", None, "visitor")
    assert made["possible"] == ["cancel", "appoint", "comment"]
    assert town.ok(None, "requests", asked)["request"] == number
    for path in (f"requests/{number}", f"requests/{number}?key={uuid.uuid4()}", "requests", f"photos/{photo}"):
        assert town.get(None, path).status == 401, path
    assert town.ok(None, f"requests/{number}?key={key}")["state"] == "received"
    for who in ("acme", "bolt", "li", "wall"):
        assert town.get(who, f"requests/{number}").status == 404, who
    assert "138" not in town.get("desk", f"requests/{number}").body.decode()
    assert town.ok("desk", f"requests/{number}/contact", {})["contact"] == "138 0000 0000"
    assert town.post("boss", f"requests/{number}/contact").status == 403
    # The lock of the door: by code only, only what visitors may, three an hour.
    assert town.post(None, "requests", asking()).status == 401
    refused = town.post(None, "requests", asking(code=CODE, service="appeal"))
    assert (refused.status, refused.json["type"]) == (409, P + "refused")
    assert town.post(None, "requests", asking(code=CODE, channel="phone")).status == 400
    assert town.act(None, number, "comment", reason="still").status == 401
    assert town.act(None, number, "cancel", key=key).json["state"] == "cancelled"
    assert [town.post(None, "requests", asking(code=CODE)).status for _ in range(3)] == [200, 200, 429]
    # A proxy on this machine says where they come from.
    behind = {"X-Forwarded-For": "198.51.100.7"}
    assert town.post(None, "requests", asking(code=CODE), **behind).status == 200
    assert int(town.post(None, "requests", asking(code=CODE)).headers["retry-after"]) > 3000
    assert town.post("acme", "requests", asking(code=CODE)).status == 200


def test_tenants_see_their_company_s_and_the_park_sees_all(town: Town) -> None:
    mine = town.ok("acme", "requests", asking(space="b1"))
    theirs = town.ok("bolt", "requests", asking(service="appeal"))
    told = town.ok("desk", "requests", asking(service="appeal", channel="phone", company="bolt"))
    assert (mine["channel"], told["channel"], told["company"]["id"]) == ("online", "phone", "bolt")
    assert theirs["due"] == "2026-11-27T16:00:00Z"  # asked on a Saturday: the fifth working day is Friday

    def listed(who: str, query: str = "") -> list[int]:
        return [r["request"] for r in town.ok(who, f"requests{query}")["items"]]

    assert listed("acme") == [mine["request"]]
    assert listed("bolt") == [told["request"], theirs["request"]]
    assert listed("desk") == listed("boss") == [told["request"], theirs["request"], mine["request"]]
    assert listed("desk", "?channel=phone&company=bolt&state=all") == [told["request"]]
    assert listed("desk", "?limit=1&category=appeal") == [told["request"]]
    assert town.get("acme", "requests?company=bolt").status == 403
    assert town.get("acme", f"requests/{theirs['request']}").status == 404
    assert town.act("acme", theirs["request"], "cancel").status == 404
    for who in ("li", "wall"):
        assert town.get(who, "requests").status == 403
        assert town.post(who, "requests", asking()).status == 403
    assert town.post("acme", "requests", asking(company="bolt")).status == 400
    assert town.post("acme", "requests", asking(channel="desk")).status == 400
    assert town.post("desk", "requests", asking(channel="online")).status == 400
    # The desk confirms what it was told by phone, and never what came online; nobody but tenants rates.
    for request, status in ((told, 200), (theirs, 409)):
        number = request["request"]
        assert town.act("acme", number, "answer", reason="x").status == 404
        assert town.act("desk", number, "answer", reason="办妥").json["outcome"] == "办妥"
        # Who of the park it was is the park's own business.
        outside, inside = (town.get(who, f"requests/{number}").json for who in ("bolt", "desk"))
        assert outside["events"][-1]["actor"] == "staff" != inside["events"][-1]["actor"]
        assert (outside["entered_by"] == "staff") == (request is told)
        answer = town.act("desk", number, "confirm")
        assert (answer.status, answer.json["state"]) == (status, "confirmed" if status == 200 else "answered")
    assert answer.json["version"] == 2 and answer.json["last"]["action"] == "answer"
    assert town.act("bolt", theirs["request"], "confirm", version=1).status == 409
    assert town.act("bolt", theirs["request"], "confirm", version=2).status == 200
    rating = f"requests/{theirs['request']}/rating"
    assert [town.post(who, rating, {"stars": 4}).status for who in ("desk", "boss", "acme", "bolt", "bolt")] == [
        403, 403, 404, 200, 200
    ]  # fmt: skip
    assert town.post("bolt", rating, {"stars": 5}).status == 409
    assert town.post("bolt", rating, {"stars": 6}).status == 400
    assert town.ok("bolt", f"requests/{theirs['request']}")["rating"]["stars"] == 4


def test_photos_are_kept_without_where_they_were_taken(town: Town) -> None:
    sent = town.photo("acme", jpeg(), **{"Content-Type": "image/jpeg"}).json["photo"]
    assert town.photo("acme", jpeg(), **{"Content-Type": "image/webp"}).json["photo"] == sent  # its bytes decide
    made = town.ok("acme", "requests", asking(photos=[sent]))
    shown = town.get("acme", f"photos/{sent}")
    assert (shown.headers["content-type"], shown.headers["x-content-type-options"]) == ("image/jpeg", "nosniff")
    assert b"116.4074" not in shown.body
    assert [town.get(who, f"photos/{sent}").status for who in ("bolt", "li", "wall", "desk", "boss")] == [
        404, 404, 404, 200, 200
    ]  # fmt: skip
    unlinked = town.photo("acme", png(7)).json["photo"]
    assert town.get("acme", f"photos/{unlinked}").status == 404
    order = f"work-orders/{made['work_order']}"
    assert [photo["photo"] for photo in town.ok("desk", order)["photos"]] == [sent]
    after = town.photo("li", png(9)).json["photo"]
    act = {"action": "photo", "client_id": str(uuid.uuid4()), "detail": {"photos": [after], "what": "after"}}
    assert town.post("desk", f"{order}/act", act).status == 200
    found = town.ok("acme", f"requests/{made['request']}")["photos"]
    assert [(photo["photo"], photo["what"]) for photo in found] == [(sent, "report"), (after, "after")]
    assert town.get("acme", f"photos/{after}").status == 200
    wrong = ((b"GIF89a", {}, 400), (png()[:40], {}, 400), (b"", {}, 400), (png(), {"Content-Type": "text/plain"}, 415),
             (bytes(9 * 2**20), {}, 413))  # fmt: skip
    for data, headers, status in wrong:
        assert town.photo("acme", data, **headers).status == status
    assert town.post("acme", "requests", asking(photos=["00" * 32])).status == 404
    assert town.photo("wall", png()).status == 403


def test_paid_work_begins_when_its_price_is_accepted(town: Town) -> None:
    number = town.ok("acme", "requests", asking(service="repair-paid"))["request"]
    assert town.act("desk", number, "start").status == 409
    assert town.act("acme", number, "quote", detail={"amount": "1", "words": "x"}).status == 409
    assert town.act("desk", number, "quote", detail={"amount": "NaN", "words": "x"}).status == 409
    quoted = town.act("desk", number, "quote", detail={"amount": "350", "words": "换锁芯"}).json
    assert (quoted["state"], quoted["work_order"], quoted["quotes"][0]["amount"]) == ("quoted", None, "350.00")
    again = town.act("desk", number, "quote", detail={"amount": 280, "words": "换锁芯"}).json
    assert [quote["answer"] for quote in again["quotes"]] == ["withdrawn", None]
    first, second = (quote["quote"] for quote in again["quotes"])
    assert town.act("acme", number, "accept-quote", detail={"quote": first}).status == 409
    assert town.act("desk", number, "accept-quote", detail={"quote": second}).status == 409
    taken = town.act("acme", number, "accept-quote", detail={"quote": second}).json
    assert (taken["state"], taken["order"]["state"], taken["quotes"][1]["answer"]) == ("accepted", "new", "accepted")
    when = "2026-11-23T10:00:00+08:00"
    chosen = town.act("acme", number, "appoint", detail={"at": when}).json
    assert chosen["order"]["appointment"] == chosen["appointment"] == "2026-11-23T02:00:00Z"
    assert town.act("acme", number, "appoint", detail={"at": "2026-11-20T10:00:00+08:00"}).status == 409


def test_rooms_are_booked_without_telling_others_what_for(town: Town) -> None:
    wish = {"client_id": str(uuid.uuid4()), "room": "hall", "since": "2026-11-21T16:00:00+08:00",
            "until": "2026-11-21T17:00:00+08:00", "subject": "merger"}  # fmt: skip
    booked = town.ok("acme", "bookings", wish)
    assert (booked["mine"], booked["subject"], booked["company"]["name"]["en"]) == (True, "merger", "Acme")
    taken = town.post("bolt", "bookings", wish | {"client_id": str(uuid.uuid4())})
    assert (taken.status, taken.json["until"], taken.json["company"]["en"]) == (
        409,
        "2026-11-21T09:00:00+00:00",
        "Acme",
    )
    seen = town.ok("bolt", "bookings")["items"]
    assert [(b["subject"], b["made_by"], b["mine"]) for b in seen] == [(None, None, False)]
    assert b"merger" not in taken.body
    assert [town.ok(who, "bookings")["items"][0]["subject"] for who in ("acme", "desk")] == ["merger", "merger"]
    hall = town.ok("bolt", "rooms")["items"][0]
    assert (hall["free"], hall["presence"], hall["seats"]) == (True, None, 9)
    cancel = f"bookings/{booked['booking']}/cancel"
    assert [town.post(who, cancel).status for who in ("bolt", "li", "acme", "acme")] == [404, 403, 200, 200]
    assert town.ok("bolt", "bookings")["items"] == []
    assert town.ok("acme", "bookings?mine=true")["items"][0]["ended_why"] == "cancelled"
    assert town.post("acme", "bookings", wish | {"room": "attic", "client_id": str(uuid.uuid4())}).status == 404


def test_a_survey_asks_each_company_once(town: Town) -> None:
    asked = {"zh": "年度", "en": "Annual", "opens": "2026-11-21T00:00:00Z", "closes": "2026-12-21T00:00:00Z"}
    assert town.post("desk", "surveys", asked).status == 403
    survey = town.ok("boss", "surveys", asked)["items"][0]["survey"]
    answers = [town.post(who, f"surveys/{survey}/answer", {"stars": stars}).status
               for who, stars in (("acme", 4), ("acme", 4), ("acme", 1), ("bolt", 2), ("boss", 5))]  # fmt: skip
    assert answers == [200, 200, 409, 200, 403]
    (mine,), (all_of_it,) = town.ok("acme", "surveys")["items"], town.ok("boss", "surveys")["items"]
    assert (mine["stars"], mine["mean"], mine["answers"]) == (4, None, None)
    assert (all_of_it["stars"], all_of_it["mean"], all_of_it["answers"]) == (None, 3.0, 2)
