"""Makes many entries of one: `for.floor = "1..9"` and `{floor:02}` in its texts, so that a park file stays short."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pipeline.parkfile.problems import Findings, Path, Source, write_nearest

MOST = 20_000  # entries that one template may make: beyond that it is a slip of the keyboard

_BRACED = re.compile(r"\{([^{}]*)\}")
_PIECE = re.compile(rf"\{{\{{|\}}\}}|{_BRACED.pattern}")  # {{ and }} stand for braces themselves
_PLACEHOLDER = re.compile(r"([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?(?::0([1-9]))?")
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")

_FOR_ADVICE = 'write a range such as "1..9" or a list such as ["a", "b"], or the name of one of your [lists]'


class Entry(NamedTuple):
    """One table of a file after its templates were filled in, and where it was written.

    origins says which values (by their path) were taken whole from a list, and where they stand there.
    """

    table: dict[str, Any]
    path: Path
    made: bool  # from a template: whole numbers may stand where text is wanted
    origins: dict[Path, Path]


class _Chosen(NamedTuple):
    value: Any
    path: Path


def expand(
    entry: dict[str, Any], path: Path, *, lists: dict[str, Any], source: Source, findings: Findings
) -> Iterator[Entry]:
    """The entries that a table stands for: itself, or one for each combination of its `for` values.

    lists holds the file's `[lists]`, which a `for` may name; a range may use what was chosen before it.
    """
    axes = entry.get("for", {})
    if not isinstance(axes, dict) or ("for" in entry and not axes):
        findings.add(source, (*path, "for"), message='"for" names nothing', advice='write for.floor = "1..9"')
        return
    body = {key: value for key, value in entry.items() if key != "for"}
    for made, chosen in enumerate(_combinations(list(axes.items()), {}, path, _Filler({}, lists, source, findings))):
        if made == MOST:
            advice = f"shorten its ranges; at most {MOST} are made"
            findings.add(source, (*path, "for"), message="this entry would make too many things", advice=advice)
            return
        filler = _Filler(chosen, lists, source, findings)
        filled = {key: filler.fill(value, (*path, key)) for key, value in body.items()}
        yield Entry(filled, path, bool(axes), filler.origins)


def _combinations(
    axes: list[tuple[str, Any]], chosen: dict[str, _Chosen], path: Path, filler: "_Filler"
) -> Iterator[dict[str, _Chosen]]:
    if not axes:
        yield chosen
        return
    (name, values), *rest = axes
    for value in filler.choosing(chosen).values(values, (*path, "for", name)):
        yield from _combinations(rest, {**chosen, name: value}, path, filler)


class _Filler:
    def __init__(self, chosen: dict[str, _Chosen], lists: dict[str, Any], source: Source, findings: Findings) -> None:
        self.chosen, self.lists, self.source, self.findings = chosen, lists, source, findings
        self.origins: dict[Path, Path] = {}

    def choosing(self, chosen: dict[str, _Chosen]) -> "_Filler":
        return _Filler(chosen, self.lists, self.source, self.findings)

    def values(self, given: Any, path: Path) -> list[_Chosen]:
        """What one `for` runs over: a range, a named list, or the list itself."""
        text = self.fill(given, path) if isinstance(given, str) else ""
        if ends := _RANGE.fullmatch(str(text)):
            first, last = int(ends[1]), int(ends[2])
            return [_Chosen(number, path) for number in range(first, min(last, first + MOST) + 1)]
        found = self.lists.get(text, []) if text else given
        if isinstance(found, list) and found and all(isinstance(value, str | int | dict) for value in found):
            home = ("lists", str(text)) if text else path
            return [_Chosen(value, (*home, index)) for index, value in enumerate(found)]
        advice = write_nearest(str(text), self.lists, otherwise=_FOR_ADVICE) if text else _FOR_ADVICE
        message = f'"for.{path[-1]}" is neither a range nor a list' if not text else f'there is no list "{text}"'
        self.findings.add(self.source, path, message=message, advice=advice)
        return []

    def fill(self, value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return {key: self.fill(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item, (*path, index)) for index, item in enumerate(value)]
        if not isinstance(value, str) or ("{" not in value and "}}" not in value):
            return value
        found = _BRACED.fullmatch(value)
        if found and ":" not in found[1]:
            return self.look_up(found[1], path, whole=True)  # alone: a number stays a number, a table a table
        return _PIECE.sub(lambda m: m[0][0] if m[1] is None else str(self.look_up(m[1], path)), value)

    def look_up(self, word: str, path: Path, *, whole: bool = False) -> Any:
        parts = _PLACEHOLDER.fullmatch(word)
        if not parts:
            advice = "write {name}, {name.key} or {name:02}"
            self.findings.add(self.source, path, message=f'"{{{word}}}" is not a placeholder', advice=advice)
            return "x"
        name, key, width = parts.groups()
        if name not in self.chosen:
            advice = write_nearest(name, self.chosen, otherwise=f"add for.{name} to this entry")
            self.findings.add(self.source, path, message=f'"{{{word}}}" has no "for.{name}"', advice=advice)
            return "x"
        value, origin = self.chosen[name]
        if whole:
            self.origins[path] = origin if not isinstance(value, dict) else (*origin, key or "id")
        if isinstance(value, dict):
            key = key or "id"
            if key not in value:
                message = f'a value of "for.{name}" has no "{key}"'
                advice = write_nearest(key, value, otherwise=f'add "{key}" to each of them')
                self.findings.add(self.source, path, message=message, advice=advice)
                return "x"
            value = value[key]
        elif key:
            message = f'"{{{word}}}": the values of "for.{name}" have no keys'
            self.findings.add(self.source, path, message=message, advice=f"write {{{name}}}")
        return f"{value:0{width}d}" if width and isinstance(value, int) else value
