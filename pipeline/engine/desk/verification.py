"""Sees whether what was done holds: an order that came from an alarm is verified by its sensor, or opened again.

Nothing is verified without fresh readings: then a person decides, and the order says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.quality import Quality
from pipeline.domain.work_order import OrderAction
from pipeline.engine.desk.apart import Apart
from pipeline.store import work_orders
from pipeline.store.queries import load
from pipeline.store.work_orders import OrderAct

QUERIES = load(Path(__file__).parent / "sql")
EVENTS = UUID("8f0c6f52-5f0c-5d7e-8a11-6f2e3b9d4c02")
GRACE = timedelta(minutes=5)  # beyond what has to pass anyway, before an alarm counts as not gone, a sensor as silent
GAP_INTERVALS = 3.0  # readings further apart than this many of their intervals show nothing of the time between


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One alarm of an order, and what is known of its subject. steady: since when its readings are good, without a gap;
    newest: the newest good reading, or (of a device without a point) when it was last heard."""

    alarm: int
    active: bool
    raised: datetime
    returned: datetime | None
    off_delay_s: float
    phase: str | None = None
    since: datetime | None = None
    interval_s: float = 60.0
    steady: datetime | None = None
    newest: datetime | None = None


class Verdict(NamedTuple):
    """What follows: VERIFY, REOPEN, COMMENT (a person has to decide), or None: not yet. since: normal from then on."""

    action: OrderAction | None
    reason: str
    since: datetime | None = None
    alarm: int | None = None


def decide(seen: Sequence[Seen], *, done: datetime, verify_s: float, now: datetime) -> Verdict:
    """Whether an order that was done then holds, by all its alarms."""
    wait = timedelta(seconds=verify_s)
    for one in seen:
        if one.active and one.raised > done:
            return Verdict(OrderAction.REOPEN, f"alarm {one.alarm} is active again", alarm=one.alarm)
    for one in seen:
        if one.active:
            given = wait + timedelta(seconds=one.off_delay_s) + GRACE
            if now >= done + given:
                why = f"alarm {one.alarm} is still active {given.total_seconds() / 60:g} minutes after done"
                return Verdict(OrderAction.REOPEN, why, alarm=one.alarm)
            return Verdict(None, f"alarm {one.alarm} is still active")
    returned = max([done, *(one.returned for one in seen if one.returned)])
    given = wait + GRACE + timedelta(seconds=2 * max(one.interval_s for one in seen))
    late = now >= returned + given
    since = returned
    for one in seen:
        if one.newest is None or one.newest <= returned or one.steady is None:
            since, why = now, f"of what alarm {one.alarm} is about nothing good was heard since"
            break
        if one.phase not in (None, "normal"):
            since, why = now, f"what alarm {one.alarm} is about is not normal just now"
            break
        since = max(since, one.steady, one.since or since)
    else:
        why = f"normal since {since.isoformat()}, which is not long enough, or not heard of since"
        if all(one.newest is not None and min(one.newest, now) >= since + wait for one in seen):  # a clock may be ahead
            return Verdict(OrderAction.VERIFY, f"normal for {verify_s / 60:g} minutes after done", since)
    return Verdict(OrderAction.COMMENT if late else None, why)


def run(conn: psycopg.Connection, now: datetime) -> int:
    """Returns how many orders were verified, opened again, or left to a person."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(QUERIES["to_verify"]).fetchall()
    found = {order: list(some) for order, some in groupby(rows, key=lambda row: int(row["work_order"]))}
    with Apart(conn) as apart:
        return apart.each("verification of order", found, lambda some: _settle(conn, some, now))


def _settle(conn: psycopg.Connection, rows: Sequence[dict[str, Any]], now: datetime) -> int:
    first, order = rows[0], rows[0]["work_order"]
    verdict = decide([_seen(conn, row, now) for row in rows], done=first["done"], verify_s=first["verify_s"], now=now)
    if verdict.action is None or (verdict.action is OrderAction.COMMENT and first["verified"] != "pending"):
        return 0
    detail: dict[str, Any] = {"alarms": [row["alarm"] for row in rows]}
    if verdict.action is OrderAction.COMMENT:
        detail["unverified"] = True
    if verdict.action is OrderAction.REOPEN:
        detail["alarm"] = verdict.alarm
    if verdict.since is not None:
        detail |= {"since": verdict.since.isoformat(), "for_s": first["verify_s"]}
    detail["readings"] = [_reading(row) for row in rows if row["ts"] is not None]
    client = uuid5(EVENTS, f"{order}/{first['version']}/{verdict.action}")
    asked = OrderAct(order=order, action=verdict.action, client_id=client, version=first["version"],
                     reason=verdict.reason, detail=detail)  # fmt: skip
    return int(not work_orders.act(conn, asked, now=now).repeated)


def _seen(conn: psycopg.Connection, row: dict[str, Any], now: datetime) -> Seen:
    """The readings since done are read only where they may decide something."""
    done, wait = row["done"], timedelta(seconds=row["verify_s"])
    newest, steady = row["heard"], done
    if row["point"] is not None:
        newest = row["ts"] if row["quality"] == Quality.GOOD else None
        steady = None
        if newest is not None and newest >= done + wait and not row["active"]:
            gap_s = max(row["verify_s"], GAP_INTERVALS * row["interval_s"])
            far = {"point": row["point"], "since": max(done, newest - 2 * wait - timedelta(seconds=2 * gap_s)),
                   "upto": newest, "gap_s": gap_s, "good": int(Quality.GOOD)}  # fmt: skip
            found = conn.execute(QUERIES["steady_since"], far).fetchone()
            steady = found[0] if found else None
    return Seen(
        alarm=row["alarm"], active=row["active"], raised=row["raised"], returned=row["returned"],
        off_delay_s=row["off_delay_s"], phase=row["phase"], since=row["since"], interval_s=row["interval_s"] or 60.0,
        steady=steady, newest=newest,
    )  # fmt: skip


def _reading(row: dict[str, Any]) -> dict[str, Any]:
    return {"device": row["device_id"], "point": row["point_name"], "unit": row["unit"], "value": row["value"],
            "ts": row["ts"].isoformat(), "quality": row["quality"]}  # fmt: skip
