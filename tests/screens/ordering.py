"""People of the desk, signed in, and work orders in every state, made on the demo park as the pipeline makes them."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page

from pipeline.domain.work_order import OrderAction
from pipeline.store import desk, people, sessions
from pipeline.store import work_orders as orders
from pipeline.store.work_orders import NewOrder, OrderAct
from simulators.stack import Stack
from tests.conftest import REPO
from tests.screens.conftest import Wall

DESK = REPO / "simulators/parks/qinghe-desk"
A = OrderAction
MINUTE = timedelta(minutes=1)

SERVICES = {
    "plumbing": "repair-plumbing",
    "lift": "repair-lift",
    "hvac": "repair-hvac",
    "electrical": "repair-electrical",
}
# titles, priority, skill, space, device, words
KINDS: dict[str, tuple[str, str, str, str, str, str | None, str | None]] = {
    "leak": ("漏水报警", "Water leak", "P1", "plumbing", "b5", "leak-b5-servers", "水已漫到走廊"),
    "lift": ("电梯困人", "People trapped in the lift", "P1", "lift", "b5", None, "轿厢停在 7 层与 8 层之间，内有 2 人"),
    "chiller": ("冷机出水温度偏高", "Chiller outlet temperature high", "P2", "hvac", "b3", None, None),
    "pump": ("水泵出口压力过高", "Pump outlet pressure too high", "P2", "plumbing", "b5", "pump-b5-1", None),
    "door": ("门禁不识别", "Door reader does not recognise cards", "P3", "electrical", "b2", None, "刷卡进不去"),
    "aircon": ("空调不制冷", "Air conditioning does not cool", "P3", "hvac", "b2", None, None),
    "lights": ("照明回路跳闸", "Lighting circuit tripped", "P3", "electrical", "b3", None, None),
    "tap": ("卫生间水龙头滴水", "Dripping tap in the washroom", "P4", "plumbing", "b2", None, None),
}  # fmt: skip


def staff(wall: Wall) -> None:
    """The demo park's desk: people, services, rooms."""
    desk.apply(wall.conn, wall.park.park_id, desk.read(DESK), now=wall.now)
    wall.conn.commit()


def signed_wall(database: str, home: Path) -> Wall:
    """A wall whose API asks for sign-in, with the desk's people; `start` it."""
    wall = Wall(database, home)
    wall.stack = Stack(home, {**wall.stack.env, "PARK_API_SIGN_IN": "required"})
    staff(wall)
    return wall


def sign_in(wall: Wall, page: Page, login: str) -> None:
    """This browser is `login`'s from now on."""
    row = people.find(wall.conn, login)
    made = sessions.open_(wall.conn, row["person"], login, now=wall.now, lasts=timedelta(days=1))
    wall.conn.commit()
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "park_session", "value": made.value, "url": wall.url}])


def person(wall: Wall, login: str) -> int:
    return int(people.find(wall.conn, login)["person"])


def put(wall: Wall, kind: str, *, ago_min: float = 1, **more: Any) -> int:
    """An order of that kind, opened so long ago."""
    zh, en, priority, skill, space, device, words = KINDS[kind]
    number = (
        device and wall.conn.execute("select device from smartpark.device where device_id = %s", [device]).fetchone()
    )
    new = NewOrder(
        park_id=wall.park.park_id, origin="alarm", cause=f"{kind}:{uuid4()}", service=SERVICES[skill], skill=skill,
        priority=priority, title_zh=zh, title_en=en, words=words, space_id=space, device=number[0] if number else None,
    )  # fmt: skip
    order = orders.open_(wall.conn, replace(new, **more), now=wall.now - ago_min * MINUTE).order
    wall.conn.commit()
    return order


def do(
    wall: Wall, order: int, *actions: OrderAction, login: str = "zhang.wei", ago_min: float = 0, **more: Any
) -> None:
    """What somebody did so long ago, one after the other."""
    for action in actions:
        act = OrderAct(order=order, action=action, actor=login, person=person(wall, login), **more)
        orders.act(wall.conn, act, now=wall.now - ago_min * MINUTE)
    wall.conn.commit()


