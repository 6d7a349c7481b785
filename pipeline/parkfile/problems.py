"""What is wrong with a park file or a device list, said all at once: where, what, and what to write instead."""

import difflib
import re
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from pipeline.domain.errors import ParkFileError

Path = tuple[str | int, ...]

_KEY = re.compile(r"\b[a-z_]+ = ")
_QUOTED_OR_NUMBER = re.compile(r'"[^"]*"|\d+')


class Place(NamedTuple):
    """A line of a TOML file, or a row and a column of a spreadsheet (both from 1)."""

    file: str
    line: int
    column: str = ""


class Problem(NamedTuple):
    """One thing to mend. column names a spreadsheet's column; it is empty in a TOML file."""

    file: str
    line: int
    message: str
    advice: str
    column: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" + (f" ({self.column})" if self.column else "")
        return f"{where}: {self.message}; {self.advice}"


class Source(Protocol):
    """A file that knows where the value at a path of its content was written."""

    def place(self, path: Path) -> Place: ...


class InvalidParkFileError(ParkFileError):
    """the park file cannot be applied"""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: (p.file, p.line))
        noun = "problem" if len(self.problems) == 1 else "problems"
        super().__init__("\n".join([f"{len(self.problems)} {noun}", *map(str, self.problems)]))


class Findings:
    """Collects problems. What one template says wrongly for every thing that it makes is told once, and counted."""

    def __init__(self) -> None:
        self._found: dict[tuple[Place, str], list[Problem]] = {}

    def add(self, source: Source, path: Path, *, message: str, advice: str) -> None:
        """Notes a problem with the value at `path`."""
        place = source.place(path)
        advice = for_cell(advice) if place.column else advice
        problem = Problem(place.file, place.line, message, advice, place.column)
        alike = self._found.setdefault((place, _QUOTED_OR_NUMBER.sub("", message)), [])
        if problem not in alike:
            alike.append(problem)

    def problems(self) -> list[Problem]:
        """All of them, in no order that matters."""
        return [
            p._replace(message=p.message + (f" (and {more} more like it)" if (more := len(alike) - 1) else ""))
            for alike in self._found.values()
            for p in alike[:1]
        ]

    def __bool__(self) -> bool:
        return bool(self._found)


def for_cell(advice: str) -> str:
    """Advice in TOML's words, said to someone who looks at a cell of a spreadsheet."""
    return "fill in this cell" if advice.endswith('= "…"') else _KEY.sub("", advice).replace('"', "")


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that someone who wrote `word` probably meant; empty where none is near."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.55)), "")


def write_nearest(word: str, known: Iterable[str], *, otherwise: str) -> str:
    """Advice: the nearest known word, else what `otherwise` says."""
    found = nearest(word, known)
    return f'write "{found}"' if found else otherwise
