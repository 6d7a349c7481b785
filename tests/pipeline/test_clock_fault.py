"""Whose clock is wrong, and whose messages are only late: liars are told by kind, nobody honest is accused."""

import random
from collections.abc import Callable, Iterable
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.clock_fault import RIGHT, ClockFault, ClockVerdict, ClockWindow, judge, remember, zone_offset

START = 1_795_243_200.0  # 2026-11-21T06:40:00Z
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def windows(
    lead: Callable[[float], float], *, every: float = MINUTE, count: int = 80, **flags: int
) -> list[ClockWindow]:
    return [
        ClockWindow(START + n * every, lead(n * every), 6, **{name: 6 * on for name, on in flags.items()})
        for n in range(count)
    ]


def verdicts(history: Iterable[ClockWindow], *, others_late: bool = False) -> list[ClockVerdict]:
    """The standing verdict after each window."""
    known: list[ClockWindow] = []
    standing, found = RIGHT, []
    for window in history:
        known = remember(known, window)
        standing = judge(known, standing, others_late=others_late)
        found.append(standing)
    return found


def jitter(seed: int, most: float) -> Callable[[], float]:
    generator = random.Random(seed)
    return lambda: -generator.uniform(0, most)


LATE = jitter(1, 3.0)
LIARS = {
    "never set, 1970": (lambda t: t + 40 - START - t, {}, ClockFault.NOT_SET),
    "never set, 2000": (lambda t: 946_684_800 + 40 - START, {}, ClockFault.NOT_SET),
    "seconds as milliseconds": (lambda t: (START + t) / 1000 - START - t, {}, ClockFault.SECONDS_FOR_MILLISECONDS),
    "seconds as microseconds": (lambda t: (START + t) / 1e6 - START - t, {}, ClockFault.SECONDS_FOR_MILLISECONDS),
    "milliseconds as seconds": (lambda t: LATE(), {"unit": 1}, ClockFault.MILLISECONDS_FOR_SECONDS),
    "no time": (lambda t: nan, {"missing": 1}, ClockFault.MISSING),
    "no offset": (lambda t: 8 * HOUR + LATE(), {"naive": 1}, ClockFault.NO_OFFSET),
    "Beijing time as UTC": (lambda t: 8 * HOUR + LATE(), {}, ClockFault.ZONE_AS_UTC),
    "Kathmandu time as UTC": (lambda t: 5.75 * HOUR + LATE(), {}, ClockFault.ZONE_AS_UTC),
    "UTC marked +08:00": (lambda t: -8 * HOUR + LATE(), {}, ClockFault.ZONE_AS_UTC),
    "seven minutes ahead": (lambda t: 7 * MINUTE + LATE(), {}, ClockFault.AHEAD),
    "wildly ahead": (lambda t: 900 + (t * 7919) % 50_000, {}, ClockFault.AHEAD),
    "eleven minutes behind": (lambda t: -11 * MINUTE + LATE(), {}, ClockFault.BEHIND),
    "gaining a minute in two hours": (lambda t: 50 + t / 120 + LATE(), {}, ClockFault.DRIFTING),
    "losing a minute in two hours": (lambda t: -50 - t / 120 + LATE(), {}, ClockFault.DRIFTING),
}


@pytest.mark.parametrize("name", LIARS)
def test_a_liar_is_told_by_kind(name: str) -> None:
    lead, flags, fault = LIARS[name]
    found = verdicts(windows(lead, **flags))
    assert {v.fault for v in found} <= {None, fault}
    assert found[-1].fault is fault
    accused = next(v for v in found if v.fault)
    assert accused.since_s < START + 3 * MINUTE
    assert found[-1].since_s == accused.since_s, "one fault, one beginning"
    assert found[-1].reason


def test_the_offset_of_a_zone_is_a_whole_number() -> None:
    last = verdicts(windows(lambda t: 8 * HOUR + LATE()))[-1]
    assert (last.offset_s, last.distrusted) == (8 * HOUR, True)
    assert last.reason == "its clock is 8 h ahead, the distance of a time zone: local time (UTC+8) sent as UTC"


def drain(hours: float, *, speed: float) -> Callable[[float], float]:
    """The lag of a backlog that is sent at `speed` times the pace at which it was made."""
    return lambda t: min(0.0, -hours * HOUR + (speed - 1) * t) - 1


