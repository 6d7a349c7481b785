"""Figures of service: small histories computed by hand, and any history against brute force."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.analytics import frames, kpi, scorecards
from pipeline.analytics.estimates import percentile, share, times, wilson
from pipeline.analytics.figures import Span
from pipeline.analytics.frames import Frames
from pipeline.analytics.satisfaction import online, rating, surveys
from pipeline.domain.work_order import OrderAction as A
from pipeline.store import parks
from pipeline.store.database import connect
from pipeline.store.work_orders import NewOrder, OrderAct, act, open_
from tests.park import SMALL

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
T0 = datetime(2026, 11, 2, tzinfo=UTC)  # 08:00 in Beijing, a Monday
SPAN = Span(T0, T0 + 14 * DAY, T0 + 14 * DAY, "Asia/Shanghai")


def clock(order: int, *, at: timedelta, target: float = 60, took: float | None = 30, **more: Any) -> dict[str, Any]:
    """A clock of an order that came at T0 + `at`: so many minutes promised, answered after so many; None: open."""
    stopped = None if took is None else T0 + at + took * MINUTE
    state = "running" if took is None else "met" if took <= target else "missed"
    row = {
        "work_order": order, "kind": "respond", "state": state, "target_s": target * 60, "started": T0 + at,
        "due": T0 + at + target * MINUTE, "stopped": stopped, "spent_s": None if took is None else took * 60,
        "wall_s": None if took is None else took * 60, "paused_s": 0.0, "provisional": False, "origin": "request",
        "service": "repair", "priority": "P3", "created": T0 + at,
    }  # fmt: skip
    return row | more


def order(number: int, *, done: timedelta, **more: Any) -> dict[str, Any]:
    return {"work_order": number, "origin": "request", "service": "repair", "priority": "P3", "created": T0,
            "first_done": T0 + done, "responded": T0 + done} | more  # fmt: skip


def made(
    clocks: list[dict[str, Any]] = [], orders: list[dict[str, Any]] = [], spells: list[dict[str, Any]] = [],  # noqa: B006
    requests: list[dict[str, Any]] = [], answers: list[dict[str, Any]] = [],  # noqa: B006
) -> Frames:  # fmt: skip
    return Frames(frames.frame(clocks, frames.CLOCKS), frames.frame(orders, frames.ORDERS),
                  frames.frame(spells, frames.SPELLS), frames.frame(requests, frames.REQUESTS),
                  frames.frame(answers, frames.SURVEYS))  # fmt: skip


def test_a_promise_counts_when_it_runs_out_and_an_open_one_is_missed() -> None:
    found = kpi.kpi(
        made([
            clock(1, at=1 * HOUR, took=30),
            clock(2, at=2 * HOUR, took=90),
            clock(3, at=3 * HOUR, took=None),  # open, overdue
            clock(4, at=14 * DAY - 30 * MINUTE, took=5),  # kept already, but only due after the span
            clock(5, at=-30 * MINUTE, took=70),  # came before the span, ran out in it
            clock(6, at=-2 * HOUR, took=600),  # ran out before, answered within
            clock(7, at=4 * HOUR, took=20, origin="planned"),
        ]),
        SPAN, by="service",
    )  # fmt: skip
    respond = found.clocks[1]
    assert (respond.n, respond.met, respond.missed, respond.overdue) == (4, 1, 3, 1)
    assert (respond.attainment.k, respond.attainment.share) == (1, 0.25)
    assert (respond.wall.n, respond.wall.open, respond.wall.mean_s) == (3, 1, (30 + 90 + 70) / 3 * 60)
    assert respond.wall.p50_s == 80 * 60  # of 30, 70, 90 and one that is open
    assert respond.wall.p90_s is None  # hangs on the open one
    assert found.scheduled[1].n == 1
    # Within 1.5 h of the wall: 1, 2 and 5 of four that could have been by the end; 4 could not yet.
    assert (found.promise.within.k, found.promise.within.n) == (3, 4)
    assert [(week.monday, week.whole, week.clocks[1].n) for week in found.weeks] == [
        (date(2026, 11, 2), False, 4), (date(2026, 11, 9), True, 0), (date(2026, 11, 16), False, 0),
    ]  # fmt: skip


def test_groups_have_figures_of_their_own_and_nobody_is_left_out() -> None:
    frames_ = made(
        [clock(1, at=HOUR, assignee="li"), clock(2, at=13 * HOUR, assignee="li", took=90), clock(3, at=13 * HOUR)],
        [order(1, done=2 * HOUR, assignee="li"), order(9, done=DAY, assignee="wu")],
    )
    by = {group.key: group for group in kpi.kpi(frames_, SPAN, by="assignee").groups}
    assert {key: group.clocks[1].n for key, group in by.items()} == {"li": 2, "wu": 0, None: 1}
    assert (by["wu"].fix.fixed.n, by["wu"].fix.pending) == (1, 0)
    shifts = {group.key: group.clocks[1].attainment.share for group in kpi.kpi(frames_, SPAN, by="shift").groups}
    assert shifts == {"day": 1.0, "night": 0.5}


def test_work_that_lasts_and_work_that_is_too_young_to_tell() -> None:
    found = kpi.fix(
        frames.frame([
            order(1, done=HOUR),
            order(2, done=HOUR, reopened=T0 + 2 * DAY),
            order(3, done=HOUR, again=T0 + HOUR + 7 * DAY),
            order(4, done=HOUR, reopened=T0 + 9 * DAY),  # back, but not within 7 days
            order(5, done=10 * DAY),
            order(6, done=10 * DAY, reopened=T0 + 11 * DAY),
            order(7, done=-HOUR),
        ], frames.ORDERS),
        SPAN,
    )  # fmt: skip
    assert (found.fixed.k, found.fixed.n, found.pending) == (2, 4, 2)
    assert (found.reopened.k, found.reopened.n) == (3, 6)


def test_the_cause_of_a_miss_is_what_took_most_of_its_time() -> None:
    def spell(number: int, seq: int, state: str, minutes: float, **more: Any) -> dict[str, Any]:
        return {"work_order": number, "kind": "respond", "seq": seq, "state": state, "open_s": minutes * 60} | more

    found = kpi.kpi(
        made(
            [clock(n, at=HOUR, took=120) for n in range(1, 6)],
            spells=[
                spell(1, 1, "new", 80), spell(1, 2, "accepted", 40), spell(2, 1, "new", 10),
                spell(2, 2, "accepted", 100), spell(2, 3, "en_route", 10),
                spell(3, 1, "new", 61), spell(3, 2, "en_route", 59),
                spell(4, 1, "accepted", 10), spell(4, 2, "waiting", 90, reason="parts", paused_s=3600.0),
                spell(4, 3, "on_site", 25), spell(4, 4, "waiting", 20, reason="parts", paused_s=3600.0),
            ],
        ),
        SPAN, by="service",
    )  # fmt: skip
    assert [(c.cause, c.of.k, c.of.n) for c in found.causes] == [
        ("untaken", 2, 5), ("not-departed", 1, 5), ("unknown", 1, 5), ("waiting:parts", 1, 5),
    ]  # fmt: skip
    assert found.causes[0].median_s == 70.5 * 60


def test_only_tenants_who_said_something_are_counted_and_surveys_are_apart() -> None:
    def request(number: int, **more: Any) -> dict[str, Any]:
        return {"request": number, "channel": "online", "created": T0 + DAY, "answered": T0 + 2 * DAY} | more

    rows = [request(n, company="acme", stars=5) for n in range(1, 10)]
    rows += [request(10, company="acme", stars=2), request(11, company="acme"), request(12, stars=None)]
    rows += [request(13, company="acme", answered=None, channel="phone"), request(14, created=T0 - DAY, channel="desk")]
    asked = frames.frame(rows, frames.REQUESTS)
    told = rating(asked, SPAN)
    assert (told.good.k, told.good.n, told.rated.k, told.rated.n) == (9, 10, 10, 11)
    assert told.mean == 4.7 and told.stars == [0, 1, 0, 0, 9]
    assert told.good.low == pytest.approx(0.5958, abs=1e-4)
    assert rating(asked, SPAN, few=11).good.share is None
    assert online(asked, SPAN).channels == {"online": 12, "phone": 1}
    survey = {"survey": 1, "name_zh": "季", "name_en": "Q4", "opens": T0, "closes": T0 + DAY, "asked": 40}
    (found,) = surveys(frames.frame([survey | {"stars": 4}, survey | {"stars": 3}], frames.SURVEYS))
    assert (found.answered.share, found.good.share, found.mean) == (0.05, 0.5, 3.5)
    (silent,) = surveys(frames.frame([survey], frames.SURVEYS))
    assert (silent.answered.share, silent.mean, silent.good.share) == (0.0, None, None)


def test_a_scorecard_says_nothing_from_few() -> None:
    clocks = [clock(n, at=n * HOUR, assignee="li", took=50) for n in range(1, 13)]
    clocks += [clock(n, at=n * HOUR, assignee="wu", took=50) for n in range(20, 25)]
    orders = [order(n, done=n * HOUR, assignee="li", proof="code" if n % 2 else "claimed", reached_s=600.0)
              for n in range(1, 13)]  # fmt: skip
    li, wu = scorecards.scorecards(made(clocks, orders), SPAN, by="assignee")
    assert (li.key, li.n, li.clocks[1].attainment.share, li.proven.share, li.reached.p50_s) == ("li", 12, 1.0, 0.5, 600)
    assert (wu.key, wu.n, wu.clocks[1].n, wu.clocks[1].attainment.share) == ("wu", 5, 5, None)
    assert (wu.clocks[1].wall.n, wu.clocks[1].wall.p50_s, wu.proven.n) == (5, None, 0)
    assert li.rating.good.n == 0 and li.rating.mean is None


def test_nothing_known_is_unknown_and_not_nought() -> None:
    found = kpi.kpi(made(), SPAN, by="company")
    assert found.clocks[1].attainment.share is None and found.clocks[1].wall.p50_s is None
    assert (found.promise.within.share, found.fix.fixed.share, found.rating.mean) == (None, None, None)
    assert found.groups == [] and found.causes == []


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(0, 1e6), max_size=40), st.integers(0, 5), st.integers(1, 100))
def test_percentiles_are_those_of_numpy_with_open_ones_last(values: list[float], open_: int, percent: int) -> None:
    found = percentile(sorted(values), percent, open_=open_)
    n = len(values) + open_
    if found is None:
        assert n == 0 or (n - 1) * percent / 100 > len(values) - 1 - 1e-9
    else:
        padded = [*values, *[2e6] * open_]
        assert found == pytest.approx(float(np.percentile(padded, percent)), rel=1e-9, abs=1e-9)
    told = times(values, open_=open_)
    assert (told.n, told.open) == (len(values), open_)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(-300, 340), st.integers(1, 48), st.one_of(st.none(), st.integers(0, 60)),
                          st.sampled_from(["P1", "P2", None])), max_size=30))  # fmt: skip
def test_attainment_is_what_brute_force_counts(rows: list[tuple[int, int, int | None, str | None]]) -> None:
    clocks = [
        clock(n, at=at * HOUR, target=target * 60, took=None if took is None else took * 60.0, priority=priority)
        for n, (at, target, took, priority) in enumerate(rows)
        if took is None or at + took <= 336  # nobody knows of what comes later
    ]
    frames_ = made(clocks)
    cohort = kpi.due(frames_.clocks, SPAN)
    groups = kpi.groups(cohort, frames_.orders, SPAN, by="priority")
    told: dict[str | None, list[bool]] = {}
    for row in clocks:
        if SPAN.since <= row["due"] < SPAN.until:
            in_time = row["stopped"] is not None and row["stopped"] <= row["due"]
            told.setdefault(row["priority"], []).append(in_time)
    assert {g.key: (g.clocks[1].met, g.clocks[1].n) for g in groups if g.clocks[1].n} == {
        key: (sum(kept), len(kept)) for key, kept in told.items()
    }
    assert sum(week.clocks[1].n for week in kpi.weeks(cohort, SPAN)) == len(cohort)


def test_intervals_are_wilsons() -> None:
    for bound in wilson(94, 100):  # the shares that 94 of 100 is just as far from as chance is
        assert abs(0.94 - bound) == pytest.approx(1.959963985 * (bound * (1 - bound) / 100) ** 0.5)
    assert wilson(0, 5)[0] == 0.0 and wilson(5, 5)[1] == 1.0
    assert share(0, 0).share is None
    assert share(221, 235).low > 0.9 > share(94, 100).low  # type: ignore[operator]


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    with connect(database) as found:
        found.autocommit = True
        parks.apply(found, SMALL, now=T0)
        yield found


def test_the_views_tell_what_happened(conn: psycopg.Connection) -> None:
    """One order through everything, by the store's own acts; what its figures are made from."""

    def person(login: str) -> int:
        row = conn.execute(
            "insert into smartpark.person (park_id, login, name, role, created)"
            " values ('small', %s, %s, 'technician', %s) returning person", [login, login.title(), T0],
        ).fetchone()  # fmt: skip
        assert row
        return int(row[0])

    li, wu = person("li"), person("wu")

    def do(minute: float, action: A, who: int | None = None, **more: Any) -> None:
        asked = OrderAct(order=number, action=action, person=who, client_id=uuid4(), **more)
        act(conn, asked, now=T0 + minute * MINUTE)

    new = NewOrder(park_id="small", origin="alarm", cause="alarm:1", service="repair", skill="plumbing", priority="P2",
                   title_zh="漏水", title_en="Leak", space_id="b1", company_id="acme")  # fmt: skip
    number, _ = open_(conn, new, now=T0)
    do(20, A.ACCEPT, li)
    do(30, A.RELEASE, li, reason="ill")
    do(60, A.ACCEPT, wu)
    do(70, A.DEPART, wu)
    do(150, A.ARRIVE, wu, detail={"proof": "code"})
    do(160, A.WAIT, wu, reason="parts")
    do(400, A.FINISH, wu)
    do(500, A.REOPEN, reason="it drips")
    conn.execute("set role park_reader")
    now = T0 + 2 * DAY
    got = frames.read(conn, "small", Span(T0, now, now, frames.zone(conn, "small")))
    (one,) = got.orders.to_dict("records")
    assert (one["first_done"], one["reopened"]) == (T0 + 400 * MINUTE, T0 + 500 * MINUTE)
    assert (one["reached_s"], one["proof"], one["space"], one["assignee"]) == (90 * 60, "code", "b1", "wu")
    spells = [(s.kind, s.state, s.open_s / 60) for s in got.spells.itertuples() if s.kind == "respond"]
    assert spells == [("respond", "new", 20), ("respond", "accepted", 10), ("respond", "new", 30),
                      ("respond", "accepted", 10), ("respond", "en_route", 80)]  # fmt: skip
    found = kpi.kpi(got, Span(T0, now, now, "Asia/Shanghai"), by="space")
    assert [(c.kind, c.cause) for c in found.causes] == [
        ("acknowledge", "untaken"), ("respond", "travel"), ("restore", "untaken"),
    ]  # fmt: skip
    assert [(k.n, k.met, k.overdue) for k in found.clocks] == [(1, 0, 0), (1, 0, 0), (1, 0, 1)]
    assert [g.key for g in found.groups] == ["b1"]
    running = frames.rows(conn, "running", {"park": "small", "now": T0 + 9 * HOUR})
    assert [(r["kind"], r["left_s"]) for r in running] == [("restore", 3 * 3600)]  # 480 min, 240 more of them waited
    # Of a calendar with hours: only those count.
    conn.execute("reset role")
    conn.execute(
        "insert into smartpark.business_calendar_version"
        " values ('small', 'office', 1, '{}', '[2026-01-01, 2027-01-01)', %s, 'x')", [T0],
    )  # fmt: skip
    conn.execute("insert into smartpark.calendar_open values ('small', 'office', 1, tstzrange(%s, %s))",
                 [T0 + 100 * MINUTE, T0 + 130 * MINUTE])  # fmt: skip
    open_s = "select park.kpi_open_s('small', %s, 1, %s, %s)"
    assert conn.execute(open_s, ["office", T0, T0 + 120 * MINUTE]).fetchone() == (1200.0,)
    assert conn.execute(open_s, ["always", T0, T0 + 120 * MINUTE]).fetchone() == (7200.0,)
    assert conn.execute(open_s, ["office", T0 + DAY, T0]).fetchone() == (0.0,)
