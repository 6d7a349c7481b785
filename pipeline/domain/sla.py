"""Promises and their clocks. Terms are copied onto an order when it is opened; clocks are derived from them, from the
order's events and calendar rows, and never counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
DUE = 100.0
"""The percentage at which a promise is broken."""


class ClockKind(StrEnum):
    """What is promised."""

    ACKNOWLEDGE = "acknowledge"  # a person took it
    RESPOND = "respond"  # on site, or fixed remotely
    RESTORE = "restore"  # done; provisional until verified


class ClockState(StrEnum):
    """Where a promise stands."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"  # it stopped late
    VOID = "void"  # the order was rejected or cancelled


ALWAYS = "always"
"""The id of the calendar without closing hours, an ordinary calendar that every park has."""
WORKING = "working-hours"
"""The id of the calendar of the office, with holidays and make-up days."""
NEXT_WORKING_DAY = "next-working-day"

Terms = Mapping[str, Any]
"""`policy`, `version`: the most specific one; `from`: all that it was made of, as `id@version`. `targets`: by
ClockKind, {`s`: business seconds} or {`by`: `next-working-day`, `days`: 1}, each with `calendar`, `calendar_version`.
`thresholds`: percentages at which somebody is told. `pauses`: seconds that each reason may stop restore's clock, on
the wall, and `pauses_sum_s`: that all of them may. `steps`: escalation, [{`after_s`, `level`}]. `confirm_days`:
silence that closes."""


@dataclass(frozen=True, slots=True)
class SlaClock:
    """One promise of one order, as its events have it. Times are instants, figures seconds of its calendar.

    due is None while it is paused (before it is broken), void, or past the loaded calendar, which `fault` then says.
    """

    kind: ClockKind
    state: ClockState
    started: datetime
    upto: int  # seq of the newest event
    target_s: float | None = None  # None: an appointment's time is the target
    due: datetime | None = None
    stopped: datetime | None = None
    spent_s: float | None = None  # None while it runs
    wall_s: float | None = None  # from start to stop, pauses and closing hours included
    paused_s: float = 0.0  # open time that pauses took out of it; the pause that lasts is not in it
    breached: datetime | None = None  # when the target was used up
    provisional: bool = False
    resumes: datetime | None = None  # when the pause will have used up what it may stop
    ladder: tuple[tuple[float, datetime], ...] = ()  # percentages and when each is reached unless something happens
    fault: str | None = None
