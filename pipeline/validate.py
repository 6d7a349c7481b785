"""What may be believed of a message: its time, and what tells it from a repeat. Pure decisions."""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from pipeline.domain.clock_fault import GUESSED
from pipeline.domain.message import Message

AHEAD = timedelta(minutes=5)  # a device clock may run this far ahead of the received time
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)  # before this, a clock was never set


class Dated(NamedTuple):
    """The time that counts; `claimed` is what the device said where that cannot be believed."""

    ts: datetime
    claimed: datetime | None
    trusted: bool


def dated(device_time: datetime | None, received: datetime, *, distrusted: bool = False) -> Dated:
    """Device time where it can be believed, else received time. distrusted: this clock is known to be wrong."""
    if device_time is None:
        return Dated(received, None, False)
    if device_time.tzinfo is None:
        return Dated(received, device_time.replace(tzinfo=UTC), False)
    if device_time < EPOCH or distrusted or device_time.tzinfo is GUESSED:
        return Dated(received, device_time, False)
    if device_time > received + AHEAD:
        return Dated(received, device_time, False)
    return Dated(device_time, None, True)


def digest(message: Message) -> bytes:
    """16 bytes that tell a repeat from a contradiction: over the payload, or over what it says where none was made."""
    if message.digest is not None:
        return message.digest
    said = [(s.device_id, s.time, sorted(s.values.items()), sorted(s.bad), s.units) for s in message.samples]
    return blake2b(repr(said).encode(), digest_size=16).digest()


def identity(message: Message) -> str | None:
    """What makes a repeat recognisable: the device's identity, else the whole content where its time is plausible.

    Plausible is enough, even from a clock that is known to be wrong: a time that moves on tells two messages apart.
    """
    if message.identity is not None:
        return message.identity
    times = [e.time for e in message.events] + [s.time for s in message.samples]
    if times and all(dated(t, message.received).trusted for t in times):
        return f"h:{digest(message).hex()}"
    return None


def needs_seen(message: Message) -> bool:
    """Whether only a list of seen identities can tell a repeat: every event, and readings without trusted time."""
    return bool(message.events) or any(not dated(s.time, message.received).trusted for s in message.samples)
