"""The rulebook of docs/sla.md, rule by rule, on histories of an order whose minutes all count."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.domain.business_calendar import Opening
from pipeline.domain.sla import ClockKind, ClockState, SlaClock
from pipeline.domain.sla_clock import derive
from pipeline.domain.sla_history import OrderEvent
from pipeline.domain.work_order import OrderAction, OrderState, next_state

T0 = datetime(2026, 11, 20, 18, 10, tzinfo=UTC)
LAST = T0 + timedelta(days=30)
MINUTE = 60.0
A, S = OrderAction, OrderState
ACK, RESPOND, RESTORE = ClockKind


def at(minute: float) -> datetime:
    return T0 + timedelta(minutes=minute)


CALENDARS = {("always", 1): Opening(((T0 - timedelta(days=9), LAST),), T0 - timedelta(days=9), LAST, UTC)}


def terms(*minutes: float, **more: Any) -> dict[str, Any]:
    targets = {
        kind.value: {"s": m * MINUTE, "calendar": "always", "calendar_version": 1}
        for kind, m in zip(ClockKind, minutes, strict=True)
    }
    return {"targets": targets, "thresholds": [50, 80, 150], "pauses": {"parts": 60 * MINUTE}, **more}


P1 = terms(5, 30, 240)
P3 = terms(30, 120, 1440)


def told(
    *acts: tuple[float, str] | tuple[float, str, Mapping[str, Any]], first: dict[str, Any] = P1
) -> list[OrderEvent]:
    """Events from (minute at which it counts, action, more)."""
    events = [OrderEvent(1, A.OPEN, S.NEW, T0, None, {"terms": first})]
    for seq, (minute, name, *more) in enumerate(acts, 2):
        action, said = A(name), dict(more[0]) if more else {}
        state = next_state(events[-1].state, action)
        events.append(OrderEvent(seq, action, state, at(minute), said.pop("reason", None), said))
    return events


def clocks(
    *acts: tuple[float, str] | tuple[float, str, Mapping[str, Any]], now: float = 0, first: dict[str, Any] = P1,
    **more: Any,
) -> dict[ClockKind, SlaClock]:  # fmt: skip
    now = max([now, *(act[0] for act in acts)])
    return {clock.kind: clock for clock in derive(T0, told(*acts, first=first), CALENDARS, now=at(now), **more)}


def wait(minute: float, reason: str = "parts") -> tuple[float, str, Mapping[str, Any]]:
    return minute, "wait", {"reason": reason}


def priority(minute: float, new: dict[str, Any]) -> tuple[float, str, Mapping[str, Any]]:
    return minute, "priority", {"terms": new}


def appoint(minute: float, when: float) -> tuple[float, str, Mapping[str, Any]]:
    return minute, "appoint", {"at": at(when).isoformat()}


def test_each_clock_stops_where_it_should() -> None:
    found = clocks((4, "accept"), (9, "depart"), (20, "arrive"), (200, "finish"))
    assert [(c.state, c.stopped, c.spent_s) for c in found.values()] == [
        (ClockState.MET, at(4), 240), (ClockState.MET, at(20), 1200), (ClockState.MET, at(200), 12_000),
    ]  # fmt: skip
    assert [c.due for c in found.values()] == [at(5), at(30), at(240)]
    assert found[RESTORE].provisional and not found[ACK].provisional
    for how in ("confirm", "verify"):
        assert not clocks((4, "accept"), (200, "finish"), (210, how))[RESTORE].provisional
    remote = clocks((4, "accept"), (20, "finish"))
    assert remote[RESPOND].stopped == remote[RESTORE].stopped == at(20)


def test_equal_is_in_time_and_a_moment_later_is_not() -> None:
    assert clocks((5, "accept"))[ACK].state is ClockState.MET
    late = clocks((5.001, "accept"))[ACK]
    assert (late.state, late.breached, late.stopped) == (ClockState.MISSED, at(5), at(5.001))
    assert clocks(now=4.999)[ACK].breached is None
    assert clocks(now=5)[ACK].breached == clocks(now=5000)[ACK].breached == at(5)


def test_handing_back_takes_the_accept_back() -> None:
    found = clocks((4, "accept"), (4.5, "release"), now=7)[ACK]
    assert (found.state, found.breached, found.stopped) == (ClockState.RUNNING, at(5), None)
    found = clocks((2, "accept"), (3, "release"), (4, "accept"))[ACK]
    assert (found.state, found.stopped, found.spent_s) == (ClockState.MET, at(4), 240)
    # Somebody was there: the promise was kept, whoever goes on.
    found = clocks((4, "accept"), (10, "arrive"), (20, "release"), now=100)
    assert found[ACK].stopped == at(4) and found[RESPOND].stopped == at(10)


def test_re_opening_takes_done_back_and_the_interval_counts() -> None:
    begun = ((4, "accept"), (100, "finish"), (230, "confirm"))
    back = clocks(*begun, (239, "reopen"), now=239)
    assert back[RESTORE].state is ClockState.RUNNING and back[RESTORE].due == at(240)
    assert back[ACK].stopped == at(4) and back[RESPOND].stopped == at(100)
    # 50 % and 80 % passed while it seemed done: only what is still to come is told, and the breach.
    assert [p for p, _ in back[RESTORE].ladder] == [100, 150]
    late = clocks(*begun, (300, "reopen"), (310, "accept"), (320, "finish"))[RESTORE]
    assert (late.state, late.breached, late.stopped, late.spent_s) == (ClockState.MISSED, at(240), at(320), 320 * 60)
    assert late.provisional


def test_no_act_counts_before_the_one_that_made_it_possible() -> None:
    # The phone says it was done at minute 50, of an order that was re-opened at 90 and taken after that.
    found = clocks((4, "accept"), (60, "finish"), (90, "reopen"), (91, "accept"), (50, "finish"))[RESTORE]
    assert found.stopped == at(90)
    found = clocks((2, "accept"), (3, "release"), (2.5, "accept"))[ACK]
    assert found.stopped == at(3)


def test_rejected_and_cancelled_orders_have_no_clock_to_keep() -> None:
    for how in ("reject", "cancel"):
        found = clocks((3, "accept"), (40, how))
        assert [c.state for c in found.values()] == [ClockState.MET, ClockState.VOID, ClockState.VOID]
        assert found[RESPOND].breached == at(30) and found[RESTORE].breached is None
        assert found[RESPOND].due is None and found[RESTORE].spent_s == 2400
    back = clocks((3, "reject"), (4, "reopen"), now=6)
    assert back[ACK].state is ClockState.RUNNING and back[ACK].breached == at(5)


def test_only_restore_pauses_for_listed_reasons_within_limits() -> None:
    found = clocks((1, "accept"), wait(10), (40, "resume"), (250, "finish"))
    assert found[RESTORE].state is ClockState.MET and found[RESTORE].due == at(270)
    assert (found[RESTORE].spent_s, found[RESTORE].wall_s, found[RESTORE].paused_s) == (220 * 60, 250 * 60, 30 * 60)
    assert found[RESPOND].state is ClockState.MISSED and found[RESPOND].breached == at(30)
    assert clocks((1, "accept"), wait(10, "contractor"), now=20)[RESTORE].state is ClockState.RUNNING
    # While it lasts nothing is due; after an hour in all of that reason the clock runs though it still waits.
    paused = clocks((1, "accept"), wait(10), (40, "resume"), wait(50), now=79)[RESTORE]
    assert (paused.state, paused.due, paused.resumes) == (ClockState.PAUSED, None, at(80))
    assert [instant for _, instant in paused.ladder] == [at(180), at(252), at(300), at(420)]
    over = clocks((1, "accept"), wait(10), (40, "resume"), wait(50), now=80)[RESTORE]
    assert (over.state, over.due, over.resumes) == (ClockState.RUNNING, at(300), None)
    # All reasons together.
    tight = terms(5, 30, 240, pauses={"parts": 3600.0, "access": 3600.0}, pauses_sum_s=4500.0)
    both = clocks((1, "accept"), wait(10), (70, "resume"), wait(70, "access"), now=200, first=tight)[RESTORE]
    assert both.due == at(315) and both.state is ClockState.RUNNING
    # What was broken before it waited stays broken, and says so while it is paused.
    broken = clocks((1, "accept"), wait(250), now=260)[RESTORE]
    assert (broken.state, broken.breached, broken.due) == (ClockState.PAUSED, at(240), at(240))


def test_a_change_of_priority_is_fair_both_ways() -> None:
    # Easier: from the start on, with what was spent.
    assert clocks(priority(3, P3), now=4)[ACK].due == at(30)
    # Harder: from the change on, never later than the old promise.
    assert clocks(priority(10, P1), now=11, first=P3)[ACK].due == at(15)
    assert clocks(priority(28, P1), now=29, first=P3)[ACK].due == at(30)
    harder = clocks(priority(10, P1), now=11, first=P3)[ACK]
    assert harder.target_s == 15 * MINUTE and [p for p, _ in harder.ladder] == [80, 100, 150]
    assert harder.ladder[0] == (80, at(12))
    # To and fro puts nothing off, and breaks nothing before the change.
    assert clocks(priority(2, P3), priority(3, P1), priority(4, P3), priority(4.5, P1), now=4.6)[ACK].due == at(5)
    assert clocks(priority(2, P3), priority(7, P1), now=8)[ACK].breached == at(7)
    assert clocks(priority(10, P1), priority(12, P3), priority(14, P1), now=14, first=P3)[ACK].due == at(15)
    # What was broken stays broken; a stop before the change is judged by what held then.
    assert clocks(priority(6, P3), now=7)[ACK].breached == at(5)
    assert clocks((4, "accept"), priority(6, terms(1, 2, 3)), now=7)[ACK].state is ClockState.MET
    late_sync = told((8, "accept"), priority(50, P1), (20, "arrive"), first=P3)
    found = {c.kind: c for c in derive(T0, late_sync, CALENDARS, now=at(60))}
    assert (found[RESPOND].state, found[RESPOND].due) == (ClockState.MET, at(120))


def test_an_appointment_is_when_respond_is_due() -> None:
    found = clocks((4, "accept"), appoint(10, 1000), now=100)
    assert (found[RESPOND].due, found[RESPOND].target_s) == (at(1000), None)
    assert [instant for _, instant in found[RESPOND].ladder] == [at(500), at(800), at(1000), at(1500)]
    assert found[RESTORE].due == at(240)
    assert clocks((4, "accept"), appoint(10, 1000), priority(11, P3), now=12)[RESPOND].due == at(1000)
    assert clocks((4, "accept"), appoint(31, 1000), now=40)[RESPOND].breached == at(30)
    assert clocks(appoint(10, 2), now=11)[RESPOND].due == at(10)
    assert clocks((4, "accept"), appoint(5, 90), appoint(6, 60), (60, "arrive"))[RESPOND].state is ClockState.MET


def test_thresholds_lie_on_both_sides_of_due_and_are_told_once() -> None:
    found = clocks(now=3)[ACK]
    assert found.ladder == ((50, at(2.5)), (80, at(4)), (100, at(5)), (150, at(7.5)))
    assert clocks(now=6, told={ACK: [50, 100]})[ACK].ladder == ((80, at(4)), (150, at(7.5)))
    # Once it has stopped only the breach is news.
    assert clocks((7, "accept"))[ACK].ladder == ((100, at(5)),)
    assert clocks((3, "accept"))[ACK].ladder == ()


def test_past_the_calendar_there_is_a_fault_and_no_number() -> None:
    long = terms(5, 30, 60 * 24 * 60)
    found = clocks((1, "accept"), now=2, first=long)[RESTORE]
    assert (found.due, found.state, found.ladder) == (None, ClockState.RUNNING, ())
    assert found.fault and "loaded until 2026-12-20" in found.fault
    # Done before the end of it: in time, whenever that would have been.
    done = clocks((1, "accept"), (200, "finish"), first=long)[RESTORE]
    assert (done.state, done.spent_s, done.fault) == (ClockState.MET, 12_000, None)
    beyond = clocks((1, "accept"), (60 * 24 * 31, "finish"), first=long)[RESTORE]
    assert beyond.fault and beyond.spent_s is None and beyond.state is ClockState.RUNNING
    cut = clocks(now=3, first=terms(5, 30, 25 * 24 * 60))[RESTORE]
    assert cut.due == at(25 * 24 * 60) and cut.fault and "150 % lies beyond it" in cut.fault


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
def test_the_same_history_gives_the_same_clocks(order: tuple[int, ...]) -> None:
    events = told((4, "accept"), wait(10), (40, "finish"))
    shuffled = [events[place] for place in order]
    assert derive(T0, shuffled, CALENDARS, now=at(50)) == derive(T0, events, CALENDARS, now=at(50))
