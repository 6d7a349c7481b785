"""What is wrong with a device's clock, told from how far its messages lead or lag: pure, and slow to accuse.

A message cannot arrive before it was made, but it can arrive any time later. So of all messages in a minute only the
one that leads most tells of the clock: a clock ahead is certain, a clock behind is not, because a backlog looks the
same. A backlog drains, though; a slow clock is late by the same amount for as long as messages come live.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from enum import StrEnum
from itertools import pairwise, takewhile
from math import isnan
from typing import NamedTuple

TRUSTED_S = 300.0  # a clock that is right within this is believed (pipeline/validate.py)
ON_TIME_S = 60.0  # nothing is said of a clock that is right within this
FIRST_SET_S = 1_577_836_800.0  # 2020-01-01: before this, a clock was never set
MOSTLY = 0.9  # share of a window's messages
CERTAIN_MESSAGES = 3  # so many messages make a fault certain that each of them shows
JITTER_S = 15.0  # two windows of one clock may differ so much: gateways gather for some seconds
FLAT_S = 5.0  # a constant offset wanders less than this, and
FLAT_RATE = 0.001  # less than this share of the time that it was watched
DRIFT_RATE = (20e-6, 0.02)  # s/s: below, a crystal's own tolerance; above, no clock but a backlog
ZONE_BEHIND_SPAN_S, BEHIND_SPAN_S, DRIFT_SPAN_S = 600.0, 1800.0, 600.0  # how long one must look
ZONE_MOST_S = 14.25 * 3600
QUARTER_S = 900
ZONE_SLACK_S = {0: 180.0, 1800: 60.0}  # whole hours are common, half hours rarer,
ODD_SLACK_S = 30.0  # odd quarters rarest: a clock that is merely wrong falls into them easily
UNITS = (1e3, 1e6)
KEPT = 24  # windows of each device; a multiple of four


# The zone of a time whose number made no date in the unit that its key names: UTC, in a unit that was guessed.
GUESSED = timezone(timedelta(0), "unit guessed")


class ClockFault(StrEnum):
    """The ways in which a device can be wrong about the time."""

    MISSING = "missing"
    NO_OFFSET = "no-offset"
    NOT_SET = "not-set"
    SECONDS_FOR_MILLISECONDS = "seconds-for-milliseconds"
    MILLISECONDS_FOR_SECONDS = "milliseconds-for-seconds"
    ZONE_AS_UTC = "zone-as-utc"
    AHEAD = "ahead"
    BEHIND = "behind"
    DRIFTING = "drifting"


class ClockWindow(NamedTuple):
    """What one device said in about a minute, for its clock: the message that leads most, and how many lacked what.

    received_s: when that message came (s since 1970); lead_s: its device time minus that, a time without offset read
    as UTC; NaN where none had a time. unit: messages whose number was of another unit than its key says.
    """

    received_s: float
    lead_s: float
    messages: int
    missing: int = 0
    naive: int = 0
    unit: int = 0

    @property
    def claimed_s(self) -> float:
        return self.received_s + self.lead_s


@dataclass(frozen=True, slots=True)
class ClockVerdict:
    """fault None: nothing is held against this clock. offset_s: ahead of the received time (behind: negative), None
    where no number says it. since_s: s since 1970. evidence: so many windows agree. rate: s/s of a drift."""

    fault: ClockFault | None
    offset_s: float | None = None
    since_s: float = 0.0
    evidence: int = 0
    rate: float | None = None

    @property
    def distrusted(self) -> bool:
        """Whether even a plausible time of this device is not believed: its clock is wrong by more than it may be."""
        wrong = (ClockFault.ZONE_AS_UTC, ClockFault.AHEAD, ClockFault.BEHIND, ClockFault.DRIFTING)
        return self.fault in wrong and abs(self.offset_s or 0.0) > TRUSTED_S

    @property
    def reason(self) -> str:
        """The verdict as a sentence."""
        by = "" if self.offset_s is None else in_words(self.offset_s)
        match self.fault:
            case None:
                return "the clock is right"
            case ClockFault.MISSING:
                return "its messages carry no time"
            case ClockFault.NO_OFFSET:
                return f"its times carry no offset; read as UTC they are {by}"
            case ClockFault.NOT_SET:
                return "its clock was never set"
            case ClockFault.SECONDS_FOR_MILLISECONDS:
                return "its number counts a larger unit than its key says (seconds for milliseconds)"
            case ClockFault.MILLISECONDS_FOR_SECONDS:
                return "its number counts a smaller unit than its key says (milliseconds for seconds)"
            case ClockFault.ZONE_AS_UTC:
                return f"its clock is {by}, the distance of a time zone: {_zone_error(self.offset_s or 0.0)}"
            case ClockFault.DRIFTING:
                return f"its clock is {by} and moves by {abs(self.rate or 0) * 86_400:.0f} s a day"
            case _:
                return f"its clock is {by}"


RIGHT = ClockVerdict(None)
_FLAGS = {3: ClockFault.MISSING, 4: ClockFault.NO_OFFSET, 5: ClockFault.MILLISECONDS_FOR_SECONDS}  # by place


def judge(history: Sequence[ClockWindow], standing: ClockVerdict = RIGHT, *, others_late: bool = False) -> ClockVerdict:
    """What is to be held against a clock after its newest windows (oldest first); `standing` where they don't tell.

    others_late: all other devices that come the same way are late too, so that a lag may be ours, not this device's.
    """
    found = _plain(history) or _watched(history, others_late=others_late)
    if found is None:
        return standing
    same = found.fault is standing.fault
    if found.fault is ClockFault.ZONE_AS_UTC:
        same = same and found.offset_s == standing.offset_s
    return replace(found, since_s=standing.since_s) if same else found


def remember(history: Sequence[ClockWindow], window: ClockWindow) -> list[ClockWindow]:
    """The history with one window more. Of the older half every other one is let go of when it is full, so that the
    oldest reach back ever further while the newest lie close."""
    if len(history) < KEPT:
        return [*history, window]
    half = KEPT // 2
    pairs = zip(history[:half:2], history[1:half:2], strict=True)
    # The older of two, because drift shows over time; unless only late messages came then.
    older = [a if a.lead_s >= b.lead_s - _apart(a, b) else b for a, b in pairs]
    return [*older, *history[half:], window]


def in_words(offset_s: float) -> str:
    """`8 h ahead`, `7 min behind`."""
    size, way = abs(offset_s), "ahead" if offset_s > 0 else "behind"
    if size < 120:
        return f"{size:.0f} s {way}"
    if size < 7200:
        return f"{size / 60:.0f} min {way}"
    return f"{size / 3600:.4g} h {way}" if size < 172_800 else f"{size / 86_400:.0f} days {way}"


def zone_offset(offset_s: float) -> float | None:
    """The whole number of quarter hours (in s) that an offset can only be if a time zone is to blame; else None."""
    nearest = round(offset_s / QUARTER_S) * QUARTER_S
    slack = ZONE_SLACK_S.get(abs(nearest) % 3600, ODD_SLACK_S)
    if abs(nearest) < 2 * QUARTER_S or abs(nearest) > ZONE_MOST_S or abs(offset_s - nearest) > slack:
        return None
    return float(nearest)


def _plain(history: Sequence[ClockWindow]) -> ClockVerdict | None:
    """Faults that every message shows by itself."""
    for place, fault in _FLAGS.items():
        run = _newest(history, lambda w, place=place: w[place] >= MOSTLY * w.messages)
        if sum(w[place] for w in run) >= CERTAIN_MESSAGES:
            leads = [w.lead_s for w in run[-3:] if not isnan(w.lead_s)]
            return ClockVerdict(fault, max(leads, default=None), run[0].received_s, len(run))
    never = _newest(history, lambda w: w.claimed_s < FIRST_SET_S)
    if len(never) < 2:
        return None
    for unit in UNITS:
        run = _newest(never, lambda w, unit=unit: abs(w.claimed_s * unit - w.received_s) <= ZONE_MOST_S)
        if len(run) >= 2:
            return ClockVerdict(ClockFault.SECONDS_FOR_MILLISECONDS, run[-1].lead_s, run[0].received_s, len(run))
    return ClockVerdict(ClockFault.NOT_SET, never[-1].lead_s, never[0].received_s, len(never))


def _watched(history: Sequence[ClockWindow], *, others_late: bool) -> ClockVerdict | None:
    """Faults that only a row of windows shows, and that there is none; None where the row does not tell."""
    timed = [w for w in history if not isnan(w.lead_s)]
    run = _steady(_without_late(timed))
    if len(run) < 2:
        certain = timed[-3:]
        if len(certain) == 3 and min(w.lead_s for w in certain) > TRUSTED_S:
            return ClockVerdict(ClockFault.AHEAD, certain[-1].lead_s, certain[0].received_s, 3)
        return None
    span = run[-1].received_s - run[0].received_s
    rate, stray = _line(run)
    offset = max(w.lead_s for w in run[-3:]) if rate >= 0 else run[-1].lead_s
    moved = abs(rate) * span
    flat = moved <= FLAT_S + FLAT_RATE * span and stray <= JITTER_S

    def verdict(fault: ClockFault | None, by: float | None = offset, at: float | None = None) -> ClockVerdict:
        return ClockVerdict(fault, by, run[0].received_s, len(run), at)

    if (
        len(run) >= 6
        and span >= DRIFT_SPAN_S
        and DRIFT_RATE[0] <= abs(rate) <= DRIFT_RATE[1]
        and abs(offset) >= ON_TIME_S
        and moved >= 4 * FLAT_S
        and stray <= 2.0 + 0.05 * moved
        and (offset > 0 or (rate < 0 and not others_late))  # a lag that shrinks is a backlog's way too
    ):
        return verdict(ClockFault.DRIFTING, at=rate)
    if offset > TRUSTED_S:
        if sum(w.messages for w in run) < CERTAIN_MESSAGES:
            return None
        zone = zone_offset(offset) if flat else None
        return verdict(ClockFault.AHEAD) if zone is None else verdict(ClockFault.ZONE_AS_UTC, zone)
    if offset >= -TRUSTED_S:
        return verdict(None, None) if len(run) >= 3 else None
    # Behind, or late. Who speaks once a day tells yesterday's news at the same hour every day: that is no slow clock.
    pauses = max(b.received_s - a.received_s for a, b in pairwise(run[-KEPT // 2 :]))
    if not flat or pauses > -offset / 4 or len(run) < 6:
        return None
    zone = zone_offset(offset)
    if zone is not None and span >= ZONE_BEHIND_SPAN_S:
        return verdict(ClockFault.ZONE_AS_UTC, zone)
    if zone is None and span >= BEHIND_SPAN_S and not others_late:
        return verdict(ClockFault.BEHIND)
    return None


def _without_late(windows: Sequence[ClockWindow]) -> list[ClockWindow]:
    """Without windows in which only a late message came: they lag behind both their neighbours."""
    kept = []
    for n, window in enumerate(windows):
        beside = [w.lead_s for w in (*windows[max(0, n - 1) : n], *windows[n + 1 : n + 2])]
        if len(beside) < 2 or window.lead_s >= min(beside) - JITTER_S:
            kept.append(window)
    return kept


def _steady(windows: Sequence[ClockWindow]) -> list[ClockWindow]:
    """The newest windows as far back as one clock that drifts no faster than clocks do can explain them."""
    run = list(windows[-1:])
    for window in reversed(windows[:-1]):
        if abs(run[-1].lead_s - window.lead_s) > _apart(window, run[-1]):
            break
        run.append(window)
    return run[::-1]


def _apart(before: ClockWindow, after: ClockWindow) -> float:
    """By how much one clock may differ between two windows, in s."""
    return JITTER_S + DRIFT_RATE[1] * (after.received_s - before.received_s)


def _line(run: Sequence[ClockWindow]) -> tuple[float, float]:
    """Slope (s/s) of the least-squares line through the leads, and how far the worst lies off it (s)."""
    at = [w.received_s - run[0].received_s for w in run]
    mean_at, mean = sum(at) / len(run), sum(w.lead_s for w in run) / len(run)
    spread = sum((t - mean_at) ** 2 for t in at)
    if not spread:
        return 0.0, 0.0
    slope = sum((t - mean_at) * (w.lead_s - mean) for t, w in zip(at, run, strict=True)) / spread
    return slope, max(abs(w.lead_s - mean - slope * (t - mean_at)) for t, w in zip(at, run, strict=True))


def _newest(windows: Sequence[ClockWindow], holds: Callable[..., bool]) -> list[ClockWindow]:
    """The newest windows of which something holds, oldest first."""
    return list(takewhile(holds, reversed(windows)))[::-1]


def _zone_error(offset_s: float) -> str:
    hours = abs(offset_s) / 3600
    if offset_s > 0:
        return f"local time (UTC+{hours:g}) sent as UTC"
    return f"UTC marked as local time (+{hours:g} h), or local time (UTC-{hours:g}) sent as UTC"
