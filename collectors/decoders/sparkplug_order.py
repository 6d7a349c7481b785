"""The order of one edge node's messages within one birth: `seq` from 0 to 255 and round again, gaps held open."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from collectors.decoders.sparkplug_birth import Birth
from collectors.decoders.sparkplug_payload import parse

ROUND = 256  # seq counts modulo this
HALF = 128  # further ahead than this is behind


@dataclass(slots=True, eq=False)
class Arrival:
    """One message on its way: what its topic says, its bytes, and of its payload only what puts it into order.

    sent_ms: the payload's timestamp, 0 where missing. mark: a hash of the bytes, to tell a repeat. parsed: only until
    it has to wait, because a parsed payload is many times its bytes.
    """

    topic: str
    kind: str
    device: str | None
    payload: bytes
    received: datetime
    token: Any
    seq: int | None
    sent_ms: int
    mark: int
    parsed: Any = None

    def read(self) -> Any:
        return self.parsed if self.parsed is not None else parse(self.payload)

    def shelve(self) -> "Arrival":
        """Itself, fit to wait."""
        self.parsed = None
        return self


@dataclass(slots=True, eq=False)
class Session:
    """What follows one NBIRTH: the births it knows by owner (None: the node), and where its `seq` has got to."""

    sent_ms: int
    received: datetime
    bd_seq: int | None
    mark: int
    seq: int  # expected next
    births: dict[str | None, Birth] = field(default_factory=dict)
    alive: set[str | None] = field(default_factory=set)
    dead: bool = False
    broken: bool = False  # the node began anew and its birth never came: what follows is not of this session
    superseded: datetime | None = None
    held: list[Arrival] = field(default_factory=list)
    missing: set[int] = field(default_factory=set)
    told: dict[int, int] = field(default_factory=dict)  # seq: mark of the last message told under it

    def ahead(self, arrival: Arrival) -> int:
        """How many messages are missing before this one, modulo 256."""
        return ((arrival.seq or 0) - self.seq) % ROUND

    def is_repeat(self, arrival: Arrival) -> bool:
        """Whether these very bytes were told or are held already (MQTT delivers QoS 1 again, bridges double)."""
        if arrival.seq != self.seq and self.told.get(arrival.seq or 0) == arrival.mark:
            return True
        return any(h.mark == arrival.mark and h.payload == arrival.payload for h in self.held)

    @property
    def restarted(self) -> bool:
        """Whether something held looks as if the node had begun anew: its birth may be what is missing."""
        return any(self.ahead(h) >= HALF for h in self.held)

    def admit(self, arrival: Arrival) -> list[Arrival]:
        """What may be told now: nothing where it is held, more than this one where it closes a gap."""
        seq = arrival.seq
        if seq is None:
            return [arrival]
        if seq in self.missing and seq != self.seq:
            self.missing.discard(seq)
            self.told[seq] = arrival.mark
            return [arrival]  # late, but it is what was missing
        if seq == self.seq and not self.held:
            self.told[seq] = arrival.mark
            self.seq = (seq + 1) % ROUND
            return [arrival]
        self.held.append(arrival.shelve())
        if seq != self.seq or self.restarted:
            return []
        return list(self.follow())

    def follow(self) -> Iterator[Arrival]:
        """Takes from what is held whatever comes next without a gap."""
        while (found := next((h for h in self.held if h.seq == self.seq), None)) is not None:
            self.held.remove(found)
            self.told[self.seq] = found.mark
            self.missing.discard(self.seq)
            self.seq = (self.seq + 1) % ROUND
            yield found

    def skip(self) -> Iterator[Arrival]:
        """Gives a gap up: takes what comes after it, up to the next one; what was skipped may still come late."""
        first = min(self.held, key=self.ahead)
        count = self.ahead(first)
        self.missing.update((self.seq + i) % ROUND for i in range(count if count < HALF else 0))
        self.seq = first.seq or 0
        return self.follow()
