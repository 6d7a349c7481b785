"""Sparkplug B 3.0 as a host application hears it: topics, order, births and deaths in; what was said out.

For whoever wires it to a lane. One `SparkplugHost` for each sparkplug source, for one thread.

- `receive(topic, payload, received, token=…)` for each message as it arrives, `due(now)` about every half second, and
  `leave()` before the lane is let go. All three return Tolds, and each message that went in comes out as exactly one
  Told, now or later, with its own topic, bytes, received time and token. They raise nothing.
- A Told has `said`, a list of Decoded (a node's death speaks for each of its devices), and `why`: a Rejected or None.
  Store what is said; where `why` is set, keep the message as a dead letter too; where neither is, nothing is to be
  stored (a repeat, an old death, somebody's command or state). Then ack.
- `commands()` after each of the three: what to publish, QoS 0, not retained. A host that can't publish may drop them;
  it then waits for births that nobody asked for.
- Do not spool or store a message before its Told came: what waits is lost with the process. Sparkplug data are QoS 0,
  so nothing was promised for them; `seq` shows the hole, and the rebirth that follows brings every current value.

Waiting. A message with the `seq` that is expected next is told at once. One that comes early is held `reorder_s` for
those before it; then a rebirth is asked for (once every `rebirth_every_s` and node), because a birth that redefines
aliases may be what is missing. `reorder_s` later the held ones are told, in order, by what the births before and after
the gap agree on; if the node was asked and answered just before, later, once it could be asked again. What no birth
explains by then is Rejected: `unknown-alias`. Before any birth (the collector has just started) everything waits in
the same way. What is held is bounded; beyond that the oldest is Rejected: `held-too-many`.

Identity is None for everything. A DATA message has no id, only `seq`, 8 bits of it: to make them longer we would have
to guess how often they went round while we did not listen, and a wrong guess would declare two different messages one
and the same. Readings don't need it (point and device time are their key), births and device deaths are told apart by
their time and content, and a node's death is told once for each birth.

Ids. Of a device `group/node/device` (a node: `group/node`), as configured under [source.devices], else its levels
joined by dots. Where that is not exact (other characters, too long), a hash of the whole name follows, so that two
devices never become one; where configuration makes two of them one, the second is Rejected: `same-device-id`.
"""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

from collectors.decoders.sparkplug_birth import Interpreter
from collectors.decoders.sparkplug_node import Node, Told, tell
from collectors.decoders.sparkplug_order import ROUND, Arrival
from collectors.decoders.sparkplug_payload import parse, rebirth
from collectors.sources import Source
from collectors.topics import DEVICE_ID
from pipeline.domain.errors import Rejected
from pipeline.domain.message import Sender
from pipeline.domain.park import Family

NAMESPACE = "spBv1.0"
OF_NODES = frozenset({"NBIRTH", "NDEATH", "NDATA"})
OF_DEVICES = frozenset({"DBIRTH", "DDEATH", "DDATA"})
COMMANDS = frozenset({"NCMD", "DCMD"})
TRIES = 5  # rebirths asked for in vain, until a new reason to ask
NODES = 10_000  # more than that in one source are somebody's mistake
HELD_PER_NODE = 5_000  # messages
HELD_BYTES = 64 * 1024 * 1024  # in one host
OVERHEAD_BYTES = 500  # of a message that waits, besides its payload
HASH_CHARS = 8
LONGEST_ID = 64
_NOT_ID = re.compile(r"[^A-Za-z0-9_.-]+")
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class Command(NamedTuple):
    """A message for an edge node, to be published without retain."""

    topic: str
    payload: bytes
    qos: int = 0


