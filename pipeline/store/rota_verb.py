"""`park rota`: who is on duty, from a terminal; swaps, and taking them back."""

import argparse
import getpass
import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.errors import ConfigurationError, ParkError
from pipeline.domain.rota import FIRST, HEAD
from pipeline.settings import Settings
from pipeline.store import rotas
from pipeline.store.alarm_verb import instant
from pipeline.store.database import connect, guarded
from pipeline.store.floods import only_park


def parser() -> argparse.ArgumentParser:
    """The words of `park rota`."""
    top = argparse.ArgumentParser(prog="park rota", description="Show who is on duty, and say who comes instead.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    common.add_argument("--park", help="the park's id; may be left out where there is one park")
    verbs = top.add_subparsers(dest="verb", required=True)
    show = verbs.add_parser("show", help="who is on duty, what comes, and skills without anybody", parents=[common])
    show.add_argument("--at", type=instant, help="ISO time with an offset; default: now")
    show.add_argument("--hours", type=float, default=24.0, help="how much of what comes (default 24)")
    acting = argparse.ArgumentParser(add_help=False, parents=[common])
    acting.add_argument("--actor", default=getpass.getuser(), help="who says so; default: who you are here")
    change = verbs.add_parser("change", help="somebody is away, or comes instead or beside", parents=[acting])
    change.add_argument("rota")
    change.add_argument("--from", type=instant, dest="starts", required=True, help="ISO time with an offset")
    change.add_argument("--to", type=instant, dest="ends", required=True, help="ISO time with an offset")
    change.add_argument("--away", metavar="LOGIN")
    change.add_argument("--instead", metavar="LOGIN", help="without --away: comes beside")
    change.add_argument("--level", type=int, choices=range(1, 10), default=None, help="of who comes beside; default 1")
    change.add_argument("--reason", required=True)
    verbs.add_parser("cancel", help="take a change back", parents=[acting]).add_argument("number", type=int)
    return top


def main(argv: list[str]) -> int:
    """0 when it was shown or done; 1 with a line that says why not."""
    asked = parser().parse_args(argv)
    settings = Settings.from_env()
    try:
        with connect(settings.require("database_url"), application="park rota") as conn, guarded():
            told = run(conn, asked, now=settings.clock.now())
            conn.commit()
    except ParkError as error:
        print(
            json.dumps({"ok": False, "error": str(error)}, ensure_ascii=False) if asked.json else f"park rota: {error}"
        )
        return 1
    print(json.dumps(told, ensure_ascii=False, default=str) if asked.json else words(told))
    return 0


def run(conn: psycopg.Connection, asked: argparse.Namespace, *, now: datetime) -> dict[str, Any]:
    """What is known or was done, as `--json` prints it."""
    park_id = asked.park or only_park(conn)
    if asked.verb == "cancel":
        rotas.cancel(conn, asked.number, actor=asked.actor, now=now)
        return {"ok": True, "cancelled": asked.number}
    if asked.verb == "change":
        if asked.ends <= asked.starts:
            raise ConfigurationError("--to is after --from")
        if not (asked.away or asked.instead):
            raise ConfigurationError("write --away, or --instead, or both")
        level = None if asked.away else asked.level or FIRST
        number = rotas.change(
            conn, park_id, asked.rota, starts=asked.starts, ends=asked.ends, away=asked.away, instead=asked.instead,
            level=level, reason=asked.reason, actor=asked.actor, now=now,
        )  # fmt: skip
        return {"ok": True, "change": number}
    at = asked.at or now
    zones: dict[str, str] = dict(conn.execute(rotas.QUERIES["parks_with_rotas"]).fetchall())
    zone = ZoneInfo(zones.get(park_id, "UTC"))
    with conn.cursor(row_factory=dict_row) as cursor:
        until = at + timedelta(hours=asked.hours)
        coming = cursor.execute(
            rotas.QUERIES["shifts_between"], {"park": park_id, "since": at, "until": until}
        ).fetchall()
    for row in coming:
        row["starts"], row["ends"] = row["starts"].astimezone(zone), row["ends"].astimezone(zone)
    return {
        "ok": True, "park": park_id, "at": at.astimezone(zone), "duty": on_duty(conn, park_id, at),
        "gaps": rotas.gaps(conn, park_id, at), "coming": coming,
    }  # fmt: skip


def on_duty(conn: psycopg.Connection, park_id: str, at: datetime) -> list[dict[str, Any]]:
    """Who is there for each rota and level."""
    plan = rotas.plan_at(conn, park_id, at)
    found = []
    for rota in sorted(plan.rotas, key=lambda r: r.rota_id):
        for level in range(FIRST, HEAD + 1):
            people = plan.present(rota.rota_id, level)
            names: dict[int, str] = dict(conn.execute(rotas.QUERIES["logins"], {"people": list(people)}).fetchall())
            if people:
                told = [names[person] for person in people]
                where = {"rota": rota.rota_id, "space": rota.space_id, "skills": sorted(rota.skills)}
                found.append({**where, "level": level, "people": told})
    return found


def words(told: dict[str, Any]) -> str:
    """The same for a person."""
    if "duty" not in told:
        return f"change {told['change']}" if "change" in told else f"change {told['cancelled']} is taken back"
    lines = [f"park {told['park']}, {told['at']:%Y-%m-%d %H:%M}"]
    for row in told["duty"]:
        where = row["space"] or "the whole park"
        who, skills = ", ".join(row["people"]), ", ".join(row["skills"])
        lines.append(f"  {row['rota']:14} level {row['level']}  {who:24} {where}: {skills}")
    lines += [f"  NOBODY is on duty at level 1 for {skill}" for skill in told["gaps"]]
    lines.append("shifts and changes:")
    for row in told["coming"]:
        number = f"  (change {row['change']}: {row['name']})" if row["change"] else ""
        when = f"{row['starts']:%m-%d %H:%M} to {row['ends']:%m-%d %H:%M}"
        lines.append(f"  {when}  {row['rota_id']:14} {row['level'] or ''} {row['login']}{number}")
    return "\n".join(lines)
