"""What proves one work order: its chain, its clocks, what the sensor said before and after, photos with their hashes,
and the signed head that covers it, in one JSON object that can be checked without the database."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.errors import NotFound
from pipeline.evidence import heads, merkle
from pipeline.evidence.heads import QUERIES

FORMAT = "smartpark-evidence/1"
BEFORE, AFTER = timedelta(hours=1), timedelta(hours=1)  # of readings around the order
MOST_READINGS = 20_000
SOON = timedelta(days=45)  # promises due later than that are not computed again by who checks

Bundle = dict[str, Any]


def gather(conn: psycopg.Connection[Any], order: int, *, now: datetime) -> Bundle:
    """The evidence of an order, as JSON types. Raises NotFound. Reads views only, in the caller's transaction."""
    rows = _rows(conn, "bundle_order", order=order)
    if not rows:
        raise NotFound(f"work order {order}")
    row = rows[0]
    events = _rows(conn, "bundle_events", order=order)
    bundle: Bundle = plain(
        {
            "format": FORMAT,
            "made": now,
            "order": row,
            "events": [{name: value for name, value in event.items() if name != "event"} for event in events],
            "clocks": _rows(conn, "bundle_clocks", order=order),
            "calendars": _calendars(conn, row, events, now),
            "sla_events": _rows(conn, "bundle_sla_events", order=order),
            "alarm": _alarm(conn, row["alarm"]),
            "readings": _readings(conn, row, now),
            "photos": [_photo(one) for one in _rows(conn, "bundle_photos", order=order, request=row["request"])],
            "head": _head(conn, order, events),
        }
    )
    return bundle


def _calendars(
    conn: psycopg.Connection[Any], row: Mapping[str, Any], events: list[dict[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """The hours that count, of every calendar that some terms of the order name."""
    named = {
        (target["calendar"], target["calendar_version"])
        for event in events
        if event["detail"].get("terms")
        for target in event["detail"]["terms"]["targets"].values()
    }
    asked = {"park": row["park_id"], "calendars": [name for name, _ in named], "versions": [n for _, n in named]}
    return _rows(conn, "bundle_calendars", **asked, since=row["created"], until=now + SOON)


def _alarm(conn: psycopg.Connection[Any], alarm: int | None) -> dict[str, Any] | None:
    found = _rows(conn, "bundle_alarm", alarm=alarm) if alarm is not None else []
    return {**found[0], "journal": _rows(conn, "bundle_journal", alarm=alarm)} if found else None


def _readings(conn: psycopg.Connection[Any], row: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
    if row["point"] is None:
        return None
    since, until = row["created"] - BEFORE, min((row["closed"] or row["done"] or now) + AFTER, now)
    asked = {"point": row["point"], "since": since, "until": until}
    found = _rows(conn, "bundle_readings", **asked, most=MOST_READINGS)
    counted = _rows(conn, "count_readings", **asked)[0]["count"]
    body = [[one["ts"], one["received"], one["value"], one["quality"]] for one in found]
    (point,) = _rows(conn, "bundle_point", point=row["point"])
    return {**point, "since": since, "until": until, "left_out": counted - len(body), "rows": body}


def _photo(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in ("photo", "what", "at", "actor", "media_type", "size")}
    return {**told, "base64": base64.b64encode(row["bytes"]).decode()}


def _head(conn: psycopg.Connection[Any], order: int, events: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The newest head that covers part of the order, up to which event, and the proof; None where none does yet."""
    line = _rows(conn, "covering_head", event=events[-1]["event"]) or _rows(conn, "last_head")
    covered = [event for event in events if line and event["event"] <= line[0]["last"]]
    if not covered:
        return None
    numbered = heads.leaves(conn, line[0]["last"])
    index = [number for number, _ in numbered].index(order)
    proof = merkle.proof([one for _, one in numbered], index)
    return {"line": heads.as_line(line[0]), "seq": covered[-1]["seq"], "proof": proof}


def photo_is_whole(photo: Mapping[str, Any]) -> bool:
    """Whether a photo's bytes are those that its hash names."""
    try:
        found = hashlib.sha256(base64.b64decode(photo["base64"], validate=True)).hexdigest()
    except ValueError:
        return False
    return found == str(photo["photo"])


def plain(value: Any) -> Any:
    """A value as JSON has it: times in UTC with µs, bytes in hex."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case date() | UUID():
            return str(value)
        case bytes() | memoryview():
            return bytes(value).hex()
        case Decimal():
            return float(value)
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {key: plain(inner) for key, inner in value.items()}
        case str():
            return value
        case Iterable():
            return [plain(inner) for inner in value]
    return value


def _rows(conn: psycopg.Connection[Any], query: str, **values: Any) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], values).fetchall()
