"""Clocks as rows: after any history the live row is what a rebuilt one and the SQL twin say, and what minutes counted
by hand say."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.work_order import OrderAction, possible
from tests.pipeline.promised import PLACES, Story, check, counted, parks_in

A = OrderAction
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def conn(database_server: str) -> Iterator[psycopg.Connection]:
    with parks_in(database_server, *dict(PLACES)) as found:
        yield found


STEPS = [a for a in A if a not in (A.OPEN, A.RECUR, A.COMMENT, A.PHOTO, A.ESCALATE)]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PLACES), st.sampled_from(("P1", "P2", "P3", "P4")), st.data())
def test_after_any_history_live_rebuilt_and_twin_are_one(
    conn: psycopg.Connection, place: tuple[str, datetime], priority: str, data: st.DataObject
) -> None:
    zone, start = place
    story = Story(conn, zone, start, priority)
    minutes = st.sampled_from((0, 1, 3, 7, 26, 59, 90, 240, 700, 1500))
    for _ in range(data.draw(st.integers(1, 9))):
        able = [action for action in possible(story.state) if action in STEPS]
        action = data.draw(st.sampled_from(able)) if able else A.COMMENT
        after, late = data.draw(minutes), data.draw(st.sampled_from((0, 0, 2, 25, 300)))
        if action is A.PRIORITY:
            others = [p for p in ("P1", "P2", "P3", "P4") if p != story.priority]
            story.prioritise(data.draw(st.sampled_from(others)), after, late)
        elif action is A.APPOINT:
            chosen = story.now + data.draw(st.sampled_from((5, 60, 3000))) * MINUTE
            story.do(action, after, late=late, detail={"at": chosen.isoformat()})
            story.changed = True
        else:
            reason = data.draw(st.sampled_from(("parts", "access", "tenant")))
            detail = {"person": None} if action is A.ASSIGN else {}
            story.do(action, after, late=late, reason=reason, detail=detail)
        if data.draw(st.booleans()):
            story.engine(data.draw(minutes))
    story.engine(data.draw(minutes))
    check(story)
    if not story.changed:
        for kind, clock in story.clocks().items():
            if clock["spent_s"] is not None:
                until = clock["started"] + timedelta(seconds=clock["wall_s"])
                assert clock["spent_s"] == 60 * counted(story, zone, until=until, kind=kind)
            elif clock["due"]:
                assert clock["target_s"] == 60 * counted(story, zone, until=clock["due"], kind=kind)
            now = conn.execute("select park.sla_spent(%s, %s, %s)", [story.order, kind, story.now]).fetchone()
            ended = clock["stopped"] or (story.now if clock["spent_s"] is None else until)
            assert now == (60.0 * counted(story, zone, until=min(ended, story.now), kind=kind),)
