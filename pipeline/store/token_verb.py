"""`park token`: tokens for programs and wall screens. A token is printed once, when it is made."""

import argparse
import json
from datetime import timedelta
from typing import Any

import psycopg

from pipeline.domain.role import PERMISSIONS, Permission, Role
from pipeline.settings import Settings
from pipeline.store import asked, tokens
from pipeline.store.database import connect


def parser() -> argparse.ArgumentParser:
    """The words of `park token`."""
    top = argparse.ArgumentParser(
        prog="park token", description="Tokens for programs and wall screens (docs/people.md)."
    )
    common = asked.common()
    acting = asked.acting(common)
    verbs = top.add_subparsers(dest="verb", required=True)
    add = verbs.add_parser("add", help="make one, and print it once", parents=[acting])
    add.add_argument("name", help="what it is for")
    add.add_argument("--role", type=Role, choices=list(Role), metavar="|".join(Role), default=Role.WALL)
    add.add_argument("--scope", action="append", type=Permission, metavar="PERMISSION", choices=list(Permission),
                     help="one of the role's permissions, such as park.read; may be repeated")  # fmt: skip
    add.add_argument("--company", help="a tenant's: its id")
    add.add_argument("--days", type=float, help="it is over then; default: when it is revoked")
    verbs.add_parser("list", help="list those that were not revoked", parents=[common])
    verbs.add_parser("revoke", help="end one", parents=[acting]).add_argument("token", type=int, metavar="NUMBER")
    return top


def main(argv: list[str]) -> int:
    """`park token`."""
    args = parser().parse_args(argv)
    settings = Settings.from_env()
    with connect(settings.require("database_url"), application="park token") as conn:
        told = act(conn, args, settings)
    if args.json:
        print(json.dumps(told, ensure_ascii=False, default=str))
        return 0
    for row in told.get("tokens", []):
        print("  ".join(f"{key} {value}" for key, value in row.items() if value is not None))
    if "value" in told:
        print(told["value"])
        if told["role"] is Role.WALL:
            print("On a wall screen, open the page once with ?token=… at its end.")
    return 0


def act(conn: psycopg.Connection, args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """Does what was asked, and tells what there is then."""
    park_id, now = asked.park(conn, args.park), settings.clock.now()
    if args.verb == "list":
        return {"tokens": tokens.listed(conn, park_id)}
    if args.verb == "revoke":
        tokens.revoke(conn, park_id, args.token, now=now, actor=args.actor)
        return {"revoked": args.token}
    made = tokens.add(
        conn, park_id, args.name, role=args.role, scopes=args.scope, now=now, actor=args.actor, company=args.company,
        expires=None if args.days is None else now + timedelta(days=args.days),
    )  # fmt: skip
    return {**made._asdict(), "role": args.role, "scopes": sorted(args.scope or PERMISSIONS[args.role])}
