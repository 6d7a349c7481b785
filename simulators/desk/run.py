"""`park simulate desk`: months of requests and orders in minutes, with their truth, and every figure checked."""

import argparse
import json
import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from rich.console import Console

from pipeline import parkfile
from pipeline.domain.errors import ConfigurationError
from pipeline.domain.park import Park, SpaceKind
from pipeline.log import configure
from pipeline.settings import Settings
from pipeline.store import calendar, desk, parks, schema
from pipeline.store.database import connect
from simulators import phones
from simulators.desk import live, terms
from simulators.desk import truth as truths
from simulators.desk.check import Check, check
from simulators.desk.compare import Window, compare
from simulators.desk.crew import NOWHERE
from simulators.desk.figures import Book
from simulators.desk.report import report
from simulators.desk.stage import Stage
from simulators.desk.terms import DESK_FOLDER
from simulators.servers import database as databases
from simulators.servers.process import ServerError

PARK_FILE = Path(__file__).parents[1] / "parks" / "qinghe.toml"
SEED = 1
UNTIL = date(2026, 11, 1)  # of the report in docs/: six months with 五一, 端午, 中秋, 国庆 and their make-up days
SHOWN = 20  # differences; all are counted


def main(argv: list[str]) -> int:
    """`park simulate desk`; exit code 1 where a figure differs from the truth."""
    args = _arguments(argv)
    settings = Settings.from_env()
    console = Console(stderr=args.json, highlight=False)
    park = parkfile.read(args.park)
    if args.live:
        return _live(settings, park, seed=args.seed, scale=args.scale, apart=frozenset(args.apart))
    zone = ZoneInfo(park.time_zone)
    end = datetime.combine(args.until, time_of_day(), zone)
    begin = datetime.combine(months_before(args.until, args.months), time_of_day(), zone)
    path = args.truth or settings.home / "desk-truth.jsonl"
    try:
        with _database(settings, console, keep=args.keep) as url:
            told = simulate(
                url, park, begin=begin, end=end, seed=args.seed, scale=args.scale, truth=path, console=console,
                            text=args.report)  # fmt: skip
    except ServerError as error:
        raise ConfigurationError(str(error)) from error
    if args.json:
        print(json.dumps(told))
    return 1 if told["differences"] else 0


