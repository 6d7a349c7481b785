"""Work orders: lists and one of them for who may see it, opening one, and what people do to them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from api import order_models as models
from api import order_rows as rows
from api.auth import Forbidden, Signed, needs
from api.context import Acting, Api, Context
from api.database import Reader, Row
from api.known import check_known
from api.models import Page
from api.order_acts import actor, as_act, as_new, check_may
from api.order_models import OrderDetail, WorkOrder
from api.paging import cursor, keys_of, next_link
from api.parameters import Id, OfParkQuery, Paged
from api.routes import PREFIX
from api.rows import without_names
from pipeline.domain.errors import NotFound
from pipeline.domain.role import Permission, Principal
from pipeline.store import work_orders as store

router = APIRouter(prefix=PREFIX, tags=["work orders"])
SEEN_BY = (Permission.ORDER_READ, Permission.ORDER_READ_OWN, Permission.REQUEST_READ_OWN)
NOBODY = -1  # no person has this number


class OfOrders(Paged):
    state: Literal["open", "ended", "all"] = "open"
    mine: bool = Field(False, description="Only those that are yours, or are offered to you.")
    priority: list[models.Priority] = Field(default=[], description="May be repeated; default: all.")
    service: Id | None = None
    origin: Id | None = None
    space: Id | None = Field(None, description="And everything below it.")
    company: Id | None = None
    assignee: Id | None = Field(None, description="A login.")
    overdue: bool | None = Field(None, description="A clock that runs is past due, or none is.")


@router.get("/time", dependencies=[needs(*Permission)])
def time(api: Api) -> models.Time:
    """Park time, so that a phone knows by how much its own clock differs."""
    return models.Time(now=api.clock.now())


@router.get("/plans", dependencies=[needs(Permission.ORDER_READ, Permission.ORDER_READ_OWN)])
def plans(api: Api, principal: Signed, asked: OfParkQuery) -> Page[models.Plan]:
    """What is planned, with the certificates that have run out first; a park's plans are one page."""
    with api.database.read() as reader:
        park_id = park_of(api, reader, principal, asked.park)
        found = reader.rows("plan_list", park=park_id, now=api.clock.now())
    return Page(items=[models.Plan(**without_names(row)) for row in found], next=None)


@router.get("/work-orders", dependencies=[needs(*SEEN_BY)])
def work_orders(api: Api, principal: Signed, request: Request, asked: Annotated[OfOrders, Query()]) -> Page[WorkOrder]:
    """Work orders; of open ones what is overdue comes first, then by time left, then by age. Else the newest first."""
    s1, s2, s3 = keys_of(asked.after, int, int, int)
    theirs = asked.mine or not principal.may(Permission.ORDER_READ)
    tenant = rows.tenant(principal)
    with api.database.read() as reader:
        park_id = park_of(api, reader, principal, asked.park)
        found = reader.rows(
            "order_list",
            prepare=False,
            park=park_id,
            mode=asked.state,
            now=api.clock.now(),
            person=(principal.person or NOBODY) if theirs and not tenant else None,
            company_only=(principal.company_id or "") if tenant else None,
            priority=sorted(set(asked.priority)) or None,
            s1=s1, s2=s2, s3=s3,
            rows=asked.limit + 1,
            **asked.model_dump(include={"service", "origin", "space", "company", "assignee", "overdue"}),
        )  # fmt: skip
        shown = found[: asked.limit]
        clocks = clocks_of(reader, [row["work_order"] for row in shown])
        if asked.space and not found:
            check_known(reader, park_id, "space", asked.space)
    items = [WorkOrder(**rows.order(row, clocks.get(row["work_order"], []), principal)) for row in shown]
    more = None
    if len(found) > asked.limit:
        last = shown[-1]
        number = last["work_order"] if asked.state == "open" else -last["work_order"]
        more = next_link(request, cursor(last["s1"], last["s2"], number))
    return Page(items=items, next=more)