HONEST: dict[str, list[ClockWindow]] = {
    "on time": windows(lambda t: LATE()),
    "a little ahead": windows(lambda t: 110 + LATE()),
    "behind a gateway that gathers": windows(lambda t: jitter(int(t), 60)()),
    "24 h late, at ten times the pace": windows(drain(24, speed=10), count=400),
    "24 h late, at twice the pace": windows(drain(24, speed=2), count=3000),
    "24 h late, at 1.05 times the pace": windows(drain(24, speed=1.05), count=400),
    "24 h late, live messages among the old": windows(lambda t: LATE() if (t // 60) % 2 else drain(24, speed=3)(t)),
    "late now and then": windows(lambda t: -140.0 if int(t // 60) % 7 == 3 else LATE()),
    "every hour, what was measured since": windows(lambda t: jitter(int(t), 900)(), every=HOUR),
    "every morning, of yesterday": windows(lambda t: -8 * HOUR + LATE(), every=DAY),
    "a network that gets slower": windows(lambda t: -(t / 4) * (1 + 0.3 * ((t * 7919) % 60) / 60), count=300),
    "back after each outage": windows(lambda t: -max(0.0, 3000 - 12 * (t % 3600)) + LATE(), count=300),
}


@pytest.mark.parametrize("name", HONEST)
def test_nobody_honest_is_accused(name: str) -> None:
    assert {v.fault for v in verdicts(HONEST[name])} == {None}


def test_a_lag_that_all_share_is_ours() -> None:
    ours = windows(lambda t: -100 - t * 0.01 + LATE(), count=60)
    assert {v.fault for v in verdicts(ours, others_late=True)} == {None}
    assert verdicts(ours)[-1].fault is ClockFault.DRIFTING
    held = windows(lambda t: -700 + LATE(), count=60)
    assert {v.fault for v in verdicts(held, others_late=True)} == {None}


@given(
    st.lists(st.tuples(st.floats(0, 100_000), st.booleans()), min_size=1, max_size=60),
    st.floats(-299, 0),
)
def test_lateness_alone_never_puts_a_clock_ahead(steps: list[tuple[float, bool]], offset: float) -> None:
    """However late anything comes, and whatever came before, a right clock is never ahead, naive or never set."""
    history = [
        ClockWindow(START + n * MINUTE, offset - (late if slow else 0), 3) for n, (late, slow) in enumerate(steps)
    ]
    wrong = {ClockFault.AHEAD, ClockFault.NO_OFFSET, ClockFault.MISSING, ClockFault.NOT_SET}
    assert not wrong & {v.fault for v in verdicts(history)}


@given(st.lists(st.floats(3600, 90_000), min_size=3, max_size=40))
def test_a_backlog_of_any_shape_is_no_slow_clock_while_it_moves(lags: list[float]) -> None:
    steep = [lag for n, lag in enumerate(lags) if n == 0 or abs(lag - lags[n - 1]) > 120]
    history = [ClockWindow(START + n * MINUTE, -lag, 3) for n, lag in enumerate(steep)]
    behind = {ClockFault.BEHIND, ClockFault.DRIFTING}
    assert not behind & {v.fault for v in verdicts(history)}


def test_a_clock_that_was_put_right_is_believed_again_and_a_backlog_changes_no_verdict() -> None:
    lying = windows(lambda t: -8 * HOUR + LATE(), count=20)
    right = [ClockWindow(w.received_s + HOUR, -1.0, 6) for w in windows(lambda t: 0.0, count=5)]
    found = verdicts([*lying, *right])
    assert [v.fault for v in found[-5:]] == [ClockFault.ZONE_AS_UTC, ClockFault.ZONE_AS_UTC, None, None, None]
    ahead = windows(lambda t: 8 * HOUR + LATE(), count=5)
    late = [ClockWindow(w.received_s + DAY, w.lead_s, 6) for w in windows(lambda t: -16 * HOUR + 20 * t, count=20)]
    assert {v.fault for v in verdicts([*ahead, *late])[3:]} == {ClockFault.ZONE_AS_UTC}


def test_a_clock_that_was_set_after_the_start_is_right() -> None:
    booting = windows(lambda t: 40 - START, count=3)
    set_ = [ClockWindow(START + (3 + n) * MINUTE, -1.0, 6) for n in range(4)]
    assert [v.fault for v in verdicts([*booting, *set_])][-2:] == [None, None]


@pytest.mark.parametrize(
    ("offset", "zone"),
    [
        (8 * HOUR - 2, 8 * HOUR), (-8 * HOUR - 170, -8 * HOUR), (5.5 * HOUR + 50, 5.5 * HOUR),
        (12.75 * HOUR, 12.75 * HOUR),
        (8 * HOUR - 300, None), (5.5 * HOUR + 90, None), (900, None), (15 * HOUR, None), (-24 * HOUR, None),
    ],
)  # fmt: skip
def test_what_is_the_distance_of_a_zone(offset: float, zone: float | None) -> None:
    assert zone_offset(offset) == zone


def test_infinite_and_empty_histories_do_no_harm() -> None:
    assert judge([]) == RIGHT
    assert judge([ClockWindow(START, -inf, 0), ClockWindow(START, nan, 0)]).fault is None
