"""What a mapping profile says, once read: which messages there are, and how each becomes values and a status."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from collectors.decoders.profile_paths import Path, Place, Template, TopicEnd
from collectors.decoders.profile_registers import Block, Slot
from collectors.decoders.profile_times import TimeLine
from collectors.decoders.profile_units import Conversion


class NamedUnit(NamedTuple):
    """`from = { path, map }`: the payload itself names the unit; each word that it may say, with its conversion."""

    path: Path
    conversions: Mapping[str, Conversion | None]


@dataclass(frozen=True, slots=True)
class ValueLine:
    """One line of `[message.values]`: where a point's value stands, and what makes the park's value of it.

    name: of the point; with parts, one line makes many points. words: what texts (and numbers) mean as numbers.
    texts: a number written as a text is one too.
    """

    name: Template
    paths: tuple[Path, ...] = ()
    slot: Slot | None = None
    unit: str | None = None
    conversion: Conversion | None = None
    named_unit: NamedUnit | None = None
    words: Mapping[str, float] = field(default_factory=dict)
    required: bool = False
    many: bool = False
    texts: bool = True


@dataclass(frozen=True, slots=True)
class Said:
    """A text of `[message.status]`: always the same, or what stands at a path, in the park's words."""

    always: str | None = None
    paths: tuple[Path, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StatusLine:
    """`[message.status]`. will: what says offline here is the broker's last will, not the device."""

    state: Said
    will: bool = False
    reason: Said | None = None
    firmware: Said | None = None
    battery_pct: tuple[Path, ...] = ()
    signal_dbm: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """How CSV is written. names: of the columns; None where the first line names them."""

    names: tuple[str, ...] | None
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class MessageMap:
    """One `[[message]]`: which messages it reads (`topic`, `when`), and what it takes from them."""

    topic: TopicEnd
    format: str  # json, csv or text
    columns: Columns | None
    when: tuple[tuple[Path, frozenset[str]], ...]
    parts: Mapping[str, Path]
    each: Path | None
    device: Template
    sender: Template | None  # None: the device itself publishes
    identity: Template | None
    time: TimeLine | None
    registers: Block | None
    values: tuple[ValueLine, ...]
    status: StatusLine | None
    ignore: bool
    indexed: bool  # a path begins with `[n]`: a list is meant as a whole, not as its items
    may_be_empty: bool
    # Places that a line names, so that `{part}` and `*` leave them alone: from the root, and from the element.
    named: frozenset[Place]
    named_here: frozenset[Place]
    opened: frozenset[Place]  # lists and objects whose items a line takes one by one


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile file. Of its messages, the first whose topic and condition fit reads what comes in."""

    name: str
    about: str
    document: str
    messages: tuple[MessageMap, ...]
    text: str


def word(value: Any) -> str | None:
    """How a value of a payload is written as a key of `map` or a value of `when`; None where it is neither."""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return None
