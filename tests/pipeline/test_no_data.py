"""Silence on a timeline: a lost gateway is one alarm and explains its children; what stays silent then is another."""

from collections.abc import Iterable
from datetime import timedelta

import psycopg
import pytest

from pipeline.domain.message import LAST_WILL, Batch, ConnectionState, Message, Sample, Sender, StatusReport
from pipeline.domain.park import Family
from pipeline.engine.alarms import no_data
from pipeline.engine.run import steps
from pipeline.engine.steps import Engine
from pipeline.ingest import Writer
from pipeline.settings import Settings
from pipeline.store.database import connect
from tests.pipeline.conftest import at
from tests.pipeline.watching import add_device, add_rule, add_watch, alarms, journal, notices, one, rows

CHILDREN = [f"s{n}" for n in range(20)]
FAMILY = {"m1": Family.METER, "gw": Family.GATEWAY, "g1": Family.GATE}


class Story:
    """A park whose devices speak when they are told to, and an engine whose ticks take what time has made due."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn, self.writer = conn, Writer(conn)
        self.engine = Engine(steps("apache", Settings.from_env({})))
        add_device(conn, "far", interval_s=30.0)  # another gateway, far away, that is always heard
        self.devices = rows(conn, "select device_id from smartpark.device")

    def speaks(self, seconds: float, names: Iterable[str], *, point: str = "value") -> None:
        """Devices measure something, and are heard at once."""
        messages = []
        for name in names:
            sender = Sender("small", FAMILY.get(name, Family.SENSOR), name)
            sample = Sample(name, at(seconds), {point: seconds})
            identity = f"{name}:{seconds}"
            messages.append(Message(sender, identity, identity.encode(), at(seconds), [sample]))
        self.writer.write(Batch("test", messages), now=at(seconds))

    def ticks(self, *seconds: float) -> None:
        """The engine looks; somebody is heard just before, so that who is silent is silent by himself."""
        for second in seconds:
            self.speaks(second - 10.5, ["far"])
            self.engine.tick(self.conn, at(second))

    def states(self) -> dict[str, str]:
        """The open alarms' states by device."""
        found = rows(
            self.conn,
            "select d.device_id, a.state from smartpark.alarm a join smartpark.device d using (device)"
            " where a.closed is null order by a.alarm",
        )
        return {row["device_id"]: row["state"] for row in found}

    def paged(self) -> list[str]:
        """The devices of whose alarms people were told, in order."""
        query = (
            "select d.device_id from smartpark.alarm_notice n join smartpark.alarm a using (alarm)"
            " join smartpark.device d using (device) where n.decision = 'page' order by n.notice"
        )
        return [row["device_id"] for row in rows(self.conn, query)]


@pytest.fixture
def story(conn: psycopg.Connection) -> Story:
    return Story(conn)


def watch_all(conn: psycopg.Connection, **terms: object) -> None:
    """20 sensors behind the gateway `gw` (every 60 s); a rule for gateways and one for everything else."""
    for child in CHILDREN:
        add_device(conn, child, gateway="gw")
    lost, gone = add_rule(conn, "gateway-lost", "no-data"), add_rule(conn, "device-lost", "no-data", **terms)
    add_watch(conn, lost, "gw")
    for child in CHILDREN:
        add_watch(conn, gone, child)


def test_a_device_that_falls_silent_alarms_once_and_returns_when_it_is_heard(story: Story) -> None:
    add_watch(story.conn, add_rule(story.conn, "device-lost", "no-data"), "m1")
    story.speaks(0, ["m1"])
    story.ticks(1, 29, 41, 42, 43)
    (alarm,) = alarms(story.conn)
    assert (alarm["state"], alarm["began"], alarm["raised"]) == ("unacknowledged", at(30), at(30))
    assert alarm["reason"] == {"kind": "no-data", "heard": "2026-11-21T06:00:00Z", "why": "silent"}
    assert story.paged() == ["m1"]
    story.speaks(50, ["m1"])
    story.ticks(51, 52)
    (alarm,) = alarms(story.conn)
    assert (alarm["state"], alarm["returned"]) == ("returned-unacknowledged", at(50))


