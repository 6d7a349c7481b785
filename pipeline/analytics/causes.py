"""Why promises were missed: what took most of the time of each, by the spells of its order."""

from collections.abc import Hashable

import pandas as pd

from pipeline.analytics.estimates import share
from pipeline.analytics.figures import Cause
from pipeline.domain.sla import ClockKind
from pipeline.domain.work_order import OrderState

CAUSE_OF = {
    OrderState.NEW: "untaken",  # nobody took it
    OrderState.REOPENED: "untaken",
    OrderState.ACCEPTED: "not-departed",  # taken, and nobody on the way
    OrderState.EN_ROUTE: "travel",
    OrderState.ON_SITE: "work",
    OrderState.DONE: "redone",  # said to be done, and it was not
    OrderState.CONFIRMED: "redone",
    OrderState.CLOSED: "redone",
}
UNKNOWN = "unknown"


def causes(spells: pd.DataFrame, cohort: pd.DataFrame) -> list[Cause]:
    """The causes of each kind, the most frequent first; a promise that its order's spells do not explain is unknown."""
    found = []
    main = main_causes(spells)
    for kind in ClockKind:
        missed = cohort[(cohort["kind"] == kind) & (cohort["state"] != "met")]["work_order"]
        told = [main.get((order, str(kind)), (UNKNOWN, None)) for order in missed]
        by_cause: dict[str, list[float | None]] = {}
        for cause, seconds in told:
            by_cause.setdefault(cause, []).append(seconds)
        for cause, took in sorted(by_cause.items(), key=lambda item: (-len(item[1]), item[0])):
            known = [s for s in took if s is not None]
            median = float(pd.Series(known).median()) if known else None
            found.append(Cause(kind, cause, share(len(took), len(told)), median))
    return found


def main_causes(spells: pd.DataFrame) -> dict[tuple[Hashable, str], tuple[str, float]]:
    """For each missed promise (order, kind): what took most of its open seconds, and how much."""
    took: dict[tuple[Hashable, str], dict[str, float]] = {}
    stood: dict[tuple[Hashable, str], float] = {}
    for spell in spells.sort_values("seq", kind="stable").itertuples():
        key = (spell.work_order, str(spell.kind))
        cause, spent = cause_of(spell.state, spell.reason), spell.open_s
        if pd.notna(spell.paused_s):  # waiting first stops the clock, as much as it may, and takes nothing then
            left = stood.get(key, spell.paused_s)
            spent, stood[key] = max(0.0, spent - left), max(0.0, left - spent)
        mine = took.setdefault(key, {})
        mine[cause] = mine.get(cause, 0.0) + spent
    most = {key: max(mine, key=lambda cause: mine[cause]) for key, mine in took.items()}
    return {key: (cause, took[key][cause]) for key, cause in most.items() if took[key][cause] > 0}


def cause_of(state: str, reason: str | None) -> str:
    """What a spell in a state stands for."""
    if state == OrderState.WAITING:
        return f"waiting:{reason}" if reason else "waiting"
    return CAUSE_OF.get(OrderState(state), UNKNOWN)
