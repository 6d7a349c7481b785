"""The section `rooms` of the desk files: rooms that can be booked, and the point that sees who is there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from pipeline.store.desk_section import Applied, DeskFileError, Section
from pipeline.store.desk_services import QUERIES, Bilingual, Id

TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class RoomRow(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One `[[rooms]]`. point: `device/point` of an occupancy count; without one nothing is given back by itself."""

    id: Id
    space: str
    name: Bilingual
    seats: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    point: Annotated[str, msgspec.Meta(pattern=r"^[^/]+/[^/]+$")] | None = None
    opens: TimeOfDay = "08:00"
    closes: TimeOfDay = "22:00"


def apply(conn: psycopg.Connection, park_id: str, rows: Sequence[RoomRow], now: datetime, actor: str) -> Applied:
    """Makes the rooms what the rows say; one that is no longer there is retired: its bookings stay."""
    ids = [row.id for row in rows]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise DeskFileError(f"[[rooms]] {twice[0]} is there twice")
    asked = []
    for row in rows:
        if row.opens >= row.closes:
            raise DeskFileError(f"[[rooms]] {row.id} closes before it opens")
        device, _, point = (row.point or "").partition("/")
        asked.append({"id": row.id, "space_id": row.space, "device_id": device, "point_name": point})
    found = conn.execute(QUERIES["room_places"], {"park": park_id, "rows": Jsonb(asked)})
    points: dict[str, int | None] = {}
    for room, space_known, number in found.fetchall():
        row = rows[ids.index(room)]
        if not space_known:
            raise DeskFileError(f"[[rooms]] {room}: there is no space {row.space}")
        if row.point and number is None:
            raise DeskFileError(f"[[rooms]] {room}: there is no point {row.point}")
        points[room] = number
    before = {str(i) for (i,) in conn.execute(QUERIES["rooms_in_force"], {"park": park_id})}
    told = [
        {
            "id": row.id, "space_id": row.space, "name_zh": row.name.zh, "name_en": row.name.en, "seats": row.seats,
            "point": points[row.id], "opens": row.opens, "closes": row.closes,
        }
        for row in rows
    ]  # fmt: skip
    written = {str(i) for (i,) in conn.execute(QUERIES["put_rooms"], {"park": park_id, "rows": Jsonb(told)})}
    retired = conn.execute(QUERIES["retire_rooms"], {"park": park_id, "ids": ids}).rowcount
    return Applied(len(written - before), len(written & before), retired)


SECTION = Section("rooms", RoomRow, apply)
