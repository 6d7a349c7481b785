"""Publishes a park: takes what is due from every stream, journals it, sends it, and notes the PUBACKs."""

import heapq
import itertools
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from pipeline.address import BrokerAddress
from pipeline.domain.clock import Clock
from pipeline.domain.park import Device, Family
from simulators import metrics
from simulators.happenings import EPOCH
from simulators.journal import Journal
from simulators.link import Link, Sent
from simulators.payloads import topic
from simulators.schedule import Cast
from simulators.utterance import Utterance

TICK_S = 0.05  # real seconds between two looks at what is due
BATCH = 2000  # messages journaled in one transaction
OUTSTANDING = 20_000  # so many unacknowledged publications stop production until PUBACKs come
GOODBYE_S = 10.0


class Publisher:
    """One connection per gateway; everything else happens in the thread that calls `run`."""

    def __init__(self, cast: Cast, *, mqtt_url: str, journal: Journal, clock: Clock) -> None:
        self.cast, self.journal, self.clock = cast, journal, clock
        self.park_id = cast.park.park_id
        devices = {d.device_id: d for d in cast.park.devices}
        self.gateways: dict[str, Device] = {g: devices[g] for g in map(cast.gateway_of, cast.park.devices)}
        address = BrokerAddress.parse(mqtt_url)
        self.links = {g: self._link(d, address) for g, d in self.gateways.items()}
        self.messages = self.readings = self.repeats = 0
        self.behind_s = 0.0  # park time that the oldest unsent message is late
        self._order = itertools.count()
        self._heap: list[tuple[int, int, Utterance, Iterator[Utterance] | None]] = []

    def run(self, stop: threading.Event, *, since: datetime | None = None) -> None:
        """Publishes until `stop` is set, then ends cleanly. Happenings begin at `since`, all else now."""
        self.begin(self.clock.now(), since=since)
        while not stop.is_set():
            self.step(micros(self.clock.now()))
            stop.wait(TICK_S)
        self._send([u for *_, u, source in self._heap if source is None])  # late ones exist already: they still go out
        self.finish(within_s=GOODBYE_S)

    def begin(self, now: datetime, *, since: datetime | None = None) -> None:
        """Tells of every birth and lines up all streams from `now` on; happenings from `since`."""
        self._send(self.cast.births(micros(now)))
        for source in self.cast.sources(now.timestamp(), since_s=since.timestamp() if since else None):
            self._push(source)

    def step(self, now_us: int) -> None:
        """Publishes what is due, notes PUBACKs, sends again after a lost connection."""
        self._hang_up(now_us)
        self._listen(now_us)
        while self.outstanding < OUTSTANDING and (due := self._due(now_us)):
            self._send(due)
        behind = now_us - self._heap[0][0] if self._heap else 0
        self.behind_s = max(0.0, behind / 1e6)
        metrics.SIMULATOR_BEHIND_SECONDS.set(self.behind_s)

    def finish(self, *, within_s: float) -> int:
        """Says good-bye for every gateway, waits for PUBACKs, disconnects; returns how many did not come."""
        at_us = micros(self.clock.now())
        gateways = [d for d in self.gateways.values() if d.family is Family.GATEWAY]
        self._send([self.cast.farewell(d, at_us) for d in gateways])
        deadline = time.monotonic() + within_s
        while self.outstanding and time.monotonic() < deadline:
            threading.Event().wait(TICK_S)
            self._listen(at_us)
        missing = self.outstanding
        for link in self.links.values():
            link.close()
        self._listen(at_us, again=False)
        return missing

    @property
    def outstanding(self) -> int:
        return sum(link.outstanding for link in self.links.values())

    def missing(self) -> list[str]:
        """What is not ready yet, in words."""
        return [f"{g} is not connected" for g, link in self.links.items() if not link.connected.is_set()]

    def _link(self, gateway: Device, address: BrokerAddress) -> Link:
        where = topic(self.park_id, gateway.family, device_id=gateway.device_id, message="status")
        client_id = f"sim-{self.park_id}-{gateway.device_id}"
        return Link(gateway.device_id, address, client_id=client_id, will_topic=where, will=self.cast.will)

    def _hang_up(self, now_us: int) -> None:
        """Takes away the connections of gateways that a fault takes away, and brings them back."""
        for gateway, link in self.links.items():
            if self.cast.faults.gone(gateway, now_us):
                link.go_away()
            elif link.away:
                link.come_back()

    def _push(self, source: Iterator[Utterance]) -> None:
        utterance = next(source, None)
        if utterance is None:
            return  # what a scenario adds comes to an end
        heapq.heappush(self._heap, (utterance.at_us, next(self._order), utterance, source))

    def _due(self, now_us: int) -> list[Utterance]:
        due: list[Utterance] = []
        while self._heap and self._heap[0][0] <= now_us and len(due) < BATCH:
            _, _, utterance, source = heapq.heappop(self._heap)
            if source is not None:
                self._push(source)
            if source is not None and utterance.delay_s:
                later = utterance.at_us + round(utterance.delay_s * 1e6)
                heapq.heappush(self._heap, (later, next(self._order), utterance, None))
            else:
                due.append(utterance)
        return due

    def _send(self, utterances: list[Utterance]) -> None:
        if not utterances:
            return
        numbers = self.journal.write(utterances, sent_us=real_us())
        doubled = []
        for u, (message, publication) in zip(utterances, numbers, strict=True):
            sent = Sent(message, u.topic(self.park_id), u.payload, u.retain, time.monotonic())
            self.links[u.gateway].send(publication, sent)
            doubled += [(self.links[u.gateway], sent)] * (u.copies - 1)
        self._repeat(doubled)
        readings = sum(u.readings for u in utterances)
        self.messages += len(utterances)
        self.readings += readings
        metrics.SIMULATOR_MESSAGES.inc(len(utterances))
        metrics.SIMULATOR_READINGS.inc(readings)

    def _repeat(self, again: list[tuple[Link, Sent]]) -> None:
        if not again:
            return
        publications = self.journal.again([sent.message for _, sent in again], sent_us=real_us())
        for publication, (link, sent) in zip(publications, again, strict=True):
            link.send(publication, sent._replace(at=time.monotonic()))
        self.repeats += len(again)
        metrics.SIMULATOR_REPEATS.inc(len(again))

    def _listen(self, now_us: int, *, again: bool = True) -> None:
        acks = [ack for link in self.links.values() for ack in link.collect()]
        if acks:
            self.journal.acked(acks)
            metrics.SIMULATOR_ACKED.inc(len(acks))
        for gateway, link in self.links.items():
            lost = link.losses() if again else None
            if lost is not None:
                self._repeat([(link, sent) for sent in lost])
                self._send([self.cast.birth(self.gateways[gateway], now_us, n=link.connections - 1)])
        metrics.SIMULATOR_OUTSTANDING.set(self.outstanding)
        metrics.SIMULATOR_CONNECTED.set(sum(link.connected.is_set() for link in self.links.values()))


def micros(instant: datetime) -> int:
    """µs since 1970."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def real_us() -> int:
    """Real time in µs since 1970, for comparison with the database server's own clock."""
    return time.time_ns() // 1000
