"""What paid work would cost: one quote at a time awaits the answer of who asked; it ends when its time is over."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import psycopg

from pipeline.domain.request import RequestAction, RequestRefused
from pipeline.store.requests_sql import QUERIES

VALID = timedelta(days=7)
FURTHEST = timedelta(days=90)
MOST = Decimal("9999999999.99")
ANSWERS = {
    RequestAction.ACCEPT_QUOTE: "accepted",
    RequestAction.DECLINE_QUOTE: "declined",
    RequestAction.EXPIRE_QUOTE: "expired",
}


def make(
    conn: psycopg.Connection, row: Mapping[str, Any], detail: Mapping[str, Any], *, now: datetime, actor: str
) -> dict[str, Any]:
    """A quote for a locked request; the one before it is withdrawn. Returns what its event says. RequestRefused."""
    if not row["paid"]:
        raise RequestRefused("this is no paid work: there is nothing to quote")
    words = str(detail.get("words") or "").strip()
    if not words:
        raise RequestRefused("a quote says in words what it is for (`words`)")
    try:
        amount = Decimal(str(detail.get("amount"))).quantize(Decimal("0.01"))
        decent = 0 <= amount <= MOST
    except InvalidOperation:  # not a number, as a word or as IEEE 754 has it
        decent = False
    if not decent:
        raise RequestRefused("a quote has an amount in CNY, such as 350.00")
    until = instant(detail, "valid_until", now=now) if detail.get("valid_until") else now + VALID
    withdraw(conn, row["request"], now=now, actor=actor)
    made = conn.execute(
        QUERIES["add_quote"],
        {"request": row["request"], "amount": amount, "words": words, "actor": actor, "now": now, "valid_until": until},
    ).fetchone()
    assert made is not None  # noqa: S101 - insert … returning
    return {"quote": made[0], "amount": str(amount), "valid_until": until.isoformat()}


def answer(
    conn: psycopg.Connection, request: int, action: RequestAction, detail: Mapping[str, Any], *, now: datetime,
    actor: str,
) -> dict[str, Any]:  # fmt: skip
    """The answer to the open quote; to accept or decline names the one that was seen. Raises RequestRefused."""
    found = conn.execute(QUERIES["open_quote"], {"request": request}).fetchone()
    if found is None:
        raise RequestRefused("no quote awaits an answer")
    quote, amount, until = found
    if action is RequestAction.EXPIRE_QUOTE:
        if now <= until:
            raise RequestRefused(f"the quote stands until {until.isoformat()}")
    elif detail.get("quote") != quote:
        raise RequestRefused(f"quote {quote} awaits an answer, and not {detail.get('quote')}")
    elif action is RequestAction.ACCEPT_QUOTE and now > until:
        raise RequestRefused(f"the quote was valid until {until.isoformat()}")
    conn.execute(QUERIES["answer_quote"], {"request": request, "answer": ANSWERS[action], "now": now, "actor": actor})
    return {"quote": quote, "amount": str(amount)}


def withdraw(conn: psycopg.Connection, request: int, *, now: datetime, actor: str) -> None:
    """A quote that awaits an answer stands no longer."""
    conn.execute(QUERIES["answer_quote"], {"request": request, "answer": "withdrawn", "now": now, "actor": actor})


def instant(detail: Mapping[str, Any], name: str, *, now: datetime) -> datetime:
    """A time to come that somebody chose. Raises RequestRefused."""
    try:
        at = datetime.fromisoformat(str(detail.get(name)))
    except ValueError:
        raise RequestRefused(f"{name} is a time with its offset, such as {now.isoformat(timespec='minutes')}") from None
    if at.tzinfo is None or not now < at <= now + FURTHEST:
        raise RequestRefused(f"{name} lies after now, at most {FURTHEST.days} days, and has its offset")
    return at
