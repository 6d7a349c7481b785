"""Books rooms and gives them back. Overlap is excluded by the table; who comes second is told who was first."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.booking import BookingRefused, check_times
from pipeline.domain.errors import NotFound
from pipeline.store import audit, mailroom
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "bookings_sql")
Row = dict[str, Any]


class RoomTaken(BookingRefused):
    """the room is taken"""

    def __init__(self, *, since: datetime, until: datetime, by: dict[str, str] | None) -> None:
        whose = f" by {by['en']}" if by else ""
        super().__init__(f"{since.isoformat()} to {until.isoformat()}{whose}")
        self.since, self.until, self.by = since, until, by


class Booked(NamedTuple):
    """A booking; repeated: the same client id was there already."""

    booking: int
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBooking:
    """Which room, from when until when, for what, for whom."""

    park_id: str
    client_id: UUID
    room: str
    since: datetime
    until: datetime
    subject: str
    actor: str
    company_id: str | None = None
    person: int | None = None


def book(conn: psycopg.Connection, new: NewBooking, *, now: datetime) -> Booked:
    """Books a room, in the caller's transaction. Raises NotFound, BookingRefused, RoomTaken."""
    room = _one(conn, "room", park=new.park_id, room=new.room)
    if room is None:
        raise NotFound(f"room {new.room}")
    number = room["number"]
    conn.execute(QUERIES["lock_room"], {"number": number})
    known = _one(conn, "booking_of_client", client_id=new.client_id)
    if known is not None:
        if (known["room"], known["since"], known["until"], known["made_by"]) != (
            number, new.since, new.until, new.actor,
        ):  # fmt: skip
            raise BookingRefused(f"client_id {new.client_id} was used for another booking")
        return Booked(known["booking"], repeated=True)
    zone = ZoneInfo(room["time_zone"])
    check_times(new.since, new.until, opens=room["opens"], closes=room["closes"], zone=zone, now=now)
    values = {
        "client_id": new.client_id, "number": number, "company_id": new.company_id, "person": new.person,
        "since": new.since, "until": new.until, "subject": new.subject, "now": now, "actor": new.actor,
    }  # fmt: skip
    try:
        with conn.transaction():
            row = conn.execute(QUERIES["add_booking"], values).fetchone()
    except psycopg.errors.ExclusionViolation as error:
        raise _taken(conn, values) from error
    except psycopg.errors.UniqueViolation as error:  # at once, for another room
        raise BookingRefused(f"client_id {new.client_id} was used for another booking") from error
    assert row is not None  # noqa: S101 - insert … returning
    became = {"room": new.room, "since": new.since.isoformat(), "until": new.until.isoformat()}
    _record(conn, "book", int(row[0]), {"was": None, "became": became}, now=now, actor=new.actor)
    return Booked(int(row[0]), repeated=False)


def cancel(
    conn: psycopg.Connection, booking: int, *, actor: str, company_id: str | None, person: int | None, desk: bool,
    now: datetime,
) -> None:  # fmt: skip
    """Ends a booking, by the company that made it or by the desk. The same again changes nothing.

    Raises NotFound, also for what is another company's; BookingRefused where it is over.
    """
    row = _one(conn, "booking_to_end", booking=booking)
    ours = row is not None and (
        (company_id is not None and row["company_id"] == company_id) or (person is not None and row["person"] == person)
    )
    if row is None or not (ours or desk):
        raise NotFound(f"booking {booking}")
    if row["ended_why"] == "cancelled":
        return
    if row["ended"] is not None or row["until"] <= now:
        raise BookingRefused(f"it is over: {row['ended_why'] or 'its time has passed'}")
    _end(conn, booking, "cancelled", actor=actor, now=now)


def release(conn: psycopg.Connection, booking: int, *, reason: str, now: datetime) -> bool:
    """Gives a room back that nobody came to; whether it was still booked."""
    return _end(conn, booking, "no-show", actor="system", now=now, reason=reason)


def _end(
    conn: psycopg.Connection, booking: int, why: str, *, actor: str, now: datetime, reason: str | None = None
) -> bool:
    ended = {"booking": booking, "now": now, "actor": actor, "why": why}
    if conn.execute(QUERIES["end_booking"], ended).rowcount != 1:
        return False
    _record(conn, why, booking, {"was": "booked", "became": why, "reason": reason}, now=now, actor=actor)
    return True


def _record(
    conn: psycopg.Connection, act: str, booking: int, detail: dict[str, Any], *, now: datetime, actor: str
) -> None:
    audit.record(conn, now=now, action=f"booking-{act}", subject=f"bookings/{booking}", detail=detail, actor=actor)
    mailroom.notify(conn, {"booking"}, booking)


def _taken(conn: psycopg.Connection, values: Row) -> BookingRefused:
    row = _one(conn, "taken_by", **{name: values[name] for name in ("number", "since", "until")})
    if row is None:  # it was given back since
        return BookingRefused("somebody had the room a moment ago; try again")
    by = {"zh": row["name_zh"], "en": row["name_en"]} if row["name_zh"] else None
    return RoomTaken(since=row["since"], until=row["until"], by=by)


def _one(conn: psycopg.Connection, query: str, **values: Any) -> Row | None:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], values).fetchone()
