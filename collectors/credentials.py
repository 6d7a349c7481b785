"""Replaces credentials before anything is stored: by their company, and by a pseudonym of one service day."""

import argparse
import csv
import hmac
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from collectors import secrets
from pipeline.domain.errors import ConfigurationError
from pipeline.settings import Settings
from pipeline.store import credentials as store
from pipeline.store.database import connect

DAY_BEGINS = timedelta(hours=4)  # the service day: someone who leaves after midnight came in on the same one


class CredentialBook:
    """Knows which company a credential's keyed hash belongs to. Holds no credential."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._zones: dict[str, ZoneInfo] = {}
        self._companies: dict[tuple[str, bytes], str] = {}

    def learn(self, zones: dict[str, str], companies: dict[tuple[str, bytes], str]) -> None:
        """Takes parks' time zones, and companies by (park, hash)."""
        self._zones = {park: ZoneInfo(zone) for park, zone in zones.items()}
        self._companies = companies

    def hash(self, park_id: str, credential: str) -> bytes:
        """The stable keyed hash under which a credential's company is kept."""
        return hmac.digest(self._key, f"company\0{park_id}\0{credential}".encode(), sha256)

    def company(self, park_id: str, credential: str) -> str | None:
        """The company that a credential belongs to, None where unknown."""
        return self._companies.get((park_id, self.hash(park_id, credential)))

    def pseudonym(self, park_id: str, credential: str, *, at: datetime) -> str:
        """16 hex digits that hold from 04:00 to 04:00, park time: enough to pair an entry with an exit."""
        local = at.astimezone(self._zones.get(park_id, UTC))
        day = (local - DAY_BEGINS).date()
        day_key = hmac.digest(self._key, f"day\0{park_id}\0{day}".encode(), sha256)
        return hmac.digest(day_key, credential.encode(), sha256)[:8].hex()


def read_csv(file: Path) -> list[tuple[str, str]]:
    """(credential, company_id) of each row of a file, or of standard input (`-`); errors name the row."""
    with sys.stdin if str(file) == "-" else file.open(encoding="utf-8-sig", newline="") as source:
        rows = csv.DictReader(source)
        if not {"credential", "company_id"} <= set(rows.fieldnames or ()):
            raise ConfigurationError(f"{file}: the first row must name the columns credential and company_id")
        found = []
        for number, row in enumerate(rows, start=2):
            if not row["credential"] or not row["company_id"]:
                raise ConfigurationError(f"{file}, row {number}: credential and company_id must both be there")
            found.append((row["credential"], row["company_id"]))
    return found


def main(argv: list[str]) -> int:
    """`park credentials`."""
    parser = argparse.ArgumentParser(
        prog="park credentials", description="Tell which company credentials belong to; only keyed hashes are stored."
    )
    parser.add_argument("park_id")
    parser.add_argument("file", type=Path, help="CSV with the columns credential, company_id; - reads standard input")
    args = parser.parse_args(argv)
    settings = Settings.from_env()
    book = CredentialBook(secrets.read(settings.secrets).pseudonym)
    rows = {book.hash(args.park_id, credential): company for credential, company in read_csv(args.file)}
    with connect(settings.require("database_url"), application="park credentials") as conn:
        store.save(conn, args.park_id, rows, now=settings.clock.now())
    print(f"{len(rows)} credentials of {len(set(rows.values()))} companies known to park {args.park_id}")
    return 0
