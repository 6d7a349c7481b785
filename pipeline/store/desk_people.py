"""The desk files' people, and the contractors whose some of them are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
import psycopg

from pipeline.domain.role import Role
from pipeline.store import audit, people
from pipeline.store.desk_section import Applied, DeskFileError, Section
from pipeline.store.passes import QUERIES, rows


class Names(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A name in both languages."""

    zh: str
    en: str


class ContractorRow(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[[contractors]]`: a company that does work for the park."""

    id: str
    name: Names


class PersonRow(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[[people]]`: who may sign in, as what. Passwords are never in a file: `park person password` sets them."""

    login: str
    name: str
    role: Role
    language: Literal["zh", "en"] = "zh"
    company: str | None = None
    contractor: str | None = None
    skills: tuple[str, ...] = ()
    spaces: tuple[str, ...] = ()


def apply_contractors(
    conn: psycopg.Connection, park_id: str, wanted: Sequence[ContractorRow], now: datetime, actor: str
) -> Applied:
    """Contractors as the file has them; who is gone from it is retired."""
    _check_once([row.id for row in wanted], "contractors")
    before = {row["contractor_id"]: row for row in rows(conn, "contractor_list", park=park_id)}
    added = changed = retired = 0
    for row in wanted:
        was = before.get(row.id)
        same = was and (was["name_zh"], was["name_en"], was["retired"]) == (row.name.zh, row.name.en, False)
        if same:
            continue
        conn.execute(QUERIES["put_contractor"], {"park": park_id, "id": row.id, "zh": row.name.zh, "en": row.name.en})
        added, changed = added + (was is None), changed + (was is not None)
        _record(conn, row.id, now, actor, was, {"name_zh": row.name.zh, "name_en": row.name.en})
    for gone in sorted(before.keys() - {row.id for row in wanted}):
        if before[gone]["retired"]:
            continue
        conn.execute(QUERIES["retire_contractor"], {"park": park_id, "id": gone})
        _record(conn, gone, now, actor, before[gone], {"retired": True})
        retired += 1
    return Applied(added, changed, retired)


def apply_people(
    conn: psycopg.Connection, park_id: str, wanted: Sequence[PersonRow], now: datetime, actor: str
) -> Applied:
    """People as the file has them; who is gone from it is let in no more. Who was made elsewhere is left alone."""
    _check_once([row.login for row in wanted], "people")
    named = {row.login for row in wanted}
    before = {row["login"] for row in rows(conn, "from_files", park=park_id)}
    done = [_put(conn, park_id, row, now, actor) for row in wanted]
    for gone in sorted(before - named):
        people.deactivate(conn, gone, now=now, actor=actor)
    return Applied(done.count("added"), done.count("changed"), len(before - named))


def _put(conn: psycopg.Connection, park_id: str, row: PersonRow, now: datetime, actor: str) -> str:
    profile = people.Profile(**msgspec.structs.asdict(row))
    try:
        return people.put(conn, park_id, profile, now=now, actor=actor, from_file=True)
    except people.PersonRefused as error:
        raise DeskFileError(f"[[people]] {error.detail}") from error


def _check_once(names: list[str], section: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DeskFileError(f"[[{section}]] has {twice[0]} twice")


def _record(
    conn: psycopg.Connection, contractor: str, now: datetime, actor: str, was: object, became: dict[str, object]
) -> None:
    detail = {"was": was, "became": became}
    audit.record(conn, now=now, action="contractor", subject=f"contractor/{contractor}", actor=actor, detail=detail)


CONTRACTORS = Section("contractors", ContractorRow, apply_contractors)
PEOPLE = Section("people", PersonRow, apply_people)
