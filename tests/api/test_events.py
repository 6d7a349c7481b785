"""Events of all kinds in one list, dead letters and conflicts: in order, filtered, page by page."""

import pytest

from tests.api.messages import Hand
from tests.api.serving import NOW, Served, serving

KINDS = {"decision": 40, "passage": 40, "screening": 40, "door": 2, "status": 1}


def test_all_kinds_come_merged_newest_first(api: Served) -> None:
    found = list(api.walk("/api/v1/events?limit=1000"))
    assert [e["at"] for e in found] == sorted((e["at"] for e in found), reverse=True)
    counted = {kind: sum(e["kind"] == kind for e in found) for kind in KINDS}
    assert counted == KINDS
    assert len({e["id"] for e in found}) == len(found)


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_pages_together_are_the_whole_though_many_share_an_instant(api: Served, limit: int) -> None:
    whole = [e["id"] for e in api.walk("/api/v1/events?limit=1000")]
    assert [e["id"] for e in api.walk(f"/api/v1/events?limit={limit}")] == whole


def test_events_are_told_in_the_words_of_their_standards(api: Served) -> None:
    told = {(e["kind"], e["label"]) for e in api.walk("/api/v1/events?limit=1000")}
    assert {("decision", "denied-passback"), ("decision", "granted"), ("door", "forced-open")} <= told
    assert {("screening", "REFER"), ("screening", "PASS"), ("status", "offline"), ("passage", "passage")} <= told


def test_only_what_is_worth_a_look(api: Served) -> None:
    found = list(api.walk("/api/v1/events?notable=true&limit=5"))
    told = [(e["kind"], e["label"]) for e in found if e["kind"] != "transition"]
    assert told.count(("decision", "denied-passback")) == 10
    assert told.count(("screening", "REFER")) == 4
    assert told.count(("door", "forced-open")) == 1
    assert len(told) == 16  # the will besides


def test_filters(api: Served) -> None:
    def kinds(query: str) -> set[tuple[str, str]]:
        return {(e["kind"], e["device_id"]) for e in api.walk(f"/api/v1/events?{query}")}

    assert kinds("device=g2") == {("door", "g2"), ("transition", "g2")}
    assert kinds("kind=door&kind=status") == {("door", "g2"), ("status", "gw")}
    assert kinds("family=scanner&kind=screening") == {("screening", "s1")}
    assert kinds("building=b1&kind=status&kind=passage") == {("status", "gw")}
    assert len(list(api.walk("/api/v1/events?kind=passage&from=2026-11-21T14:35:00%2B08:00&limit=2"))) == 6
    assert (
        len(list(api.walk("/api/v1/events?kind=passage&from=2026-11-21T14:35:00+08:00&to=2026-11-21T06:36:00Z"))) == 1
    )
    assert api.get("/api/v1/events?device=none").status == 404


def test_names_and_buildings_are_told(api: Served) -> None:
    (status,) = api.ok("/api/v1/events?kind=status")["items"]
    assert status["name"]["en"] == "Gateway"
    assert status["building"]["en"] == "Building 1"
    assert status["detail"] == "last-will"


def test_a_list_that_grows_while_it_is_read_repeats_nothing(hand: Hand, database: str) -> None:
    for _ in range(4):
        hand.pass_by("g1", "in", NOW)
    hand.write()
    with serving(database) as api:
        first = api.ok("/api/v1/events?limit=2")
        hand.pass_by("g1", "out", NOW)
        hand.write()
        rest = list(api.walk(first["next"]))
        ids = [e["id"] for e in first["items"] + rest]
        assert len(set(ids)) == len(ids)
        assert len(ids) in {4, 5}  # the new one has the same instant: it may fall on either side


def test_dead_letters_are_listed_without_their_content(api: Served) -> None:
    found = list(api.walk("/api/v1/dead-letters?limit=2"))
    assert [d["detail"] for d in found] == [f"no {i}" for i in reversed(range(5))]
    assert found[0]["sealed_bytes"] == 6
    assert "sealed" not in found[0]
    assert list(api.walk("/api/v1/dead-letters?replayed=true")) == []
    assert len(list(api.walk("/api/v1/dead-letters?park=small&reason=not-json"))) == 5
    assert list(api.walk("/api/v1/dead-letters?park=other")) == []


def test_contradictions_are_listed(api: Served) -> None:
    (conflict,) = api.walk("/api/v1/conflicts?device=m1")
    assert (conflict["point_name"], conflict["kept"], conflict["refused"]) == ("active_power", 100.0, 77.0)
    assert list(api.walk("/api/v1/conflicts?device=g1")) == []
