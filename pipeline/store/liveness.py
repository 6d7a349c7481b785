"""Keeps when each device was last heard and when its silence becomes news; the engine acts on that deadline."""

from datetime import timedelta

import psycopg

from pipeline.domain.message import LAST_WILL, ConnectionState
from pipeline.settings import Settings
from pipeline.store.registry import QUERIES
from pipeline.store.rows import Heard, Rows


def keep_heard(conn: psycopg.Connection, rows: Rows, settings: Settings) -> None:
    """Moves `heard` and `deadline` of every device in the batch; a device that says it goes offline is due at once."""
    if rows.heard:
        items = sorted(rows.heard.items())
        status = [h.status for _, h in items]
        conn.execute(
            QUERIES["upsert_liveness"],
            {
                "devices": [device for device, _ in items],
                "heards": [h.heard for _, h in items],
                "deadlines": [h.heard + tolerance(h, settings) for _, h in items],
                "reasons": [s.reason or s.state if s else None for s in status],
                "batteries": [s.battery_pct if s else None for s in status],
                "signals": [s.signal_dbm if s else None for s in status],
                "firmwares": [s.firmware if s else None for s in status],
            },
        )
    if rows.wills:
        wills = sorted(rows.wills.items())
        conn.execute(
            QUERIES["keep_wills"],
            {
                "devices": [device for device, _ in wills],
                "receiveds": [received for _, received in wills],
                "reasons": [LAST_WILL] * len(wills),
            },
        )


def tolerance(heard: Heard, settings: Settings) -> timedelta:
    """How long a device may stay silent; nothing for one that said good-bye."""
    if heard.status and heard.status.state == ConnectionState.OFFLINE:
        return timedelta(0)
    if heard.stale_after_s is not None:
        return timedelta(seconds=heard.stale_after_s)
    return timedelta(seconds=max(settings.silence_floor, settings.silence_factor * heard.interval_s))
