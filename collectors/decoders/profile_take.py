"""Takes one message apart as its `[[message]]` says: values into samples, a status into an event."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from collectors.decoders.decoded import Decoded
from collectors.decoders.profile_model import MessageMap, Said, ValueLine, word
from collectors.decoders.profile_names import names_of
from collectors.decoders.profile_paths import MISSING, Match, Path, Place, parse
from collectors.decoders.profile_registers import Registers
from collectors.sources import Source
from pipeline.domain.errors import Rejected
from pipeline.domain.message import LAST_WILL, ConnectionState, Event, Sample, Sender, StatusReport
from pipeline.domain.park import Family

ITEMS = parse("*")
LONGEST_ID, LONGEST_TEXT, LONGEST_FIRMWARE = 64, 200, 64  # characters, as in docs/wire.md
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")


class Found(NamedTuple):
    """One value that a profile took: what stood in the payload, and what is stored."""

    device_id: str
    time: datetime | None
    point: str
    raw: Any
    value: float | None
    unit: str | None
    bad: bool


@dataclass(slots=True)
class Trace:
    """What `park profile try` shows beside the result: where each value came from, and which places were read."""

    found: list[Found] = field(default_factory=list)
    used: set[Place] = field(default_factory=set)
    document: Any = None
    message: MessageMap | None = None


class Taking:
    """One message being taken apart."""

    def __init__(self, message: MessageMap, source: Source, root: Any, trace: Trace | None) -> None:
        self.message, self.source, self.root, self.trace = message, source, root, trace
        self.names = names_of(source)
        self.samples: list[Sample] = []
        self.taken: dict[tuple[str, datetime | None], tuple[dict[str, float | None], dict[str, str]]] = {}

    def take(self, parts: dict[str, str]) -> Decoded:
        message, root = self.message, self.root
        each = message.each
        if each is None and root.__class__ is list and not message.indexed:
            each = ITEMS  # a list stands for its items
        early = self._parts(parts, root, (), from_root=each is not None)
        foreign = (message.sender or message.device).fill(early)
        if foreign is None and (each is ITEMS or message.ignore):
            foreign = self.source.name
        if foreign is None:
            raise Rejected("missing-key", f"nothing in this message says which device {message.device.text} is")
        sender = self._sender(foreign)
        if message.ignore:
            return Decoded(sender, None, [], [])
        own = None if message.sender or not message.device.names <= early.keys() else sender.device_id
        if each is None:
            self._element(root, (), early, own)
        else:
            for match in each.walk(root, root):
                known = self._parts({**early, **match.parts}, match.value, match.place)
                self._element(match.value, match.place, known, own)
        events = self._status(early)
        if not self.samples and not events and not message.may_be_empty:
            raise Rejected("nothing-mapped", "none of the places that the profile names is in this message")
        return Decoded(sender, self._identity(early), self.samples, events)

    def _sender(self, foreign: str) -> Sender:
        configured = self.source.devices.get(foreign)
        sender = self.source.sender(foreign)
        if self.message.sender and not (configured and configured.family):
            return sender._replace(family=Family.GATEWAY)  # it speaks of others
        return sender

    def _parts(self, known: dict[str, str], here: Any, at: Place, *, from_root: bool = False) -> dict[str, str]:
        """The parts known so far and those that stand here; from_root: only those that need no element."""
        if not self.message.parts:
            return known
        found = dict(known)
        for name, path in self.message.parts.items():
            if from_root and not path.from_root:
                continue
            said = path.get(here, self.root)
            if isinstance(said, str | int) and not isinstance(said, bool) and (text := str(said).strip()):
                found[name] = text
                self._mark(path, at)
        return found

    def _element(self, here: Any, at: Place, parts: dict[str, str], device_id: str | None) -> None:
        message = self.message
        when = message.time.read(here, self.root) if message.time else None
        registers = self._registers(here, at)
        if self.trace is not None and message.time:
            for path in message.time.paths:
                self._mark(path, at)
        for line in message.values:
            if line.many:
                self._many(line, here, at, parts, device_id, when)
                continue
            raw = line.slot.get(registers) if line.slot else self._first(line.paths, here, at)
            if raw.__class__ in (list, dict) and any(path.steps in message.opened for path in line.paths):
                continue  # another line takes it apart
            if raw is MISSING:
                if line.required:
                    raise Rejected("missing-key", f'"{line.name.text}" is required, and is not there')
                continue
            value = self._converted(_number(raw, line), line, here, at)
            self._keep(line, parts, raw, value, device_id, when)

    def _many(
        self,
        line: ValueLine,
        here: Any,
        at: Place,
        parts: dict[str, str],
        device_id: str | None,
        when: datetime | None,
    ) -> None:
        taken = False
        for match in self._first_walk(line.paths, here, at):
            if match.place in self.message.named or match.place[len(at) :] in self.message.named_here:
                continue
            value = _number(match.value, line)
            if value is None and match.value is not None:
                continue  # a text, a list, an object: not what a line for "all numbers" means
            taken = True
            value = self._converted(value, line, here, at)
            if self.trace is not None:
                self.trace.used.add(match.place)
            self._keep(line, {**parts, **match.parts}, match.value, value, device_id, when)
        if line.required and not taken:
            raise Rejected("missing-key", f'"{line.name.text}" is required, and is not there')

    def _keep(
        self,
        line: ValueLine,
        parts: dict[str, str],
        raw: Any,
        value: float | None,
        device_id: str | None,
        when: datetime | None,
    ) -> None:
        if device_id is None:
            foreign = self.message.device.fill(parts)
            if foreign is None:
                raise Rejected(
                    "missing-key", f"nothing in this message says which device {self.message.device.text} is"
                )
            device_id = self.names.device(foreign)
        name = line.name.fill(parts)
        if name is None:
            raise Rejected("missing-key", f'nothing in this message fills in the name "{line.name.text}"')
        point = self.names.point(name)
        taken = self.taken.get((device_id, when))
        if taken is None:
            taken = self.taken[device_id, when] = ({}, {})
            self.samples.append(Sample(device_id, when, taken[0], frozenset(), taken[1]))
        elif point in taken[0]:  # once more at the same time: the pipeline tells a repeat from a conflict
            taken = ({}, {})
            self.samples.append(Sample(device_id, when, taken[0], frozenset(), taken[1]))
        taken[0][point] = value
        if line.unit is not None:
            taken[1][point] = line.unit
        if self.trace is not None:
            self.trace.found.append(Found(device_id, when, point, raw, value, line.unit, value is None))

    def _converted(self, value: float | None, line: ValueLine, here: Any, at: Place) -> float | None:
        """In the park's unit; None where the payload names a unit that the profile does not know."""
        if value is None:
            return None
        conversion = line.conversion
        if line.named_unit is not None:
            self._mark(line.named_unit.path, at)
            named = line.named_unit.path.get(here, self.root)
            if named is not MISSING and named is not None:
                unit = word(named)
                if unit is None or unit not in line.named_unit.conversions:
                    return None
                conversion = line.named_unit.conversions[unit]
        if conversion is not None:
            value = conversion(value)
        return value if math.isfinite(value) else None

    def _first_walk(self, paths: tuple[Path, ...], here: Any, at: Place) -> Iterator[Match]:
        for path in paths:
            found = path.walk(here, self.root, at=at)
            if (match := next(found, None)) is not None:
                yield match
                yield from found
                return

    def _first(self, paths: tuple[Path, ...], here: Any, at: Place) -> Any:
        for path in paths:
            said = path.get(here, self.root)
            if said is not MISSING:
                self._mark(path, at)
                return said
        return MISSING

    def _mark(self, path: Path, at: Place) -> None:
        if self.trace is not None:
            self.trace.used.add(path.place(at))

    def _registers(self, here: Any, at: Place) -> Registers | None:
        block = self.message.registers
        if block is None:
            return None
        self._mark(block.path, at)
        if isinstance(block.first, Path):
            self._mark(block.first, at)
        try:
            return block.read(here, self.root)
        except ValueError as error:
            raise Rejected("bad-type", str(error)) from error

    def _identity(self, parts: Mapping[str, str]) -> str | None:
        said = self.message.identity.fill(parts) if self.message.identity else None
        if said is None:
            return None
        if len(said) > LONGEST_ID or not said.isprintable():
            raise Rejected("out-of-bounds", f"the message's id has control characters, or more than {LONGEST_ID}")
        return f"m:{said}"

    def _status(self, parts: Mapping[str, str]) -> list[Event]:
        line, root = self.message.status, self.root
        state = self._said(line.state, longest=LONGEST_TEXT) if line else None
        if line is None or state is None:
            return []
        if state not in list(ConnectionState):
            raise Rejected("out-of-bounds", "the profile does not say what this word means as a state")
        time = self.message.time if self.message.each is None else None
        will = line.will and state == ConnectionState.OFFLINE
        return [
            StatusReport(
                time.read(root, root) if time else None,
                ConnectionState(state),
                reason=LAST_WILL if will else self._said(line.reason, longest=LONGEST_TEXT),
                firmware=self._said(line.firmware, longest=LONGEST_FIRMWARE),
                battery_pct=_within(self._first(line.battery_pct, root, ()), 0, 100),
                signal_dbm=_within(self._first(line.signal_dbm, root, ()), -200, 50),
            )
        ]

    def _said(self, said: Said | None, *, longest: int) -> str | None:
        if said is None or said.always is not None:
            return said.always if said else None
        found = word(self._first(said.paths, self.root, ()))
        if found is None:
            return None
        found = said.words.get(found, found)
        return found[:longest].replace("\x00", "")


def _number(raw: Any, line: ValueLine) -> float | None:
    """The number that something in a payload means; None where it means none."""
    if line.words and (said := word(raw)) is not None and said in line.words:
        return line.words[said]
    if raw.__class__ is str:
        return float(raw) if line.texts and len(raw) < 64 and _NUMBER.fullmatch(raw := raw.strip()) else None
    if isinstance(raw, int | float):  # true is 1
        try:
            return float(raw)
        except OverflowError:
            return None
    return None


def _within(raw: Any, low: float, high: float) -> float | None:
    if isinstance(raw, str) and len(raw) < 64 and _NUMBER.fullmatch(raw.strip()):
        raw = float(raw)
    number = isinstance(raw, int | float) and not isinstance(raw, bool)
    return float(raw) if number and low <= raw <= high else None