@pytest.mark.parametrize("said", [LAST_WILL, "DDEATH", "NDEATH"])
def test_a_last_will_and_a_sparkplug_death_count_from_when_they_came(story: Story, said: str) -> None:
    add_watch(story.conn, add_rule(story.conn, "device-lost", "no-data"), "m1")
    story.speaks(0, ["m1"])
    story.ticks(1)
    will = StatusReport(None, ConnectionState.OFFLINE, reason=said)
    message = Message(Sender("small", Family.METER, "m1"), "will", b"w" * 16, at(7), [], [will])
    story.writer.write(Batch("test", [message]), now=at(7))
    story.ticks(8)
    (alarm,) = alarms(story.conn)
    assert (alarm["raised"], alarm["reason"]["why"]) == (at(7), said)


def test_a_device_says_itself_how_long_a_silence_is_news(story: Story) -> None:
    """SenML's `ut`, in place of the registered interval."""
    add_watch(story.conn, add_rule(story.conn, "device-lost", "no-data"), "m1")
    sample = Sample("m1", at(0), {"active_power": 1.0}, stale_after_s=900.0)
    message = Message(Sender("small", Family.METER, "m1"), None, None, at(0), [sample])
    story.writer.write(Batch("test", [message]), now=at(0))
    story.ticks(1, 60, 899)
    assert alarms(story.conn) == []
    story.ticks(911, 912)
    assert [alarm["raised"] for alarm in alarms(story.conn)] == [at(900)]


def test_delays_hold_for_silence_as_for_everything(story: Story) -> None:
    rule = add_rule(story.conn, "device-lost", "no-data", on_delay_s=60.0, off_delay_s=20.0)
    add_watch(story.conn, rule, "m1")
    story.speaks(0, ["m1"])
    story.ticks(1, 41, 80)
    assert alarms(story.conn) == []
    story.ticks(91)
    (alarm,) = alarms(story.conn)
    assert (alarm["began"], alarm["raised"], alarm["reason"]["why"]) == (at(30), at(90), "silent")
    story.speaks(100, ["m1"])
    story.ticks(101, 119)
    assert story.states() == {"m1": "unacknowledged"}
    story.speaks(120, ["m1"])
    story.ticks(121)
    assert alarms(story.conn)[0]["returned"] == at(120)


def test_a_lost_gateway_is_one_alarm_that_explains_twenty(story: Story) -> None:
    """Children are silent first (after 30 s), the gateway is found lost later (after 180 s): they wait for it."""
    watch_all(story.conn)
    story.speaks(0, ["gw", *CHILDREN])
    story.ticks(1, 41, 100, 170)
    assert story.states() == {}
    story.ticks(192, 193, 194)
    assert story.states() == {"gw": "unacknowledged"} | dict.fromkeys(CHILDREN, "suppressed")
    assert story.paged() == ["gw"]
    (parent,) = [a["alarm"] for a in alarms(story.conn) if a["state"] == "unacknowledged"]
    held = one(
        story.conn,
        "select count(*), min(parent) as parent, min(reason) as reason from smartpark.alarm_hold"
        " where kind = 'suppressed'",
    )
    assert held == {"count": 20, "parent": parent, "reason": "its gateway gw is lost"}
    assert {a["raised"] for a in alarms(story.conn) if a["state"] == "suppressed"} == {at(30)}


def test_when_the_gateway_is_back_what_is_still_silent_alarms(story: Story) -> None:
    watch_all(story.conn)
    story.speaks(0, ["gw", *CHILDREN])
    story.ticks(1, 192, 193, 194)
    story.speaks(300, ["gw"])
    story.speaks(305, CHILDREN[:19])
    story.ticks(306, 307, 320)
    assert story.states() == {"gw": "returned-unacknowledged", "s19": "suppressed"}
    story.ticks(329)
    assert story.paged() == ["gw"]
    story.speaks(325, ["gw"])
    story.ticks(331)
    assert story.states() == {"gw": "returned-unacknowledged", "s19": "unacknowledged"}
    assert story.paged() == ["gw", "s19"]
    (left,) = [a for a in alarms(story.conn) if a["state"] == "unacknowledged"]
    assert journal(story.conn, left["alarm"]) == [
        ("raise", None, "suppressed", None),
        ("release", "suppressed", "unacknowledged", "what explained it is over"),
    ]
    assert one(story.conn, "select count(*) from smartpark.alarm_hold where ended is null") == {"count": 0}


