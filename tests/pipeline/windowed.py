"""A pump whose two points are watched by windows: rules, readings that are really stored, looks of the engine."""

from dataclasses import replace
from typing import Any

import psycopg

from pipeline.domain.message import Batch, Message, Sample, Sender
from pipeline.domain.park import Device, Family, Name, Point, PointKind
from pipeline.domain.rule import Condition, Priority, Rule, Selector
from pipeline.engine.alarms.windows import Windows
from pipeline.ingest import Writer
from pipeline.store import parks
from tests.park import SMALL
from tests.pipeline.conftest import START, at
from tests.pipeline.watching import alarms

BOTH = Name("文", "text")
PUMP = Device(
    "p1", Family.SENSOR, "pump", Name("泵", "Pump"), space_id="b1", gateway_id="gw", interval_s=10,
    points=(Point("pressure", "bar", PointKind.GAUGE), Point("flow", "m³/h", PointKind.GAUGE)),
)  # fmt: skip
PARK = replace(SMALL, devices=(*SMALL.devices, PUMP))


def rule(condition: Condition, **changes: Any) -> Rule:
    made = Rule(
        str(changes.pop("rule_id", "watched")), BOTH, Selector(types=("pump",)), condition, Priority.HIGH, BOTH, BOTH,
        (BOTH,), 900, point="pressure", reopen_s=0,
    )  # fmt: skip
    return replace(made, **changes)


def apply(conn: psycopg.Connection, *rules: Rule, now: float = -1) -> None:
    conn.autocommit = False
    parks.apply(conn, replace(PARK, rules=rules), now=at(now))
    conn.autocommit = True


def say(
    conn: psycopg.Connection, seconds: float, value: float, *, point: str = "pressure", received: float | None = None
) -> None:
    """A reading of some second, received then or later."""
    heard = at(seconds if received is None else received)
    sample = Sample("p1", at(seconds), {point: value})
    message = Message(Sender("small", Family.SENSOR, "p1"), f"{point}:{seconds}", b"x" * 16, heard, [sample])
    Writer(conn).write(Batch("test", [message]), now=heard)


def look(conn: psycopg.Connection, step: Windows, seconds: float) -> int:
    with conn.transaction():
        return step.run(conn, at(seconds))


def told(conn: psycopg.Connection) -> list[tuple[float, float | None]]:
    """(raised, returned) of each alarm, in seconds."""
    return [
        ((a["raised"] - START).total_seconds(), a["returned"] and (a["returned"] - START).total_seconds())
        for a in alarms(conn)
    ]


def message(device: str, seconds: float, value: float) -> Message:
    sample = Sample(device, at(seconds), {"pressure": value})
    return Message(Sender("small", Family.SENSOR, device), f"m:{seconds}", b"x" * 16, at(seconds), [sample])
