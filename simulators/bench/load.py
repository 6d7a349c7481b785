"""The load: a lean MQTT 3.1.1 publisher at QoS 1, open loop, in a process of its own so that its CPU is told apart.

It keeps to its schedule whatever the broker does: what it could not send in time is reported, not forgiven. Orders
come as JSON lines on standard input, progress goes to standard output; it ends with the pipe.
"""

import json
import select
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

import numpy as np

from simulators.bench import scenario
from simulators.bench.scenario import VERSIONS, Block, Field, Scenario

TICK_S = 0.01  # one connection's turn; with ten connections each speaks every 100 ms
REPORT_S = 0.5
ACKS_WITHIN_S = 20.0
WINDOW = 4000  # un-acked messages a connection may have, where it has as many packet ids
SEND_BUFFER = 1 << 20


class Frames:
    """A block's PUBLISH packets, VERSIONS rows a sender, ready but for time and cycle; all rows are as long as each
    other, so that columns are fields. Message n is row n of its cycle: its values and packet id follow from the row."""

    def __init__(self, plan: Scenario, block: Block, *, run: str) -> None:
        rows = []
        for number in range(len(block.senders) * VERSIONS):
            slot = number % len(block.senders)
            topic = plan.topic(block, block.senders[slot]).encode()
            body, fields, values = bytearray(), [], scenario.values(number, block.readings)
            for part in scenario.payload(block, slot, run=run, number=number):
                if part is Field.VALUE:
                    body += b"%.2f" % next(values)
                elif isinstance(part, Field):
                    fields.append((part, len(body)))
                    body += b"0" * part.value
                else:
                    body += part.encode()
            head = b"\x32" + length(4 + len(topic) + len(body)) + struct.pack(">H", len(topic)) + topic
            rows.append(head + struct.pack(">H", number + 1) + bytes(body))
        start = len(head) + 2
        self.senders, self.size = len(block.senders), len(rows[0])
        self.cycle = next(start + at for field, at in fields if field is Field.CYCLE)
        self.times = np.concatenate([np.arange(start + at, start + at + 13) for f, at in fields if f is Field.TIME])
        self.rows = np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), self.size).copy()

    def fill(self, first: int, count: int, at_ms: int) -> list[memoryview]:
        """The packets of messages first … first + count, with their time, ready to be sent; count <= senders."""
        cycle, begin = divmod(first, len(self.rows))
        until_end = min(count, len(self.rows) - begin)
        pieces = [self._fill(slice(begin, begin + until_end), cycle, at_ms)]
        if count > until_end:
            pieces.append(self._fill(slice(0, count - until_end), cycle + 1, at_ms))
        return pieces

    def _fill(self, which: slice, cycle: int, at_ms: int) -> memoryview:
        rows = self.rows[which]
        rows[:, self.cycle : self.cycle + Field.CYCLE.value] = np.frombuffer(b"%09d" % cycle, np.uint8)
        rows[:, self.times] = np.frombuffer(b"%013d" % at_ms * (len(self.times) // 13), np.uint8)
        return rows.reshape(-1).data


def length(size: int) -> bytes:
    """MQTT's remaining length."""
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)


class Line:
    """One connection: what it sent, what was acknowledged, and what the kernel would not take yet."""

    def __init__(self, frames: Frames, address: tuple[str, int], *, client_id: str, user: str, password: str) -> None:
        self.frames, self.sent, self.acks, self._rest = frames, 0, 0, b""
        self._socket = socket.create_connection(address, timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        body = b"\0\x04MQTT\x04" + (b"\xc0" if user else b"\0") + b"\0\0"  # a persistent session, no keep-alive
        for text in (client_id, user, password) if user else (client_id,):
            body += struct.pack(">H", len(text)) + text.encode()
        self._socket.sendall(b"\x10" + length(len(body)) + body)
        answer = self._socket.recv(4)
        if len(answer) != 4 or answer[3]:
            raise ConnectionError(f"the broker refuses {client_id}: {answer.hex()}")
        self._socket.setblocking(False)
        self._heard = bytearray(1 << 16)

    @property
    def acked(self) -> int:
        """Messages acknowledged; nothing but PUBACKs of four bytes comes back."""
        return self.acks // 4

    def hear(self) -> None:
        """Takes what acknowledgements are there."""
        try:
            got = self._socket.recv_into(self._heard)
        except BlockingIOError:
            return
        if not got:
            raise ConnectionError("the broker closed a connection of the load")
        self.acks += got

    def room(self) -> int:
        """How many messages may go out now: none before what the kernel refused is gone."""
        if self._rest:
            try:
                self._rest = self._rest[self._socket.send(self._rest) :]
            except BlockingIOError:
                return 0
        window = min(WINDOW, len(self.frames.rows))
        return 0 if self._rest else min(window - (self.sent - self.acked), self.frames.senders)

    def say(self, count: int, at_ms: int) -> None:
        """Sends the next `count` messages with one system call."""
        pieces = self.frames.fill(self.sent, count, at_ms)
        self.sent += count
        try:
            done = self._socket.sendmsg(pieces)
        except BlockingIOError:
            done = 0
        if done < count * self.frames.size:  # the rows are patched again before the kernel takes the rest
            self._rest = b"".join(pieces)[done:]


def publish(
    lines: list[Line], *, rate: float, seconds: float, report: Callable[[dict[str, Any]], bool]
) -> list[tuple[int, int, int, int]]:
    """Publishes `rate` messages a second; `report` is told twice a second and answers whether to go on.

    Returns what was sent: (time in ms, connection, first number, count), each time once.
    """
    before, base = sum(line.sent for line in lines), sum(line.acked for line in lines)
    said: list[tuple[int, int, int, int]] = []
    begun = time.perf_counter()
    sent = turn = at_ms = 0
    told = 0.0
    while (now := time.perf_counter() - begun) < seconds:
        number = turn % len(lines)
        line = lines[number]
        line.hear()
        count = min(int(rate * now) - sent, line.room())
        if count > 0:
            at_ms = max(at_ms + 1, time.time_ns() // 1_000_000)
            said.append((at_ms, number, line.sent, count))
            line.say(count, at_ms)
            sent += count
        if now - told >= REPORT_S:
            told = now
            acked = sum(line.acked for line in lines) - base
            if not report({"at_s": now, "due": int(rate * now), "sent": sent, "acked": acked}):
                seconds = now
        turn += 1
        time.sleep(max(0.0, begun + turn * TICK_S - time.perf_counter()))
    due = int(rate * seconds)
    deadline = time.perf_counter() + ACKS_WITHIN_S
    while sum(line.acked for line in lines) - base < sent and time.perf_counter() < deadline:
        for line in lines:
            line.hear()
            line.room()
        time.sleep(TICK_S)
    acked = sum(line.acked for line in lines) - base
    assert sum(line.sent for line in lines) - before == sent  # noqa: S101
    report({"at_s": seconds, "due": due, "sent": sent, "acked": acked, "done": True})
    return said


def main(orders: TextIO, answers: TextIO) -> None:
    """Connects as the first line says, then publishes as each further line says, until the pipe ends."""

    def tell(words: dict[str, Any]) -> None:
        answers.write(json.dumps(words) + "\n")
        answers.flush()

    def report(progress: dict[str, Any]) -> bool:
        if progress.get("done"):
            return True
        tell(progress)
        return not select.select([orders], [], [], 0)[0] or orders.readline().strip() != "stop"

    first = json.loads(orders.readline())
    make = {"messages": scenario.messages, "packs": scenario.packs}[first["kind"]]
    plan = make(first["senders"], connections=first["connections"])
    run = f"{time.time_ns() // 1_000_000_000:x}"
    lines = [
        Line(
            Frames(plan, block, run=run), (first["host"], first["port"]),
            client_id=f"{plan.park_id}-{number}", user=first["user"], password=first["password"],
        )
        for number, block in enumerate(plan.blocks)
    ]  # fmt: skip
    tell({"ready": True})
    while words := orders.readline():
        if words.strip() == "stop":
            continue  # it came too late to stop anything
        order = json.loads(words)
        last: dict[str, Any] = {}

        def note(progress: dict[str, Any], last: dict[str, Any] = last) -> bool:
            last.update(progress)
            return report(progress)

        said = publish(lines, rate=order["rate"], seconds=order["seconds"], report=note)
        np.save(order["ledger"], np.array(said, np.int64).reshape(-1, 4))
        tell(last)


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
