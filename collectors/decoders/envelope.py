"""What every payload of docs/wire.md has in common: identity and device time, each in one unmistakable form."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from pipeline.domain.clock_fault import GUESSED
from pipeline.domain.errors import Rejected

NO_NUL = r"^[^\x00]*$"  # PostgreSQL's text cannot hold U+0000
Id = Annotated[str, Meta(min_length=1, max_length=64)]  # `identity` looks for U+0000: a pattern costs 2 µs
Boot = Annotated[str, Meta(min_length=1, max_length=32, pattern=NO_NUL)]
Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Sequence = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Short = Annotated[str, Meta(max_length=64, pattern=NO_NUL)]
Long = Annotated[str, Meta(max_length=200, pattern=NO_NUL)]
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999  # years 1 to 9999


class Timed(msgspec.Struct, kw_only=True, gc=False):
    """Device time under one of four names, its unit in the name."""

    time: str | None = None
    time_s: float | None = None
    time_ms: float | None = None
    time_us: float | None = None


class Envelope(Timed, kw_only=True, gc=False):
    """Identity and time of a message."""

    id: Id | None = None
    boot: Boot | Number | None = None
    seq: Sequence | None = None


def identity(envelope: Envelope) -> str | None:
    """`m:<message id>`, else `b:<boot>:<sequence>`, else None."""
    if envelope.id is not None:
        if "\x00" in envelope.id:
            raise Rejected("out-of-bounds", "a value at `$.id` is none that docs/wire.md allows")
        return f"m:{envelope.id}"
    if envelope.boot is not None and envelope.seq is not None:
        return f"b:{envelope.boot}:{envelope.seq}"
    return None


def device_time(timed: Timed) -> datetime | None:
    """The device's own time: aware, naive where it came without an offset, None where there is none.

    A number that makes no date in its unit is read in the next finer one that does: its zone is then GUESSED.
    """
    ms = timed.time_ms
    if ms is not None and timed.time is None and timed.time_s is None and timed.time_us is None:
        if _FIRST_MS <= ms <= _LAST_MS:
            return _ZERO + timedelta(milliseconds=ms)  # by far the most common
        return _after(milliseconds=ms)
    given = [name for name in ("time", "time_s", "time_ms", "time_us") if getattr(timed, name) is not None]
    if not given:
        return None
    if len(given) > 1:
        raise Rejected("two-times", f"{' and '.join(given)} at once: one of them is meant")
    if timed.time is not None:
        try:
            when = datetime.fromisoformat(timed.time)
        except ValueError as error:
            raise Rejected("out-of-bounds", "`time` is not an ISO 8601 date and time") from error
        try:
            return when.astimezone(UTC) if when.tzinfo else when
        except OverflowError:  # year 1 east of Greenwich: a clock that was never set
            return _FIRST if when.year == 1 else _LAST
    return _after(seconds=timed.time_s) if timed.time_s is not None else _after(microseconds=timed.time_us or 0)


def _after(**since: float) -> datetime:
    for finer in (1, 1000, 1_000_000, 1_000_000_000):
        try:
            when = _ZERO + timedelta(**{unit: number / finer for unit, number in since.items()})
        except (OverflowError, ValueError):
            continue
        return when if finer == 1 else when.replace(tzinfo=GUESSED)
    return (_LAST if max(since.values()) > 0 else _FIRST).replace(tzinfo=GUESSED)


def reason(error: msgspec.ValidationError) -> Rejected:
    """A validation error in the words of docs/wire.md; its text names the place, never the content."""
    text = str(error)
    if "missing required field" in text:
        return Rejected("missing-key", text)
    if text.startswith("Expected `object`, got") and " - at " not in text:
        return Rejected("not-an-object", text)
    if text.startswith("Expected `") and ", got `" in text:
        return Rejected("bad-type", text)
    place = text.rpartition(" - at ")[2] if " - at " in text else "the payload"
    return Rejected("out-of-bounds", f"a value at {place} is none that docs/wire.md allows")
