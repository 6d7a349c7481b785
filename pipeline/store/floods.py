"""What the intake keeps of its senders: their rates, their rejects, and the limits that people set on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from pipeline.domain.errors import ConfigurationError, NotFound
from pipeline.store import audit, mailroom
from pipeline.store.registry import QUERIES

Talker = tuple[str | None, str]
"""Park and device of a sender; a park of None is a sender outside docs/wire.md, named by its topic"""


@dataclass(frozen=True, slots=True)
class DeviceLimit:
    """A person's decision: this device's readings (or everything it sends) at most so many a minute, until then."""

    device_limit: int
    park_id: str
    device_id: str
    per_minute: int
    everything: bool
    reason: str | None
    set_at: datetime
    set_by: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class LaneState:
    """How a lane's collector is doing: messages in its inbox, and how long the last batch's oldest one had waited."""

    lane: str
    at: datetime
    connected: bool
    inbox: int
    waited_s: float | None = None
    trouble: str | None = None


def keep_rates(
    conn: psycopg.Connection, lane: str, counts: Mapping[tuple[datetime, Talker], int], *, peaks: Mapping[Talker, float]
) -> None:
    """Adds messages by minute and sender; `peaks` are messages a second."""
    if counts:
        conn.execute(
            QUERIES["add_device_minutes"],
            {**_columns(lane, counts), "peaks": [peaks.get(talker, 0.0) for _, talker in counts]},
        )


def keep_rejects(
    conn: psycopg.Connection, lane: str, counts: Mapping[tuple[datetime, str | None, str | None, str], int]
) -> None:
    """Adds rejected messages by minute, park, device and reason."""
    if counts:
        conn.execute(
            QUERIES["add_reject_minutes"],
            {
                "lane": lane,
                "minutes": [minute for minute, _, _, _ in counts],
                "parks": [park for _, park, _, _ in counts],
                "devices": [device for _, _, device, _ in counts],
                "reasons": [reason for _, _, _, reason in counts],
                "counts": list(counts.values()),
            },
        )


def keep_limited(conn: psycopg.Connection, lane: str, counts: Mapping[tuple[datetime, Talker], int]) -> None:
    """Adds what limits left out, by minute and device."""
    if counts:
        conn.execute(QUERIES["add_limited_minutes"], _columns(lane, counts))


def keep_lane(conn: psycopg.Connection, state: LaneState) -> None:
    """Keeps how a lane is doing."""
    conn.execute(
        QUERIES["keep_lane_state"],
        {
            "lane": state.lane,
            "at": state.at,
            "connected": state.connected,
            "inbox": state.inbox,
            "waited_s": state.waited_s,
            "trouble": state.trouble,
        },
    )


def limits(conn: psycopg.Connection, *, now: datetime) -> list[DeviceLimit]:
    """All limits in force at `now`."""
    with conn.cursor(row_factory=class_row(DeviceLimit)) as cursor:
        return cursor.execute(QUERIES["limits_in_force"], {"now": now}).fetchall()


def limit(
    conn: psycopg.Connection,
    device: tuple[str, str],
    per_minute: int,
    *,
    now: datetime,
    everything: bool = False,
    until: datetime | None = None,
    reason: str | None = None,
) -> None:
    """Limits a (park, device) in place of the limit that it has, on record; collectors hear of it at once."""
    park, name = device
    with conn.transaction():
        known = conn.execute(QUERIES["sender_known"], {"park": park, "device": name}).fetchone()
        if known is None or not known[0]:
            raise NotFound(f"device {name} in park {park}: nobody registered it, and it never sent anything")
        was = _end(conn, device, now)
        became = {"per_minute": per_minute, "everything": everything, "until": until and until.isoformat()}
        row = conn.execute(
            QUERIES["add_limit"],
            {
                "park": park, "device": name, "per_minute": per_minute, "everything": everything,
                "reason": reason, "now": now, "by": audit.LOCAL, "until": until,
            },
        ).fetchone()  # fmt: skip
        detail = {"was": was, "became": became, "reason": reason}
        audit.record(conn, now=now, action="limit", subject=f"devices/{park}/{name}", detail=detail)
        mailroom.notify(conn, {"limit"}, row[0] if row else 0)


def unlimit(conn: psycopg.Connection, device: tuple[str, str], *, now: datetime) -> None:
    """Takes a limit off, on record. NotFound where there is none."""
    park, name = device
    with conn.transaction():
        was = _end(conn, device, now)
        if was is None:
            raise NotFound(f"a limit on device {name} in park {park}")
        detail = {"was": was, "became": None}
        audit.record(conn, now=now, action="limit", subject=f"devices/{park}/{name}", detail=detail)
        mailroom.notify(conn, {"limit"}, 0)


def only_park(conn: psycopg.Connection) -> str:
    """The one park that there is. ConfigurationError where there are none or several."""
    row = conn.execute(QUERIES["only_park"]).fetchone()
    if row is None:
        raise ConfigurationError("there is not exactly one park: say which with --park")
    return str(row[0])


def _end(conn: psycopg.Connection, device: tuple[str, str], now: datetime) -> dict[str, object] | None:
    row = conn.execute(QUERIES["end_limit"], {"park": device[0], "device": device[1], "now": now}).fetchone()
    if row is None:
        return None
    _, per_minute, everything, until = row
    return {"per_minute": per_minute, "everything": everything, "until": until and until.isoformat()}


def _columns(lane: str, counts: Mapping[tuple[datetime, Talker], int]) -> dict[str, object]:
    return {
        "lane": lane,
        "minutes": [minute for minute, _ in counts],
        "parks": [park for _, (park, _) in counts],
        "devices": [device for _, (_, device) in counts],
        "counts": list(counts.values()),
    }
