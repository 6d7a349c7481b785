"""What ingest is compared with, in the same run on the same servers: bare COPY, a bare client, plain inserts."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import numpy as np
import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from pipeline.address import BrokerAddress
from simulators.bench.ledger import QUERIES
from simulators.bench.scenario import Field, Scenario, payload
from simulators.bench.stage import Load
from simulators.happenings import EPOCH

COPY_BATCH = 15_000  # rows a transaction: 5,000 messages of three readings, a full batch of a collector's
RECEIVE_RATE = 32_000.0  # messages a second, more than the client can take
RECEIVE_WARM_S = 2.0
US_2000 = 946_684_800_000_000  # PostgreSQL counts microseconds from 2000
COPY_HEAD, COPY_END = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8, b"\xff\xff"
COPY_ROW = np.dtype(
    [
        ("fields", ">i2"), ("ts_size", ">i4"), ("ts", ">i8"), ("received_size", ">i4"), ("received", ">i8"),
        ("device_ts_size", ">i4"), ("point_size", ">i4"), ("point", ">i4"), ("quality_size", ">i4"),
        ("quality", ">i2"), ("value_size", ">i4"), ("value", ">f8"),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Yardsticks:
    """Readings or messages a second."""

    copy_readings_per_s: float
    receive_only_messages_per_s: float
    row_writer_readings_per_s: float


def copy_rate(conn: psycopg.Connection, *, seconds: float, edition: str, now: datetime) -> float:
    """Rows a second by binary COPY of ready-made rows, in key order, a commit a batch, into a twin of the table."""
    _make_table(conn, "copied", edition)
    rows = np.zeros(COPY_BATCH, COPY_ROW)
    sizes = {"ts_size": 8, "received_size": 8, "device_ts_size": -1, "point_size": 4, "quality_size": 2}
    for name, value in {"fields": 6, **sizes, "value_size": 8}.items():
        rows[name] = value
    rows["point"] = np.arange(1, COPY_BATCH + 1)
    rows["value"] = np.arange(COPY_BATCH) / 100
    start = (now - EPOCH).total_seconds() * 1e6 - US_2000
    statement: LiteralString = (
        "copy bench.copied (ts, received, device_ts, point, quality, value) from stdin (format binary)"
    )

    def batch(number: int) -> int:
        rows["ts"] = rows["received"] = int(start) + number * 100_000
        with conn.transaction(), conn.cursor().copy(statement) as copy:
            copy.write(COPY_HEAD + rows.tobytes() + COPY_END)
        return COPY_BATCH

    return _timed(batch, seconds)


def row_rate(conn: psycopg.Connection, plan: Scenario, *, seconds: float, edition: str, now: datetime) -> float:
    """Rows a second of the plain approach: a transaction a message, an insert a reading; no broker is in its way."""
    _make_table(conn, "inserted", edition)
    block, base_ms = plan.blocks[0], int((now - EPOCH).total_seconds() * 1000)
    parts = list(payload(block, 0, run="rows", number=0))
    points = {name: number for number, name in enumerate(block.names)}

    def message(number: int) -> int:
        fields = {Field.TIME: str(base_ms + number), Field.CYCLE: f"{number:09}", Field.VALUE: "123.45"}
        said = json.loads("".join(p if isinstance(p, str) else fields[p] for p in parts))
        with conn.transaction():
            for name, value in said["values"].items():
                conn.execute(QUERIES["insert_row"], {"ms": said["time_ms"], "point": points[name], "value": value})
        return len(said["values"])

    return _timed(message, seconds)


def receive_rate(url: str, load: Load, *, seconds: float) -> float:
    """Messages a second that one paho client takes (3.1.1, QoS 1) while the load sends more than that."""
    count, ready = 0, threading.Event()

    def on_message(_client: mqtt.Client, _data: Any, _message: mqtt.MQTTMessage) -> None:
        nonlocal count
        count += 1

    address = BrokerAddress.parse(url)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "bench-receiver", protocol=MQTTProtocolVersion.MQTTv311)
    client.username_pw_set(address.user or "", address.password)
    client.on_connect = lambda c, *_: c.subscribe("park/v1/#", 1)
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = on_message
    client.connect(address.host, address.port)
    client.loop_start()
    ready.wait(10)
    reports = load.publish(rate=RECEIVE_RATE, seconds=RECEIVE_WARM_S + seconds)
    told = [(r["at_s"], time.perf_counter(), count) for r in reports if not r.get("done")]
    client.disconnect()
    client.loop_stop()
    (_, begun, first), *_, (_, ended, last) = [seen for seen in told if seen[0] >= RECEIVE_WARM_S]
    return (last - first) / (ended - begun)


def _make_table(conn: psycopg.Connection, name: str, edition: str) -> None:
    """Identical to smartpark.reading: columns, unique key, chunks of a day."""
    conn.autocommit = True
    conn.execute("create schema if not exists bench")
    conn.execute(f"create table bench.{name} (like smartpark.reading including all)".encode())
    if edition != "plain":
        conn.execute(
            f"select create_hypertable('bench.{name}', by_range('ts', interval '1 day'),"
            " create_default_indexes => false)".encode()
        )


def _timed(step: Callable[[int], int], seconds: float) -> float:
    """Calls step(0), step(1), … for so long; what they return, a second."""
    step(0)  # the first makes the chunk
    total, number, begun = 0, 1, time.perf_counter()
    while (elapsed := time.perf_counter() - begun) < seconds:
        total += step(number)
        number += 1
    return total / elapsed
