"""Reads what foreign devices publish (docs/formats.md): each message by its source, with that source's decoder."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from collectors.decoders import chirpstack, park_foreign, profile, senml, zigbee2mqtt
from collectors.decoders.decoded import Decoded, Decoder, Route
from collectors.decoders.sparkplug import Command, SparkplugHost, derived_id
from collectors.decoders.sparkplug_node import Told
from collectors.routes import SourceTable
from collectors.seal import Letter
from collectors.sources import Format, Source
from pipeline.domain.errors import ConfigurationError, Rejected
from pipeline.domain.message import Message, Sender
from pipeline.domain.park import Family

ASKED_EVERY = timedelta(seconds=1)
LARGEST = 256 * 1024  # bytes, as for smartpark's own payloads
LARGEST_BIRTH = 4 * 1024 * 1024  # bytes: a Sparkplug birth names every metric of a node at once

DECODERS: Mapping[str, Decoder] = {
    Format.PARK: park_foreign.decode,
    Format.SENML: senml.decode,
    Format.CHIRPSTACK: chirpstack.decode,
    Format.ZIGBEE2MQTT: zigbee2mqtt.decode,
}

Digest = Callable[[bytes, bytes], bytes]
"""Over topic and payload."""


class Refused(NamedTuple):
    """A message that cannot be understood, perhaps one that came a while ago."""

    letter: Letter
    why: Rejected


class Foreign:
    """Reads one lane's foreign messages, on one thread. ConfigurationError where a source names what cannot be had."""

    def __init__(self, table: SourceTable, digest: Digest) -> None:
        self.table, self._digest = table, digest
        keys = {key for source in table.sources for key in _formats(source) if key[0] != Format.SPARKPLUG}
        self._decoders = {key: _decoder(*key) for key in keys}
        self._asked = datetime.min.replace(tzinfo=UTC)
        self._hosts = {s.name: SparkplugHost(s) for s in table.sources if s.format == Format.SPARKPLUG}

    def read(
        self, topic: str, payload: bytes, received: datetime, *, retained: bool = False
    ) -> list[Message | Refused]:
        """What a message says, often of several devices; nothing where it is none of our business, or has to wait for
        those before it (Sparkplug B). Raises Rejected."""
        if (route := self.table.route(topic)) is None:
            raise Rejected("no-source", "no source of the sources file has this topic")
        host = self._hosts.get(route.source.name)
        if len(payload) > (most := LARGEST if host is None else LARGEST_BIRTH):
            raise Rejected("too-large", f"{len(payload)} bytes; {most} at most")
        if host is not None and retained:
            return []  # Sparkplug retains STATE only: a birth that a broker kept says nothing about who lives now
        if host is not None:
            told = self._kept(host.receive(topic, payload, received))
            return told + self.due(received) if self.restless(received) else told
        said = self._decoders[route.source.format, route.source.profile](route, payload, received)
        if said is not None and retained and said.identity is None:
            said = _dated_only(said)
        if said is None or not (said.samples or said.events):
            return []
        digest = self._digest(topic.encode(), payload)
        return [Message(said.sender, said.identity, digest, received, said.samples, said.events, retained)]

    def restless(self, now: datetime) -> bool:
        """Whether `due` is worth asking now: there may be something that waits, and it was not asked for a second."""
        return bool(self._hosts) and abs(now - self._asked) >= ASKED_EVERY

    def due(self, now: datetime) -> list[Message | Refused]:
        """What has waited long enough."""
        self._asked = now
        return self._kept(told for host in self._hosts.values() for told in host.due(now))

    def leave(self) -> list[Message | Refused]:
        """Everything that still waits, because the lane goes to somebody who knows nothing of it."""
        return self._kept(told for host in self._hosts.values() for told in host.leave())

    def commands(self) -> list[Command]:
        """What to publish, each once: a Sparkplug host asks nodes to tell all about themselves again."""
        return [command for host in self._hosts.values() for command in host.commands()]

    def sender(self, topic: str) -> Sender | None:
        """Who published, as far as the topic tells it; for dead letters."""
        route = self.table.route(topic)
        if route is None:
            return None
        if route.source.format == Format.SPARKPLUG:
            return _sparkplug_sender(route)
        if not (device := route.parts.get("device")):
            return None
        try:
            if route.source.format == Format.CHIRPSTACK:
                return chirpstack.sender_of(route.source, device)
            if route.source.format == Format.ZIGBEE2MQTT:
                name, _ = zigbee2mqtt.told_of(device)
                return route.source.sender(name) if name else None
            return route.source.sender(device)
        except Rejected:
            return None

    def _kept(self, tolds: Iterable[Told]) -> list[Message | Refused]:
        found: list[Message | Refused] = []
        for told in tolds:
            topic = told.topic.encode()
            digest = self._digest(topic, told.payload)
            found += [Message(s.sender, s.identity, digest, told.received, s.samples, s.events) for s in told.said]
            if told.why is not None:
                found.append(Refused(Letter(topic, told.payload, told.received), told.why))
        return found


def check(table: SourceTable) -> None:
    """ConfigurationError where a source names what cannot be had; told when a process starts."""
    Foreign(table, lambda _topic, _payload: b"")


def _sparkplug_sender(route: Route) -> Sender | None:
    levels = route.topic.split("/")
    if len(levels) not in (4, 5) or not all(levels):
        return None
    foreign = "/".join((levels[1], *levels[3:]))
    known = route.source.devices.get(foreign)
    family = (known.family if known else None) or (Family.GATEWAY if len(levels) == 4 else route.source.family)
    return Sender(route.source.park, family, known.id if known else derived_id(foreign))


def _dated_only(said: Decoded) -> Decoded:
    """What a broker kept, perhaps for months, is delivered at every subscription: without a time it says nothing."""
    samples = [sample for sample in said.samples if sample.time is not None]
    return Decoded(said.sender, None, samples, [event for event in said.events if event.time is not None])


def _formats(source: Source) -> set[tuple[str, str | None]]:
    """Every format and profile that a source or one of its devices names."""
    return {(source.format, source.profile)} | {
        (device.format or source.format, device.profile or source.profile) for device in source.devices.values()
    }


def _decoder(format_: str, profile_name: str | None) -> Decoder:
    if format_ == Format.PROFILE and profile_name is not None:
        return profile.decoder(profile_name)
    if (known := DECODERS.get(format_)) is not None:
        return known
    raise ConfigurationError(f'the format "{format_}" is not read yet')
