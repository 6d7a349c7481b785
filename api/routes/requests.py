"""What people ask for: the catalogue, what a code stands for, making requests, following them, answering them."""

import hashlib
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field

from api import request_models as models
from api import request_rows as rows
from api.alarm_models import NumberPath
from api.auth import Forbidden, NotSignedIn, Signed, needs
from api.context import Acting, Api, Context
from api.database import Reader, Row
from api.models import Page
from api.paging import cursor, keys_of, next_link
from api.parameters import Id, Paged, ParkId
from api.routes import PREFIX
from api.visiting import Visiting, source_of
from api.wrong import InvalidParameter, Wrong
from pipeline.domain.errors import NotFound
from pipeline.domain.request import Side
from pipeline.domain.role import Permission, Principal
from pipeline.store import audit, photos, request_acts, requests, visitors
from pipeline.store.request_acts import RequestAct
from pipeline.store.requests import NewRequest

router = APIRouter(prefix=PREFIX, tags=["requests"])

OF_SERVICE = ("category", "skill", "priority", "department", "paid", "days", "visitors")
OUTSIDE = ("system", "visitor")  # actors that are nobody of the park
OPEN = {"open": True, "ended": False, "all": None}
READ = (Permission.REQUEST_READ, Permission.REQUEST_READ_OWN)


class OfRequests(Paged):
    state: Literal["open", "ended", "all"] = "open"
    mine: bool = Field(False, description="Only those that I made.")
    service: Id | None = None
    category: Id | None = None
    department: Id | None = None
    channel: Literal["online", "phone", "desk", "chat"] | None = None
    company: Id | None = None
    space: Id | None = None
    supervised: bool | None = None


@router.get("/services")
def services(
    api: Api, who: Visiting, code: models.Code | None = None, park: Annotated[ParkId | None, Query()] = None
) -> models.Services:
    """What can be asked for; without sign-in: by a code, what that is enough for."""
    with api.database.read() as reader:
        if who is None:
            if code is None:
                raise NotSignedIn
            park_id = known_code(reader, code)["park_id"]
        else:
            park_id = api.park(reader, who.park_id or park)
        found = reader.rows("service_list", park=park_id, visitors=who is None)
    items = [
        models.Service(
            service=row["service_id"], name=rows.named(row, "name"), hint=rows.name(row, "hint"),
            **{column: row[column] for column in OF_SERVICE},
        )
        for row in found
    ]  # fmt: skip
    return models.Services(items=items)


@router.get("/codes/{code}")
def place_code(api: Api, who: Visiting, code: models.CodePath) -> models.PlaceCode:
    """What a code on a door or a machine stands for: names of places, for everybody."""
    with api.database.read() as reader:
        row = known_code(reader, code.upper())
    return models.PlaceCode(code=row["code"], park_id=row["park_id"], place=models.Place(**rows.place(row)))


@router.post("/requests")
def make(api: Acting, who: Visiting, request: Request, asked: models.Making) -> models.RequestDetail:
    """Makes a request. Who is not signed in needs a code, and keeps client_id to follow it (`key`)."""
    with api.database.read() as reader:
        new = who_asks(api, reader, who, request, asked)
    with api.database.write() as conn:
        made = requests.make(conn, new, now=api.clock.now(), hourly=api.settings.visitor_hourly)
    return told(api, made.request, who, key=asked.client_id)


@router.get("/requests")
def list_requests(
    api: Api, who: Annotated[Principal, needs(*READ)], request: Request, asked: Annotated[OfRequests, Query()]
) -> Page[models.RequestBrief]:
    """Requests, newest first; tenants see those of their company."""
    (after,) = keys_of(asked.after, int)
    company, person = asked.company, (who.person or 0) if asked.mine else None  # 0: a token made none
    if not who.may(Permission.REQUEST_READ):
        if company not in (None, who.company_id):
            raise Forbidden("these are another company's")
        company = who.company_id
        person = person if company else who.person or 0
    with api.database.read() as reader:
        found = reader.rows(
            "request_list", prepare=False, park=api.park(reader, who.park_id or asked.park), open=OPEN[asked.state],
            company=company, person=person, after=after, rows=asked.limit + 1,
            **asked.model_dump(include={"category", "service", "department", "channel", "supervised", "space"}),
        )  # fmt: skip
    now = api.clock.now()
    items = [models.RequestBrief(**rows.brief(row, rows.sides_of(row, who), now=now)) for row in found[: asked.limit]]
    more = next_link(request, cursor(items[-1].request)) if len(found) > asked.limit else None
    return Page(items=items, next=more)


@router.get("/requests/{number}")
def get_request(api: Api, who: Visiting, number: NumberPath, key: UUID | None = None) -> models.RequestDetail:
    """One request with all that happened to it. `key`: of who is not signed in, the client_id that made it."""
    return told(api, number, who, key=key)


@router.post("/requests/{number}/act")
def act(api: Acting, who: Visiting, number: NumberPath, asked: models.Acting) -> models.RequestDetail:
    """Does one thing to a request, and to its quote and its work order with it."""
    with api.database.read() as reader:
        _, sides = seen(reader, number, who, asked.key)
    person = who.person if who else None
    doing = RequestAct(
        request=number, action=asked.action, actor=who.actor if who else visitors.ACTOR, person=person, sides=sides,
        client_id=asked.client_id, version=asked.version, reason=asked.reason, detail=asked.detail,
    )  # fmt: skip
    with api.database.write() as conn:
        request_acts.act(conn, doing, now=api.clock.now())
    return told(api, number, who, key=asked.key)


