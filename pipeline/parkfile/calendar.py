"""`park calendar`: which days are worked; imported from what is published, shown, and corrected day by day."""

import argparse
import json
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from pipeline.domain.errors import ConfigurationError, ParkError
from pipeline.domain.rule import DayKind
from pipeline.parkfile.apply import fail
from pipeline.settings import Settings
from pipeline.store import calendar
from pipeline.store.calendar import CalendarRow
from pipeline.store.database import connect, guarded
from pipeline.store.floods import only_park


def main(argv: list[str]) -> int:
    """0 when it was done or shown; 1 where nobody has published that year, or a word is wrong."""
    asked = _parser().parse_args(argv)
    try:
        settings = Settings.from_env()
        with connect(settings.require("database_url"), application="park calendar") as conn, guarded():
            told = run(conn, asked, now=settings.clock.now())
            conn.commit()
    except ParkError as error:
        return fail(error, as_json=asked.json)
    print(json.dumps(told, ensure_ascii=False) if asked.json else _words(told))
    return 0


def run(conn: psycopg.Connection, asked: argparse.Namespace, *, now: datetime) -> dict[str, Any]:
    """What was done or is known, as `--json` prints it."""
    park_id = asked.park or only_park(conn)
    zone = calendar.zones(conn).get(park_id)
    if zone is None:
        raise ConfigurationError(f'park "{park_id}" was never applied; run `park apply FILE`')
    year = asked.day.year if asked.verb == "set" else asked.year or now.astimezone(ZoneInfo(zone)).year
    told: dict[str, Any] = {"ok": True, "park": park_id, "year": year}
    if asked.verb == "set":
        told["changed"] = calendar.set_day(conn, park_id, CalendarRow(asked.day, asked.kind, asked.name), now=now)
    elif asked.verb == "import":
        told["changed"] = calendar.put(conn, park_id, calendar.published(year))
    rows = calendar.days(conn, park_id, year)
    told["missing"] = (date(year + 1, 1, 1) - date(year, 1, 1)).days - len(rows)
    told["next_year"] = bool(calendar.days(conn, park_id, year + 1))
    told["days"] = [
        {"day": row.day.isoformat(), "kind": row.kind, "name": row.name, "source": row.source}
        for row in rows
        if row.name or row.source != calendar.LIBRARY
    ]
    return told


def _words(told: dict[str, Any]) -> str:
    lines = [f"park {told['park']}, {told['year']}: holidays, make-up days, and what people have set"]
    lines += [f"  {d['day']}  {d['kind']:<8} {d['name'] or ''}  ({d['source']})" for d in told["days"]]
    if "changed" in told:
        lines.append(f"written: {told['changed']}")
    if told["missing"]:
        lines.append(f"{told['missing']} days have no row: weekdays are taken for working days, weekends for days off")
    if not told["next_year"]:
        lines.append(f"{told['year'] + 1} has no calendar yet; it is published in November")
    return "\n".join(lines)


def _kind(text: str) -> DayKind:
    if text not in list(DayKind):
        raise argparse.ArgumentTypeError(f'"{text}" is no kind of day; write one of {", ".join(DayKind)}')
    return DayKind(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="park calendar", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    into = verbs.add_parser("import", help="write what is published for a year; what people have set stays")
    show = verbs.add_parser("show", help="what the calendar says of a year, and what is missing")
    for verb in (into, show):
        verb.add_argument("--year", type=int, metavar="Y", help="this year if left out")
    one = verbs.add_parser("set", help="say what one day is; no import overwrites it")
    one.add_argument("day", type=date.fromisoformat, metavar="DAY", help="2026-02-14")
    one.add_argument("kind", type=_kind, metavar="KIND", help=", ".join(DayKind))
    one.add_argument("name", nargs="?", metavar="NAME", help="why")
    for verb in (into, show, one):
        verb.add_argument("--park", metavar="ID", help="which park; may be left out where there is one")
        verb.add_argument("--json", action="store_true", help="as one line of JSON")
    return parser