def assign(wall: Wall, order: int, login: str, *, ago_min: float = 0) -> None:
    detail = {"person": person(wall, login), "login": login}
    do(wall, order, A.ASSIGN, login="li.ming", ago_min=ago_min, detail=detail)


def offer(wall: Wall, order: int, *logins: str) -> None:
    """These were told of it, as dispatch does."""
    wall.conn.execute(
        "insert into smartpark.escalation (work_order, round, step, level, due, fired, people)"
        " values (%(order)s, 99, 0, 1, %(now)s, %(now)s, %(people)s)",
        {"order": order, "now": wall.now, "people": [person(wall, login) for login in logins]},
    )
    wall.conn.commit()


def events(wall: Wall, order: int) -> list[dict[str, Any]]:
    """What happened to it: action, actor, at, happened, device_time, offset_s, reason, detail."""
    columns = ("action", "actor", "at", "happened", "device_time", "offset_s", "reason", "detail", "to_state")
    rows = wall.conn.execute(
        "select action, actor, at, happened, device_time, offset_s, reason, detail, to_state"
        " from smartpark.work_order_event where work_order = %s order by seq",
        [order],
    ).fetchall()
    wall.conn.commit()
    return [dict(zip(columns, row, strict=True)) for row in rows]


made: dict[str, int] = {}
"""The numbers of `busy` orders, by name."""


def busy(wall: Wall) -> dict[str, int]:
    """Twelve orders in all states: of zhang.wei, of ma.chao, and of nobody."""
    made.clear()
    made["late"] = put(wall, "leak", ago_min=34, verify_s=600.0)
    do(wall, made["late"], A.ACCEPT, ago_min=31)
    made["here"] = put(wall, "chiller", ago_min=50, verify_s=600.0)
    do(wall, made["here"], A.ACCEPT, ago_min=45)
    do(wall, made["here"], A.ARRIVE, ago_min=22, detail={"proof": "code"})
    made["way"] = put(wall, "door", ago_min=50, origin="request")
    do(wall, made["way"], A.ACCEPT, ago_min=35)
    do(wall, made["way"], A.DEPART, ago_min=8)
    made["waits"] = put(wall, "aircon", ago_min=200)
    do(wall, made["waits"], A.ACCEPT, ago_min=180)
    do(wall, made["waits"], A.ARRIVE, ago_min=140)
    do(wall, made["waits"], A.WAIT, ago_min=130, reason="parts")
    made["done"] = put(wall, "pump", ago_min=60, verify_s=600.0)
    do(wall, made["done"], A.ACCEPT, ago_min=56)
    do(wall, made["done"], A.ARRIVE, ago_min=40, detail={"proof": "nfc"})
    do(wall, made["done"], A.FINISH, ago_min=6)
    made["again"] = put(wall, "lights", ago_min=300)
    do(wall, made["again"], A.ACCEPT, ago_min=290)
    do(wall, made["again"], A.FINISH, ago_min=100, detail={"remote": True})
    do(wall, made["again"], A.REOPEN, login="li.ming", ago_min=20, reason="又跳闸了")
    made["lift"] = put(wall, "lift", ago_min=3)
    made["nobody"] = put(wall, "aircon", ago_min=44)
    made["tap"] = put(wall, "tap", ago_min=2, origin="request")
    for name in ("lift", "nobody", "tap"):
        offer(wall, made[name], "zhang.wei", "ma.chao")
    made["other"] = put(wall, "lights", ago_min=25)
    do(wall, made["other"], A.ACCEPT, login="ma.chao", ago_min=20)
    made["confirmed"] = put(wall, "tap", ago_min=600)
    do(wall, made["confirmed"], A.ACCEPT, A.FINISH, login="ma.chao", ago_min=300)
    do(wall, made["confirmed"], A.CONFIRM, login="li.ming", ago_min=120)
    made["assigned"] = put(wall, "door", ago_min=12)
    assign(wall, made["assigned"], "zhang.wei", ago_min=5)
    return made


def phone_time(event: dict[str, Any]) -> datetime:
    """When it was tapped, by the park's clock."""
    found: datetime = event["device_time"] + timedelta(seconds=event["offset_s"])
    return found
