"""Reads one segment of a spool in order, from where the database says that it is stored."""

import contextlib
import logging
from typing import NamedTuple
from uuid import UUID

from collectors.spool_segment import HEAD, Damage, DamagedError, Kept, Record, Segment
from pipeline import metrics
from pipeline.store.spool import Position

log = logging.getLogger(__name__)
PORTION_BYTES = 8 * 2**20  # of payload


class Portion(NamedTuple):
    """The next messages of one segment, in order, record by record; `first` is where they begin."""

    segment: UUID
    first: Position
    records: list[tuple[int, list[Kept]]]
    end: int

    def kept(self) -> list[Kept]:
        """All messages."""
        return [kept for _, messages in self.records for kept in messages]

    def reached(self, count: int) -> Position:
        """The position after the first `count` messages."""
        skipped = self.first.message
        for number, messages in self.records:
            if count < len(messages):
                return Position(number, skipped + count)
            count, skipped = count - len(messages), 0
        return Position(self.records[-1][0] + 1, 0)


class Cursor:
    """Where the reading of one segment is. `position`: how far it is stored."""

    def __init__(self, segment: Segment, lane: str, position: Position) -> None:
        self.segment, self._lane, self.position = segment, lane, position
        self.at = HEAD.size
        self.damaged = False
        self._passed = 0  # messages of the records before `at`
        self._begun = 0  # messages of the record there that are stored

    @property
    def settled(self) -> int:
        """Messages that need nothing more: stored, or beyond reading."""
        return self._passed + self._begun

    @property
    def finished(self) -> bool:
        """Nothing is left."""
        return self.at >= self.segment.end

    def take(self, at_most: int) -> Portion | None:
        """The next messages, about so many; None where nothing more can be read."""
        records: list[tuple[int, list[Kept]]] = []
        end, count, size = self.at, 0, 0
        for place in self.segment.records(self.at):
            kept = self._open(place, first=not records)
            if kept and isinstance(place, Record):
                records.append((place.number, kept))
                count, size = count + len(kept), size + sum(len(k.payload) for k in kept)
            elif records:
                break  # looked at again when it comes first
            else:
                self.at, self._begun = place.end, 0
                self._passed += place.messages if isinstance(place, Record) else 0
            end = place.end
            if count >= at_most or size >= PORTION_BYTES:
                break
        return Portion(self.segment.uuid, Position(records[0][0], self._begun), records, end) if records else None

    def done(self, portion: Portion) -> None:
        """A portion is stored."""
        self._passed += self._begun + len(portion.kept())
        self.at, self._begun = portion.end, 0

    def _open(self, place: Record | Damage, *, first: bool) -> list[Kept]:
        """What of a record is not stored yet; nothing, and said loudly, where it cannot be read."""
        kept: list[Kept] | None = None
        if isinstance(place, Record):
            if place.number < self.position.record:
                return []
            with contextlib.suppress(DamagedError):
                kept = self.segment.read(place)
            if kept is not None and place.number == self.position.record:
                self._begun = self.position.message
                kept = kept[self._begun :]
        if kept is None and first:
            self._report(place)
        return kept or []

    def _report(self, place: Record | Damage) -> None:
        self.damaged = True
        metrics.SPOOL_DAMAGED.labels(self._lane).inc()
        what = f"record {place.number}, {place.messages} messages," if isinstance(place, Record) else "a part"
        log.error("lane %s: %s of %s cannot be read; it goes to aside/", self._lane, what, self.segment.path)
