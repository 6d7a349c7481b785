"""The engine is one ordered list of steps; each runs in its own locked transaction, timed, apart from the others."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import psycopg

from pipeline import metrics
from pipeline.store import locks
from pipeline.store.database import first_line
from pipeline.store.queries import load

log = logging.getLogger(__name__)
QUERIES = load(Path(__file__).parent / "sql")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing the engine does: `run(conn, now)` returns how many things it did; due every `every` of park time.

    A step that must not run inside a transaction (a community refresh) says so; it is locked all the same.
    """

    name: str
    run: Callable[[psycopg.Connection, datetime], int]
    every: timedelta
    transaction: bool = True


class Engine:
    """Runs what is due of an ordered list of steps. The connection is in autocommit mode."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps
        self.failing: dict[str, str] = {}
        self._ran: dict[str, datetime] = {}

    def tick(self, conn: psycopg.Connection, now: datetime) -> dict[str, int]:
        """Runs every step that is due; what each did. A step that fails leaves the others alone and is tried again."""
        done: dict[str, int] = {}
        for step in self.steps:
            last = self._ran.get(step.name)
            if last is not None and timedelta(0) <= now - last < step.every:
                continue
            self._ran[step.name] = now
            count = self._run(step, conn, now)
            if count is not None:
                done[step.name] = count
        return done

    def _run(self, step: Step, conn: psycopg.Connection, now: datetime) -> int | None:
        begun = time.perf_counter()
        error: str | None = None
        count = 0
        try:
            with locks.step(conn, key(step.name), transaction=step.transaction) as mine:
                if not mine:
                    return None  # another engine is at it
                count = step.run(conn, now)
        except Exception as failure:
            if conn.closed:
                raise  # the database is away: nothing more to do in this tick
            error = first_line(failure)
            metrics.ENGINE_STEP_FAILURES.labels(step.name).inc()
            log.exception("engine step %s failed", step.name)
        seconds = time.perf_counter() - begun
        metrics.ENGINE_STEP_SECONDS.labels(step.name).observe(seconds)
        metrics.ENGINE_STEP_DONE.labels(step.name).inc(count)
        if error:
            self.failing[step.name] = error
        else:
            self.failing.pop(step.name, None)
        conn.execute(
            QUERIES["log_step"], {"step": step.name, "now": now, "seconds": seconds, "done": count, "error": error}
        )
        return count


def key(name: str) -> int:
    """The advisory-lock key of a step."""
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big", signed=True)
