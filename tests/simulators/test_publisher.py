"""The publisher against a real Mosquitto: births, wills, PUBACKs, a forced reconnect, a clean stop."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from pipeline.address import BrokerAddress
from pipeline.domain.clock import Clock
from simulators import journal as journals
from simulators.journal import Journal
from simulators.publisher import Publisher, micros, real_us
from simulators.schedule import Cast
from simulators.servers.proxy import Proxy
from tests.conftest import OwnBroker, wait_until
from tests.simulators.small_park import small_park

NOON = datetime(2026, 11, 19, 4, tzinfo=UTC)  # a working day in Beijing


class Ear:
    """A third-party subscriber to everything."""

    def __init__(self, url: str) -> None:
        address = BrokerAddress.parse(url)
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.subscribed = threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, "ear")
        self.client.username_pw_set(address.user, address.password)
        self.client.on_connect = self._subscribe
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = lambda _c, _d, m: self.heard.append((m.topic, json.loads(m.payload)))
        self.client.connect(address.host, address.port)
        self.client.loop_start()
        assert self.subscribed.wait(10)

    def _subscribe(self, *_: Any) -> None:
        self.client.subscribe("park/v1/#", qos=1)

    def ids(self, device: str, message: str) -> list[str]:
        return [p["id"] for t, p in self.heard if t.split("/")[4:] == [device, message] and "id" in p]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Show:
    """A publisher of the small park whose park time the test moves by hand."""

    def __init__(self, url: str, path: Path, *, boot: str = "b1", faulty: bool = False) -> None:
        self.cast = Cast(small_park(), 7, boot, faulty=faulty)
        self.journal = Journal(path, park_id="small", real_us=real_us(), park_us=micros(NOON))
        self.publisher = Publisher(self.cast, mqtt_url=url, journal=self.journal, clock=Clock())
        self.path = path

    def begin(self) -> None:
        self.publisher.begin(NOON)

    def step(self, seconds: float) -> None:
        """Publishes what is due so many park seconds after noon."""
        self.publisher.step(micros(NOON) + round(seconds * 1e6))

    def settle(self, seconds: float) -> None:
        """Waits until the broker has acknowledged everything."""

        def quiet() -> bool:
            self.step(seconds)
            return self.publisher.outstanding == 0

        wait_until(quiet, within=20, what="PUBACKs")

    def reconnect(self, seconds: float) -> None:
        """Waits until every gateway is connected and what that brings is sent."""

        def back() -> bool:
            self.step(seconds)
            return not self.publisher.missing()

        wait_until(back, within=20, what="every gateway is connected")
        self.settle(seconds)

    def close(self) -> None:
        self.publisher.finish(within_s=10)
        self.journal.close()


@pytest.fixture
def ear(broker: OwnBroker) -> Iterator[Ear]:
    ear = Ear(broker.url("collector"))
    yield ear
    ear.close()


def test_everything_journaled_is_published_and_acknowledged(broker: OwnBroker, ear: Ear, tmp_path: Path) -> None:
    show = Show(broker.url("simulator"), tmp_path / "journal.sqlite")
    show.begin()
    show.step(60)
    show.settle(60)
    show.close()
    record = journals.read(show.path)
    assert all(e.acked for e in record.entries)
    expected = Counter((e.device_id, e.kind) for e in record.entries)
    wait_until(lambda: len(ear.heard) >= len(record.entries), what="all messages at the subscriber")
    assert Counter((t.split("/")[4], t.split("/")[5]) for t, _ in ear.heard) == expected
    assert expected["meter-b1-main", "readings"] == 4
    assert {k for _, k in expected} >= {"readings", "status", "access", "passage"}
    births = [p for t, p in ear.heard if p.get("id") == "b1-birth"]
    assert len(births) == len(show.cast.park.devices)
    packs = [p for t, p in ear.heard if t.endswith("gw-b1/readings")]
    assert {e["device"] for p in packs for e in p["readings"] if "device" in e} >= {"room-b1-1", "leak-b1-1"}
    assert ear.ids("gw-b1", "status")[-1] == "b1-stop"


def test_after_a_loss_the_last_seconds_come_again_with_the_same_ids(
    broker: OwnBroker, ear: Ear, tmp_path: Path, cut: Callable[[int], Proxy]
) -> None:
    proxy = cut(broker.port)
    url = broker.url("simulator").replace(f":{broker.port}", f":{proxy.port}")
    show = Show(url, tmp_path / "journal.sqlite")
    show.begin()
    show.step(30)
    show.settle(30)
    before = ear.ids("gw-b1", "readings")
    proxy.cut()
    wait_until(lambda: len(show.publisher.missing()) == 2, what="both gateways noticed")
    show.step(60)  # what a gateway measures meanwhile waits
    assert show.publisher.outstanding > 0
    proxy.heal()
    show.reconnect(60)
    show.close()
    again = Counter(ear.ids("gw-b1", "readings"))
    assert before and all(again[i] == 2 for i in before), "acknowledged before the loss, so sent again"
    record = journals.read(show.path)
    assert all(e.acked for e in record.entries)
    assert record.publications > len(record.entries)
    said = ear.ids("gw-b1", "status")
    assert {"b1-birth", "b1-will", "b1-birth-1"} <= set(said)
    assert said.index("b1-will") < said.index("b1-birth-1")


def test_a_gateway_that_dies_leaves_its_will(
    broker: OwnBroker, ear: Ear, tmp_path: Path, cut: Callable[[int], Proxy]
) -> None:
    proxy = cut(broker.port)
    url = broker.url("simulator").replace(f":{broker.port}", f":{proxy.port}")
    show = Show(url, tmp_path / "journal.sqlite", boot="b7")
    show.begin()
    show.settle(0)
    proxy.cut()
    wait_until(lambda: "b7-will" in ear.ids("gw-east", "status"), within=20, what="the will")
    will = next(p for t, p in ear.heard if p.get("id") == "b7-will")
    assert will == {"id": "b7-will", "boot": "b7", "state": "offline", "reason": "last-will"}
    proxy.heal()
    show.reconnect(0)
    show.close()


def test_faulty_delivery_repeats_ids_and_comes_late(broker: OwnBroker, ear: Ear, tmp_path: Path) -> None:
    show = Show(broker.url("simulator"), tmp_path / "journal.sqlite", faulty=True)
    show.begin()
    show.step(1200)
    show.settle(1200)
    show.close()
    record = journals.read(show.path)
    wait_until(lambda: len(ear.heard) >= record.publications, what="every publication at the subscriber")
    assert record.publications > len(record.entries), "some were sent twice"
    times = [p["time_us"] for t, p in ear.heard if t.endswith("pump-b1-1/readings")]
    pumps = [e for e in record.entries if e.device_id == "pump-b1-1" and e.kind == "readings"]
    assert len(set(times)) == len(pumps)
    everything = [p.get("time_ms", 0) for t, p in ear.heard if t.split("/")[3] == "gate"]
    assert everything != sorted(everything), "some were late"


def test_a_second_start_goes_on_where_the_journal_ends(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    first = Journal(path, park_id="small", real_us=1, park_us=2)
    cast = Cast(small_park(), 7, "b1")
    births = cast.births(micros(NOON))
    ((message, publication), *_) = first.write(births, sent_us=3)
    first.acked([(publication, 5)])
    first.close()
    second = Journal(path, park_id="small", real_us=10, park_us=11)
    assert second.last_us == micros(NOON)
    (other, *_) = second.write(births[:1], sent_us=12)
    assert other[0] > message + len(births) - 1
    second.close()
    record = journals.read(path)
    assert (record.park_id, record.since_us, len(record.entries)) == ("small", 2, len(births) + 1)
    assert [e.acked for e in record.entries[:2]] == [True, False]
