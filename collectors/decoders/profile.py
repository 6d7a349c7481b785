"""Decodes any JSON, CSV or text payload by a mapping profile, a TOML file that says where the values are.

docs/formats.md describes the file. A value that is not there is skipped, one of the wrong type is stored as bad; a
message from which nothing can be taken is a dead letter, never dropped in silence.
"""

import csv
import io
from datetime import datetime
from typing import Any

import msgspec

from collectors.decoders import profile_read
from collectors.decoders.decoded import Decoded, Decoder, Route
from collectors.decoders.profile_model import Columns, MessageMap, Profile, word
from collectors.decoders.profile_take import Taking, Trace
from pipeline.domain.errors import Rejected

LARGEST = 256 * 1024  # bytes
_json = msgspec.json.Decoder()


def decoder(name: str) -> Decoder:
    """The decoder of one profile, by shipped name or path. ConfigurationError where the profile cannot be used."""
    profile = profile_read.read(name)

    def decode(route: Route, payload: bytes, received: datetime) -> Decoded:
        return apply(profile, route, payload)

    return decode


def apply(profile: Profile, route: Route, payload: bytes, *, trace: Trace | None = None) -> Decoded:
    """What a payload says by a profile; Rejected where it says nothing that the profile knows."""
    if len(payload) > LARGEST:
        raise Rejected("too-large", f"{len(payload)} bytes; {LARGEST} at most")
    message, parts, root = _fitting(profile, route.topic, payload)
    if trace is not None:
        trace.document, trace.message = root, message
        trace.used |= {path.place(()) for path, _ in message.when}
    known = {**route.parts, **parts, "source": route.source.name}
    return Taking(message, route.source, root, trace).take(known)


def _fitting(profile: Profile, topic: str, payload: bytes) -> tuple[MessageMap, dict[str, str], Any]:
    """The first `[[message]]` whose topic and condition fit, the parts of the topic, the payload read."""
    levels = topic.split("/")
    documents: dict[object, Any] = {}
    for message in profile.messages:
        parts = message.topic.match(levels)
        if parts is None:
            continue
        key = (message.format, message.columns)
        if key not in documents:
            documents[key] = _document(payload, message.format, message.columns)
        root = documents[key]
        if all(word(path.get(root, root)) in wanted for path, wanted in message.when):
            return message, parts, root
    raise Rejected("unknown-message", f"profile {profile.name} has no message for this topic and content")


def _document(payload: bytes, format_: str, columns: Columns | None) -> Any:
    try:
        if format_ == "json":
            return _json.decode(payload)
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Rejected("bad-utf8", "the payload is not UTF-8") from error
    except msgspec.DecodeError as error:
        raise Rejected("not-json", str(error)) from error
    except RecursionError as error:
        raise Rejected("too-deep", "the payload is nested more deeply than can be read") from error
    if format_ == "text" or columns is None:
        return text.strip()
    return _rows(text, columns)


def _rows(text: str, columns: Columns) -> list[dict[str, str]]:
    """One object for each row, without what is empty."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=columns.delimiter) if row]
    except csv.Error as error:
        raise Rejected("not-csv", str(error)) from error
    names = columns.names or tuple(name.strip() for name in (rows.pop(0) if rows else ()))
    if any(len(row) > len(names) for row in rows):
        raise Rejected("not-csv", f"a row has more than the {len(names)} columns that are named")
    return [{n: cell for n, c in zip(names, row, strict=False) if (cell := c.strip())} for row in rows]
