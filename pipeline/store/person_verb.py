"""`park person`: who may sign in and as what, passwords and sessions, from the machine of who runs the park."""

import argparse
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from pipeline.domain.errors import ConfigurationError
from pipeline.domain.role import Role
from pipeline.settings import Settings
from pipeline.store import asked, passwords, people, sessions
from pipeline.store.database import connect


def parser() -> argparse.ArgumentParser:
    """The words of `park person`."""
    top = argparse.ArgumentParser(prog="park person", description="People who may sign in (docs/people.md).")
    common = asked.common()
    acting = asked.acting(common)
    verbs = top.add_subparsers(dest="verb", required=True)
    listed = verbs.add_parser("list", help="list people", parents=[common])
    listed.add_argument("--all", action="store_true", help="those who are no longer let in too")
    add = verbs.add_parser("add", help="make one, or change what is said of one", parents=[acting])
    add.add_argument("login")
    add.add_argument("--name", required=True)
    add.add_argument("--role", required=True, type=Role, choices=list(Role), metavar="|".join(Role))
    add.add_argument("--language", choices=["zh", "en"], default="zh")
    add.add_argument("--company", help="a tenant's: its id")
    add.add_argument("--contractor", help="a technician's who is not the park's own: its id")
    add.add_argument("--skill", action="append", default=[], help="may be repeated")
    add.add_argument("--space", action="append", default=[], help="and below; may be repeated; default: everywhere")
    add.add_argument("--password-file", type=Path, metavar="FILE", help="with the password; -: standard input")
    password = verbs.add_parser("password", help="set a password; sessions end", parents=[acting])
    password.add_argument("login")
    password.add_argument("--file", type=Path, metavar="FILE", help="with the password; default: asked for, or stdin")
    verbs.add_parser("deactivate", help="let one in no more", parents=[acting]).add_argument("login")
    held = verbs.add_parser("sessions", help="list one's sessions, or end them", parents=[acting])
    held.add_argument("login")
    held.add_argument("--revoke", metavar="NUMBER|all")
    return top


def main(argv: list[str]) -> int:
    """`park person`."""
    args = parser().parse_args(argv)
    settings = Settings.from_env()
    encoded = None
    file = args.file if args.verb == "password" else getattr(args, "password_file", None)
    if args.verb == "password" or file is not None:
        given = asked.secret(file, f"password of {args.login}")
        passwords.check(given, args.login)
        encoded = passwords.hashed(given)
    with connect(settings.require("database_url"), application="park person") as conn:
        told = act(conn, args, settings, encoded)
    for line in told.get("people", []) or told.get("sessions", []):
        print("  ".join(str(value) for value in line.values() if value not in (None, [], "")))
    if "done" in told:
        print(f"{args.login}: {told['done']}")
    if args.json:
        print(json.dumps(told, ensure_ascii=False, default=str))
    return 0


def act(conn: psycopg.Connection, args: argparse.Namespace, settings: Settings, encoded: str | None) -> dict[str, Any]:
    """Does what was asked, and tells what there is then."""
    park_id, now = asked.park(conn, args.park), settings.clock.now()
    if args.verb == "list":
        hidden = {"person", "park_id", "from_file"}
        found = people.listed(conn, park_id, inactive=args.all)
        return {"people": [{key: value for key, value in row.items() if key not in hidden} for row in found]}
    if args.verb == "add":
        profile = people.Profile(
            login=args.login, name=args.name, role=args.role, language=args.language, company=args.company,
            contractor=args.contractor, skills=tuple(args.skill), spaces=tuple(args.space),
        )  # fmt: skip
        how = people.put(conn, park_id, profile, now=now, actor=args.actor)
        if encoded is not None:
            people.set_password(conn, args.login, encoded, now=now, actor=args.actor)
        return {"done": how}
    if args.verb == "password":
        assert encoded is not None  # noqa: S101 - asked for above
        ended = people.set_password(conn, args.login, encoded, now=now, actor=args.actor)
        return {"done": f"password set, {ended} sessions ended"}
    if args.verb == "deactivate":
        done = people.deactivate(conn, args.login, now=now, actor=args.actor)
        return {"done": "deactivated" if done else "was deactivated already"}
    row = people.find(conn, args.login)
    if args.revoke == "all":
        ended = sessions.revoke_all(conn, row["person"], args.login, now=now, actor=args.actor)
        return {"done": f"{ended} sessions ended"}
    if args.revoke:
        if not args.revoke.isdigit():
            raise ConfigurationError("--revoke takes the number of a session, or all")
        done = sessions.close(conn, int(args.revoke), row["person"], args.login, now=now, actor=args.actor)
        return {"done": "session ended" if done else "there is no such session"}
    idle = timedelta(hours=settings.session_idle_hours)
    return {"sessions": sessions.listed(conn, row["person"], now=now, idle=idle)}
