"""One lane's spool on disk: what it keeps while the database is away, acknowledged as soon as it is fsynced, and handed
out again in order. Bounded; owned by one process at a time, whoever holds the lane.

    PARK_SPOOL/<lane>/lock              held (flock) by the owner
    PARK_SPOOL/<lane>/000000000001.spool  segments, oldest first (collectors/spool_segment.py)
    PARK_SPOOL/<lane>/aside/            segments of which a part could not be read
"""

import fcntl
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote
from uuid import UUID

from collectors import spool_repair
from collectors.spool_segment import HEAD, SUFFIX, Damage, DamagedError, Kept, Record, Seal, Segment, sync_folder
from pipeline import metrics
from pipeline.domain.errors import Unavailable
from pipeline.store.spool import Position

log = logging.getLogger(__name__)
SEGMENT_BYTES = 16 * 2**20
GROUP_BYTES = 4 * 2**20  # payload of one record: what is read back at once
PORTION_BYTES = 8 * 2**20


class Portion(NamedTuple):
    """The next messages of one segment, in order, record by record; `first` is where they begin."""

    segment: UUID
    first: Position
    records: list[tuple[int, list[Kept]]]
    end: int

    def kept(self) -> list[Kept]:
        """All messages."""
        return [kept for _, messages in self.records for kept in messages]

    def reached(self, count: int) -> Position:
        """The position after the first `count` messages."""
        skipped = self.first.message
        for number, messages in self.records:
            if count < len(messages):
                return Position(number, skipped + count)
            count, skipped = count - len(messages), 0
        return Position(self.records[-1][0] + 1, 0)


