"""Who is on duty, by skill and level, and what became of the messages that people were sent."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from api.auth import needs
from api.context import Api
from api.database import Reader, Row
from api.known import check_known
from api.models import Page
from api.paging import cursor, keys_of, next_link
from api.parameters import Id, Instant, Number, OfPark, Paged
from api.routes import PREFIX
from pipeline.domain.notification import DeliveryState
from pipeline.domain.role import Permission
from pipeline.domain.rota import ANY_SKILL, FIRST, HEAD, Rota, Shift, ShiftChange, on_duty

router = APIRouter(prefix=PREFIX, tags=["duty"])


class OnDuty(BaseModel):
    login: str
    name: str


class DutyOfSkill(BaseModel):
    skill: str
    level: int = Field(description="1 is asked first, 2 is the duty lead, 3 the manager.")
    people: list[OnDuty] = Field(description="Empty: nobody; then the next level is asked at once.")
    rota: str | None
    why: str


class DutyNow(BaseModel):
    park: str
    at: datetime
    space: str | None
    items: list[DutyOfSkill]
    gaps: list[str] = Field(description="Skills for which nobody is on duty at level 1 there.")


class Told(BaseModel):
    notification: int
    login: str
    name: str
    work_order: int | None
    alarm: int | None
    channel: str = Field(description="webhook, ntfy, email; none: this person has no contact.")
    subject: str
    urgency: str
    state: DeliveryState
    attempts: int
    made: datetime
    next: datetime | None = Field(description="When it is tried next, or given up by who is sending it.")
    deadline: datetime
    ended: datetime | None
    error: str | None
    error_text: str | None


class OfDuty(OfPark):
    at: Instant | None = Field(None, description="Default: now.")
    space: Id | None = Field(None, description="Who comes there; default: the whole park.")
    skill: Id | None = None


class OfNotifications(Paged):
    state: DeliveryState | None = None
    order: Number | None = None
    alarm: Number | None = None


@router.get("/duty", dependencies=[needs(Permission.ORDER_READ, Permission.ORDER_READ_OWN)])
def duty(api: Api, asked: Annotated[OfDuty, Query()]) -> DutyNow:
    """Who is on duty for each skill, as an order there would find them; skills without anybody are named."""
    at = asked.at or api.clock.now()
    with api.database.read() as reader:
        park_id = api.park(reader, asked.park)
        path: list[str] = []
        if asked.space:
            check_known(reader, park_id, "space", asked.space)
            path = [row["above"] for row in reader.rows("spaces_above", park=park_id, space=asked.space)]
        items = _duty(reader, park_id, at, path, asked.skill)
    gaps = [row.skill for row in items if row.level == FIRST and not row.people]
    return DutyNow(park=park_id, at=at, space=asked.space, items=items, gaps=gaps)


@router.get("/notifications", dependencies=[needs(Permission.ORDER_READ)])
def notifications(api: Api, request: Request, asked: Annotated[OfNotifications, Query()]) -> Page[Told]:
    """What became of messages to people, the newest first: never where they went, their link or their words."""
    (before,) = keys_of(asked.after, int)
    with api.database.read() as reader:
        park_id = api.park(reader, asked.park)
        found = reader.rows(
            "notification_list", prepare=False, park=park_id, before=before, order=asked.order, alarm=asked.alarm,
            state=asked.state, rows=asked.limit + 1,
        )  # fmt: skip
    items = [Told(**row) for row in found[: asked.limit]]
    more = next_link(request, cursor(items[-1].notification)) if len(found) > asked.limit else None
    return Page(items=items, next=more)


def _duty(reader: Reader, park_id: str, at: datetime, path: list[str], skill: str | None) -> list[DutyOfSkill]:
    names: dict[int, OnDuty] = {}
    rotas = [
        Rota(row["rota_id"], frozenset(row["skills"]), row["space_id"])
        for row in reader.rows("rotas_in_use", park=park_id)
    ]
    shifts = [_shift(row, names) for row in reader.rows("shifts_now", park=park_id, at=at)]
    changes = [_change(row, names) for row in reader.rows("shift_changes_now", park=park_id, at=at)]
    skills = [skill] if skill else sorted({name for rota in rotas for name in rota.skills} - {ANY_SKILL})
    items = []
    for name in skills:
        for level in range(FIRST, HEAD + 1):
            found = on_duty(rotas, shifts, changes, skill=name, path=path, level=level, at=at)
            people = [names[person] for person in found.people]
            items.append(DutyOfSkill(skill=name, level=level, people=people, rota=found.rota_id, why=found.why))
    return items


def _shift(row: Row, names: dict[int, OnDuty]) -> Shift:
    names[row["person"]] = OnDuty(login=row["login"], name=row["name"])
    return Shift(row["rota_id"], row["person"], row["starts"], row["ends"], row["level"])


def _change(row: Row, names: dict[int, OnDuty]) -> ShiftChange:
    if row["instead"] is not None:
        names[row["instead"]] = OnDuty(login=row["instead_login"], name=row["instead_name"])
    return ShiftChange(row["rota_id"], row["starts"], row["ends"], row["away"], row["instead"], row["level"])
