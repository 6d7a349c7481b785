"""Messages of the small park's devices, and a hand that writes them through the ordinary writer."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import blake2b

import psycopg

from pipeline.domain.access import AccessEvent, AccessKind, Direction
from pipeline.domain.message import Batch, ConnectionState, DeadLetter, Event, Message, Sample, Sender, StatusReport
from pipeline.domain.park import Device, Family, Name, Park, Point, PointKind
from pipeline.domain.screening import ScreeningResult, TemperatureScreening
from pipeline.ingest import Writer
from pipeline.store import parks
from pipeline.store.database import connect
from tests.park import APPLIED_AT, SMALL

PARK = Park(
    **{f: getattr(SMALL, f) for f in Park.__dataclass_fields__ if f != "devices"},
    devices=(
        *SMALL.devices,
        Device("g2", Family.GATE, "door", Name("西门", "West gate"), space_id="site", interval_s=60),
        Device("s1", Family.SCANNER, "scanner", Name("测温1", "Scanner 1"), space_id="site", interval_s=60),
        Device("s2", Family.SCANNER, "scanner", Name("测温2", "Scanner 2"), space_id="site", interval_s=60),
        *(
            Device(
                f"sub-{use}", Family.METER, "electricity", Name(use, use), space_id="b1", interval_s=10,
                points=(Point("energy", "kWh", PointKind.COUNTER, role=use),),
            )
            for use in ("hvac", "lighting")
        ),
        Device(
            "p1", Family.SENSOR, "pump", Name("泵", "Pump"), space_id="b1", interval_s=10,
            points=(Point("pressure", "bar", PointKind.GAUGE, low=0, high=10),),
        ),
        Device(
            "l1", Family.SENSOR, "leak", Name("漏水", "Leak"), space_id="b1", interval_s=60,
            points=(Point("leak", "", PointKind.STATE),),
        ),
    ),
)  # fmt: skip
FAMILIES = {d.device_id: d.family for d in PARK.devices}
_numbers = itertools.count()


class Hand:
    """Writes to one database. `now` is the received time of what is written."""

    def __init__(self, url: str, now: datetime) -> None:
        self.now = now
        self.admin = connect(url)
        parks.apply(self.admin, PARK, now=APPLIED_AT)
        self.admin.commit()
        self.admin.autocommit = True
        self.conn = connect(url, role="park_writer")
        self.writer = Writer(self.conn)
        self.waiting: list[Message] = []

    def say(self, device: str, *events: Event, samples: list[Sample] | None = None, at: datetime | None = None) -> None:
        """Queues one message, received at `at` or now."""
        sender = Sender(PARK.park_id, FAMILIES.get(device, Family.SENSOR), device)
        number = next(_numbers)
        digest = blake2b(str(number).encode(), digest_size=16).digest()
        self.waiting.append(Message(sender, f"m:{number}", digest, at or self.now, samples or [], list(events)))

    def measure(self, device: str, point: str, values: dict[datetime, float | None], *, bad: bool = False) -> None:
        """Queues readings."""
        distrusted = frozenset({point}) if bad else frozenset()
        self.say(device, samples=[Sample(device, t, {point: v}, distrusted) for t, v in values.items()])

    def pass_by(self, device: str, way: str, at: datetime, count: int = 1) -> None:
        """Queues persons who pass a gate."""
        self.say(device, AccessEvent(at, AccessKind.PASSAGE, direction=Direction(way), count=count))

    def decide(self, device: str, code: int, at: datetime) -> None:
        """Queues an access decision."""
        self.say(device, AccessEvent(at, AccessKind.DECISION, code=code, direction=Direction.IN, reader="r1"))

    def door(self, device: str, code: int, at: datetime) -> None:
        """Queues a door state."""
        self.say(device, AccessEvent(at, AccessKind.DOOR, code=code))

    def screen(self, device: str, result: str, skin_c: float | None, at: datetime) -> None:
        """Queues a screening."""
        self.say(device, TemperatureScreening(at, ScreeningResult(result), skin_c))

    def status(self, device: str, state: str, at: datetime, reason: str | None = None) -> None:
        """Queues a status."""
        self.say(device, StatusReport(at, ConnectionState(state), reason))

    def write(self, *letters: DeadLetter) -> None:
        """Commits what is queued."""
        self.writer.write(Batch("test", self.waiting, list(letters)), now=self.now)
        self.waiting = []

    def roll_up(self) -> None:
        """What the engine does, at once."""
        from pipeline.engine.run import steps
        from pipeline.settings import Settings

        for step in steps("apache", Settings.from_env({})):
            with self.admin.transaction():
                step.run(self.admin, self.now)

    def sql(self, statement: bytes) -> list[tuple[object, ...]]:
        """A statement of the test's own."""
        cursor = self.admin.execute(statement)
        return cursor.fetchall() if cursor.description else []

    def point(self, device: str, name: str) -> int:
        """A point's number."""
        row = self.admin.execute(
            "select point from park.points where device_id = %s and name = %s", [device, name]
        ).fetchone()
        assert row
        return int(row[0])

    def close(self) -> None:
        self.conn.close()
        self.admin.close()


@contextmanager
def hand_on(url: str, now: datetime) -> Iterator[Hand]:
    """A hand, closed afterwards."""
    hand = Hand(url, now)
    try:
        yield hand
    finally:
        hand.close()


def every(step: timedelta, since: datetime, until: datetime) -> list[datetime]:
    """Instants from `since` on, before `until`."""
    return [since + i * step for i in range(int((until - since) / step))]


__all__ = ["PARK", "Hand", "every", "hand_on", "psycopg"]
