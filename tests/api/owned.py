"""What is somebody's own, for tests/api/test_roles.py: each area adds its cases, and every role is tried on each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

import psycopg

from pipeline.domain.work_order import OrderAction
from pipeline.store import desk, people, photos, requests, work_orders
from pipeline.store.requests import NewRequest
from pipeline.store.work_orders import NewOrder, OrderAct
from tests.api.serving import NOW
from tests.park import catalogue
from tests.pictures import png


@dataclass(frozen=True)
class Owned:
    """Something that not everybody may see. make(conn) puts it into the park `small` and returns the path that shows
    it; seen_by names those of tests/api/signed.py who get 200, everybody else gets 401, 403 or 404."""

    name: str
    make: Callable[[psycopg.Connection], str]
    seen_by: frozenset[str]


PARK = frozenset({"operator", "manager", "administrator"})


def order(conn: psycopg.Connection, *, assignee: str | None = None, path: str = "") -> str:
    """An order that nobody is on duty for, of no tenant's."""
    new = NewOrder(
        park_id="small", origin="staff", cause=f"staff:{uuid4()}", service="repair", skill="lift", priority="P3",
        title_zh="灯", title_en="Lamp", space_id="b1",
    )  # fmt: skip
    number = work_orders.open_(conn, new, now=NOW, actor="test").order
    if assignee:
        detail = {"person": people.find(conn, assignee)["person"], "login": assignee}
        act = OrderAct(order=number, action=OrderAction.ASSIGN, actor="test", detail=detail)
        work_orders.act(conn, act, now=NOW)
    return f"/api/v1/work-orders/{number}{path}"


def request(conn: psycopg.Connection, company: str, shows: str = "requests") -> str:
    """What a company asked for, with a photo and a work order; shows: which of the three is asked for."""
    desk.apply(conn, "small", catalogue(), now=NOW)
    conn.execute("insert into smartpark.company values ('small', 'bolt', '闪电', 'Bolt') on conflict do nothing")
    kept = photos.add(conn, "small", png(sum((company + shows).encode()) % 256), now=NOW, actor="test").photo
    new = NewRequest(park_id="small", client_id=uuid4(), service="repair-plumbing", words="漏水", actor="test",
                     company_id=company, photos=[kept])  # fmt: skip
    made = requests.make(conn, new, now=NOW)
    return f"/api/v1/{shows}/{({'photos': kept.hex(), 'work-orders': made.work_order}).get(shows, made.request)}"


CASES: list[Owned] = [
    Owned("a technician's order", partial(order, assignee="tech"), PARK | {"technician"}),
    Owned("nobody's order", order, PARK),
    Owned("its evidence", partial(order, assignee="tech", path="/evidence.json"), PARK),
    Owned("its evidence on paper", partial(order, path="/evidence.pdf"), PARK),
    Owned("what a company asked for", partial(request, company="acme"), PARK | {"tenant"}),
    Owned("its photo", partial(request, company="acme", shows="photos"), PARK | {"tenant"}),
    Owned("its order", partial(request, company="acme", shows="work-orders"), PARK | {"tenant"}),
    Owned("what another company asked for", partial(request, company="bolt"), PARK),
    Owned("another company's photo", partial(request, company="bolt", shows="photos"), PARK),
    Owned("another company's order", partial(request, company="bolt", shows="work-orders"), PARK),
]
