"""A roll-up equals a recomputation from raw, whatever came late, twice or into a compressed chunk: the same property on
TimescaleDB's Apache edition (a server) and on its community edition (WebAssembly)."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from psycopg import sql

from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Family
from pipeline.engine.run import steps as engine_steps
from pipeline.engine.steps import Engine
from pipeline.ingest import Writer
from pipeline.settings import Settings
from pipeline.store.database import connect

# Five days around the end of summer time in Europe (25 October 2026, 01:00 UTC).
START = datetime(2026, 10, 23, tzinfo=UTC)
DAYS = 5
NOW = START + timedelta(days=DAYS + 1)
ZONES = {"shanghai": "Asia/Shanghai", "kolkata": "Asia/Kolkata", "berlin": "Europe/Berlin"}
VIEWS = ("smartpark.rollup_15m", "smartpark.rollup_1h")
NUMBER = itertools.count()
SOUND = range(64, 256)  # qualities that count: OPC's uncertain and good

Row = tuple[int, float, float, float, float, float]
"""n, sum, min, max, first, last"""


class Said(NamedTuple):
    """A reading as a device sends it; seconds from START, None where it does not know the time."""

    second: int | None
    value: float | None
    bad: bool


@dataclass
class Park:
    """One edition's database, and the one connection to it: WebAssembly has one session."""

    conn: psycopg.Connection
    edition: str
    raw_days: int = Settings.from_env({}).raw_days

    def write(self, park: str, device: str, said: list[Said], *, received: datetime) -> None:
        """Sends each reading in a message of its own, all in one batch."""
        messages = []
        for one in said:
            number = next(NUMBER)
            time = None if one.second is None else START + timedelta(seconds=one.second)
            bad = frozenset({"value"} if one.bad else ())
            messages.append(
                Message(
                    Sender(park, Family.METER, device),
                    f"m:{number}",
                    number.to_bytes(16),
                    received + timedelta(microseconds=number),
                    [Sample(device, time, {"value": one.value}, bad)],
                )
            )
        Writer(self.conn).write(Batch("test", messages), now=received)

    def compress(self) -> None:
        """Moves every chunk of readings into the columnstore, in the edition that has one."""
        if self.edition == "community":
            for (chunk,) in self.conn.execute("select show_chunks('smartpark.reading')::text").fetchall():
                self.conn.execute("call convert_to_columnstore(%s::regclass, if_not_columnstore => true)", [chunk])

    def refresh(self) -> None:
        """What the refresh policies do now and then; from then on the views serve what was materialised."""
        if self.edition == "community":
            for view in VIEWS:
                self.conn.execute(
                    "call refresh_continuous_aggregate(%s, %s::timestamptz, %s::timestamptz)", [view, START, NOW]
                )

    def roll_up(self, now: datetime = NOW) -> None:
        """The engine's step, until nothing is left to do."""
        step = next(s for s in engine_steps(self.edition, Settings.from_env({})) if s.name == "roll-ups")
        engine = Engine([replace(step, every=timedelta(0))])
        while engine.tick(self.conn, now)["roll-ups"]:
            pass
        assert not engine.failing


@pytest.fixture(params=["apache", "community"])
def park(request: pytest.FixtureRequest) -> Iterator[Park]:
    """A migrated database with one park in each zone."""
    url = request.getfixturevalue("database" if request.param == "apache" else "community")
    with connect(url) as conn:
        conn.autocommit = True
        for park_id, zone in ZONES.items():
            conn.execute(
                "insert into smartpark.park values (%s, 'x', 'x', %s, 'WGS-84', 0, 0, 'x', 'x')", [park_id, zone]
            )
        yield Park(conn, request.param)


def recomputed(readings: list[tuple[Any, datetime, float]]) -> dict[Any, Row]:
    """Roll-up rows by key, from (key, time, value) in any order."""
    grouped: dict[Any, list[tuple[datetime, float]]] = defaultdict(list)
    for key, ts, value in readings:
        grouped[key].append((ts, value))
    rows = {}
    for key, pairs in grouped.items():
        values = [value for _, value in sorted(pairs)]
        rows[key] = (len(values), sum(values), min(values), max(values), values[0], values[-1])
    return rows


def floor(seconds: int) -> Callable[[datetime], datetime]:
    return lambda ts: datetime.fromtimestamp(ts.timestamp() // seconds * seconds, UTC)


def check(conn: psycopg.Connection, zones: Mapping[str, str] = ZONES) -> None:
    """Every roll-up of the whole database against its raw readings."""
    points: dict[int, str] = dict(conn.execute("select point, park_id from park.points").fetchall())
    raw = conn.execute("select point, ts, value, quality from park.readings").fetchall()
    sound = [(point, ts, value) for point, ts, value, quality in raw if value is not None and quality in SOUND]
    for view, start in {"readings_15m": floor(900), "readings_1h": floor(3600)}.items():
        query = sql.SQL("select point, bucket, n, sum, min, max, first, last from park.{}").format(sql.Identifier(view))
        found = {(point, bucket): tuple(row) for point, bucket, *row in conn.execute(query)}
        assert found == recomputed([((point, start(ts)), ts, value) for point, ts, value in sound]), view

    def day(point: int, ts: datetime) -> date:
        return ts.astimezone(ZoneInfo(zones[points[point]])).date()

    days: LiteralString = "select point, day, n, sum, min, max, first, last from park.readings_day"
    found = {(point, local): tuple(row) for point, local, *row in conn.execute(days)}
    assert found == recomputed([((point, day(point, ts)), ts, value) for point, ts, value in sound])


# Instants close to the borders of buckets, hours, UTC days (chunks) and local days, with whole seconds so that sums
# of whole numbers are exact in any order.
INSTANTS = st.builds(
    lambda quarter, second: quarter * 900 + second,
    st.one_of(st.integers(0, DAYS * 96 - 1), st.sampled_from([64, 73, 74, 88, 96, 184, 192, 194, 196, 264, 280])),
    st.sampled_from([0, 1, 450, 899]),
)
SAID = st.builds(
    Said,
    st.one_of(INSTANTS, INSTANTS, INSTANTS, INSTANTS, st.none()),
    st.one_of(st.integers(-1000, 1000).map(float), st.integers(-1000, 1000).map(float), st.none()),
    st.sampled_from([False, False, False, True]),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(sorted(ZONES)), st.integers(0, 1), st.lists(SAID, min_size=1, max_size=12)),
        st.sampled_from(["roll up", "roll up", "compress", "refresh"]),
    ),
    min_size=2,
    max_size=8,
)


