"""Incidents: alarms that share a cause stand under one line, whatever order they come in."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.rows import dict_row

from pipeline.domain.incident import IncidentCause, Member, group
from pipeline.domain.rule import Priority, RuleKind
from pipeline.engine.alarms.incidents import Incidents
from pipeline.engine.steps import Engine, Step
from pipeline.store.database import connect
from tests.noise import Noisy
from tests.pipeline.conftest import at

WITHIN = timedelta(minutes=15)
PLACES = [("b1", "f1"), ("b1", "f2"), ("b2",), ()]


def alarm(
    number: int, *, seconds: float = 0, device: int | None = None, rule: int | None = None, **more: Any
) -> Member:
    """An alarm of a device and a rule of its own, unless told otherwise."""
    return Member(**{
        "alarm": number, "rule": 100 + number if rule is None else rule, "kind": RuleKind.LIMITS,
        "device": number if device is None else device, "type": "room", "gateway": 900, "places": (f"b{number}",),
        "priority": Priority.HIGH, "raised": at(seconds), **more,
    })  # fmt: skip


def causes(*alarms: Member) -> list[tuple[str, int, tuple[int, ...]]]:
    return [(g.cause.value, g.root, g.members) for g in group(alarms, WITHIN)]


def test_what_shares_nothing_is_no_incident() -> None:
    assert causes(*(alarm(n, seconds=n) for n in range(20))) == []


def test_a_gateway_explains_the_silence_behind_it_and_not_a_leak() -> None:
    loss = alarm(1, device=900, gateway=None, kind=RuleKind.NO_DATA, lost=True, seconds=60)
    behind = [alarm(n, kind=RuleKind.NO_DATA, rule=7, seconds=30 + n) for n in range(2, 6)]
    leak = alarm(6, seconds=70)
    held_back = alarm(7, gateway=None, parent=1, seconds=9000)
    other = alarm(8, gateway=901, kind=RuleKind.NO_DATA, seconds=60)
    assert causes(*behind, leak, loss, held_back, other) == [("gateway", 1, (1, 2, 3, 4, 5, 7))]
    assert causes(loss, leak) == []


def test_after_a_gateway_is_back_its_devices_are_their_own_again() -> None:
    loss = alarm(1, device=900, gateway=None, kind=RuleKind.NO_DATA, lost=True, ended=at(600))
    soon, late = (alarm(n, kind=RuleKind.NO_DATA, seconds=s) for n, s in ((2, 1400), (3, 2000)))
    assert causes(loss, soon, late) == [("gateway", 1, (1, 2))]


def test_one_rule_at_three_devices_of_a_type_is_a_plant_or_a_firmware() -> None:
    warm = [alarm(n, rule=5, type="ahu", seconds=200 * n) for n in range(1, 5)]
    assert causes(*warm) == [("rule", 1, (1, 2, 3, 4))]
    assert causes(*warm[:2]) == []
    assert causes(*warm[:2], alarm(9, rule=5, type="pump")) == []
    far = alarm(9, rule=5, type="ahu", seconds=800 + 901)
    assert causes(*warm, far) == [("rule", 1, (1, 2, 3, 4))]
    also = alarm(10, device=2, seconds=500)  # something else of a device that is in it
    assert causes(*warm, also) == [("rule", 1, (1, 2, 3, 4, 10))]


def test_two_of_a_kind_in_one_building_share_their_plant_and_what_happens_beside_them() -> None:
    warm = [alarm(n, rule=5, type="ahu", places=("b1", f"b1-f{n}"), seconds=60 * n) for n in (1, 2)]
    assert causes(*warm) == [("rule", 1, (1, 2))]
    flow, elsewhere = alarm(3, places=("b1",), seconds=300), alarm(4, places=("b2",), seconds=300)
    worn, later = alarm(5, places=("b1",), maintenance=True), alarm(6, places=("b1",), seconds=1100)
    (made,) = group([*warm, flow, elsewhere, worn, later], WITHIN)
    assert (made.members, made.space_id) == ((1, 2, 3), "b1")
    clocks = [alarm(n, rule=6, type="room", places=("b1",), maintenance=True) for n in (7, 8, 9)]
    assert causes(*clocks, flow) == [("rule", 7, (7, 8, 9))]  # a firmware is no matter of the place


def test_a_burst_pipe_is_a_matter_of_its_building() -> None:
    pump = alarm(1, places=("b1", "b1-f0"), priority=Priority.MEDIUM)
    pump_too = alarm(2, device=1, places=("b1", "b1-f0"), seconds=5)
    flow = alarm(3, places=("b1", "b1-f0"), seconds=60)
    leak = alarm(4, places=("b1", "b1-f2"), seconds=90, priority=Priority.CRITICAL)
    found = group([pump, pump_too, flow, leak], WITHIN)
    assert [(g.cause, g.space_id, g.root) for g in found] == [(IncidentCause.SPACE, "b1", 4)]
    (lower,) = group([pump, pump_too, flow, alarm(5, places=("b1", "b1-f0"))], WITHIN)
    assert lower.space_id == "b1-f0"
    (one,) = group([pump, pump_too, flow], WITHIN)
    assert (one.cause, one.members) == (IncidentCause.DEVICE, (1, 2))
    worn = [alarm(n, places=("b1",), maintenance=True) for n in (6, 7, 8)]
    assert causes(*worn) == []


def test_what_a_person_keeps_away_makes_no_incident() -> None:
    assert causes(*(alarm(n, rule=5, held=n == 2) for n in (1, 2, 3))) == []


@st.composite
def parks(draw: st.DrawFn) -> list[Member]:
    found = []
    for n in range(draw(st.integers(0, 25))):
        device = draw(st.integers(1, 8))
        found.append(alarm(
            n, device=device, rule=draw(st.integers(1, 5)), seconds=draw(st.integers(0, 4000)),
            gateway=draw(st.sampled_from([1, 2, None])), places=draw(st.sampled_from(PLACES)),
            kind=draw(st.sampled_from([RuleKind.NO_DATA, RuleKind.LIMITS])), lost=device <= 2 and draw(st.booleans()),
            priority=draw(st.sampled_from(list(Priority))), life_safety=draw(st.booleans()), held=draw(st.booleans()),
            maintenance=draw(st.booleans()), parent=draw(st.sampled_from([None, 0, 1])),
        ))  # fmt: skip
    return found


@given(parks(), st.randoms())
def test_an_alarm_is_in_one_incident_at_most_and_the_order_does_not_matter(found: list[Member], random: Any) -> None:
    made = group(found, WITHIN)
    members = [number for g in made for number in g.members]
    assert len(members) == len(set(members))
    held = {m.alarm for m in found if m.held}
    assert not held & set(members)
    for g in made:
        assert g.root in g.members
        assert len(g.members) > 1
    shuffled = list(found)
    random.shuffle(shuffled)
    assert group(shuffled, WITHIN) == made


class Story(Noisy):
    """Gateways gw and gw2 with ten rooms behind gw, and the engine's step."""

    def __init__(self, conn: psycopg.Connection) -> None:
        super().__init__(conn)
        self.rooms = [self.device(f"room{n}", gateway="gw") for n in range(10)]
        self.lost = self.watch(self.rule("gateway-lost", kind="no-data"), "gw")
        rule = self.rule("device-lost", kind="no-data", priority="medium")
        self.silent = [self.watch(rule, room) for room in self.rooms]
        rule = self.rule("room-hot", priority="low")
        self.hot = [self.watch(rule, room) for room in self.rooms]
        self.step = Incidents(WITHIN)

    def look(self, seconds: float) -> list[dict[str, Any]]:
        """One round; the incidents that are open, with the alarms in them."""
        self.step.run(self.conn, at(seconds))
        with self.conn.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(
                "select i.*, (select count(*) from smartpark.alarm a where a.incident = i.incident) as held"
                " from smartpark.incident i where closed is null order by incident"
            ).fetchall()

    def closed(self) -> list[tuple[Any, ...]]:
        return self.conn.execute(
            "select cause, alarms from smartpark.incident where closed is not null order by incident"
        ).fetchall()


