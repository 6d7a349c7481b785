"""Turns what the broker delivers into messages, or into sealed dead letters; after this no raw credential is left."""

import logging
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b

from collectors import topics
from collectors.credentials import CredentialBook
from collectors.decoders import park_json
from collectors.decoders.sparkplug import Command
from collectors.foreign import Foreign, Refused
from collectors.inbox import Arrived
from collectors.routes import SourceTable
from collectors.seal import Letter, seal
from collectors.secrets import Keys
from pipeline.domain.access import AccessEvent
from pipeline.domain.errors import Rejected
from pipeline.domain.message import DeadLetter, Event, Message
from pipeline.validate import dated

log = logging.getLogger(__name__)
OURS = b"park/v1/"
LAST = b"last"
MOST_TOPICS = 100_000  # remembered as parsed; whoever invents topics must not fill the memory


class Reader:
    """Reads messages with one park's keys and credential book."""

    def __init__(self, keys: Keys, book: CredentialBook, sources: SourceTable | None = None) -> None:
        self.keys = keys
        self.book = book
        self.foreign = Foreign(sources or SourceTable(), self._digest)
        self._topics: dict[bytes, topics.Topic] = {}

    def read_all(self, arrived: Arrived) -> list[Message | DeadLetter]:
        """What one delivery says, on a topic of smartpark's own or of a source: often one message, sometimes several,
        none where it is not for us. Never raises."""
        topic, payload, received = arrived.topic, arrived.payload, arrived.received
        if topic.startswith(OURS) or (topic and not self.foreign.table):
            return [self.read(topic, payload, received, retained=arrived.retained)]
        if not topic:
            return self._finish(self.foreign.leave() if payload == LAST else self.foreign.due(received))
        try:
            return self._finish(self.foreign.read(_text(topic), payload, received, retained=arrived.retained))
        except Rejected as rejected:
            why = rejected
        except Exception as error:
            log.exception("a decoder failed")
            why = Rejected("decoder-error", type(error).__name__)
        return [self.reject(Letter(topic, payload, received), why)]

    def restless(self, now: datetime) -> bool:
        """Whether something may have waited long enough for messages that never came: then read a `tick`."""
        return self.foreign.restless(now)

    def commands(self) -> list[Command]:
        """What to publish, each once, after messages were read."""
        return self.foreign.commands()

    def _finish(self, said: list[Message | Refused]) -> list[Message | DeadLetter]:
        return [self.reject(one.letter, one.why) if isinstance(one, Refused) else one for one in said]

    def read(self, topic: bytes, payload: bytes, received: datetime, *, retained: bool = False) -> Message | DeadLetter:
        """Never raises, whatever a device sends: what we did not foresee is a dead letter too."""
        try:
            return self._understand(topic, payload, received, retained)
        except Rejected as rejected:
            why = rejected
        except Exception as error:
            log.exception("a decoder failed")
            why = Rejected("decoder-error", type(error).__name__)
        return self.reject(Letter(topic, payload, received), why)

    def reject(self, letter: Letter, why: Rejected) -> DeadLetter:
        """A dead letter, whole and sealed, with the sender where the topic still tells it."""
        try:
            topic = _text(letter.topic)
            sender = topics.parse(topic).sender if letter.topic.startswith(OURS) else self.foreign.sender(topic)
        except Rejected:
            sender = None
        return DeadLetter(
            letter.received,
            why.reason,
            str(why),
            seal(letter, key=self.keys.seal),
            park_id=sender.park_id if sender else None,
            device_id=sender.device_id if sender else None,
            identity=self._digest(letter.topic, letter.payload),
        )

    def _understand(self, topic: bytes, payload: bytes, received: datetime, retained: bool) -> Message:
        where = self._topics.get(topic) or self._parse(topic)
        said = park_json.decode(where, payload)
        if not said.events:  # a repeat of readings can be told from what they say: no digest for the many
            return Message(where.sender, said.identity, None, received, said.samples, (), retained)
        events: list[Event] = said.events
        if said.credential is not None:
            events = [self._pseudonymise(where.sender.park_id, e, said.credential, received) for e in said.events]
        digest = self._digest(topic, payload)
        return Message(where.sender, said.identity, digest, received, said.samples, events, retained)

    def _parse(self, topic: bytes) -> topics.Topic:
        where = topics.parse(_text(topic))
        if len(self._topics) >= MOST_TOPICS:
            self._topics.clear()
        self._topics[topic] = where
        return where

    def _pseudonymise(self, park: str, event: Event, credential: str, received: datetime) -> Event:
        if not isinstance(event, AccessEvent):
            return event
        subject = self.book.pseudonym(park, credential, at=dated(event.time, received).ts)
        return replace(event, subject=subject, company_id=self.book.company(park, credential))

    def _digest(self, topic: bytes, payload: bytes) -> bytes:
        """Keyed: a plain hash over a message that is otherwise known would give its credential away."""
        mark = blake2b(topic, digest_size=16, key=self.keys.pseudonym)
        mark.update(b"\0")
        mark.update(payload)
        return mark.digest()


def tick(now: datetime, *, last: bool = False) -> Arrived:
    """A delivery that nobody published, under a topic that MQTT does not know: it says what was due at `now`, the last
    one everything that still waits."""
    return Arrived(b"", LAST if last else b"", now, mid=0, qos=0, connection=0)


def _text(topic: bytes) -> str:
    try:
        return topic.decode()
    except UnicodeDecodeError as error:
        raise Rejected("bad-topic", "the topic is not UTF-8") from error
