"""What a collector hands to the pipeline: understood messages, ready to be stored in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from pipeline.domain.access import AccessEvent
from pipeline.domain.park import Family
from pipeline.domain.screening import TemperatureScreening


class Sample(NamedTuple):
    """What one device measured at one instant: values by point name, None for "sensor says it has no value".

    time is the device's own, or None where it gave none that can be read. `bad` names points whose value the
    device itself calls bad; `units` gives a point's unit where the message names it. historical: told after the
    fact, never the latest value whatever its time. stale: what told of the device is gone, its values are unknown
    from now on (Sparkplug B). stale_after_s: silence for longer than this many seconds is news (SenML `ut`).
    """

    device_id: str
    time: datetime | None
    values: Mapping[str, float | bool | None]
    bad: frozenset[str] = frozenset()
    units: dict[str, str] | None = None
    historical: bool = False
    stale: bool = False
    stale_after_s: float | None = None


LAST_WILL = "last-will"  # the reason that a will gives: the broker speaks, not the device


class ConnectionState(StrEnum):
    """What a status message claims."""

    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class StatusReport:
    """A device's birth, last will or heartbeat; battery in %, signal in dBm; time is its own, None where missing."""

    time: datetime | None
    state: ConnectionState
    reason: str | None = None
    firmware: str | None = None
    battery_pct: float | None = None
    signal_dbm: float | None = None


Event = AccessEvent | TemperatureScreening | StatusReport


class Sender(NamedTuple):
    """Who published, as the topic says."""

    park_id: str
    family: Family
    device_id: str


class Message(NamedTuple):
    """One understood MQTT message.

    identity makes two messages of one device the same: `m:<message id>` or `b:<boot>:<sequence>`; None where the
    device gives neither. digest is 16 bytes over the payload, to tell a repeat from a contradiction; None where that
    can be told from the samples. retained: the broker kept it, perhaps for long; it is no sign of life.
    """

    sender: Sender
    identity: str | None
    digest: bytes | None
    received: datetime
    samples: Sequence[Sample] = ()
    events: Sequence[Event] = ()
    retained: bool = False


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be understood, whole but sealed; park and device where the topic still told them."""

    received: datetime
    reason: str
    detail: str
    sealed: bytes
    park_id: str | None = None
    device_id: str | None = None
    identity: bytes = b""  # digest over topic and payload: a redelivery is stored once


@dataclass(slots=True)
class Batch:
    """What goes into one transaction."""

    lane: str
    messages: list[Message] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.messages) + len(self.dead_letters)
