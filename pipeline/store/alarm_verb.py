"""`park alarm`: alarms from a terminal, for who has no screen at hand: the same acts, journal and refusals."""

import argparse
import getpass
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.errors import ConfigurationError, NotFound
from pipeline.settings import Settings
from pipeline.store import alarm_acts as acts
from pipeline.store import floods, maintenance
from pipeline.store.alarm_acts import Person
from pipeline.store.alarm_changes import QUERIES, Row
from pipeline.store.database import connect

MOST = 1000


def parser() -> argparse.ArgumentParser:
    """The words of `park alarm`."""
    top = argparse.ArgumentParser(prog="park alarm", description="Show alarms, and act on them.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    common.add_argument("--park", help="the park's id; may be left out where there is one park")
    acting = argparse.ArgumentParser(add_help=False, parents=[common])
    acting.add_argument(
        "--actor", default=getpass.getuser(), help="who acts, for the journal; default: who you are here"
    )
    verbs = top.add_subparsers(dest="verb", required=True)

    def verb(name: str, about: str, *, many: bool = False, reads: bool = False) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=about, parents=[common if reads else acting])
        made.add_argument("alarms", type=int, nargs="+" if many else 1, metavar="ALARM")
        return made

    listed = verbs.add_parser("list", help="list alarms, the newest first", parents=[common])
    listed.add_argument("--state", choices=["open", "closed", "all"], default="open")
    listed.add_argument("--priority", choices=["critical", "high", "medium", "low"])
    listed.add_argument("--device")
    listed.add_argument("--limit", type=int, default=50)
    verb("show", "show one with what to do and its journal", reads=True)
    verb("ack", "say that you have seen some", many=True).add_argument("--comment")
    verb("reset", "close a latched one that is over").add_argument("--comment")
    verb("comment", "add words to its journal").add_argument("comment", metavar="TEXT")
    shelf = verb("shelve", "keep one from people for a while")
    shelf.add_argument("--minutes", type=float, required=True)
    shelf.add_argument("--reason", required=True)
    verb("release", "end what keeps one from people").add_argument("--reason")
    out = verb("out-of-service", "take what one is about out of service")
    out.add_argument("--reason", required=True)
    out.add_argument("--owner", help="who answers for it meanwhile; default: the actor")
    out.add_argument("--until", type=instant, help="ISO time with an offset; default: until it is released")
    out.add_argument("--whole-device", action="store_true", help="all alarms of the device, life safety apart")
    work = verbs.add_parser("maintenance", help="planned work, while which nobody is paged", parents=[acting])
    work.add_argument("what", choices=["list", "plan", "cancel"])
    work.add_argument("number", type=int, nargs="?", help="of the window to cancel")
    work.add_argument("--from", type=instant, dest="starts", help="ISO time with an offset; default: now")
    work.add_argument("--to", type=instant, dest="ends", help="ISO time with an offset")
    work.add_argument("--device")
    work.add_argument("--space", help="and everything below; neither device nor space: the whole park")
    work.add_argument("--reason")
    return top


