"""Delays and deadband by event time: what readings decide, split into whatever batches, and what the clock decides."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.spell import Delays, Glimpse, Phase, Spell, Turn, expire, follow
from tests.pipeline.conftest import START, at

HIGH, DEADBAND = 10, 3
DELAYS = st.builds(Delays.of, st.integers(0, 40), st.integers(0, 40))
LATENCY = timedelta(seconds=0.4)


def glimpse(second: int, value: int, *, received: datetime | None = None) -> Glimpse:
    """A reading of something that may not go above HIGH."""
    breach, clear = value > HIGH, value <= HIGH - DEADBAND
    return Glimpse(at(second), breach, clear, float(value), received or at(second) + LATENCY)


@st.composite
def readings(draw: st.DrawFn) -> list[Glimpse]:
    """Some readings in order, at whole seconds."""
    seconds = sorted(draw(st.sets(st.integers(0, 200), max_size=30)))
    return [glimpse(second, draw(st.integers(5, 13))) for second in seconds]


def quiet() -> Spell:
    return Spell.normal(START)


def ended(spell: Spell, delays: Delays) -> list[Turn]:
    """What the clock makes of it in the end."""
    return expire(spell, delays, now=at(100_000))[1]


def told(turns: list[Turn]) -> list[tuple[bool, datetime]]:
    return [(turn.raised, turn.at) for turn in turns]


def expected(seen: list[Glimpse], delays: Delays) -> Iterator[tuple[bool, datetime]]:
    """The turns, by their definition: it held for the on-delay with no reading between that says otherwise; it was
    over, and for the off-delay no reading said that it holds."""
    after = START
    while True:
        begins = [g.ts for g in seen if g.breach and g.ts >= after]
        held = [b for b in begins if all(g.breach for g in seen if b <= g.ts < b + delays.on)]
        if not held:
            return
        raised = min(held) + delays.on
        yield True, raised
        ends = [g.ts for g in seen if g.clear and g.ts >= raised]
        over = [c for c in ends if not any(g.breach for g in seen if c <= g.ts < c + delays.off)]
        if not over:
            return
        after = min(over) + delays.off
        yield False, after


@given(readings(), DELAYS)
def test_turns_are_what_their_definition_says(seen: list[Glimpse], delays: Delays) -> None:
    spell, turns = follow(quiet(), seen, delays)
    assert told(turns + ended(spell, delays)) == list(expected(seen, delays))


@given(readings(), DELAYS, st.lists(st.integers(0, 30)))
def test_batches_split_anyhow_decide_the_same(seen: list[Glimpse], delays: Delays, cuts: list[int]) -> None:
    whole, turns = follow(quiet(), seen, delays)
    spell, parts = quiet(), []
    edges = [0, *sorted(cuts), len(seen)]
    for first, last in pairwise(edges):
        spell, some = follow(spell, seen[first:last], delays)
        parts += some
    assert (spell, parts) == (whole, turns)


@given(readings(), DELAYS, st.integers(1, 7))
def test_the_clock_decides_what_readings_would_have(seen: list[Glimpse], delays: Delays, tick: int) -> None:
    spell, turns = quiet(), []
    arrivals = {g.received: g for g in seen}
    for now in sorted({*arrivals, *(at(n * tick) for n in range(200 // tick))}):
        if now in arrivals:
            spell, some = follow(spell, [arrivals[now]], delays)
        else:
            spell, some = expire(spell, delays, now=now)
        turns += some
    assert told(turns + ended(spell, delays)) == list(expected(seen, delays))


@given(readings(), DELAYS, st.integers(0, 10_000))
def test_a_replay_hours_late_decides_the_same(seen: list[Glimpse], delays: Delays, late: int) -> None:
    replayed = [g._replace(received=at(1000 + late)) for g in seen]
    spell, turns = follow(quiet(), replayed, delays)
    assert told(turns + ended(spell, delays)) == list(expected(seen, delays))


@given(readings(), DELAYS)
def test_raised_and_returned_take_turns_and_time_goes_on(seen: list[Glimpse], delays: Delays) -> None:
    spell, turns = follow(quiet(), seen, delays)
    turns += ended(spell, delays)
    assert [t.raised for t in turns] == [n % 2 == 0 for n in range(len(turns))]
    assert [t.at for t in turns] == sorted(t.at for t in turns)
    assert all(t.began <= t.at for t in turns)


@given(readings(), DELAYS, st.integers(1, 50))
def test_what_the_clock_decided_too_early_is_never_over_before_it_was(
    seen: list[Glimpse], delays: Delays, late: int
) -> None:
    """Each reading takes its own time to come, in order, and the clock runs between them."""
    spell, turns, now = quiet(), [], START
    for n, one in enumerate(seen):
        now = max(now, one.ts + timedelta(seconds=(n * 7919) % late))
        spell, some = expire(spell, delays, now=now)
        turns += some
        spell, some = follow(spell, [one._replace(received=now)], delays)
        turns += some
    turns += ended(spell, delays)
    assert [t.raised for t in turns] == [n % 2 == 0 for n in range(len(turns))]
    for up, down in zip(turns[::2], turns[1::2], strict=False):
        assert up.at <= down.at


def test_a_short_breach_is_none() -> None:
    delays = Delays.of(60, 0)
    spell, turns = follow(quiet(), [glimpse(0, 11), glimpse(30, 11), glimpse(59, 9)], delays)
    assert (spell.phase, turns) == (Phase.NORMAL, [])


def test_between_limit_and_deadband_nothing_changes() -> None:
    delays = Delays.of(0, 0)
    spell, turns = follow(quiet(), [glimpse(0, 9), glimpse(1, 11), glimpse(2, 9), glimpse(3, 11)], delays)
    assert (spell.phase, told(turns)) == (Phase.ACTIVE, [(True, at(1))])
    assert told(follow(spell, [glimpse(9, 7)], delays)[1]) == [(False, at(9))]


def test_delays_run_out_on_the_clock_though_nothing_comes() -> None:
    delays = Delays.of(60, 30)
    spell, _ = follow(quiet(), [glimpse(0, 11)], delays)
    assert spell.deadline == at(60) + LATENCY
    assert expire(spell, delays, now=at(60)) == (spell, [])
    spell, turns = expire(spell, delays, now=at(61))
    assert told(turns) == [(True, at(60))]
    spell, _ = follow(spell, [glimpse(100, 5)], delays)
    assert told(expire(spell, delays, now=at(131))[1]) == [(False, at(130))]


def test_a_clock_that_is_ahead_lengthens_no_delay() -> None:
    spell, _ = follow(quiet(), [glimpse(240, 11, received=at(0))], Delays.of(60, 0))
    assert spell.deadline == at(60)


def test_what_comes_late_waits_for_what_follows_it() -> None:
    delays = Delays.of(60, 0)
    spell, _ = follow(quiet(), [glimpse(0, 11, received=at(3600))], delays)
    assert spell.deadline == at(3605)
    spell, _ = follow(spell, [glimpse(10, 11, received=at(3603))], delays)
    assert spell.deadline == at(3608)
    spell, turns = follow(spell, [glimpse(20, 5, received=at(3604))], delays)
    assert (spell.phase, turns) == (Phase.NORMAL, [])


def test_a_spell_that_changes_nothing_is_equal_to_itself() -> None:
    spell, _ = follow(quiet(), [glimpse(0, 11)], Delays.of(0, 0))
    assert follow(spell, [glimpse(1, 12)], Delays.of(0, 0)) == (spell, [])
    assert replace(spell) == spell
