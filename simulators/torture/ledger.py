"""The ground truth of a torture: every message before it is published, and what must be found of it afterwards."""

import time
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Fate(StrEnum):
    """What docs/wire.md says must become of a message that the broker acknowledged for good.

    kept: stored once; disputed: contradicts another or is contradicted, stored once or kept as a conflict; letter: one
    dead letter; unidentified: stored, perhaps more than once.
    """

    KEPT = "kept"
    DISPUTED = "disputed"
    LETTER = "letter"
    UNIDENTIFIED = "unidentified"


class Sample(NamedTuple):
    """One device's readings in a message. `value` is found nowhere else under this device; time_us is None where the
    received time will stand in the database."""

    device_id: str
    time_us: int | None
    value: float


class Happening(NamedTuple):
    """One event: its table's kind, what it says, and the time as above. The message's number is its mark."""

    kind: str
    what: str
    time_us: int | None


class Entry(NamedTuple):
    """One message. reason: of a dead letter; device_id is None where a dead letter can't name it."""

    number: int
    device_id: str | None
    message: str
    identity: str | None
    samples: tuple[Sample, ...] = ()
    event: Happening | None = None
    reason: str | None = None


# Points of every sample, and what is added to the sample's value for each; all are exact in binary.
POINTS = {"serial": 0.0, "active_power": 0.25, "energy": 0.5}


class Ledger:
    """In memory, because this process is the one that nothing strikes. Written by one thread, read after it ended."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.fates: list[Fate] = []
        self.sent_at: list[float] = []  # Unix seconds of the first publication
        self._acked = bytearray()
        self.counts: dict[str, int] = {}

    @property
    def next_number(self) -> int:
        return len(self.entries)

    def write(self, entry: Entry, fate: Fate) -> None:
        """Notes a message that is about to be published for the first time."""
        assert entry.number == len(self.entries)  # noqa: S101 - numbers are places in these lists
        self.entries.append(entry)
        self.fates.append(fate)
        self.sent_at.append(time.time())
        self._acked.append(0)

    def dispute(self, number: int) -> None:
        """Notes that another message is about to contradict this one."""
        if self.fates[number] is Fate.KEPT:
            self.fates[number] = Fate.DISPUTED

    def acked(self, numbers: Iterable[int]) -> None:
        """Notes PUBACKs; one for any publication of a message is enough, a lost connection asks for the next."""
        for number in numbers:
            self._acked[number] = 1

    def is_acked(self, number: int) -> bool:
        return bool(self._acked[number])

    def count(self, what: str) -> None:
        """Counts one oddity of a device."""
        self.counts[what] = self.counts.get(what, 0) + 1