def instant(text: str) -> datetime:
    """An ISO 8601 time with an offset."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no offset; write {text}+08:00")
    return found


def main(argv: list[str]) -> int:
    """`park alarm`."""
    args = parser().parse_args(argv)
    settings = Settings.from_env()
    now = settings.clock.now()
    with connect(settings.require("database_url"), application="park alarm") as conn:
        conn.autocommit = True
        try:
            with conn.transaction():
                told = act(conn, args, settings, now=now)
        except psycopg.errors.InsufficientPrivilege as error:
            raise ConfigurationError(
                "this account may not see or change alarms; take the PARK_DATABASE_URL of the API or of the owner"
            ) from error
    if args.json:
        print(json.dumps(told, ensure_ascii=False, default=written))
    else:
        show(told)
    return 1 if any(answer["outcome"] == "refused" for answer in told.get("answers", [])) else 0


def act(conn: psycopg.Connection, args: argparse.Namespace, settings: Settings, *, now: datetime) -> dict[str, Any]:
    """Does what was asked, and tells what there is then."""
    if args.verb == "list":
        return {"alarms": listed(conn, args)}
    if args.verb == "show":
        return {"alarms": one(conn, args.alarms[0]), "journal": rows(conn, "journal_told", alarm=args.alarms[0])}
    try:
        person = Person.named(args.actor, now)
    except ValueError as error:
        raise ConfigurationError(f"--actor: {error}") from error
    if args.verb == "maintenance":
        return {"maintenance": plan(conn, args, person)}
    if args.verb == "ack":
        answers = acts.acknowledge(conn, args.alarms, person, comment=args.comment)
        return {"answers": [asdict(answer) for answer in answers]}
    (alarm,) = args.alarms
    if args.verb == "reset":
        acts.reset(conn, alarm, person, words=args.comment)
    elif args.verb == "comment":
        acts.comment(conn, alarm, person, words=args.comment)
    elif args.verb == "shelve":
        if not 0 < args.minutes <= settings.shelf_hours * 60:
            raise ConfigurationError(f"--minutes is more than 0 and at most {settings.shelf_hours * 60:g}")
        acts.shelve(conn, alarm, person, until=now + timedelta(minutes=args.minutes), reason=args.reason)
    elif args.verb == "release":
        acts.release(conn, alarm, person, reason=args.reason)
    else:
        if args.until and args.until <= now:
            raise ConfigurationError("--until is over already")
        acts.take_out(
            conn, alarm, person, owner=args.owner or person.actor, reason=args.reason, until=args.until,
            whole_device=args.whole_device,
        )  # fmt: skip
    return {"alarms": one(conn, alarm)}


def plan(conn: psycopg.Connection, args: argparse.Namespace, person: Person) -> list[Row]:
    """Plans or cancels work; the windows that there are, or the one that was meant."""
    number = args.number
    if args.what == "plan":
        if args.ends is None or not args.reason:
            raise ConfigurationError("write `park alarm maintenance plan --to TIME --reason WHY`")
        park = args.park or floods.only_park(conn)
        work = maintenance.Planned(
            park_id=park, starts=args.starts or person.now, ends=args.ends, reason=args.reason, device=args.device,
            space=args.space,
        )  # fmt: skip
        number = maintenance.plan(conn, work, person)
    elif args.what == "cancel":
        if number is None:
            raise ConfigurationError("write `park alarm maintenance cancel NUMBER`")
        maintenance.cancel(conn, number, person, reason=args.reason)
    return rows(conn, "maintenance_told", maintenance=number, now=person.now)


def listed(conn: psycopg.Connection, args: argparse.Namespace) -> list[Row]:
    """A park's alarms, or all parks'."""
    wanted = {"open": True, "closed": False, "all": None}[args.state]
    most = min(max(args.limit, 1), MOST)
    asked = {"park": args.park, "priority": args.priority, "device": args.device, "rows": most}
    return rows(conn, "alarms_told", alarms=None, open=wanted, **asked)


def one(conn: psycopg.Connection, alarm: int) -> list[Row]:
    """One alarm. Raises NotFound."""
    nothing = {"park": None, "open": None, "priority": None, "device": None, "rows": 1}
    found = rows(conn, "alarms_told", alarms=[alarm], **nothing)
    if not found:
        raise NotFound(f"alarm {alarm}")
    return found


def rows(conn: psycopg.Connection, query: str, **parameters: Any) -> list[Row]:
    """All rows of a query by column name."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], parameters).fetchall()


def show(told: dict[str, Any]) -> None:
    """The same in words."""
    for row in told.get("alarms", []):
        what = f"{row['subject']}/{row['point']}" if row["point"] else row["subject"]
        where = f"{row['priority']:8}  {row['state']:24}  {what}"
        print(f"{row['alarm']:>8}  {written(row['raised'])}  {where}  {row['rule_en']}")
        if "journal" in told:
            explain(row)
    for row in told.get("journal", []):
        words = f": {row['reason']}" if row["reason"] else ""
        print(f"          {written(row['at'])}  {row['actor']}  {row['action']} → {row['to_state']}{words}")
    for number, step in enumerate(told["alarms"][0]["response"] or [] if "journal" in told else [], 1):
        print(f"          {number}. {step['en']}  {step['zh']}")
    for answer in told.get("answers", []):
        print(f"{answer['alarm']:>8}  {answer['outcome']}  {answer['state'] or ''}  {answer['reason'] or ''}".rstrip())
    for row in told.get("maintenance", []):
        where = row["device_id"] or row["space_id"] or "the whole park"
        end = "cancelled" if row["cancelled"] else f"until {written(row['ends'])}"
        print(f"{row['maintenance']:>8}  {written(row['starts'])}  {end}  {where}: {row['reason']} ({row['set_by']})")
    if not any(told.values()):
        print("nothing")


def explain(row: Row) -> None:
    """Why it is an alarm, what that means, and by when somebody should be at it."""
    said = {key: value for key, value in row["reason"].items() if key != "kind" and value not in (None, [])}
    words = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in said.items())
    print(f"          because of {row['reason'].get('kind', 'what nobody wrote down')}: {words}")
    for what in ("cause", "consequence"):
        if row[what]:
            print(f"          {what}: {row[what]['en']}  {row[what]['zh']}")
    if row["respond_by"] and not row["closed"]:
        print(f"          respond by: {written(row['respond_by'])}")


def written(value: Any) -> str:
    """A time as both people and programs read it."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else str(value)
