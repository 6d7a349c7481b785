"""One lane's way from inbox to database: batches by size or age, durable, then acked. While the database is away,
durable means the spool; what lies there is drained once it is back, while live batches pass by."""

import contextlib
import logging
import threading
import time
from collections import deque
from datetime import datetime
from functools import partial

import psycopg

from collectors.credentials import CredentialBook
from collectors.handover import Handover, Said
from collectors.inbox import Arrived
from collectors.reader import Reader, tick
from collectors.routes import SourceTable
from collectors.secrets import Keys
from collectors.session import Session
from collectors.spool import open_spool
from collectors.spool_drain import Drain
from collectors.spool_segment import Kept
from collectors.talkers import Talkers
from pipeline import metrics
from pipeline.domain.errors import ParkError
from pipeline.domain.message import DeadLetter
from pipeline.ingest import Writer
from pipeline.settings import Settings
from pipeline.store.database import first_line

log = logging.getLogger(__name__)
BACKOFF_S = (0.1, 0.25, 0.5, 1.0, 2.0)
GRACE_S = 1.0  # so long a batch waits for the database before it goes to the spool
HANGS_S = 30.0  # a write that takes longer hangs: a half-open connection, a frozen server
MOST_LETTERS = 100_000
LIVE, DRAINING, SPOOLING, HOLDING = range(4)


