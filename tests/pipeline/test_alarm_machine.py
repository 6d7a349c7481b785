"""The life of an alarm as ISA-18.2 draws it: every state is reached, nothing leads where the standard has no way."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import pytest

from pipeline.domain import alarm as machine
from pipeline.domain.alarm import AlarmRefused, AlarmState, Hold, Standing

S = AlarmState
HELD = {S.SHELVED, S.SUPPRESSED, S.OUT_OF_SERVICE}
OPEN = {S.UNACKNOWLEDGED, S.ACKNOWLEDGED, S.RETURNED_UNACKNOWLEDGED, S.LATCHED_UNACKNOWLEDGED, S.LATCHED_ACKNOWLEDGED}
Act = Callable[[Standing], Standing]
ACTS: dict[str, Act] = {
    "return": machine.returned,
    "rise": machine.risen_again,
    "acknowledge": machine.acknowledge,
    "reset": machine.reset,
    "shelve": lambda s: machine.hold(s, Hold.SHELVED, life_safety=False),
    "suppress": lambda s: machine.hold(s, Hold.SUPPRESSED, life_safety=False),
    "out": lambda s: machine.hold(s, Hold.OUT_OF_SERVICE, life_safety=False),
    "release": machine.release,
}
# From each state, whither each act may lead (ISA-18.2, figure 3; held states go back to what is true by then).
WAYS: dict[str, dict[S, set[S]]] = {
    "return": {
        S.NORMAL: {S.NORMAL},
        S.UNACKNOWLEDGED: {S.RETURNED_UNACKNOWLEDGED, S.LATCHED_UNACKNOWLEDGED},
        S.ACKNOWLEDGED: {S.NORMAL, S.LATCHED_ACKNOWLEDGED},
        S.RETURNED_UNACKNOWLEDGED: {S.RETURNED_UNACKNOWLEDGED},
        S.LATCHED_UNACKNOWLEDGED: {S.LATCHED_UNACKNOWLEDGED},
        S.LATCHED_ACKNOWLEDGED: {S.LATCHED_ACKNOWLEDGED},
        **{held: {held, S.NORMAL} for held in HELD},
    },
    "rise": {
        **{state: {S.UNACKNOWLEDGED} for state in {*OPEN, S.NORMAL}},
        S.ACKNOWLEDGED: {S.ACKNOWLEDGED},
        **{held: {held} for held in HELD},
    },
    "acknowledge": {
        S.UNACKNOWLEDGED: {S.ACKNOWLEDGED},
        S.ACKNOWLEDGED: {S.ACKNOWLEDGED},
        S.RETURNED_UNACKNOWLEDGED: {S.NORMAL},
        S.LATCHED_UNACKNOWLEDGED: {S.LATCHED_ACKNOWLEDGED},
        S.LATCHED_ACKNOWLEDGED: {S.LATCHED_ACKNOWLEDGED},
    },
    "reset": {S.LATCHED_ACKNOWLEDGED: {S.NORMAL}},
    "shelve": {
        **{state: {S.SHELVED} for state in {*OPEN, S.SHELVED}},
        S.SUPPRESSED: {S.SUPPRESSED},
        S.OUT_OF_SERVICE: {S.OUT_OF_SERVICE},
    },
    "suppress": {
        **{state: {S.SUPPRESSED} for state in {*OPEN, S.SHELVED, S.SUPPRESSED}},
        S.OUT_OF_SERVICE: {S.OUT_OF_SERVICE},
    },
    "out": {state: {S.OUT_OF_SERVICE} for state in {*OPEN, *HELD}},
    "release": {
        **{state: {state} for state in {*OPEN, S.NORMAL}},
        **{
            held: {S.UNACKNOWLEDGED, S.RETURNED_UNACKNOWLEDGED, S.LATCHED_UNACKNOWLEDGED, S.LATCHED_ACKNOWLEDGED}
            for held in HELD
        },
    },
}


def reachable() -> dict[Standing, list[tuple[str, Standing | None]]]:
    """Every standing that acts can lead to, and where each act leads from there (None: refused)."""
    found: dict[Standing, list[tuple[str, Standing | None]]] = {}
    todo = [Standing(latches=latches) for latches in (False, True)]
    while todo:
        standing = todo.pop()
        if standing in found:
            continue
        found[standing] = list(_ways(standing))
        todo += [after for _, after in found[standing] if after is not None]
    return found


def _ways(standing: Standing) -> Iterator[tuple[str, Standing | None]]:
    for name, act in ACTS.items():
        try:
            yield name, act(standing)
        except AlarmRefused:
            yield name, None


def test_every_state_is_reached_and_no_act_leads_where_there_is_no_way() -> None:
    found = reachable()
    assert {standing.state for standing in found} == set(S)
    for standing, ways in found.items():
        for name, after in ways:
            allowed = WAYS[name].get(standing.state)
            if after is None:
                assert allowed is None or (name == "acknowledge" and standing.state in HELD), (name, standing)
            else:
                assert allowed is not None and after.state in allowed, (name, standing, after)


def test_only_a_condition_that_is_over_closes_an_alarm() -> None:
    for standing in reachable():
        assert not (standing.closed and standing.active), standing


def test_a_latched_alarm_is_closed_by_a_reset_alone() -> None:
    for standing, ways in reachable().items():
        if standing.latches and not standing.closed:
            assert [name for name, after in ways if after is not None and after.closed] in ([], ["reset"]), standing


def test_what_nobody_saw_does_not_end_unseen_unless_it_was_held() -> None:
    for standing, ways in reachable().items():
        if not standing.acknowledged and not standing.closed and standing.hold is None:
            assert {name for name, after in ways if after is not None and after.closed} <= {"acknowledge"}, standing


@pytest.mark.parametrize("why", list(Hold))
def test_life_safety_is_never_held(why: Hold) -> None:
    for standing in reachable():
        with pytest.raises(AlarmRefused):
            machine.hold(standing, why, life_safety=True)


def test_of_several_holds_the_strongest_shows_and_the_next_comes_after_it() -> None:
    for first, second in product(Hold, Hold):
        both = machine.hold(machine.hold(Standing(), first, life_safety=False), second, life_safety=False)
        assert both.hold is min(first, second, key=list(Hold).index)
    held = machine.hold(Standing(acknowledged=True), Hold.OUT_OF_SERVICE, life_safety=False)
    shelved = machine.release(held, next_hold=Hold.SHELVED)
    assert shelved.state is S.SHELVED
    assert machine.release(shelved) == Standing(), "what still stands alarms anew"


def test_what_returned_before_it_was_shelved_waits_for_a_person_afterwards() -> None:
    seen = machine.hold(machine.returned(Standing()), Hold.SHELVED, life_safety=False)
    assert machine.release(seen).state is S.RETURNED_UNACKNOWLEDGED
    latched = machine.returned(machine.hold(Standing(latches=True), Hold.SHELVED, life_safety=False))
    assert machine.release(latched).state is S.LATCHED_UNACKNOWLEDGED
    assert machine.returned(machine.hold(Standing(), Hold.SHELVED, life_safety=False)).closed


def test_reset_says_what_is_missing() -> None:
    latched = machine.returned(Standing(latches=True))
    for standing, words in (
        (Standing(), "only a latched"),
        (Standing(latches=True), "still stands"),
        (latched, "acknowledge it"),
        (replace(latched, hold=Hold.SHELVED), "release it"),
    ):
        with pytest.raises(AlarmRefused, match=words):
            machine.reset(standing)
    assert machine.reset(machine.acknowledge(latched)).state is S.NORMAL
