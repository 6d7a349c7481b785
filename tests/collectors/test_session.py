"""A lane's session and its supervision, against a real broker that dies at the worst moment."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from collectors import secrets
from collectors.inbox import Arrived
from collectors.lanes import Lane
from collectors.run import Collector
from collectors.session import Session
from pipeline.address import BrokerAddress
from pipeline.domain.clock import Clock
from pipeline.settings import Settings
from tests.conftest import OwnBroker, wait_until
from tests.stories.conftest import Load

LANE = Lane("meter", ("park/v1/+/meter/#",))
N = 1500


def test_acks_never_hang_when_the_broker_dies_under_them(broker: OwnBroker) -> None:
    for attempt in range(4):
        session = Session(
            LANE,
            BrokerAddress.parse(broker.url("collector")),
            clock=Clock(),
            inbox=2000,
            may_connect=lambda: True,
        )
        session.start()
        wait_until(lambda s=session: s.connected, within=10, what="connected")  # type: ignore[misc]
        load = Load(broker, boot=f"b{attempt}")
        load.publish(0, 3 * N)
        arrived: list[Arrived] = []
        while len(arrived) < N:
            arrived += session.inbox.get(timeout_s=10, at_most=N)
        acking = threading.Thread(target=session.ack, args=[arrived], daemon=True)
        killing = threading.Thread(target=broker.kill)
        acking.start()
        killing.start()
        acking.join(timeout=10)
        killing.join()
        assert not acking.is_alive(), "the ack hangs"
        wait_until(lambda s=session: not s.connected, within=10, what="the loss is noticed")  # type: ignore[misc]
        session.stop()
        load.close()
        broker.start()


def test_a_deaf_session_with_a_full_inbox_can_be_stopped(broker: OwnBroker) -> None:
    session = Session(
        LANE, BrokerAddress.parse(broker.url("collector")), clock=Clock(), inbox=10, may_connect=lambda: True
    )
    session.start()
    wait_until(lambda: session.connected, within=10, what="connected")
    load = Load(broker)
    load.publish(0, 300)
    wait_until(lambda: session.inbox.full, within=10, what="the inbox is full")
    session.go_deaf()
    session.stop()
    assert not session._thread.is_alive()
    load.close()


def test_what_waits_at_the_broker_belongs_to_the_connection_that_brings_it(broker: OwnBroker) -> None:
    """It comes in one read with the CONNACK. What is counted to another connection is never acked."""
    load = Load(broker)
    for turn in range(3):
        session = Session(
            LANE, BrokerAddress.parse(broker.url("collector")), clock=Clock(), inbox=2000, may_connect=lambda: True
        )
        session.start()
        wait_until(lambda s=session: s.subscribed, within=10, what="subscribed")  # type: ignore[misc]
        arrived: list[Arrived] = []
        while turn and len(arrived) < 300:
            arrived += session.inbox.get(timeout_s=10, at_most=300)
        assert {a.connection for a in arrived} <= {1}
        session.stop()
        load.publish(turn * 900, 900)
        load.acknowledged()
    load.close()


def test_no_two_messages_are_received_at_one_instant(broker: OwnBroker) -> None:
    """Readings that bring no time of their own are stored at the received time: two of a device must not share it."""
    then = datetime(2026, 11, 22, tzinfo=UTC)
    standing = Clock(then, 1e-9, then)
    session = Session(
        LANE, BrokerAddress.parse(broker.url("collector")), clock=standing, inbox=2000, may_connect=lambda: True
    )
    session.start()
    wait_until(lambda: session.connected, within=10, what="connected")
    load = Load(broker)
    load.publish(0, 900)
    arrived: list[Arrived] = []
    while len(arrived) < 300:
        arrived += session.inbox.get(timeout_s=10, at_most=300)
    times = [a.received for a in arrived]
    assert len(set(times)) == len(times)
    assert times == sorted(times)
    session.stop()
    load.close()


def test_a_refused_filter_is_told(broker: OwnBroker) -> None:
    """Mosquitto accepts every filter and withholds the messages; so the callback is called as paho would call it."""
    session = Session(
        LANE, BrokerAddress.parse(broker.url("collector")), clock=Clock(), inbox=10, may_connect=lambda: True
    )
    session._on_subscribe(session._client, None, 1, [ReasonCode(PacketTypes.SUBACK, identifier=0x80)], None)
    assert session.refused == "park/v1/+/meter/#"


def test_a_collector_that_has_claimed_lanes_and_not_taken_them_is_not_ready(
    database: str, broker: OwnBroker, tmp_path: Path
) -> None:
    """Whoever publishes on the word of /readyz would publish before the first subscription."""
    secrets.make(tmp_path)
    urls = {"PARK_DATABASE_URL": database, "PARK_MQTT_URL": broker.url("collector")}
    collector = Collector(
        Settings.from_env({**urls, "PARK_SECRETS": str(tmp_path), "PARK_SPOOL": str(tmp_path / "spool")})
    )
    assert collector.missing() == ["the database is away"]
    assert collector.claims.step()
    assert "lane meter is not taken yet" in collector.missing()
    collector.close()


def test_a_lane_that_an_unforeseen_error_stopped_starts_again(
    database: str, broker: OwnBroker, tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    secrets.make(tmp_path)
    settings = Settings.from_env(
        {
            "PARK_DATABASE_URL": database,
            "PARK_MQTT_URL": broker.url("collector"),
            "PARK_SECRETS": str(tmp_path),
            "PARK_SPOOL": str(tmp_path / "spool"),
        }
    )
    collector = Collector(settings)
    collector.step()
    eventually(lambda: not collector.missing(), within=15, what="ready")
    first = collector.workers["meter"]
    first.handover.reader = None  # type: ignore[assignment] - what no message should be able to do
    load = Load(broker)
    load.publish(0, 30)  # ten of them from meters
    eventually(lambda: not first.alive, within=15, what="the lane died")
    assert any("lane meter: stopped by AttributeError" in m for m in collector.missing())
    collector.step()
    assert collector.workers["meter"] is not first
    eventually(lambda: not collector.missing(), within=15, what="ready again")
    with psycopg.connect(database, autocommit=True) as conn:
        count = "select count(*) from park.readings join park.points using (point) where family = 'meter'"
        eventually(lambda: conn.execute(count).fetchone() == (30,), within=20, what="the meters' readings are stored")
    collector.close()
    load.close()
