"""Reads what figures are made from into frames: one frame a kind of row, times in UTC, columns as in the views."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
from psycopg.rows import dict_row

from pipeline.analytics.figures import Span
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "kpi_sql")
PROMISE_S = 5400.0  # 1.5 h: the best result that was ever reported for such a park

CLOCKS = (
    "work_order", "kind", "state", "target_s", "started", "due", "stopped", "spent_s", "wall_s", "paused_s",
    "provisional", "origin", "service", "priority", "space", "company", "contractor", "assignee", "created", "taken",
    "arrived", "fault",
)  # fmt: skip
ORDERS = (
    "work_order", "origin", "cause", "service", "priority", "space", "company", "contractor", "assignee", "state",
    "created", "responded", "closed", "proof", "first_done", "reopened", "again", "reached_s",
)  # fmt: skip
SPELLS = ("work_order", "kind", "seq", "state", "reason", "open_s", "paused_s")
REQUESTS = ("request", "service", "company", "channel", "created", "answered", "state", "stars", "rated", "contractor",
            "assignee")  # fmt: skip
SURVEYS = ("survey", "name_zh", "name_en", "opens", "closes", "company_id", "stars", "asked")

TIMES = frozenset({"started", "due", "stopped", "created", "taken", "arrived", "responded", "closed", "first_done",
                   "reopened", "again", "answered", "rated", "opens", "closes"})  # fmt: skip
NUMBERS = frozenset({"target_s", "spent_s", "wall_s", "paused_s", "reached_s", "open_s", "stars"})


@dataclass(frozen=True, slots=True)
class Frames:
    """Everything that the figures of a span are made from; `load` says of what."""

    clocks: pd.DataFrame
    orders: pd.DataFrame
    spells: pd.DataFrame
    requests: pd.DataFrame
    surveys: pd.DataFrame


def frame(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows as a frame with these columns, each of one type whatever is missing: times in UTC, seconds as floats."""
    found = pd.DataFrame([[row.get(name) for name in columns] for row in rows], columns=list(columns))
    for name in columns:
        if name in TIMES:
            found[name] = pd.to_datetime(found[name], utc=True).astype("datetime64[us, UTC]")
        elif name in NUMBERS:
            found[name] = found[name].astype("float64")
        else:
            found[name] = found[name].astype("object").where(found[name].notna(), None)
    return found


def read(conn: psycopg.Connection[Any], park_id: str, span: Span) -> Frames:
    """The frames of a span of one park, by the park.* views."""
    asked = {"park": park_id, "since": span.since, "until": span.until, "now": span.now,
             "early": span.since - timedelta(seconds=PROMISE_S)}  # fmt: skip
    return Frames(
        clocks=frame(rows(conn, "clocks", asked), CLOCKS),
        orders=frame(rows(conn, "orders", asked), ORDERS),
        spells=frame(rows(conn, "spells", asked), SPELLS),
        requests=frame(rows(conn, "requests", asked), REQUESTS),
        surveys=frame(rows(conn, "surveys", asked), SURVEYS),
    )


def zone(conn: psycopg.Connection[Any], park_id: str) -> str:
    """The park's time zone; UTC where nobody applied it."""
    found = rows(conn, "zone", {"park": park_id})
    return str(found[0]["time_zone"]) if found else "UTC"


def rows(conn: psycopg.Connection[Any], query: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All rows of a query of kpi_sql."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], dict(values)).fetchall()
