"""`park evaluate forecast`: holds the forecast of missed promises against what came, on a simulated half-year or on the
park's own database."""

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from pipeline import parkfile
from pipeline.domain.errors import ConfigurationError, NotFound
from pipeline.settings import Settings
from pipeline.store import schema
from pipeline.store.database import connect
from simulators.desk import run as desk
from simulators.servers import database as databases
from simulators.servers.process import ServerError

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def main(argv: list[str]) -> int:
    """`park evaluate forecast`; exit code 1 where the forecast is no better than the base rate, or cannot be judged."""
    args = _arguments(argv)
    settings = Settings.from_env()
    console = Console(stderr=args.json, highlight=False)
    try:
        with _database(settings, args, console) as (url, park):
            told = evaluate(url, park, now=settings.clock.now())
    except ServerError as error:
        raise ConfigurationError(str(error)) from error
    _tell(console, told)
    if args.json:
        print(json.dumps(told))
    return 0 if told["skill"] is not None and told["skill"] > 0 else 1


def evaluate(url: str, park: str | None, *, now: datetime) -> dict[str, Any]:
    """The back-test of a park's history up to now."""
    from pipeline.analytics import backtest, frames  # pandas: only who asks loads it

    with connect(url, application="park evaluate forecast") as conn:
        park = park or _sole(conn)
        rows = frames.rows(conn, "history", {"park": park, "since": LONG_AGO})
        zone = ZoneInfo(frames.zone(conn, park))
    return {"park": park, "promises": len(rows), **backtest.report(rows, zone, now=now)}


def _sole(conn: Any) -> str:
    parks = [row[0] for row in conn.execute("select park_id from park.parks order by 1")]
    if len(parks) != 1:
        raise NotFound(f"the database has the parks {', '.join(parks) or '(none)'}; say which with --park-id")
    return str(parks[0])


@contextmanager
def _database(settings: Settings, args: argparse.Namespace, console: Console) -> Iterator[tuple[str, str | None]]:
    """The database that PARK_DATABASE_URL names, as it is; else one of our own with simulated months, then gone."""
    if settings.database_url and not args.simulate:
        yield settings.database_url, args.park_id
        return
    park = parkfile.read(desk.PARK_FILE)
    zone = ZoneInfo(park.time_zone)
    end = datetime.combine(desk.UNTIL, time(), zone)
    begin = datetime.combine(desk.months_before(desk.UNTIL, args.months), time(), zone)
    server = databases.choose_database(settings.home.absolute(), name="forecast-database", environ={})
    server.wipe()
    made = server.start()
    try:
        schema.migrate(made.url, now=begin, settings=settings)
        truth = settings.home / "forecast-truth.jsonl"
        desk.simulate(
            made.url, park, begin=begin, end=end, seed=args.seed, scale=args.scale, truth=truth, console=console
        )
        yield made.url, park.park_id
    finally:
        server.stop()
        server.wipe()


def _tell(console: Console, told: dict[str, Any]) -> None:
    if told["skill"] is None:
        console.print(f"{told['promises']} promises are too few: no forecast could be made")
        return
    console.print(f"{told['n']} forecasts; {told['unknown']} times too little was known to make one")
    brier = f"Brier score {told['brier']:.4f}, of the base rate {told['base']:.4f}"
    console.print(f"{brier}: skill {told['skill']:+.3f}; the bins are off by {told['error']:.3f} on average")
    table = Table(title="forecast and what came")
    for column in ("forecast", "n", "mean", "missed", "95 % interval"):
        table.add_column(column, justify="right")
    for one in told["bins"]:
        table.add_row(f"{one['since']:.0%} to {one['until']:.0%}", str(one["n"]), f"{one['mean']:.3f}",
                      f"{one['missed']:.3f}", f"{one['low']:.3f} to {one['high']:.3f}")  # fmt: skip
    console.print(table)


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="park evaluate forecast", description=__doc__)
    parser.add_argument("--simulate", action="store_true", help="simulated months, whatever PARK_DATABASE_URL says")
    parser.add_argument("--months", type=int, default=6, help="so many simulated months (default %(default)s)")
    parser.add_argument("--seed", type=int, default=desk.SEED, help="of the simulation (default %(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="times the usual amount of work (default %(default)g)")
    parser.add_argument("--park-id", help="which park of PARK_DATABASE_URL; may be left out where there is one")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    args = parser.parse_args(argv)
    if args.months < 1 or args.scale <= 0:
        raise ConfigurationError("--months and --scale: write a number above 0")
    return args
