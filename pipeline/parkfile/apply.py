"""`park apply FILE`: brings the database to what a park file says, or shows what that would change."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pipeline.domain.errors import ParkError
from pipeline.parkfile.problems import InvalidParkFileError
from pipeline.parkfile.reader import read
from pipeline.settings import Settings
from pipeline.store import parks
from pipeline.store.database import connect
from pipeline.store.park_plan import Plan


def main(argv: list[str]) -> int:
    """0 when the database says what the file says (or, with --dry-run, would after applying it); else 1."""
    parser = argparse.ArgumentParser(prog="park apply", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="park file (docs/park-file.md)")
    parser.add_argument("--dry-run", action="store_true", help="show the plan, write nothing")
    parser.add_argument("--take-rules", action="store_true", help="take the file's rules where the API changed them")
    parser.add_argument("--json", action="store_true", help="the plan as one line of JSON")
    asked = parser.parse_args(argv)
    try:
        settings = Settings.from_env()
        park = read(asked.file)
        with connect(settings.require("database_url"), application="park apply") as conn:
            if asked.dry_run:
                plan = parks.plan(conn, park, take_rules=asked.take_rules)
            else:
                plan = parks.apply(conn, park, now=settings.clock.now(), take_rules=asked.take_rules)
    except ParkError as error:
        return fail(error, as_json=asked.json)
    report(plan, dry_run=asked.dry_run, as_json=asked.json)
    return 0


def report(plan: Plan, *, dry_run: bool, as_json: bool, **more: Any) -> None:
    """Prints a plan and whether it was carried out."""
    if as_json:
        print(json.dumps({"ok": True, "applied": not dry_run, **plan.as_json(), **more}, ensure_ascii=False))
        return
    print(f"park {plan.park_id}")
    for line in plan.lines():
        print(f"  {line}")
    if dry_run and not plan.empty:
        print("nothing was written (--dry-run)")


def fail(error: ParkError, *, as_json: bool) -> int:
    """Tells what went wrong, every problem of a file on a line of its own; the exit status 1."""
    print(error, file=sys.stderr)
    if as_json:
        problems = [p._asdict() for p in error.problems] if isinstance(error, InvalidParkFileError) else []
        print(json.dumps({"ok": False, "error": str(error), "problems": problems}, ensure_ascii=False))
    return 1
