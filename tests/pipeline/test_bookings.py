"""A room is booked once at a time, however many want it at once, and given back only where a sensor says so."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.booking import BookingRefused, Presence, check_times, no_show
from pipeline.domain.errors import NotFound
from pipeline.domain.quality import Quality
from pipeline.engine.desk.bookings import NoShows
from pipeline.store import bookings, desk, parks
from pipeline.store.bookings import NewBooking, RoomTaken
from pipeline.store.database import connect
from pipeline.store.desk_rooms import RoomRow
from pipeline.store.desk_section import DeskFileError
from pipeline.store.desk_services import Bilingual
from tests.park import SMALL

T0 = datetime(2026, 11, 20, 2, tzinfo=UTC)  # 10:00 in the park
MINUTE = timedelta(minutes=1)
ZONE = ZoneInfo("Asia/Shanghai")
WAIT, GAP = 15 * MINUTE, 2 * MINUTE
ROOMS = [
    RoomRow(id="hall", space="b1", name=Bilingual(zh="大厅", en="Hall"), seats=9, point="m1/active_power"),
    RoomRow(id="den", space="b1", name=Bilingual(zh="小间", en="Den"), seats=2),
]


@pytest.fixture
def url(database: str) -> str:
    with connect(database) as owner:
        parks.apply(owner, SMALL, now=T0)
        desk.apply(owner, "small", {"rooms": ROOMS}, now=T0)
        owner.commit()
    return database


@pytest.fixture
def conn(url: str) -> Iterator[psycopg.Connection]:
    with connect(url, role="park_operator") as found:
        found.autocommit = True
        yield found


def at(minutes: float) -> datetime:
    return T0 + minutes * MINUTE


def book(conn: psycopg.Connection, since: float, until: float, *, now: datetime = T0, **more: Any) -> int:
    told = {"park_id": "small", "client_id": uuid4(), "room": "hall", "subject": "secret", "actor": "wang"}
    new = NewBooking(**{**told, "company_id": "acme", "since": at(since), "until": at(until), **more})
    with conn.transaction():
        return bookings.book(conn, new, now=now).booking


def test_who_comes_second_is_told_who_was_first(conn: psycopg.Connection) -> None:
    client = uuid4()
    first = book(conn, 60, 120, client_id=client)
    assert book(conn, 60, 120, client_id=client) == first
    with pytest.raises(BookingRefused, match="another booking"):
        book(conn, 120, 180, client_id=client)
    with pytest.raises(RoomTaken) as taken:
        book(conn, 90, 150, company_id=None, actor="li")
    assert (taken.value.since, taken.value.until, taken.value.by) == (at(60), at(120), {"zh": "阿克米", "en": "Acme"})
    assert "secret" not in str(taken.value) and "wang" not in str(taken.value)
    book(conn, 120, 150)  # one begins as the other ends
    book(conn, 60, 120, room="den")
    ours: dict[str, Any] = {"actor": "wang", "company_id": "acme", "person": None, "desk": False, "now": T0}
    with pytest.raises(NotFound):
        bookings.cancel(conn, first, **{**ours, "company_id": "other"})
    bookings.cancel(conn, first, **ours)
    bookings.cancel(conn, first, **ours)
    book(conn, 60, 120, company_id=None, actor="li")
    with pytest.raises(NotFound):
        book(conn, 200, 230, room="attic")


def test_opening_hours_are_the_park_s() -> None:
    def ask(since: float, until: float) -> None:
        check_times(at(since), at(until), opens="08:00", closes="22:00", zone=ZONE, now=T0)

    ask(-10, 60)
    ask(660, 720)  # 21:00 to 22:00
    wrong = {(660, 721): "open from 08:00 to 22:00", (1260, 1380): "open from", (-20, 60): "past",
             (60, 70): "15 minutes", (60, 900): "12 hours", (91 * 1440, 91 * 1440 + 60): "90 days"}  # fmt: skip
    for (since, until), why in wrong.items():
        with pytest.raises(BookingRefused, match=why):
            ask(since, until)


def test_many_at_once_never_overlap(url: str) -> None:
    """Twelve people, forty wishes each of 15 to 60 minutes in one afternoon: no two that stand touch."""
    refused: list[str] = []

    def want(seed: int) -> None:
        with connect(url, role="park_operator") as mine:
            mine.autocommit = True
            for n in range(40):
                start = (seed * 37 + n * 53) % 480
                try:
                    booking = book(mine, start, start + 15 + (seed * n) % 46, actor=f"p{seed}")
                except RoomTaken as error:
                    refused.append(str(error))
                    continue
                if n % 5 == 0:  # some think better of it
                    bookings.cancel(mine, booking, actor="x", company_id="acme", person=None, desk=False, now=T0)

    threads = [threading.Thread(target=want, args=(seed,)) for seed in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connect(url) as owner:
        with pytest.raises(psycopg.errors.ExclusionViolation), owner.transaction():  # whoever takes no lock
            owner.execute(
                "insert into smartpark.booking (client_id, room, during, subject, made, made_by)"
                " select gen_random_uuid(), room, during, 'x', made, 'x' from smartpark.booking where ended is null"
                " limit 1"
            )
        stand, overlaps = owner.execute(
            "select count(*), (select count(*) from smartpark.booking a join smartpark.booking b"
            "   on a.booking < b.booking and a.during && b.during where a.ended is null and b.ended is null)"
            " from smartpark.booking where ended is null"
        ).fetchone() or (0, 1)
        ended = owner.execute("select count(*) from smartpark.booking where ended is not null").fetchone()
    assert (overlaps, stand > 5, stand + ended[0] + len(refused)) == (0, True, 12 * 40)  # type: ignore[index]


SAID = st.tuples(st.integers(-5, 40), st.sampled_from([0.0, 0.0, 0.0, 1.0, None]), st.booleans())


@given(st.lists(SAID, max_size=45), st.integers(0, 40))
def test_a_room_is_given_back_only_where_a_sensor_saw_nobody_all_along(
    said: list[tuple[int, float | None, bool]], minute: int
) -> None:
    samples = [Presence(at(m), value, good) for m, value, good in said]
    verdict = no_show(T0, at(minute), samples, wait=WAIT, gap=GAP)
    known = {m: value for m, value, good in said if good and value is not None}
    if verdict.release:
        assert minute >= 15
        assert all(value < 0.5 for m, value, good in said if good and value is not None and 0 <= m <= minute)
        for second in range(0, minute * 60, 30):  # never long without a word
            assert any(abs(m * 60 - second) <= 120 for m in known)
    everything = no_show(T0, at(20), [Presence(at(m), 0.0, True) for m in range(21)], wait=WAIT, gap=GAP)
    assert everything == (True, "nobody was there within 15 minutes")


def test_nobody_came_and_the_sensor_says_so(url: str, conn: psycopg.Connection) -> None:
    empty, silent, seen, unwatched = (book(conn, start, start + 60, now=at(start - 5)) for start in (0, 60, 120, 180))
    den = book(conn, 0, 60, room="den", now=T0)
    with connect(url) as owner:
        owner.autocommit = True
        (point,) = owner.execute("select point from smartpark.point where name = 'active_power'").fetchone() or (0,)

        def say(minutes: range, value: float) -> None:
            for minute in minutes:
                owner.execute(
                    "insert into smartpark.reading (ts, received, point, quality, value) values (%s, %s, %s, %s, %s)",
                    [at(minute), at(minute), point, Quality.GOOD, value],
                )

        step = NoShows(WAIT)
        say(range(16), 0.0)
        assert [step.run(owner, at(minute)) for minute in (14, 15, 16)] == [0, 1, 0]
        say(range(60, 65), 0.0)  # then silent
        assert step.run(owner, at(80)) == 0
        say(range(120, 136), 0.0)
        say(range(136, 137), 2.0)
        assert step.run(owner, at(136)) == 0
        found = dict(owner.execute("select booking, ended_why from smartpark.booking").fetchall())
        assert found == {empty: "no-show", silent: None, seen: None, unwatched: None, den: None}
        journal = owner.execute("select detail ->> 'reason' from smartpark.audit_log where action = 'booking-no-show'")
        assert journal.fetchall() == [("nobody was there within 15 minutes",)]


def test_a_desk_file_with_a_room_nobody_can_find_is_refused(url: str) -> None:
    with connect(url) as owner:
        for change, why in (({"space": "attic"}, "no space attic"), ({"point": "m1/nothing"}, "no point m1/nothing"),
                            ({"opens": "22:00", "closes": "08:00"}, "closes before it opens")):  # fmt: skip
            row = RoomRow(**{"id": "x", "space": "b1", "name": ROOMS[0].name, "seats": 1, **change})
            with pytest.raises(DeskFileError, match=why):
                desk.apply(owner, "small", {"rooms": [row]}, now=T0)
            owner.rollback()
        assert desk.apply(owner, "small", {"rooms": ROOMS[:1]}, now=T0)["rooms"] == (0, 0, 1)
