"""The desk files: what a park decides about its service, as TOML. People, services, calendars, policies and so on are
sections, each read strictly and applied as a whole; several files of a folder are one desk."""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from pipeline.store import (
    audit,
    desk_history,
    desk_order_rules,
    desk_people,
    desk_plans,
    desk_rooms,
    desk_rotas,
    desk_services,
    desk_sla,
    parks,
)
from pipeline.store.desk_section import Applied, DeskFileError, Section

SECTIONS: tuple[Section, ...] = (
    desk_sla.CALENDARS,
    desk_sla.POLICIES,
    desk_people.CONTRACTORS,
    desk_people.PEOPLE,
    desk_services.SECTION,
    desk_rooms.SECTION,
    desk_order_rules.SECTION,
    desk_plans.SECTION,
    desk_rotas.ROTAS,
    desk_rotas.CONTACTS,
)
"""In the order in which they are applied."""


def read(path: Path) -> dict[str, list[Any]]:
    """The rows of a file, or of all `*.toml` of a folder, by section. DeskFileError names file, section and row."""
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    if not files:
        raise DeskFileError(f"{path} holds no .toml file")
    found: dict[str, list[Any]] = {}
    for file in files:
        try:
            text = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise DeskFileError(f"{file.name}: {error}") from error
        for name, rows in _rows(file, text).items():
            found.setdefault(name, []).extend(rows)
    return found


def _rows(file: Path, text: Mapping[str, Any]) -> dict[str, list[Any]]:
    known = {section.name: section for section in SECTIONS}
    out: dict[str, list[Any]] = {}
    for name, rows in text.items():
        if name not in known:
            raise DeskFileError(f"{file.name}: there is no section {name}; write one of {', '.join(known)}")
        if not isinstance(rows, list):
            raise DeskFileError(f"{file.name}: write [[{name}]], with two brackets, for each row")
        for place, row in enumerate(rows, 1):
            try:
                out.setdefault(name, []).append(msgspec.convert(row, known[name].row))
            except msgspec.ValidationError as error:
                raise DeskFileError(f"{file.name}: [[{name}]] number {place}: {error}") from error
    return out


def apply(conn: psycopg.Connection, park_id: str, desk: Mapping[str, list[Any]], *, now: datetime,
          actor: str = audit.LOCAL) -> dict[str, Applied]:  # fmt: skip
    """Makes the database say what the sections say that are in `desk`; what is missing there stays. One transaction."""
    done: dict[str, Applied] = {}
    with conn.transaction():
        parks.lock(conn, park_id)
        before = desk_history.rows(conn, park_id)
        for section in SECTIONS:
            if section.name in desk:
                done[section.name] = section.apply(conn, park_id, desk[section.name], now, actor)
        after = desk_history.rows(conn, park_id)
        audit.record(
            conn, now=now, action="desk-apply", subject=f"park/{park_id}", actor=actor,
            detail={name: one._asdict() | desk_history.changes(before, after, name) for name, one in done.items()},
        )  # fmt: skip
    return done


__all__ = ["SECTIONS", "Applied", "DeskFileError", "Section", "apply", "read"]