@pytest.fixture
def story(conn: psycopg.Connection) -> Story:
    return Story(conn)


def test_a_gateway_that_is_missed_last_takes_over_what_its_devices_began(story: Story) -> None:
    story.raise_(*story.silent[:4], at=at(30))
    (first,) = story.look(31)
    assert (first["cause"], first["alarms"], first["opened"]) == ("rule", 4, at(30))
    (loss,) = story.raise_(story.lost, at=at(60))
    story.raise_(*story.silent[4:], at=at(61))
    (now,) = story.look(62)
    assert now["incident"] == first["incident"]
    assert (now["cause"], now["root"], now["alarms"], now["held"]) == ("gateway", loss, 11, 11)
    assert now["last"] == at(61)


def test_an_incident_is_over_when_all_its_alarms_are_closed_and_comes_back_with_them(story: Story) -> None:
    numbers = story.raise_(*story.hot[:3], at=at(0))
    (made,) = story.look(1)
    story.return_(*story.hot[:3], at=at(100))
    story.acknowledge(*numbers[:2], at=at(110))
    assert len(story.look(111)) == 1
    story.acknowledge(numbers[2], at=at(120))
    assert story.look(121) == []
    assert story.closed() == [("rule", 3)]
    story.raise_(story.hot[0], at=at(130))  # re-opens
    (again,) = story.look(131)
    assert again["incident"] == made["incident"]


