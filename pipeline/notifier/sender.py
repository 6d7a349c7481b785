"""Takes messages out of the outbox, sends them from a few threads, and records what became of each. Sending is outside
of any transaction: a sender that dies between sending and recording leaves the message to the next one, which sends it
again under the same key."""

import logging
import queue
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

import psycopg

from pipeline import metrics
from pipeline.domain.clock import Clock
from pipeline.domain.notification import Delivery, DeliveryError, DeliveryState, Urgency, verdict
from pipeline.notifier.channels import Send
from pipeline.store import outbox
from pipeline.store.outbox import Claimed

log = logging.getLogger(__name__)
LEASE_TIMEOUTS, LEASE_S = 3, 2.0  # a lease lasts so many timeouts and a little: nobody sends for longer


class Sent(NamedTuple):
    """One attempt, and what the provider said."""

    message: Claimed
    said: Delivery


class Sender:
    """What one notifier has under way. The connection is in autocommit mode, and may be another after an outage: what
    was sent meanwhile is kept until it is recorded."""

    def __init__(self, channels: Mapping[str, Send], *, clock: Clock, timeout_s: float, workers: int) -> None:
        self.mine = uuid4()
        self._channels, self._clock, self._workers = channels, clock, workers
        self._lease = timedelta(seconds=(LEASE_TIMEOUTS * timeout_s + LEASE_S) * clock.speed)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="send")
        self._sent: queue.SimpleQueue[Sent] = queue.SimpleQueue()
        self._unrecorded: list[Sent] = []
        self._under_way = 0

    @property
    def busy(self) -> bool:
        """Whether anything is under way or not yet recorded."""
        return bool(self._under_way or self._unrecorded)

    def turn(self, conn: psycopg.Connection, now: datetime, *, wait_s: float) -> int:
        """Records, ends what nobody needs, claims and begins. Waits up to `wait_s` for a first answer where there was
        nothing to claim. Returns how many were begun."""
        self.record(conn, now)
        for channel, error in outbox.expire(conn, now=now):
            metrics.NOTIFICATIONS.labels(channel, error).inc()
        begun = 0
        if free := self._workers - self._under_way:
            claimed = outbox.claim(conn, mine=self.mine, most=free, lease=now + self._lease, now=now)
            for message in claimed:
                self._under_way += 1
                self._pool.submit(self._send, message)
            begun = len(claimed)
        if begun == 0 or self._under_way >= self._workers:
            self.wait(wait_s)
        waiting, oldest_s = outbox.standing(conn, now=now)
        metrics.OUTBOX_WAITING.set(waiting)
        metrics.OUTBOX_OLDEST.set(oldest_s)
        return begun

    def wait(self, seconds: float) -> None:
        """Until an answer is there, or the time is over."""
        try:
            self._take(self._sent.get(timeout=seconds))
        except queue.Empty:
            return

    def record(self, conn: psycopg.Connection, now: datetime) -> None:
        """Writes what became of what was sent. What cannot be written now is kept."""
        while not self._sent.empty():
            self._take(self._sent.get())
        while self._unrecorded:
            self._record(conn, self._unrecorded[0], now)
            del self._unrecorded[0]

    def close(self, conn: psycopg.Connection, *, within_s: float) -> None:
        """Waits for what is under way, and records it."""
        ends = time.monotonic() + within_s
        while self.busy and time.monotonic() < ends:
            if not self._unrecorded:
                self.wait(max(0.0, ends - time.monotonic()))
            self.record(conn, self._clock.now())
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _take(self, sent: Sent) -> None:
        self._under_way -= 1
        self._unrecorded.append(sent)

    def _send(self, message: Claimed) -> None:
        begun = time.perf_counter()
        try:
            said = self._channels[message.channel](message, self._clock.now())
        except Exception as error:
            log.exception("message %d could not be sent", message.notification)
            said = Delivery(DeliveryError.INVALID, f"{type(error).__name__}: {error}")
        metrics.NOTIFY_SECONDS.labels(message.channel).observe(time.perf_counter() - begun)
        self._sent.put(Sent(message, said))

    def _record(self, conn: psycopg.Connection, sent: Sent, now: datetime) -> None:
        message, said = sent
        after = None if said.retry_after_s is None else said.retry_after_s * self._clock.speed
        what = verdict(
            Delivery(said.error, said.text, said.provider_id, after), key=message.key, attempt=message.attempts,
            urgency=Urgency(message.urgency), made=message.made, deadline=message.deadline, now=now,
        )  # fmt: skip
        metrics.NOTIFICATIONS.labels(message.channel, said.error or "accepted").inc()
        if not outbox.record(conn, message, said, what, mine=self.mine, now=now):
            log.warning("message %d took longer than its lease: another notifier sends it again", message.notification)
        elif what.state is DeliveryState.FAILED:
            log.warning(
                "message %d by %s failed: %s (%s)", message.notification, message.channel, said.error, said.text
            )
