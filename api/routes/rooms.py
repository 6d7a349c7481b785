"""Rooms and their bookings: everybody sees when a room is taken and by which company, and only their own subjects."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api import request_models as models
from api import request_rows as rows
from api.alarm_models import NumberPath
from api.auth import Signed, needs
from api.context import Acting, Api
from api.database import Row
from api.models import Name
from api.parameters import Id, Instant, OfPark, OfParkQuery, Parameters, ParkId
from api.routes import PREFIX
from api.wrong import InvalidParameter, Wrong
from pipeline.domain.errors import NotFound
from pipeline.domain.quality import Quality
from pipeline.domain.role import Permission, Principal
from pipeline.store import bookings as store

router = APIRouter(prefix=PREFIX, tags=["rooms"])
BOOK = needs(Permission.BOOK)
LONGEST = timedelta(days=62)


class Presence(BaseModel):
    """What the room's sensor said last."""

    persons: float | None = Field(description="null: it could not tell.")
    at: datetime


class Room(BaseModel):
    room: str
    name: Name
    space_id: str
    space: Name | None
    seats: int
    opens: str = Field(description="Park time.")
    closes: str
    presence: Presence | None = Field(description="null: no sensor, or it never said anything.")
    free: bool = Field(description="Nobody has booked it now.")


class Rooms(BaseModel):
    items: list[Room]


class Booking(BaseModel):
    booking: int
    room: str
    room_name: Name
    since: datetime
    until: datetime
    company: models.Party | None = Field(description="null: the park itself.")
    mine: bool = Field(description="Your company's, or yours: it can be cancelled.")
    subject: str | None = Field(description="null: another company's business.")
    made_by: str | None
    ended: datetime | None
    ended_why: str | None = Field(description="cancelled or no-show.")


class Bookings(BaseModel):
    items: list[Booking]


class OfBookings(OfPark):
    room: Id | None = None
    since: Instant | None = Field(None, description="Default: now.")
    until: Instant | None = Field(None, description="Default: a week later; at most 62 days later.")
    mine: bool = Field(False, description="Your company's, also those that were ended.")


class NewBooking(Parameters):
    client_id: UUID = Field(description="Made by the client: sent twice is one booking.")
    room: Id
    since: Instant
    until: Instant
    subject: models.Short
    park: ParkId | None = None


@router.get("/rooms", dependencies=[BOOK])
def rooms(api: Api, who: Signed, asked: OfParkQuery) -> Rooms:
    """Rooms that can be booked, whether they are free now, and what their sensor says."""
    with api.database.read() as reader:
        found = reader.rows("room_list", park=api.park(reader, who.park_id or asked.park), now=api.clock.now())
    return Rooms(items=[room(row) for row in found])


@router.get("/bookings", dependencies=[BOOK])
def bookings(api: Api, who: Signed, asked: Annotated[OfBookings, Query()]) -> Bookings:
    """Bookings within some time, the earliest first; of others only when, and by which company."""
    since = asked.since or api.clock.now()
    until = asked.until or since + timedelta(days=7)
    if not since < until <= since + LONGEST:
        raise InvalidParameter(Wrong("until", "is not after since, or too long after", f"at most {LONGEST.days} days"))
    with api.database.read() as reader:
        found = reader.rows(
            "booking_list", park=api.park(reader, who.park_id or asked.park), room=asked.room, since=since, until=until,
            mine=asked.mine, company=who.company_id, person=who.person,
        )  # fmt: skip
    return Bookings(items=[booking(row, who) for row in found])


@router.post("/bookings", dependencies=[BOOK])
def book(api: Acting, who: Signed, asked: NewBooking) -> Booking:
    """Books a room. Where it is taken, the answer (409) says from when until when, and by which company."""
    with api.database.read() as reader:
        park_id = api.park(reader, who.park_id or asked.park)
    new = store.NewBooking(
        park_id=park_id, client_id=asked.client_id, room=asked.room, since=asked.since, until=asked.until,
        subject=asked.subject, actor=who.actor, company_id=who.company_id, person=who.person,
    )  # fmt: skip
    with api.database.write() as conn:
        done = store.book(conn, new, now=api.clock.now())
    return told(api, done.booking, who)


@router.post("/bookings/{number}/cancel", dependencies=[BOOK])
def cancel(api: Acting, who: Signed, number: NumberPath) -> Booking:
    """Ends a booking of your company's; the desk may end any."""
    with api.database.read() as reader:
        row = reader.row("booking_row", booking=number)
    if row is None or who.park_id not in (None, row["park_id"]):
        raise NotFound(f"booking {number}")
    with api.database.write() as conn:
        store.cancel(
            conn, number, actor=who.actor, company_id=who.company_id, person=who.person,
            desk=who.may(Permission.REQUEST_DESK), now=api.clock.now(),
        )  # fmt: skip
    return told(api, number, who)


def told(api: Api, number: int, who: Principal) -> Booking:
    """A booking as it is now."""
    with api.database.read() as reader:
        return booking(reader.one("booking_row", booking=number), who)


def room(row: Row) -> Room:
    """A row of room_list."""
    good = row["seen_quality"] == Quality.GOOD
    presence = Presence(persons=row["seen"] if good else None, at=row["seen_at"]) if row["seen_at"] else None
    return Room(
        room=row["room_id"], name=rows.named(row, "name"), space_id=row["space_id"], space=rows.name(row, "space"),
        seats=row["seats"], opens=row["opens"], closes=row["closes"], presence=presence, free=row["free"],
    )  # fmt: skip


def booking(row: Row, who: Principal) -> Booking:
    """A row of booking_list, as far as it is this one's business."""
    mine = (row["company_id"] is not None and row["company_id"] == who.company_id) or (
        row["person"] is not None and row["person"] == who.person
    )
    told_all = mine or who.may(Permission.REQUEST_READ)
    company = rows.name(row, "company")
    return Booking(
        booking=row["booking"], room=row["room_id"], room_name=rows.named(row, "room"), since=row["since"],
        until=row["until"], company=models.Party(id=row["company_id"], name=company) if company else None, mine=mine,
        subject=row["subject"] if told_all else None, made_by=row["made_by"] if told_all else None, ended=row["ended"],
        ended_why=row["ended_why"],
    )  # fmt: skip
