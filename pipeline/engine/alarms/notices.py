"""Decides whether people are told of alarms, when that is due and not before. Sending is another step's business."""

from datetime import datetime

import psycopg
from psycopg.rows import dict_row

from pipeline import metrics
from pipeline.engine.alarms import QUERIES
from pipeline.engine.alarms.telling import URGENCY, Case, Decision, decide
from pipeline.store import mailroom
from pipeline.store.alarms import Row, as_json

BITE = 500
Told = dict[tuple[int, str, int | None], str]  # what people are told of in this bite, with the most urgent priority


def run(conn: psycopg.Connection, now: datetime) -> int:
    """Everything that is due, a bite a transaction. Returns how many notices were decided."""
    done = 0
    while bite := _decide(conn, now):
        done += bite
        if bite < BITE:
            break
    return done


def _decide(conn: psycopg.Connection, now: datetime) -> int:
    with conn.transaction():
        with conn.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(QUERIES["due_notices"], {"now": now, "bite": BITE}).fetchall()
        incidents: Told = {}
        alarms: set[int] = set()
        decided = [(row, _decision(row, incidents, alarms, now)) for row in rows]
        if decided:
            kept = [{"notice": row["notice"], **one._asdict()} for row, one in decided]
            conn.execute(QUERIES["decide_notices"], {"rows": as_json(kept), "now": now})
            mailroom.notify(conn, {"alarm"}, rows[-1]["alarm"])
    for _, one in decided:
        metrics.ALARM_NOTICES.labels(one.decision).inc()
    return len(decided)


def _decision(row: Row, incidents: Told, alarms: set[int], now: datetime) -> Decision:
    """By the most urgent first, so that of an incident whose alarms come together, that one pages."""
    if row["alarm"] in alarms:
        return Decision("withheld", "repeated: people are told of it just now")
    incident = row["incident"]
    now_told = [incidents[scope] for scope in _scopes(row) if scope in incidents]
    told = [*(row["incident_priorities"] or ()), *now_told]
    case = Case(
        life_safety=row["life_safety"], priority=row["priority"], raised=row["raised"], active=row["active"],
        acknowledged=row["acknowledged"], seen_by=row["seen_by"], closed=row["closed"] is not None,
        historic=row["historic"], hold=row["hold"], again=row["decision"] == "withheld", chattering=row["chattering"],
        told=row["told"], ends=row["ends"], work=row["work"], incident=incident,
        incident_told=row["incident_told"] or (now if now_told else None),
        incident_urgency=min(told, key=URGENCY.index, default=None),
    )  # fmt: skip
    one = decide(case, now=now)
    if one.page:
        alarms.add(row["alarm"])
        for scope in _scopes(row):
            incidents.setdefault(scope, row["priority"])
    return one


def _scopes(row: Row) -> list[tuple[int, str, int | None]]:
    """What of an incident people know once they were told of an alarm: all of it where a gateway explains it, else what
    the same rule or the same device adds."""
    incident = row["incident"]
    if incident is None:
        return []
    if row["cause"] == "gateway":
        return [(incident, "gateway", None)]
    return [(incident, name, row[name]) for name in ("rule", "device") if row[name] is not None]
