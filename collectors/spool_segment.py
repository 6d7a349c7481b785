"""One file of a lane's spool: sealed groups of messages, each written and fsynced whole, and told from a torn one.

    head     magic, uuid of the segment, which key seals it, crc
    record   mark, length, number, messages, oldest received time, crc over these and the uuid; then the sealed group

A group is zlib-compressed msgpack under AES-256-GCM; lane, uuid and the record's own head are its associated data, so
that no record can stand in for another.
"""

import hmac
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline.domain.errors import ConfigurationError

SUFFIX = ".spool"
MAGIC = b"PSPOOL01"
MARK = b"\x00REC"
HEAD = struct.Struct("<8s16s8sI")
RECORD = struct.Struct("<4sIQIdI")
NONCE = 12
COMPRESSION = 1  # fastest: topics and payloads repeat themselves, and what is not written needs no fsync


class Kept(NamedTuple):
    """One delivery as it lies in the spool."""

    topic: bytes
    payload: bytes
    received: datetime
    retained: bool
    qos: int


class Record(NamedTuple):
    """A record's place in its file and what its head says; `oldest` in seconds since 1970."""

    start: int
    end: int
    number: int
    messages: int
    oldest: float


class Damage(NamedTuple):
    """Bytes of a file that are no record."""

    start: int
    end: int


class DamagedError(Exception):
    """a record's content is not what was sealed"""


class Seal:
    """Seals and opens the groups of one lane."""

    def __init__(self, key: bytes, lane: str) -> None:
        self._cipher, self._lane = AESGCM(key), lane.encode()
        self.mark = hmac.digest(key, b"spool", sha256)[:8]
        self._decoder = msgspec.msgpack.Decoder(list[Kept])

    def close(self, kept: Sequence[Kept], *, segment: UUID, number: int) -> bytes:
        """A whole record, its head and its sealed group."""
        plain = zlib.compress(msgspec.msgpack.encode(kept), COMPRESSION)
        oldest = min(k.received for k in kept).timestamp()
        fields = (MARK, NONCE + len(plain) + 16, number, len(kept), oldest)
        head = RECORD.pack(*fields, _crc(segment, RECORD.pack(*fields, 0)))
        nonce = os.urandom(NONCE)
        return head + nonce + self._cipher.encrypt(nonce, plain, self._lane + segment.bytes + head)

    def open(self, raw: bytes, *, segment: UUID) -> list[Kept]:
        """A record's messages; DamagedError where a bit of them was changed, or it is not this place's record."""
        head, nonce, body = raw[: RECORD.size], raw[RECORD.size : RECORD.size + NONCE], raw[RECORD.size + NONCE :]
        try:
            plain = self._cipher.decrypt(nonce, body, self._lane + segment.bytes + head)
            return self._decoder.decode(zlib.decompress(plain))
        except (InvalidTag, zlib.error, msgspec.DecodeError) as error:
            raise DamagedError from error


class Segment:
    """One file, durable up to `end`. One thread may append while another reads."""

    def __init__(self, path: Path, file: int, uuid: UUID, seal: Seal) -> None:
        self.path, self._file, self.uuid, self._seal = path, file, uuid, seal
        self.end = HEAD.size
        self.number = 0  # of the next record
        self.messages = 0

    @staticmethod
    def create(path: Path, seal: Seal) -> "Segment":
        """A new empty file, durable in its folder. OSError."""
        uuid = uuid4()
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        segment = Segment(path, file, uuid, seal)
        try:
            head = HEAD.pack(MAGIC, uuid.bytes, seal.mark, 0)
            _write(file, HEAD.pack(MAGIC, uuid.bytes, seal.mark, zlib.crc32(head)), 0)
            os.fsync(file)
            sync_folder(path.parent)
        except OSError:
            segment.close()
            path.unlink(missing_ok=True)
            raise
        return segment

    @staticmethod
    def load(path: Path, seal: Seal) -> "Segment | None":
        """A file of an earlier run, not yet looked through; None where not even its head was written.

        ConfigurationError where another key sealed it.
        """
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        head = os.pread(file, HEAD.size, 0)
        if len(head) == HEAD.size:
            magic, uuid, mark, crc = HEAD.unpack(head)
            if magic == MAGIC and zlib.crc32(HEAD.pack(magic, uuid, mark, 0)) == crc:
                if mark != seal.mark:
                    os.close(file)
                    raise ConfigurationError(f"{path} was sealed with another key than seal.key")
                segment = Segment(path, file, UUID(bytes=uuid), seal)
                segment.end = os.fstat(file).st_size
                return segment
        os.close(file)
        return None

    def append(self, groups: Sequence[Sequence[Kept]]) -> None:
        """Writes a record for each group, and returns when they are on disk. OSError: none of them is."""
        raw = b"".join(self._seal.close(g, segment=self.uuid, number=self.number + n) for n, g in enumerate(groups))
        _write(self._open(), raw, self.end)
        os.fdatasync(self._file)
        self.number += len(groups)
        self.messages += sum(map(len, groups))
        self.end += len(raw)

    def cut(self, end: int) -> None:
        """Ends the file there, durably. OSError."""
        os.ftruncate(self._open(), end)
        os.fsync(self._file)
        self.end = end

    def records(self, start: int = HEAD.size) -> Iterator[Record | Damage]:
        """What lies from `start` on, in order, without opening it."""
        while start < self.end:
            found = self._record(start) or self._damage(start)
            yield found
            start = found.end

    def read(self, record: Record) -> list[Kept]:
        """A record's messages. DamagedError."""
        return self._seal.open(self.raw(record), segment=self.uuid)

    def raw(self, place: Record | Damage) -> bytes:
        """The bytes of a place."""
        return os.pread(self._open(), place.end - place.start, place.start)

    def close(self) -> None:
        """Lets go of the file, which stays; who reads it later opens it again."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self) -> int:
        if self._file < 0:
            self._file = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        return self._file

    def _record(self, start: int) -> Record | None:
        head = os.pread(self._open(), RECORD.size, start)
        if len(head) < RECORD.size or head[:4] != MARK:
            return None
        *fields, crc = RECORD.unpack(head)
        _, length, number, messages, oldest = fields
        end = start + RECORD.size + length
        if end > self.end or crc != _crc(self.uuid, RECORD.pack(*fields, 0)):
            return None
        return Record(start, end, number, messages, oldest)

    def _damage(self, start: int) -> Damage:
        """From `start` to the next record, or to the end."""
        rest = os.pread(self._open(), self.end - start, start)
        at = rest.find(MARK, 1)
        while at >= 0:
            if self._record(start + at):
                return Damage(start, start + at)
            at = rest.find(MARK, at + 1)
        return Damage(start, self.end)


def sync_folder(folder: Path) -> None:
    """Makes a file's coming or going durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(file: int, raw: bytes, at: int) -> None:
    rest = memoryview(raw)
    while rest:
        written = os.pwrite(file, rest, at)
        rest, at = rest[written:], at + written


def _crc(segment: UUID, head: bytes) -> int:
    return zlib.crc32(head, zlib.crc32(segment.bytes))
