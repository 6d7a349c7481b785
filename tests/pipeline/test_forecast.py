"""The forecast of misses: right where chances are known, silent where little is known, never peeking."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.analytics import backtest
from pipeline.analytics.forecast import (
    ENOUGH,
    HOURS,
    STEPS,
    Case,
    History,
    Past,
    case_of,
    forecasts,
    history_of,
    past_of,
)

ZONE = ZoneInfo("Asia/Shanghai")
T0 = datetime(2026, 5, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CASE = Case("respond", "P3", "repair", "08-12")
# Never on a point of the grid, where rounding would decide to which side it falls.
PARTS = st.integers(0, 150).map(lambda n: n / 100 + 0.00321)
CHANCES = {("P1", "repair"): 0.05, ("P3", "repair"): 0.3, ("P3", "cleaning"): 0.6}


def row(number: int, started: datetime, took: float | None, *, priority: str = "P3", service: str = "repair",
        kind: str = "respond", target: float = 120, taken: float | None = None) -> dict[str, Any]:  # fmt: skip
    """A clock: minutes promised and taken; taken: minutes until somebody took the order."""
    stopped = None if took is None else started + took * MINUTE
    return {
        "work_order": number, "kind": kind, "priority": priority, "service": service, "created": started,
        "started": started, "due": started + target * MINUTE, "target_s": target * 60.0, "stopped": stopped,
        "state": "running" if took is None else "met" if took <= target else "missed",
        "spent_s": None if took is None else took * 60, "wall_s": None if took is None else took * 60,
        "taken": None if taken is None else started + taken * MINUTE, "arrived": None, "fault": None,
    }  # fmt: skip


def synthetic(n: int, seed: int) -> list[dict[str, Any]]:
    """Promises that are missed with known chances, whatever the hour; the others are kept at any time of their span."""
    random, rows, at = Random(seed), [], T0
    for number in range(n):
        at += random.expovariate(1 / 40) * MINUTE
        (priority, service), chance = random.choice(list(CHANCES.items()))
        took = random.uniform(121, 300) if random.random() < chance else random.uniform(0, 120)
        rows.append(row(number, at, took, priority=priority, service=service))
    return rows


def test_chances_are_found_and_grow_while_nobody_comes() -> None:
    rows = synthetic(4000, 1)
    history = history_of(rows, ZONE, now=T0 + 400 * DAY)
    for (priority, service), chance in CHANCES.items():
        case = Case("respond", priority, service, "08-12")
        at_first = history.chance(case, 0.0, ahead=False).probability
        assert at_first == pytest.approx(chance, abs=0.06), (priority, service)
        # Kept ones end evenly over the span: at half of it, half of them are gone.
        halfway = history.chance(case, 0.5, ahead=False).probability
        assert halfway == pytest.approx(chance / (chance + (1 - chance) / 2), abs=0.08), (priority, service)


def test_the_back_test_is_calibrated_better_than_the_base_rate_and_the_same_each_time() -> None:
    rows, now = synthetic(4000, 2), T0 + 400 * DAY
    told = backtest.report(rows, ZONE, now=now)
    assert told == backtest.report(list(reversed(rows)), ZONE, now=now)
    assert told["n"] > 8000 and told["skill"] > 0.1 and told["brier"] < told["base"]
    assert told["error"] < 0.03
    for one in told["bins"]:
        if one["n"] >= 100:
            assert one["low"] - 0.03 <= one["mean"] <= one["high"] + 0.03, one
    assert sum(one["n"] for one in told["bins"]) == told["n"]
    assert told["unknown"] > 0  # the first ones of each kind


def test_where_chance_alone_rules_the_forecast_claims_no_skill() -> None:
    random = Random(3)
    rows = [row(n, T0 + n * 30 * MINUTE, 200 if random.random() < 0.3 else 119.9) for n in range(3000)]
    told = backtest.report(rows, ZONE, now=T0 + 400 * DAY)
    assert -0.03 < told["skill"] < 0.01 and told["error"] < 0.03


def test_nothing_is_known_before_it_could_be() -> None:
    """What comes later changes no earlier forecast."""
    rows = synthetic(600, 4)
    cut = rows[400]["started"]
    until_then, _ = backtest.bets([r for r in rows if r["due"] <= cut], ZONE, now=T0 + 400 * DAY)
    turned = [r if r["due"] <= cut else row(r["work_order"], r["started"], 500) for r in rows]
    after, _ = backtest.bets(turned, ZONE, now=T0 + 400 * DAY)
    assert until_then == after[: len(until_then)] != []


def test_with_too_little_history_nobody_knows() -> None:
    few = [row(n, T0 + n * HOUR, 30) for n in range(ENOUGH - 1)]
    now = T0 + 40 * DAY
    running = row(99, now - 10 * MINUTE, None)
    (one,) = forecasts([*few, running], {(99, "respond"): 110 * 60.0}, ZONE, now=now)
    assert (one.probability, one.n, one.overdue) == (None, ENOUGH - 1, False)
    (late,) = forecasts([*few, running], {(99, "respond"): 60 * 60.0}, ZONE, now=now)
    assert (late.used, late.n) == (0.5, 0)  # all of them were over by then
    more = [row(n, T0 + n * HOUR, 30) for n in range(3 * ENOUGH)]
    (one,) = forecasts([*more, running], {(99, "respond"): 119.9 * 60}, ZONE, now=now)
    assert one.probability is not None and one.probability < 0.05 and one.n == 3 * ENOUGH


def test_the_riskiest_come_first_and_a_paused_one_is_unknown() -> None:
    past = synthetic(2000, 5)
    now = T0 + 300 * DAY
    open_ = [
        row(1, now - 10 * MINUTE, None, priority="P1"),
        row(2, now - 200 * MINUTE, None),
        row(3, now - 60 * MINUTE, None, service="cleaning"),
        row(4, now - 60 * MINUTE, None) | {"state": "paused", "due": None},
    ]
    left = {(1, "respond"): 6600.0, (2, "respond"): 0.0, (3, "respond"): 3600.0, (4, "respond"): None}
    found = forecasts([*past, *open_], left, ZONE, now=now)
    assert [one.work_order for one in found] == [2, 3, 1, 4]
    assert found[0].overdue and found[0].probability == 1.0
    assert found[1].used == 0.5 and found[1].probability > found[2].probability  # type: ignore[operator]
    assert found[3].probability is None


def test_who_is_a_step_further_is_told_apart() -> None:
    random, rows = Random(6), []
    for n in range(2000):
        taken = random.uniform(1, 20) if random.random() < 0.7 else None
        late = random.random() < (0.05 if taken else 0.8)
        rows.append(row(n, T0 + n * HOUR, 180 if late else random.uniform(60, 119), taken=taken))
    history = history_of(rows, ZONE, now=T0 + 400 * DAY)
    assert history.chance(CASE, 0.3, ahead=True).probability == pytest.approx(0.05, abs=0.04)
    assert history.chance(CASE, 0.3, ahead=False).probability == pytest.approx(0.8, abs=0.08)


def test_an_appointment_has_the_wall_for_its_measure() -> None:
    chosen = row(1, T0, 90, target=100) | {"target_s": None}
    assert past_of(chosen, ZONE) == Past(case_of(chosen, ZONE), 0.9, None, missed=False)
    assert past_of(chosen | {"due": None}, ZONE) is None
    assert case_of(chosen, ZONE).hours == f"08-{8 + HOURS:02d}"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(PARTS, st.one_of(st.none(), PARTS)), max_size=60), st.integers(0, STEPS - 1), st.booleans())
def test_counts_are_those_of_brute_force(past: list[tuple[float, float | None]], step: int, ahead: bool) -> None:
    history = History()
    for used, turn in past:
        history.add(Past(CASE, min(used, 1.0), turn, missed=used > 1))
    at = step / STEPS
    still = [(used, turn) for used, turn in past if used > 1 or min(used, 1.0) > at]
    stood = [(used, turn) for used, turn in still if (turn is not None and turn <= at) == ahead]
    assert history._at(tuple(CASE), step) == (len(still), sum(used > 1 for used, _ in still))
    mine = (len(stood), sum(used > 1 for used, _ in stood))
    assert history._at(tuple(CASE), step, ahead=ahead) == mine
