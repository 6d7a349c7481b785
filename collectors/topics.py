"""The topic grammar of docs/wire.md: park/v1/{park}/{family}/{device}/{message}."""

import re
from typing import NamedTuple

from pipeline.domain.errors import Rejected
from pipeline.domain.message import Sender
from pipeline.domain.park import Family

PARK_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
DEVICE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
MESSAGES = frozenset({"readings", "access", "passage", "door", "screening", "status"})
_FAMILIES = {str(f): f for f in Family}


class Topic(NamedTuple):
    """Who published, and what kind of payload follows."""

    sender: Sender
    message: str


def parse(topic: str) -> Topic:
    """Rejected with `bad-topic`, `unknown-family` or `unknown-message` where it is not the grammar's."""
    levels = topic.split("/")
    if len(levels) != 6 or levels[:2] != ["park", "v1"]:
        raise Rejected("bad-topic", "a topic reads park/v1/{park}/{family}/{device}/{message}")
    _, _, park, family, device, message = levels
    if not PARK_ID.fullmatch(park) or not DEVICE_ID.fullmatch(device):
        raise Rejected("bad-topic", "the park's or the device's id is not one that docs/wire.md allows")
    if family not in _FAMILIES:
        raise Rejected("unknown-family", f"families are {', '.join(_FAMILIES)}")
    if message not in MESSAGES:
        raise Rejected("unknown-message", f"messages are {', '.join(sorted(MESSAGES))}")
    return Topic(Sender(park, _FAMILIES[family], device), message)
