"""The quality of alarms over the API: its figures against a plain look at the same journal, and what nobody knows."""

from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from pipeline.domain.message import Sample
from pipeline.engine.alarms.chatter import Chatter
from pipeline.engine.alarms.floods import AlarmFloods
from tests.api.messages import Hand
from tests.api.serving import NOW, serving
from tests.noise import Noisy

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TEN = timedelta(minutes=10)
LONG_AGO = NOW - 60 * DAY


@pytest.fixture
def noisy(hand: Hand) -> Noisy:
    return Noisy(hand.admin)


def hear(hand: Hand, since: datetime, *, but: tuple[datetime, datetime] = (NOW, NOW)) -> None:
    """A meter speaks every half hour, and the engine is at it."""
    at = [since + n * HOUR / 2 for n in range(int((NOW - since) / HOUR * 2))]
    hand.say("m1", samples=[Sample("m1", t, {"active_power": 1.0}) for t in at if not but[0] <= t < but[1]])
    hand.write()
    hand.roll_up()
    hand.sql(b"insert into smartpark.engine_step values ('alarm floods', '2026-11-21 06:39:58Z', 0.1, 0, null)")


def ask(database: str, query: str = "") -> dict[str, Any]:
    with serving(database, now=NOW) as api:
        found: dict[str, Any] = api.ok(f"/api/v1/alarm-quality{query}")
        return found


def one(answer: dict[str, Any], position: str = "operations") -> dict[str, Any]:
    (found,) = (item for item in answer["items"] if item["position"] == position)
    return dict(found)


