"""Ten devices that lie about the time and three that do not, minute by minute through a real broker and database."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from paho.mqtt.client import Client, MQTTMessageInfo, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from collectors import secrets
from collectors.lanes import Lane
from collectors.session import Session
from collectors.worker import Worker
from pipeline.address import BrokerAddress
from pipeline.domain.clock import Clock
from pipeline.domain.clock_fault import ClockFault
from pipeline.domain.park import Family
from pipeline.domain.quality import Quality
from pipeline.settings import Settings
from simulators import payloads
from simulators.misdated import misdated
from simulators.payloads import Head, PackEntry
from tests.conftest import OwnBroker, wait_until
from tests.park import apply_small_park

START = datetime(2026, 11, 21, 6, 40, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MINUTES = 46
LIARS = {f"liar-{fault}": fault for fault in ClockFault}
BEHIND_UTC = "liar-zone-behind"
PUNCTUAL, LATE_NOW_AND_THEN, DRAINING = "honest-punctual", "honest-late", "honest-draining"
BACKLOG = timedelta(hours=24)
PACK = 36  # old readings in each of the draining gateway's packs


@dataclass(frozen=True)
class HandClock(Clock):
    """A clock that stands where the story put it."""

    hands: list[datetime] = field(default_factory=lambda: [START])

    def now(self) -> datetime:
        return self.hands[-1]


class Story:
    """One lane's session and worker in this process, so that their clock is the story's; the rest is real."""

    def __init__(self, database: str, broker: OwnBroker, home: Path) -> None:
        self.clock, self.expected = HandClock(), 0
        secrets.make(home)
        settings = replace(Settings.from_env({"PARK_DATABASE_URL": database}), clock=self.clock, batch_seconds=0.02)
        self.admin = psycopg.connect(database, autocommit=True)
        apply_small_park(self.admin)
        address = BrokerAddress.parse(broker.url("collector"))
        lane = Lane("sensor", ("park/v1/+/sensor/#",))
        self.session = Session(lane, address, clock=self.clock, inbox=2000, may_connect=lambda: True)
        self.worker = Worker(self.session, settings, secrets.read(home))
        self.session.start()
        self.worker.start()
        wait_until(lambda: self.session.connected, within=20, what="connected")
        device = BrokerAddress.parse(broker.url("device"))
        self.client = Client(CallbackAPIVersion.VERSION2, client_id="story", protocol=MQTTv311)
        self.client.username_pw_set(device.user, device.password)
        self.client.connect(device.host, device.port)
        self.client.loop_start()
        self.infos: list[MQTTMessageInfo] = []

    def send(self, device: str, payload: bytes) -> None:
        topic = payloads.topic("small", Family.SENSOR, device_id=device, message="readings")
        self.infos.append(self.client.publish(topic, payload, qos=1))
        self.expected += 1

    def settle(self) -> None:
        """Everything that was sent is committed; then a minute passes."""

        def stored() -> bool:
            (row,) = self.admin.execute("select coalesce(sum(messages), 0) from smartpark.ingest_batch").fetchall()
            return int(row[0]) == self.expected

        wait_until(stored, within=60, what=f"{self.expected} messages committed; {self.worker.trouble}")
        self.clock.hands.append(self.clock.now() + MINUTE)

    def rows(self, query: str, *args: object) -> list[tuple[object, ...]]:
        return self.admin.execute(query.encode(), args).fetchall()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        assert self.worker.stop(within_s=20)
        self.session.stop()
        self.admin.close()


@pytest.fixture
def story(database: str, broker: OwnBroker, tmp_path: Path) -> Iterator[Story]:
    found = Story(database, broker, tmp_path / "secrets")
    yield found
    found.close()


def micros(instant: datetime) -> int:
    return round(instant.timestamp() * 1e6)


def test_who_lies_is_known_who_is_late_is_not_accused_and_all_is_kept(story: Story) -> None:
    sent_late = 0
    for minute in range(MINUTES):
        now = START + minute * MINUTE
        running = minute * 60.0
        head = Head(f"n{minute}", time_us=micros(now - timedelta(seconds=1)))
        value = {"value": float(minute)}
        for device, fault in LIARS.items():
            story.send(device, payloads.readings(misdated(head, fault, running_s=running), value))
        west = misdated(head, ClockFault.ZONE_AS_UTC, running_s=running, zone_s=-8 * 3600)
        story.send(BEHIND_UTC, payloads.readings(west, value))
        story.send(PUNCTUAL, payloads.readings(head, value))
        late = timedelta(seconds=140 if minute % 7 == 3 else 1)
        story.send(LATE_NOW_AND_THEN, payloads.readings(head._replace(time_us=micros(now - late)), value))
        behind = max(BACKLOG - minute * (PACK - 1) * MINUTE, timedelta(0))
        told = [now - behind + n * timedelta(seconds=20) for n in range(PACK if behind else 1)]
        old = [PackEntry(value, time_us=micros(at)) for at in told if at <= now]
        sent_late += len(old)
        story.send(DRAINING, payloads.pack(Head(f"p{minute}"), old))
        story.settle()

    found = dict(
        story.rows("select device_id, fault || coalesce(round(offset_s / 3600)::int::text, '') from park.device_clocks")
    )
    assert found == {
        "liar-missing": "missing",
        "liar-no-offset": "no-offset8",
        "liar-not-set": f"not-set{round((86_400 - START.timestamp()) / 3600)}",
        "liar-seconds-for-milliseconds": found["liar-seconds-for-milliseconds"],
        "liar-milliseconds-for-seconds": "milliseconds-for-seconds0",
        "liar-zone-as-utc": "zone-as-utc8",
        BEHIND_UTC: "zone-as-utc-8",
        "liar-ahead": "ahead0",
        "liar-behind": "behind0",
        "liar-drifting": "drifting0",
    }
    assert str(found["liar-seconds-for-milliseconds"]).startswith("seconds-for-milliseconds")

    kept = {
        str(device): (n, trusted)
        for device, n, trusted in story.rows(
            "select p.device_id, count(*), count(*) filter (where r.device_ts is null and r.quality <> %s)"
            " from park.readings r join park.points p using (point) group by 1",
            Quality.UNTRUSTED_TIME,
        )
    }
    assert kept.pop(DRAINING) == (sent_late, sent_late)
    assert {device: n for device, (n, _) in kept.items()} == dict.fromkeys(kept, MINUTES), "none lost, none twice"
    plausible = {PUNCTUAL, LATE_NOW_AND_THEN, "liar-drifting"}  # a minute off is told, and believed
    assert {d for d, (n, trusted) in kept.items() if trusted == n} == plausible
    found_out = {d: trusted for d, (n, trusted) in kept.items() if 0 < trusted < n}
    assert found_out.keys() == {BEHIND_UTC, "liar-behind"}, "believed until it was known"
    assert found_out[BEHIND_UTC] < 15 < found_out["liar-behind"] < 40

    doubted = story.rows(
        "select p.device_id, r.ts = r.received, r.device_ts from park.readings r join park.points p using (point)"
        " where r.quality = %s order by r.received desc, p.device_id limit 9",
        Quality.UNTRUSTED_TIME,
    )
    last = START + (MINUTES - 1) * MINUTE - timedelta(seconds=1)
    assert all(at_received for _, at_received, _ in doubted)
    claims = {str(device): claimed for device, _, claimed in doubted}
    assert claims["liar-missing"] is None
    assert claims["liar-zone-as-utc"] == claims["liar-no-offset"] == last + timedelta(hours=8)
    assert claims["liar-milliseconds-for-seconds"] == last
    assert claims["liar-seconds-for-milliseconds"] == datetime.fromtimestamp(int(last.timestamp()) / 1000, UTC)
    assert claims["liar-behind"] == last - timedelta(minutes=11)