class SparkplugHost:
    """All edge nodes of one source."""

    def __init__(self, source: Source, *, reorder_s: float = 5.0, rebirth_every_s: float = 60.0) -> None:
        self.source = source
        self._interpreter = Interpreter(source)
        self._reorder_s, self._rebirth_every = reorder_s, timedelta(seconds=rebirth_every_s)
        self._nodes: dict[tuple[str, str], Node] = {}
        self._senders: dict[str, Sender] = {}
        self._owners: dict[str, str] = {}  # our id: the foreign name that has it
        self._commands: list[Command] = []
        self._held_bytes = 0  # an upper bound, made exact by every `due`

    @property
    def skipped(self) -> Counter[str]:
        """Metrics that are no readings, by kind: string, dataset, bytes, template, array, transient."""
        return self._interpreter.skipped

    @property
    def waiting(self) -> int:
        """Messages held back."""
        return sum(len(node.waiting) for node in self._nodes.values())

    def receive(self, topic: str, payload: bytes, received: datetime, *, token: Any = None) -> list[Told]:
        """What this message says, and what it releases."""
        arrival = Arrival(topic, "", None, payload, received, token, None, 0, hash(payload))
        try:
            node = self._place(arrival)
        except Rejected as rejected:
            return [tell(arrival, [], rejected)]
        if node is None:
            return [tell(arrival, [])]
        out = node.receive(arrival)
        if not out:
            out = self._make_room(node, arrival)
        self._ask(node, arrival.topic, received)
        return out

    def due(self, now: datetime) -> list[Told]:
        """What the time that passed releases."""
        out: list[Told] = []
        self._held_bytes = 0
        for (group, name), node in self._nodes.items():
            if node.sessions or node.lost:
                out += node.due(now)
                self._held_bytes += sum(len(a.payload) + OVERHEAD_BYTES for a in node.waiting)
            self._ask(node, f"{NAMESPACE}/{group}/NDATA/{name}", now)
        return out

    def leave(self) -> list[Told]:
        """Everything that waits, told as at its time-out."""
        return [told for node in self._nodes.values() for told in node.leave()]

    def commands(self) -> list[Command]:
        """What to publish; each is returned once."""
        out, self._commands = self._commands, []
        return out

    def _place(self, arrival: Arrival) -> Node | None:
        """Finds the node that a message is for and fills in the rest of the arrival; None: not for us."""
        levels = arrival.topic.split("/")
        if levels[:2] == [NAMESPACE, "STATE"] or levels[0] == "STATE":
            return None
        if len(levels) not in (4, 5) or levels[0] != NAMESPACE or not all(levels):
            raise Rejected(
                "bad-topic", f"a topic reads {NAMESPACE}/group/type/node or {NAMESPACE}/group/type/node/device"
            )
        _, group, arrival.kind, name = levels[:4]
        if arrival.kind in COMMANDS:
            return None
        if arrival.kind not in (OF_NODES if len(levels) == 4 else OF_DEVICES):
            raise Rejected("unknown-message", "Sparkplug knows births, deaths and data of nodes and of devices")
        arrival.device = levels[4] if len(levels) == 5 else None
        arrival.parsed = payload = parse(arrival.payload)
        arrival.sent_ms = payload.timestamp
        if payload.HasField("seq"):
            if payload.seq >= ROUND:
                raise Rejected("out-of-bounds", "`seq` counts from 0 to 255")
            arrival.seq = payload.seq
        if (node := self._nodes.get((group, name))) is None:
            node = self._new_node(group, name)
        return node

    def _new_node(self, group: str, name: str) -> Node:
        if len(self._nodes) >= NODES:
            raise Rejected("too-many-nodes", f"{NODES} edge nodes in one source at most")

        def sender(device: str | None) -> Sender:
            return self._sender("/".join(filter(None, (group, name, device))), of_node=device is None)

        sender(None)  # a node that can't have an id is refused now
        node = self._nodes[group, name] = Node(sender, self._interpreter, self._reorder_s)
        return node

    def _sender(self, foreign: str, *, of_node: bool) -> Sender:
        if (known := self._senders.get(foreign)) is not None:
            return known
        config = self.source.devices.get(foreign)
        device_id = config.id if config is not None else derived_id(foreign)
        if self._owners.setdefault(device_id, foreign) != foreign:
            raise Rejected("same-device-id", f"two devices would be {device_id}: look under [source.devices]")
        family = (config.family if config else None) or (Family.GATEWAY if of_node else self.source.family)
        found = self._senders[foreign] = Sender(self.source.park, family, device_id)
        return found

    def _ask(self, node: Node, topic: str, now: datetime) -> None:
        if node.wants_rebirth and (node.asked is None or now - node.asked >= self._rebirth_every):
            _, group, _, name = topic.split("/")[:4]
            self._commands.append(Command(f"{NAMESPACE}/{group}/NCMD/{name}", rebirth((now - _ZERO) // _MS)))
            node.asked, node.asked_times, node.answered = now, node.asked_times + 1, False
            if node.asked_times >= TRIES:
                node.wants_rebirth, node.asked_times = False, 0

    def _make_room(self, node: Node, arrival: Arrival) -> list[Told]:
        self._held_bytes += len(arrival.payload) + OVERHEAD_BYTES
        if len(node.waiting) > HELD_PER_NODE:
            return node.evict(HELD_PER_NODE // 10)
        if self._held_bytes > HELD_BYTES:
            heaviest = max(self._nodes.values(), key=lambda n: sum(len(a.payload) + OVERHEAD_BYTES for a in n.waiting))
            out = heaviest.evict(len(heaviest.waiting) // 2 + 1)
            self._held_bytes -= sum(len(told.payload) + OVERHEAD_BYTES for told in out)
            return out
        return []


def derived_id(foreign: str) -> str:
    """The id of a device that nobody configured: never that of another."""
    levels = foreign.split("/")
    joined = ".".join(levels)
    if len(joined) <= LONGEST_ID and DEVICE_ID.fullmatch(joined) and not any("." in level for level in levels):
        return joined
    mark = blake2b(foreign.encode("utf-8", "surrogatepass"), digest_size=HASH_CHARS // 2).hexdigest()
    readable = _NOT_ID.sub("-", joined).strip("-._")[: LONGEST_ID - 1 - HASH_CHARS].rstrip("-._")
    return f"{readable or 'device'}-{mark}"
