"""One lane's spool on disk: what it keeps while the database is away, acknowledged as soon as it is fsynced, and handed
out again in order. Bounded; owned by one process at a time, whoever holds the lane.

    PARK_SPOOL/host                     what its host was called when it was first used
    PARK_SPOOL/<lane>/lock              held (flock) by the owner
    PARK_SPOOL/<lane>/000000000001.spool  segments, oldest first (collectors/spool_segment.py)
    PARK_SPOOL/<lane>/aside/            segments of which a part could not be read
"""

import contextlib
import fcntl
import logging
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote
from uuid import UUID, uuid4

from collectors import spool_repair
from collectors.secrets import Keys
from collectors.spool_cursor import Cursor, Portion
from collectors.spool_segment import HEAD, SUFFIX, Kept, Record, Seal, Segment, sync_folder
from pipeline import metrics
from pipeline.domain.errors import Unavailable
from pipeline.settings import Settings
from pipeline.store.spool import Position

log = logging.getLogger(__name__)
SEGMENT_BYTES = 16 * 2**20
GROUP_BYTES = 4 * 2**20  # payload of one record: what is read back at once


class Place(NamedTuple):
    """Where messages lie: a segment, a record's number in it, how many of them."""

    segment: UUID
    number: int
    messages: int


class Spool:
    """One thread appends, one other takes `portion`s and says when they are `done`; anybody may look at the figures."""

    def __init__(self, root: Path, lane: str, *, key: bytes, limit_bytes: int) -> None:
        self.root, self.lane, self._limit = root, lane, limit_bytes
        self.folder = root / quote(lane, safe="")
        self._seal = Seal(key, lane)
        self._guard, self._opening = threading.Lock(), threading.Lock()
        self._lock = -1
        self._segments: deque[Segment] = deque()
        self._locked: list[Path] = []  # another key sealed them
        self._active: Segment | None = None
        self._number = 0
        self._cursor: Cursor | None = None  # in the first segment
        self._unsure = False
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
    def messages(self) -> int:
        """How many messages wait."""
        with self._guard:
            settled = self._cursor.settled if self._cursor else 0
            return sum(segment.messages for segment in self._segments) - settled

    @property
    def bytes(self) -> int:
        """Size of its files."""
        return sum(segment.end for segment in list(self._segments))

    @property
    def oldest(self) -> datetime | None:
        """When the first waiting message was received."""
        with self._guard:
            at = self._cursor.at if self._cursor else HEAD.size
            for place in self._segments[0].records(at) if self._segments else ():
                if isinstance(place, Record):
                    return datetime.fromtimestamp(place.oldest, UTC)
        return None

    @property
    def locked(self) -> int:
        """How many of its files another key sealed than ours: nobody drains them until that key is back."""
        return sum(path.exists() for path in self._locked)

    @property
    def trouble(self) -> str | None:
        """What a person must do about this folder, in words."""
        if not (locked := self.locked):
            return None
        return (
            f"{locked} file{'s' * (locked > 1)} in {self.folder} cannot be drained, sealed with another key than "
            "seal.key: put that key back and restart, or move them away"
        )

    def acquire(self) -> bool:
        """Takes the folder and looks through what lies there, unless another process has it. OSError."""
        with self._opening:  # whoever appends must not find it owned, and not yet looked through
            if self.owned:
                return True
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found = spool_repair.load(self.folder, self.lane, self._seal)
            except BlockingIOError:
                os.close(lock)
                return False
            except BaseException:
                os.close(lock)
                raise
            self._segments.extend(found.segments)
            self._locked, self._number = found.locked, found.number
            self._lock = lock
            return True

    def release(self) -> None:
        """Lets another process have the folder; what is in it stays."""
        with self._guard:
            for segment in self._segments:
                segment.close()
            self._segments.clear()
            self._active = self._cursor = None
            if self.owned:
                os.close(self._lock)
                self._lock = -1

    def append(self, kept: Sequence[Kept], *, foresee: Callable[[list[Place]], None] | None = None) -> None:
        """Keeps messages: on disk when this returns. `foresee` is told where they will be, before anybody reads them.

        Raises Unavailable where the spool is full or another process has it, OSError where the disk fails: then
        nothing of them is kept.
        """
        if not self.acquire():
            raise Unavailable(f"the spool of lane {self.lane} is in another process's hands")
        if not kept:
            return
        groups = list(_groups(kept))
        with self._guard:
            self._check_room(sum(len(k.topic) + len(k.payload) for k in kept))
            segment = self._active or self._begin()
            end = segment.end
            if foresee is not None:
                foresee([Place(segment.uuid, segment.number + n, len(group)) for n, group in enumerate(groups)])
            try:
                segment.append(groups)
            except OSError:
                self._abandon(segment, end)
                raise
            self._used += segment.end - end
            if segment.end >= SEGMENT_BYTES:
                self._active = None
        metrics.SPOOL_KEPT.labels(self.lane).inc(len(kept))

    def portion(self, at_most: int, position: Callable[[UUID], Position]) -> Portion | None:
        """The next messages, about `at_most`, of one segment; None where nothing waits.

        `position` tells how far a segment is stored already; it is asked once for each, and after `again`.
        """
        while self._segments:
            if self._cursor is None:
                self._cursor = Cursor(self._segments[0], self.lane, position(self._segments[0].uuid))
            elif self._unsure:
                self._cursor.position = position(self._segments[0].uuid)
            self._unsure = False
            if (found := self._cursor.take(at_most)) is not None:
                return found
            self._finish(self._cursor)
        return None

    def done(self, portion: Portion) -> None:
        """A portion is stored: goes on after it, and removes what is stored whole."""
        if self._cursor is not None:
            self._cursor.done(portion)
            self._finish(self._cursor)

    def again(self) -> None:
        """Nobody knows whether a portion was stored, or a part of it: asks for the position again."""
        self._unsure = True

    def tell(self, now: datetime) -> None:
        """Sets the gauges."""
        oldest = self.oldest
        metrics.SPOOL_MESSAGES.labels(self.lane).set(self.messages)
        metrics.SPOOL_BYTES.labels(self.lane).set(self.bytes)
        metrics.SPOOL_LOCKED.labels(self.lane).set(self.locked)
        metrics.SPOOL_OLDEST.labels(self.lane).set((now - oldest).total_seconds() if oldest else 0)

    def _finish(self, cursor: Cursor) -> None:
        """Lets go of the first segment, once all of it is stored."""
        with self._guard:
            if not cursor.finished:
                return
            segment = self._segments[0]
            segment.close()
            if cursor.damaged:
                segment.path.rename(spool_repair.aside(self.folder) / f"{segment.uuid}{SUFFIX}")
            else:
                segment.path.unlink(missing_ok=True)  # somebody may have cleared the folder
            sync_folder(self.folder)
            self._segments.popleft()
            self._cursor = None
            if segment is self._active:
                self._active = None

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
            used, limit, more = (n / 2**20 for n in (self._used, self._limit, coming))
            raise Unavailable(f"the spool is full: {used:.1f} of {limit:.1f} MB are taken, {more:.1f} MB came")


def open_spool(settings: Settings, lane: str, keys: Keys) -> Spool:
    """A lane's spool, as configured; its folder is not taken yet."""
    return Spool(settings.spool, lane, key=keys.seal, limit_bytes=settings.spool_mb << 20)


def host_of(root: Path) -> str:
    """The name under which the database knows this folder: a container has another hostname each time it is made, and a
    backlog told under the one before would never end."""
    file = root / "host"
    if not file.exists():
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = root / f"host.{uuid4()}"
        fresh.write_text(socket.gethostname())
        with contextlib.suppress(FileExistsError):  # another collector of this host was quicker
            file.hardlink_to(fresh)
        fresh.unlink()
    return file.read_text()


def waiting(root: Path) -> dict[str, set[Path]]:
    """The files that wait, by lane, whoever owns them."""
    found: dict[str, set[Path]] = {}
    for file in root.glob(f"*/*{SUFFIX}"):
        found.setdefault(unquote(file.parent.name), set()).add(file)
    return found


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
