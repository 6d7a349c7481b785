"""Counts who sends how much, sees who floods, and leaves out what a person limited; no other device is touched.

Counting is by topic, a whole batch at a time (about 0.1 µs a message); topics become devices only when the counts are
written, every few seconds.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import psycopg

from collectors.inbox import Arrived
from collectors.limits import Bucket
from pipeline import metrics
from pipeline.domain.message import DeadLetter, Sender
from pipeline.store import floods
from pipeline.store.floods import Talker

log = logging.getLogger(__name__)
EVERY = timedelta(seconds=10)  # how often the counts are written
SHOWN = 20  # the busiest senders of each lane that are kept by name
TOPICS = 20_000  # distinct topics counted between two writings, about 5 MB; beyond, the rarest are forgotten
MINUTE_S = 60
MINUTES, RARELY = 5, 100  # of older minutes only so many topics are kept, should the database be away for long
LONGEST = 1440  # minutes that are kept at all
SEQUENCED = b"spBv1.0/"  # Sparkplug B counts its messages: one left out looks lost, and would ask for a rebirth
NAME_LENGTH = 200  # of a foreign topic, kept as its sender's name


def sender_of(topic: bytes) -> Talker:
    """Park and device of a topic of docs/wire.md, read as it stands; (None, the topic) for any other."""
    levels = topic.split(b"/", 6)
    if len(levels) == 6 and levels[0] == b"park" and levels[1] == b"v1":
        return _text(levels[2]), _text(levels[4])
    return None, _text(topic)


class Talkers:
    """One lane's senders. Used by the lane's worker thread alone.

    `count` a batch; `admit` it, store what that returns, `settle`, and only then ack the whole batch. While the
    database is away nothing is left out, since its count could not be kept.
    """

    def __init__(self, lane: str, *, foreign: Callable[[str], Sender | None] = lambda _topic: None) -> None:
        """`foreign` tells the sender of a topic outside docs/wire.md, where a source tells it."""
        self.lane, self._foreign = lane, foreign
        self.stale = True
        self._limits: dict[tuple[str, str], floods.DeviceLimit] = {}
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._limited_topics: dict[bytes, floods.DeviceLimit | None] = {}
        self._counts: dict[int, Counter[bytes]] = {}
        self._rejects: Counter[tuple[datetime, str | None, str | None, str]] = Counter()
        self._owed: Counter[tuple[datetime, Talker]] = Counter()
        self._written: datetime | None = None

    def listen(self, conn: psycopg.Connection, *, now: datetime) -> None:
        """Takes the limits as they are, and hears when they change; the connection must listen to `park` already."""
        conn.add_notify_handler(self._notified)
        self._load(conn, now)

    def count(self, arrived: list[Arrived]) -> None:
        """Counts a batch by its topics, as of its first message's minute."""
        if not arrived:
            return
        minute = int(arrived[0].received.timestamp()) // MINUTE_S
        counts = self._counts.get(minute)
        if counts is None:
            counts = self._begin(minute)
        counts.update([item.topic for item in arrived])
        if len(counts) > TOPICS:
            self._counts[minute] = Counter(dict(counts.most_common(TOPICS // 2)))

    def _begin(self, minute: int) -> Counter[bytes]:
        """A minute's counts; what waits for the database from before must not fill the memory."""
        for old in list(self._counts)[-MINUTES - 1 : -MINUTES]:
            self._counts[old] = Counter(dict(self._counts[old].most_common(RARELY)))
        if len(self._counts) >= LONGEST:
            del self._counts[next(iter(self._counts))]
        return self._counts.setdefault(minute, Counter())

    def admit(self, arrived: list[Arrived]) -> list[Arrived]:
        """What may pass by its received time, in order; the rest is counted, and owed to the database till `settle`."""
        if not self._limits:
            return arrived
        return [item for item in arrived if self._passes(item)]

    def take_back(self) -> None:
        """Nothing was left out after all: what was admitted last went to the spool with the rest."""
        self._owed.clear()

    @property
    def owes(self) -> bool:
        """Whether something was left out that the database does not know of yet: it must not be acked."""
        return bool(self._owed)

    def rejected(self, letters: Iterable[DeadLetter]) -> None:
        """Counts messages that became dead letters."""
        for letter in letters:
            self._rejects[_minute(letter.received), letter.park_id, letter.device_id, letter.reason] += 1

    def due(self, now: datetime) -> bool:
        """Whether there is something to write at `now` even where no message came."""
        return self._written is None or not timedelta(0) <= now - self._written < EVERY

    def settle(
        self,
        conn: psycopg.Connection,
        *,
        now: datetime,
        connected: bool = True,
        inbox: int = 0,
        waited_s: float | None = None,
        trouble: str | None = None,
    ) -> None:
        """Makes durable what was left out, takes new limits to heart, and writes rates and state when they are due."""
        if self._owed:
            with conn.transaction():
                floods.keep_limited(conn, self.lane, self._owed)
            metrics.COLLECTOR_LIMITED.labels(self.lane).inc(self._owed.total())
            self._owed.clear()
        if self.stale:
            self._load(conn, now)
        if self.due(now):
            state = floods.LaneState(self.lane, now, connected, inbox, waited_s, trouble)
            self._write(conn, state, (now - self._written) if self._written else EVERY)
            self._written = now

    def _passes(self, item: Arrived) -> bool:
        topic = item.topic
        try:
            limit = self._limited_topics[topic]
        except KeyError:
            limit = self._look_up(topic)
        if limit is None or (limit.until is not None and item.received >= limit.until):
            return True
        key = (limit.park_id, limit.device_id)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(limit.per_minute)
        if bucket.take(item.received.timestamp()):
            return True
        self._owed[_minute(item.received), (limit.park_id, limit.device_id)] += 1
        return False

    def _resolve(self, topic: bytes) -> Talker:
        talker = sender_of(topic)
        if talker[0] is None and (sender := self._foreign(topic.decode(errors="replace"))) is not None:
            return sender.park_id, sender.device_id
        return talker

    def _look_up(self, topic: bytes) -> floods.DeviceLimit | None:
        """The limit that counts for a topic: readings only, unless the person said everything."""
        if len(self._limited_topics) > TOPICS:
            self._limited_topics.clear()
        park, device = self._resolve(topic)
        limit = self._limits.get((park, device)) if park is not None else None
        if topic.startswith(SEQUENCED):
            limit = None
        if limit is not None and not limit.everything and topic.startswith(b"park/v1/"):
            limit = limit if topic.endswith(b"/readings") else None
        self._limited_topics[topic] = limit
        return limit

    def _load(self, conn: psycopg.Connection, now: datetime) -> None:
        before = self._limits
        with conn.transaction():
            self._limits = {(x.park_id, x.device_id): x for x in floods.limits(conn, now=now)}
        changed = {key for key in before.keys() | self._limits.keys() if before.get(key) != self._limits.get(key)}
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if key not in changed}
        self._limited_topics.clear()
        self.stale = False
        for park, device in sorted(changed):
            log.info("lane %s: limit of %s in %s: %s", self.lane, device, park, self._limits.get((park, device)))

    def _write(self, conn: psycopg.Connection, state: floods.LaneState, passed: timedelta) -> None:
        seconds = max(1.0, passed.total_seconds())
        by_minute: dict[int, Counter[Talker]] = {}
        total: Counter[Talker] = Counter()
        for minute, topics in self._counts.items():
            talkers = by_minute.setdefault(minute, Counter())
            for topic, count in topics.items():
                talkers[self._resolve(topic)] += count
            total.update(talkers)
        rejecting = {(park, device) for _, park, device, _ in self._rejects if device is not None}
        rows: dict[tuple[datetime, Talker], int] = {}
        for minute, talkers in by_minute.items():
            at = datetime.fromtimestamp(minute * MINUTE_S, UTC)
            chosen = dict(talkers.most_common(SHOWN)) | {t: talkers[t] for t in rejecting if t in talkers}
            rows |= {(at, talker): count for talker, count in chosen.items()}
        peaks = {talker: count / seconds for talker, count in total.items()}
        with conn.transaction():
            floods.keep_rates(conn, self.lane, rows, peaks=peaks)
            floods.keep_rejects(conn, self.lane, self._rejects)
            floods.keep_lane(conn, state)
        metrics.COLLECTOR_BUSIEST.labels(self.lane).set(max(peaks.values(), default=0.0))
        self._counts.clear()
        self._rejects.clear()

    def _notified(self, notice: psycopg.Notify) -> None:
        if notice.payload.startswith("limit:"):
            self.stale = True


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _text(name: bytes) -> str:
    return name.decode(errors="replace").replace("\x00", "\ufffd")[:NAME_LENGTH]
