"""The devices of a torture behind their gateways: they publish at a rate, doubled and out of order at times, and send
their last seconds again after every lost connection."""

import heapq
import itertools
import threading
import time
from collections.abc import Mapping
from random import Random

from pipeline.address import BrokerAddress
from pipeline.domain.park import Family
from simulators import payloads
from simulators.link import Link, Sent
from simulators.payloads import Head
from simulators.torture.ledger import Ledger
from simulators.torture.speech import Said, Speech
from simulators.torture.town import PARK_ID, Speaker, link_of, speakers

TICK_S = 0.05
OUTSTANDING = 20_000  # un-acked publications at which devices wait for the broker
DOUBLED, DELAYED = 0.03, 0.03  # shares of all messages
AGAIN_S = 20.0  # a repeat comes within so many seconds
LATE_S = 8.0  # and a delayed message


class Crowd:
    """One MQTT connection a gateway, one thread for all that they say."""

    def __init__(self, seed: int, ledger: Ledger, *, urls: Mapping[str, str], rate: float) -> None:
        """urls: the broker's address by network link (plan.DEVICE_LINKS); rate in messages/s."""
        self.ledger, self._rate = ledger, rate
        self.speakers = speakers()
        self._speech = Speech(seed)
        self._rng = Random(f"{seed}:crowd")
        self._gateways = [s for s in self.speakers if s.family is Family.GATEWAY]
        self._links = [self._link(s, BrokerAddress.parse(urls[link_of(s.gateway)])) for s in self._gateways]
        self._later: list[tuple[float, int, int, Sent]] = []  # due (monotonic), order, gateway, what
        self._order = itertools.count()
        self._owed = 0.0
        self._stop = threading.Event()
        self.trouble: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="crowd", daemon=True)

    def start(self) -> None:
        """Begins to publish."""
        self._thread.start()

    @property
    def outstanding(self) -> int:
        """Publications that no PUBACK came for yet."""
        return sum(link.outstanding for link in self._links)

    def connected(self) -> int:
        """How many gateways have a connection."""
        return sum(link.connected.is_set() for link in self._links)

    def finish(self, *, within_s: float) -> int:
        """Says the rest, waits for every PUBACK, hangs up; how many messages are still un-acked then."""
        self._stop.set()
        self._thread.join()
        if self.trouble is not None:
            raise self.trouble
        self._catch_up(until=None)
        deadline = time.monotonic() + within_s
        pause = threading.Event()
        while (self.outstanding or self.connected() < len(self._links)) and time.monotonic() < deadline:
            pause.wait(TICK_S)
            self._listen()
        for link in self._links:
            link.close()
        self._listen()
        return self.outstanding

    def _run(self) -> None:
        try:
            before = time.monotonic()
            for gateway in self._gateways:
                self._send(gateway.gateway, self._birth(gateway))
            while not self._stop.wait(TICK_S):
                now = time.monotonic()
                self._listen()
                self._catch_up(until=now)
                self._speak((now - before) * self._rate)
                before = now
        except Exception as error:
            self.trouble = error  # raised where somebody hears it

    def _speak(self, due: float) -> None:
        """So many new messages; what could not be said while the broker was away is not made up for."""
        self._owed = min(self._owed + due, self._rate)
        while self._owed >= 1 and self.outstanding < OUTSTANDING:
            self._owed -= 1
            rng, speaker = self._rng, self._rng.choice(self.speakers)
            said = self._speech.say(speaker, self.ledger.next_number, time.time_ns() // 1000)
            sent = self._note(said)
            if rng.random() < DELAYED:
                self.ledger.count("reorder")
                self._push(speaker.gateway, sent, rng.random() * LATE_S)
            else:
                self._links[speaker.gateway].send(sent.message, sent)
            if rng.random() < DOUBLED:
                self.ledger.count("duplicate")
                self._push(speaker.gateway, sent, rng.choice((0.0, rng.random() * AGAIN_S)))

    def _send(self, gateway: int, said: Said) -> None:
        sent = self._note(said)
        self._links[gateway].send(sent.message, sent)

    def _note(self, said: Said) -> Sent:
        self.ledger.write(said.entry, said.fate)
        if said.contradicts is not None:
            self.ledger.dispute(said.contradicts)
        if said.oddity:
            self.ledger.count(said.oddity)
        return Sent(said.entry.number, said.topic, said.payload, said.retain, time.monotonic())

    def _birth(self, gateway: Speaker) -> Said:
        return self._speech.birth(gateway, self.ledger.next_number, time.time_ns() // 1000)

    def _push(self, gateway: int, sent: Sent, delay_s: float) -> None:
        heapq.heappush(self._later, (time.monotonic() + delay_s, next(self._order), gateway, sent))

    def _catch_up(self, *, until: float | None) -> None:
        while self._later and (until is None or self._later[0][0] <= until):
            _, _, gateway, sent = heapq.heappop(self._later)
            self._links[gateway].send(sent.message, sent)

    def _listen(self) -> None:
        """Notes PUBACKs; after a lost connection a gateway is born again and re-sends its last seconds."""
        for gateway, link in zip(self._gateways, self._links, strict=True):
            self.ledger.acked(number for number, _ in link.collect())
            lost = link.losses()
            if lost is None:
                continue
            self.ledger.count("reconnect")
            for sent in lost:
                self.ledger.count("re-sent")
                link.send(sent.message, sent)
            self._send(gateway.gateway, self._birth(gateway))

    def _link(self, gateway: Speaker, address: BrokerAddress) -> Link:
        topic = payloads.topic(PARK_ID, gateway.family, device_id=gateway.device_id, message="status")

        def will(connection: int) -> bytes:
            return payloads.status(Head(id=f"will-{connection}"), online=False, reason="last-will")

        client_id = f"torture-{gateway.device_id}"
        return Link(gateway.device_id, address, client_id=client_id, will_topic=topic, will=will)
