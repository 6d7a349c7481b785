"""Bins never hide a peak and never bridge a gap: as arithmetic, and on a real database."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.database import QUERIES
from api.daytime import floor
from api.downsampling import GRIDS, Bins, for_pixels, on_grid, with_gaps
from tests.api.messages import Hand
from tests.api.serving import NOW

instants = st.timedeltas(timedelta(0), timedelta(days=3650)).map(lambda span: datetime(2020, 1, 1, tzinfo=UTC) + span)
spans = st.one_of(
    st.timedeltas(timedelta(microseconds=1), timedelta(hours=3)),
    st.timedeltas(timedelta(hours=1), timedelta(days=4000)),
)
SECOND = timedelta(seconds=1)


@given(since=instants, span=spans, pixels=st.integers(1, 4000))
def test_bins_cover_the_window_within_the_budget_on_their_grid(since: datetime, span: timedelta, pixels: int) -> None:
    bins = for_pixels(since, since + span, pixels)
    assert bins.count <= pixels
    assert bins.since <= since
    assert bins.since + bins.count * bins.width >= since + span
    if bins.resolution in GRIDS:
        grid = GRIDS[bins.resolution]
        assert bins.width % grid == timedelta(0)
        assert floor(bins.since, grid) == bins.since
        assert since - bins.since < grid
    else:
        assert bins.width < timedelta(minutes=15) + SECOND


@given(since=instants, span=spans, resolution=st.sampled_from(sorted(GRIDS)))
def test_a_grid_has_one_bin_for_each_bucket_touched(since: datetime, span: timedelta, resolution: str) -> None:
    bins = on_grid(since, since + span, resolution)
    assert bins.since <= since < bins.since + bins.width
    assert bins.until - bins.width < since + span <= bins.until


@given(st.sets(st.integers(0, 200), min_size=1), st.integers(1, 20), st.integers(1, 60))
def test_a_gap_breaks_the_line_and_nothing_else_does(places: set[int], width_s: int, silence_s: int) -> None:
    width, silence = width_s * SECOND, silence_s * SECOND
    bins = [{"t": NOW + place * width, "n": 1} for place in sorted(places)]
    marked = with_gaps(bins, width, silence)
    assert [b for b in marked if b["n"]] == bins
    for before, after in pairwise(marked):
        assert before["t"] < after["t"]
        if before["n"] and after["n"]:
            missing = after["t"] - before["t"] - width
            assert missing < max(silence, width)
        else:
            assert before["n"] or after["n"]  # one is enough


samples = st.dictionaries(
    st.integers(0, 6 * 3600), st.floats(-1e6, 1e6, allow_nan=False, width=32), min_size=1, max_size=60
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=samples, pixels=st.integers(1, 50), begin=st.integers(-3600, 3600), span=st.integers(1, 8 * 3600))
def test_no_peak_is_hidden_whatever_the_bins_are_read_from(
    hand: Hand, values: dict[int, float], pixels: int, begin: int, span: int
) -> None:
    point = hand.point("p1", "pressure")
    base = NOW - timedelta(hours=12)
    hand.sql(b"truncate smartpark.reading, smartpark.latest, smartpark.rollup_15m, smartpark.rollup_1h, smartpark.seen")
    hand.measure("p1", "pressure", {base + second * SECOND: value for second, value in values.items()})
    hand.write()
    hand.roll_up()
    since = base + begin * SECOND
    wanted = [
        for_pixels(since, since + span * SECOND, pixels),
        *(on_grid(since, since + span * SECOND, resolution) for resolution in GRIDS),
    ]
    for bins in wanted:
        check(hand.admin, point, bins, {base + s * SECOND: v for s, v in values.items()})
        check(hand.admin, point, bins, {base + s * SECOND: v for s, v in values.items()}, fresh=base)  # all from raw


def check(
    conn: psycopg.Connection, point: int, bins: Bins, values: dict[datetime, float], fresh: datetime = NOW
) -> None:
    """Every bin tells exactly the lowest, highest, first, last and mean of what lies in it."""
    query = {"raw": "raw_bins", "15m": "rollup_15m_bins", "1h": "rollup_1h_bins"}[bins.resolution]
    where = {
        "point": point,
        "since": bins.since,
        "until": bins.until,
        "width": bins.width,
        "fresh": floor(fresh, GRIDS["1h"]),
    }
    found = {row[0]: row[1:] for row in conn.execute(QUERIES[query], where).fetchall()}
    expected: dict[datetime, list[float]] = {}
    for t in sorted(values):
        if bins.since <= t < bins.until:
            expected.setdefault(t - (t - bins.since) % bins.width, []).append(values[t])
    assert found.keys() == expected.keys()
    for t, held in expected.items():
        n, mean, low, high, first, last = found[t]
        assert (n, low, high, first, last) == (len(held), min(held), max(held), held[0], held[-1])
        assert abs(mean - sum(held) / n) <= 1e-6 * max(1.0, *map(abs, held))