class Worker:
    """Empties one session's inbox on a thread of its own until `stop`."""

    def __init__(self, session: Session, settings: Settings, keys: Keys, sources: SourceTable | None = None) -> None:
        self.session, self.settings = session, settings
        self.name, self.ordered = session.lane.name, session.lane.ordered
        self.reader = Reader(keys, CredentialBook(keys.pseudonym), sources)
        self.talkers = Talkers(self.name, foreign=self.reader.foreign.sender)
        self.handover = Handover(
            self.name, self.reader, settings, on_open=self._listen, on_rejected=self.talkers.rejected
        )
        self.spool = open_spool(settings, self.name, keys)
        # What an ordered lane's reader remembers must see all messages, in order; others read side by side.
        second = self.reader if self.ordered else Reader(keys, CredentialBook(keys.pseudonym), sources)
        self._letters: deque[DeadLetter] = deque(maxlen=MOST_LETTERS)  # of the drain's thread, counted by this one
        self.drain = Drain(self.spool, Handover(self.name, second, settings, on_rejected=self._letters.extend))
        self._away_since: datetime | None = None
        self._why: str | None = None
        self._refused: str | None = None
        self._died: str | None = None
        self._stop = threading.Event()
        self._emptied = False
        self._thread = threading.Thread(target=self._run, name=f"lane-{self.name}", daemon=True)

    def start(self) -> None:
        """Begins to work, knowing what the spool has: in an ordered lane it comes first."""
        with contextlib.suppress(OSError):  # the drain will say so
            self.spool.acquire()
        self._thread.start()
        self.drain.start()

    def leave(self) -> None:
        """Takes nothing new from now on."""
        self.session.go_deaf()
        self._stop.set()

    def stop(self, *, within_s: float) -> bool:
        """Makes durable and acks what is in the inbox, then ends; False where it could not (the broker keeps the rest).

        What is in the spool stays there: whoever runs on this host next drains it.
        """
        self.leave()
        deadline = time.monotonic() + within_s
        self._thread.join(timeout=within_s)
        self.drain.stop(within_s=max(0.0, deadline - time.monotonic()))
        self.spool.release()
        return self._emptied

    @property
    def alive(self) -> bool:
        """False where something that nobody foresaw ended the thread: the process starts the lane again."""
        return self._thread.is_alive()

    @property
    def trouble(self) -> str | None:
        """What keeps this lane, or what waits in its spool, from the database, in words."""
        found = [self._hindered, self.spool.trouble]
        if (why := self.drain.trouble) and why != self._why and not self.spool.empty:
            found.insert(1, f"the spool waits: {why}")
        return "; ".join(what for what in found if what) or None

    @property
    def _hindered(self) -> str | None:
        if self._died:
            return f"stopped by {self._died}"
        if self._refused:
            return f"the broker holds: {self._refused}"
        if self.state == SPOOLING and self._away_since:
            return f"spools, the database is away since {self._away_since:%H:%M:%S} UTC: {self._why}"
        return self._why

    @property
    def state(self) -> int:
        """LIVE, DRAINING, SPOOLING or HOLDING (neither database nor spool take anything)."""
        if self._refused:
            return HOLDING
        if self.spool.empty:
            return LIVE
        return DRAINING if self.drain.flowing else SPOOLING

    def look(self) -> None:
        """Now and then, from another thread: gives up connections that hang, and tells the figures."""
        self.handover.interrupt(after_s=HANGS_S)
        self.drain.look()
        metrics.SPOOL_STATE.labels(self.name).set(self.state)
        with contextlib.suppress(OSError):  # a disk that cannot be read is the drain's to tell
            self.spool.tell(self.settings.clock.now())

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:
            self._died = type(error).__name__
            metrics.COLLECTOR_DEATHS.labels(self.name).inc()
            log.exception("lane %s stopped", self.name)
        finally:
            self.handover.drop()

    def _work(self) -> None:
        while self.session.inbox or not self._stop.is_set():
            arrived = self._gather()
            if arrived and not self._keep(arrived):
                return
            if not arrived:
                self._idle()
            self.session.ack(arrived)
            for command in self.reader.commands():
                self.session.publish(command.topic, command.payload, qos=command.qos)
            metrics.COLLECTOR_INBOX.labels(self.name).set(len(self.session.inbox))
        self._pass_time(last=True)
        self._emptied = True

    def _pass_time(self, *, last: bool = False) -> None:
        """Keeps what an ordered lane's reader held back for messages that never came, as of a delivery of its own.

        While the spool has something, the reader belongs to the drain, whose messages carry their time with them.
        """
        now = self.settings.clock.now()
        if self.ordered and self._direct() and (last or self.reader.restless(now)):
            beat = [tick(now, last=last)]
            said = self.handover.understand(beat)
            if any(said):
                self._keep(beat, said)

    def _gather(self) -> list[Arrived]:
        """The next batch: what arrives within the batch's age, at most its size."""
        return self.session.inbox.get(
            timeout_s=0.2, at_most=self.settings.batch_messages, linger_s=self.settings.batch_seconds
        )

    def _direct(self) -> bool:
        """Whether the next batch may go to the database: not behind the spool where order matters, nor while the
        database has not taken the first of what waits there."""
        return self.spool.empty or (self.drain.flowing and not self.ordered)

    def _keep(self, arrived: list[Arrived], said: list[Said] | None = None) -> bool:
        """Makes a batch durable, however long that takes; un-acked, the broker holds back what comes after.

        said: what it says, where that is known: then nobody published it, and it is not counted. False where it gave up
        because the process is stopping: the broker keeps what was not acked.
        """
        admitted: list[Arrived] | None = None if said is None else arrived
        if admitted is None:
            metrics.COLLECTOR_MESSAGES.labels(self.name).inc(len(arrived))
            self.talkers.count(arrived)
        failures, begun = 0, time.monotonic()
        while True:
            metrics.COLLECTOR_OLDEST.labels(self.name).set(self._waited(arrived))
            waits, direct = False, self._direct()
            try:
                if direct:
                    self.handover.open()  # with it come the limits
                    admitted = self.talkers.admit(arrived) if admitted is None else admitted  # once
                    said = said or self.handover.understand(admitted)
                    self.handover.store(admitted, said)
                    if self._settle(waited_s=self._waited(arrived)):
                        return True
                    # What is stored must not be spooled as well. What was left out can be: then it was not left out.
                    passed = {id(item) for item in admitted}
                    arrived, admitted, said = [a for a in arrived if id(a) not in passed], [], []
            except (ParkError, psycopg.Error) as error:
                self._failed(error, len(arrived))
                waits = time.monotonic() - begun < GRACE_S and not self._stop.is_set()
            if not waits and self._spooled(arrived, self._whole(arrived, admitted, said)):
                self.talkers.take_back()
                return True
            if self._stop.wait(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]) and failures:
                return False
            failures += 1

    def _idle(self) -> None:
        """A lane without messages says all the same that it is there."""
        self._pass_time()
        if self._direct():
            self._well()
            if self.talkers.due(self.settings.clock.now()):
                try:
                    self.handover.open()
                except (ParkError, psycopg.Error) as error:
                    log.info("lane %s cannot say how it is doing: %s", self.name, first_line(error))
                else:
                    self._settle(waited_s=None)

    def _whole(
        self, arrived: list[Arrived], admitted: list[Arrived] | None, said: list[Said] | None
    ) -> list[Said] | None:
        """What a whole batch says, where what passed its limits was read already: the spool leaves nothing out."""
        if said is None or admitted is None or len(admitted) == len(arrived):
            return said
        passed, told = {id(item) for item in admitted}, iter(said)
        return [next(told) if id(item) in passed else self.handover.understand([item])[0] for item in arrived]

    def _settle(self, *, waited_s: float | None) -> bool:
        """What is stored is stored, whether or not this can be said; False where what was left out is not on record."""
        now = self.settings.clock.now()
        if waited_s is not None:
            self._well()
            metrics.COLLECTOR_OLDEST.labels(self.name).set(0)
            metrics.COLLECTOR_COMMITTED.labels(self.name).set(now.timestamp())
        try:
            self.talkers.rejected([self._letters.popleft() for _ in range(len(self._letters))])
            conn = self.handover.open().conn
            with self.handover.busy():
                self.talkers.settle(
                    conn, now=now, connected=self.session.connected, inbox=len(self.session.inbox),
                    waited_s=waited_s, trouble=self.session.refused,
                )  # fmt: skip
        except (ParkError, psycopg.Error) as error:
            log.info("lane %s cannot say how it is doing: %s", self.name, first_line(error))
            self.handover.drop()
        return not self.talkers.owes

    def _listen(self, writer: Writer) -> None:
        self.talkers.listen(writer.conn, now=self.settings.clock.now())

    def _waited(self, arrived: list[Arrived]) -> float:
        """Seconds of park time since the oldest of these was received."""
        return max(0.0, (self.settings.clock.now() - arrived[0].received).total_seconds())

    def _well(self) -> None:
        self.drain.flowing = True
        self._why = self._refused = self._away_since = None

    def _failed(self, error: Exception, count: int) -> None:
        self.handover.drop()
        self.drain.flowing = False  # until it proves otherwise
        self._why = first_line(error)
        self._away_since = self._away_since or self.settings.clock.now()
        metrics.COLLECTOR_RETRIES.inc()
        log.warning("lane %s waits with %d messages: %s", self.name, count, self._why)

    def _spooled(self, arrived: list[Arrived], said: list[Said] | None) -> bool:
        """Keeps a batch on disk; False where the disk does not take it."""
        kept = [Kept(a.topic, a.payload, a.received, a.retained, a.qos) for a in arrived]
        foresee = partial(self.drain.foresee, said) if self.ordered and said else None
        state = self.state
        try:
            self.spool.append(kept, foresee=foresee)
        except (ParkError, OSError) as error:
            metrics.SPOOL_REFUSED.labels(self.name).inc()
            self._refused = first_line(error)
            if state != HOLDING:
                log.error("lane %s: %s", self.name, self._hindered)  # noqa: TRY400
            return False
        self._refused = None
        if state != self.state:
            log.warning("lane %s: %s", self.name, self._hindered or "queues behind its spool")
        return True
