"""What numpy packs is what PostgreSQL reads: nulls, edges of the ranges, empty arrays, microseconds."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.store.columns import Column, array, bucket_rows, microseconds, rows_stream, teach

ZERO = datetime(2000, 1, 1, tzinfo=UTC)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
ROW = st.tuples(
    TIMES,
    st.none() | TIMES,
    st.integers(1, 2**31 - 1),
    st.integers(-(2**15), 2**15 - 1),
    st.none() | st.floats(allow_nan=False),
)
ON_ONE_DATABASE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


def stamps(times: list[datetime]) -> np.ndarray[Any, Any]:
    return microseconds(np.array([t.timestamp() for t in times], dtype=np.float64))


def columns(given_rows: list[Any]) -> list[Column]:
    ts, claimed, point, code, value = zip(*given_rows, strict=True)
    null = np.array([c is None for c in claimed])
    none = np.array([v is None for v in value])
    return [
        Column("timestamptz", stamps(list(ts))),
        Column("timestamptz", stamps([c or ZERO for c in claimed]), null),
        Column("int4", np.array(point)),
        Column("int2", np.array(code)),
        Column("float8", np.array([0.0 if v is None else v for v in value]), none),
    ]


@ON_ONE_DATABASE
@given(st.lists(ROW, min_size=1, max_size=30))
def test_a_copy_stream_is_what_was_given(empty_database: str, given_rows: list[Any]) -> None:
    with psycopg.connect(empty_database, options="-c timezone=UTC") as conn, conn.cursor() as cursor:
        cursor.execute("create temporary table t (a timestamptz, b timestamptz, c int, d smallint, e float8)")
        with cursor.copy("copy t from stdin (format binary)") as copy:
            copy.write(rows_stream(columns(given_rows)))
        assert cursor.execute("select * from t").fetchall() == given_rows


@ON_ONE_DATABASE
@given(st.lists(ROW, min_size=1, max_size=30))
def test_array_parameters_are_what_was_given(empty_database: str, given_rows: list[Any]) -> None:
    with psycopg.connect(empty_database, options="-c timezone=UTC") as conn:
        teach(conn)
        sent = {n: array(c.type, c.values, null=c.null) for n, c in zip("abcde", columns(given_rows), strict=True)}
        found = conn.execute(
            "select * from unnest(%(a)s::timestamptz[], %(b)s::timestamptz[], %(c)s::int[], %(d)s::smallint[],"
            " %(e)s::float8[])",
            sent,
        ).fetchall()
        assert found == given_rows


def test_empty_arrays_and_bucket_rows(empty_database: str) -> None:
    with psycopg.connect(empty_database, options="-c timezone=UTC") as conn, conn.cursor() as cursor:
        teach(conn)
        nothing = array("int4", np.zeros(0, dtype=np.int32))
        assert conn.execute("select %(a)s::int[]", {"a": nothing}).fetchone() == ([],)
        cursor.execute("create temporary table t (a timestamptz, b int[])")
        marks = [(900_000_000, np.array([1, 2**31 - 1])), (-900_000_000, np.array([7]))]
        with cursor.copy("copy t from stdin (format binary)") as copy:
            copy.write(bucket_rows(marks))
        assert cursor.execute("select * from t").fetchall() == [
            (ZERO + timedelta(minutes=15), [1, 2**31 - 1]),
            (ZERO - timedelta(minutes=15), [7]),
        ]


@given(TIMES)
def test_microseconds_are_exact(time: datetime) -> None:
    assert stamps([time])[0] == (time - ZERO) // timedelta(microseconds=1)


def test_no_value_is_nan_until_it_is_packed() -> None:
    assert math.isnan(np.array([None], dtype=np.float64)[0])
