"""Keeps when each device was last heard and when its silence becomes news; the engine acts on that deadline."""

import numpy as np
import numpy.typing as npt
import psycopg

from pipeline.domain.message import LAST_WILL, ConnectionState
from pipeline.settings import Settings
from pipeline.store.columns import array, microseconds
from pipeline.store.registry import QUERIES
from pipeline.store.rows import Heard, Rows

LONGEST_S = 100 * 365.25 * 86_400  # of a silence that a device calls fine: a deadline must be a date


def keep_heard(conn: psycopg.Connection, rows: Rows, settings: Settings) -> None:
    """Moves `heard` and `deadline` of every device in the batch; a device that says it goes offline is due at once."""
    if rows.heard:
        items = sorted(rows.heard.items())
        heard = microseconds(np.array([h.heard.timestamp() for _, h in items]))
        told = [(device, h.status) for device, h in items if h.status]
        conn.execute(
            QUERIES["upsert_liveness"],
            {
                "devices": array("int4", np.array([device for device, _ in items])),
                "heards": array("timestamptz", heard),
                "deadlines": array("timestamptz", heard + _tolerances([h for _, h in items], settings)),
                "told": [device for device, _ in told],
                "reasons": [s.reason or s.state for _, s in told],
                "batteries": [s.battery_pct for _, s in told],
                "signals": [s.signal_dbm for _, s in told],
                "firmwares": [s.firmware for _, s in told],
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


def _tolerances(heard: list[Heard], settings: Settings) -> npt.NDArray[np.int64]:
    """How long each device may stay silent, in microseconds; nothing for one that said good-bye."""
    intervals = np.array([h.interval_s for h in heard])
    seconds = np.maximum(settings.silence_floor, settings.silence_factor * intervals)
    for number, one in enumerate(heard):
        if one.status or one.stale_after_s is not None:
            gone = one.status and one.status.state == ConnectionState.OFFLINE
            seconds[number] = 0 if gone else one.stale_after_s or seconds[number]
    return (np.minimum(seconds, LONGEST_S) * 1e6).astype(np.int64)
