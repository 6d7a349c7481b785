"""Reads one table of a park file (or one device's rows of a list) key by key, and notes what is wrong with each."""

import re
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Literal, TypeVar, overload

from pipeline.domain.park import Name
from pipeline.parkfile.problems import Findings, Path, Source, nearest, write_nearest

Choice = TypeVar("Choice", bound=StrEnum)

NOTHING = Name("", "")

# docs/wire.md: a park's id and a device's are levels of a topic; a point's name is a key of its payload.
PLACE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
DEVICE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
POINT_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
TYPE_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
BRICK_CLASS = re.compile(r"[A-Z][A-Za-z0-9.]*(_[A-Z0-9][A-Za-z0-9.]*)*")
OTHER_POINT = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,63}/)?[a-z][a-z0-9_]{0,62}")

UNITS_S = {"s": 1.0, "min": 60.0, "h": 3600.0}
LONGEST_S = 366 * 86_400.0  # a year: what is longer no instant can bear, and it would stop whoever adds it to one
LARGEST_WHOLE = 2**31 - 1  # what an integer column takes

ADVICE = {
    PLACE_ID: 'write small letters, digits and "-" only, beginning with a letter or digit, at most 63',
    DEVICE_ID: 'write letters, digits, "_", "." and "-" only, beginning with a letter or digit, at most 64',
    POINT_NAME: 'write small letters, digits and "_" only, beginning with a letter, at most 63',
    TYPE_NAME: 'write small letters, digits and "-" only, beginning with a letter, at most 63',
    OTHER_POINT: "write the name of a point of the same device, or DEVICE/POINT",
    BRICK_CLASS: "write a class of brickschema.org without its prefix, such as Electric_Power_Sensor",
}


