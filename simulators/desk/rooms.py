"""Rooms: who books what for when, who cancels, and who does not come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random

from pipeline.domain.errors import ParkError
from pipeline.store import bookings
from pipeline.store.bookings import NewBooking
from simulators.desk.acts import Desk
from simulators.desk.hours import DAY, ZONE, is_worked, local
from simulators.desk.people import Tenant
from simulators.desk.play import Life
from simulators.desk.truth import TrueBooking

CANCELLED, NO_SHOW = 0.12, 0.07
WAIT = timedelta(minutes=15)
LENGTHS_MIN = (30, 60, 60, 90, 120)
SUBJECTS = ("周例会", "客户来访", "项目评审", "面试", "培训", "路演")


@dataclass(frozen=True, slots=True)
class Room:
    """A room that can be booked. sensed: something sees whether somebody is there."""

    room_id: str
    opens: str
    closes: str
    sensed: bool


def booking(desk: Desk, rooms: Sequence[Room], tenant: Tenant, rng: Random) -> Life:
    """One booking, to its end; a room that is taken is not booked."""
    room = rng.choice(rooms)
    since = _start(desk.now, room, rng)
    until = since + timedelta(minutes=rng.choice(LENGTHS_MIN))
    new = NewBooking(
        park_id=desk.park_id, client_id=desk.client(), room=room.room_id, since=since, until=until,
        subject=rng.choice(SUBJECTS), actor=tenant.login, company_id=tenant.company, person=tenant.person,
    )  # fmt: skip
    try:
        made = bookings.book(desk.conn, new, now=desk.now)
    except ParkError:
        return  # somebody was faster, or it closes before
    row = TrueBooking(booking=made.booking, room=room.room_id, since=since, until=until, company=tenant.company)
    desk.truth.bookings[made.booking] = row
    luck = rng.random()
    if luck < CANCELLED:
        yield desk.now + (since - desk.now) * rng.random()
        bookings.cancel(desk.conn, made.booking, actor=tenant.login, company_id=tenant.company, person=tenant.person,
                        desk=False, now=desk.now)  # fmt: skip
        row.ended = "cancelled"
    elif luck < CANCELLED + NO_SHOW and room.sensed:
        yield since + WAIT
        if bookings.release(desk.conn, made.booking, reason="the sensor saw nobody", now=desk.now):
            row.ended = "no-show"


def _start(now: datetime, room: Room, rng: Random) -> datetime:
    """A half hour within the next two weeks, on a working day, while the room is open."""
    day = local(now).date() + DAY * rng.choice((1, 1, 2, 3, 5, 8))
    while not is_worked(day):
        day += DAY
    first, last = (2 * int(t[:2]) + int(t[3:]) // 30 for t in (room.opens, room.closes))
    half = rng.randrange(first, max(first + 1, min(last, 36) - 4))
    return datetime.combine(day, time(half // 2, 30 * (half % 2)), ZONE)
