"""`park audit verify`: whether any work order was changed, removed or cut off since it was written."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from psycopg.rows import dict_row

from pipeline.evidence import heads, merkle, signing
from pipeline.evidence.heads import QUERIES, Line
from pipeline.store import chain


class Audited(NamedTuple):
    """What was looked at, what is wrong (empty: nothing), and how many events no head covers yet."""

    orders: int
    events: int
    heads: int
    faults: list[str]
    uncovered: int


class End(NamedTuple):
    """The newest event of a chain."""

    seq: int
    hash: bytes
    state: str


def verify(conn: psycopg.Connection, file: Path, keys: Iterable[Ed25519PublicKey]) -> Audited:
    """Checks every chain, what each order says of its own, every line of the file and every head in the database."""
    faults: list[str] = []
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        counted, ends = _chains(conn, faults)
        _orders(conn, ends, faults)
        lines = list(heads.read(file))
        if not lines:
            faults.append(f"{file} holds no heads: nothing outside the database shows what it held")
        kept = [heads.as_line(row) for row in _rows(conn, "heads", after=None)]
        _file(lines, kept, faults)
        _lines(conn, lines, {signing.fingerprint(key): key for key in keys}, faults)
        covered = max((line["last"] for line in lines), default=0)
        (total,) = conn.execute(QUERIES["count_events"], {"last": covered}).fetchone() or (0,)
    return Audited(len(ends), counted, len(lines), faults, counted - total)


def _chains(conn: psycopg.Connection, faults: list[str]) -> tuple[int, dict[int, End]]:
    ends: dict[int, End] = {}
    counted = 0
    for order, events in groupby(_rows(conn, "chains"), key=lambda event: int(event["work_order"])):
        found = list(events)
        counted += len(found)
        ends[order] = End(found[-1]["seq"], bytes(found[-1]["hash"]), found[-1]["to_state"])
        if fault := chain.first_fault(found):
            faults.append(f"work order {order}: {fault}")
    return counted, ends


def _orders(conn: psycopg.Connection, ends: dict[int, End], faults: list[str]) -> None:
    known = set()
    for row in _rows(conn, "orders"):
        order = row["work_order"]
        known.add(order)
        if order not in ends:
            faults.append(f"work order {order}: its events are gone")
        elif ends[order][:2] != (row["version"], bytes(row["head"])):
            faults.append(f"work order {order}: it stands at {row['version']}, its newest event is {ends[order].seq}")
        elif ends[order].state != row["state"]:
            faults.append(f"work order {order}: it says {row['state']}, its newest event {ends[order].state}")
    faults.extend(f"work order {order} is gone, its events are there" for order in sorted(ends.keys() - known))


def _file(lines: list[Line], kept: list[Line], faults: list[str]) -> None:
    if lines != kept[: len(lines)]:
        places = (n for n, line in enumerate(lines) if n >= len(kept) or line != kept[n])
        faults.append(f"line {next(places) + 1} of the file is not what the database holds")
    if len(kept) > len(lines):
        faults.append(f"the file lacks {len(kept) - len(lines)} of the database's {len(kept)} heads")


def _lines(conn: psycopg.Connection, lines: list[Line], keys: dict[str, Ed25519PublicKey], faults: list[str]) -> None:
    previous = heads.FIRST
    for line in lines:
        key, name = keys.get(line["key"]), f"head of {line['hour']}"
        if key is None:
            faults.append(f"{name}: nobody gave its key {line['key']}")
        elif not signing.signed_by(key, line):
            faults.append(f"{name}: its signature is wrong")
        if line["previous"] != previous:
            faults.append(f"{name}: it does not follow the one before it")
        previous = heads.digest(line)
    _roots(conn, lines, faults)


def _roots(conn: psycopg.Connection, lines: list[Line], faults: list[str]) -> None:
    """Every head's root, computed again from the events as they are: one pass, in the order in which they came."""
    tree, events = merkle.Tree(), 0
    waiting = iter(_rows(conn, "order_hashes"))
    event = next(waiting, None)
    for line in lines:
        while event is not None and event["event"] <= line["last"]:
            order = event["work_order"]
            tree.put(order, merkle.leaf(order, event["seq"], bytes(event["hash"])))
            events += 1
            event = next(waiting, None)
        if (len(tree), events, tree.root()) != (line["orders"], line["events"], line["root"]):
            faults.append(
                f"head of {line['hour']}: the {line['orders']} orders of then stood otherwise, or some are gone"
            )
            return  # those after it differ too, by the same


def _rows(conn: psycopg.Connection, query: str, **values: Any) -> Iterator[dict[str, Any]]:
    with conn.cursor(query, row_factory=dict_row) as cursor:
        cursor.itersize = 5_000
        yield from cursor.execute(QUERIES[query], values)