def test_two_causes_at_once_are_two_incidents(story: Story) -> None:
    story.raise_(story.lost, at=at(0))
    for watch in story.silent:
        story.hold(watch, kind="suppressed", at=at(0), parent=story.conn.execute(
            "select alarm from smartpark.alarm").fetchone()[0])  # type: ignore[index]  # fmt: skip
    story.raise_(*story.silent, at=at(5))
    story.raise_(*story.hot[:3], at=at(20))
    found = story.look(30)
    assert sorted((f["cause"], f["alarms"]) for f in found) == [("gateway", 11), ("rule", 3)]
    assert story.look(40) == found


def test_many_engines_and_killed_ones_make_it_once(story: Story, database: str) -> None:
    story.raise_(*story.hot[:5], at=at(0))
    with connect(database) as killed:
        Incidents(WITHIN).run(killed, at(1))
        killed.rollback()  # never committed
    with connect(database) as one, connect(database) as two:
        one.autocommit = two.autocommit = True
        for n, conn in enumerate((one, two, one, two)):
            engine = Engine([Step("alarm incidents", Incidents(WITHIN).run, timedelta(0))])
            engine.tick(conn, at(2 + n))
            assert engine.failing == {}
    (found,) = story.look(10)
    assert (found["alarms"], found["held"]) == (5, 5)
    assert story.closed() == []


def test_a_view_names_it_in_both_languages(story: Story) -> None:
    (loss, *_) = story.raise_(story.lost, at=at(0))
    story.raise_(*story.silent[:2], at=at(1))
    story.raise_(*story.hot[2:6], at=at(1))
    story.look(2)
    with story.conn.cursor(row_factory=dict_row) as cursor:
        rows = {r["cause"]: r for r in cursor.execute("select * from park.incidents").fetchall()}
    assert rows.keys() == {"gateway", "rule"}
    assert (rows["gateway"]["root"], rows["gateway"]["device_id"]) == (loss, "gw")
    assert (rows["gateway"]["name_zh"], rows["gateway"]["name_en"]) == ("网关", "Gateway")
    assert (rows["rule"]["name_en"], rows["rule"]["space_id"]) == ("Room hot, Building 1", "b1")
    assert rows["rule"]["name_zh"] == "1号楼 规则 room-hot"
    assert (rows["rule"]["open"], rows["rule"]["priority"]) == (4, "low")


def test_nothing_new_costs_no_look_but_one_a_minute(story: Story) -> None:
    story.raise_(*story.hot[:3], at=at(0))
    assert story.step.run(story.conn, at(1)) == 1
    assert story.step.run(story.conn, at(50)) == 0
    story.conn.execute("update smartpark.incident set closed = opened")  # what no step would do
    assert story.step.run(story.conn, at(60)) == 0
    assert story.step.run(story.conn, at(110)) == 1
