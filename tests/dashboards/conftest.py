"""A database with a little of everything in it: what dashboards ask about must be there to be found."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from pipeline.domain.access import AccessEvent, AccessEventCode, AccessKind, Direction, DoorState
from pipeline.domain.message import Batch, ConnectionState, DeadLetter, Event, Message, Sample, Sender, StatusReport
from pipeline.domain.park import Family
from pipeline.domain.screening import ScreeningResult, TemperatureScreening
from pipeline.engine.run import steps
from pipeline.engine.silence import ROUND
from pipeline.engine.steps import Engine
from pipeline.ingest import Writer
from pipeline.settings import Settings
from pipeline.store import floods
from pipeline.store.database import connect

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

PARK = """
insert into smartpark.park values ('qinghe', '清河科学园', 'Qinghe', 'Asia/Shanghai', 'WGS-84', 116.3, 40.0, 'x', 'x');
insert into smartpark.space (park_id, space_id, kind, name_zh, name_en) values ('qinghe', 'b1', 'building', 'x', 'x');
insert into smartpark.device (park_id, device_id, family, type, space_id) values
  ('qinghe', 'meter-b1-main', 'meter', 'electricity', 'b1'), ('qinghe', 'meter-b1-hvac', 'meter', 'electricity', 'b1'),
  ('qinghe', 'meter-b1-water', 'meter', 'water', 'b1'), ('qinghe', 'gate-east-1', 'gate', 'turnstile', null),
  ('qinghe', 'scanner-east-1', 'scanner', 'thermograph', null), ('qinghe', 'sensor-silent', 'sensor', 'room', 'b1');
insert into smartpark.point (device, name, unit, kind, role)
select device, name, unit, kind, case device_id when 'meter-b1-main' then 'main' when 'meter-b1-hvac' then 'hvac' end
  from smartpark.device,
       (values ('energy', 'kWh', 'counter'), ('active_power', 'kW', 'gauge'), ('power_factor', '1', 'gauge'))
         as p (name, unit, kind)
 where type = 'electricity';
insert into smartpark.point (device, name, unit, kind, role)
select device, 'volume', 'm³', 'counter', 'main' from smartpark.device where type = 'water';
insert into smartpark.device_state (device, state, since, heard, deadline)
select device, 'online', '2026-11-21 01:00Z', '2026-11-21 01:00Z', '2026-11-21 01:03Z'
  from smartpark.device where device_id = 'sensor-silent';
"""


def message(family: Family, device: str, number: int, *, at: datetime, **more: object) -> Message:
    samples = [Sample(device, at, dict(more["values"]))] if "values" in more else []  # type: ignore[call-overload]
    events = [replace(e, time=at) for e in more.get("events", [])]  # type: ignore[attr-defined]
    return Message(Sender("qinghe", family, device), f"m:{number}", number.to_bytes(16), at, samples, events)


def day_of_data() -> Iterator[Message]:
    """Twelve hours, every 15 minutes: a main meter of 100 kW, a sub-meter of 60 kW, and something at every gate."""
    gate: list[Event] = [
        AccessEvent(None, AccessKind.DECISION, code=AccessEventCode.GRANTED, direction=Direction.IN),
        AccessEvent(None, AccessKind.DECISION, code=AccessEventCode.DENIED_PASSBACK, direction=Direction.IN),
        AccessEvent(None, AccessKind.PASSAGE, direction=Direction.IN, count=2),
        AccessEvent(None, AccessKind.PASSAGE, direction=Direction.OUT, count=1),
        AccessEvent(None, AccessKind.DOOR, code=DoorState.DOOR_OPEN_TOO_LONG),
    ]
    scanner: list[Event] = [
        TemperatureScreening(None, ScreeningResult.PASS, skin_c=35.8),
        TemperatureScreening(None, ScreeningResult.REFER, skin_c=37.9),
        TemperatureScreening(None, ScreeningResult.INVALID),
    ]
    for i in range(49):
        at, hours, n = NOW - (48 - i) * 15 * MINUTE, i / 4, i * 10
        main = {"energy": 5000 + 100 * hours, "active_power": 100.0, "power_factor": 0.96}
        hvac = {"energy": 700 + 60 * hours, "active_power": 60.0, "power_factor": 0.9}
        yield message(Family.METER, "meter-b1-main", n, at=at, values=main)
        yield message(Family.METER, "meter-b1-hvac", n + 1, at=at, values=hvac)
        yield message(Family.METER, "meter-b1-water", n + 2, at=at, values={"volume": 10 + 2 * hours})
        yield message(Family.GATE, "gate-east-1", n + 3, at=at, events=gate)
        yield message(Family.SCANNER, "scanner-east-1", n + 4, at=at, events=scanner)
        yield message(Family.GATE, "gate-east-1", n + 5, at=at, events=[StatusReport(None, ConnectionState.ONLINE)])


@pytest.fixture
def filled(database: str) -> Iterator[psycopg.Connection]:
    """A connection as the role that Grafana's user has, to a database with half a day of data."""
    with connect(database) as conn:
        conn.autocommit = True
        conn.execute(PARK)
        writer = Writer(conn)
        writer.write(Batch("meter", list(day_of_data())), now=NOW)
        first = message(Family.METER, "meter-b1-main", 0, at=NOW - 720 * MINUTE, values={"active_power": 7.0})
        letter = DeadLetter(NOW, "not-json", "x", b"sealed", "qinghe", "gate-east-1", b"1")
        writer.write(Batch("gate", [first], [letter]), now=NOW)
        park, minute = "qinghe", NOW - MINUTE
        floods.keep_rejects(conn, "gate", {(minute, park, "gate-east-1", "not-json"): 30})
        floods.keep_rates(conn, "gate", {(minute, (park, "gate-east-1")): 900}, peaks={})
        engine = Engine(steps("apache", Settings.from_env({})))
        engine.tick(conn, NOW)
        engine.tick(conn, NOW + ROUND)  # the first round after a start judges nobody
    with connect(database, role="park_reader") as conn:
        yield conn
