"""Who is on duty and what became of messages, over HTTP: by skill and place, gaps named, nothing private."""

from datetime import timedelta
from pathlib import Path

from pipeline.domain.notification import Urgency
from pipeline.domain.wording import Words
from pipeline.store import desk, outbox, rotas
from pipeline.store.outbox import Message
from tests.api.messages import Hand
from tests.api.serving import NOW, serving
from tests.pipeline.test_rota import DESK, add_people


def test_duty_and_messages_are_seen(database: str, hand: Hand, tmp_path: Path) -> None:
    conn = hand.admin
    people = add_people(conn, "li", "wang", "chen", "zhao")
    text = DESK.replace("2026-11-20", "2026-11-21") + '[[rotas]]\nid = "b1"\nname = { zh = "一", en = "One" }\n'
    text += 'skills = ["lift"]\nspace = "b1"\nshifts = [{ people = ["zhao"], from = "08:00", to = "20:00" }]\n'
    file = tmp_path / "rotas.toml"
    file.write_text(text)
    desk.apply(conn, "small", desk.read(file), now=NOW - timedelta(hours=8))
    rotas.change(conn, "small", "water", starts=NOW, ends=NOW + timedelta(hours=1), away="li", instead="zhao",
                 level=None, reason="ill", actor="chen", now=NOW)  # fmt: skip
    message = Message(
        park_id="small", cause="a", urgency=Urgency.NOW, words=lambda _: Words("[P1] Leak", "a body"),
        link=lambda _: "https://park.example/take/secret",
    )  # fmt: skip
    assert outbox.put(conn, message, [people["li"], people["chen"]], now=NOW) == [people["li"]]
    conn.commit()
    with serving(database) as api:
        park = api.ok("/api/v1/duty")
        found = {(row["skill"], row["level"]): [p["login"] for p in row["people"]] for row in park["items"]}
        assert found[("plumbing", 1)] == ["zhao"] and found[("plumbing", 2)] == ["chen"]
        assert park["gaps"] == ["lift"], "in the whole park; in Building 1 there is somebody"
        later = (NOW + timedelta(hours=2)).isoformat().replace("+", "%2B")
        there = api.ok(f"/api/v1/duty?space=b1&at={later}")
        assert there["gaps"] == [] and there["items"][3]["people"] == [{"login": "li", "name": "Li"}]
        assert api.get("/api/v1/duty?space=b9").status == 404
        assert api.ok("/api/v1/duty?skill=baking")["gaps"] == ["baking"]

        body = api.get("/api/v1/notifications").body.decode()
        assert not any(word in body for word in ("ntfy.example", "secret", "a body"))
        pages = list(api.walk("/api/v1/notifications?limit=1"))
        assert [(row["login"], row["state"], row["error"]) for row in pages] == [
            ("chen", "failed", "invalid"), ("li", "pending", None),
        ]  # fmt: skip
        assert [row["login"] for row in api.ok("/api/v1/notifications?state=pending")["items"]] == ["li"]
        assert api.ok("/api/v1/notifications?order=7")["items"] == []
