"""What the clock does to requests: an outcome past due is supervised (督办), a quote expires, silence closes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from pipeline.domain.request import RequestAction, RequestRefused
from pipeline.domain.work_order import OrderRefused
from pipeline.engine.desk.apart import Apart
from pipeline.store import request_acts
from pipeline.store.queries import load
from pipeline.store.request_acts import RequestAct

QUERIES = load(Path(__file__).parent / "requests_sql")
BITE = 200
TRY_AGAIN = (RequestRefused, OrderRefused)  # somebody acted on it just now: the next pass looks again


def supervise(conn: psycopg.Connection, now: datetime) -> int:
    """Marks requests whose outcome is past due, once; how many."""
    overdue: dict[int, datetime] = dict(
        conn.execute(QUERIES["overdue_requests"], {"now": now, "bite": BITE}).fetchall()
    )
    asked = {
        request: RequestAct(request=request, action=RequestAction.SUPERVISE, reason=f"no outcome by {due.isoformat()}")
        for request, due in overdue.items()
    }
    with Apart(conn) as apart:
        return apart.each("supervision of request", asked, lambda act: _act(conn, act, now))


@dataclass(frozen=True, slots=True)
class Ending:
    """Ends what nobody answers: quotes when their time is over, requests after so long a silence."""

    silence: timedelta

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """How many were ended."""
        quotes = conn.execute(QUERIES["expired_quotes"], {"now": now, "bite": BITE}).fetchall()
        asked = {request: RequestAct(request=request, action=RequestAction.EXPIRE_QUOTE) for (request,) in quotes}
        quiet = {"until": now - self.silence, "bite": BITE}
        for request, state in conn.execute(QUERIES["silent_requests"], quiet).fetchall():
            why = "confirmed" if state == "confirmed" else f"nobody objected within {self.silence.days} days"
            asked[request] = RequestAct(request=request, action=RequestAction.CLOSE, reason=why)
        with Apart(conn) as apart:
            return apart.each("end of request", asked, lambda act: _act(conn, act, now))


def _act(conn: psycopg.Connection, asked: RequestAct, now: datetime) -> int:
    try:
        with conn.transaction():
            request_acts.act(conn, asked, now=now)
    except TRY_AGAIN:
        return 0
    return 1


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Deletes what is kept for a while only: contacts of visitors, where they came from, photos that nothing shows."""

    contacts: timedelta
    others: timedelta = timedelta(days=1)

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """How many rows."""
        done = conn.execute(QUERIES["forget_contacts"], {"until": now - self.contacts}).rowcount
        for query in ("forget_tries", "forget_photos"):
            done += conn.execute(QUERIES[query], {"until": now - self.others}).rowcount
        return done
