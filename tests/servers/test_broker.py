"""The private brokers: both must keep a collector's session and queue, or nothing the collector promises is true."""

import re
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from simulators.servers.broker import Broker, BrokerServer, choose_broker
from simulators.servers.mqtt import answers
from simulators.servers.process import ServerError

Eventually = Callable[..., Any]
TOPIC = "park/v1/demo/meter/m1/readings"
ANSWER_S = 10


class Client:
    """A paho client with a persistent session, QoS 1 and acks by hand."""

    def __init__(self, url: str, name: str, *, will: str | None = None) -> None:
        self.got: list[paho.MQTTMessage] = []
        self.connected = threading.Event()
        self.subscribed = threading.Event()
        self.refusal = ""
        self.paho = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=name, clean_session=False, protocol=paho.MQTTv311, manual_ack=True
        )
        parts = urlsplit(url)
        self.paho.username_pw_set(parts.username, parts.password)
        self.paho.on_connect = self._on_connect
        self.paho.on_message = lambda _c, _d, message: self.got.append(message)
        self.paho.on_subscribe = self._on_subscribe
        if will:
            self.paho.will_set(will, "gone", qos=1, retain=True)
        assert parts.hostname
        assert parts.port
        self.paho.connect(parts.hostname, parts.port)
        self.paho.loop_start()
        assert self.connected.wait(ANSWER_S), f"{name} was not let in"

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        self.refusal = str(code) if code.is_failure else ""
        self.connected.set()

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, codes: list[Any], _properties: Any) -> None:
        self.refusal = str(codes[0]) if codes[0].is_failure else ""
        self.subscribed.set()

    def subscribe(self, topic: str) -> None:
        self.subscribed.clear()
        self.paho.subscribe(topic, qos=1)
        assert self.subscribed.wait(ANSWER_S)

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        info = self.paho.publish(topic, payload, qos=1, retain=retain)
        info.wait_for_publish(ANSWER_S)
        assert info.is_published()

    def payloads(self) -> list[str]:
        return [m.payload.decode() for m in self.got]

    def ack(self) -> None:
        for message in self.got:
            self.paho.ack(message.mid, message.qos)

    def leave(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()

    def vanish(self) -> None:
        """The connection breaks without a goodbye."""
        sock = self.paho.socket()
        self.paho.loop_stop()
        if sock:
            sock.close()


@pytest.fixture(params=["mosquitto", "nats"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BrokerServer]:
    server = choose_broker(tmp_path, want=request.param, environ={})
    yield server
    server.stop()
    server.wipe()


@pytest.fixture
def running(server: BrokerServer) -> Broker:
    return server.start()


def collector(running: Broker) -> Client:
    client = Client(running.urls["collector"], "lane-0")
    client.subscribe("park/v1/#")
    return client


def test_says_what_it_is_and_lets_each_role_in_with_its_own_password(running: Broker, tmp_path: Path) -> None:
    beginning = {"mosquitto": r"Mosquitto 2\.\d+\.\d+", "nats": r"NATS Server 2\.15\.1 \(embedded\)"}[running.kind]
    assert re.fullmatch(beginning, running.name)
    assert all(answers(url) for url in running.urls.values())
    assert len(set(running.urls.values())) == 3
    nobody = urlsplit(running.urls["collector"])
    assert not answers(f"mqtt://{nobody.hostname}:{nobody.port}")
    assert not answers(f"mqtt://collector:guess@{nobody.hostname}:{nobody.port}")
    secrets = [urlsplit(url).password or "" for url in running.urls.values()]
    for file in tmp_path.rglob("*"):
        if file.is_file() and any(s in file.read_text(errors="replace") for s in secrets):
            assert stat.filemode(file.stat().st_mode) == "-rw-------", file


def test_a_sleeping_session_keeps_its_queue_over_a_clean_restart(
    server: BrokerServer, running: Broker, eventually: Eventually
) -> None:
    sleeper = collector(running)
    sleeper.leave()
    device = Client(running.urls["simulator"], "device")
    expected = [f"before {n}" for n in range(1500)]  # more than Mosquitto's default limit of 1000
    for payload in expected:
        device.publish(TOPIC, payload)
    device.leave()
    server.stop()
    assert server.start() == running
    device = Client(running.urls["simulator"], "device")
    device.publish(TOPIC, "after")
    device.leave()
    woken = Client(running.urls["collector"], "lane-0")  # the session, its subscription included, is the broker's
    eventually(lambda: len(woken.got) > len(expected), what="the whole queue")
    assert woken.payloads() == [*expected, "after"]
    woken.ack()
    woken.leave()


def test_what_was_not_acked_comes_again_and_what_was_does_not(running: Broker, eventually: Eventually) -> None:
    reader = collector(running)
    device = Client(running.urls["device"], "device")
    device.publish(TOPIC, "acked")
    eventually(lambda: reader.got, what="the first message")
    reader.ack()
    device.publish(TOPIC, "not acked")
    eventually(lambda: len(reader.got) == 2, what="the second message")
    reader.vanish()
    again = Client(running.urls["collector"], "lane-0")
    eventually(lambda: again.got, within=20, what="the message that was not acked")
    device.publish(TOPIC, "new")
    eventually(lambda: "new" in again.payloads(), what="a new message")
    assert again.payloads() == ["not acked", "new"]
    assert again.got[0].dup
    again.ack()
    again.leave()
    device.leave()


def test_a_whole_inbox_may_be_in_flight(running: Broker, eventually: Eventually) -> None:
    reader = collector(running)
    device = Client(running.urls["simulator"], "device")
    for n in range(500):
        device.publish(TOPIC, str(n))
    eventually(lambda: len(reader.got) == 500, what="500 messages before the first ack")
    reader.leave()
    device.leave()


def test_status_is_retained_and_the_last_will_is_delivered(running: Broker, eventually: Eventually) -> None:
    status = "park/v1/demo/meter/m1/status"
    device = Client(running.urls["device"], "device", will=status)
    device.publish(status, "online", retain=True)
    reader = collector(running)
    eventually(lambda: reader.payloads() == ["online"], what="the retained birth")
    assert reader.got[0].retain
    device.vanish()
    eventually(lambda: reader.payloads() == ["online", "gone"], what="the last will")
    reader.ack()
    reader.leave()
    late = Client(running.urls["collector"], "late")
    late.subscribe("park/v1/+/+/+/status")
    eventually(lambda: late.payloads() == ["gone"], what="the retained will")
    late.leave()


def test_each_role_may_do_its_own_work_and_no_other(running: Broker, eventually: Eventually) -> None:
    reader = collector(running)
    for role in ("device", "simulator"):
        device = Client(running.urls[role], f"a-{role}")
        device.subscribe("cmd/v1/#")
        assert not device.refusal
        spy = Client(running.urls[role], f"spy-{role}")
        spy.subscribe("park/v1/#")
        device.publish(TOPIC, role)
        eventually(lambda: role in reader.payloads(), what=f"what {role} wrote")  # noqa: B023  called at once
        reader.paho.publish("cmd/v1/demo/m1/open", role, qos=1)
        eventually(lambda: device.payloads() == [role], what="a command")  # noqa: B023  called at once
        assert spy.got == []
        spy.vanish()
        device.vanish()
    reader.ack()
    before = len(reader.got)
    reader.paho.publish(TOPIC, "forged", qos=1)
    device = Client(running.urls["device"], "last")
    device.publish(TOPIC, "the last word")
    eventually(lambda: "the last word" in reader.payloads(), what="a message after the forged one")
    assert reader.payloads()[before:] == ["the last word"]
    reader.vanish()
    device.leave()


def test_a_crash_and_a_new_start_find_the_same_port_and_the_same_sessions(
    server: BrokerServer, running: Broker, eventually: Eventually, tmp_path: Path
) -> None:
    collector(running).leave()
    if running.kind == "mosquitto":  # which writes its sessions every second; what is younger dies with it
        db = tmp_path / "broker-mosquitto/mosquitto/mosquitto.db"
        eventually(lambda: db.exists() and b"lane-0" in db.read_bytes(), what="the autosave")
    server.kill()
    assert not answers(running.urls["collector"])
    assert server.start() == running
    device = Client(running.urls["simulator"], "device")
    device.publish(TOPIC, "after the crash")
    device.leave()
    woken = Client(running.urls["collector"], "lane-0")
    eventually(lambda: woken.payloads() == ["after the crash"], what="the session's subscription at work")
    woken.leave()


def test_takes_the_best_that_can_be_had_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    best = choose_broker(tmp_path, environ={})
    assert (best.kind, best.why) == ("mosquitto", "It is installed, and PARK_MQTT_URL is not set.")
    monkeypatch.setattr("simulators.servers.mosquitto.program", lambda *_: None)
    lesser = choose_broker(tmp_path, environ={})
    assert lesser.kind == "nats"
    assert "PARK_MQTT_URL is not set; Mosquitto is not installed" in lesser.why
    with pytest.raises(ServerError, match=r"'mosquitto' was asked for .* not installed"):
        choose_broker(tmp_path, want="mosquitto", environ={})


def test_the_named_broker_is_used_as_it_is(running: Broker, tmp_path: Path) -> None:
    url = running.urls["collector"]
    given = choose_broker(tmp_path, environ={"PARK_MQTT_URL": url})
    found = given.start()
    assert found.urls == {"collector": url, "simulator": url, "device": url}
    assert found.name.startswith({"mosquitto": "Mosquitto 2.", "nats": "MQTT broker at 127.0.0.1:"}[running.kind])
    with pytest.raises(ServerError, match="not ours"):
        given.kill()
    given.stop()
    assert answers(url)
    wrong = url.replace("collector:", "collector:x")
    with pytest.raises(ServerError, match="no MQTT broker lets us in"):
        choose_broker(tmp_path, environ={"PARK_MQTT_URL": wrong}).start()
