"""A small profile written in a test, and what it makes of a payload."""

import json
from pathlib import Path
from typing import Any

from collectors.decoders import profile, profile_read
from collectors.decoders.decoded import Decoded, Route
from collectors.sources import Source


def read(text: str, payload: Any, *, topic: str = "t/dev", **source: Any) -> Decoded:
    """What a profile with these messages decodes a payload to; bytes as they are, everything else as JSON."""
    told = profile_read.read_text(f'about = "a test"\n{text}', Path("own.toml"))
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return profile.apply(told, Route(Source("src", "#", "profile", "qinghe", **source), {}, topic), raw)


def message(lines: str) -> str:
    """One message of `t/{device}`."""
    return f'[[message]]\ntopic = "t/{{device}}"\n{lines}\n'


def values(lines: str) -> str:
    """One message with nothing but values."""
    return message(f"[message.values]\n{lines}")


def only(said: Decoded) -> dict[str, float | bool | None]:
    """The values of the only sample."""
    (sample,) = said.samples
    return dict(sample.values)
