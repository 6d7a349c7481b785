"""What a section of the desk files is: apart from desk.py, which lists them all, so that each area can import it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import psycopg

from pipeline.domain.errors import ConfigurationError


class DeskFileError(ConfigurationError):
    """the desk file cannot be applied"""


class Applied(NamedTuple):
    """What one section did: rows that are new, that were changed, that are gone from the file."""

    added: int
    changed: int
    retired: int


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of rows, `[[name]]` in a file. apply(conn, park_id, rows, now, actor) makes the database say it too."""

    name: str
    row: type[msgspec.Struct]
    apply: Callable[[psycopg.Connection, str, Sequence[Any], datetime, str], Applied]
