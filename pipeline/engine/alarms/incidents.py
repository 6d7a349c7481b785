"""Keeps incidents: alarms that share a cause stand under one line. What belongs together is worked out anew from the
alarms each time; an incident once made keeps its number, and an alarm stays in one until a better one explains it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.incident import Group, Member, group
from pipeline.domain.rule import Priority, RuleKind
from pipeline.engine.alarms import QUERIES
from pipeline.store import mailroom

AGAIN = timedelta(minutes=1)  # looked at anyway
SETTLED = timedelta(seconds=30)  # journal rows may become visible out of order

Row = dict[str, Any]


class Incidents:
    """The step. What it remembers only spares it looks at alarms to which nothing happened."""

    def __init__(self, within: timedelta) -> None:
        self._within = within
        self._entry: int | None = None
        self._moved: datetime | None = None
        self._looked: datetime | None = None

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Returns how many incidents began, changed or ended."""
        if not self._due(conn, now):
            return 0
        with conn.cursor(row_factory=dict_row) as cursor:
            told = {"recent": now - self._within}
            rows = cursor.execute(QUERIES["incident_candidates"], told).fetchall()
            known = {row["incident"]: row for row in cursor.execute(QUERIES["incidents_of"], told).fetchall()}
        changed: set[int] = set()
        for park, some in groupby(rows, key=lambda row: row["park_id"]):
            changed |= self._keep(conn, park, [member(row) for row in some], known)
        changed |= {n for (n,) in conn.execute(QUERIES["close_incidents"], {"now": now}).fetchall()}
        changed |= {n for (n,) in conn.execute(QUERIES["open_incidents_again"]).fetchall()}
        if changed:
            mailroom.notify(conn, {"alarm"}, max(changed))
        self._looked = now
        return len(changed)

    def _due(self, conn: psycopg.Connection, now: datetime) -> bool:
        row = conn.execute(QUERIES["newest_entry"]).fetchone()
        newest = row[0] if row else None
        if newest != self._entry or self._moved is None or now < self._moved:
            self._entry, self._moved = newest, now
        calm = now - self._moved > SETTLED
        return not (calm and self._looked is not None and timedelta(0) <= now - self._looked < AGAIN)

    def _keep(self, conn: psycopg.Connection, park: str, members: Sequence[Member], known: dict[int, Row]) -> set[int]:
        by_alarm = {m.alarm: m for m in members}
        claimed: set[int] = set()
        touched: set[int] = set()
        moves: list[tuple[int, int]] = []
        for found in group(members, self._within):
            inside = [by_alarm[alarm] for alarm in found.members]
            number = claim(inside, claimed)
            if number is None:
                first = min(m.raised for m in inside)
                row = conn.execute(
                    QUERIES["add_incident"], {"park": park, "opened": first, "last": first, **terms(found)}
                ).fetchone()
                number = int(row[0]) if row else 0
                touched.add(number)
            elif any(known[number][name] != value for name, value in terms(found).items()):
                conn.execute(QUERIES["change_incident"], {"incident": number, **terms(found)})
                touched.add(number)
            claimed.add(number)
            for one in inside:
                if one.incident != number:
                    moves.append((one.alarm, number))
                    touched |= {number, one.incident} if one.incident is not None else {number}
        if moves:
            alarms, numbers = (list(column) for column in zip(*moves, strict=True))
            conn.execute(QUERIES["lock_members"], {"alarms": alarms})
            conn.execute(QUERIES["move_alarms"], {"alarms": alarms, "incidents": numbers})
        if touched:
            conn.execute(QUERIES["count_incidents"], {"incidents": sorted(touched)})
        return touched


def claim(inside: Iterable[Member], claimed: set[int]) -> int | None:
    """The incident that most of these are in already, the older one first; None where no group's is."""
    numbers = Counter(m.incident for m in inside if m.incident is not None and m.incident not in claimed)
    return min(numbers, key=lambda number: (-numbers[number], number), default=None)


def terms(found: Group) -> Row:
    """What an incident's row says of its cause."""
    return {
        "cause": found.cause.value, "device": found.device, "rule": found.rule, "space_id": found.space_id,
        "root": found.root,
    }  # fmt: skip


def member(row: Row) -> Member:
    """A row of the query incident_candidates."""
    given = {name: value for name, value in row.items() if name != "park_id"}
    kinds = {"kind": RuleKind(row["kind"]), "priority": Priority(row["priority"]), "places": tuple(row["places"])}
    return Member(**{**given, **kinds})