def _live(settings: Settings, park: Park, *, seed: int, scale: float, apart: frozenset[str]) -> int:
    """Plays people in the database that PARK_DATABASE_URL names, until it is told to stop."""
    configure(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with connect(settings.require("database_url"), application="park simulate desk") as conn:
        conn.autocommit = False
        now = settings.clock.now()
        live.run(live.Live(conn, park, seed=seed, now=now, scale=scale, apart=apart), settings.clock, stop)
    return 0


def simulate(url: str, park: Park, *, begin: datetime, end: datetime, seed: int, scale: float, truth: Path,
             console: Console, text: Path | None = None) -> dict[str, Any]:  # fmt: skip
    """Plays a span into a migrated database, writes the truth, compares; what `--json` prints."""
    begun = time.monotonic()
    logging.getLogger("pipeline.engine").setLevel(logging.ERROR)  # who cannot be reached in a simulation is no news
    with connect(url, application="park simulate desk") as conn:
        conn.autocommit = False
        prepare(conn, park, now=begin, until=end)
        phones.give(conn, park.park_id, NOWHERE, now=begin)
        conn.commit()
        stage = Stage(conn, park, seed, begin.astimezone(UTC), end.astimezone(UTC), scale=scale)
        console.print(
            f"{park.name.en}: {begin:%F} to {end:%F}, seed {seed}, {len(stage.staff.technicians)} technicians"
        )
        stage.play(lambda day: console.print(f"  {day:%F}: {len(stage.truth.orders)} orders, {stage.desk.acts} events")
                   if day.day in (1, 15) else None)  # fmt: skip
        truths.write(truth, stage.truth)
        promises = terms.read(park).promises(stage.truth.orders)
        found = check(conn, stage.truth, promises)
        book = Book(stage.truth.orders, stage.truth.requests, promises, buildings(park), stage.desk.now)
        compare(conn, park.park_id, book, windows(begin.date(), end.date(), ZoneInfo(park.time_zone)), into=found)
        if text is not None:
            months = windows(begin.date(), end.date(), ZoneInfo(park.time_zone))[1:]
            head = _head(stage, found, park, begin, end)
            text.write_text(report(conn, park.park_id, months=months, now=stage.desk.now, head=head), encoding="utf-8")
    took_s = time.monotonic() - begun
    _tell(console, found, stage, took_s, truth)
    ratings = sum(r.stars is not None for r in stage.truth.requests.values())
    return {
        "orders": len(stage.truth.orders), "requests": len(stage.truth.requests), "events": stage.desk.acts,
        "ratings": ratings, "bookings": len(stage.truth.bookings), "took_s": round(took_s, 1),
        "figures_checked": found.figures, "differences": len(found.differences), "refused": len(stage.desk.refused),
        "seed": seed, "truth": str(truth), "wrong": found.differences[:SHOWN],
    }  # fmt: skip


def prepare(
    conn: psycopg.Connection, park: Park, *, now: datetime, until: datetime, folder: Path = DESK_FOLDER
) -> None:
    """Makes the database know the park, its days and its desk: catalogue, people, promises. Commits."""
    parks.apply(conn, park, now=now)
    for year in range(now.year, until.year + 1):
        if calendar.is_published(year):
            calendar.put(conn, park.park_id, calendar.published(year))
    desk.apply(conn, park.park_id, desk.read(folder), now=now)
    phones.give(conn, park.park_id, phones.IMAGINED, now=now)  # or nobody could be reached, and all would go up at once


def windows(first: date, after: date, zone: ZoneInfo) -> list[Window]:
    """The whole span, then each month of it."""
    days, day = [after], after
    while (day := months_before(day, 1)) > first:
        days.append(day)
    days = [first, *reversed(days)]
    edges = [datetime.combine(day, time_of_day(), zone).astimezone(UTC) for day in days]
    return [(edges[0], edges[-1]), *pairwise(edges)]


def buildings(park: Park) -> dict[str, str]:
    """The building or site that each space lies in, itself where it is one."""
    spaces = {space.space_id: space for space in park.spaces}
    found = {}
    for space in park.spaces:
        at = space
        while at.kind not in (SpaceKind.BUILDING, SpaceKind.SITE) and at.parent_id is not None:
            at = spaces[at.parent_id]
        found[space.space_id] = at.space_id
    return found


def months_before(day: date, months: int) -> date:
    """The same day of the month so many months earlier, or that month's last day."""
    place = day.year * 12 + day.month - 1 - months
    year, month = divmod(place, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(first_of_next - timedelta(days=1), date(year, month + 1, 1) + timedelta(days=day.day - 1))


@contextmanager
def _database(settings: Settings, console: Console, *, keep: bool) -> Iterator[str]:
    """The database that PARK_DATABASE_URL names, or one of our own, empty, that goes again unless it is kept."""
    server = databases.choose_database(settings.home.absolute(), name="desk-database")
    if server.kind != "given":
        server.wipe()
    database = server.start()
    try:
        console.print(f"Database  {database.name}. {database.why}")
        schema.migrate(database.url, now=settings.clock.now(), settings=settings)
        yield database.url
    finally:
        server.stop()
        if server.kind != "given" and not keep:
            server.wipe()


def _head(stage: Stage, found: Check, park: Park, begin: datetime, end: datetime) -> list[str]:
    """What a report is about, and how it was made: nothing of this machine or this hour."""
    months = (end.year - begin.year) * 12 + end.month - begin.month
    command = (
        f"park simulate desk --months {months} --until {end:%F} --seed {stage.seed} --report docs/service-report.md"
    )
    truth = stage.truth
    return [
        f"{park.name.en} ({park.name.zh}), {begin:%F} to {end - timedelta(days=1):%F}, **simulated**: invented people"
        f" acted on {len(truth.orders):,} work orders and {len(truth.requests):,} requests through the same functions"
        f" as real ones, in {stage.desk.acts:,} chained events. [kpi.md](kpi.md) defines the figures, [sla.md](sla.md)"
        " the clocks.",
        f"Made by `{command}`. The simulator keeps its own account of what its people meant and did, and makes every"
        f" figure again from that, with its own calendar and its own sums: {found.figures:,} figures compared,"
        f" {len(found.differences)} differ.",
    ]


def _tell(console: Console, found: Check, stage: Stage, took_s: float, path: Path) -> None:
    console.print(
        f"{len(stage.truth.orders)} orders, {stage.desk.acts} events in {took_s:.0f} s; the truth is in {path}"
    )
    console.print(f"{found.figures} figures checked, {len(found.differences)} differ")
    for line in found.differences[:SHOWN]:
        console.print(f"[red]{line}[/red]")


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="park simulate desk", description=__doc__)
    parser.add_argument("--months", type=int, default=6, help="so many months (default %(default)s)")
    parser.add_argument("--until", type=date.fromisoformat, default=UNTIL, metavar="DAY",
                        help="the first day after them (default %(default)s)")  # fmt: skip
    parser.add_argument(
        "--seed", type=int, default=SEED, help="the same seed makes the same months (default %(default)s)"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="times the usual amount of work (default %(default)g)")
    parser.add_argument(
        "--park", type=Path, default=PARK_FILE, metavar="FILE", help="park file (default: the demo park)"
    )
    parser.add_argument("--truth", type=Path, help="write the ground truth there (default: PARK_HOME/desk-truth.jsonl)")
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="write the report of the service there, as Markdown"
    )
    parser.add_argument("--live", action="store_true", help="play people in PARK_DATABASE_URL, at the clock's own pace")
    parser.add_argument(
        "--apart", metavar="LOGIN", action="append", default=[], help="somebody real: nobody plays them"
    )
    parser.add_argument("--keep", action="store_true", help="keep the database of its own, in PARK_HOME")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    args = parser.parse_args(argv)
    if args.months < 1 or args.scale <= 0:
        raise ConfigurationError("--months and --scale: write a number above 0")
    return args
