"""Requests over HTTP: visitors by a code, tenants with their company's, the desk for who called; photos; refusals."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.store import calendar, desk
from tests.api.messages import Hand
from tests.api.serving import NOW, Served, serving
from tests.conftest import REPO
from tests.pictures import png

CODE = "ABCDEFGH23"


@pytest.fixture
def api(database: str, hand: Hand) -> Iterator[Served]:
    calendar.put(hand.admin, "small", calendar.published(2026))
    desk.apply(hand.admin, "small", desk.read(REPO / "simulators/parks/qinghe-desk/services.toml"), now=NOW)
    hand.admin.execute(
        "insert into smartpark.place_code (code, park_id, space_id, made) values (%s, 'small', 'b1', %s)", [CODE, NOW]
    )
    hand.admin.commit()
    with serving(database) as served:
        yield served


def asking(**more: Any) -> dict[str, Any]:
    return {"client_id": str(uuid.uuid4()), "service": "repair-plumbing", "words": "漏水"} | more


def test_the_desk_enters_what_it_was_told(api: Served) -> None:
    assert api.ok(f"/api/v1/codes/{CODE.lower()}")["place"]["space"] == {"zh": "1号楼", "en": "Building 1"}
    assert {s["category"] for s in api.ok("/api/v1/services")["items"]} >= {"repair", "appeal", "enterprise"}
    sent = api.post("/api/v1/photos", png(), headers={"Content-Type": "image/png"})
    photo = sent.json["photo"]
    asked = asking(code=CODE, photos=[photo], channel="phone")
    made = api.post("/api/v1/requests", asked).json
    assert (made["channel"], made["order"]["state"], made["photos"][0]["photo"]) == ("phone", "new", photo)
    assert api.post("/api/v1/requests", asked).json["request"] == made["request"]
    shown = api.get(f"/api/v1/photos/{photo}")
    assert (shown.headers["content-type"], b"39.9042N" in shown.body) == ("image/png", False)
