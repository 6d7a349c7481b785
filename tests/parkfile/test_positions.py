"""The line of every key: tomllib says what is in a file, TomlPlaces says where, and they must agree on the what."""

import json
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline.parkfile.positions import TomlPlaces

TEXT = '''# a comment with = and [brackets]
top = 1  # and after a value
"quoted key" = "a = b # no comment [x]"
a.b.'c d' = 2
long = """
two # lines
\\""" still inside
""" # out
literal = \'\'\'
[not a table]
\'\'\'

[table] # comment
list = [ # comment ]
  1, "two", [3,
  4],
  { x = 1, y.z = [5] },
]
date = 2026-11-21 07:00:00

[table.inner]
p = { q = { r = "}" } }

[[many]]
k = 1
[many.sub]
k = 2
[[many.deep]]
k = 3
[[many.deep]]
k = 4

[[many]]
[[many.deep]]
k = 5
'''

LINES = {
    ("top",): 2,
    ("quoted key",): 3,
    ("a", "b", "c d"): 4,
    ("long",): 5,
    ("literal",): 9,
    ("table",): 13,
    ("table", "list"): 14,
    ("table", "list", 0): 15,
    ("table", "list", 1): 15,
    ("table", "list", 2, 0): 15,
    ("table", "list", 2, 1): 16,
    ("table", "list", 3, "y", "z", 0): 17,
    ("table", "date"): 19,
    ("table", "inner", "p", "q", "r"): 22,
    ("many", 0, "k"): 25,
    ("many", 0, "sub", "k"): 27,
    ("many", 0, "deep", 0, "k"): 29,
    ("many", 0, "deep", 1, "k"): 31,
    ("many", 1): 33,
    ("many", 1, "deep", 0, "k"): 35,
}


def test_the_line_of_every_kind_of_key() -> None:
    places = TomlPlaces("f", TEXT)
    assert {path: places.place(path).line for path in LINES} == LINES
    assert places.place(("many", 1, "deep", 0, "missing")).line == 34
    assert places.place(("nowhere",)).line == 1


def test_lines_end_as_in_windows_too() -> None:
    places = TomlPlaces("f", TEXT.replace("\n", "\r\n"))
    assert {path: places.place(path).line for path in LINES} == LINES


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of everything in a document that is no table and no list."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield path
    for key, item in items or ():
        yield from leaves(item, (*path, key))


KEYS = st.one_of(st.from_regex(r"[A-Za-z0-9_-]{1,4}", fullmatch=True), st.text(max_size=4))
SCALARS = st.one_of(
    st.integers(-(2**60), 2**60), st.booleans(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
BREAKS = st.sampled_from(["", " ", "\n", " # [note] = {x}\n", "\r\n"])


def text_of(value: Any, breaks: Iterator[str]) -> str:
    """A value as inline TOML, with breaks and comments where lists allow them."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(k)} = {text_of(v, breaks)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + next(breaks) + "".join(f"{text_of(v, breaks)}{next(breaks)},{next(breaks)}" for v in value) + "]"
    if isinstance(value, float):
        return repr(value) if "." in repr(value) or "e" in repr(value) else f"{value}.0"
    return quoted(value) if isinstance(value, str) else str(value).lower()


def quoted(text: str) -> str:
    """A basic TOML string: JSON's, but TOML escapes the delete character too and knows no surrogate pairs."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


@given(document=st.dictionaries(KEYS, VALUES, max_size=4), breaks=st.lists(BREAKS, min_size=3))
def test_every_value_that_tomllib_reads_has_a_line(document: dict[str, Any], breaks: list[str]) -> None:
    filler = (breaks[index % len(breaks)] for index in range(10**6))
    lines = [f"{quoted(key)} = {text_of(value, filler)}" for key, value in document.items()]
    text = "\n# between\n\n".join(lines)
    places = TomlPlaces("f", text)
    first = 1
    for line, key in zip(lines, tomllib.loads(text), strict=True):
        for path in leaves({key: document[key]}):
            if document[key] not in ([], {}):
                assert path in places.lines
        assert places.place((key,)).line == first
        first += line.count("\n") + 3
