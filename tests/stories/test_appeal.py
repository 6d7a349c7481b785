"""An appeal (诉求快递) on a timeline: who answers for it, transfers on record, a deadline in working days over a
holiday, supervision that says so once, an outcome that everyone concerned sees, silence that closes without stars."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from pipeline.domain.request import RequestAction, Side
from pipeline.engine.desk import supervision
from pipeline.store import calendar, desk, parks, request_acts, requests
from pipeline.store.database import connect
from pipeline.store.request_acts import RequestAct, RequestConflict
from pipeline.store.requests import NewRequest
from tests.park import SMALL, catalogue

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
T0 = datetime(
    2026, 9, 29, 3, tzinfo=UTC
)  # Tuesday 11:00; then one working day, seven free ones, and a made-up Saturday


def at(days: float, hours: float = 0) -> datetime:
    return T0 + days * DAY + hours * HOUR


def test_an_appeal_is_answered_for_by_somebody_and_by_a_date(database: str) -> None:
    with connect(database) as engine, connect(database, role="park_operator") as people:
        parks.apply(engine, SMALL, now=T0)
        calendar.put(engine, "small", calendar.published(2026))
        desk.apply(engine, "small", catalogue(), now=T0)
        engine.commit()
        engine.autocommit = people.autocommit = True

        def row() -> dict[str, Any]:
            with engine.cursor(row_factory=dict_row) as cursor:
                found = cursor.execute("select * from park.requests").fetchone()
            assert found
            return found

        def do(when: datetime, action: str, side: Side, actor: str, **more: Any) -> None:
            act = RequestAct(request=number, action=RequestAction(action), sides=frozenset({side}), actor=actor, **more)
            with people.transaction():
                request_acts.act(people, act, now=when)

        def tick(when: datetime) -> tuple[int, int]:
            with engine.transaction():
                return supervision.supervise(engine, when), supervision.Ending(3 * DAY).run(engine, when)

        # Tuesday: told online, for the department of enterprises. Five working days: 30 September, 8, 9 and 10 October
        # (a Saturday that is worked for the holiday), 12 October.
        with people.transaction():
            made = requests.make(
                people,
                NewRequest(park_id="small", client_id=uuid4(), service="appeal", words="门口积水影响通行", actor="wang",
                           company_id="acme", contact=None),
                now=at(0),
            )  # fmt: skip
        number = made.request
        assert (made.work_order, row()["department"]) == (None, "enterprise")
        assert row()["due"] == datetime(2026, 10, 12, 16, tzinfo=UTC)
        assert tick(at(0, 1)) == (0, 0)

        # It is the engineers' business: a transfer has a reason and stays on record; the date stays too.
        with pytest.raises(RequestConflict, match="needs a reason"):
            do(at(1), "transfer", Side.DESK, "zhao", detail={"department": "engineering"})
        with pytest.raises(RequestConflict, match="no department 'moon': engineering, enterprise"):
            do(at(1), "transfer", Side.DESK, "zhao", reason="?", detail={"department": "moon"})
        do(at(1), "transfer", Side.DESK, "zhao", reason="排水归工程部", detail={"department": "engineering"})
        do(at(1, 1), "transfer", Side.DESK, "qian", reason="需市政配合", detail={"department": "enterprise"})
        assert row()["due"] == datetime(2026, 10, 12, 16, tzinfo=UTC)
        do(at(9), "start", Side.DESK, "zhao")

        # No outcome by the end of that day: supervised, said once however often the engine looks.
        assert tick(datetime(2026, 10, 12, 15, 59, 59, tzinfo=UTC)) == (0, 0)
        late = datetime(2026, 10, 12, 16, 0, 1, tzinfo=UTC)
        assert [tick(late), tick(late + HOUR), tick(late + DAY)] == [(1, 0), (0, 0), (0, 0)]
        assert (row()["supervised"], row()["state"]) == (True, "in_progress")
        with pytest.raises(RequestConflict, match="supervised already"):
            do(late + DAY, "supervise", Side.SUPERVISOR, "sun", reason="too long")

        # An outcome; who asked objects; another outcome; nobody says anything; it closes, and nobody rated.
        do(at(15), "answer", Side.DESK, "zhao", reason="已协调市政疏通")
        do(at(16), "reopen", Side.ASKER, "wang", reason="下雨又积水")
        assert (row()["state"], row()["outcome"]) == ("in_progress", None)
        do(at(20), "answer", Side.DESK, "zhao", reason="已加装排水沟")
        assert (tick(at(22, 23)), tick(at(23)), tick(at(24))) == ((0, 0), (0, 1), (0, 0))
        assert (row()["state"], row()["outcome"], row()["stars"]) == ("closed", "已加装排水沟", None)
        with pytest.raises(RequestConflict, match="more than 14 days ago"):
            do(at(38), "reopen", Side.ASKER, "wang", reason="again")

        told = engine.execute("select actor, action, reason, detail from park.request_events").fetchall()
        assert [(actor, action) for actor, action, *_ in told] == [
            ("wang", "create"), ("zhao", "transfer"), ("qian", "transfer"), ("zhao", "start"), ("system", "supervise"),
            ("zhao", "answer"), ("wang", "reopen"), ("zhao", "answer"), ("system", "close"),
        ]  # fmt: skip
        assert told[1][2:] == ("排水归工程部", {"from": "enterprise", "to": "engineering"})
        assert "已协调市政疏通" in [reason for _, _, reason, _ in told]  # the first outcome is not forgotten
        assert told[0][3]["assumed"] is False
        for statement in ("update smartpark.request_event set actor = 'x'", "delete from smartpark.request_event"):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                engine.execute(statement)
