"""Links that work once: a page where the person it was sent to can do one thing. Looking does nothing, however often
a mail scanner does it; `use` is the claim of who acts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from pipeline.store.passes import LINK, MOST_CHARACTERS, QUERIES, digest, fresh, one

ACCEPT = "accept"  # the purpose: I take it
LASTS = timedelta(hours=12)  # a shift


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is for, and for whom."""

    link: int
    purpose: str
    work_order: int
    expires: datetime
    used: datetime | None
    person: int
    login: str
    name: str
    language: str
    park_id: str

    def holds(self, now: datetime) -> bool:
        """Whether it can still be used."""
        return self.used is None and now < self.expires


def make(conn: psycopg.Connection, order: int, person: int, now: datetime, *, lasts: timedelta = LASTS) -> str:
    """A new link's token, for /take/{token}; it is told once."""
    value, kept = fresh(LINK)
    given = {"digest": kept, "purpose": ACCEPT, "order": order, "person": person, "now": now, "expires": now + lasts}
    conn.execute(QUERIES["add_link"], given)
    return value


def look(conn: psycopg.Connection, token: str) -> Link | None:
    """What it is for; None where there is no such link, or its person is no longer with the park. Changes nothing."""
    if not token.startswith(LINK) or not token.isascii() or len(token) > MOST_CHARACTERS:
        return None
    row = one(conn, "link_of", digest=digest(token))
    return None if row is None else Link(**row)


def use(conn: psycopg.Connection, link: Link, *, now: datetime) -> bool:
    """Claims it, in the transaction of what it is used for; False where it was used, or its time is over."""
    return conn.execute(QUERIES["use_link"], {"link": link.link, "now": now}).rowcount == 1
