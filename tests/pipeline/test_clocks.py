"""The watch sees what the judge would see of each device, writes it once a minute at most, and survives a restart."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import nan

import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.clock_fault import GUESSED, RIGHT, ClockFault, ClockVerdict, ClockWindow, judge, remember
from pipeline.store.clocks import MISSING, NAIVE, UNIT, Claim, Claims, ClockWatch, Finding, claim
from pipeline.store.database import connect
from tests.park import apply_small_park

NOW = datetime(2026, 11, 21, 6, 40, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOURS_8 = 8 * 3600.0


def say(watch: ClockWatch, at: datetime, **leads: float) -> list[Finding]:
    """Devices d1, d2, … say something; by how much each is ahead."""
    keys = np.array([int(name[1:]) for name in leads], np.int32)
    received = np.full(len(keys), at.timestamp())
    lead = np.array(list(leads.values()))
    flags = np.where(np.isnan(lead), MISSING, 0).astype(np.uint8)
    return watch.see(Claims(keys, lead, flags, received), now=at)


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.integers(1, 3),
                st.sampled_from([nan, -1.0, -2.5, HOURS_8, HOURS_8 - 1, -HOURS_8, 400.0, -40.0, -1.79e9]),
                st.sampled_from([0, 0, 0, NAIVE, UNIT]),
            ),
            max_size=5,
        ),
        max_size=40,
    )
)
@settings(deadline=None)
def test_the_watch_finds_what_the_judge_finds(minutes: list[list[tuple[int, float, int]]]) -> None:
    watch = ClockWatch()
    watch._all_are_late = lambda at: False  # type: ignore[method-assign]
    histories: dict[int, list[ClockWindow]] = {}
    waiting: dict[int, list[tuple[float, int, float]]] = {}
    standing: dict[int, ClockVerdict] = {}
    for n, said in enumerate(minutes):
        at = NOW + n * MINUTE
        claims = [Claim(d, lead, MISSING if np.isnan(lead) else flag, at.timestamp()) for d, lead, flag in said]
        for device in sorted({c.device for c in claims}):  # who speaks ends the window before
            if told := waiting.pop(device, None):
                best = max((t for t in told if not np.isnan(t[0])), default=(nan, 0, told[-1][2]))
                count = len(told)
                flagged = [sum(bool(f & flag) for _, f, _ in told) for flag in (MISSING, NAIVE, UNIT)]
                window = ClockWindow(best[2], best[0], count, *flagged)
                histories[device] = remember(histories.get(device, []), window)
        if claims:
            watch.see(Claims.of(claims), now=at)
        for c in claims:
            waiting.setdefault(c.device, []).append((c.lead_s, c.flags, c.received_s))
        for device, history in histories.items():
            if device in {c.device for c in claims}:
                standing[device] = judge(history, standing.get(device, RIGHT))
        lying = {d: v.fault for d, v in standing.items() if v.fault}
        assert {d: v.fault for d, v in watch._standing.items()} == lying


def test_a_liar_is_found_in_its_second_minute_and_told_again_each_minute_only() -> None:
    watch = ClockWatch()
    for n in range(2):
        for second in (0, 10, 20, 30, 40, 50):
            found = say(watch, NOW + n * MINUTE + timedelta(seconds=second), d7=HOURS_8 - 1, d9=-0.5)
            assert found == []
    (finding,) = say(watch, NOW + 2 * MINUTE, d7=HOURS_8 - 1, d9=-0.5)
    assert (finding.device, finding.verdict.fault, finding.messages) == (7, ClockFault.ZONE_AS_UTC, 12)
    assert say(watch, NOW + 2 * MINUTE + timedelta(seconds=30), d7=HOURS_8 - 1) == []
    (again,) = say(watch, NOW + 3 * MINUTE, d7=HOURS_8 - 1)
    assert (again.verdict.since_s, again.messages) == (finding.verdict.since_s, 14)
    assert watch.distrusted.keys() == {7}


def test_a_spool_that_drains_is_no_witness() -> None:
    watch = ClockWatch()
    for n in range(20):
        at = NOW + n * MINUTE
        key, lead, flag = np.array([1], np.int32), np.array([-700.0]), np.zeros(1, np.uint8)
        assert watch.see(Claims(key, lead, flag, np.array([at.timestamp() - 3600])), now=at) == []
    assert watch._devices == []


def test_a_lag_that_all_share_accuses_nobody_but_one_on_time_clears_the_pipe() -> None:
    for beside, accused in ((-650.0, set()), (-1.0, {1})):
        watch = ClockWatch()
        for n in range(60):
            say(watch, NOW + n * MINUTE, d1=-700.0, d2=beside)
        assert watch._standing.keys() == accused


def test_claims_are_made_of_device_times() -> None:
    assert claim(1, None, NOW)[2] == MISSING
    naive = claim(1, datetime(2026, 11, 21, 14, 39, 59), NOW)  # noqa: DTZ001 - that is the point
    assert (naive.lead_s, naive.flags) == (HOURS_8 - 1, NAIVE)
    assert claim(1, NOW - MINUTE, NOW) == (1, -60.0, 0, NOW.timestamp())
    assert claim(1, NOW.replace(tzinfo=GUESSED), NOW).flags == UNIT


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    with connect(database) as admin:
        apply_small_park(admin)
    with connect(database, role="park_writer") as writer:
        yield writer


def clocks(conn: psycopg.Connection) -> list[tuple[object, ...]]:
    query = "select fault, offset_s, since, last_seen, count, claimed, received, ended from smartpark.device_clock"
    return conn.execute(f"{query} order by since".encode()).fetchall()


def watch_for(conn: psycopg.Connection, watch: ClockWatch, begin: datetime, minutes: int, lead: timedelta) -> None:
    for n in range(minutes):
        at = begin + n * MINUTE
        watch.watch(conn, Claims.of([claim(1, at + lead, at)] * 3), now=at)


def test_a_liar_is_kept_with_an_example_and_its_end(conn: psycopg.Connection) -> None:
    watch = ClockWatch()
    ahead = timedelta(hours=8, seconds=-1)
    watch_for(conn, watch, NOW, 5, ahead)
    last = NOW + 3 * MINUTE  # the window of the fifth is still open
    assert clocks(conn) == [("zone-as-utc", HOURS_8, NOW, last, 12, last + ahead, last, None)]
    watch_for(conn, watch, NOW + 5 * MINUTE, 5, timedelta(seconds=-1))
    (row,) = clocks(conn)
    assert row[-1] == NOW + 8 * MINUTE  # three windows on time
    assert watch.distrusted == {}
    watch_for(conn, watch, NOW + 20 * MINUTE, 4, -timedelta(minutes=20))
    assert len(clocks(conn)) == 1


def test_a_restart_remembers_who_lies_and_since_when(conn: psycopg.Connection) -> None:
    before = ClockWatch()
    watch_for(conn, before, NOW, 5, timedelta(hours=8))
    watch = ClockWatch()
    watch.load(conn)
    assert watch.distrusted == before.distrusted
    watch_for(conn, watch, NOW + 10 * MINUTE, 4, timedelta(hours=8))
    assert [row[2:5] for row in clocks(conn)] == [(NOW, NOW + 12 * MINUTE, 12 + 9)]


def test_a_transaction_that_was_rolled_back_is_found_again(conn: psycopg.Connection) -> None:
    watch = ClockWatch()
    watch_for(conn, watch, NOW, 4, timedelta(hours=8))
    conn.rollback()
    watch.load(conn)
    assert watch.distrusted == {}
    watch_for(conn, watch, NOW + 4 * MINUTE, 1, timedelta(hours=8))
    assert [row[:3] for row in clocks(conn)] == [("zone-as-utc", HOURS_8, NOW)]