def test_a_gateway_that_is_lost_again_at_once_explains_again(story: Story) -> None:
    watch_all(story.conn)
    story.speaks(0, ["gw", *CHILDREN])
    story.ticks(1, 192, 193)
    will = StatusReport(None, ConnectionState.OFFLINE, reason=LAST_WILL)
    story.speaks(300, ["gw"])
    story.ticks(301)
    message = Message(Sender("small", Family.GATEWAY, "gw"), "will", b"w" * 16, at(310), [], [will])
    story.writer.write(Batch("test", [message]), now=at(310))
    story.ticks(311, 312, 400)
    assert story.states() == {"gw": "unacknowledged"} | dict.fromkeys(CHILDREN, "suppressed")


def test_a_child_whose_gateway_speaks_is_lost_by_itself(story: Story) -> None:
    watch_all(story.conn)
    story.speaks(0, ["gw", *CHILDREN])
    story.ticks(1)
    story.speaks(20, CHILDREN[1:])
    story.ticks(41)
    assert story.states() == {}  # the gateway was last heard before the child's silence
    story.speaks(45, ["gw", *CHILDREN[1:]])
    story.ticks(46)
    assert story.states() == {"s0": "unacknowledged"}
    story.ticks(300, 301, 302)  # now the gateway is lost too: what was the child's own stays so
    assert story.states()["s0"] == "unacknowledged"
    assert set(story.states().values()) == {"unacknowledged", "suppressed"}


def test_life_safety_does_not_wait_for_its_gateway(story: Story) -> None:
    watch_all(story.conn, life_safety=True)
    story.speaks(0, ["gw", *CHILDREN])
    story.ticks(1, 41)
    assert story.states() == dict.fromkeys(CHILDREN, "unacknowledged")
    story.ticks(192, 193)
    assert set(story.states().values()) == {"unacknowledged"}
    assert len(story.paged()) == 21


def test_a_gateway_that_nobody_watches_explains_nothing(story: Story) -> None:
    watch_all(story.conn)
    story.conn.execute(
        "update smartpark.alarm_watch w set retired = true from smartpark.device d"
        " where d.device = w.device and d.device_id = 'gw'"
    )
    story.speaks(0, ["gw", *CHILDREN])
    story.ticks(1, 41)
    assert story.states() == dict.fromkeys(CHILDREN, "unacknowledged")


def test_two_engines_and_a_killed_one_leave_one_of_each(story: Story, database: str) -> None:
    watch_all(story.conn)
    story.speaks(0, ["gw", *CHILDREN])
    story.ticks(1)
    with connect(database) as other:
        other.autocommit = True
        second = Engine(steps("apache", Settings.from_env({})))
        for seconds in (192, 193):
            with connect(database) as killed, pytest.raises(psycopg.Error), killed.transaction():
                no_data.LostDevices(timedelta(seconds=30)).run(killed, at(seconds))
                killed.execute("select pg_terminate_backend(pg_backend_pid())")
            story.ticks(seconds)
            second.tick(other, at(seconds))
    assert len(alarms(story.conn)) == 21
    assert one(story.conn, "select count(*) from smartpark.alarm_journal") == {"count": 21}
    assert one(story.conn, "select count(*) from smartpark.alarm_condition where phase = 'active'") == {"count": 21}
    assert len(notices(story.conn)) == 1


def test_a_point_that_stops_while_its_device_speaks(story: Story) -> None:
    rule = add_rule(story.conn, "power-missing", "no-data", {"intervals": 3.0})
    add_watch(story.conn, rule, "m1", "active_power")
    for second in (0, 10, 20, 30, 40):
        story.speaks(second, ["m1"], point="active_power")
    for second in range(50, 120, 10):
        story.speaks(second, ["m1"], point="energy")
    story.ticks(69, 85, 92, 114)
    assert alarms(story.conn) == []  # suspected, but not for long enough
    story.ticks(119)
    (alarm,) = alarms(story.conn)
    assert (alarm["raised"], alarm["reason"]["why"], alarm["reason"]["heard"]) == (
        at(70), "point-silent", "2026-11-21T06:00:40Z",
    )  # fmt: skip
    story.speaks(120, ["m1"], point="active_power")
    story.ticks(125)
    assert alarms(story.conn)[0]["returned"] == at(120)


def test_a_point_of_a_device_that_is_lost_itself_is_not_another_alarm(story: Story) -> None:
    rule = add_rule(story.conn, "power-missing", "no-data", {"intervals": 3.0})
    add_watch(story.conn, rule, "m1", "active_power")
    story.speaks(0, ["m1"], point="active_power")
    story.ticks(1, 41, 60, 80, 200)
    assert alarms(story.conn) == []
