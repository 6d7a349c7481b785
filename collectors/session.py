"""One lane's MQTT session: persistent, QoS 1, acked by hand after the data are durable, bounded by its inbox."""

import logging
import ssl
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, ConnectFlags, DisconnectFlags, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from collectors.inbox import Arrived, Inbox
from collectors.lanes import Lane
from collectors.receive import LeanClient, Published
from pipeline import metrics
from pipeline.address import BrokerAddress
from pipeline.domain.clock import Clock

log = logging.getLogger(__name__)
KEEPALIVE_S = 30
BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Session:
    """Receives one lane's messages on a thread of its own until `stop`. Reconnects only while `may_connect` says so."""

    def __init__(
        self, lane: Lane, address: BrokerAddress, *, clock: Clock, inbox: int, may_connect: Callable[[], bool]
    ) -> None:
        self.lane, self._address, self._clock, self._may_connect = lane, address, clock, may_connect
        self.inbox = Inbox(inbox)
        self.connected = False
        self.subscribed = False  # only from then on does the broker keep what is published for this lane
        self._connection = 0
        self._newest = datetime.min.replace(tzinfo=UTC)
        self._guard = threading.Lock()
        self._deaf = False
        self._stop = threading.Event()
        self._gone = threading.Event()
        self.refused: str | None = None
        self._client = self._make_client()
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{lane.name}", daemon=True)

    def start(self) -> None:
        """Begins to connect and receive."""
        self._thread.start()

    def go_deaf(self) -> None:
        """Takes no more messages; what arrives now stays un-acked, so the broker keeps it for the next holder."""
        self._deaf = True

    def ack(self, messages: Iterable[Arrived]) -> None:
        """Tells the broker that these are durable; those of an earlier connection will be delivered again instead."""
        with self._guard:
            if self.connected:
                self._client.ack_all(m.mid for m in messages if m.qos and m.connection == self._connection)

    def publish(self, topic: str, payload: bytes, *, qos: int = 0) -> bool:
        """Sends a command to a device, never retained; False where there is no connection now."""
        if not self.connected:
            return False
        return self._client.publish(topic, payload, qos).rc == MQTT_ERR_SUCCESS

    def leave(self) -> None:
        """Asks to disconnect in good order; the session and its queue stay at the broker."""
        self._stop.set()
        self._client.disconnect()

    def stop(self) -> None:
        """Disconnects, and waits until the network thread has ended."""
        self.leave()
        if self._thread.ident is not None:
            self._thread.join(timeout=10)

    def _make_client(self) -> LeanClient:
        client = LeanClient(
            CallbackAPIVersion.VERSION2,
            client_id=self.lane.client_id,
            clean_session=False,
            protocol=MQTTv311,
            manual_ack=True,
            reconnect_on_failure=False,
            on_chunk=self._on_chunk,
        )
        if self._address.user is not None:
            client.username_pw_set(self._address.user, self._address.password)
        if self._address.tls:
            client.tls_set(cert_reqs=ssl.CERT_REQUIRED)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        return client

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            if self._may_connect():
                before = self._connection
                self._connect_and_wait()
                failures = 0 if self._connection > before else failures + 1
            self._stop.wait(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])

    def _connect_and_wait(self) -> None:
        """One connection, from first to last byte, on paho's own thread.

        Not `loop_forever`: without a thread of paho's, an ack would write to the socket from the worker, and find
        itself in `_on_disconnect`, which waits for the lock that the worker holds.
        """
        self._gone.clear()
        try:
            self._client.connect(self._address.host, self._address.port, keepalive=KEEPALIVE_S)
        except OSError as error:
            log.warning("lane %s cannot reach the broker: %s", self.lane.name, error)
            return
        if self._stop.is_set():  # told to leave while it connected, before there was anything to disconnect
            self._client.disconnect()
            return
        self._client.loop_start()
        self._gone.wait()
        self._client.loop_stop()

    def _on_connect(
        self, client: Client, _user: Any, _flags: ConnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:
            log.error("the broker refuses lane %s: %s", self.lane.name, code)
            return
        with self._guard:
            self._connection += 1
            self.connected = True
        metrics.COLLECTOR_CONNECTED.labels(self.lane.name).set(1)
        client.subscribe([(filter_, 1) for filter_ in self.lane.filters])

    def _on_disconnect(
        self, _client: Client, _user: Any, _flags: DisconnectFlags, _code: ReasonCode, _properties: Properties | None
    ) -> None:
        with self._guard:
            self.connected = self.subscribed = False
        self._gone.set()
        metrics.COLLECTOR_CONNECTED.labels(self.lane.name).set(0)

    def _on_chunk(self, chunk: list[Published]) -> None:
        # Only enqueue: what raises here would end the network thread. Waiting is for QoS 0 only: the broker's window
        # bounds the rest.
        #
        # No two messages are received at one instant: it is the time, and so the key, of readings that bring none of
        # their own, and what is second under one key counts as a contradiction.
        now, connection = max(self._clock.now(), self._newest + timedelta(microseconds=1)), self._connection
        arrived = [
            Arrived(topic, payload, now + timedelta(0, 0, n), mid, qos, connection, kept)
            for n, (topic, payload, mid, qos, kept) in enumerate(chunk)
        ]
        self._newest = arrived[-1].received
        self.inbox.put(arrived, unless=self._is_deaf)

    def _is_deaf(self) -> bool:
        return self._deaf

    def _on_subscribe(
        self, _client: Client, _user: Any, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [filter_ for filter_, code in zip(self.lane.filters, codes, strict=False) if code.is_failure]
        self.refused = ", ".join(refused) or None
        self.subscribed = True
        if refused:
            log.error("the broker refuses lane %s its filters: %s", self.lane.name, self.refused)
