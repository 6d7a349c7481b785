"""Tells what is new of the past: a late run of an alarm that is known already makes it longer, and is not another."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.alarm import AlarmAction, AlarmState
from pipeline.store.alarm_changes import QUERIES, Changes, Raising, Row, as_json


def unknown(
    conn: psycopg.Connection, past: Sequence[Raising], found: dict[int, Row], changes: Changes, *, now: datetime
) -> list[Raising]:
    """Those of some past alarms that nothing tells of yet. A historic one that they continue is made longer."""
    runs = list(_joined(past, found, now))
    if not runs:
        return []
    rows = [
        {"n": n, "watch": one.watch, "began": one.began, "until": one.returned or now,
         "apart_s": found[one.watch]["reopen_s"]}
        for n, one in enumerate(runs)
    ]  # fmt: skip
    with conn.cursor(row_factory=dict_row) as cursor:
        known = {row["n"]: row for row in cursor.execute(QUERIES["alarms_around"], {"rows": as_json(rows)})}
    longer = [_longer(runs[n], row) for n, row in known.items() if row["historic"] and _adds(runs[n], row)]
    if longer:
        conn.execute(QUERIES["lengthen_alarms"], {"rows": as_json([row for row, _ in longer])})
        for row, one in longer:
            changes.note(row["alarm"], AlarmAction.RECORD, AlarmState.NORMAL, before=AlarmState.NORMAL, at=one.raised,
                         received=one.received, reason="longer than known", detail=one.reason)  # fmt: skip
    return [one for n, one in enumerate(runs) if n not in known]


def _joined(past: Sequence[Raising], found: dict[int, Row], now: datetime) -> Iterator[Raising]:
    """Runs of one watch that are no further apart than re-opens an alarm are one."""
    run: Raising | None = None
    for one in sorted(past, key=lambda r: (r.watch, r.began)):
        if run is not None and run.watch == one.watch:
            apart = timedelta(seconds=found[one.watch]["reopen_s"])
            if one.began - (run.returned or now) <= apart:
                over = run.returned and one.returned and max(run.returned, one.returned)
                run = replace(run, returned=over)
                continue
        if run is not None:
            yield run
        run = one
    if run is not None:
        yield run


def _adds(one: Raising, row: Row) -> bool:
    """Whether the past of a known historic alarm is longer by this."""
    later = row["returned"] is not None and one.returned is not None and one.returned > row["returned"]
    return bool(later or one.began < row["began"])


def _longer(one: Raising, row: Row) -> tuple[dict[str, Any], Raising]:
    returned = row["returned"] and one.returned and max(row["returned"], one.returned)
    began = min(one.began, row["began"])
    raised = min(one.raised, row["raised"])
    return {"alarm": row["alarm"], "began": began, "raised": raised, "returned": returned}, one