class Spool:
    """One thread appends, one other takes `portion`s and says when they are `done`; anybody may look at the figures."""

    def __init__(self, root: Path, lane: str, *, key: bytes, limit_bytes: int) -> None:
        self.root, self.lane, self._limit = root, lane, limit_bytes
        self.folder = root / quote(lane, safe="")
        self.messages = 0
        self._seal = Seal(key, lane)
        self._guard = threading.Lock()
        self._lock = -1
        self._segments: deque[Segment] = deque()
        self._active: Segment | None = None
        self._number = 0
        self._at = HEAD.size  # what of the first segment was handed out and is stored
        self._from: Position | None = None
        self._damaged = False
        self._used, self._looked = 0, -1.0

    @property
    def owned(self) -> bool:
        """Whether this process has the folder."""
        return self._lock >= 0

    @property
    def empty(self) -> bool:
        """Nothing is waiting (or it is somebody else's)."""
        return not self._segments

    @property
    def bytes(self) -> int:
        """Size of its files."""
        return sum(segment.end for segment in list(self._segments))

    @property
    def oldest(self) -> datetime | None:
        """When the first waiting message was received."""
        with self._guard:
            for place in self._segments[0].records(self._at) if self._segments else ():
                if isinstance(place, Record):
                    return datetime.fromtimestamp(place.oldest, UTC)
        return None

    def acquire(self) -> bool:
        """Takes the folder and looks through what lies there, unless another process has it. OSError."""
        if self.owned:
            return True
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        found, self._number = spool_repair.load(self.folder, self.lane, self._seal)
        self._segments.extend(segment for segment, _ in found)
        self.messages = sum(messages for _, messages in found)
        return True

    def release(self) -> None:
        """Lets another process have the folder; what is in it stays."""
        with self._guard:
            for segment in self._segments:
                segment.close()
            self._segments.clear()
            self._active, self.messages = None, 0
            self._at, self._from, self._damaged = HEAD.size, None, False
            if self.owned:
                os.close(self._lock)
                self._lock = -1

    def append(self, kept: Sequence[Kept]) -> list[tuple[UUID, int, int]]:
        """Keeps messages: on disk when this returns. Where they are: segment, record, and how many in each.

        Raises Unavailable where the spool is full or another process has it, OSError where the disk fails: then
        nothing of them is kept.
        """
        if not self.acquire():
            raise Unavailable(f"the spool of lane {self.lane} is in another process's hands")
        groups = list(_groups(kept))
        with self._guard:
            self._check_room(sum(len(k.topic) + len(k.payload) for k in kept))
            segment = self._active or self._begin()
            first, end = segment.number, segment.end
            try:
                segment.append(groups)
            except OSError:
                self._abandon(segment, end)
                raise
            self.messages += len(kept)
            self._used += segment.end - end
            if segment.end >= SEGMENT_BYTES:
                self._active = None
            return [(segment.uuid, first + n, len(group)) for n, group in enumerate(groups)]

    def portion(self, at_most: int, position: Callable[[UUID], Position]) -> Portion | None:
        """The next messages, about `at_most`, of one segment; None where nothing waits.

        `position` tells how far a segment is stored already; it is asked once for each.
        """
        while self._segments:
            segment = self._segments[0]
            if self._from is None:
                self._from = position(segment.uuid)
            records, end, size = [], self._at, 0
            for place in segment.records(self._at):
                kept = self._take(segment, place)
                end = place.end
                if kept:
                    assert isinstance(place, Record)  # noqa: S101 - damage holds no messages
                    records.append((place.number, kept))
                    size += sum(len(k.payload) for k in kept)
                    if sum(len(k) for _, k in records) >= at_most or size >= PORTION_BYTES:
                        break
            if records:
                first = self._from if self._from.record == records[0][0] else Position(records[0][0], 0)
                return Portion(segment.uuid, first, records, end)
            self._at = end
            self._finish()
        return None

    def done(self, portion: Portion) -> None:
        """A portion is stored: goes on after it, and removes what is stored whole."""
        self._at, self._from = portion.end, portion.reached(len(portion.kept()))
        with self._guard:
            self.messages -= len(portion.kept())
        self._finish()

    def _take(self, segment: Segment, place: Record | Damage) -> list[Kept]:
        """What of a record is not stored yet; nothing, and said loudly, where it cannot be read."""
        assert self._from is not None  # noqa: S101 - portion asked for it
        if isinstance(place, Record) and place.number < self._from.record:
            self._count(-place.messages)
            return []
        if isinstance(place, Damage):
            self._report(segment, "a part")
            return []
        try:
            kept = segment.read(place)
        except DamagedError:
            self._report(segment, f"record {place.number} of {place.messages} messages")
            self._count(-place.messages)
            return []
        if place.number == self._from.record and self._from.message:
            self._count(-self._from.message)
            return kept[self._from.message :]
        return kept

    def _report(self, segment: Segment, what: str) -> None:
        self._damaged = True
        metrics.SPOOL_DAMAGED.labels(self.lane).inc()
        log.error("lane %s: %s of %s cannot be read; the file goes to aside/", self.lane, what, segment.path)

    def _count(self, change: int) -> None:
        with self._guard:
            self.messages += change

    def _finish(self) -> None:
        """Lets go of the first segment, once all of it is stored."""
        with self._guard:
            segment = self._segments[0]
            if self._at < segment.end:
                return
            segment.close()
            if self._damaged:
                segment.path.rename(spool_repair.aside(self.folder) / f"{segment.uuid}{SUFFIX}")
            else:
                segment.path.unlink()
            sync_folder(self.folder)
            self._segments.popleft()
            if segment is self._active:
                self._active = None
            self._at, self._from, self._damaged = HEAD.size, None, False

    def _begin(self) -> Segment:
        self._number += 1
        segment = Segment.create(self.folder / f"{self._number:012d}{SUFFIX}", self._seal)
        for earlier in list(self._segments)[1:]:
            earlier.close()  # of the waiting ones only the first and the last are open
        self._segments.append(segment)
        self._active = segment
        return segment

    def _abandon(self, segment: Segment, end: int) -> None:
        """After a failed write or fsync nobody knows what is on disk: cuts it off, and goes on in a new file."""
        self._active = None
        try:
            segment.cut(end)
        except OSError as error:
            log.warning("lane %s: %s may hold a part of what was not acknowledged: %s", self.lane, segment.path, error)
        if end == HEAD.size and segment is not self._segments[0]:
            self._segments.remove(segment)
            segment.close()
            segment.path.unlink()

    def _check_room(self, coming: int) -> None:
        """The bound is for the whole folder, whichever process fills it."""
        if time.monotonic() - self._looked > 1:
            self._used = sum(_size(file) for file in self.root.glob(f"*/*{SUFFIX}"))
            self._looked = time.monotonic()
        if self._used + coming > self._limit:
            raise Unavailable(f"the spool is full: {self._used >> 20} MB")


def lanes_with_leftovers(root: Path) -> list[str]:
    """The lanes in whose folders something waits, whoever owns them."""
    return sorted({unquote(file.parent.name) for file in root.glob(f"*/*{SUFFIX}")})


def _groups(kept: Sequence[Kept]) -> Iterator[list[Kept]]:
    group: list[Kept] = []
    size = 0
    for one in kept:
        if group and size + len(one.payload) > GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(one)
        size += len(one.payload)
    if group:
        yield group


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
