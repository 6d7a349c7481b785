"""What the demo shows of the service desk: some days of work behind it, and people who go on with it."""

import time
from datetime import datetime, timedelta

import psycopg

from pipeline.domain.park import Park
from simulators.desk.live import backfill
from simulators.desk.run import prepare

PARK = "qinghe"  # whose people simulators/parks/qinghe-desk are
MOST_DAYS, SCALE = 4, 1.5  # a week would take the demo half a minute more


def set_up(
    conn: psycopg.Connection, park: Park, *, now: datetime, days: int, seed: int, apart: frozenset[str] = frozenset()
) -> str | None:
    """People, catalogue and promises, and some days of history where there is none; a line that says so. None: this is
    another park, and its people are not known. apart: logins that nobody plays."""
    if park.park_id != PARK:
        return None
    begun, days = time.monotonic(), min(days, MOST_DAYS)
    prepare(conn, park, now=now - timedelta(days=days), until=now)
    orders = backfill(conn, park, until=now, days=days, seed=seed, scale=SCALE, apart=apart)
    past = f"{orders} work orders of {days} days, {time.monotonic() - begun:.0f} s" if orders else "as it was"
    return f"Desk      {past}."


def words(park_file: str, *, seed: int, apart: frozenset[str] = frozenset()) -> list[str]:
    """The words of the process that plays its people."""
    real = [word for login in sorted(apart) for word in ("--apart", login)]
    return ["simulate", "desk", "--live", "--park", park_file, "--seed", str(seed), "--scale", str(SCALE), *real]
