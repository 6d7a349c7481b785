"""The words of messages to people, in their language: what, where, how urgent, until when. Nothing private: neither
what somebody wrote nor who asked for it."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import NamedTuple


class Words(NamedTuple):
    """A message as a person reads it."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a message is about, in both languages (zh, en). place: from the narrow to the wide; due: what has to be
    done until then, as `due_of` says (acknowledge, respond, restore)."""

    number: str
    priority: str
    title: tuple[str, str]
    place: tuple[str, str] = ("", "")
    due: datetime | None = None
    due_of: str | None = None
    why: tuple[str, str] = ("", "")


LONGEST = 120
_DUE = {
    "acknowledge": ("须接单", "to be taken"),
    "respond": ("须到场", "to be on site"),
    "restore": ("须修复", "to be restored"),
}


def worded(matter: Matter, language: str, *, zone: tzinfo) -> Words:
    """A subject for a phone's first line, and a body of a few lines."""
    zh = language == "zh"
    here = 0 if zh else 1
    title, place, why = _line(matter.title[here]), _line(matter.place[here]), _line(matter.why[here])
    separator = "·" if zh else " · "
    beside = place if place not in title else ""  # many titles name their place
    subject = separator.join(part for part in (f"[{matter.priority}] {title}", beside) if part)
    lines = [why] if why else []
    lines.append(f"{'单号' if zh else 'No.'} {matter.number}{'，优先级' if zh else ', priority'} {matter.priority}")
    if place:
        lines.append(f"{'地点：' if zh else 'Where: '}{place}")
    if matter.due is not None:
        until = matter.due.astimezone(zone)
        what = _DUE[matter.due_of or "acknowledge"][here]
        lines.append(f"{until:%m-%d %H:%M} 前{what}" if zh else f"{what} by {until:%d %b %H:%M}")
    return Words(subject[:LONGEST], "\n".join(lines))


def _line(text: str) -> str:
    """On one line: a subject with a line break in it would be a header of its own."""
    return " ".join(text.split())
