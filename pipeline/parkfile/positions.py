"""Finds the line of every key of a TOML text, which tomllib keeps to itself.

Works on text that tomllib has already accepted, so it follows the structure only and checks nothing.
"""

import re
import tomllib

from pipeline.parkfile.problems import Path, Place

_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(r'''"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\'''', re.DOTALL)
_PLAIN = re.compile(r"[^,\]}#\n]*")


class TomlPlaces:
    """The places of one TOML file: the line of a path, or of the nearest thing around it that has one."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = _Scanner(text).run()

    def place(self, path: Path) -> Place:
        while path and path not in self.lines:
            path = path[:-1]
        return Place(self.file, self.lines.get(path, 1))


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text, self.at = text.replace("\r\n", "\n"), 0
        self.counted, self.line = 0, 1
        self.lines: dict[Path, int] = {}
        self.last: dict[Path, int] = {}  # the newest index of every array of tables

    def run(self) -> dict[Path, int]:
        here: Path = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                here = self.header()
            else:
                self.pair(here)
            self.skip(_BLANK)
        return self.lines

    def skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found.group() if found else ""

    def note(self, path: Path) -> None:
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        self.lines.setdefault(path, self.line)

    def keys(self) -> list[str]:
        found = []
        while True:
            self.skip(_SPACE)
            key = self.skip(_KEY)
            found.append(_unescape(key[1:-1]) if key[0] == '"' else key.strip("'"))
            self.skip(_SPACE)
            if self.text[self.at] != ".":
                return found
            self.at += 1

    def header(self) -> Path:
        many = self.text.startswith("[[", self.at)
        start, self.at = self.at, self.at + (2 if many else 1)
        *outer, name = self.keys()
        here: Path = ()
        for key in outer:
            here = self.inside((*here, key))
        here = (*here, name)
        end, self.at = self.at + (2 if many else 1), start
        if many:
            self.note(here)
            self.last[here] = self.last.get(here, -1) + 1
            here = (*here, self.last[here])
        self.note(here)
        self.at = end
        return here

    def inside(self, path: Path) -> Path:
        return (*path, self.last[path]) if path in self.last else path

    def pair(self, here: Path) -> None:
        start = self.at
        path = here
        keys = self.keys()
        end, self.at = self.at + 1, start  # past the "="
        for key in keys:
            path = (*path, key)
            self.note(path)
        self.at = end
        self.skip(_SPACE)
        self.value(path)

    def value(self, path: Path) -> None:
        opening = self.text[self.at]
        if opening in "\"'":
            self.skip(_STRING)
        elif opening in "[{":
            self.at += 1
            self.items(path, close="]" if opening == "[" else "}")
        else:
            self.skip(_PLAIN)

    def items(self, path: Path, *, close: str) -> None:
        index = 0
        while True:
            self.skip(_BLANK)
            if self.text[self.at] == close:
                self.at += 1
                return
            if self.text[self.at] == ",":
                self.at += 1
            elif close == "}":
                self.pair(path)
            else:
                self.note((*path, index))
                self.value((*path, index))
                index += 1


def _unescape(key: str) -> str:
    if "\\" not in key:
        return key
    return str(tomllib.loads(f'key = "{key}"')["key"])
