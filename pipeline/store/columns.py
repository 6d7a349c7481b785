"""Columns of numbers to PostgreSQL's binary formats without a Python object a value: COPY streams and array parameters.

Formats: "Binary Format" in PostgreSQL's page on COPY, and `array_recv` for arrays. 45,000 readings a second are why.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

Mask = npt.NDArray[np.bool_]

EPOCH_S = 946_684_800  # PostgreSQL counts microseconds from 2000-01-01 00:00 UTC, this is its Unix time
_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)  # no flags, no extension
_END = b"\xff\xff"
_NULL = -1  # the length that stands for null
_OIDS = {"int2": 21, "int4": 23, "float8": 701, "timestamptz": 1184}
_STORED = {"int2": ">i2", "int4": ">i4", "float8": ">f8", "timestamptz": ">i8"}


class Column(NamedTuple):
    """One column: its type (int2, int4, float8, or timestamptz as microseconds since 2000) and where it is null."""

    type: str
    values: npt.NDArray[Any]
    null: Mask | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A parameter in PostgreSQL's own binary form; the statement must cast it, as `%(points)s::int[]` does."""

    data: bytes


class _SentDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Sent) -> bytes:
        return obj.data


def teach(conn: psycopg.Connection) -> None:
    """Lets a connection take `Sent` parameters."""
    conn.adapters.register_dumper(Sent, _SentDumper)


def microseconds(seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """PostgreSQL's microseconds from Unix time in seconds, exact to the microsecond until the year 2100."""
    return np.rint((seconds - EPOCH_S) * 1e6).astype(np.int64)


def array(type_: str, values: npt.NDArray[Any], *, null: Mask | None = None) -> Sent:
    """A one-dimensional array parameter."""
    if not len(values):
        return Sent(np.array([0, 0, _OIDS[type_]], dtype=">i4").tobytes())
    some_null = null is not None and bool(null.any())
    head = np.array([1, some_null, _OIDS[type_], len(values), 1], dtype=">i4").tobytes()
    return Sent(head + _packed([Column(type_, values, null)], lead=b""))


def rows_stream(columns: Iterable[Column]) -> bytes:
    """A whole binary COPY stream."""
    listed = list(columns)
    return _SIGNATURE + _packed(listed, lead=len(listed).to_bytes(2, "big")) + _END


def bucket_rows(marks: Iterable[tuple[int, npt.NDArray[np.int32]]]) -> bytes:
    """A whole binary COPY stream of (timestamptz in microseconds since 2000, integer array)."""
    parts = [_SIGNATURE]
    for at, points in marks:
        listed = array("int4", points).data
        parts += [b"\0\x02\0\0\0\x08", at.to_bytes(8, "big", signed=True), len(listed).to_bytes(4, "big"), listed]
    return b"".join([*parts, _END])


def _packed(columns: list[Column], *, lead: bytes) -> bytes:
    """Row by row: `lead`, then each value with its length before it; of a null only the length -1."""
    fields: list[tuple[str, str]] = [("lead", f"V{len(lead)}")] if lead else []
    for number, column in enumerate(columns):
        fields += [(f"n{number}", ">i4"), (f"v{number}", _STORED[column.type])]
    layout = np.dtype(fields)
    table = np.empty(len(columns[0].values), dtype=layout)
    if lead:
        table["lead"] = np.void(lead)
    kept: Mask | None = None
    for number, column in enumerate(columns):
        size = np.dtype(_STORED[column.type]).itemsize
        table[f"n{number}"] = size
        table[f"v{number}"] = column.values
        if column.null is not None and column.null.any():
            table[f"n{number}"][column.null] = _NULL
            if kept is None:
                kept = np.ones((len(table), layout.itemsize), dtype=np.bool_)
            start = layout.fields[f"v{number}"][1]  # type: ignore[index]
            kept[column.null, start : start + size] = False
    if kept is None:
        return table.tobytes()
    return table.view(np.uint8).reshape(len(table), layout.itemsize)[kept].tobytes()
