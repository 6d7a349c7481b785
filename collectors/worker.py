"""One lane's way from inbox to database: batches by size or age, stored, then acked; waits out a lost database."""

import logging
import threading
import time

import psycopg

from collectors.credentials import CredentialBook
from collectors.inbox import Arrived
from collectors.reader import Reader
from collectors.routes import SourceTable
from collectors.seal import Letter
from collectors.secrets import Keys
from collectors.session import Session
from collectors.talkers import Talkers
from pipeline import metrics
from pipeline.domain.errors import ParkError, Rejected
from pipeline.domain.message import Batch, Message
from pipeline.ingest import Writer
from pipeline.settings import Settings
from pipeline.store import credentials, schema
from pipeline.store.database import connect, first_line

log = logging.getLogger(__name__)
BACKOFF_S = (0.1, 0.25, 0.5, 1.0, 2.0)


class Worker:
    """Drains one session's inbox on a thread of its own until `stop`."""

    def __init__(self, session: Session, settings: Settings, keys: Keys, sources: SourceTable | None = None) -> None:
        self.session, self.settings = session, settings
        self.name = session.lane.name
        self.reader = Reader(keys, CredentialBook(keys.pseudonym), sources)
        self.talkers = Talkers(self.name, foreign=self.reader.foreign.sender)
        self.trouble: str | None = None
        self._writer: Writer | None = None
        self._stop = threading.Event()
        self._drained = False
        self._thread = threading.Thread(target=self._run, name=f"lane-{self.name}", daemon=True)

    def start(self) -> None:
        """Begins to drain."""
        self._thread.start()

    def leave(self) -> None:
        """Takes nothing new from now on."""
        self.session.go_deaf()
        self._stop.set()

    def stop(self, *, within_s: float) -> bool:
        """Commits and acks what is in the inbox, then ends; False where it could not (the broker keeps the rest)."""
        self.leave()
        self._thread.join(timeout=within_s)
        return self._drained

    @property
    def alive(self) -> bool:
        """False where something that nobody foresaw ended the thread: the process starts the lane again."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._drain()
        except Exception as error:
            self.trouble = f"stopped by {type(error).__name__}"
            metrics.COLLECTOR_DEATHS.labels(self.name).inc()
            log.exception("lane %s stopped", self.name)
        finally:
            self._drop_writer()

    def _drain(self) -> None:
        while self.session.inbox or not self._stop.is_set():
            arrived = self._gather()
            if not arrived:
                self._tell()
            elif not self._keep_trying(arrived):
                return
            self.session.ack(arrived)
            metrics.COLLECTOR_INBOX.labels(self.name).set(len(self.session.inbox))
        self._drained = True

    def _gather(self) -> list[Arrived]:
        """The next batch: what arrives within the batch's age, at most its size."""
        inbox, most = self.session.inbox, self.settings.batch_messages
        arrived = inbox.get(timeout_s=0.2, at_most=most)
        if not arrived:
            return []
        closes = time.monotonic() + self.settings.batch_seconds
        while len(arrived) < most and (left := closes - time.monotonic()) > 0:
            arrived += inbox.get(timeout_s=left, at_most=most - len(arrived))
        return arrived

    def _keep_trying(self, arrived: list[Arrived]) -> bool:
        """Stores a batch, however long the database is away; un-acked, the broker holds back what comes after.

        False where it gave up because the process is stopping: the broker keeps what was not acked.
        """
        metrics.COLLECTOR_MESSAGES.labels(self.name).inc(len(arrived))
        failures = 0
        admitted: list[Arrived] | None = None
        while True:
            metrics.COLLECTOR_OLDEST.labels(self.name).set(self._waited(arrived))
            try:
                writer = self._writer_at_hand()
                admitted = self.talkers.admit(arrived) if admitted is None else admitted  # counted once
                self._store(writer, admitted)
                self._settle(writer, waited_s=self._waited(arrived))
            except (ParkError, psycopg.Error) as error:
                self.trouble = first_line(error)
                log.warning("lane %s waits with %d messages: %s", self.name, len(arrived), self.trouble)
            else:
                self.trouble = None
                metrics.COLLECTOR_OLDEST.labels(self.name).set(0)
                metrics.COLLECTOR_COMMITTED.labels(self.name).set(self.settings.clock.now().timestamp())
                return True
            metrics.COLLECTOR_RETRIES.inc()
            self._drop_writer()
            if self._stop.wait(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]) and failures:
                return False
            failures += 1

    def _tell(self) -> None:
        """A lane without messages says all the same that it is there."""
        try:
            if self.talkers.due(self.settings.clock.now()):
                self._settle(self._writer_at_hand(), waited_s=None)
        except (ParkError, psycopg.Error) as error:
            log.info("lane %s cannot say how it is doing: %s", self.name, first_line(error))
            self._drop_writer()

    def _settle(self, writer: Writer, *, waited_s: float | None) -> None:
        session = self.session
        self.talkers.settle(
            writer.conn, now=self.settings.clock.now(), connected=session.connected, inbox=len(session.inbox),
            waited_s=waited_s, trouble=session.refused,
        )  # fmt: skip

    def _waited(self, arrived: list[Arrived]) -> float:
        """Seconds of park time since the oldest of these was received."""
        return max(0.0, (self.settings.clock.now() - arrived[0].received).total_seconds())

    def _store(self, writer: Writer, arrived: list[Arrived]) -> None:
        batch = Batch(self.name)
        for said in [said for item in arrived for said in self.reader.read_all(item)]:
            if isinstance(said, Message):
                batch.messages.append(said)
            else:
                metrics.COLLECTOR_REJECTED.labels(self.name, said.reason).inc()
                batch.dead_letters.append(said)
        try:
            writer.write(batch, now=self.settings.clock.now())
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded, UnicodeError) as error:
            self._narrow(writer, arrived, error)
        else:
            self.talkers.rejected(batch.dead_letters)

    def _narrow(self, writer: Writer, arrived: list[Arrived], error: Exception) -> None:
        """Halves a batch that the database refuses until the one message that it refuses stands alone."""
        if len(arrived) > 1:
            middle = len(arrived) // 2
            self._store(writer, arrived[:middle])
            self._store(writer, arrived[middle:])
            return
        item = arrived[0]
        if isinstance(error, psycopg.errors.UniqueViolation):
            log.info("lane %s: a repeat of an event whose identity was forgotten", self.name)
            return  # stored already: `seen` had let go of it, the event's own key has not
        why = Rejected("refused-by-database", type(error).__name__)
        letter = self.reader.reject(Letter(item.topic, item.payload, item.received), why)
        writer.write(Batch(self.name, dead_letters=[letter]), now=self.settings.clock.now())
        self.talkers.rejected([letter])

    def _writer_at_hand(self) -> Writer:
        if self._writer is None:
            conn = connect(self.settings.require("database_url"), role="park_writer", application=f"park {self.name}")
            try:
                schema.check(conn)
                self._writer = Writer(conn, self.settings, on_registry=self._learn)
                self._writer.prepare()  # the credential book, before the first message is read
                self.talkers.listen(conn, now=self.settings.clock.now())  # and the limits
            except BaseException:
                conn.close()
                raise
        return self._writer

    def _learn(self, conn: psycopg.Connection) -> None:
        self.reader.book.learn(*credentials.load(conn))

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.conn.close()
            self._writer = None
