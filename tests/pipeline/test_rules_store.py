"""Rules in the database: versions that never change, watches that are never removed, and who may overwrite whom."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg
import pytest

from pipeline.domain.park import Device, Family, Name, Park, Point, PointKind
from pipeline.domain.rule import Compare, CountOf, Limits, NoData, Priority, Rule, Selector, SubjectKind
from pipeline.parkfile.devices import export, take_in
from pipeline.store import alarms, parks, rules, watches
from pipeline.store.alarms import Raising
from pipeline.store.park_plan import Action, Kind
from pipeline.store.rules import Origin
from tests.park import SMALL
from tests.pipeline.conftest import at

NOW = at(0)
BOTH = Name("文", "text")
PUMP = Device(
    "p1", Family.SENSOR, "pump", Name("泵", "Pump"), space_id="b1", gateway_id="gw",
    points=(Point("pressure", "bar", PointKind.GAUGE), Point("flow", "m³/h", PointKind.GAUGE, role="main")),
)  # fmt: skip
PARK = replace(SMALL, devices=(*SMALL.devices, PUMP, replace(PUMP, device_id="p2", space_id="site")))


def rule(rule_id: str = "high", **changes: Any) -> Rule:
    standard = Rule(
        rule_id, BOTH, Selector(types=("pump",)), Limits(high=8.0), Priority.HIGH, BOTH, BOTH, (BOTH,), 900,
        point="pressure",
    )  # fmt: skip
    return replace(standard, **changes)


def apply(conn: psycopg.Connection, *wanted: Rule, park: Park = PARK, now: datetime = NOW, take: bool = False) -> Any:
    """Applies the park with these rules, as the verb does."""
    conn.autocommit = False
    try:
        return parks.apply(conn, replace(park, rules=wanted), now=now, take_rules=take)
    finally:
        conn.autocommit = True


def over_api(conn: psycopg.Connection, *wanted: Rule, now: datetime = NOW) -> None:
    with conn.transaction():
        rules.put(conn, "small", wanted, origin=Origin.API, actor="Li", now=now)
        watches.expand(conn, "small")
        rules.announce(conn, "small")


def watched(conn: psycopg.Connection, *, retired: bool = False) -> list[str]:
    """What is watched: `rule: device/point`."""
    rows = conn.execute(
        "select r.rule_id || ': ' || coalesce(w.space_id, d.device_id || coalesce('/' || p.name, ''))"
        " from smartpark.alarm_watch w join smartpark.alarm_rule r using (rule)"
        " left join smartpark.device d on d.device = w.device left join smartpark.point p on p.point = w.point"
        " where w.retired = %s order by 1",
        [retired],
    )
    return [text for (text,) in rows]


def versions(conn: psycopg.Connection) -> list[tuple[Any, ...]]:
    return conn.execute(
        "select r.rule_id, v.version, v.actor, v.spec ->> 'high', r.version, r.origin, r.retired"
        " from smartpark.alarm_rule r join smartpark.alarm_rule_version v using (rule) order by 1, 2"
    ).fetchall()


def test_a_rule_is_a_version_only_where_something_changed(conn: psycopg.Connection) -> None:
    plan = apply(conn, rule())
    assert plan.ids(Action.ADD, Kind.RULE) == ["high"]
    assert apply(conn, rule(), now=at(1)).empty
    plan = apply(conn, rule(condition=Limits(high=9.0), response=(BOTH, Name("关", "Close"))), now=at(2))
    (change,) = plan.changes
    assert set(change.fields) == {
        ("high", 8.0, 9.0), ("response.2.zh", None, "关"), ("response.2.en", None, "Close"),
    }  # fmt: skip
    assert [row[:5] for row in versions(conn)] == [("high", 1, "local", "8.0", 2), ("high", 2, "local", "9.0", 2)]
    read = "select action, subject, detail from smartpark.audit_log where subject like 'rule/%'"
    notes = conn.execute(read).fetchall()
    assert [(action, subject) for action, subject, _ in notes] == [("put-rule", "rule/small/high")] * 2
    assert (notes[1][2]["old"]["high"], notes[1][2]["new"]["high"]) == (8.0, 9.0)


def test_what_a_rule_watches_follows_the_registry(conn: psycopg.Connection) -> None:
    apply(conn, rule(), rule("quiet", condition=NoData(), point=None, applies=Selector(families=(Family.SENSOR,))))
    assert watched(conn) == ["high: p1/pressure", "high: p2/pressure", "quiet: p1", "quiet: p2"]
    numbers = conn.execute("select watch from smartpark.alarm_watch order by 1").fetchall()
    less = replace(PARK, devices=PARK.devices[:-1])
    apply(conn, rule(), rule("quiet", condition=NoData(), point=None), park=less)
    assert watched(conn) == ["high: p1/pressure", "quiet: p1"]
    assert watched(conn, retired=True) == ["high: p2/pressure", "quiet: p2"]
    apply(conn, rule(), rule("quiet", condition=NoData(), point=None))
    assert watched(conn, retired=True) == []
    assert conn.execute("select watch from smartpark.alarm_watch order by 1").fetchall() == numbers


def test_a_provisional_device_is_watched_once_it_is_registered(conn: psycopg.Connection) -> None:
    conn.execute(
        "insert into smartpark.device (park_id, device_id, family, type, provisional) values ('small', 'p3', 'sensor',"
        " 'pump', true)"
    )
    conn.execute(
        "insert into smartpark.point (device, name, kind, provisional)"
        " select device, 'pressure', 'gauge', true from smartpark.device where device_id = 'p3'"
    )
    apply(conn, rule())
    assert "high: p3/pressure" not in watched(conn)
    apply(conn, rule(), park=replace(PARK, devices=(*PARK.devices, replace(PUMP, device_id="p3"))))
    assert "high: p3/pressure" in watched(conn)


def test_a_device_list_leaves_rules_alone_and_what_they_watch_follows(conn: psycopg.Connection, tmp_path: Any) -> None:
    apply(conn, rule())
    listed = export(conn, "small").decode("utf-8-sig")
    (tmp_path / "list.csv").write_text(
        listed + "p9,sensor,pump,新泵,New pump,b1,gw,,,10,,registered,pressure,bar,gauge,,,,,\r\n", encoding="utf-8"
    )
    conn.autocommit = False
    plan = take_in(conn, "small", tmp_path / "list.csv", now=at(1), dry_run=False)
    conn.autocommit = True
    assert plan.ids(Action.RETIRE, Kind.RULE) == []
    assert watched(conn) == ["high: p1/pressure", "high: p2/pressure", "high: p9/pressure"]


def test_a_rule_that_the_file_no_longer_names_is_retired_and_comes_back(conn: psycopg.Connection) -> None:
    apply(conn, rule(), rule("low", condition=Limits(low=1.0)))
    assert apply(conn, rule()).ids(Action.RETIRE, Kind.RULE) == ["low"]
    assert watched(conn, retired=True) == ["low: p1/pressure", "low: p2/pressure"]
    plan = apply(conn, rule(), rule("low", condition=Limits(low=1.0)))
    assert plan.changes[0].fields == (("retired", True, False),)
    assert watched(conn, retired=True) == []
    assert [row[:2] for row in versions(conn)] == [("high", 1), ("low", 1)]


def test_what_the_api_wrote_stays_until_it_is_taken_back(conn: psycopg.Connection) -> None:
    apply(conn, rule())
    over_api(conn, rule(condition=Limits(high=7.0)), rule("own"))
    plan = apply(conn, rule(), now=at(5))
    assert plan.empty
    (kept,) = plan.kept
    assert kept[:2] == (Kind.RULE, "high")
    assert "version 2 over the API, by Li" in kept[2]
    assert [row[5] for row in versions(conn)] == ["api", "api", "api"]
    plan = apply(conn, rule(), take=True)
    assert ("origin", "api", "park-file") in plan.changes[0].fields
    assert [(row[0], row[1], row[3], row[5]) for row in versions(conn)] == [
        ("high", 1, "8.0", "park-file"), ("high", 2, "7.0", "park-file"), ("high", 3, "8.0", "park-file"),
        ("own", 1, "8.0", "api"),
    ]  # fmt: skip


def test_what_the_api_retired_stays_retired(conn: psycopg.Connection) -> None:
    apply(conn, rule())
    with conn.transaction():
        rules.retire(conn, "small", "high", actor="Li", now=at(1))
        watches.expand(conn, "small")
    (kept,) = apply(conn, rule()).kept
    assert "was retired over the API" in kept[2]
    assert watched(conn) == []
    apply(conn, rule(), take=True)
    assert watched(conn) == ["high: p1/pressure", "high: p2/pressure"]


def test_a_change_leaves_an_active_alarm_as_it_is(conn: psycopg.Connection) -> None:
    """The alarm keeps its version, its terms and its subject; the next one is raised by the new version."""
    apply(conn, rule())
    (watch,) = conn.execute("select min(watch) from smartpark.alarm_watch").fetchone() or (0,)

    def raise_at(second: int) -> None:
        one = Raising(watch, at(second), at(second), at(second), 9.0, {"kind": "limits", "value": 9.0})
        with conn.transaction():
            alarms.raise_(conn, [one], now=at(second))

    raise_at(10)
    read = "select alarm, watch, version, priority, state, active, raised from smartpark.alarm order by alarm"
    before = conn.execute(read).fetchall()
    apply(conn, rule(condition=Limits(high=20.0), priority=Priority.LOW), now=at(20))
    apply(conn, now=at(30))  # retired: whoever judges withdraws it, in its own time
    assert conn.execute(read).fetchall() == before
    apply(conn, rule(condition=Limits(high=5.0), priority=Priority.LOW, reopen_s=0), now=at(40))
    assert conn.execute(read).fetchall() == before
    with conn.transaction():
        alarms.return_(conn, [alarms.Returning(watch, at(50), at(50), withdrawn="the rule is gone")], now=at(50))
    raise_at(100)
    rows = conn.execute(read).fetchall()
    assert [(row[1], row[2], row[3]) for row in rows] == [(watch, 1, "high"), (watch, 3, "low")]


def test_a_version_cannot_be_changed_by_who_writes_rules(conn: psycopg.Connection) -> None:
    apply(conn, rule())
    conn.execute("set role park_operator")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("update smartpark.alarm_rule_version set enabled = false")
    over_api(conn, rule("own"))
    conn.execute("reset role")
    assert len(watched(conn)) == 4


def test_spaces_and_comparisons_are_subjects_too(conn: psycopg.Connection) -> None:
    denied = CountOf(5, 600.0, (129,), per=SubjectKind.SPACE)
    apply(
        conn,
        rule("gates", condition=denied, point=None, applies=Selector(families=(Family.GATE,))),
        rule("park-wide", condition=denied, point=None, applies=Selector(spaces=("site", "b1"), types=("turnstile",))),
        rule("pair", condition=Compare("flow")),
        rule("other", condition=Compare("m1/active_power")),
        rule("none", condition=Compare("nothing")),
        rule("mains", point="flow", applies=Selector(types=("pump",), roles=("main",), excluded=("p2",))),
    )
    assert watched(conn) == [
        "gates: site", "mains: p1/flow", "other: p1/pressure", "other: p2/pressure", "pair: p1/pressure",
        "pair: p2/pressure", "park-wide: site",
    ]  # fmt: skip
    others = conn.execute(
        "select distinct d.device_id, p.name from smartpark.alarm_watch w join smartpark.point p on p.point = w.other"
        " join smartpark.device d on d.device = p.device order by 1"
    ).fetchall()
    assert others == [("m1", "active_power"), ("p1", "flow"), ("p2", "flow")]


def test_a_disabled_rule_watches_nothing(conn: psycopg.Connection) -> None:
    apply(conn, rule())
    apply(conn, rule(enabled=False))
    assert watched(conn) == []


def test_a_rule_that_nobody_can_read_is_left_out_and_the_rest_is_watched(conn: psycopg.Connection) -> None:
    apply(conn, rule(name=Name("坏", "bad")), rule("low", condition=Limits(low=1.0)))
    conn.execute("update smartpark.alarm_rule_version set spec = %s where name_zh = '坏'", [json.dumps({"id": "high"})])
    watches.expand(conn, "small")
    assert watched(conn) == ["low: p1/pressure", "low: p2/pressure"]


def test_rule_changes_are_announced_and_idle_rules_are_told(
    conn: psycopg.Connection, database: str, eventually: Callable[..., Any]
) -> None:
    with psycopg.connect(database, autocommit=True) as listener:
        listener.execute("listen park")
        plan = apply(conn, rule("idle", applies=Selector(brick=("Chiller",))))
        assert [n.payload for n in listener.notifies(timeout=5, stop_after=1)] == ["registry:small"]
    assert plan.warnings == ("rule idle: it watches nothing",)
    assert "look at rule idle: it watches nothing" in list(plan.lines())
    assert apply(conn, rule("idle", applies=Selector(brick=("Chiller",)))).warnings
    bounded = replace(PUMP, points=(replace(PUMP.points[0], low=0, high=6), *PUMP.points[1:]))
    told = apply(conn, rule(), park=replace(SMALL, devices=(*SMALL.devices, bounded))).warnings
    assert told == ("rule high: nothing plausible is above 8; the highest is 6",)
