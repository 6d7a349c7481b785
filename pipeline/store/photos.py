"""Photos: kept once for their bytes, shown by requests and work orders, and by both where one became the other."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import psycopg

from pipeline.domain.errors import NotFound
from pipeline.domain.photo import without_metadata
from pipeline.store.requests_sql import QUERIES

MOST_BYTES = 8 * 1024 * 1024


class Kept(NamedTuple):
    """A photo as it is kept: the sha256 of its bytes, and how many they are."""

    photo: bytes
    size: int


def add(conn: psycopg.Connection, park_id: str, data: bytes, *, now: datetime, actor: str) -> Kept:
    """Keeps a photo without its metadata. Raises PhotoRefused."""
    kind, kept = without_metadata(data)
    photo = hashlib.sha256(kept).digest()
    conn.execute(
        QUERIES["add_photo"],
        {"photo": photo, "park": park_id, "media_type": kind, "bytes": kept, "size": len(kept), "now": now,
         "actor": actor},
    )  # fmt: skip
    return Kept(photo, len(kept))


def parse(texts: Sequence[str]) -> list[bytes]:
    """Photos as they are told, by hex. Raises NotFound for what is no name of a photo."""
    try:
        found = [bytes.fromhex(text) for text in dict.fromkeys(texts)]
    except (TypeError, ValueError):
        raise NotFound("a photo is named by the 64 hex digits that it was given") from None
    return found


def link(
    conn: psycopg.Connection, subject: str, number: int, photos: Sequence[bytes], *, what: str, now: datetime,
    actor: str,
) -> int:  # fmt: skip
    """Shows photos with a `request` or an `order`, and with the order or request that belongs to it; how many are new
    to the one that was named. Raises NotFound for a photo that the park does not have."""
    if not photos:
        return 0
    row = conn.execute(QUERIES["partners"], {"subject": subject, "number": number}).fetchone()
    if row is None or row[2] is None:
        raise NotFound(f"{subject} {number}")
    request, order, park_id = row
    known = {bytes(photo) for (photo,) in conn.execute(QUERIES["photos_known"], {"park": park_id, "photos": photos})}
    if missing := [photo.hex() for photo in photos if photo not in known]:
        raise NotFound(f"photo {missing[0]}")
    new = 0
    for where, what_number in (("request", request), ("order", order)):
        if what_number is not None:
            values = {"photos": photos, "subject": where, "number": what_number, "what": what, "now": now}
            done = conn.execute(QUERIES["link_photos"], {**values, "actor": actor}).rowcount
            new = done if where == subject else new
    return new


def carry_over(conn: psycopg.Connection, request: int, order: int) -> None:
    """A request became an order: what it shows, the order shows too."""
    conn.execute(QUERIES["copy_links"], {"request": request, "order": order})