EARLY = [Said(7200 * i, float(i), False) for i in range(DAYS * 12)]
LATE = [Said(7200 * i + 60, -float(i), False) for i in reversed(range(DAYS * 12))]


@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],  # examples build on each other, so a smaller one proves nothing
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
@example(steps=[("berlin", 0, EARLY), "roll up", "refresh", "compress", ("berlin", 0, LATE), "roll up", "compress"])
def test_roll_ups_equal_a_recomputation_from_raw(park: Park, steps: list[Any]) -> None:
    """Examples share one database, each with devices of its own: what one left behind is in the next one's check."""
    example = next(NUMBER)
    for at, step in enumerate(steps):
        if step == "roll up":
            park.roll_up()
        elif step == "compress":
            park.compress()
        elif step == "refresh":
            park.refresh()
        else:
            zone, device, said = step
            park.write(
                zone, f"meter-{example}-{device}", said, received=NOW - timedelta(hours=1) + at * timedelta(minutes=1)
            )
    park.roll_up()
    check(park.conn)
    # A roll-up is not disturbed by a second one, nor by the same readings sent again.
    for step in steps:
        if not isinstance(step, str):
            zone, device, said = step
            park.write(zone, f"meter-{example}-{device}", [s for s in said if s.second is not None], received=NOW)
    park.roll_up()
    check(park.conn)


def test_a_gateway_returns_after_a_day_and_sends_everything(park: Park) -> None:
    """Its neighbour went on, everything was rolled up and (community) compressed; then the day comes, in packs that
    are out of order and partly sent twice, after one reading of now."""
    back = START + timedelta(days=2)  # it was away for the day before
    away = [Said(86_400 + 60 * minute, float(minute % 97), False) for minute in range(24 * 60)]
    now = Said(2 * 86_400 - 1, 500.0, False)
    park.write("shanghai", "behind-gateway", away[:1], received=START + timedelta(days=1))
    park.write("shanghai", "neighbour", away, received=back)
    park.roll_up(back)
    park.refresh()
    park.compress()
    park.write("shanghai", "behind-gateway", [now], received=back)
    latest = "select point, ts, value, quality from smartpark.latest order by point"
    before = park.conn.execute(latest).fetchall()
    packs = [away[first : first + 100] for first in range(0, len(away), 100)]
    shuffled = [packs[(7 * n) % len(packs)] for n in range(len(packs))]
    for number, pack in enumerate([*shuffled, *shuffled[:4]]):
        park.write("shanghai", "behind-gateway", pack[::-1], received=back + timedelta(seconds=number))
        if number == 5:
            park.roll_up(back + timedelta(seconds=number))
    park.roll_up()
    count = "select count(*) from park.readings join park.points using (point) where device_id = 'behind-gateway'"
    assert park.conn.execute(count).fetchone() == (len(away) + 1,)
    assert park.conn.execute(latest).fetchall() == before
    check(park.conn)


def test_nothing_is_left_to_do_after_a_roll_up(park: Park) -> None:
    park.write("berlin", "meter-1", [Said(900 * i, float(i), False) for i in range(200)], received=NOW)
    park.roll_up()
    assert park.conn.execute("select count(*) from smartpark.rollup_dirty").fetchone() == (0,)
    check(park.conn)


def test_what_is_rolled_up_is_materialised(park: Park) -> None:
    """Else every question would be computed from raw, and its answer would go with the raw readings."""
    park.write("berlin", "meter-1", [Said(900 * i, float(i), False) for i in range(200)], received=NOW)
    park.roll_up()
    if park.edition == "community":
        for view in VIEWS:
            park.conn.execute(
                sql.SQL("alter materialized view {} set (timescaledb.materialized_only = true)").format(sql.SQL(view))
            )
    check(park.conn)


def test_a_reading_older_than_raw_retention_deletes_no_roll_up(park: Park) -> None:
    """Its neighbours' raw rows are gone, so recomputing their bucket would forget them: it is stored, not rolled up."""
    old = NOW - timedelta(days=park.raw_days + 20)
    second = int((old - START).total_seconds()) // 900 * 900
    park.write("shanghai", "meter-1", [Said(second, 1.0, False), Said(second + 60, 2.0, False)], received=old)
    park.roll_up(now=old + timedelta(hours=1))
    query = "select n, sum from park.readings_15m"
    assert park.conn.execute(query).fetchall() == [(2, 3.0)]
    park.conn.execute(
        "select drop_chunks('smartpark.reading', older_than => %s::timestamptz)", [NOW - timedelta(days=park.raw_days)]
    )
    park.write("shanghai", "meter-1", [Said(second + 120, 9.0, False)], received=NOW)
    park.roll_up()
    assert park.conn.execute(query).fetchall() == [(2, 3.0)]
    assert park.conn.execute("select value from park.readings").fetchall() == [(9.0,)]
