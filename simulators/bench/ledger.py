"""The account of a load: what was sent is computed from a few numbers a tick, and compared with what is stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg

from pipeline.store.queries import load
from simulators.bench.scenario import STRIDE, STRIDE_ORDINAL, VALUE_STEPS, VERSIONS, Scenario
from simulators.happenings import EPOCH

QUERIES = load(Path(__file__).parent / "sql")
MODULUS = 65_521  # of the checksums: their squares, summed over a run, fit in 63 bits
SAMPLED_SENDERS = 500  # the latency is that of so many senders' readings, spread over all connections


@dataclass(frozen=True, slots=True)
class Account:
    """Messages lost (a reading of them is missing); readings stored twice, with another value, or that nobody sent."""

    sent: int
    lost: int
    duplicates: int
    wrong: int
    unexpected: int

    @property
    def clean(self) -> bool:
        """Every reading once, as it was sent, and nothing else."""
        return not (self.lost or self.duplicates or self.wrong or self.unexpected)


@dataclass(frozen=True, slots=True)
class Committed:
    """What transactions after a moment stored."""

    messages: int
    batches: int
    repeats: int
    dead_letters: int


class Ledger:
    """Compares one scenario's loads with the database, over a connection of its own."""

    def __init__(self, conn: psycopg.Connection, plan: Scenario) -> None:
        conn.autocommit = True
        self.conn, self.plan = conn, plan
        for name in ("make_tick", "make_slot"):
            conn.execute(QUERIES[name])
        conn.execute("drop view if exists bench_found")
        conn.execute("truncate bench_tick, bench_slot")
        self._place_points()
        conn.execute(QUERIES["make_found"])
        conn.execute("set work_mem = '128MB'")

    def last_batch(self) -> int:
        """The newest transaction's number."""
        return int(self._row("last_batch", {})[0])

    def committed(self, *, after: int) -> Committed:
        """What came after a transaction."""
        return Committed(*self._row("committed", {"after": after}))

    def account(self, said: npt.NDArray[np.int64]) -> Account:
        """`said` has a row a tick: time in ms, connection, first message, count; each time once."""
        if not len(said):
            return Account(0, 0, 0, 0, 0)
        self._write(said)
        span = self._span(said)
        values = {"stride": STRIDE, "stride_ordinal": STRIDE_ORDINAL, "steps": VALUE_STEPS, "versions": VERSIONS}
        marks = {"connections": len(self.plan.blocks), "readings": self.plan.readings, "modulus": MODULUS}
        stored, wrong, *checksums, unexpected = self._row("tally", {**span, **values, **marks})
        count = int(said[:, 3].sum())
        lost = duplicates = 0
        if (stored, *map(int, checksums)) != (count * self.plan.readings, *self._checksums(said)):
            lost, duplicates = self._row("broken", {**span, "readings": self.plan.readings})
        return Account(count, lost, duplicates, wrong, unexpected)

    def latency_ms(self, said: npt.NDArray[np.int64]) -> dict[str, float] | None:
        """From publishing to commit; None where nothing is stored. The commit's own flush to disk comes on top."""
        senders = sum(len(block.senders) for block in self.plan.blocks)
        every = max(1, senders // SAMPLED_SENDERS)
        p50, p99 = self._row("latency", {**self._span(said), "every": every})
        return None if p50 is None else {"p50": round(p50, 1), "p99": round(p99, 1)}

    def _place_points(self) -> None:
        keys = {(d, n): p for d, n, p in self.conn.execute(QUERIES["points"], {"park": self.plan.park_id})}
        cursor = self.conn.cursor()
        with cursor.copy("copy bench_slot (point, connection, slot, ordinal, senders) from stdin") as copy:
            for connection, block in enumerate(self.plan.blocks):
                for slot, members in enumerate(block.members):
                    said = [(member, name) for member in members for name in block.names]
                    for ordinal, key in enumerate(said):
                        copy.write_row((keys[key], connection, slot, ordinal, len(block.senders)))
        self.conn.execute("analyze bench_slot")

    def _write(self, said: npt.NDArray[np.int64]) -> None:
        self.conn.execute("truncate bench_tick")
        with self.conn.cursor().copy("copy bench_tick (ts, connection, first, count) from stdin") as copy:
            for at_ms, *rest in said.tolist():
                copy.write_row((_utc(at_ms), *rest))
        self.conn.execute("analyze bench_tick")

    def _checksums(self, said: npt.NDArray[np.int64]) -> tuple[int, int]:
        """Of all readings sent: the sums of their marks and of the marks' squares, as the tally makes them."""
        counts = said[:, 3]
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        number = np.repeat(said[:, 2], counts) + within
        message = (number * len(self.plan.blocks) + np.repeat(said[:, 1], counts)) * self.plan.readings
        total = squares = 0
        for ordinal in range(self.plan.readings):
            mark = (message + ordinal) % MODULUS
            total += int(mark.sum())
            squares += int((mark * mark).sum())
        return total, squares

    def _span(self, said: npt.NDArray[np.int64]) -> dict[str, Any]:
        return {"oldest": _utc(int(said[:, 0].min())), "newest": _utc(int(said[:, 0].max()))}

    def _row(self, name: str, values: dict[str, Any]) -> tuple[Any, ...]:
        row = self.conn.execute(QUERIES[name], values).fetchone()
        assert row is not None  # noqa: S101 - each of these always has one row
        return row


def _utc(at_ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=at_ms)
