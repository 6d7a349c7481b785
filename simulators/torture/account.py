"""The exact account: the ledger of what was sent against what the database holds, both ways, message by message."""

import threading
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from pipeline.store.queries import load
from simulators.torture.ledger import POINTS, Entry, Ledger
from simulators.torture.speech import mark
from simulators.torture.town import PARK_ID

QUERIES = load(Path(__file__).parent / "sql")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Account:
    """Messages, unless named otherwise; sent = stored + conflicts + dead_letters + lost.

    sent: acknowledged by the broker, and sent again where the connection was lost afterwards; messages with neither
    identity nor time apart. lost: of all acknowledged messages. duplicates: rows beyond the first of one message.
    wrong: found with another time or content than was sent. stored_and_refused: listed as a contradiction of what is
    itself. unexpected: rows that nobody sent. in_flight: still without
    PUBACK at the end. behind: points whose latest value is not their newest.
    """

    sent: int
    stored: int
    conflicts: int
    dead_letters: int
    lost: int
    duplicates: int
    wrong: int
    stored_and_refused: int
    unexpected: int
    behind: int
    in_flight: int
    unidentified: int
    unidentified_repeats: int
    examples: list[dict[str, Any]] = field(default_factory=list, repr=False)

    @property
    def clean(self) -> bool:
        """Nothing lost, twice, wrong, out of nowhere or left over, and something was proven."""
        faults = (
            *(self.lost, self.duplicates, self.wrong, self.stored_and_refused, self.unexpected),
            *(self.behind, self.in_flight),
        )
        return not any(faults) and self.sent == self.stored + self.conflicts + self.dead_letters > 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON, without the examples."""
        return {name: value for name, value in asdict(self).items() if name != "examples"}


def account(ledger: Ledger, url: str, *, wait_s: float = 0.0) -> Account:
    """The account of a ledger that nobody writes any more.

    While something is missing it is made again, for up to wait_s seconds of real time, and for as long as rows arrive.
    """
    deadline = time.monotonic() + wait_s
    pause = threading.Event()
    with psycopg.connect(url, autocommit=True, application_name="park torture account") as conn:
        conn.execute("set timezone = 'UTC'")
        _lay_out(ledger, conn)
        rows = -1
        while True:
            before, rows = rows, _row(conn, "stored_rows")[0]
            if rows == before or time.monotonic() >= deadline:
                found = _compare(ledger, conn)
                if not found.lost or time.monotonic() >= deadline:
                    return found
            pause.wait(POLL_S)


def _lay_out(ledger: Ledger, conn: psycopg.Connection) -> None:
    """Puts the ledger beside the tables, for as long as the connection lives."""
    for name in ("make_message", "make_expected_reading", "make_expected_event", "make_expected_letter"):
        conn.execute(QUERIES[name])
    cursor = conn.cursor()
    with cursor.copy("copy message from stdin") as copy:
        for entry, fate in zip(ledger.entries, ledger.fates, strict=True):
            copy.write_row((entry.number, str(fate), ledger.is_acked(entry.number)))
    with cursor.copy("copy expected_reading from stdin") as copy:
        for entry in ledger.entries:
            for device_id, time_us, value in entry.samples:
                for name, more in POINTS.items():
                    copy.write_row((entry.number, device_id, name, value + more, _utc(time_us)))
    with cursor.copy("copy expected_event from stdin") as copy:
        for entry in ledger.entries:
            if entry.event:
                kind, what, time_us = entry.event
                copy.write_row((entry.number, entry.device_id, kind, what, mark(entry.number), _utc(time_us)))
    with cursor.copy("copy expected_letter from stdin") as copy:
        for entry in ledger.entries:
            if entry.reason:
                copy.write_row((entry.number, entry.device_id, entry.reason))
    conn.execute(QUERIES["analyze_expected"])


def _compare(ledger: Ledger, conn: psycopg.Connection) -> Account:
    conn.execute(QUERIES["forget"])
    park = {"park_id": PARK_ID}
    conn.execute(QUERIES["find_stored_readings"], park)
    conn.execute(QUERIES["find_stored_events"], park)
    conn.execute(QUERIES["find_parts"])
    conn.execute(QUERIES["judge"])
    sent, stored, conflicts, lost, in_flight, duplicates, wrong, both, unidentified, again = _row(conn, "totals")
    examples = [
        _example(ledger, number, missing=missing, wrong=wrong_, extra=int(extra))
        for number, missing, wrong_, extra in conn.execute(QUERIES["troubled"])
    ]
    letters = unknown_letters = lost_letters = letters_sent = 0
    for device_id, reason, must, may, found in conn.execute(QUERIES["letters"]):
        letters += min(found, may)
        letters_sent += max(must, min(found, may))
        in_flight += may - max(must, min(found, may))
        lost_letters += max(0, must - found)
        unknown_letters += max(0, found - may)
        if not must <= found <= may:
            examples.append({"dead letters of": device_id, "reason": reason, "sent": must, "found": found})
    return Account(
        sent=sent + letters_sent,
        stored=stored,
        conflicts=conflicts,
        dead_letters=letters,
        lost=lost + lost_letters,
        duplicates=duplicates,
        wrong=wrong,
        stored_and_refused=both,
        unexpected=_row(conn, "unexpected")[0] + unknown_letters,
        behind=_row(conn, "behind")[0],
        in_flight=in_flight,
        unidentified=unidentified,
        unidentified_repeats=again,
        examples=examples,
    )


def _example(ledger: Ledger, number: int, *, missing: bool, wrong: bool, extra: int) -> dict[str, Any]:
    """All that is known of one message, for whoever looks for the cause."""
    entry: Entry = ledger.entries[number]
    what = "lost" if missing else "wrong" if wrong else "twice"
    return {
        "what": what,
        "extra": extra,
        "sent_at": ledger.sent_at[number],
        "fate": str(ledger.fates[number]),
        **entry._asdict(),
    }


def _row(conn: psycopg.Connection, name: str) -> tuple[Any, ...]:
    row = conn.execute(QUERIES[name]).fetchone()
    assert row is not None  # noqa: S101 - each of these always has one row
    return row


def _utc(time_us: int | None) -> datetime | None:
    return None if time_us is None else EPOCH + timedelta(microseconds=time_us)
