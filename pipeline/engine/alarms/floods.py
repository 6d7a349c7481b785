"""Keeps alarm floods: more alarms at one operator position than a person can read. Derived from the journal; an engine
that was away finds the floods of that time afterwards."""

from datetime import datetime, timedelta
from itertools import groupby

import psycopg
from psycopg.rows import dict_row

from pipeline.domain import noise
from pipeline.engine.alarms import QUERIES
from pipeline.engine.alarms.chatter import OVERLAP
from pipeline.store import mailroom

BACK = timedelta(days=31)  # how far a new engine looks back: as far as the quality of alarms is looked at
Position = tuple[str, str]
"""park and operator position"""


class AlarmFloods:
    """The step. What it looked at before is only kept to look at less."""

    def __init__(self) -> None:
        self._looked: datetime | None = None

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Returns how many floods began, grew or ended."""
        since = self._looked - OVERLAP if self._looked and self._looked <= now else now - BACK
        with conn.cursor(row_factory=dict_row) as cursor:
            known = cursor.execute(QUERIES["alarm_floods_since"], {"since": since}).fetchall()
        on = {(k["park_id"], k["position"]): k for k in known if k["ended"] is None}
        over = {(k["park_id"], k["position"]): k["ended"] for k in known if k["ended"] is not None}
        begin = min([since, *(k["started"] for k in on.values())]) - noise.SPAN
        changed = 0
        rows = conn.execute(QUERIES["annunciations"], {"since": begin, "now": now}).fetchall()
        seen = {of: [at for _, _, at in some] for of, some in groupby(rows, key=lambda row: (row[0], row[1]))}
        for of in seen.keys() | on.keys():
            open_ = on.get(of)
            # From a flood's end on no more than four are left, without those exactly ten minutes old.
            start = open_["started"] if open_ else max(since, over.get(of, since))
            at = [i for i in seen.get(of, []) if i > start - noise.SPAN or (open_ and i == start - noise.SPAN)]
            changed += self._keep(conn, of, noise.floods(at, now=now), open_, now)
        if changed:
            mailroom.notify(conn, {"alarm"}, 0)
        self._looked = now
        return changed

    def _keep(
        self, conn: psycopg.Connection, of: Position, found: list[noise.Flood], on: dict[str, object] | None,
        now: datetime,
    ) -> int:  # fmt: skip
        changed = 0
        if on is not None:
            # All its alarms may have turned out to be history since: then it is over.
            flood = found.pop(0) if found else noise.Flood(now, now, int(str(on["alarms"])))
            if (flood.ended, flood.alarms) != (None, on["alarms"]):
                told = {"flood": on["flood"], "ended": flood.ended, "alarms": flood.alarms}
                conn.execute(QUERIES["keep_alarm_flood"], told)
                changed += 1
        for flood in found:
            told = {"park": of[0], "position": of[1], **flood._asdict()}
            changed += conn.execute(QUERIES["add_alarm_flood"], told).rowcount
        return changed
