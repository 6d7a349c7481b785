"""The table of contents of a batch: everything that happens between an understood message and its ack."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import psycopg

from pipeline import metrics
from pipeline.domain.message import Batch
from pipeline.rules.judge import Judge, Misjudged
from pipeline.settings import Settings
from pipeline.store import columns, events, liveness, mailroom, readings, seen
from pipeline.store.clocks import ClockWatch
from pipeline.store.database import guarded
from pipeline.store.layout import lay_out
from pipeline.store.registry import Registry
from pipeline.store.rows import Rows

Alongside = Callable[[psycopg.Connection], None]


class Judging(Protocol):
    """`Judge.judge`, or the same watch by watch."""

    def __call__(self, conn: psycopg.Connection, rows: Rows, *, now: datetime) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one transaction did. Repeats are counted in `duplicates`, readings and whole messages alike."""

    messages: int
    readings: int
    events: int
    duplicates: int
    conflicts: int
    dead_letters: int
    unidentified: int


class Writer:
    """Writes batches over one connection, one transaction each. Not for use from two threads at once."""

    def __init__(
        self,
        conn: psycopg.Connection,
        settings: Settings | None = None,
        *,
        on_registry: Callable[[psycopg.Connection], None] | None = None,
    ) -> None:
        """`on_registry` is called inside a transaction whenever the registry was read (again)."""
        conn.autocommit = True  # so that `transaction()` below is a transaction, not a savepoint in one left open
        self.conn = conn
        self._on_registry = on_registry
        self.settings = settings or Settings.from_env({})
        self.registry = Registry()
        self.store = readings.ReadingStore()
        self.clocks = ClockWatch()
        self.judge = Judge()
        columns.teach(conn)
        conn.add_notify_handler(self._notified)
        with guarded(), conn.transaction():
            conn.execute("listen park")

    def prepare(self) -> None:
        """Reads the registry now, where it must be known before the first batch is understood."""
        with guarded(), self.conn.transaction():
            self._refresh(self.conn)

    def write(self, batch: Batch, *, now: datetime, alongside: Alongside | None = None) -> Outcome:
        """Stores a batch whole, or nothing of it; `alongside` writes what must be true if and only if it is stored.

        Raises Unavailable where storing failed for a reason that will pass (same batch again, later), and psycopg's
        own errors where some row cannot be stored (the caller narrows it down).
        """
        begun = time.perf_counter()
        try:
            rows, outcome = self._write(batch, now, alongside, self.judge.judge)
        except Misjudged:
            rows, outcome = self._write(batch, now, alongside, self.judge.judge_apart)
        self.registry.suspects |= rows.suspects
        self.registry.distrusted = dict(self.clocks.distrusted)  # from the next batch on
        _measure(outcome, batch, seconds=time.perf_counter() - begun, now=now)
        return outcome

    def _write(self, batch: Batch, now: datetime, alongside: Alongside | None, judge: Judging) -> tuple[Rows, Outcome]:
        try:
            with guarded(), self.conn.transaction():
                rows, outcome = self._store(batch, now, judge)
                if alongside is not None:
                    alongside(self.conn)
        except BaseException:
            self.registry.stale = True  # it may name provisional devices that were rolled back
            raise
        return rows, outcome

    def _store(self, batch: Batch, now: datetime, judge: Judging) -> tuple[Rows, Outcome]:
        conn = self.conn
        self._refresh(conn)
        found = seen.claim(conn, batch, self.registry, now=now)
        rows = lay_out(found.fresh, self.registry, conn, now=now)
        readings.keep_latest(conn, rows)  # in point order: this is the lock that keeps two collectors apart
        liveness.keep_heard(conn, rows, self.settings)
        self.clocks.watch(conn, rows.clocks, now=now)
        stored_events = events.store(conn, rows)
        stored = self.store.store(conn, rows)
        readings.mark_dirty(conn, rows)
        judge(conn, rows, now=now)  # what is stored and what it does to alarms are one transaction
        letters = mailroom.keep(conn, batch)
        outcome = Outcome(
            messages=len(batch.messages),
            readings=stored.new,
            events=stored_events,
            duplicates=found.repeats + rows.repeats + stored.repeats,
            conflicts=found.conflicts + stored.conflicts,
            dead_letters=letters,
            unidentified=found.unidentified,
        )
        number = mailroom.log_batch(conn, batch, outcome, now=now)
        mailroom.notify(conn, rows.kinds | ({"dead_letter"} if letters else set()), number)
        return rows, outcome

    def _refresh(self, conn: psycopg.Connection) -> None:
        if self.registry.stale:
            self.registry.reload(conn)
            self.clocks.load(conn)
            self.judge.load(conn)
            self.registry.distrusted = dict(self.clocks.distrusted)
            if self._on_registry is not None:
                self._on_registry(conn)

    def _notified(self, notice: psycopg.Notify) -> None:
        if notice.payload.startswith("registry:"):
            self.registry.stale = True


def _measure(outcome: Outcome, batch: Batch, *, seconds: float, now: datetime) -> None:
    metrics.INGEST_BATCHES.inc()
    metrics.INGEST_MESSAGES.inc(outcome.messages)
    metrics.INGEST_READINGS.inc(outcome.readings)
    metrics.INGEST_EVENTS.inc(outcome.events)
    metrics.INGEST_DUPLICATES.inc(outcome.duplicates)
    metrics.INGEST_CONFLICTS.inc(outcome.conflicts)
    metrics.INGEST_UNIDENTIFIED.inc(outcome.unidentified)
    metrics.INGEST_COMMIT_SECONDS.observe(seconds)
    if batch.messages:
        lag = now - min(m.received for m in batch.messages)
        metrics.INGEST_LAG_SECONDS.set(max(0.0, lag.total_seconds() + seconds))
