"""The lean receive path says what paho itself would have said, whatever the chunks, and acks what it is told to ack."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from collectors.inbox import LARGEST, Arrived, Inbox
from collectors.receive import CHUNK, LeanClient, MalformedError, Published, split
from pipeline.address import BrokerAddress
from pipeline.domain.clock import Clock
from tests.conftest import OwnBroker, wait_until

LENGTHS = [0, 1, 2, 100, 119, 120, 127, 128, 200, 16_383, 16_384, 20_000, CHUNK - 1, CHUNK, 3 * CHUNK + 7]
FILTER = "park/v1/small/meter/+/readings"


def varint(number: int) -> bytes:
    out = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def frame(message: Published, dup: bool = False) -> bytes:
    mid = message.mid.to_bytes(2, "big") if message.qos else b""
    body = len(message.topic).to_bytes(2, "big") + message.topic + mid + message.payload
    return bytes([0x30 | dup << 3 | message.qos << 1 | message.retained]) + varint(len(body)) + body


PUBLISHED = st.builds(
    lambda topic, payload, mid, retained: Published(topic, payload, mid, int(mid > 0), retained),
    st.binary(max_size=200),
    st.one_of(st.binary(max_size=300), st.sampled_from(LENGTHS[:12]).map(bytes)),
    st.integers(0, 65_535),
    st.booleans(),
)
OTHER = st.tuples(st.sampled_from([0x20, 0x90, 0xD0]), st.binary(max_size=130))


@given(st.lists(st.one_of(PUBLISHED, OTHER), max_size=12), st.lists(st.integers(1, 400), max_size=60))
def test_a_stream_is_read_the_same_however_it_is_cut(packets: list[Published | tuple[int, bytes]], cuts: list[int]):
    stream = b"".join(
        frame(p) if isinstance(p, Published) else bytes([p[0]]) + varint(len(p[1])) + p[1] for p in packets
    )
    pending, found, others, wanted = b"", [], [], 2
    pieces = iter([*cuts, len(stream) + 1])
    while stream:
        size = next(pieces)
        pending, stream = pending + stream[:size], stream[size:]
        if len(pending) >= wanted:
            new, rest, used, wanted = split(pending)
            assert wanted >= 2
            pending = pending[used:]
            found += new
            others += rest
    assert pending == b""
    assert found == [p for p in packets if isinstance(p, Published)]
    assert others == [p for p in packets if not isinstance(p, Published)]


@given(st.binary(max_size=400))
def test_garbage_is_malformed_or_waits_for_more(data: bytes) -> None:
    try:
        _, _, used, wanted = split(data)
    except MalformedError:
        return
    assert used <= len(data)
    assert wanted > len(data) - used or wanted == 2


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x00",  # no room for a topic's length
        b"\x30\x01\x00",
        b"\x30\x03\x00\x05a",  # the topic is longer than the packet
        b"\x32\x04\x00\x01a\x00",  # QoS 1 without the whole message id
        b"\x36\x05\x00\x01a\x00\x01",  # QoS 3
        b"\x30\xff\xff\xff\xff\x01",  # a length of five bytes
    ],
)
def test_what_is_not_mqtt_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        split(data)


def plain(broker: OwnBroker, user: str, name: str, clean: bool = True) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean, protocol=MQTTv311)
    address = BrokerAddress.parse(broker.url(user))
    client.username_pw_set(address.user, address.password)
    return client


def lean(broker: OwnBroker, into: list[Published], *, manual: bool = True) -> LeanClient:
    client = LeanClient(
        CallbackAPIVersion.VERSION2,
        client_id="lean",
        clean_session=False,
        protocol=MQTTv311,
        manual_ack=manual,
        reconnect_on_failure=False,
        on_chunk=into.extend,
    )
    address = BrokerAddress.parse(broker.url("collector"))
    client.username_pw_set(address.user, address.password)
    client.on_connect = lambda c, *_: c.subscribe([(FILTER, 1)])
    return client


@pytest.fixture
def publisher(broker: OwnBroker) -> Iterator[Client]:
    client = plain(broker, "simulator", "publisher")
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    yield client
    client.disconnect()
    client.loop_stop()


def test_every_message_is_what_paho_makes_of_it(broker: OwnBroker, publisher: Client) -> None:
    """Same broker, same messages, both clients: topics, payloads, QoS and retain flags are equal."""
    publisher.publish("park/v1/small/meter/kept/readings", b"kept", qos=1, retain=True).wait_for_publish(10)
    ours: list[Published] = []
    theirs: list[MQTTMessage] = []
    ready = threading.Event()
    paho = plain(broker, "collector", "paho")
    paho.on_connect = lambda c, *_: c.subscribe([(FILTER, 1)])
    paho.on_subscribe = lambda *_: ready.set()
    paho.on_message = lambda _c, _u, message: theirs.append(message)
    client = lean(broker, ours)
    subscribed = threading.Event()
    client.on_subscribe = lambda *_: subscribed.set()  # so other packets do reach paho
    for one in (paho, client):
        one.connect("127.0.0.1", broker.port)
        one.loop_start()
    assert ready.wait(10)
    assert subscribed.wait(10)
    for number, length in enumerate(LENGTHS * 3):
        payload = bytes([number % 256]) * length
        publisher.publish(f"park/v1/small/meter/d{number}/readings", payload, qos=number % 2).wait_for_publish(10)
    wanted = 3 * len(LENGTHS) + 1
    wait_until(lambda: len(theirs) >= wanted and len(ours) >= wanted, within=20, what="both have all")
    assert [(p.topic.decode(), p.payload, p.qos, p.retained) for p in ours] == [
        (m.topic, bytes(m.payload), m.qos, m.retain) for m in theirs
    ]
    for one in (paho, client):
        one.disconnect()
        one.loop_stop()


def test_only_what_was_acked_is_not_delivered_again(broker: OwnBroker, publisher: Client) -> None:
    first: list[Published] = []
    client = lean(broker, first)
    subscribed = threading.Event()
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    assert subscribed.wait(10)
    for number in range(10):
        topic = f"park/v1/small/meter/d{number}/readings"
        publisher.publish(topic, str(number).encode(), qos=1).wait_for_publish(10)
    wait_until(lambda: len(first) == 10, within=10, what="all came")
    client.ack_all(p.mid for p in first if int(p.payload) % 2)
    client.ack_all([])
    subscribed.clear()
    client.subscribe([(FILTER, 1)])  # answered after the acks have been read
    assert subscribed.wait(10)
    client.disconnect()
    client.loop_stop()
    again: list[Published] = []
    client = lean(broker, again)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    wait_until(lambda: len(again) >= 5, within=10, what="the un-acked half comes again")
    assert sorted(int(p.payload) for p in again) == [0, 2, 4, 6, 8]
    client.ack_all(p.mid for p in again)
    client.disconnect()
    client.loop_stop()


def arrived(*numbers: int) -> list[Arrived]:
    now = Clock().now()
    return [Arrived(b"t", str(n).encode(), now, n, 1, 1) for n in numbers]


def test_the_inbox_hands_out_what_waits_in_order_and_bounded() -> None:
    inbox = Inbox(4)
    assert inbox.put(arrived(1, 2, 3), unless=lambda: False)
    assert not inbox.full
    assert inbox.put(arrived(4, 5), unless=lambda: False)
    assert inbox.full
    assert not inbox.put(arrived(6), unless=lambda: True), "the receiver was told to stop waiting"
    assert [a.mid for a in inbox.get(timeout_s=0, at_most=4)] == [1, 2, 3, 4]
    assert len(inbox) == 1
    assert [a.mid for a in inbox.get(timeout_s=0, at_most=4)] == [5]
    assert inbox.get(timeout_s=0, at_most=4) == []


def test_a_full_inbox_makes_the_receiver_wait_until_there_is_room() -> None:
    inbox = Inbox(1)
    inbox.put(arrived(1), unless=lambda: False)
    taken = threading.Event()

    def receive() -> None:
        inbox.put(arrived(2), unless=lambda: False)
        taken.set()

    receiver = threading.Thread(target=receive, daemon=True)
    receiver.start()
    assert [a.mid for a in inbox.get(timeout_s=1, at_most=1)] == [1]
    assert taken.wait(10)
    assert [a.mid for a in inbox.get(timeout_s=1, at_most=1)] == [2]


def test_a_batch_of_large_messages_closes_early() -> None:
    inbox = Inbox(10)
    large = Arrived(b"t", bytes(LARGEST // 2), Clock().now(), 1, 1, 1)
    for _ in range(3):
        inbox.put([large], unless=lambda: False)
    assert len(inbox.get(timeout_s=0, at_most=10)) == 2
    assert len(inbox.get(timeout_s=0, at_most=10)) == 1


def test_a_batch_lingers_for_more_unless_it_is_full() -> None:
    inbox = Inbox(4)
    inbox.put(arrived(1), unless=lambda: False)
    taken: list[int] = []
    taker = threading.Thread(
        target=lambda: taken.extend(a.mid for a in inbox.get(timeout_s=10, at_most=2, linger_s=60)), daemon=True
    )
    taker.start()
    inbox.put(arrived(2), unless=lambda: False)
    taker.join(timeout=10)
    assert taken == [1, 2], "it waited for the second, and then no longer"
