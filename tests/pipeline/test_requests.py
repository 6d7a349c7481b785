"""A request is made once, becomes work where a technician is needed, moves with it, and tells everyone how it ended."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from pipeline.domain.request import RequestAction, RequestRefused, Side
from pipeline.domain.work_order import OrderAction
from pipeline.store import calendar, desk, parks, request_acts, requests, work_orders
from pipeline.store.database import connect
from pipeline.store.request_acts import RequestAct, RequestConflict
from pipeline.store.requests import NewRequest
from pipeline.store.work_orders import OrderAct
from tests.conftest import REPO
from tests.park import SMALL

T0 = datetime(2026, 9, 24, 2, tzinfo=UTC)  # a Thursday, 10:00 in the park; the Mid-Autumn holiday is on the morrow
DAY = timedelta(days=1)
ASKER, DESK = frozenset({Side.ASKER}), frozenset({Side.DESK})
SERVICES = REPO / "simulators/parks/qinghe-desk/services.toml"


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    with connect(database) as owner:
        parks.apply(owner, SMALL, now=T0)
        calendar.put(owner, "small", calendar.published(2026))
        owner.commit()
        desk.apply(owner, "small", desk.read(SERVICES), now=T0)
        owner.commit()
    with connect(database, role="park_operator") as found:
        found.autocommit = True
        yield found


def ask(conn: psycopg.Connection, service: str, *, now: datetime = T0, **more: object) -> requests.Made:
    told = {"park_id": "small", "client_id": uuid4(), "words": "滴水", "actor": "wang", "company_id": "acme"} | more
    with conn.transaction():
        return requests.make(conn, NewRequest(service=service, **told), now=now)  # type: ignore[arg-type]


def do(conn: psycopg.Connection, request: int, action: str, sides: frozenset[Side] = DESK, *, now: datetime = T0,
       **more: object) -> request_acts.Acted:  # fmt: skip
    asked = RequestAct(request=request, action=RequestAction(action), sides=sides, actor="someone", **more)  # type: ignore[arg-type]
    with conn.transaction():
        return request_acts.act(conn, asked, now=now)


def work(conn: psycopg.Connection, order: int | None, *actions: str, now: datetime = T0, **more: object) -> None:
    assert order is not None
    for action in actions:
        with conn.transaction():
            work_orders.act(conn, OrderAct(order=order, action=OrderAction(action), actor="li", **more), now=now)  # type: ignore[arg-type]


def state(conn: psycopg.Connection, request: int) -> tuple[object, ...]:
    row = conn.execute(
        "select state, outcome, department, supervised from smartpark.service_request where request = %s", [request]
    ).fetchone()
    assert row is not None
    return row


def journal(conn: psycopg.Connection, request: int) -> list[str]:
    return [a for (a,) in conn.execute(
        "select action from smartpark.request_event where request = %s order by entry", [request])]  # fmt: skip


def test_a_repair_becomes_an_order_and_moves_with_it(conn: psycopg.Connection) -> None:
    client = uuid4()
    made = ask(conn, "repair-plumbing", client_id=client, device="m1")
    assert made.work_order is not None
    assert ask(conn, "repair-plumbing", client_id=client, device="m1") == (*made[:2], True)
    with pytest.raises(RequestRefused, match="used for another request"):
        ask(conn, "repair-hvac", client_id=client)
    order = conn.execute(
        "select origin, cause, skill, priority, title_zh, words, space_id, company_id, request"
        " from smartpark.work_order"
    ).fetchall()
    assert order == [("request", f"request:{made.request}", "plumbing", "P2", "给排水报修", "滴水", "b1", "acme", 1)]
    with pytest.raises(RequestConflict, match="work order 1 does it"):
        do(conn, made.request, "answer", reason="done")
    work(conn, made.work_order, "accept", "depart", "arrive")
    assert state(conn, made.request)[0] == "in_progress"
    work(conn, made.work_order, "finish", reason="seal renewed")
    assert state(conn, made.request)[:2] == ("answered", "seal renewed")
    with pytest.raises(RequestConflict, match="for the asker to do") as refused:
        do(conn, made.request, "confirm")  # the desk was told nothing: this one came online
    assert (refused.value.state, refused.value.version) == ("answered", 3)
    do(conn, made.request, "reopen", ASKER, reason="drips again")
    assert conn.execute("select state, reopenings from smartpark.work_order").fetchone() == ("reopened", 1)
    work(conn, made.work_order, "accept", "finish")
    do(conn, made.request, "confirm", ASKER)
    assert conn.execute("select state, verified from smartpark.work_order").fetchone() == ("confirmed", "person")
    work(conn, made.work_order, "close")
    assert state(conn, made.request)[0] == "closed"
    acts = ["create", "start", "answer", "reopen", "answer", "confirm", "close"]
    assert journal(conn, made.request) == acts
    rated = {"stars": 5, "words": None, "company_id": "acme", "actor": "wang", "now": T0}
    with pytest.raises(RequestConflict, match="by the company that asked"):
        request_acts.rate(conn, made.request, **{**rated, "company_id": "other"})  # type: ignore[arg-type]
    request_acts.rate(conn, made.request, **rated)  # type: ignore[arg-type]
    request_acts.rate(conn, made.request, **rated)  # type: ignore[arg-type]
    with pytest.raises(RequestConflict, match="rated already"):
        request_acts.rate(conn, made.request, **{**rated, "stars": 1})  # type: ignore[arg-type]