def busy(noisy: Noisy, seed: int) -> None:
    """A random week at two positions: bursts, chatter, acknowledgements, holds, wear, history."""
    random = Random(seed)
    watches = []
    for n in range(40):
        rule = noisy.rule(
            f"r{n}", priority=random.choice(["low"] * 6 + ["medium"] * 2 + ["high", "critical"]), at=LONG_AGO,
            position=random.choice(["operations", "operations", "security"]), maintenance=random.random() < 0.1,
        )  # fmt: skip
        watches.append(noisy.watch(rule, random.choice(["m1", "p1", "g1", "l1"])))
    for watch in random.sample(watches, 4):
        noisy.hold(watch, kind="shelved", at=NOW - 7 * DAY)
    at = NOW - 7 * DAY
    while at < NOW - HOUR:
        burst = random.random() < 0.1
        for _ in range(random.randint(8, 30) if burst else 1):
            watch = random.choice(watches)
            noisy.raise_(watch, at=at, historic=random.random() < 0.05)
            if random.random() < 0.9:
                noisy.return_(watch, at=at + timedelta(seconds=random.randint(1, 4000)), now=at + timedelta(seconds=1))
            at += timedelta(seconds=random.randint(1, 60))
        if random.random() < 0.6:
            rows = noisy.conn.execute("select alarm from smartpark.alarm where state = 'unacknowledged'").fetchall()
            noisy.acknowledge(*(a for (a,) in random.sample(rows, len(rows) // 2)), at=at)
        at += timedelta(seconds=random.randint(60, 20000))


def journal(conn: psycopg.Connection) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select j.entry, j.at, j.event_time, j.action, j.to_state, a.alarm, a.watch, a.position, a.priority,"
            " a.maintenance, a.historic from smartpark.alarm_journal j join smartpark.alarm a using (alarm)"
            " order by j.entry"
        ).fetchall()


def plain(rows: list[dict[str, Any]], position: str, since: datetime) -> dict[str, Any]:
    """The same figures by counting."""
    ours = [r for r in rows if r["position"] == position]
    shown = [
        r for r in ours
        if r["action"] in ("raise", "reopen", "release") and r["to_state"] == "unacknowledged" and not r["historic"]
        and since <= r["at"] < NOW
    ]  # fmt: skip
    counted = [r for r in shown if not r["maintenance"]]
    times = sorted(r["at"] for r in counted)
    by_watch = Counter(r["watch"] for r in counted)
    chattering = set()
    for watch in by_watch:
        raised = sorted(r["event_time"] for r in counted if r["watch"] == watch)
        if any(later - early <= timedelta(minutes=1) for early, later in zip(raised, raised[2:], strict=False)):
            chattering.add(watch)
    waits = []
    for row in counted:
        later = [r for r in rows if r["alarm"] == row["alarm"] and r["entry"] > row["entry"]]
        nxt = next((r for r in later if r["action"] in ("raise", "reopen", "release", "acknowledge")), None)
        if nxt and nxt["action"] == "acknowledge":
            waits.append((nxt["at"] - row["at"]).total_seconds())
    waits.sort()
    middle = len(waits) // 2
    return {
        "alarms": len(counted),
        "peak": max((sum(t - TEN <= x <= t for x in times) for t in times), default=0),
        "top": sum(n for _, n in by_watch.most_common(10)),
        "chattering": len(chattering),
        "priorities": Counter(r["priority"] for r in counted),
        "acknowledged": len(waits),
        "median_s": (waits[middle] if len(waits) % 2 else (waits[middle - 1] + waits[middle]) / 2) if waits else None,
        "maintenance": len(shown) - len(counted),
        "worst": sorted(by_watch.values(), reverse=True)[:10],
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_figures_are_what_counting_finds(hand: Hand, noisy: Noisy, database: str, seed: int) -> None:
    busy(noisy, seed)
    AlarmFloods().run(noisy.conn, NOW)
    hear(hand, NOW - 31 * DAY)
    rows = journal(noisy.conn)
    for days in (30, 7, 1):
        answer = ask(database, f"?days={days}")
        assert {item["position"] for item in answer["items"]} == {"operations", "security"}
        for position in ("operations", "security"):
            found, counted = one(answer, position), plain(rows, position, datetime.fromisoformat(answer["since"]))
            figures, n = found["figures"], counted["alarms"]
            assert found["covered"], found
            assert found["alarms"] == n
            assert figures["average"]["value"] == pytest.approx(n / (days * 144), abs=0.006)
            assert figures["peak"]["value"] == counted["peak"]
            assert figures["peak"]["met"] == (counted["peak"] <= 10)
            assert figures["top_10"]["value"] == (pytest.approx(100 * counted["top"] / n, abs=0.06) if n else None)
            assert figures["chattering"]["value"] == counted["chattering"]
            for priority in ("low", "medium", "critical"):
                share = 100 * counted["priorities"][priority] / n if n else None
                assert figures[priority]["value"] == (pytest.approx(share, abs=0.06) if n else None)
            assert found["acknowledged"]["n"] == n
            assert found["acknowledged"]["median_s"] == pytest.approx(counted["median_s"], abs=0.06)
            assert found["apart"]["maintenance"] == counted["maintenance"]
            assert sum(load["alarms"] for load in found["loads"]) == n
            assert max((load["peak"] for load in found["loads"]), default=0) == counted["peak"]
            assert [x["alarms"] for x in found["nuisances"]] == counted["worst"]
            assert bool(found["floods"]) == (counted["peak"] > 10)
            seconds = sum(
                (
                    datetime.fromisoformat(f["ended"] or answer["until"]) - datetime.fromisoformat(f["started"])
                ).total_seconds()
                for f in found["floods"]
            )
            assert figures["flood"]["value"] == pytest.approx(100 * seconds / (days * 86400), abs=0.1)


def test_what_is_not_known_is_not_met(hand: Hand, noisy: Noisy, database: str) -> None:
    noisy.watch(noisy.rule("new", at=NOW - 3 * DAY), "m1")
    answer = ask(database)
    found = one(answer)
    assert answer["looked"] is None
    assert found["figures"]["flood"] == {"value": None, "target": 1, "met": None, "n": 0, "at": None}
    assert (found["figures"]["average"]["met"], found["figures"]["peak"]["met"]) == (None, None)
    hear(hand, NOW - 5 * DAY)
    found = one(ask(database))
    assert found["known_since"] == "2026-11-18T06:40:00Z"
    assert not found["covered"]
    assert found["figures"]["average"] == {"value": 0.0, "target": 1, "met": None, "n": 0, "at": None}
    found = one(ask(database, "?days=2"))
    assert found["covered"]
    assert found["figures"]["average"]["met"] is True
    assert found["figures"]["chattering"]["met"] is True
    assert found["figures"]["top_10"]["met"] is None  # of no alarms
    assert found["figures"]["low"]["met"] is None


def test_a_miss_is_a_miss_however_little_is_known(hand: Hand, noisy: Noisy, database: str) -> None:
    watches = [noisy.watch(noisy.rule(f"r{n}", at=NOW - DAY), "m1") for n in range(12)]
    noisy.raise_(*watches, at=NOW - HOUR)
    AlarmFloods().run(noisy.conn, NOW - HOUR)
    hear(hand, NOW - 2 * DAY)
    found = one(ask(database))
    assert found["figures"]["peak"]["met"] is False
    assert found["figures"]["peak"]["at"] == "2026-11-21T05:40:00Z"
    assert found["missed"] == 1
    assert found["figures"]["flood"]["n"] == 1


def test_hours_in_which_nothing_was_heard_are_told(hand: Hand, noisy: Noisy, database: str) -> None:
    noisy.watch(noisy.rule("old", at=LONG_AGO), "m1")
    hear(hand, NOW - 8 * DAY, but=(NOW - 2 * DAY, NOW - DAY))
    found = one(ask(database, "?days=7"))
    assert (found["covered"], found["silent_hours"]) == (False, 23)  # whole ones, by UTC
    assert found["figures"]["average"]["met"] is None
    assert one(ask(database, "?days=1"))["covered"]


def test_what_alarms_most_comes_with_what_would_help(hand: Hand, noisy: Noisy, database: str) -> None:
    level = noisy.watch(noisy.rule("tank-level-high", at=LONG_AGO), "m1", "active_power")
    for n in range(7):
        noisy.pulse(level, at=NOW - HOUR + timedelta(seconds=20 * n), seconds=4)
    calm = noisy.watch(noisy.rule("leak", at=LONG_AGO), "l1", "leak")
    noisy.raise_(calm, at=NOW - 30 * HOUR)
    Chatter().run(noisy.conn, NOW - HOUR + timedelta(minutes=3))
    hear(hand, NOW - 9 * DAY)
    found = one(ask(database, "?days=7"))
    first, second = found["nuisances"]
    assert (first["rule_id"], first["device_id"], first["alarms"]) == ("tank-level-high", "m1", 7)
    assert (first["chattering"], first["fleeting"], first["median_s"], first["share"]) == (True, 7, 4.0, 87.5)
    assert first["advice"] == {"kind": "off-delay", "amount": 20.0, "now": 0.0, "alarms": 7, "left": 1}
    assert (second["advice"], second["chattering"], second["median_s"]) == (None, False, None)
    assert found["figures"]["chattering"] == {"value": 1.0, "target": 0, "met": False, "n": 2, "at": None}
    assert (found["figures"]["stale"]["value"], found["figures"]["stale"]["n"]) == (1, 2)
    assert found["figures"]["stale"]["at"] == "2026-11-20T00:40:00Z"


def test_a_value_that_creeps_around_its_limit_is_advised_a_deadband(hand: Hand, noisy: Noisy, database: str) -> None:
    rule = noisy.rule("warm", at=LONG_AGO)
    noisy.conn.execute(
        "update smartpark.alarm_rule_version set spec = spec || '{\"high\": 0.5}' where rule = %s", [rule]
    )
    watch = noisy.watch(rule, "p1", "pressure")
    values = {}
    for n in range(6):
        at = NOW - 20 * HOUR + 2 * n * HOUR
        noisy.pulse(watch, at=at, seconds=3600)
        values |= {at: 1.0, at + HOUR: 0.45, at + 1.5 * HOUR: 0.42}
    hand.measure("p1", "pressure", values)
    hear(hand, NOW - 9 * DAY)
    (nuisance,) = one(ask(database, "?days=7"))["nuisances"]
    assert nuisance["advice"] == {"kind": "deadband", "amount": 0.081, "now": None, "alarms": 6, "left": 1}


def test_one_position_may_be_asked_for(noisy: Noisy, database: str) -> None:
    for position in ("operations", "security"):
        noisy.watch(noisy.rule(f"r-{position}", position=position), "m1")
    with serving(database, now=NOW) as api:
        assert [x["position"] for x in api.ok("/api/v1/alarm-quality?position=security")["items"]] == ["security"]
        assert api.ok("/api/v1/alarm-quality?position=nobody")["items"] == []
        assert api.get("/api/v1/alarm-quality?days=0").status == 400
        assert api.get("/api/v1/alarm-quality?weeks=2").status == 400
        assert api.get("/api/v1/alarm-quality?park=nowhere").status == 404
