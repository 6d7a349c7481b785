"""`park desk`: brings the database to what the desk files say, or tells whether they can be applied."""

import argparse
import json
from pathlib import Path

from pipeline.settings import Settings
from pipeline.store import asked, desk
from pipeline.store.database import connect


def main(argv: list[str]) -> int:
    """`park desk apply|check PATH`: a file, or a folder of them. `check` applies them too, and takes it back."""
    parser = argparse.ArgumentParser(prog="park desk", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    common = asked.common()
    for name, about in (("apply", "make the database say it"), ("check", "only tell what that would change")):
        made = verbs.add_parser(name, help=about, parents=[asked.acting(common)])
        made.add_argument("path", type=Path, metavar="PATH", help="a desk file, or a folder of them (docs/people.md)")
    args = parser.parse_args(argv)
    settings = Settings.from_env()
    found = desk.read(args.path)
    with connect(settings.require("database_url"), application="park desk") as conn:
        park_id = asked.park(conn, args.park)
        done = desk.apply(conn, park_id, found, now=settings.clock.now(), actor=args.actor)
        if args.verb == "check":
            conn.rollback()
    for name, one in done.items():
        print(f"{name}: {one.added} added, {one.changed} changed, {one.retired} retired")
    if args.json:
        sections = {name: one._asdict() for name, one in done.items()}
        print(json.dumps({"ok": True, "applied": args.verb == "apply", "sections": sections}))
    return 0
