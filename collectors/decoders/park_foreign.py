"""smartpark's own `readings` and `status` payloads (docs/wire.md) on a topic that is not smartpark's."""

from datetime import datetime

from collectors.decoders import park_json
from collectors.decoders.decoded import Decoded, Route
from collectors.topics import Topic
from pipeline.domain.errors import Rejected

MESSAGES = ("readings", "status")  # what speaks of persons comes in on our own topics only


def decode(route: Route, payload: bytes, received: datetime) -> Decoded:
    """Rejected as in docs/wire.md. A level named {message} tells the kind, without one it is readings."""
    message = route.parts.get("message", "readings")
    if message not in MESSAGES:
        raise Rejected("unknown-message", f"a foreign topic carries {' or '.join(MESSAGES)}")
    return park_json.decode(Topic(route.source.sender(route.parts["device"]), message), payload)
