"""Stores what lies in a lane's spool, in order, over a connection of its own, while live messages pass by."""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import psycopg

from collectors.handover import Handover, Said
from collectors.inbox import Arrived
from collectors.spool import Place, Spool, host_of
from collectors.spool_cursor import Portion
from pipeline import metrics
from pipeline.domain.errors import ConfigurationError, ParkError, Unavailable
from pipeline.store import spool as store
from pipeline.store.database import first_line

log = logging.getLogger(__name__)
IDLE_S = 0.25
HANGS_S = 300.0  # its transactions are large, and it holds nobody up
BACKOFF_S = (0.25, 0.5, 1.0, 2.0)
AGAIN_S = 5.0  # after what nobody foresaw


class Drain:
    """A thread until `stop`; or, of a lane that is not this process's (`once`), until nothing is left or the database
    is away."""

    def __init__(self, spool: Spool, handover: Handover, *, once: bool = False) -> None:
        self.spool, self.handover = spool, handover
        self.flowing = True  # false from when a live batch was spooled until the database takes the first of the spool
        self.trouble: str | None = None
        self.finished = False  # of `once`: nothing is left to be drained
        self._once = once
        self._read: dict[tuple[UUID, int], list[Said]] = {}
        self._told = False
        self._host: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"drain-{spool.lane}", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self, *, within_s: float) -> None:
        """Finishes the transaction at hand and ends; the rest stays on disk."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=within_s)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def look(self) -> None:
        """Gives up a connection that hangs."""
        self.handover.interrupt(after_s=HANGS_S)

    def foresee(self, said: Sequence[Said], places: list[Place]) -> None:
        """What was read before it went to the spool; an ordered lane must not read it twice."""
        self._read.clear()
        for segment, number, count in places:
            self._read[segment, number] = list(said[:count])
            said = said[count:]

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            pause = 0.0
            try:
                if not self._step():
                    if self._once:
                        self.finished = True
                        break
                    pause = IDLE_S
                failures, self.trouble = 0, None
            except (ParkError, psycopg.Error, OSError) as error:
                pause = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
                failures += 1
                self._failed(error)
                if self._once:
                    break
            except Exception as error:
                log.exception("lane %s: the drain failed", self.spool.lane)
                self._failed(error)
                pause = AGAIN_S
            if pause:
                self._stop.wait(pause)
        self.handover.drop()
        if self._once:
            self.spool.release()
            self.spool.tell(self.handover.settings.clock.now())

    def _step(self) -> bool:
        """One transaction; False where nothing waits."""
        if not self.spool.acquire() or (self.spool.empty and not self._told):
            return False
        conn = self.handover.open().conn
        with self.handover.busy():
            portion = self.spool.portion(self.handover.settings.batch_messages, partial(store.position, conn))
        if portion is None:
            self._tell(conn)
            self.handover.drop()
            return False
        self._store(portion)
        return True

    def _store(self, portion: Portion) -> None:
        arrived = [Arrived(k.topic, k.payload, k.received, 0, k.qos, 0, k.retained) for k in portion.kept()]
        waiting = self.spool.messages

        def note(conn: psycopg.Connection, count: int) -> None:
            now = self.handover.settings.clock.now()
            store.keep_position(conn, portion.segment, portion.reached(count), lane=self.spool.lane, now=now)
            self._keep_backlog(conn, waiting - count, arrived[min(count, len(arrived) - 1)].received)

        self.handover.store(arrived, self._understand(portion, arrived), note=note)
        self._told = True
        self.flowing = True
        for number, _ in portion.records:
            del self._read[portion.segment, number]
        self.spool.done(portion)
        metrics.SPOOL_DRAINED.labels(self.spool.lane).inc(len(arrived))

    def _understand(self, portion: Portion, arrived: list[Arrived]) -> list[Said]:
        """What a portion says, read once: another try finds it again, be it that a part of a record is stored."""
        said: list[Said] = []
        for number, kept in portion.records:
            key = portion.segment, number
            if key not in self._read:
                self._read[key] = self.handover.understand(arrived[len(said) : len(said) + len(kept)])
            said += self._read[key][-len(kept) :]
        return said

    def _tell(self, conn: psycopg.Connection) -> None:
        if self._told and self.spool.empty:
            with self.handover.busy(), conn.transaction():
                self._keep_backlog(conn, 0, None)
            self._told = False

    def _keep_backlog(self, conn: psycopg.Connection, messages: int, oldest: datetime | None) -> None:
        now = self.handover.settings.clock.now()
        host = self._host = self._host or host_of(self.spool.root)
        store.keep_backlog(conn, host=host, lane=self.spool.lane, messages=messages, oldest=oldest, now=now)

    def _failed(self, error: Exception) -> None:
        if (told := first_line(error)) != self.trouble:
            log.warning("lane %s: the spool waits: %s", self.spool.lane, told)
        self.trouble = told
        self.spool.again()
        self.handover.drop()
        if not isinstance(error, Unavailable | ConfigurationError | OSError):
            self.flowing = True  # what hinders the spool need not hinder what is live
