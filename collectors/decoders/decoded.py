"""What every decoder returns, and what it is told about where a payload came in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from collectors.sources import Source
from pipeline.domain.message import Event, Sample, Sender


@dataclass(slots=True)
class Decoded:
    """What a payload says; `credential` is still raw and must be replaced before anything else happens.

    identity: `m:<message id>` or `b:<boot>:<sequence>`, None where the payload gives neither.
    """

    sender: Sender
    identity: str | None
    samples: list[Sample]
    events: list[Event]
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One message's way in: the source whose topic pattern it matched, the parts that the pattern names, the topic."""

    source: Source
    parts: Mapping[str, str]
    topic: str


class Decoder(Protocol):
    """One foreign payload format. Raises Rejected; `received` is only for times that are relative to it.

    None: this message is none of our business, such as a command to a device or a bridge's own report.
    """

    def __call__(self, route: Route, payload: bytes, received: datetime) -> Decoded | None: ...
