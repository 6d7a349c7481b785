"""What may be believed of a message: its time, its values, and what tells it from a repeat. Pure decisions."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pipeline.domain.clock_fault import GUESSED
from pipeline.domain.message import Message
from pipeline.domain.quality import Quality

AHEAD = timedelta(minutes=5)  # a device clock may run this far ahead of the received time
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)  # before this, a clock was never set

BAD, GOOD = int(Quality.BAD), int(Quality.GOOD)
OUT_OF_RANGE, UNTRUSTED_TIME = int(Quality.OUT_OF_RANGE), int(Quality.UNTRUSTED_TIME)


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


def quality(value: float | None, *, bad: bool, low: float | None, high: float | None, trusted: bool) -> int:
    """The quality code of one value; the worst finding wins."""
    if value is None or bad:
        return BAD
    if (low is not None and value < low) or (high is not None and value > high):
        return OUT_OF_RANGE
    return GOOD if trusted else UNTRUSTED_TIME


def identity(message: Message) -> str | None:
    """What makes a repeat recognisable: the device's identity, else the whole content where its time is plausible.

    Plausible is enough, even from a clock that is known to be wrong: a time that moves on tells two messages apart.
    """
    if message.identity is not None:
        return message.identity
    times = [e.time for e in message.events] + [s.time for s in message.samples]
    if times and all(dated(t, message.received).trusted for t in times):
        return f"h:{message.digest.hex()}"
    return None


def needs_seen(message: Message) -> bool:
    """Whether only a list of seen identities can tell a repeat: every event, and readings without trusted time."""
    return bool(message.events) or any(not dated(s.time, message.received).trusted for s in message.samples)
