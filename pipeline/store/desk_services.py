"""The section `services` of the desk files: what can be asked for, as rows of the catalogue."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from pipeline.store.desk_section import Applied, DeskFileError, Section
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "catalogue_sql")
Category = Literal["repair", "cleaning", "security", "network", "move-in", "waste", "feedback", "appeal", "enterprise"]
Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Bilingual(msgspec.Struct, forbid_unknown_fields=True):
    """Text in both languages."""

    zh: Words
    en: Words


class ServiceRow(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One `[[services]]`. With a skill it opens a work order; with days its outcome has a supervised deadline."""

    id: Id
    category: Category
    name: Bilingual
    hint: Bilingual | None = None
    skill: Id | None = None
    priority: Literal["P1", "P2", "P3", "P4"] = "P3"
    department: Id | None = None
    paid: bool = False
    days: Annotated[int, msgspec.Meta(ge=1, le=250)] | None = None
    visitors: bool = False
    contractor: Id | None = None


def apply(conn: psycopg.Connection, park_id: str, rows: Sequence[ServiceRow], now: datetime, actor: str) -> Applied:
    """Makes the catalogue say what the rows say; what is no longer there is retired: requests of it stay."""
    ids = [row.id for row in rows]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise DeskFileError(f"[[services]] {twice[0]} is there twice")
    known = sorted(str(i) for (i,) in conn.execute(QUERIES["contractors_known"], {"park": park_id}))
    for row in rows:
        if row.skill is None and row.department is None:
            raise DeskFileError(f"[[services]] {row.id} has neither skill nor department: who would answer?")
        if row.paid and row.skill is None:
            raise DeskFileError(f"[[services]] {row.id} is paid and opens no work order: give it a skill")
        if row.contractor is not None and row.contractor not in known:
            raise DeskFileError(f"[[services]] {row.id}: there is no contractor {row.contractor}; it is one of {known}")
    before = {str(i) for (i,) in conn.execute(QUERIES["services_in_force"], {"park": park_id})}
    told = [
        {
            "service_id": row.id, "category": row.category, "place": place, "name_zh": row.name.zh,
            "name_en": row.name.en, "hint_zh": row.hint and row.hint.zh, "hint_en": row.hint and row.hint.en,
            "skill": row.skill, "priority": row.priority, "department": row.department, "paid": row.paid,
            "days": row.days, "visitors": row.visitors, "contractor_id": row.contractor,
        }
        for place, row in enumerate(rows, 1)
    ]  # fmt: skip
    written = {str(i) for (i,) in conn.execute(QUERIES["put_services"], {"park": park_id, "rows": Jsonb(told)})}
    retired = conn.execute(QUERIES["retire_services"], {"park": park_id, "ids": ids}).rowcount
    return Applied(len(written - before), len(written & before), retired)


SECTION = Section("services", ServiceRow, apply)
