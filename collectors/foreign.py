"""Reads what foreign devices publish (docs/formats.md): each message by its source, with that source's decoder."""

from collections.abc import Mapping
from datetime import datetime

from collectors.decoders import chirpstack, park_foreign, profile, senml, zigbee2mqtt
from collectors.decoders.decoded import Decoded, Decoder
from collectors.routes import SourceTable
from collectors.sources import Format, Source
from pipeline.domain.errors import ConfigurationError, Rejected
from pipeline.domain.message import Message, Sender

LARGEST = 256 * 1024  # bytes, as for smartpark's own payloads

DECODERS: Mapping[str, Decoder] = {
    Format.PARK: park_foreign.decode,
    Format.SENML: senml.decode,
    Format.CHIRPSTACK: chirpstack.decode,
    Format.ZIGBEE2MQTT: zigbee2mqtt.decode,
}


class Foreign:
    """Reads one lane's foreign messages. ConfigurationError where a source names what cannot be had."""

    def __init__(self, table: SourceTable) -> None:
        self.table = table
        self._decoders = {key: _decoder(*key) for source in table.sources for key in _formats(source)}

    def read(
        self, topic: str, payload: bytes, received: datetime, *, digest: bytes, retained: bool = False
    ) -> list[Message]:
        """What a message says, often of several devices; nothing where it is none of our business. Raises Rejected."""
        if (route := self.table.route(topic)) is None:
            raise Rejected("no-source", "no source of the sources file has this topic")
        if len(payload) > LARGEST:
            raise Rejected("too-large", f"{len(payload)} bytes; {LARGEST} at most")
        said = self._decoders[route.source.format, route.source.profile](route, payload, received)
        if said is not None and retained and said.identity is None:
            said = _dated_only(said)
        if said is None or not (said.samples or said.events):
            return []
        return [Message(said.sender, said.identity, digest, received, said.samples, said.events, retained)]

    def sender(self, topic: str) -> Sender | None:
        """Who published, as far as the topic tells it; for dead letters."""
        route = self.table.route(topic)
        if route is None or not (device := route.parts.get("device")):
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
