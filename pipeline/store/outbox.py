"""The outbox: messages to people wait here until a sender took each to its provider. One message a person and contact;
the next contact is used when the one before fails for good."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row, dict_row

from pipeline.domain.notification import NEEDED, Delivery, DeliveryError, DeliveryState, Urgency, Verdict
from pipeline.domain.wording import Words
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "dispatch_sql")
LONGEST_ERROR = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What people are told. words: in a language; link: of a person, works once; asks: that somebody takes it."""

    park_id: str
    cause: str
    urgency: Urgency
    words: Callable[[str], Words]
    order: int | None = None
    alarm: int | None = None
    asks: bool = False
    link: Callable[[int], str | None] = field(default=lambda _person: None)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this sender holds until its lease is over."""

    notification: int
    cause: str
    person: int
    place: int
    channel: str
    address: str
    subject: str
    body: str
    urgency: str
    link: str | None
    attempts: int
    made: datetime
    deadline: datetime
    work_order: int | None
    alarm: int | None

    @property
    def key(self) -> str:
        """The same for every attempt: by it a receiver tells a repeat."""
        return f"smartpark-{self.notification}"


def put(conn: psycopg.Connection, message: Message, people: Iterable[int], *, now: datetime) -> list[int]:
    """Writes a message to each, in the caller's transaction. Returns who can be reached; rows say who not."""
    wanted = list(dict.fromkeys(people))
    with conn.cursor(row_factory=dict_row) as cursor:
        found = {row["person"]: row for row in cursor.execute(QUERIES["reachable"], {"people": wanted})}
    reached = []
    for person in wanted:
        row = found.get(person)
        if row is None:
            continue  # no longer works here
        conn.execute(QUERIES["put"], _values(message, row, now))
        if row["place"] is not None:
            reached.append(person)
    return reached


def _values(message: Message, row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    words = message.words(row["language"])
    nowhere = row["place"] is None
    return {
        "park": message.park_id, "person": row["person"], "order": message.order, "alarm": message.alarm,
        "cause": message.cause, "asks": message.asks, "place": row["place"] or 0, "channel": row["channel"] or "none",
        "address": row["address"] or "", "subject": words.subject, "body": words.body, "urgency": message.urgency,
        "link": None if nowhere else message.link(row["person"]),
        "state": DeliveryState.FAILED if nowhere else DeliveryState.PENDING, "now": now,
        "next": None if nowhere else now, "deadline": now + NEEDED[message.urgency], "ended": now if nowhere else None,
        "error": DeliveryError.INVALID if nowhere else None,
        "error_text": "this person has no contact: write one in the desk file" if nowhere else None,
    }  # fmt: skip


def expire(conn: psycopg.Connection, *, now: datetime) -> list[tuple[str, str]]:
    """Ends what nobody needs any more; channel and error of each."""
    return conn.execute(QUERIES["expire"], {"now": now}).fetchall()


def claim(conn: psycopg.Connection, *, mine: UUID, most: int, lease: datetime, now: datetime) -> list[Claimed]:
    """Takes up to `most` messages that are due, the urgent first; nobody else gets them until the lease is over."""
    with conn.cursor(row_factory=class_row(Claimed)) as cursor:
        values = {"claim": mine, "most": most, "lease": lease, "now": now}
        return cursor.execute(QUERIES["claim"], values).fetchall()


def record(conn: psycopg.Connection, one: Claimed, said: Delivery, what: Verdict, *, mine: UUID, now: datetime) -> bool:
    """Writes what became of an attempt, and uses the next contact where that follows. False: another sender has it."""
    ended = None if what.state is DeliveryState.PENDING else now
    values = {
        "notification": one.notification, "claim": mine, "state": what.state, "next": what.again, "ended": ended,
        "error": said.error, "error_text": kept(said.text)[:LONGEST_ERROR] or None, "attempts": one.attempts,
        "provider_id": None if said.provider_id is None else kept(said.provider_id),
    }  # fmt: skip
    with conn.transaction():
        if what.next_contact:  # first: ending a message takes its link away
            conn.execute(QUERIES["next_contact"], {"notification": one.notification, "now": now})
        if conn.execute(QUERIES["record"], values).rowcount != 1:
            raise psycopg.Rollback
        return True
    return False


def kept(told: str) -> str:
    """What a provider told, without what no text of the database can hold."""
    return told.replace("\0", " ").encode("utf-8", "replace").decode()


def standing(conn: psycopg.Connection, *, now: datetime) -> tuple[int, float]:
    """How many messages wait, and for how many seconds the oldest that is due."""
    row = conn.execute(QUERIES["standing"], {"now": now}).fetchone()
    count, oldest = row or (0, None)
    return int(count), max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
