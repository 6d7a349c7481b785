"""One message as a device will publish it, together with what must be found in the database once it is stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.domain.access import AccessEvent, AccessEventCode, AccessKind, DoorState
from pipeline.domain.park import Device
from simulators import payloads
from simulators.happenings import Happening
from simulators.payloads import Head


class ExpectedSample(NamedTuple):
    """Readings of one device at one instant (µs since 1970), by point name."""

    device_id: str
    time_us: int
    values: dict[str, float | None]


class ExpectedEvent(NamedTuple):
    """kind: `decision`, `passage`, `door`, `screening`, `status`; what: the word or number that it carries."""

    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class Utterance:
    """gateway: whose connection it goes through; at_us: park time at which it exists; it is sent delay_s later."""

    at_us: int
    gateway: str
    device: Device
    message: str
    identity: str | None
    payload: bytes
    samples: tuple[ExpectedSample, ...] = ()
    event: ExpectedEvent | None = None
    retain: bool = False
    copies: int = 1
    delay_s: float = 0.0

    def topic(self, park_id: str) -> str:
        return payloads.topic(park_id, self.device.family, device_id=self.device.device_id, message=self.message)

    @property
    def readings(self) -> int:
        return sum(len(s.values) for s in self.samples)


def happened(happening: Happening, head: Head) -> tuple[bytes, ExpectedEvent]:
    """The payload of an event at a gate or scanner, and what must be stored of it."""
    event = happening.event
    if not isinstance(event, AccessEvent):
        calibrated = event.calibrated.isoformat() if event.calibrated else None
        payload = payloads.screening(
            head,
            event.result,
            skin_c=event.skin_c,
            ambient_c=event.ambient_c,
            humidity_pct=event.humidity_pct,
            body_site=event.body_site,
            reference=event.reference,
            calibrated=calibrated,
            reason=event.reason,
        )
        return payload, ExpectedEvent("screening", event.result.value)
    code = event.code or 0
    match event.kind:
        case AccessKind.DECISION:
            payload = payloads.access(
                head,
                AccessEventCode(code),
                direction=event.direction,
                reader=event.reader,
                credential=happening.badge,
            )
            what = str(code)
        case AccessKind.PASSAGE:
            payload = payloads.passage(head, event.direction, count=event.count, reader=event.reader)
            what = f"{event.direction.value}:{event.count}"
        case AccessKind.DOOR:
            payload = payloads.door(head, DoorState(code), reader=event.reader)
            what = str(code)
    return payload, ExpectedEvent(event.kind.value, what)


def status_utterance(device: Device, *, gateway: str, head: Head, payload: bytes, online: bool) -> Utterance:
    """A retained status message."""
    state = ExpectedEvent("status", "online" if online else "offline")
    return Utterance(head.time_us or 0, gateway, device, "status", head.identity, payload, event=state, retain=True)


def floats(names: Iterable[str], values: Iterable[float]) -> dict[str, float | None]:
    """Values as the database will hold them: NaN is no value."""
    return {name: None if value != value else value for name, value in zip(names, values, strict=True)}
