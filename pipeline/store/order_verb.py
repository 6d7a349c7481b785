"""`park order`: work orders from a terminal, the codes that prove who is on site, and what is planned."""

import argparse
import getpass
import json
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.errors import ConfigurationError, NotFound
from pipeline.domain.work_order import MOVES, OrderAction
from pipeline.settings import Settings
from pipeline.store import floods, on_site, work_orders
from pipeline.store.database import connect
from pipeline.store.work_orders import QUERIES, OrderAct, Row

NOT_BY_HAND = {OrderAction.VERIFY, OrderAction.CLOSE, OrderAction.RECUR, OrderAction.ESCALATE, OrderAction.PHOTO}


def parser() -> argparse.ArgumentParser:
    """The words of `park order`."""
    top = argparse.ArgumentParser(prog="park order", description="Show work orders, and act on them.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    common.add_argument("--park", help="the park's id; may be left out where there is one park")
    verbs = top.add_subparsers(dest="verb", required=True)
    listed = verbs.add_parser("list", help="list orders by what is due", parents=[common])
    listed.add_argument("--state", choices=["open", "ended", "all"], default="open")
    listed.add_argument("--limit", type=int, default=50)
    shown = verbs.add_parser("show", help="show one with its events", parents=[common])
    shown.add_argument("order", type=int)
    act = verbs.add_parser("act", help="do one thing to an order", parents=[common])
    act.add_argument("order", type=int)
    act.add_argument("action", choices=[a.value for a in MOVES if a not in NOT_BY_HAND])
    act.add_argument("--reason")
    act.add_argument("--person", help="assign, accept: the login of who has it then")
    act.add_argument("--to", help="priority: P1 to P4")
    act.add_argument("--at", help="appoint: ISO time with an offset")
    act.add_argument("--actor", default=getpass.getuser(), help="who acts, for the events; default: who you are here")
    plans = verbs.add_parser("plans", help="what is planned, and certificates", parents=[common])
    plans.add_argument("--days", type=int, default=45, help="slots so far ahead")
    for name, about in (("code", "what the display at a place shows now"), ("tag", "what its NFC tag says")):
        made = verbs.add_parser(name, help=about, parents=[common])
        made.add_argument("place", help="id of a space or device")
    return top


def main(argv: list[str]) -> int:
    """`park order`."""
    args = parser().parse_args(argv)
    settings = Settings.from_env()
    now = settings.clock.now()
    with connect(settings.require("database_url"), application="park order") as conn:
        conn.autocommit = True
        told = tell(conn, args, settings, now=now)
    print(json.dumps(told, ensure_ascii=False, default=str) if args.json else "\n".join(lines(told)) or "nothing")
    return 0


def tell(conn: psycopg.Connection, args: argparse.Namespace, settings: Settings, *, now: datetime) -> dict[str, Any]:
    """Does what was asked, and tells what there is then."""
    if args.verb == "show":
        return one(conn, args.order)
    if args.verb == "act":
        work_orders.act(conn, as_act(conn, args), now=now)
        return one(conn, args.order)
    park = args.park or floods.only_park(conn)
    if args.verb == "list":
        asked = {"park": park, "state": args.state, "rows": max(1, min(args.limit, 1000))}
        return {"orders": rows(conn, "orders_told", **asked)}
    if args.verb == "plans":
        return {"plans": rows(conn, "plans_told", park=park, now=now, days=args.days)}
    secret, place = settings.require("site_secret"), f"{park}/{args.place}"
    if not rows(conn, "place_known", park=park, place=args.place):
        raise NotFound(f"space or device {args.place} in park {park}")
    if args.verb == "tag":
        return {"place": args.place, "tag": on_site.tag(secret, place)}
    left = on_site.WINDOW_S - int(now.timestamp()) % on_site.WINDOW_S
    return {"place": args.place, "code": on_site.rotating_code(secret, place, now), "for_s": left}


def as_act(conn: psycopg.Connection, args: argparse.Namespace) -> OrderAct:
    """The act that was written. Raises NotFound, ConfigurationError."""
    detail: dict[str, Any] = {name: getattr(args, name) for name in ("to", "at") if getattr(args, name)}
    person = None
    if args.person:
        found = rows(conn, "person_told", login=args.person)
        if not found:
            raise NotFound(f"a person with the login {args.person}")
        person = int(found[0]["person"])
    action = OrderAction(args.action)
    if action is OrderAction.ASSIGN:
        if person is None:
            raise ConfigurationError("write --person LOGIN")
        detail |= {"person": person, "login": args.person}
    if action is OrderAction.APPOINT and (not args.at or datetime.fromisoformat(args.at).tzinfo is None):
        raise ConfigurationError("write --at TIME, with an offset")
    return OrderAct(order=args.order, action=action, actor=args.actor, reason=args.reason, detail=detail,
                    person=person if action is OrderAction.ACCEPT else None)  # fmt: skip


def one(conn: psycopg.Connection, order: int) -> dict[str, Any]:
    """An order and its events. Raises NotFound."""
    found = rows(conn, "order_told", order=order)
    if not found:
        raise NotFound(f"work order {order}")
    return {"orders": found, "events": rows(conn, "events_told", order=order)}


def rows(conn: psycopg.Connection, query: str, **values: Any) -> list[Row]:
    """The rows of a query by column name."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], values).fetchall()


def lines(told: dict[str, Any]) -> list[str]:
    """The same in words."""
    out = []
    for row in told.get("orders", []):
        due = f"due {row['due']:%m-%d %H:%M%z}" if row["due"] else ""
        who = row["assignee"] or "nobody"
        out.append(f"{row['work_order']:>8}  {row['priority']}  {row['state']:9}  {who:12}  {row['title_en']}  {due}")
    for row in told.get("events", []):
        words = f": {row['reason']}" if row["reason"] else ""
        out.append(f"          {row['happened']:%m-%d %H:%M:%S%z}  {row['actor']}  {row['action']}{words}")
    for row in told.get("plans", []):
        over = "  EXPIRED" if row["expired"] else ""
        due = f"{row['due']:%Y-%m-%d %H:%M%z}" if row["due"] else "by its counter"
        out.append(f"{row['plan_id']:40}  {row['kind']:10}  {due}  order {row['work_order'] or '-'}{over}")
    if "code" in told:
        out.append(f"{told['code']}  for {told['for_s']} s")
    return [*out, told["tag"]] if "tag" in told else out
