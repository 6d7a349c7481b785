"""Raises what an operator must be told of the intake, and ends it when it is over: rejects that devices have in common
(a bad firmware), one device that floods, contradictions. All derived from recorded minutes; nothing is counted here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import psycopg
from psycopg.rows import dict_row

from pipeline.engine.steps import QUERIES
from pipeline.settings import Settings
from pipeline.store import mailroom

WINDOW = timedelta(minutes=5)
MINUTES = WINDOW / timedelta(minutes=1)
CALM = 4  # a condition ends below a quarter of what raised it, so that it does not come and go
KEPT_DEVICES = 500


class Scope(NamedTuple):
    """What tells one condition from another. device is None where several are concerned, or nobody knows which."""

    kind: str
    lane: str | None
    park: str | None
    family: str | None
    firmware: str | None
    device: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the last minutes say of one scope: messages in all, how many a minute, and the share of the limit reached
    (`strength` 1: raise it; below 1/4: it is over)."""

    scope: Scope
    messages: int
    per_minute: float
    strength: float
    since: datetime
    last: datetime
    devices: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Conditions:
    """The step."""

    settings: Settings

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Returns how many conditions began or ended."""
        found = {e.scope: e for e in self.evidence(conn, now)}
        changed: list[int] = []
        with conn.cursor(row_factory=dict_row) as cursor:
            held = cursor.execute(QUERIES["open_conditions"]).fetchall()
        known = {_scope(row): row for row in held}
        for scope, row in known.items():
            seen = found.get(scope)
            if seen is None or seen.strength * CALM < 1:
                conn.execute(QUERIES["end_condition"], {"condition": row["condition"], "now": now})
                changed.append(row["condition"])
            else:
                devices = sorted({*row["device_ids"], *seen.devices})[:KEPT_DEVICES]
                self._keep(conn, seen, row, devices)
        for scope, seen in found.items():
            if scope not in known and seen.strength >= 1:
                changed.append(self._raise(conn, seen, now))
        if changed:
            mailroom.notify(conn, {"condition"}, changed[-1])
        return len(changed)

    def evidence(self, conn: psycopg.Connection, now: datetime) -> Iterator[Evidence]:
        """Everything of late that could be a condition, weighed."""
        span = {"since": now - WINDOW, "now": now}
        with conn.cursor(row_factory=dict_row) as cursor:
            for row in cursor.execute(QUERIES["reject_groups"], span).fetchall():
                scope = Scope(
                    "rejects", row["lane"], row["park_id"], row["family"], row["firmware"], None, row["reason"]
                )
                yield Evidence(
                    scope,
                    row["messages"],
                    row["messages"] / MINUTES,
                    self.reject_strength(row),
                    row["since"],
                    row["last"],
                    row["device_ids"],
                )
            floor = self.settings.flood_floor / CALM
            for row in cursor.execute(QUERIES["flood_groups"], {**span, "floor": floor}).fetchall():
                limit = max(self.settings.flood_floor, self.settings.flood_factor * row["expected"])
                scope = Scope("flood", row["lane"], row["park_id"], row["family"], None, row["device_id"], None)
                yield Evidence(
                    scope,
                    row["messages"],
                    row["most"],
                    row["most"] / limit,
                    row["since"],
                    row["last"],
                    [row["device_id"]],
                )
            for row in cursor.execute(QUERIES["conflict_groups"], span).fetchall():
                strength = row["messages"] / self.settings.conflict_limit
                scope = Scope("conflicts", None, row["park_id"], row["family"], None, row["device_id"], row["reason"])
                yield Evidence(
                    scope,
                    row["messages"],
                    row["messages"] / MINUTES,
                    strength,
                    row["since"],
                    row["last"],
                    [row["device_id"]],
                )

    def reject_strength(self, row: dict[str, object]) -> float:
        """How far rejects are towards their limit: enough messages, from enough devices, that are enough of what those
        devices send; or so many in one minute from one device (or nobody knows whom)."""
        s, n, most = self.settings, int(str(row["messages"])), int(str(row["most"]))
        devices, sent = len(row["device_ids"]), max(1, int(str(row["sent"])))  # type: ignore[arg-type]
        alone = most / s.reject_limit
        if devices < s.reject_devices:
            return alone
        together = min(n / s.reject_limit, (n / sent) / s.reject_share)
        return max(alone, together)

    def _keep(self, conn: psycopg.Connection, seen: Evidence, row: dict[str, object], devices: list[str]) -> None:
        started = row["started"]
        messages, letter = _since(conn, seen.scope, devices, started)
        conn.execute(
            QUERIES["keep_condition"],
            {**_figures(seen, devices), "condition": row["condition"], "messages": messages, "dead_letter": letter},
        )

    def _raise(self, conn: psycopg.Connection, seen: Evidence, now: datetime) -> int:
        devices = seen.devices[:KEPT_DEVICES]
        messages, letter = _since(conn, seen.scope, devices, seen.since)
        row = conn.execute(
            QUERIES["raise_condition"],
            {
                **seen.scope._asdict(),
                **_figures(seen, devices),
                "started": seen.since, "now": now, "messages": messages, "dead_letter": letter,
            },
        ).fetchone()  # fmt: skip
        return int(row[0]) if row else 0


def _scope(row: dict[str, object]) -> Scope:
    columns = ("kind", "lane", "park_id", "family", "firmware", "device_id", "reason")
    return Scope(*(row[name] for name in columns))  # type: ignore[arg-type]


def _figures(seen: Evidence, devices: list[str]) -> dict[str, object]:
    return {"last": seen.last, "per_minute": seen.per_minute, "count": len(devices), "devices": devices}


def _since(conn: psycopg.Connection, scope: Scope, devices: list[str], started: object) -> tuple[int, int | None]:
    """Messages of a scope since it started, and the newest dead letter where there is one."""
    told = {**scope._asdict(), "started": started}
    if scope.kind == "rejects":
        row = conn.execute(QUERIES["rejects_since"], {**told, "devices": devices, "unknown": not devices}).fetchone()
        return (int(row[0]), row[1]) if row else (0, None)
    query = "messages_since" if scope.kind == "flood" else "conflicts_since"
    row = conn.execute(QUERIES[query], told).fetchone()
    return (int(row[0]) if row else 0), None
