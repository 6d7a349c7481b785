"""A gate of the order's building shows that a technician is on site, by a badge whose credential nobody keeps."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from collectors import secrets
from collectors.credentials import CredentialBook
from park import main
from pipeline.domain.access import AccessEvent, AccessEventCode, AccessKind, Direction
from pipeline.domain.message import Batch, Message, Sender
from pipeline.domain.park import Family
from pipeline.domain.role import Role
from pipeline.domain.work_order import OrderAction
from pipeline.engine.retention import Retention
from pipeline.ingest import Writer
from pipeline.settings import Settings, SignIn
from pipeline.store import badges, credentials, people, sessions
from pipeline.store import work_orders as orders
from pipeline.store.people import Profile
from pipeline.store.work_orders import NewOrder, OrderAct
from tests.api.messages import Hand
from tests.api.serving import NOW, serving

BADGE = "04:A3:7F:12"
MINUTE = timedelta(minutes=1)


def test_a_gate_proves_that_its_technician_is_there(
    hand: Hand, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conn = hand.admin
    secrets.make(tmp_path)
    monkeypatch.setenv("PARK_DATABASE_URL", database)
    monkeypatch.setenv("PARK_SECRETS", str(tmp_path))
    monkeypatch.setenv("PARK_CLOCK", f"{NOW.isoformat()}@1")
    for login in ("li", "wang"):
        profile = Profile(login=login, name=login, role=Role.TECHNICIAN, skills=("plumbing",))
        people.put(conn, "small", profile, now=NOW, actor="test")
    conn.commit()
    monkeypatch.setattr("sys.stdin", io.StringIO(BADGE + "\n"))
    assert main(["badges", "li"]) == 0
    kept = conn.execute("select count(*), string_agg(subject, '') from smartpark.badge_day").fetchone()
    assert kept is not None and kept[0] == 61 and BADGE not in kept[1]
    conn.execute("update smartpark.device set space_id = 'b1' where device_id = 'g1'")
    conn.commit()

    book = CredentialBook(secrets.read(tmp_path).pseudonym)
    book.learn(*credentials.load(conn))
    seen = NOW - 9 * MINUTE
    subject = book.pseudonym("small", BADGE, at=seen)
    event = AccessEvent(seen, AccessKind.DECISION, AccessEventCode.GRANTED, Direction.IN, subject=subject)
    message = Message(Sender("small", Family.GATE, "g1"), "m:1", b"1" * 16, seen, [], [event])
    conn.commit()
    Writer(conn).write(Batch("test", [message]), now=seen)
    with serving(database, api_sign_in=SignIn.REQUIRED, site_secret="s") as served:

        def arrives(login: str, place: str, detail: dict[str, Any]) -> dict[str, Any]:
            """What an arrival at an order of that place shows."""
            person = people.find(conn, login)["person"]
            new = NewOrder(
                park_id="small", origin="alarm", cause=str(uuid4()), service="repair", skill="plumbing", priority="P2",
                title_zh="漏", title_en="Leak", space_id=place,
            )  # fmt: skip
            order = orders.open_(conn, new, now=NOW - 20 * MINUTE).order
            taken = OrderAct(order=order, action=OrderAction.ACCEPT, actor=login, person=person)
            orders.act(conn, taken, now=NOW - 15 * MINUTE)
            pass_ = sessions.open_(conn, person, login, now=NOW, lasts=timedelta(hours=1), agent="test").value
            conn.commit()
            asked = {"action": "arrive", "client_id": str(uuid4()), "detail": detail}
            answer = served.post(f"/api/v1/work-orders/{order}/act", asked, headers={"Cookie": f"park_session={pass_}"})
            assert answer.status == 200, answer.json
            assert answer.json["proof"] == answer.json["events"][-1]["detail"].get("proof", "claimed")
            return dict(answer.json["events"][-1]["detail"]) | {"proof": answer.json["proof"]}

        by_gate = {"proof": "access", "place": "g1", "seen": seen.isoformat()}
        assert arrives("li", "b1", {}) == by_gate
        assert arrives("li", "b1", {"proof": "code", "code": "WRONG1"}) == by_gate
        assert arrives("wang", "b1", {}) == {"proof": "claimed"}, "it was not their badge"
        assert arrives("li", "site", {})["proof"] == "claimed", "it is not that building's gate"
    assert main(["badges", "li", "--remove"]) == 0
    conn.rollback()
    assert conn.execute("select count(*) from smartpark.badge_day").fetchone() == (0,)


def test_days_that_are_over_go(hand: Hand) -> None:
    conn = hand.admin
    people.put(conn, "small", Profile(login="li", name="li", role=Role.TECHNICIAN), now=NOW, actor="test")
    today = NOW.date()
    badges.save(conn, "li", {today - timedelta(days=n): f"s{n}" for n in range(6)}, now=NOW)
    with conn.transaction():
        Retention("apache", Settings.from_env({})).run(conn, NOW)
    left = conn.execute("select min(day) from smartpark.badge_day").fetchone()
    assert left == (today - timedelta(days=3),)