@router.post("/requests/{number}/rating")
def rate(
    api: Acting, who: Annotated[Principal, needs(Permission.RATE)], number: NumberPath, asked: models.Rated
) -> models.RequestDetail:
    """A tenant's stars for what was done, once."""
    with api.database.read() as reader:
        seen(reader, number, who, None)
    with api.database.write() as conn:
        request_acts.rate(
            conn, number, stars=asked.stars, words=asked.words, company_id=who.company_id, actor=who.actor,
            now=api.clock.now(),
        )  # fmt: skip
    return told(api, number, who)


@router.post("/requests/{number}/contact", dependencies=[needs(Permission.REQUEST_DESK)])
def contact(api: Acting, who: Signed, number: NumberPath) -> models.Contact:
    """How to reach who asked. A person's data: that it was looked at goes to the audit log."""
    with api.database.read() as reader:
        seen(reader, number, who, None)
    with api.database.write() as conn:
        found = requests.one(conn, "contact", request=number)
        subject, now = f"requests/{number}", api.clock.now()
        audit.record(conn, now=now, action="contact-read", subject=subject, detail={}, actor=who.actor)
    return models.Contact(request=number, contact=found["contact"] if found else None)


def who_asks(api: Context, reader: Reader, who: Principal | None, request: Request, asked: models.Making) -> NewRequest:
    """What is asked for, on whose behalf, as who asks may say it."""
    told_: dict[str, Any] = asked.model_dump(include={"client_id", "service", "words", "code", "space", "device"})
    told_ |= {"photos": photos.parse(asked.photos), "contact": asked.contact}
    desk = who is not None and who.may(Permission.REQUEST_DESK)
    for value, what in ((asked.channel, "channel"), (asked.company, "company")):
        if value is not None and not desk and (value != requests.ONLINE or what == "company"):
            raise InvalidParameter(Wrong(what, "is for the desk to say", "nothing", "body"))
    if who is None:
        if asked.code is None:
            raise NotSignedIn
        park_id = known_code(reader, asked.code)["park_id"]
        return NewRequest(park_id=park_id, actor=visitors.ACTOR, source=source_of(request), **told_)
    if not who.may(Permission.REQUEST_MAKE, Permission.REQUEST_DESK):
        raise Forbidden(f"it takes {Permission.REQUEST_MAKE}, and the role {who.role} does not have it")
    told_ |= {"park_id": api.park(reader, who.park_id or asked.park), "actor": who.actor, "person": who.person}
    if desk:
        if asked.channel == requests.ONLINE:
            write = f"one of {', '.join(requests.TOLD)}"
            raise InvalidParameter(Wrong("channel", "is not how the desk was told", write, "body"))
        return NewRequest(channel=asked.channel or "desk", company_id=asked.company, **told_)
    return NewRequest(company_id=who.company_id, **told_)


def known_code(reader: Reader, code: str) -> Row:
    """The row of a code in force. Raises NotFound."""
    row = reader.row("code_row", code=code)
    if row is None:
        raise NotFound(f"code {code}")
    return row


def seen(reader: Reader, number: int, who: Principal | None, key: UUID | None) -> tuple[Row, frozenset[Side]]:
    """A request that one may see, and on whose behalf one acts there. NotFound for what one may not see."""
    row = reader.row("request_row", request=number)
    digest = hashlib.sha256(str(key).encode()).digest() if key else b""
    keyed = key is not None and reader.one("request_key", request=number, key=digest)["fits"]
    if who is None and not keyed:
        raise NotSignedIn
    if row is not None:
        sides = rows.sides_of(row, who, keyed=keyed)
        all_of_it = who is not None and who.may(Permission.REQUEST_READ)
        same_park = who is None or who.park_id in (None, row["park_id"])
        if same_park and (all_of_it or Side.ASKER in sides):
            return row, sides
    raise NotFound(f"request {number}")


def told(api: Context, number: int, who: Principal | None, *, key: UUID | None = None) -> models.RequestDetail:
    """One request as it is now."""
    with api.database.read() as reader:
        row, sides = seen(reader, number, who, key)
        events = reader.rows("request_events", request=number)
        quotes = reader.rows("request_quotes", request=number)
        shown = reader.rows("request_photos", request=number)
        order = reader.row("request_order", order=row["work_order"]) if row["work_order"] else None
    inside = who is not None and who.may(Permission.REQUEST_READ)
    known = {*OUTSIDE, row["person_login"], who.actor if who else None}

    def actor(one: Row) -> dict[str, str]:
        """Who of the park it was is the park's own business; that it was the park is not."""
        return {"actor": one["actor"] if inside or one["actor"] in known else "staff"}

    return models.RequestDetail(
        **rows.brief(row, sides, now=api.clock.now()),
        events=[models.RequestEvent(**(event | actor(event))) for event in events],
        photos=[
            models.ShownPhoto(**(photo | actor(photo) | {"photo": bytes(photo["photo"]).hex()})) for photo in shown
        ],
        quotes=[models.Quote(**quote) for quote in quotes],
        order=models.OrderOfRequest(**order) if order else None,
    )
