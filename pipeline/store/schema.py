"""Brings a database to this program's schema, under a lock, once; and refuses to run on another version.

Migrations are numbered files, `NNNN_name.sql` or, where the editions differ, `NNNN_name.<edition>.sql`. The views of
schema `park` are dropped and made again at every migration, and so are the community edition's policies.
"""

import argparse
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from pipeline.domain.errors import ConfigurationError, SchemaOutdated
from pipeline.settings import Settings
from pipeline.store import policies
from pipeline.store.database import connect

SQL = Path(__file__).parent.parent / "sql"
LOCK = 0x5041524B  # "PARK": one migration at a time on a database
EDITIONS = ("community", "apache", "plain")


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a database is now: schema version, TimescaleDB edition; how many migrations this run applied, and which
    policies it changed, a line each."""

    version: int
    edition: str
    applied: int
    policies: tuple[str, ...] = ()


def detect_edition(conn: psycopg.Connection) -> str:
    """`community`, `apache` or `plain`, by what this server can do."""
    row = conn.execute("select installed_version from pg_available_extensions where name = 'timescaledb'").fetchone()
    if row is None:
        return "plain"
    conn.execute("create extension if not exists timescaledb")
    licence = conn.execute("select current_setting('timescaledb.license', true)").fetchone()
    return "community" if licence and licence[0] == "timescale" else "apache"


def migrate(url: str, *, now: datetime, settings: Settings | None = None) -> Migrated:
    """Applies what is missing, in one transaction, and makes views and policies again. Safe twice, and at once."""
    settings = settings or Settings.from_env({})
    with connect(url, application="park migrate") as conn:
        conn.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        edition = recorded_edition(conn)
        if edition is None:
            edition = detect_edition(conn)
            conn.execute("create schema if not exists smartpark")
            conn.execute(
                "create table smartpark.schema_version (version integer primary key, name text not null,"
                " edition text not null, checksum text not null, applied timestamptz not null)"
            )
        done: dict[int, str] = dict(conn.execute("select version, checksum from smartpark.schema_version").fetchall())
        if unknown := done.keys() - {v for v, _ in migrations(edition)}:
            raise SchemaOutdated(f"the database has migration {max(unknown)}, which this program does not know")
        applied = 0
        for version, file in migrations(edition):
            text = file.read_text(encoding="utf-8")
            checksum = hashlib.sha256(text.encode()).hexdigest()
            if done.get(version, checksum) != checksum:
                raise ConfigurationError(f"{file.name} was changed after it had been applied; add a migration instead")
            if version not in done:
                run(conn, fill(text))
                conn.execute(
                    "insert into smartpark.schema_version values (%s, %s, %s, %s, %s)",
                    [version, file.name, edition, checksum, now],
                )
                applied += 1
        conn.execute("drop schema if exists park cascade")
        conn.execute("create schema park")
        for view in sorted((SQL / "views").glob("*.sql")):
            run(conn, view.read_text(encoding="utf-8"))
        changed = policies.put(conn, settings, now=now) if edition == "community" else []
    return Migrated(latest(edition), edition, applied, tuple(changed))


def migrations(edition: str) -> list[tuple[int, Path]]:
    """The numbered files that make up one edition's schema, in order."""
    files = sorted((SQL / "migrations").glob("*.sql"))
    return [(int(f.name[:4]), f) for f in files if f.name.count(".") == 1 or f.name.split(".")[1] == edition]


def latest(edition: str) -> int:
    """The schema version that this program needs."""
    return migrations(edition)[-1][0]


def recorded_edition(conn: psycopg.Connection) -> str | None:
    """The edition a database was migrated for; None where it never was."""
    row = conn.execute("select to_regclass('smartpark.schema_version')").fetchone()
    if row is None or row[0] is None:
        return None
    found = conn.execute("select edition from smartpark.schema_version order by version limit 1").fetchone()
    return str(found[0]) if found else None


def check(conn: psycopg.Connection) -> str:
    """The edition, if the schema is exactly this program's version; else SchemaOutdated says what to do."""
    with conn.transaction():  # leaves nothing open on the caller's connection
        # The view: park_reader may not look at the table.
        row = conn.execute("select to_regclass('park.schema_version')").fetchone()
        if row is None or row[0] is None:
            raise SchemaOutdated("this database was never migrated")
        found = conn.execute("select max(version), min(edition) from park.schema_version").fetchone()
    assert found is not None  # noqa: S101 - an aggregate always has one row
    version, edition = found
    if version != latest(edition):
        raise SchemaOutdated(f"the database is at version {version}, this program needs {latest(edition)}")
    return str(edition)


def rollup_select(width: str, source: str = "smartpark.reading") -> str:
    """The one text of every roll-up, for a bucket width such as `15 minutes` and a source of readings."""
    text = (SQL / "rollup" / "select.sql").read_text(encoding="utf-8").strip()
    return text.format(width=width, source=source)


def fill(text: str) -> str:
    """Puts the roll-up texts where a migration names them."""
    for key, width in {"{rollup_15m}": "15 minutes", "{rollup_1h}": "1 hour"}.items():
        text = text.replace(key, rollup_select(width))
    return text


def run(conn: psycopg.Connection, text: str) -> None:
    """Runs a file of statements of our own (no parameters, so the server takes them all at once)."""
    conn.execute(text.encode())


def main(argv: list[str]) -> int:
    """`park migrate`."""
    parser = argparse.ArgumentParser(prog="park migrate", description="Bring the database to this program's schema.")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    args = parser.parse_args(argv)
    settings = Settings.from_env()
    done = migrate(settings.require("database_url"), now=settings.clock.now(), settings=settings)
    print(f"schema version {done.version}, {done.edition} edition, {done.applied} migrations applied")
    for line in done.policies:
        print(f"  {line}")
    if args.json:
        print(json.dumps({"version": done.version, "edition": done.edition, "applied": done.applied}))
    return 0
