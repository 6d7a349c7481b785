"""`park rules`: lists, shows and writes out the alarm rules of a park, and tries them on what was measured."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from pipeline.domain.errors import NotFound, ParkError
from pipeline.domain.noise import AdviceKind
from pipeline.domain.rule import Rule, SubjectKind
from pipeline.domain.subjects import Subject
from pipeline.parkfile.apply import fail
from pipeline.parkfile.devices import only_park, save
from pipeline.parkfile.problems import write_nearest
from pipeline.parkfile.reader import read_rules
from pipeline.parkfile.rule_words import toml_of
from pipeline.rules.trial import MOST, Trial, try_rule
from pipeline.settings import Settings
from pipeline.store import parks, rules
from pipeline.store.database import connect, guarded
from pipeline.store.rule_spec import from_spec
from pipeline.store.rules import Stored
from pipeline.store.watches import registered

SHOWN = 30  # alarms of a dry run that a terminal shows; --json has more


def main(argv: list[str]) -> int:
    """0 when it was done; 1 with what is wrong."""
    asked = _parser().parse_args(argv)
    as_json = getattr(asked, "json", False)
    try:
        settings = Settings.from_env()
        with connect(settings.require("database_url"), application="park rules") as conn, guarded():
            park_id = asked.park or only_park(conn)
            if asked.verb == "try":
                now = settings.clock.now()
                return _try(conn, park_id, asked, since=now - timedelta(days=asked.days), until=now)
            have = rules.stored(conn, park_id)
            if asked.verb == "list":
                _list(have, as_json=as_json)
            elif asked.verb == "show":
                _show(_find(have, asked.rule), as_json=as_json)
            else:
                wanted = [_find(have, name) for name in asked.rules] or [r for r in have.values() if not r.retired]
                save(toml_of(from_spec(row.spec) for row in wanted).encode(), asked.out)
    except ParkError as error:
        return fail(error, as_json=as_json)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="park rules", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    listing = verbs.add_parser("list", help="all rules: version, where from, priority")
    show = verbs.add_parser("show", help="one rule, as the park file would say it")
    show.add_argument("rule", metavar="ID")
    out = verbs.add_parser("export", help="write rules as a file that `rule_files` can name")
    out.add_argument("rules", nargs="*", metavar="ID", help="which; all that are not retired if left out")
    out.add_argument("--out", type=Path, metavar="FILE", help="where to; standard output if left out")
    trial = verbs.add_parser("try", help="which alarms a rule would have raised")
    trial.add_argument("rule", metavar="ID|FILE", help="a rule of the park, or a park or rule file")
    trial.add_argument("--days", type=_days, default=7.0, help="so far back (7)")
    trial.add_argument("--most", type=int, default=20 * MOST, help="stop after so many readings of a rule (20 million)")
    for verb in (listing, show, trial):
        verb.add_argument("--json", action="store_true", help="one line of JSON")
    for verb in (listing, show, out, trial):
        verb.add_argument("--park", metavar="ID", help="which park; may be left out where there is one")
    return parser


def _days(text: str) -> float:
    days = float(text)
    if not 0 < days <= 400:
        raise argparse.ArgumentTypeError("write more than 0, and at most 400")
    return days


def _find(have: dict[str, Stored], name: str) -> Stored:
    if name not in have:
        raise NotFound(f'rule "{name}"; {write_nearest(name, have, otherwise="`park rules list` shows them")}')
    return have[name]


def _list(have: dict[str, Stored], *, as_json: bool) -> None:
    if as_json:
        items = [
            {"id": row.rule_id, "version": row.version, "origin": row.origin, "retired": row.retired, "spec": row.spec}
            for row in have.values()
        ]
        print(json.dumps({"ok": True, "rules": items}, ensure_ascii=False))
        return
    for row in have.values():
        state = "retired" if row.retired else "" if row.spec["enabled"] else "disabled"
        name = row.spec["name"]
        print(
            f"{row.rule_id:24} {row.spec['kind']:10} {row.spec['priority']:9} v{row.version:<3} {row.origin:10}"
            f" {name['zh']} / {name['en']} {state}".rstrip()
        )


def _show(row: Stored, *, as_json: bool) -> None:
    if as_json:
        told = {"ok": True, "version": row.version, "origin": row.origin, "spec": row.spec}
        print(json.dumps(told, ensure_ascii=False))
        return
    print(f"# version {row.version}, {row.at:%Y-%m-%d %H:%M} UTC by {row.actor}, {row.origin}")
    print(toml_of([from_spec(row.spec)]).removeprefix("format = 1\n\n"), end="")


def _try(
    conn: psycopg.Connection, park_id: str, asked: argparse.Namespace, *, since: datetime, until: datetime
) -> int:  # fmt: skip
    file = Path(asked.rule)
    wanted: Sequence[Rule]
    if file.suffix or file.exists():
        wanted = read_rules(file, registered(conn, park_id).candidates)
    else:
        wanted = [from_spec(_find(rules.stored(conn, park_id), asked.rule).spec)]
    found = [try_rule(conn, park_id, rule, since=since, until=until, most=asked.most) for rule in wanted]
    if asked.json:
        print(json.dumps({"ok": True, "trials": [trial.as_json() for trial in found]}, ensure_ascii=False))
        return 0
    zone = ZoneInfo(parks.load(conn, park_id).time_zone)
    for trial in found:
        _tell(trial, zone)
    return 0


def _tell(trial: Trial, zone: ZoneInfo) -> None:
    days = (trial.until - trial.since) / timedelta(days=1)
    at = len({would.subject for would in trial.raised})
    alarms = f"{trial.alarms} alarm{'' if trial.alarms == 1 else 's'}"
    span = f"{days:g} day{'' if days == 1 else 's'}"
    print(f"{trial.rule.rule_id}: would have raised {alarms} in {span}, at {at} of {trial.looked_at} subjects")
    if trial.rule.subject is SubjectKind.POINT and trial.looked_at:  # readings come always, events need not
        if trial.first is None:
            print("  nothing is stored of that time: it says nothing about the rule")
        elif trial.first - trial.since > (trial.until - trial.since) / 10:
            print(f"  stored only since {trial.first.astimezone(zone):%Y-%m-%d %H:%M}")
    if trial.standing:
        print(f"  {trial.standing} more stood when that time began")
    for subject, advice in trial.chattering:
        told = ""
        if advice is not None:
            unit = "" if advice.kind is AdviceKind.DEADBAND else " s"
            told = f"; {advice.kind} {advice.amount:g}{unit} would have left {advice.left} of {advice.alarms}"
        print(f"  {_name(subject)} would chatter{told}")
    for would in trial.raised[:SHOWN]:
        over = f"{would.returned.astimezone(zone):%H:%M:%S}" if would.returned else "stands"
        value = "" if would.value is None else f"{would.value:g} {would.reason.get('unit', '')}".rstrip()
        again = " (again)" if would.reopened else ""
        print(f"  {would.raised.astimezone(zone):%Y-%m-%d %H:%M:%S} – {over:8}  {_name(would.subject)}  {value}{again}")
    if len(trial.raised) > SHOWN:
        print(f"  and {len(trial.raised) - SHOWN} more (--json lists them)")
    if trial.truncated:
        print(f"  {trial.truncated}", file=sys.stderr)


def _name(subject: Subject) -> str:
    return "/".join(part for part in (subject.device_id, subject.point, subject.space_id) if part)
