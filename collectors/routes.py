"""Finds the one source that a foreign topic belongs to, for every foreign message; so it remembers its answers."""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from collectors.decoders.decoded import Route
from collectors.patterns import Pattern
from collectors.sources import Source

REMEMBERED = 20_000  # topics; beyond that the longest unused are matched again


class SourceTable:
    """All sources of a sources file, or those of one lane. Sources don't overlap: a topic has one, or none."""

    def __init__(self, sources: Iterable[Source] = ()) -> None:
        self.sources = tuple(sources)
        self._patterns = [(Pattern.parse(source.topic), source) for source in self.sources]
        self.route = lru_cache(maxsize=REMEMBERED)(self._route)
        """`route(topic)`: the message's way in, its source already as its device's own configuration has it."""

    def of(self, lane: str) -> "SourceTable":
        """The sources of one lane."""
        return SourceTable(source for source in self.sources if source.lane == lane)

    def __bool__(self) -> bool:
        return bool(self.sources)

    def _route(self, topic: str) -> Route | None:
        for pattern, source in self._patterns:
            if (parts := pattern.match(topic)) is not None:
                return Route(_as_configured(source, parts.get("device", "")), parts, topic)
        return None


def _as_configured(source: Source, device: str) -> Source:
    own = source.devices.get(device)
    if own is None or (own.format is None and own.profile is None):
        return source
    return replace(source, format=own.format or source.format, profile=own.profile or source.profile)
