"""Photos that come with an act: linked to the order in the act's own transaction."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from pipeline.domain.work_order import OrderAction, OrderRefused
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "work_orders_sql")
WHAT = {OrderAction.ARRIVE: "before", OrderAction.FINISH: "after"}
MOST = 20


def attach(conn: psycopg.Connection, order: int, action: OrderAction, detail: Mapping[str, Any], *, park_id: str,
           at: datetime, actor: str) -> None:  # fmt: skip
    """Links photos by their hashes (`detail.photos`); OrderRefused where one was never sent, or is another park's."""
    try:
        asked = sorted({bytes.fromhex(photo) for photo in detail["photos"]})
    except (TypeError, ValueError) as error:
        raise OrderRefused("photos are named by their sha256 in hex, as POST /api/v1/photos answered") from error
    if len(asked) > MOST:
        raise OrderRefused(f"an act has at most {MOST} photos")
    what = detail.get("what") or WHAT.get(action, "other")
    if what not in ("before", "after", "other"):
        raise OrderRefused(f"a photo of an order shows before, after or other, and not {what!r}")
    known = {bytes(photo) for (photo,) in conn.execute(QUERIES["photos_known"], {"photos": asked, "park": park_id})}
    if missing := [photo for photo in asked if photo not in known]:
        raise OrderRefused(f"photo {missing[0].hex()} was not sent yet; POST /api/v1/photos first")
    conn.execute(
        QUERIES["link_photos"], {"photos": asked, "order": order, "what": what, "at": at, "actor": actor}
    )  # fmt: skip
