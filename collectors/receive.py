"""A lean MQTT 3.1.1 receive path under paho's session: whole chunks of PUBLISH packets, acked in one write.

paho spends 35 µs on a message (a `Condition`, logging and several one-byte reads each), this 2. Everything else,
from CONNECT to keep-alive, stays paho's: packets other than PUBLISH are handed to it. What of paho's this stands on
is checked against paho itself by tests/collectors/test_receive.py; pyproject.toml pins the release. Decision 0010.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from paho.mqtt.client import Client, time_func
from paho.mqtt.enums import MQTTErrorCode

CHUNK = 256 * 1024  # bytes read at once
PACE_S = 0.003  # after a small chunk: the next is larger, and threads wake hundreds of times a second, not thousands
SMALL = 16_000  # bytes; TLS never gives more than 16 KiB at once
PUBACK = 0x4002  # type and remaining length
LONGEST_LENGTH = 4  # bytes of an MQTT "remaining length"
_PUBLISH, _PUBACK = 0x30, 0x40


class Published(NamedTuple):
    """One PUBLISH packet as it came; mid is 0 at QoS 0."""

    topic: bytes
    payload: bytes
    mid: int
    qos: int
    retained: bool


class MalformedError(Exception):
    """The broker sent something that is not MQTT 3.1.1; the connection is of no use any more."""


class LeanClient(Client):
    """paho's client, but PUBLISH packets go to `on_chunk` as lists, and are acked by `ack_all`."""

    def __init__(self, *args: Any, on_chunk: Callable[[list[Published]], None], **named: Any) -> None:
        super().__init__(*args, **named)
        self._on_chunk = on_chunk
        self._pending = bytearray()
        self._wanted = 2

    def reconnect(self) -> MQTTErrorCode:
        """Begins a connection; nothing of the last one's bytes is left."""
        self._pending.clear()
        self._wanted = 2
        return super().reconnect()

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Reads what the socket has, up to a chunk; paho's loop calls it when there is something."""
        if self._sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        try:
            data = self._sock_recv(CHUNK)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        if not data:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        with self._msgtime_mutex:
            self._last_bytes_received = time_func()
        self._pending += data
        if len(self._pending) < self._wanted:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        return self._take()

    def ack_all(self, mids: Iterable[int]) -> None:
        """Acks QoS 1 messages of the present connection, in one write."""
        numbers = np.fromiter(mids, dtype=">u2")
        if len(numbers):
            packets = np.empty((len(numbers), 2), dtype=">u2")
            packets[:, 0] = PUBACK
            packets[:, 1] = numbers
            self._packet_queue(_PUBACK, packets.tobytes(), int(numbers[-1]), 1)

    def _take(self) -> MQTTErrorCode:
        """Everything whole in what was read; what is not stays for the next read."""
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        try:
            found, others, used, self._wanted = split(bytes(self._pending))
        except MalformedError:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_PROTOCOL)
        del self._pending[:used]
        # First the others: a CONNACK may share its read with the first messages, which belong to the connection that it
        # opens. Counted to the one before they would never be acked, and keep their places in the broker's window.
        for command, body in others:
            self._in_packet["command"] = command
            self._in_packet["remaining_length"] = len(body)
            self._in_packet["packet"] = bytearray(body)
            self._in_packet["pos"] = 0
            code = self._packet_handle()
            if code:
                return self._loop_rc_handle(code)
            if self._sock is None:
                return MQTTErrorCode.MQTT_ERR_NO_CONN
        if found:
            self._on_chunk(found)
            if used < SMALL:
                time.sleep(PACE_S)
        return code


def split(data: bytes) -> tuple[list[Published], list[tuple[int, bytes]], int, int]:
    """(PUBLISH packets, other packets as (command, body), bytes used, bytes needed before another look is worth it).

    Packets keep their order among their kind. Raises MalformedError.
    """
    found: list[Published] = []
    others: list[tuple[int, bytes]] = []
    at, end = 0, len(data)
    while end - at >= 2:
        command = data[at]
        length = data[at + 1]
        start = at + 2
        if length & 0x80:
            measured = _length(data, at + 1)
            if measured is None:
                break
            length, start = measured
        stop = start + length
        if stop > end:
            return found, others, at, stop - at
        if command & 0xF0 == _PUBLISH:
            qos = (command >> 1) & 3
            body = start + 2 + (data[start] << 8 | data[start + 1]) if length >= 2 else stop + 1
            mid = 0
            if qos and body + 2 <= stop:
                mid = data[body] << 8 | data[body + 1]
            payload = body + 2 if qos else body
            if payload > stop or qos == 3:
                raise MalformedError
            found.append(Published(data[start + 2 : body], data[payload:stop], mid, qos, bool(command & 1)))
        else:
            others.append((command, data[start:stop]))
        at = stop
    return found, others, at, 2


def _length(data: bytes, at: int) -> tuple[int, int] | None:
    """(remaining length, where the packet's body starts); None where more bytes are needed."""
    length = 0
    for place in range(LONGEST_LENGTH):
        if at + place >= len(data):
            return None
        byte = data[at + place]
        length |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            return length, at + place + 1
    raise MalformedError