class Record:
    """One table. label says which thing it describes (`device "pump-1"`); close() reports the keys nobody asked for."""

    def __init__(
        self, table: dict[str, Any], path: Path, *, label: str, source: Source, findings: Findings, made: bool = False
    ) -> None:
        self.table, self.path, self.label, self.made = table, path, label, made
        self.source, self.findings = source, findings
        self.origins: dict[Path, Path] = {}  # where a value really stands, when a template took it from a list
        self._asked: set[str] = set()

    def wrong(self, key: str | Path, message: str, advice: str) -> None:
        """Notes a problem with the value of `key` (or at a path below this table)."""
        below = (key,) if isinstance(key, str) else key
        path = (*self.path, *below)
        for length in range(len(path), len(self.path), -1):
            if path[:length] in self.origins:
                path = (*self.origins[path[:length]], *path[length:])
                break
        self.findings.add(self.source, path, message=f"{self.label}: {message}", advice=advice)

    def has(self, key: str) -> bool:
        """Whether the key is there; asking makes it a known key."""
        self._asked.add(key)
        return key in self.table

    def below(self, key: str | Path, label: str, *, of: dict[str, Any]) -> "Record":
        """A table within this one."""
        path = (*self.path, key) if isinstance(key, str) else (*self.path, *key)
        record = Record(of, path, label=label, source=self.source, findings=self.findings, made=self.made)
        record.origins = self.origins
        return record

    @overload
    def text(self, key: str, *, grammar: re.Pattern[str] | None = None, required: Literal[True]) -> str: ...
    @overload
    def text(self, key: str, *, grammar: re.Pattern[str] | None = None, required: bool = False) -> str | None: ...
    def text(self, key: str, *, grammar: re.Pattern[str] | None = None, required: bool = False) -> str | None:
        """A line of text that fits the grammar; "" where a required one is missing or wrong."""
        if not self.has(key):
            if required:
                self.wrong(key, f'"{key}" is missing', f'write {key} = "…"')
            return "" if required else None
        value = self.table[key]
        if self.made and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value.strip():
            self.wrong(key, f'"{key}" is not a text', f'write {key} = "…"')
            return "" if required else None
        value = value.strip()
        if not value.isprintable():
            self.wrong(key, f'"{key}" holds a line break or another control character', "write it on one line")
        elif grammar and not grammar.fullmatch(value):
            advice = ADVICE[grammar]
            if grammar is BRICK_CLASS and value.startswith("brick:"):
                advice = f'write "{value.removeprefix("brick:")}"'
            self.wrong(key, f'"{value}" cannot be its "{key}"', advice)
        return value

    def number(
        self, key: str, *, above: float | None = None, most: float | None = None, example: str = "1.5"
    ) -> float | None:
        """A finite number, greater than `above` and not greater than `most` where given."""
        if not self.has(key):
            return None
        value = self.table[key]
        if not is_finite(value):
            self.wrong(key, f'"{key}" is not a number', f"write {key} = {example}, without quotes or a unit")
            return None
        if above is not None and value <= above:
            self.wrong(key, f'"{key}" is {value:g}', f"write a number above {above:g}")
            return None
        if most is not None and value > most:
            self.wrong(key, f'"{key}" is {value:g}', f"write {most:.0f} or less")
            return None
        return float(value)

    def whole(self, key: str) -> int | None:
        """A whole number."""
        value = self.number(key, example="1")
        if value is not None and value != int(value):
            self.wrong(key, f'"{key}" is {value:g}', "write a whole number")
        elif value is not None and abs(value) > LARGEST_WHOLE:
            self.wrong(key, f'"{key}" is {value:g}', f"write a number up to {LARGEST_WHOLE}")
        return None if value is None else int(value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """true or false; `default` where it is missing or wrong."""
        if not self.has(key):
            return default
        value = self.table[key]
        if not isinstance(value, bool):
            self.wrong(key, f'"{key}" is neither true nor false', f"write {key} = true, or false")
            return default
        return value

    def seconds(self, *stems: str, default: float | None = None, least: float = 0.0) -> float | None:
        """A duration, written as STEM_s, STEM_min or STEM_h under one of its stems; `default` where it is missing."""
        known = {f"{stem}_{unit}": size for stem in stems for unit, size in UNITS_S.items()}
        given = [(key, size) for key, size in known.items() if self.has(key)]
        if not given:
            return default
        key, size = given[0]
        for twice, _ in given[1:]:
            self.wrong(twice, f'"{key}" and "{twice}" say the same thing twice', f"leave out {twice}")
        value = self.number(key, example="10")
        if value is not None and value * size < least:
            even = size == 1 or not least
            advice = f"write {least / size:g} or more" if even else f"write {least:g} second or more"
            self.wrong(key, f'"{key}" is {value:g}', advice)
        elif value is not None and value * size > LONGEST_S:
            self.wrong(key, f'"{key}" is {value:g}', f"write {LONGEST_S / size:.0f} (a year) or less")
        return default if value is None else value * size

    def listed(self, *keys: str) -> list[Any]:
        """A list under one of its names, where a single value may stand for a list of one."""
        given = [key for key in keys if self.has(key)]
        for twice in given[1:]:
            self.wrong(twice, f'"{given[0]}" and "{twice}" say the same thing twice', f"leave out {twice}")
        value = self.table[given[0]] if given else []
        return value if isinstance(value, list) else [value]

    def choice(self, key: str, kind: type[Choice], *, default: Choice) -> Choice:
        """One of a closed list; `default` where it is missing or wrong."""
        value = self.text(key, required=True)
        if value in list(kind):
            return kind(value)
        if value:
            known = ", ".join(f'"{k}"' for k in kind)
            self.wrong(key, f'"{value}" is no {key}', write_nearest(value, kind, otherwise=f"write one of {known}"))
        return default

    def name(self, key: str = "name") -> Name:
        """A name in both languages of the screens, { zh = "…", en = "…" }."""
        if not self.has(key) or not isinstance(self.table[key], dict):
            reason = f'"{key}" is missing' if key not in self.table else f'"{key}" must be in both languages'
            self.wrong(key, reason, f'write {key} = {{ zh = "…", en = "…" }}')
            return NOTHING
        both = self.below(key, f"{self.label}, {key}", of=self.table[key])
        found = Name(both.text("zh", required=True), both.text("en", required=True))
        both.close()
        return found

    def pair(self, key: str) -> tuple[float, float] | None:
        """Two numbers."""
        return as_pair(self.table[key], lambda: self._not_pair(key)) if self.has(key) else None

    def _not_pair(self, key: str) -> None:
        example = "[12.5, -40]" if key.endswith("_m") else "[116.33, 40.03]"
        self.wrong(key, f'"{key}" is not a pair of numbers', f"write {key} = {example}")

    def tables(self, key: str) -> dict[str, Any]:
        """A table of tables (or of `false`), by name."""
        if not self.has(key):
            return {}
        value = self.table[key]
        if not isinstance(value, dict):
            self.wrong(key, f'"{key}" is not a table', f"write {key}.NAME = {{ … }}")
            return {}
        return value

    def texts(self, key: str) -> list[str]:
        """A list of texts."""
        if not self.has(key):
            return []
        value = self.table[key]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.wrong(key, f'"{key}" is not a list of texts', f'write {key} = ["…", "…"]')
            return []
        return value

    def close(self) -> None:
        """Reports every key that nobody asked for, with the nearest one that would have been read."""
        for key in self.table:
            if key not in self._asked:
                unused = [known for known in sorted(self._asked) if known not in self.table]
                meant = nearest(key, unused) or nearest(key, self._asked)
                known = ", ".join(sorted(self._asked))
                self.wrong(key, f'unknown key "{key}"', f'write "{meant}"' if meant else f"known here: {known}")


def as_pair(value: object, complain: Callable[[], None]) -> tuple[float, float] | None:
    """Two finite numbers out of a list of two."""
    if isinstance(value, list) and len(value) == 2 and all(is_finite(item) for item in value):
        return float(value[0]), float(value[1])
    complain()
    return None


def is_finite(value: object) -> bool:
    """Whether a value is a number that every column takes; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= sys.float_info.max  # an int may be larger than any float
