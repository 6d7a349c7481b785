"""Dry runs over history: what live judging raises, a dry run of the same readings raises, and nothing else."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from pipeline.domain.access import AccessEvent, AccessKind, Direction
from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Device, Family, Name, Point, PointKind
from pipeline.domain.rule import (
    ClockWrong,
    Compare,
    Condition,
    CountOf,
    Deviation,
    DoorIn,
    Flat,
    InState,
    Limits,
    NoData,
    Priority,
    Rate,
    Rule,
    Schedule,
    Selector,
    SubjectKind,
)
from pipeline.engine.alarms import deadlines
from pipeline.ingest import Writer
from pipeline.rules.trial import Trial, try_rule
from pipeline.store import parks, rules, watches
from pipeline.store.database import connect
from tests.park import SMALL
from tests.pipeline.conftest import START, at

BOTH = Name("文", "text")
PUMP = Device(
    "p1", Family.SENSOR, "pump", Name("泵", "Pump"), space_id="b1", interval_s=10,
    points=(Point("pressure", "bar", PointKind.GAUGE), Point("running", "", PointKind.STATE)),
)  # fmt: skip
PARK = replace(SMALL, devices=(*SMALL.devices, PUMP, replace(PUMP, device_id="p2")))
FAMILY = {device.device_id: device.family for device in PARK.devices}
DAY = timedelta(days=1)


def rule(condition: Condition, **changes: Any) -> Rule:
    standard = Rule("r", BOTH, Selector(types=("pump",)), condition, Priority.HIGH, BOTH, BOTH, (BOTH,), 900)
    return replace(standard, **changes)


@pytest.fixture
def park(conn: psycopg.Connection) -> psycopg.Connection:
    conn.autocommit = False
    parks.apply(conn, PARK, now=at(0) - DAY)
    conn.autocommit = True
    return conn


@pytest.fixture
def writer(park: psycopg.Connection, database: str) -> Iterator[Writer]:
    with connect(database, role="park_writer") as conn:
        yield Writer(conn)


@pytest.fixture
def reader(park: psycopg.Connection, database: str) -> Iterator[psycopg.Connection]:
    """What the API has: it sees views only."""
    with connect(database, role="park_reader") as conn:
        yield conn


def measure(writer: Writer, device: str, seconds: float, values: Mapping[str, float], *, late: float = 0.0) -> Message:
    """A message of one device, received so much later."""
    said = Sample(device, at(seconds), dict(values))
    return Message(Sender("small", FAMILY[device], device), None, None, at(seconds + late), [said])


def gate(seconds: float, kind: AccessKind, code: int, number: int) -> Message:
    event = AccessEvent(at(seconds), kind, code, Direction.IN)
    return Message(Sender("small", Family.GATE, "g1"), f"e{number}", None, at(seconds), events=[event])


def in_force(conn: psycopg.Connection, wanted: Rule) -> None:
    with conn.transaction():
        rules.put(conn, "small", [wanted], origin=rules.Origin.API, actor="test", now=at(-60))
        watches.expand(conn, "small")
        rules.announce(conn, "small")


def lived(conn: psycopg.Connection) -> list[tuple[str, datetime, datetime | None]]:
    """When the alarms of each device were raised and returned, as their journal has it."""
    rows = conn.execute(
        "select d.device_id, j.action, j.event_time from smartpark.alarm_journal j join smartpark.alarm a using (alarm)"
        " join smartpark.device d on d.device = a.device order by a.watch, j.event_time, j.entry"
    ).fetchall()
    found: list[tuple[str, datetime, datetime | None]] = []
    for device, action, when in rows:
        if action in ("raise", "reopen"):
            found.append((device, when, None))
        elif action == "return":
            found[-1] = (*found[-1][:2], when)
    return sorted(found)


def would(trial: Trial) -> list[tuple[str, datetime, datetime | None]]:
    return sorted((str(w.subject.device_id), w.raised, w.returned) for w in trial.raised)


def run(conn: psycopg.Connection, wanted: Rule, *, hours: float = 6.0, **more: Any) -> Trial:
    return try_rule(conn, "small", wanted, since=at(-60), until=at(hours * 3600), **more)


@pytest.mark.parametrize(
    "wanted",
    [
        rule(Limits(high=6.0, deadband=0.5), point="pressure"),
        rule(Limits(low=4.0, high=6.0, deadband=0.2), point="pressure", on_delay_s=30, off_delay_s=60, reopen_s=0),
        rule(InState((1.0,)), point="running", on_delay_s=25, off_delay_s=5),
    ],
    ids=["threshold", "band with delays", "state"],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_dry_run_raises_what_live_judging_raised(
    wanted: Rule, seed: int, park: psycopg.Connection, writer: Writer, reader: psycopg.Connection
) -> None:
    in_force(park, wanted)
    rng = random.Random(seed)
    level = {"p1": 5.0, "p2": 5.0}
    for start in range(0, 3600, 60):
        messages = []
        for second in range(start, start + 60, 10):
            for device in level:
                level[device] += rng.gauss(0, 0.4) - 0.05 * (level[device] - 5)
                values = {"pressure": level[device], "running": float(level[device] > 5.2)}
                messages.append(measure(writer, device, second, values))
        writer.write(Batch("sensor", messages), now=at(start + 60))
    deadlines.run(park, at(3600))
    found = run(reader, wanted, hours=1.0)
    assert len(lived(park)) > 3
    assert would(found) == lived(park)
    assert (found.subjects, found.looked_at, found.truncated) == (2, 2, None)
    reason = found.raised[0].reason
    assert reason["kind"] == str(wanted.kind)
    (live,) = park.execute("select reason from smartpark.alarm order by alarm limit 1").fetchone() or ({},)
    assert reason.keys() == live.keys()


@pytest.mark.parametrize(
    "wanted",
    [
        rule(DoorIn((3,)), applies=Selector(families=(Family.GATE,)), on_delay_s=40),
        rule(CountOf(3, 120.0, (129,)), applies=Selector(families=(Family.GATE,)), off_delay_s=30),
        rule(CountOf(3, 120.0, (129,), per=SubjectKind.SPACE), applies=Selector(families=(Family.GATE,))),
    ],
    ids=["door", "count", "count of a space"],
)
def test_a_dry_run_counts_events_as_live_judging_does(
    wanted: Rule, park: psycopg.Connection, writer: Writer, reader: psycopg.Connection
) -> None:
    in_force(park, wanted)
    rng = random.Random(7)
    seconds = 0.0
    for number in range(120):
        seconds += rng.choice([5, 20, 60, 200])
        kind, code = rng.choice(
            [(AccessKind.DECISION, 129), (AccessKind.DECISION, 1), (AccessKind.DOOR, rng.choice([0, 3]))]
        )
        writer.write(Batch("gate", [gate(seconds, kind, code, number)]), now=at(seconds))
    found = try_rule(reader, "small", wanted, since=at(-60), until=at(seconds))
    raises = park.execute(
        "select event_time from smartpark.alarm_journal where action in ('raise', 'reopen') order by 1"
    ).fetchall()
    assert len(raises) > 2
    assert [w.raised for w in found.raised] == [when for (when,) in raises]


def put_readings(conn: psycopg.Connection, device: str, point: str, values: Mapping[float, float]) -> None:
    """Readings as ingest leaves them, received two seconds after they were measured."""
    (key,) = conn.execute(
        "select p.point from smartpark.point p join smartpark.device d using (device)"
        " where d.device_id = %s and p.name = %s", [device, point],
    ).fetchone() or (0,)  # fmt: skip
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into smartpark.reading (ts, received, point, quality, value) values (%s, %s, %s, 192, %s)",
            [(at(s), at(s + 2), key, value) for s, value in values.items()],
        )


def test_what_needs_a_window_is_judged_too(park: psycopg.Connection, reader: psycopg.Connection) -> None:
    steps = {float(s): 5.0 if s < 3600 else 5.0 + s / 10_000 for s in range(0, 10_800, 60)}
    put_readings(park, "p1", "pressure", steps | {4000.5: 40.0})
    put_readings(park, "p2", "pressure", {float(s): 4.0 + (s % 120) / 1000 for s in range(0, 10_800, 60)})
    flat = run(reader, rule(Flat(1800.0), point="pressure"))
    assert [(w.subject.device_id, w.raised, w.returned) for w in flat.raised] == [("p1", at(1800), at(3600))]
    (jump,) = run(reader, rule(Rate(20.0, 300.0), point="pressure")).raised
    assert (jump.raised, jump.reason["change"] > 30) == (at(4000.5), True)
    compared = run(reader, rule(Compare("p2/pressure", factor=2.0), point="pressure"))
    assert [w.raised for w in compared.raised] == [at(4000.5)]
    night = Schedule(Limits(high=4.5), "15:00", "15:30")  # 14:00 in the park is second 0
    (scheduled,) = run(reader, rule(night, point="pressure")).raised
    assert (scheduled.raised, scheduled.returned) == (at(3600), at(5400))


def test_a_week_in_bites_is_the_same_as_at_once(park: psycopg.Connection, reader: psycopg.Connection) -> None:
    week = 7 * 86_400
    near = {float(week + s): 9.0 if -100 <= s <= 200 else 5.0 for s in range(-3600, 3600, 60)}
    put_readings(park, "p1", "pressure", near)
    wanted = rule(Limits(high=6.0), point="pressure", on_delay_s=120)
    (found,) = try_rule(reader, "small", wanted, since=at(0), until=at(week + 7200)).raised
    assert (found.began, found.raised, found.returned) == (at(week - 60), at(week + 60), at(week + 240))


def test_what_is_unusual_is_told_by_what_is_usual_now(park: psycopg.Connection, reader: psycopg.Connection) -> None:
    (key,) = park.execute("select min(point) from smartpark.point where name = 'pressure'").fetchone() or (0,)
    park.execute("insert into smartpark.usual values (%s, 'free', 14, 5, 0.2, 9, %s)", [key, START])
    for n, mean in enumerate((5.0, 9.0, 5.1)):
        park.execute(
            "insert into smartpark.rollup_15m (point, bucket, n, sum) values (%s, %s, 4, %s)",
            [key, at(900 * n), mean * 4],
        )
    (found,) = run(reader, rule(Deviation(at_least=1.0, days=5), point="pressure")).raised
    assert (found.raised, found.returned, found.reason["median"]) == (at(1800), at(2700), 5.0)


def test_silence_is_judged_by_what_the_engine_saw(park: psycopg.Connection, reader: psycopg.Connection) -> None:
    (device,) = park.execute("select device from smartpark.device where device_id = 'p1'").fetchone() or (0,)
    for second, before, after in ((-7200, "online", "offline"), (100, "offline", "online"), (900, "online", "offline")):
        park.execute(
            "insert into smartpark.device_transition (device, at, from_state, to_state, reason)"
            " values (%s, %s, %s, %s, 's')",
            [device, at(second), before, after],
        )
    found = run(reader, rule(NoData(), on_delay_s=60))
    assert [(w.subject.device_id, w.raised) for w in found.raised] == [("p1", at(960))]
    assert found.standing == 1


def test_a_point_that_stops_while_its_device_speaks(park: psycopg.Connection, reader: psycopg.Connection) -> None:
    put_readings(park, "p1", "pressure", {float(s): 5.0 for s in (*range(0, 600, 10), *range(900, 21_600, 10))})
    found = run(reader, rule(NoData(intervals=6), point="pressure", applies=Selector(devices=("p1",))))
    assert [(w.raised, w.returned) for w in found.raised] == [(at(590 + 2 + 60), at(902))]


def test_clocks_that_lied(park: psycopg.Connection, reader: psycopg.Connection) -> None:
    (device,) = park.execute("select device from smartpark.device where device_id = 'p1'").fetchone() or (0,)
    park.execute(
        "insert into smartpark.device_clock (device, since, fault, offset_s, last_seen, count, received, reason, ended)"
        " values (%s, %s, 'zone-as-utc', 28800, %s, 9, %s, 'r', %s)",
        [device, at(600), at(1200), at(600), at(1800)],
    )
    (found,) = run(reader, rule(ClockWrong())).raised
    assert (found.raised, found.returned) == (at(600), at(1800))
    assert found.reason == {"kind": "clock", "fault": "zone-as-utc", "offset_s": 28_800.0}
    assert not run(reader, rule(ClockWrong(("drifting",)))).raised


def test_it_tells_what_chatters_and_stops_in_good_time(park: psycopg.Connection, reader: psycopg.Connection) -> None:
    put_readings(park, "p1", "pressure", {float(s): 9.0 if s % 20 else 5.0 for s in range(0, 1200, 10)})
    put_readings(park, "p2", "pressure", {float(s): 5.0 for s in range(0, 1200, 10)})
    found = run(reader, rule(Limits(high=6.0), point="pressure"))
    assert (found.alarms, len(found.raised)) == (1, 60)
    ((subject, advice),) = found.chattering
    assert subject.device_id == "p1"
    assert advice is not None
    assert (str(advice.kind), advice.left) == ("off-delay", 1)
    told = found.as_json()
    assert (told["alarms"], told["by_subject"][0]["alarms"], told["chattering"][0]["advice"]["left"]) == (1, 1, 1)
    short = run(reader, rule(Limits(high=6.0), point="pressure"), most=50)
    assert short.truncated == (
        "stopped after 120 readings: 1 of 2 subjects were looked at; ask for fewer days or fewer devices"
    )
