"""Reads the values that conditions are made of: codes by their BACnet names, park times, kinds of day, numbers."""

import re
from enum import IntEnum, StrEnum
from typing import TypeVar

from pipeline.domain.access import AccessEventCode, DoorState
from pipeline.domain.rule import DayKind
from pipeline.parkfile.fields import Record
from pipeline.parkfile.problems import write_nearest

Word = TypeVar("Word", bound=StrEnum)

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def table_of(record: Record, key: str, example: str) -> Record:
    """The table at `key`; an empty one where there is something else."""
    value = record.table[key]
    if not isinstance(value, dict):
        record.wrong(key, f'"{key}" is not a table', f"write {key} = {example}")
        value = {}
    return record.below(key, f"{record.label}, {key}", of=value)


def number(record: Record, key: str, default: float, *, above: float | None = None) -> float:
    """A number, or `default` where it is missing or wrong."""
    found = record.number(key, above=above)
    return default if found is None else found


def at_least_0(record: Record, key: str) -> float:
    """A number that is not negative; 0 where it is missing or wrong."""
    found = record.number(key)
    if found is not None and found < 0:
        record.wrong(key, f'"{key}" is {found:g}', "write 0 or more")
    return found or 0.0


def needed_s(record: Record, stem: str, example: str) -> float:
    """A duration that must be there."""
    found = record.seconds(stem, least=1.0)
    if found is None and not any(key.startswith(f"{stem}_") for key in record.table):
        record.wrong(example.split(" ")[0], f'"{example.split(" ")[0]}" is missing', f"write {example}")
    return found or 60.0


def park_time(record: Record, key: str) -> str:
    """A time of day, HH:MM."""
    text = record.text(key, required=True)
    if text and not _TIME.fullmatch(text):
        record.wrong(key, f'"{text}" is no time of day', f'write {key} = "22:00"')
    return text


def words(record: Record, key: str, kind: type[Word]) -> tuple[Word, ...]:
    """A list of words out of a closed list."""
    found = []
    for word in record.listed(key):
        if word in list(kind):
            found.append(kind(word))
        else:
            known = "write one of " + ", ".join(f'"{k}"' for k in kind)
            record.wrong(key, f'"{word}" is no word for "{key}"', write_nearest(str(word), kind, otherwise=known))
    return tuple(dict.fromkeys(found))


def day_kinds(record: Record) -> tuple[DayKind, ...]:
    """Kinds of day; none: every day."""
    return words(record, "days", DayKind)


def codes(record: Record, key: str, kind: type[IntEnum]) -> tuple[int, ...]:
    """Codes of a BACnet enumeration, by name (`forced-open`) or by number."""
    by_name = {label(code): int(code) for code in kind}
    found = []
    for word in record.listed(key):
        if isinstance(word, int) and not isinstance(word, bool) and word in by_name.values():
            found.append(word)
        elif isinstance(word, str) and word in by_name:
            found.append(by_name[word])
        else:
            known = "write one of " + ", ".join(list(by_name)[:10])
            record.wrong(key, f'"{word}" is no code of "{key}"', write_nearest(str(word), by_name, otherwise=known))
    return tuple(dict.fromkeys(found))


def label(code: IntEnum) -> str:
    """BACnet's own hyphenated name."""
    return code.name.lower().replace("_", "-")


DENIALS = tuple(int(code) for code in AccessEventCode if code >= AccessEventCode.DENIED_DENY_ALL)
DOORS = {int(state): label(state) for state in DoorState}
DECISIONS = {int(code): label(code) for code in AccessEventCode}
