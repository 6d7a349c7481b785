"""Chattering and fleeting alarms, and the setting that would have spared them."""

from datetime import timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.noise import AdviceKind, Episode, NoiseTerms, advise, chatters, fleeting
from pipeline.engine.alarms.chatter import Chatter
from tests.noise import Noisy
from tests.pipeline.conftest import at

MINUTE = 60
HOUR = 3600
PLAIN = NoiseTerms(on_s=0, off_s=0, respond_s=600)


def pulses(*spans: tuple[float, float | None]) -> list[Episode]:
    """Alarms from so many seconds to so many."""
    return [Episode(at(begin), None if end is None else at(end)) for begin, end in spans]


def test_a_level_switch_that_flutters_is_advised_an_off_delay() -> None:
    waves = pulses(*((n * 45, n * 45 + 12) for n in range(7)))
    advice = advise(waves, PLAIN)
    assert advice is not None
    assert (advice.kind, advice.amount, advice.alarms, advice.left) == (AdviceKind.OFF_DELAY, 45, 7, 1)
    assert chatters([e.raised for e in waves], 3, timedelta(seconds=90))
    assert not chatters([e.raised for e in waves], 3, timedelta(seconds=89))


def test_short_spikes_far_apart_are_advised_an_on_delay_unless_that_is_dangerous() -> None:
    spikes = pulses(*((n * 2 * HOUR, n * 2 * HOUR + 7) for n in range(6)))
    advice = advise(spikes, PLAIN)
    assert advice is not None
    assert (advice.kind, advice.amount, advice.alarms, advice.left) == (AdviceKind.ON_DELAY, 10, 6, 0)
    assert fleeting(spikes, 0) == 6
    assert fleeting(spikes[:2], 0) == 0
    assert advise(spikes, NoiseTerms(0, 0, 600, urgent=True)) is None
    assert advise(spikes, NoiseTerms(0, 0, 60)) is None  # six seconds are all that may be taken from a minute


def test_a_value_that_creeps_around_its_limit_is_advised_a_deadband() -> None:
    waves = pulses(*((n * 2 * HOUR, n * 2 * HOUR + HOUR) for n in range(6)))
    advice = advise(waves, PLAIN, depths=[0.11, 0.2, 0.18, 0.15, 3.0])
    assert advice is not None
    assert (advice.kind, advice.amount, advice.left) == (AdviceKind.DEADBAND, 0.21, 2)
    assert advise(waves, PLAIN, depths=[0.11, None, 0.18, 0.15, 3.0]) is None


def test_long_alarms_far_apart_are_no_matter_of_settings() -> None:
    assert advise(pulses(*((n * 5 * HOUR, n * 5 * HOUR + HOUR) for n in range(8))), PLAIN) is None
    assert advise(pulses((0, 10), (20, 30)), PLAIN) is None  # twice is nothing
    assert advise([], PLAIN) is None


def test_the_off_delay_that_there_is_counts() -> None:
    waves = pulses(*((n * 60, n * 60 + 32) for n in range(6)))
    advice = advise(waves, NoiseTerms(0, 20, 600))
    assert advice is not None
    assert (advice.kind, advice.amount, advice.left) == (AdviceKind.OFF_DELAY, 60, 1)  # 20 + 30, as people set it
    assert fleeting(waves, 20) == 0
    assert fleeting(waves, 25) == 6


@st.composite
def series(draw: st.DrawFn) -> list[Episode]:
    """Alarms of a watch, one after another; the last may stand."""
    steps = draw(st.lists(st.tuples(st.floats(0.1, 4000), st.floats(0.1, 4000)), min_size=1, max_size=25))
    clock, found = 0.0, []
    for held, gap in steps:
        found.append((clock, clock + held))
        clock += held + gap
    stands = draw(st.booleans())
    return pulses(*found[:-1], (found[-1][0], None if stands else found[-1][1]))


@given(series())
def test_what_advice_promises_a_replay_keeps(episodes: list[Episode]) -> None:
    advice = advise(episodes, PLAIN)
    if advice is None:
        return
    assert advice.alarms == len(episodes)
    assert 2 * advice.left <= advice.alarms
    left = 0
    until = None
    for raised, returned in episodes:
        if advice.kind is AdviceKind.OFF_DELAY:
            left += until is None or (raised - until).total_seconds() > advice.amount
            until = returned
        else:
            left += returned is None or (returned - raised).total_seconds() >= advice.amount
    assert left == advice.left


@given(st.lists(st.integers(0, 400), max_size=30).map(sorted), st.integers(2, 5), st.integers(1, 120))
def test_chattering_is_so_many_raises_within_any_such_time(times: list[int], raises: int, within: int) -> None:
    brute = any(sum(begin <= t <= begin + within for t in times) >= raises for begin in times)
    assert chatters([at(t) for t in times], raises, timedelta(seconds=within)) == brute


@pytest.fixture
def noisy(conn: psycopg.Connection) -> Noisy:
    return Noisy(conn)


def chattering(noisy: Noisy) -> list[bool]:
    return [c for (c,) in noisy.conn.execute("select chattering from smartpark.alarm order by alarm").fetchall()]


def test_three_raises_in_a_minute_chatter_until_a_quiet_hour(noisy: Noisy) -> None:
    watch = noisy.watch(noisy.rule("level"), "m1", "active_power")
    calm = noisy.watch(noisy.rule("other"), "m1", "energy")
    step = Chatter()
    noisy.raise_(calm, at=at(0))
    for begin in (0, 25):
        noisy.pulse(watch, at=at(begin), seconds=5)
    assert step.run(noisy.conn, at(31)) == 0
    noisy.raise_(watch, at=at(59))
    assert step.run(noisy.conn, at(60)) == 1
    assert step.run(noisy.conn, at(65)) == 0
    assert chattering(noisy) == [False, True]  # re-opened twice: one alarm
    assert step.run(noisy.conn, at(59 + HOUR - 1)) == 0
    assert step.run(noisy.conn, at(59 + HOUR)) == 1
    assert chattering(noisy) == [False, False]
    assert Chatter().run(noisy.conn, at(60 + HOUR)) == 0


def test_a_rule_says_itself_what_chatters_and_a_new_engine_finds_it(noisy: Noisy) -> None:
    patient = noisy.watch(noisy.rule("patient", chatter_raises=5), "m1", "active_power")
    hasty = noisy.watch(noisy.rule("hasty", chatter_raises=2, reopen_s=0), "m1", "energy")
    for begin in (0, 15, 30, 45):
        noisy.pulse(patient, at=at(begin), seconds=5)
    noisy.pulse(hasty, at=at(0), seconds=5)
    noisy.acknowledge(noisy.conn.execute("select max(alarm) from smartpark.alarm").fetchone()[0], at=at(7))  # type: ignore[index]
    noisy.raise_(hasty, at=at(40))  # an alarm of its own, yet the same watch
    assert Chatter().run(noisy.conn, at(30 * MINUTE)) == 1
    assert chattering(noisy) == [False, False, True]
    assert Chatter().run(noisy.conn, at(2 * HOUR)) == 1