@router.get("/work-orders/{order}", dependencies=[needs(*SEEN_BY)])
def work_order(api: Api, principal: Signed, order: models.OrderPath) -> OrderDetail:
    """One work order with its events, its photos, and what its clocks said."""
    with api.database.read() as reader:
        return detail(api, reader, principal, order)


@router.post("/work-orders", dependencies=[needs(Permission.ORDER_DISPATCH)])
def open_order(api: Acting, principal: Signed, asked: models.Opening) -> OrderDetail:
    """Staff open one: by a service of the catalogue, which gives skill and priority where they do not."""
    with api.database.read() as reader:
        new = as_new(reader, park_of(api, reader, principal, asked.park), asked)
    with api.database.write() as conn:
        opened = store.open_(
            conn, new, now=api.clock.now(), actor=actor(principal, asked.actor), person=principal.person,
            client_id=asked.client_id,
        )  # fmt: skip
    with api.database.read() as reader:
        return detail(api, reader, principal, opened.order)


@router.post("/work-orders/{order}/act", dependencies=[needs(Permission.ORDER_WORK, Permission.ORDER_DISPATCH)])
def act(api: Acting, principal: Signed, order: models.OrderPath, asked: models.Acting) -> OrderDetail:
    """Does one thing to an order. The same client_id again changes nothing and answers with the order as it is."""
    check_may(principal, asked.action)
    with api.database.read() as reader:
        row = visible(api, reader, principal, order)
        told = as_act(api, reader, principal, row, asked)
    with api.database.write() as conn:
        store.act(conn, told, now=api.clock.now())
    with api.database.read() as reader:
        return detail(api, reader, principal, order)


def visible(api: Context, reader: Reader, principal: Principal, order: int) -> Row:
    """An order that this principal may see. NotFound for every other: that it exists is not theirs to know."""
    row = reader.row("order_row", order=order)
    if row is None or principal.park_id not in (None, row["park_id"]):
        raise NotFound(f"work order {order}")
    if rows.tenant(principal):
        mine = (
            row["request"] is not None and row["company_id"] is not None and row["company_id"] == principal.company_id
        )
    elif principal.may(Permission.ORDER_READ):
        mine = True
    else:
        asks = {"order": order, "person": principal.person or NOBODY, "now": api.clock.now()}
        mine = row["assignee"] == asks["person"] or reader.one("order_offered", **asks)["offered"]
    if not mine:
        raise NotFound(f"work order {order}")
    return row


def detail(api: Context, reader: Reader, principal: Principal, order: int) -> OrderDetail:
    """One order as it is now, for this principal; who handed it back sees the answer all the same."""
    try:
        row = visible(api, reader, principal, order)
    except NotFound:
        acts = reader.rows("order_events", order=order)
        if principal.person is None or not any(e["person"] == principal.person for e in acts):
            raise
        row = reader.one("order_row", order=order)
    clocks = reader.rows("order_clocks", orders=[order])
    tenant = rows.tenant(principal)
    photos = reader.rows("order_photos", order=order, request=row["request"])
    if tenant:
        photos = [{**photo, "actor": "staff"} for photo in photos]
    return OrderDetail.model_validate(
        rows.order(row, clocks, principal)
        | {
            "alarms": [] if tenant else [one["alarm"] for one in reader.rows("order_alarms", order=order)],
            "events": rows.events(reader.rows("order_events", order=order), principal),
            "photos": photos,
            "sla_events": [] if tenant else reader.rows("order_sla_events", order=order),
        }
    )


def clocks_of(reader: Reader, orders: list[int]) -> dict[int, list[Row]]:
    """The clocks of some orders, by order."""
    out: dict[int, list[Row]] = {}
    for row in reader.rows("order_clocks", orders=orders) if orders else []:
        out.setdefault(row["work_order"], []).append(row)
    return out


def park_of(api: Context, reader: Reader, principal: Principal, park_id: str | None) -> str:
    """The park that is meant. Raises NotFound, Forbidden where it is not theirs."""
    chosen = api.park(reader, park_id or principal.park_id)
    if principal.park_id not in (None, chosen):
        raise Forbidden(f"park {chosen} is not yours")
    return chosen
