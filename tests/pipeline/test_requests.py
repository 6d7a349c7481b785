"""A request is made once, becomes work where a technician is needed, moves with it, and tells everyone how it ended."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec
import psycopg
import pytest

from pipeline.domain.errors import NotFound
from pipeline.domain.photo import PhotoRefused, orientation, without_metadata
from pipeline.domain.request import MOVES, RequestAction, RequestRefused, RequestState, Side, due_after, possible
from pipeline.domain.work_order import OrderAction, OrderRefused
from pipeline.engine.desk import supervision
from pipeline.store import calendar, desk, parks, photos, request_acts, requests, work_orders
from pipeline.store.database import connect
from pipeline.store.desk_section import DeskFileError
from pipeline.store.desk_services import ServiceRow
from pipeline.store.request_acts import RequestAct, RequestConflict
from pipeline.store.requests import NewRequest
from pipeline.store.visitors import TooOften
from pipeline.store.work_orders import OrderAct
from tests.conftest import REPO
from tests.park import SMALL, catalogue
from tests.pictures import GPS, jpeg, png, webp

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
        desk.apply(owner, "small", catalogue(), now=T0)
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


def test_what_ends_an_order_tells_its_request(conn: psycopg.Connection) -> None:
    rejected, cancelled, asked = (ask(conn, "cleaning") for _ in range(3))
    work(conn, rejected.work_order, "reject", reason="private kitchen")
    assert state(conn, rejected.request)[0] == "declined"
    work(conn, rejected.work_order, "reopen", reason="it is ours after all")
    assert state(conn, rejected.request)[0] == "in_progress"
    work(conn, cancelled.work_order, "accept", "cancel", reason="done by the day shift")
    assert state(conn, cancelled.request)[0] == "declined"
    do(conn, asked.request, "appoint", ASKER, detail={"at": (T0 + DAY).isoformat()})
    do(conn, asked.request, "cancel", ASKER)
    order = conn.execute("select state, appointment from smartpark.work_order where request = %s", [asked.request])
    assert order.fetchone() == ("cancelled", T0 + DAY)
    assert (state(conn, asked.request)[0], journal(conn, asked.request)) == (
        "cancelled", ["create", "appoint", "cancel"]
    )  # fmt: skip
    done = ask(conn, "cleaning")
    work(conn, done.work_order, "accept", "finish")
    with pytest.raises(RequestConflict, match="cancel does not lead from there"):
        do(conn, done.request, "cancel", ASKER)
    work(conn, done.work_order, "confirm", "close")
    assert (state(conn, done.request)[0], journal(conn, done.request)[-1]) == ("closed", "close")
    do(conn, done.request, "reopen", ASKER, reason="dirty again", now=T0 + DAY)
    assert state(conn, done.request)[0] == "in_progress"


def test_an_act_is_done_once_and_refused_whole(conn: psycopg.Connection) -> None:
    request = ask(conn, "policy").request
    client = uuid4()
    first = do(conn, request, "answer", reason="see the guide", client_id=client)
    assert do(conn, request, "answer", reason="see the guide", client_id=client) == (*first[:3], True)
    with pytest.raises(RequestConflict, match="used for another act"):
        do(conn, request, "comment", reason="x", client_id=client)
    with pytest.raises(RequestConflict, match="version 2, you saw 1; last was answer by someone"):
        do(conn, request, "confirm", ASKER, version=1)
    with pytest.raises(NotFound, match="photo 00"):
        do(conn, request, "comment", reason="look", detail={"photos": ["00" * 32]})
    assert journal(conn, request) == ["create", "answer"]


def test_quotes_end_when_their_time_is_over_and_visitors_are_forgotten(conn: psycopg.Connection, database: str) -> None:
    told = {"code": "ABCDEFGH23", "company_id": None, "actor": "visitor", "source": "192.0.2.7", "contact": "138"}
    with connect(database) as owner:
        owner.autocommit = True
        owner.execute("insert into smartpark.place_code values ('ABCDEFGH23', 'small', 'b1', null, %s)", [T0])
        visit = ask(conn, "feedback", **told)
        for _ in range(9):
            ask(conn, "feedback", **told)
        with pytest.raises(TooOften) as often:
            ask(conn, "feedback", now=T0 + DAY / 48, **told)
        assert often.value.retry_after_s == 1801
        ask(conn, "feedback", now=T0 + DAY / 24, **told)
        paid = ask(conn, "repair-paid").request
        do(conn, paid, "quote", detail={"amount": "99.5", "words": "lock", "valid_until": (T0 + DAY).isoformat()})
        with pytest.raises(RequestConflict, match="valid until"):
            do(conn, paid, "accept-quote", ASKER, detail={"quote": 1}, now=T0 + 2 * DAY)
        ending, forgetting = supervision.Ending(3 * DAY), supervision.Forgetting(14 * DAY)
        assert [ending.run(owner, T0 + n * DAY / 2) for n in (2, 3, 4)] == [0, 1, 0]
        assert state(conn, paid)[0] == "received"
        do(conn, visit.request, "answer", reason="thank you", now=T0)
        do(conn, visit.request, "confirm", ASKER, now=T0)
        assert (ending.run(owner, T0), state(conn, visit.request)[0]) == (1, "closed")
        kept, lost = photos.add(conn, "small", png(1), now=T0, actor="x"), png(2)
        photos.add(conn, "small", lost, now=T0, actor="x")
        photos.link(conn, "request", paid, [kept.photo], what="report", now=T0, actor="x")
        assert forgetting.run(owner, T0 + DAY / 2) == 0
        assert forgetting.run(owner, T0 + 13 * DAY) == 12  # eleven visits, and a photo that nothing shows
        assert forgetting.run(owner, T0 + 14 * DAY + DAY / 24) == 1
        left = owner.execute("select count(contact), count(*) from smartpark.service_request where channel = 'online'")
        assert left.fetchone() == (10, 12)


def test_a_catalogue_says_who_answers(conn: psycopg.Connection, database: str) -> None:
    plain = {"id": "x", "category": "repair", "name": {"zh": "某", "en": "X"}}
    wrong = {"neither skill nor department": {}, "give it a skill": {"paid": True, "department": "d"}}
    with connect(database) as owner:
        for why, more in wrong.items():
            with pytest.raises(DeskFileError, match=why):
                desk.apply(owner, "small", {"services": [msgspec.convert(plain | more, ServiceRow)]}, now=T0)
            owner.rollback()
        rows = desk.read(SERVICES)["services"]
        assert desk.apply(owner, "small", {"services": rows}, now=T0)["services"] == (0, 0, 0)
        renamed = [msgspec.structs.replace(rows[0], priority="P1"), *rows[2:]]
        done = desk.apply(owner, "small", {"services": renamed}, now=T0)["services"]
        assert (done.added, done.changed >= 1, done.retired) == (0, True, 1)
        owner.commit()
    with pytest.raises(NotFound, match="repair-plumbing"):
        ask(conn, "repair-plumbing")


def test_working_days_skip_holidays_and_count_the_days_worked_for_them() -> None:
    days = {row.day: row.kind for row in calendar.published(2026)}
    zone = ZoneInfo("Asia/Shanghai")
    for created, count, last, assumed in (
        (datetime(2026, 9, 29, 3, tzinfo=UTC), 5, date(2026, 10, 12), False),
        (datetime(2026, 9, 29, 15, 59, tzinfo=UTC), 1, date(2026, 9, 30), False),
        (datetime(2026, 9, 29, 16, 1, tzinfo=UTC), 1, date(2026, 10, 8), False),  # past midnight there
        (datetime(2026, 12, 30, 3, tzinfo=UTC), 5, date(2027, 1, 6), True),
    ):
        due = due_after(created, count, zone=zone, calendar=days)
        assert (due.at, due.assumed) == (datetime(last.year, last.month, last.day, tzinfo=zone) + DAY, assumed)


def test_buttons_offer_what_the_machine_allows_and_sides_never_take_each_other_s() -> None:
    for state_ in RequestState:
        for side in Side:
            for paid in (True, False):
                found = possible(state_, frozenset({side}), channel="online", paid=paid, ordered=False)
                assert all(state_ in MOVES[action][0] for action in found)
    online = [possible(s, frozenset({Side.DESK}), channel="online", paid=True, ordered=False) for s in RequestState]
    every = {action for found in online for action in found}
    assert not every & {RequestAction.CONFIRM, RequestAction.RATE, RequestAction.REOPEN, RequestAction.CLOSE}
    by_phone = possible(RequestState.ANSWERED, frozenset({Side.DESK}), channel="phone", paid=False, ordered=False)
    assert RequestAction.CONFIRM in by_phone and RequestAction.RATE not in by_phone


def test_pictures_lose_all_but_the_picture() -> None:
    for order in "<>":
        kind, kept = without_metadata(jpeg(side=6, order=order))
        assert (kind, GPS in kept, b"motion" in kept, orientation(kept[12:])) == ("image/jpeg", False, False, 6)
        assert kept.endswith(b"\x34\xff\xd0\x56\xff\xd9") and kept.count(b"\xff\xda") == 2
        assert without_metadata(kept)[1] == kept
    assert b"Exif" not in without_metadata(jpeg(side=1))[1]
    kind, kept = without_metadata(png())
    assert (kind, GPS in kept, kept.endswith(b"IEND\xaeB`\x82")) == ("image/png", False, True)
    kind, kept = without_metadata(webp())
    assert (kind, GPS in kept, kept[20], len(kept) - 8) == ("image/webp", False, 0, int.from_bytes(kept[4:8], "little"))
    for whole in (jpeg(), png(), webp()):
        for end in range(len(whole) - len(GPS) - 14):
            try:
                without_metadata(whole[:end])
            except PhotoRefused:
                continue
            pytest.fail(f"cut off after {end} bytes")


def test_many_at_once_never_lock_each_other_out_nor_part_a_request_from_its_order(
    conn: psycopg.Connection, database: str
) -> None:
    """Asker and technician act on one request at once, from both ends; the same is sent by several phones."""
    made = ask(conn, "cleaning")
    client, twice, failed = uuid4(), set(), []

    def run(of: int) -> None:
        with connect(database, role="park_operator") as mine:
            mine.autocommit = True
            twice.add(ask(mine, "policy", client_id=client).request)
            for n in range(40):
                try:
                    if of % 2:
                        action = ("accept", "arrive", "finish", "reopen", "confirm", "close")[(n + of) % 6]
                        work(mine, made.work_order, action, reason="so")
                    else:
                        do(mine, made.request, ("confirm", "reopen", "comment", "appoint")[(n + of) % 4], ASKER,
                           reason="so", detail={"at": (T0 + DAY).isoformat()})  # fmt: skip
                except (RequestRefused, OrderRefused):
                    pass
                except psycopg.Error as error:
                    failed.append(error)

    threads = [threading.Thread(target=run, args=(of,)) for of in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failed, len(twice)) == ([], 1)
    pair = conn.execute(
        "select o.state, q.state, q.version"
        " from smartpark.work_order o join smartpark.service_request q using (work_order)"
        " where q.request = %s", [made.request]
    ).fetchone()  # fmt: skip
    together = {"reopened": {"in_progress"}, "accepted": {"in_progress"}, "on_site": {"in_progress"},
                "done": {"answered"}, "confirmed": {"answered", "confirmed"}, "closed": {"closed"}}  # fmt: skip
    assert pair is not None and pair[1] in together[pair[0]], pair
    assert pair[2] == len(journal(conn, made.request)) > 20
