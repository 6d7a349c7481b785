"""Promises and their clocks. Terms are copied onto an order when it is opened; clocks are derived from them, from the
order's events and calendar rows, and never counted."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class ClockKind(StrEnum):
    """What is promised."""

    ACKNOWLEDGE = "acknowledge"  # a person took it
    RESPOND = "respond"  # on site, or fixed remotely
    RESTORE = "restore"  # done; provisional until verified


ALWAYS = "always"
"""The id of the calendar without closing hours, an ordinary calendar that every park has."""
WORKING = "working-hours"
"""The id of the calendar of the office, with holidays and make-up days."""

Terms = Mapping[str, Any]
"""`policy`, `version`; `targets`: by ClockKind, {`s`: business seconds} or {`by`: `next-working-day`}, each with
`calendar` and `calendar_version`; `thresholds`: percentages at which somebody is told; `pauses`: seconds that each
reason may stop restore's clock; `steps`: escalation, [{`after_s`, `level`}]; `confirm_days`: silence that closes."""
