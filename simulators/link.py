"""One gateway's MQTT connection: a persistent session, a last will, and a memory of its last seconds."""

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from pipeline.address import BrokerAddress

KEEPALIVE_S = 20
INFLIGHT = 200
# So many real seconds before the last PUBACK are sent again after a loss: what a crashing broker may forget
# (docs/operations.md). Before the PUBACK, not before the loss: a half-open connection is found out long after.
RESEND_S = 30.0
RECENT = 5000  # at most so many messages are remembered for that


class Sent(NamedTuple):
    """A message that went out: its journal number and all that is needed to send it again."""

    message: int
    topic: str
    payload: bytes
    retain: bool
    at: float  # monotonic; of what is remembered, when the PUBACK was noted


class Link:
    """will(n) is the last will of the n-th connection. Callbacks only note; all else happens in the caller's thread."""

    def __init__(
        self, gateway: str, address: BrokerAddress, *, client_id: str, will_topic: str, will: Callable[[int], bytes]
    ):
        self.gateway, self.connections = gateway, 0
        self._will_topic, self._will = will_topic, will
        self.away = False  # on purpose
        self._regained = False
        self._acks: deque[tuple[int, int, int]] = deque()  # packet id, real µs, number of the connection it came over
        self._waiting: dict[int, tuple[int, Sent]] = {}  # packet id -> publication, what was sent
        self._recent: deque[tuple[int, Sent]] = deque(maxlen=RECENT)  # by connection, in the order of PUBACKs
        self.connected = threading.Event()
        self._address, self._client_id = address, client_id
        self._client = self._connect()

    @property
    def outstanding(self) -> int:
        """Publications that no PUBACK came for yet."""
        return len(self._waiting)

    def send(self, publication: int, sent: Sent) -> None:
        """Publishes at QoS 1; while the connection is down, paho keeps it and sends it afterwards."""
        info = self._client.publish(sent.topic, sent.payload, qos=1, retain=sent.retain)
        while info.rc == mqtt.MQTT_ERR_QUEUE_SIZE:  # this packet id is still in use: take the next
            info = self._client.publish(sent.topic, sent.payload, qos=1, retain=sent.retain)
        self._waiting[info.mid] = (publication, sent)

    def collect(self) -> list[tuple[int, int]]:
        """PUBACKs since the last call: (publication, real µs)."""
        found = []
        while self._acks:
            packet, at_us, connection = self._acks.popleft()
            known = self._waiting.pop(packet, None)
            if known:
                found.append((known[0], at_us))
                self._recent.append((connection, known[1]._replace(at=time.monotonic())))
        return found

    def losses(self) -> list[Sent] | None:
        """None while nothing happened; after a reconnection the acknowledged messages to send again, oldest first.

        Of retained states only the newest of each topic stays retained, so that an old one does not come back.
        """
        if not self._regained:
            return None
        self._regained = False
        present = self.connections
        lost = [(c, s) for c, s in self._recent if c < present]
        # Back from the last PUBACK before the loss: one of the present connection may be much later.
        last = {c: s.at for c, s in lost}
        again = [s for c, s in lost if s.at >= last[c] - RESEND_S]
        for _ in lost:
            self._recent.popleft()
        newest = {s.topic: s for s in again if s.retain}
        return [s if not s.retain or newest[s.topic] is s else s._replace(retain=False) for s in again]

    def go_away(self) -> None:
        """Loses the connection as a gateway without power does: no good-bye, so that the broker tells the last will.

        To be called again and again until `come_back`: paho would connect anew.
        """
        self.away = True
        lost = self._client.socket()
        if isinstance(lost, socket.socket):
            with contextlib.suppress(OSError):  # it went by itself this instant
                lost.shutdown(socket.SHUT_RDWR)
        elif not self.connected.is_set():
            self._client.disconnect()  # over nothing: it ends the thread that would connect

    def come_back(self) -> None:
        """Connects again after `go_away`; remembers only what was never acknowledged."""
        self._client.loop_stop()
        self.away = False
        unsure = list(self._waiting.values())
        for memory in (self._waiting, self._recent, self._acks):
            memory.clear()
        self._client = self._connect()
        for publication, sent in unsure:
            self.send(publication, sent)

    def close(self) -> None:
        """Says good-bye (no will) and ends the network thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connect(self) -> mqtt.Client:
        """A client that connects by itself, now and after every loss."""
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, self._client_id, protocol=MQTTProtocolVersion.MQTTv311, clean_session=False
        )
        if self._address.user is not None:
            client.username_pw_set(self._address.user, self._address.password)
        if self._address.tls:
            client.tls_set()
        client.max_inflight_messages_set(INFLIGHT)
        client.max_queued_messages_set(0)
        client.reconnect_delay_set(1, 8)
        client.will_set(self._will_topic, self._will(self.connections), qos=1, retain=True)
        client.on_connect, client.on_disconnect, client.on_publish = self._up, self._down, self._published
        client.connect_async(self._address.host, self._address.port, keepalive=KEEPALIVE_S)
        client.loop_start()
        return client

    def _up(self, client: mqtt.Client, data: Any, flags: Any, reason: ReasonCode, properties: Any) -> None:
        if not reason.is_failure:
            self.connections += 1
            self._regained = self.connections > 1
            self.connected.set()

    def _down(self, client: mqtt.Client, data: Any, flags: Any, reason: ReasonCode, properties: Any) -> None:
        self.connected.clear()
        client.will_set(self._will_topic, self._will(self.connections), qos=1, retain=True)

    def _published(self, client: mqtt.Client, data: Any, mid: int, reason: ReasonCode, properties: Any) -> None:
        self._acks.append((mid, time.time_ns() // 1000, self.connections))
