"""Hands deliveries over to ingest: reads them, writes them over one connection, narrows down what is refused."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence

import psycopg

from collectors.inbox import Arrived
from collectors.reader import Reader
from collectors.seal import Letter
from pipeline import metrics
from pipeline.domain.errors import Rejected
from pipeline.domain.message import Batch, DeadLetter, Message
from pipeline.ingest import Writer
from pipeline.settings import Settings
from pipeline.store import credentials, schema
from pipeline.store.database import connect, give_up

log = logging.getLogger(__name__)
# Also what nobody foresaw of a value: one message must never stop the others, again and again.
REFUSED = (
    psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded,
    ArithmeticError, ValueError, TypeError,
)  # fmt: skip

Said = list[Message | DeadLetter]
"""What one delivery says."""
Note = Callable[[psycopg.Connection, int], None]
"""Called in the transaction with which the first so many deliveries are stored."""


class Handover:
    """One thread's way into the database; it opens a connection when there is none. `on_open` prepares a new one,
    `on_rejected` hears of dead letters once they are stored."""

    def __init__(
        self,
        lane: str,
        reader: Reader,
        settings: Settings,
        *,
        on_open: Callable[[Writer], None] = lambda _writer: None,
        on_rejected: Callable[[list[DeadLetter]], None] = lambda _letters: None,
    ) -> None:
        self.lane, self.reader, self.settings = lane, reader, settings
        self._on_open, self._on_rejected = on_open, on_rejected
        self._conn: psycopg.Connection | None = None
        self._writer: Writer | None = None
        self._busy_since: float | None = None

    def open(self) -> Writer:
        """The writer, connected and with all that reading needs. Raises what `connect` and `schema.check` raise."""
        if self._writer is None:
            url = self.settings.require("database_url")
            self._conn = connect(url, role="park_writer", application=f"park {self.lane}")
            with self.busy():
                try:
                    schema.check(self._conn)
                    writer = Writer(self._conn, self.settings, on_registry=self._learn)
                    writer.prepare()  # the credential book, before the first message is read
                    self._on_open(writer)
                except BaseException:
                    self.drop()
                    raise
            self._writer = writer
        return self._writer

    def drop(self) -> None:
        """Closes the connection; the next `open` makes another."""
        conn, self._conn, self._writer = self._conn, None, None
        if conn is not None:
            conn.close()

    def understand(self, arrived: Sequence[Arrived]) -> list[Said]:
        """What each of them says. Once for each: a reader may remember what it read."""
        said = [self.reader.read_all(item) for item in arrived]
        for what in said:
            for one in what:
                if isinstance(one, DeadLetter):
                    metrics.COLLECTOR_REJECTED.labels(self.lane, one.reason).inc()
        return said

    def store(self, arrived: Sequence[Arrived], said: Sequence[Said], *, note: Note | None = None) -> None:
        """Stores them all; what the database refuses becomes a dead letter. Raises ParkError, psycopg.Error."""
        self.open()
        with self.busy():
            self._store(arrived, said, 0, len(arrived), note)

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Whatever waits for the database does so in here: it can be interrupted."""
        self._busy_since = time.monotonic()
        try:
            yield
        finally:
            self._busy_since = None

    def interrupt(self, *, after_s: float) -> None:
        """From another thread: ends a connection on which nothing came for so long, as if the network had."""
        since, conn = self._busy_since, self._conn
        if since is None or conn is None or time.monotonic() - since < after_s:
            return
        log.warning("lane %s: the database has not answered for %.0f s; giving the connection up", self.lane, after_s)
        give_up(conn)

    def _store(self, arrived: Sequence[Arrived], said: Sequence[Said], first: int, end: int, note: Note | None) -> None:
        batch = Batch(self.lane)
        for one in [one for what in said[first:end] for one in what]:
            if isinstance(one, Message):
                batch.messages.append(one)
            else:
                batch.dead_letters.append(one)
        if not len(batch) and note is None:
            return  # time passed, and nothing came of it
        try:
            self._write(batch, end, note)
        except REFUSED as error:
            if end - first > 1:
                middle = (first + end) // 2
                self._store(arrived, said, first, middle, note)
                self._store(arrived, said, middle, end, note)
            else:
                self._refused(arrived[first], said[first], end, error, note)

    def _refused(self, item: Arrived, said: Said, end: int, error: Exception, note: Note | None) -> None:
        told = any(isinstance(one, Message) and one.events for one in said)
        if told and isinstance(error, psycopg.errors.UniqueViolation):
            log.info("lane %s: a repeat of an event whose identity was forgotten", self.lane)
            return  # stored already: `seen` had let go of it, the event's own key has not
        why = Rejected("refused-by-database", type(error).__name__)
        letter = self.reader.reject(Letter(item.topic, item.payload, item.received), why)
        self._write(Batch(self.lane, dead_letters=[letter]), end, note)

    def _write(self, batch: Batch, end: int, note: Note | None) -> None:
        alongside = None if note is None else (lambda conn: note(conn, end))
        self.open().write(batch, now=self.settings.clock.now(), alongside=alongside)
        if batch.dead_letters:
            self._on_rejected(batch.dead_letters)

    def _learn(self, conn: psycopg.Connection) -> None:
        self.reader.book.learn(*credentials.load(conn))
