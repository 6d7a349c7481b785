"""Typed values out of JSON text; what is wrong with it in the words of docs/wire.md."""

from typing import TypeVar

import msgspec

from collectors.decoders.envelope import reason
from pipeline.domain.errors import Rejected

T = TypeVar("T")


def decode_json(decoder: msgspec.json.Decoder[T], payload: bytes) -> T:
    """Raises Rejected, whose text names the place in the payload, never its content."""
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise reason(error) from error
    except msgspec.DecodeError as error:
        raise Rejected("not-json", str(error)) from error
    except RecursionError as error:
        raise Rejected("too-deep", "the payload is nested more deeply than any that we know") from error
    except UnicodeDecodeError as error:
        raise Rejected("bad-utf8", "the payload is not UTF-8") from error
