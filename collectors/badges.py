"""`park badges`: what a technician's badge will be called on each day to come, so that a gate can show that they are on
site. The credential is read, and never stored."""

import argparse
import sys
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from collectors import secrets
from collectors.credentials import CredentialBook
from pipeline.domain.errors import ConfigurationError
from pipeline.settings import Settings
from pipeline.store import badges, credentials
from pipeline.store.database import connect

DAYS, MOST_DAYS = 60, 400
NOON = time(12)


def main(argv: list[str]) -> int:
    """`park badges`."""
    parser = argparse.ArgumentParser(
        prog="park badges",
        description="Read a technician's badge from standard input, and keep its pseudonyms of the days to come.",
    )
    parser.add_argument("login")
    parser.add_argument("--days", type=int, default=DAYS, help="how many days, today included (default %(default)s)")
    parser.add_argument("--remove", action="store_true", help="forget it; nothing is read")
    args = parser.parse_args(argv)
    if not 1 <= args.days <= MOST_DAYS:
        raise ConfigurationError(f"--days {args.days}: write 1 to {MOST_DAYS}")
    settings = Settings.from_env()
    now = settings.clock.now()
    with connect(settings.require("database_url"), application="park badges") as conn:
        if args.remove:
            print(f"{badges.forget(conn, args.login, now=now)} days of {args.login} forgotten")
            return 0
        book = CredentialBook(secrets.read(settings.secrets).pseudonym)
        zones, companies = credentials.load(conn)
        book.learn(zones, companies)
        credential = sys.stdin.readline().strip()
        if not credential:
            raise ConfigurationError("standard input is empty: it is the badge's credential, as gates send it")
        park_id = badges.park_of(conn, args.login)
        zone = ZoneInfo(zones[park_id])
        today = now.astimezone(zone).date()
        days = [today + timedelta(days=n) for n in range(-1, args.days)]  # before 04:00 it is still yesterday
        subjects = {day: book.pseudonym(park_id, credential, at=datetime.combine(day, NOON, zone)) for day in days}
        badges.save(conn, args.login, subjects, now=now)
    print(f"{args.login}: gates show that they are on site, until {days[-1]}")
    return 0
