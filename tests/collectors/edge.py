"""An edge node that follows the rules, for tests of a host: it remembers what it said and by which aliases."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from collectors.decoders.sparkplug_payload import Payload
from collectors.sources import Source

START = datetime(2026, 11, 21, 6, 40, tzinfo=UTC)
STEP = timedelta(milliseconds=100)
SOURCE = Source("plant", "spBv1.0/#", "sparkplug", "qinghe")
METRICS = {None: ["load", "heat"], "m1": ["power", "energy"], "m2": ["flow", "volume"]}

Reading = tuple[str, datetime, str, float, bool]  # device, time, point, value, historical


class Published(NamedTuple):
    """One message with what it means, and which of the node's births it follows."""

    topic: str
    payload: bytes
    at: datetime
    means: frozenset[Reading]
    seq: int | None
    birth: int
    kind: str


class Edge:
    """Publishes in order, one message every 100 ms; a permutation shuffles its six aliases."""

    def __init__(self, order: list[int]) -> None:
        self.now, self.order = START, order
        self.seq, self.bd_seq, self.births, self.count = 0, 0, 0, 0
        self.values: dict[tuple[str | None, str], float] = {}
        self.said: set[Reading] = set()

    def birth(self, order: list[int] | None = None) -> list[Published]:
        self.order, self.seq = order or self.order, 0
        self.births += 1
        return [self._publish(owner, METRICS[owner], birth=True) for owner in METRICS]

    def reconnect(self, order: list[int]) -> list[Published]:
        death = self.death()
        self.bd_seq = (self.bd_seq + 1) % 256
        return [death, *self.birth(order)]

    def death(self) -> Published:
        payload = Payload()
        payload.metrics.add(name="bdSeq", datatype=4, long_value=self.bd_seq)
        self.now += STEP
        text = payload.SerializeToString()
        return Published("spBv1.0/g/NDEATH/n", text, self.now, frozenset(), None, self.births, "NDEATH")

    def data(self, owner: str | None, metric: int, *, historical: bool = False) -> Published:
        return self._publish(owner, [METRICS[owner][metric]], historical=historical)

    def _publish(
        self, owner: str | None, names: list[str], *, birth: bool = False, historical: bool = False
    ) -> Published:
        self.now += STEP
        ms = round(self.now.timestamp() * 1000)
        payload: Any = Payload(timestamp=ms, seq=self.seq)
        if birth and owner is None:
            payload.metrics.add(name="bdSeq", datatype=4, long_value=self.bd_seq)
        device = "g.n" if owner is None else f"g.n.{owner}"
        means = set()
        for name in names:
            if not birth or (owner, name) not in self.values:
                self.count += 1
                self.values[owner, name] = float(self.count)
            metric = payload.metrics.add(alias=self.order[self._place(owner, name)], timestamp=ms)
            metric.double_value = self.values[owner, name]
            if birth:
                metric.name, metric.datatype = name, 10
            if historical:
                metric.is_historical = True
            means.add((device, self.now, name, self.values[owner, name], historical))
        self.said |= means
        kind = ("N" if owner is None else "D") + ("BIRTH" if birth else "DATA")
        topic = f"spBv1.0/g/{kind}/n" + (f"/{owner}" if owner else "")
        text = payload.SerializeToString()
        published = Published(topic, text, self.now, frozenset(means), self.seq, self.births, kind)
        self.seq = (self.seq + 1) % 256
        return published

    @staticmethod
    def _place(owner: str | None, name: str) -> int:
        return [(o, n) for o, names in METRICS.items() for n in names].index((owner, name))
