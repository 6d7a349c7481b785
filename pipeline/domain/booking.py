"""When a room can be booked, and when one that nobody came to is given back. Pure decisions."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import NamedTuple

from pipeline.domain.errors import ParkError

SHORTEST, LONGEST = timedelta(minutes=15), timedelta(hours=12)
AHEAD = timedelta(days=90)
LATE = timedelta(minutes=15)
"""A booking may begin so long before it is made: people stand in the room already."""
SOMEBODY = 0.5
"""An occupancy count from which on somebody is there."""


class BookingRefused(ParkError):  # noqa: N818 - it names an answer, which api/problems.py maps to 409
    """the room cannot be booked so"""


def check_times(since: datetime, until: datetime, *, opens: str, closes: str, zone: tzinfo, now: datetime) -> None:
    """Raises BookingRefused, which says what is wrong with a time."""
    if not SHORTEST <= until - since <= LONGEST:
        raise BookingRefused("a booking lasts from 15 minutes to 12 hours")
    if since < now - LATE:
        raise BookingRefused("it would begin in the past")
    if since > now + AHEAD:
        raise BookingRefused("rooms are booked at most 90 days ahead")
    day = since.astimezone(zone).date()
    opening = datetime.combine(day, time.fromisoformat(opens), zone)
    closing = datetime.combine(day, time.fromisoformat(closes), zone)
    if since < opening or until > closing:
        raise BookingRefused(f"the room is open from {opens} to {closes}")


class Presence(NamedTuple):
    """What a room's occupancy point said, and whether that can be trusted."""

    ts: datetime
    value: float | None
    good: bool


class NoShow(NamedTuple):
    """Whether a booking is given back, and why (not)."""

    release: bool
    reason: str


def no_show(start: datetime, now: datetime, samples: Sequence[Presence], *, wait: timedelta, gap: timedelta) -> NoShow:
    """Whether nobody came within `wait` after a booking began, as its sensor saw it: good samples all along, never
    further apart than `gap`, and nobody in any up to now. A sensor that was silent proves nothing."""
    if now < start + wait:
        return NoShow(False, "it is early yet")
    good = sorted(s.ts for s in samples if s.good and s.value is not None and start - gap <= s.ts <= now)
    seen = [s for s in samples if s.good and s.value is not None and s.value >= SOMEBODY and start <= s.ts <= now]
    if seen:
        return NoShow(False, f"somebody was there at {seen[0].ts.isoformat()}")
    edges = [start, *(ts for ts in good if ts > start), now]
    if not good or any(after - before > gap for before, after in pairwise(edges)):
        return NoShow(False, "the sensor was silent for a while, so nobody can tell")
    return NoShow(True, f"nobody was there within {int(wait.total_seconds() // 60)} minutes")
