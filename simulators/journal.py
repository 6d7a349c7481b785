"""The simulator's own record of what it published: written before publishing, so that the audit has a second side.

One SQLite file (WAL). A run is one start of a simulator; a message is journaled once, each sending of it is a
publication, and a publication has at most one PUBACK. Times are µs since 1970; `sent_us` and `acked_us` are real time.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec

from simulators.utterance import Utterance

_SCHEMA = """
begin;
create table if not exists run (
  run integer primary key, park_id text not null, started_us integer not null, park_us integer not null);
create table if not exists message (
  message integer primary key, run integer not null, at_us integer not null, device_id text not null,
  kind text not null, identity text, readings integer not null, parts blob not null);
create table if not exists publication (
  publication integer primary key, message integer not null, sent_us integer not null);
create table if not exists ack (publication integer primary key, acked_us integer not null);
commit;
"""


class Parts(NamedTuple):
    """What must be stored of one message: samples of readings, or one event (kind, what)."""

    samples: list[tuple[str, int, dict[str, float | None]]]
    event: tuple[str, str] | None


class Journal:
    """Append-only; to be used from one thread."""

    def __init__(self, path: Path, *, park_id: str, real_us: int, park_us: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute(
            "pragma synchronous=normal"
        )  # outlives the process, not the host: so does the broker's promise
        self._db.executescript(_SCHEMA)
        row = self._db.execute("select max(at_us) from message").fetchone()
        self.last_us: int | None = row[0]
        self.run = self._db.execute(
            "insert into run (park_id, started_us, park_us) values (?, ?, ?)", (park_id, real_us, park_us)
        ).lastrowid
        self._message = self._top("message")
        self._publication = self._top("publication")

    def write(self, utterances: Sequence[Utterance], *, sent_us: int) -> list[tuple[int, int]]:
        """Journals messages that are about to be published; returns (message, first publication) of each."""
        rows, numbers = [], []
        for u in utterances:
            self._message += 1
            parts = msgspec.json.encode(Parts(list(u.samples), u.event))
            rows.append(
                (self._message, self.run, u.at_us, u.device.device_id, u.message, u.identity, u.readings, parts)
            )
            numbers.append(self._message)
        self._db.execute("begin")
        self._db.executemany("insert into message values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        publications = self._add(numbers, sent_us)
        self._db.execute("commit")
        return list(zip(numbers, publications, strict=True))

    def again(self, messages: Sequence[int], *, sent_us: int) -> list[int]:
        """Journals that messages are about to be published once more; returns the publications."""
        self._db.execute("begin")
        publications = self._add(messages, sent_us)
        self._db.execute("commit")
        return publications

    def acked(self, acks: Iterable[tuple[int, int]]) -> None:
        """Notes PUBACKs: (publication, real time)."""
        self._db.execute("begin")
        self._db.executemany("insert or ignore into ack values (?, ?)", acks)
        self._db.execute("commit")

    def close(self) -> None:
        self._db.close()

    def _add(self, messages: Sequence[int], sent_us: int) -> list[int]:
        first = self._publication + 1
        self._publication += len(messages)
        publications = list(range(first, self._publication + 1))
        rows = [(p, m, sent_us) for p, m in zip(publications, messages, strict=True)]
        self._db.executemany("insert into publication values (?, ?, ?)", rows)
        return publications

    def _top(self, table: str) -> int:
        return int(self._db.execute(f"select coalesce(max({table}), 0) from {table}").fetchone()[0])  # noqa: S608


class Entry(NamedTuple):
    """One journaled message with its first sending and whether any sending was acknowledged."""

    message: int
    run: int
    at_us: int
    device_id: str
    kind: str
    identity: str | None
    parts: Parts
    sent_us: int
    acked: bool


class Record(NamedTuple):
    """A whole journal: the park, the park time of its first start, and every message."""

    park_id: str
    since_us: int
    entries: list[Entry]
    publications: int


def read(path: Path) -> Record:
    """Reads a journal, also one that is being written; raises FileNotFoundError where there is none."""
    if not path.exists():
        raise FileNotFoundError(f"there is no journal at {path}")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        if not db.execute("select count(*) from sqlite_master where name = 'run'").fetchone()[0]:
            return Record("", 0, [], 0)  # being made this instant
        park_id, since = db.execute("select min(park_id), min(park_us) from run").fetchone()
        sendings = db.execute("select count(*) from publication").fetchone()[0]
        found = db.execute(
            "select m.message, m.run, m.at_us, m.device_id, m.kind, m.identity, m.parts, min(sent_us), count(acked_us)"
            " from message m join publication p using (message) left join ack a using (publication)"
            " group by m.message order by m.message"
        )
        decode = msgspec.json.Decoder(Parts).decode
        entries = [Entry._make((*row[:6], decode(row[6]), row[7], row[8] > 0)) for row in found]
    return Record(park_id or "", since or 0, entries, sendings)
