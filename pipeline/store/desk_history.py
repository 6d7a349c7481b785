"""What the desk files changed, row by row: what was, what became. People, contractors, calendars' hours and policies'
terms have records of their own."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "desk_sql")
Said = Mapping[str, Mapping[str, Any]]
"""By section and id."""


def rows(conn: psycopg.Connection, park_id: str) -> Said:
    """What a park has of each section."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for section, name, said in conn.execute(QUERIES["desk_rows"], {"park": park_id}).fetchall():
        found[section][name] = said
    return found


def changes(before: Said, after: Said, section: str) -> dict[str, dict[str, Any]]:
    """`was` and `became` of the rows of a section that differ, by id; nothing where none does."""
    was, became = before.get(section, {}), after.get(section, {})
    differ = sorted(name for name in was.keys() | became.keys() if was.get(name) != became.get(name))
    if not differ:
        return {}
    return {"was": {name: was.get(name) for name in differ}, "became": {name: became.get(name) for name in differ}}
