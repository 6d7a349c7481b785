"""`park replay`: sends dead letters through again after a fix, by the same way as everything else."""

import argparse
import json
from datetime import datetime

import psycopg

from collectors import secrets, sources_file
from collectors.credentials import CredentialBook
from collectors.inbox import Arrived
from collectors.reader import Reader
from collectors.routes import SourceTable
from collectors.seal import unseal
from collectors.sources import Format
from pipeline.domain.errors import ConfigurationError, Unavailable
from pipeline.domain.message import Batch, Message
from pipeline.ingest import Writer
from pipeline.settings import Settings
from pipeline.store import audit, credentials, letters
from pipeline.store.database import connect


def replay(
    conn: psycopg.Connection, reader: Reader, settings: Settings, *, now: datetime, reason: str | None = None
) -> dict[str, int]:
    """Replays every dead letter (of one reason) not yet stored; the outcome is kept with each: `stored`, `rejected`,
    `refused` (by the database), `unreadable` (sealed with another key)."""
    counts = {"stored": 0, "rejected": 0, "refused": 0, "unreadable": 0}
    writer = Writer(conn, settings, on_registry=lambda c: reader.book.learn(*credentials.load(c)))
    writer.prepare()  # the credential book, before the first message is read
    for number, sealed in letters.waiting(conn, reason=reason):
        outcome = _one(writer, reader, sealed, now)
        letters.settle(conn, number, outcome, now=now)
        counts[outcome] += 1
    with conn.transaction():
        audit.record(conn, now=now, action="replay", subject=f"dead-letters/{reason or 'all'}", detail=dict(counts))
    return counts


def _one(writer: Writer, reader: Reader, sealed: bytes, now: datetime) -> str:
    try:
        letter = unseal(sealed, key=reader.keys.seal)
    except ConfigurationError:
        return "unreadable"
    # The received time stays the original one: the message came then, not now.
    said = reader.read_all(Arrived(letter.topic, letter.payload, letter.received, mid=0, qos=0, connection=0))
    messages = [one for one in said if isinstance(one, Message)]
    if len(messages) < len(said):
        return "rejected"
    try:
        writer.write(Batch("replay", messages), now=now)
    except Unavailable:
        raise
    except (psycopg.Error, UnicodeError):
        return "refused"
    return "stored"


def replayable(settings: Settings) -> SourceTable:
    """The sources whose messages can be read alone: what Sparkplug B says depends on what came before."""
    return SourceTable(s for s in sources_file.read(settings.sources) if s.format != Format.SPARKPLUG)


def main(argv: list[str]) -> int:
    """`park replay`."""
    parser = argparse.ArgumentParser(prog="park replay", description="Send dead letters through again, after a fix.")
    parser.add_argument("--reason", help="only those rejected for this reason")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    args = parser.parse_args(argv)
    settings = Settings.from_env()
    keys = secrets.read(settings.secrets)
    with connect(settings.require("database_url"), role="park_writer", application="park replay") as conn:
        reader = Reader(keys, CredentialBook(keys.pseudonym), replayable(settings))
        counts = replay(conn, reader, settings, now=settings.clock.now(), reason=args.reason)
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    if args.json:
        print(json.dumps(counts))
    return 0 if counts["refused"] + counts["unreadable"] == 0 else 1
