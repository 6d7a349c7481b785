"""What a lane has taken from the broker and not yet made durable: chunks in arrival order, bounded in messages."""

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

LARGEST = 4_000_000  # bytes of payload: a batch of large messages closes early, or one transaction would take seconds


class Arrived(NamedTuple):
    """One delivery; `connection` numbers the connection that it came over, the only one it may be acked on.

    retained: the broker kept it, perhaps for months; it says nothing about now.
    """

    topic: bytes
    payload: bytes
    received: datetime
    mid: int
    qos: int
    connection: int
    retained: bool = False


class Inbox:
    """A queue of chunks between one thread that receives and one that stores."""

    def __init__(self, size: int) -> None:
        """`size`: how many messages may wait; a chunk may go above it, the next then waits."""
        self._size = size
        self._chunks: deque[tuple[float, list[Arrived]]] = deque()  # with the instant of their coming, monotonic
        self._waiting = 0
        self._wake_at = 1  # messages; whoever takes is not woken for fewer
        self._changed = threading.Condition()

    def put(self, chunk: list[Arrived], *, unless: Callable[[], bool], look_s: float = 0.5) -> bool:
        """Waits for room, as long as `unless()` is false; False where the chunk was not taken."""
        with self._changed:
            while self._waiting >= self._size and not unless():
                self._changed.wait(look_s)
            if unless():
                return False
            self._chunks.append((time.monotonic(), chunk))
            self._waiting += len(chunk)
            if self._waiting >= self._wake_at:
                self._changed.notify_all()
            return True

    def get(self, *, timeout_s: float, at_most: int, linger_s: float = 0.0) -> list[Arrived]:
        """What waits, oldest first; empty after `timeout_s` seconds of nothing.

        As soon as there is anything, or once the oldest has waited for `linger_s`: then in one go, without a thread
        woken for every chunk. At most so many messages, and no further chunk after LARGEST bytes.
        """
        with self._changed:
            if not self._chunks:
                self._changed.wait(timeout_s)
            if self._chunks and linger_s > 0:
                closes = self._chunks[0][0] + linger_s
                self._wake_at = min(at_most, self._size)
                while self._waiting < self._wake_at and (left := closes - time.monotonic()) > 0:
                    self._changed.wait(left)
                self._wake_at = 1
            taken: list[Arrived] = []
            size = 0
            while self._chunks and len(taken) < at_most and size < LARGEST:
                came, chunk = self._chunks.popleft()
                room = at_most - len(taken)
                if len(chunk) > room:
                    self._chunks.appendleft((came, chunk[room:]))
                    chunk = chunk[:room]
                taken += chunk
                size += sum(len(one.payload) for one in chunk)
            self._waiting -= len(taken)
            self._changed.notify_all()
            return taken

    def __len__(self) -> int:
        """Messages that wait."""
        return self._waiting

    @property
    def full(self) -> bool:
        """Whether the next chunk has to wait."""
        return self._waiting >= self._size
