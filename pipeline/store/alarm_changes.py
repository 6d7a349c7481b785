"""What is said of alarms (raise this, return that), and what every change of one writes beside it: journal, notices,
word to the screens."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from pipeline import metrics
from pipeline.domain.alarm import AlarmAction
from pipeline.store import mailroom
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "alarms_sql")
SYSTEM = "system"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Raising:
    """A watch's condition has become an alarm: since when it holds, when it became one (event times), when what told
    of it was received, and why. historic: it was and is over (`returned`); recorded closed, pages nobody."""

    watch: int
    began: datetime
    raised: datetime
    received: datetime
    value: float | None
    reason: Row
    historic: bool = False
    returned: datetime | None = None


@dataclass(frozen=True, slots=True)
class Returning:
    """A watch's condition is over, at an event time. withdrawn: nobody judges it any more, and why."""

    watch: int
    at: datetime
    received: datetime | None
    withdrawn: str | None = None


@dataclass(slots=True)
class Changes:
    """What one call writes beside the alarms themselves."""

    journal: list[Row] = field(default_factory=list)
    due: list[tuple[int, datetime, str]] = field(default_factory=list)  # alarm, when to decide, why

    def note(
        self, alarm: int, action: AlarmAction, to: str, *, at: datetime, before: str | None = None,
        received: datetime | None = None, reason: str | None = None, detail: Row | None = None,
    ) -> None:  # fmt: skip
        """One line of the journal."""
        self.journal.append(
            {"alarm": alarm, "action": action, "from_state": before, "to_state": to, "event_time": at,
             "received": received, "reason": reason, "detail": detail}
        )  # fmt: skip

    def write(self, conn: psycopg.Connection, *, now: datetime, actor: str = SYSTEM) -> list[int]:
        """Writes journal and notices, and tells the screens; the alarms that changed."""
        if not self.journal:
            return []
        conn.execute(QUERIES["write_journal"], {"rows": as_json(self.journal), "now": now, "actor": actor})
        if self.due:
            metrics.ALARM_NOTICES_DUE.inc(len(self.due))
            alarms, looks, reasons = (list(column) for column in zip(*self.due, strict=True))
            told = {"alarms": alarms, "looks": looks, "reasons": reasons, "now": now}
            conn.execute(QUERIES["add_notices"], told)
        changed = sorted({row["alarm"] for row in self.journal})
        mailroom.notify(conn, {"alarm"}, changed[-1])
        return changed


def as_json(rows: Sequence[Row]) -> Jsonb:
    """Rows for jsonb_to_recordset; instants keep their microseconds."""
    return Jsonb(rows, dumps=lambda value: msgspec.json.encode(value).decode())
