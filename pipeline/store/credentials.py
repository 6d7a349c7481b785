"""Keeps which company a credential's keyed hash belongs to; no credential ever gets here."""

from collections import Counter
from datetime import datetime

import psycopg

from pipeline.domain.errors import NotFound
from pipeline.store import audit
from pipeline.store.registry import QUERIES


def save(conn: psycopg.Connection, park_id: str, companies: dict[bytes, str], *, now: datetime) -> None:
    """Adds or changes hashes of one park, in one transaction; collectors hear of it.

    NotFound where a company is unknown.
    """
    with conn.transaction():
        known = {c for (c,) in conn.execute(QUERIES["company_ids"], {"park": park_id})}
        if unknown := set(companies.values()) - known:
            raise NotFound(f"park {park_id} has no company {', '.join(sorted(unknown)[:5])}; apply its park file first")
        conn.execute(
            QUERIES["save_credentials"],
            {"park": park_id, "hashes": list(companies), "companies": list(companies.values())},
        )
        counts = dict(Counter(companies.values()))
        audit.record(conn, now=now, action="credentials", subject=f"park/{park_id}", detail=counts)
        conn.execute(QUERIES["notify"], {"payload": f"registry:{park_id}"})


def load(conn: psycopg.Connection) -> tuple[dict[str, str], dict[tuple[str, bytes], str]]:
    """Parks' time zones, and companies by (park, hash)."""
    zones: dict[str, str] = dict(conn.execute(QUERIES["time_zones"]).fetchall())
    companies = {(p, bytes(h)): c for p, h, c in conn.execute(QUERIES["credentials"])}
    return zones, companies
