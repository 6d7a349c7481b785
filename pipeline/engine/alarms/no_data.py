"""Makes silence an alarm: a device that is offline, or a point that has stopped while its device speaks.

A gateway's loss explains its children's: whose gateway was not heard since waits until it is known, and is suppressed
by the gateway's alarm where that is lost as well. Life safety does not wait, and nothing suppresses it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.alarm import Hold
from pipeline.domain.message import LAST_WILL
from pipeline.domain.spell import Glimpse, follow
from pipeline.engine.alarms import QUERIES
from pipeline.engine.alarms.parents import Loss, Parent, Verdict, judge
from pipeline.engine.alarms.turns import Judged, apply, delays_of
from pipeline.engine.steps import QUERIES as STEPS
from pipeline.store import alarm_holds, alarms, conditions
from pipeline.store.alarm_holds import NewHold
from pipeline.store.alarms import SYSTEM, Row

BITE = 500  # watches a transaction
SPOOL_ALIVE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class LostDevices:
    """The step for devices. shortest: what one is given at least to be heard once its gateway is back."""

    shortest: timedelta

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Devices that fell silent and those that are back. Returns how many conditions turned."""
        asked = {"now": now, "bite": BITE, "will": LAST_WILL}
        back = _each(conn, "found_devices", asked, lambda rows: _look(conn, rows, breach=False, now=now))
        return back + _each(conn, "lost_devices", asked, lambda rows: self._lose(conn, rows, now))

    def _lose(self, conn: psycopg.Connection, rows: list[Row], now: datetime) -> int:
        judged = [(row, *judge(*_loss(row), now=now, shortest=self.shortest)) for row in rows]
        watches = [row["watch"] for row in rows]
        conditions.lock(conn, watches)  # before any alarm: everybody locks in this order
        alarms.lock(conn, watches, now=now)  # all at once: what is explained and what is not are told apart below
        _suppress(conn, [(row, why) for row, verdict, why in judged if verdict is Verdict.EXPLAINED], now=now)
        return _look(conn, [row for row, verdict, _ in judged if verdict is not Verdict.WAIT], breach=True, now=now)


@dataclass
class SilentPoints:
    """The step for points. Its suspicions are in memory: after a start, it takes its time again. shortest: so long a
    point must be late, because after a gap a device's points come back one after another."""

    shortest: timedelta
    suspected: dict[int, datetime] = field(default_factory=dict)

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Points that stopped and those that are back. Returns how many conditions turned."""
        asked = {"now": now, "bite": BITE}
        back = _each(conn, "found_points", asked, lambda rows: _look(conn, rows, breach=False, now=now))
        before, self.suspected = self.suspected, {}
        if conn.execute(STEPS["draining"], {"alive": now - SPOOL_ALIVE}).fetchone():
            return back

        def silent(rows: list[Row]) -> int:
            since = {row["watch"]: before.get(row["watch"], now) for row in rows}
            self.suspected |= since
            return _look(
                conn, [row for row in rows if now - since[row["watch"]] >= self.shortest], breach=True, now=now
            )

        return back + _each(conn, "silent_points", asked, silent)


def _each(conn: psycopg.Connection, name: str, asked: Row, look: Callable[[list[Row]], int]) -> int:
    """Looks at all rows of a query in order of their watches, a bite at a time, each in a transaction of its own."""
    done, after, more = 0, 0, True
    while more:
        with conn.transaction(), conn.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(QUERIES[name], {**asked, "after": after}).fetchall()
            done += look(rows)
            more = len(rows) == BITE
            after = rows[-1]["watch"] if rows else after
    return done


def _look(conn: psycopg.Connection, rows: list[Row], *, breach: bool, now: datetime) -> int:
    """What the facts make of the watches' spells. Event time is when it fell silent, or was heard again."""
    spells = conditions.lock(conn, [row["watch"] for row in rows])
    judged = []
    for row in rows:
        spell = spells[row["watch"]]
        ts = max(row["fell"] if breach else row["heard"], spell.since)
        seen = Glimpse(ts, breach, not breach, None, now if breach else row["heard"])
        judged.append(Judged(row, *follow(spell, [seen], delays_of(row))))
    return apply(conn, judged, now=now)


def _loss(row: Row) -> tuple[Loss, Parent | None]:
    parent = None
    if row["gateway"] is not None and row["gateway_watched"] and row["gateway_heard"] is not None:
        parent = Parent(
            name=row["gateway"], offline=row["gateway_state"] == "offline", heard=row["gateway_heard"],
            deadline=row["gateway_deadline"], since=row["gateway_since"], alarm=row["parent"],
        )  # fmt: skip
    return Loss(row["heard"], row["fell"], row["found"], row["interval_s"], life_safety=row["life_safety"]), parent


def _suppress(conn: psycopg.Connection, explained: list[tuple[Row, str]], *, now: datetime) -> None:
    """Holds what a gateway's alarm explains, while that stands."""
    new = [
        NewHold(
            kind=Hold.SUPPRESSED, park_id=row["park_id"], watch=row["watch"], reason=why, owner=SYSTEM, set_by=SYSTEM,
            parent=row["parent"],
        )
        for row, why in explained
    ]  # fmt: skip
    alarm_holds.hold_all(conn, new, now=now)
