"""A week of history through the ordinary writer: complete, continuous with the live run, and only once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest

from pipeline.domain.message import Batch
from pipeline.domain.park import PointKind
from pipeline.ingest import Outcome, Writer
from pipeline.store import parks
from pipeline.store.database import connect
from simulators.backfill import backfill
from simulators.schedule import Cast
from tests.simulators.small_park import small_park

UNTIL = datetime(2026, 11, 20, 4, 0, 10, tzinfo=UTC)
POINTS = sum(len(d.points) for d in small_park().devices)


class Killed(Exception):  # noqa: N818 - what happens, not what is wrong
    """Stands for a process that died between two transactions."""


class Dying(Writer):
    """A writer whose process dies after so many transactions."""

    lives = 3

    def write(self, batch: Batch, *, now: datetime) -> Outcome:
        if not self.lives:
            raise Killed
        self.lives -= 1
        return super().write(batch, now=now)


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    with connect(database) as conn:
        parks.apply(conn, small_park(), now=UNTIL)
        conn.commit()
        yield conn


def count(conn: psycopg.Connection, what: str) -> int:
    row = conn.execute(f"select count(*) from {what}".encode()).fetchone()  # noqa: S608
    assert row
    return int(row[0])


def test_history_is_complete_and_a_second_one_stores_nothing(conn: psycopg.Connection) -> None:
    told: list[tuple[int, int]] = []
    done = backfill(
        Writer(conn), small_park(), until=UNTIL, days=2, seed=7, progress=lambda n, total: told.append((n, total))
    )
    assert done.readings == count(conn, "smartpark.reading")
    silent = 5 * (2 * 288 - 2 * 18)  # one room talks in 1.5 of 24 hours
    assert done.readings == 2 * 288 * POINTS - silent
    assert told[-1][0] == told[-1][1] == 2 * 288 * POINTS
    assert count(conn, "smartpark.device_status") == len(small_park().devices) + 4
    assert count(conn, "smartpark.conflict") == 0
    again = backfill(Writer(conn), small_park(), until=UNTIL, days=2, seed=7)
    assert (again.readings, again.events, again.batches) == (0, 0, 0)


def test_a_killed_one_goes_on_where_it_stopped(conn: psycopg.Connection, database: str) -> None:
    with pytest.raises(Killed):
        backfill(Dying(conn), small_park(), until=UNTIL, days=2, step_s=30, seed=7)
    stored = count(conn, "smartpark.reading")
    rest = backfill(Writer(conn), small_park(), until=UNTIL, days=2, step_s=30, seed=7)
    assert 0 < stored < rest.readings + stored == count(conn, "smartpark.reading")
    assert rest.since > UNTIL - timedelta(days=2)
    duplicates = conn.execute("select sum(duplicates), sum(conflicts) from smartpark.ingest_batch").fetchone()
    assert duplicates == (0, 0)
    later = backfill(Writer(conn), small_park(), until=UNTIL + timedelta(minutes=30), days=2, step_s=30, seed=7)
    assert later.since == UNTIL and later.readings > 0


def test_the_head_count_of_today_is_right_and_yesterday_balances(conn: psycopg.Connection) -> None:
    backfill(Writer(conn), small_park(), until=UNTIL, days=2, seed=7)
    inside = (
        "select coalesce(sum(case direction when 'in' then count when 'out' then -count end), 0)"
        " from smartpark.access_event where kind = 'passage' and ts >= %s and ts < %s"
    )
    midnight = datetime(2026, 11, 19, 20, tzinfo=UTC)  # 04:00 in Beijing
    (now,) = conn.execute(inside.encode(), [midnight, UNTIL]).fetchone() or (None,)
    (yesterday,) = conn.execute(inside.encode(), [midnight - timedelta(days=1), midnight]).fetchone() or (None,)
    walk = Cast(small_park(), 7, "x").days.between(midnight.timestamp(), UNTIL.timestamp())
    told = [h.event.direction for h in walk if h.message == "passage" and hasattr(h.event, "direction")]
    assert now == told.count("in") - told.count("out") > 3000
    assert yesterday == 0


def test_registers_go_on_without_a_jump_into_the_live_run(conn: psycopg.Connection) -> None:
    backfill(Writer(conn), small_park(), until=UNTIL, days=1, seed=7)
    cast = Cast(small_park(), 7, "live")
    at = np.array([UNTIL.timestamp() + 5])
    rows = conn.execute(
        "select d.device_id, p.name, l.ts, l.value from smartpark.latest l join smartpark.point p using (point)"
        " join smartpark.device d using (device)"
    )
    newest = {(device, name): (ts, value) for device, name, ts, value in rows}
    for device in small_park().devices:
        for point in device.points:
            if point.kind is PointKind.COUNTER:
                ts, value = newest[device.device_id, point.name]
                live = float(cast.voices[device.device_id](at)[point.name][0])
                before = float(cast.voices[device.device_id](np.array([ts.timestamp()]))[point.name][0])
                assert value == before
                assert value <= live <= value + 200


def test_devices_are_heard_at_the_end_of_history_the_silent_one_is_not(conn: psycopg.Connection) -> None:
    backfill(Writer(conn), small_park(), until=UNTIL, days=1, seed=7)
    rows = conn.execute(
        "select d.device_id, s.heard from smartpark.device d join smartpark.device_state s using (device)"
    ).fetchall()
    (silent,) = Cast(small_park(), 7, "x").faults.silent
    assert {device for device, heard in rows if heard < UNTIL} == {silent}


def test_a_pause_shorter_than_a_step_is_filled_without_readings(conn: psycopg.Connection) -> None:
    backfill(Writer(conn), small_park(), until=UNTIL, days=1, seed=7)
    soon = UNTIL + timedelta(seconds=200)
    assert backfill(Writer(conn), small_park(), until=soon - timedelta(seconds=100), days=1, seed=7).readings >= 0
    assert backfill(Writer(conn), small_park(), until=soon, days=1, seed=7).readings == 0
