"""What a batch becomes on its way into the tables: columns of readings, rows of events, signs of life."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.domain.message import Message, StatusReport
from pipeline.store.clocks import Claims
from pipeline.store.registry import KnownDevice

EventRow = tuple[int, datetime, datetime, datetime | None, str | None, int, object]
"""device, ts, received, device_ts, identity, ordinal, event"""


@dataclass(slots=True)
class Heard:
    """What a batch says of one device's liveness: when it was last heard, until when its silence is fine.

    stale_after_s: seconds of silence that the device itself calls too long, where it says so.
    """

    heard: datetime
    interval_s: float
    status: StatusReport | None = None
    stale_after_s: float | None = None


@dataclass(slots=True)
class Readings:
    """A batch's readings as columns of equal length, in (point, ts) order, each key once.

    Times are microseconds since 2000 in UTC. claimed is the device's own time where it is not believed (claims says
    where); value is NaN where there is none; live is false for what must not become the latest value.
    """

    point: npt.NDArray[np.int32]
    ts: npt.NDArray[np.int64]
    received: npt.NDArray[np.int64]
    claimed: npt.NDArray[np.int64]
    claims: npt.NDArray[np.bool_]
    quality: npt.NDArray[np.int16]
    value: npt.NDArray[np.float64]
    live: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.point)

    def take(self, chosen: npt.NDArray[Any]) -> "Readings":
        """The chosen ones, by index or mask, in that order."""
        return Readings(*(getattr(self, name)[chosen] for name in Readings.__slots__))


class Fresh(NamedTuple):
    """A message to store. identity makes it the same as another of its device; plain: all of its times can be
    believed, and nothing in it but readings."""

    message: Message
    identity: str | None
    device: KnownDevice
    plain: bool


@dataclass(slots=True)
class Rows:
    """All rows of a batch. Of two readings with one key the first to arrive stays; contradictions holds the others
    that say something else."""

    readings: Readings
    contradictions: Readings
    repeats: int
    events: list[EventRow]
    heard: dict[int, Heard]
    wills: dict[int, datetime]
    suspects: set[int]
    clocks: Claims
    kinds: set[str] = field(default_factory=set)
