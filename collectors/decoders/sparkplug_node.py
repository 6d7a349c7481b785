"""One Sparkplug edge node as a host sees it: its births, its order, its deaths, and what it is still waiting for."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from collectors.decoders.decoded import Decoded
from collectors.decoders.sparkplug_birth import UNKNOWN, Birth, Interpreter, instant
from collectors.decoders.sparkplug_order import HALF, ROUND, Arrival, Session
from pipeline.domain.errors import Rejected
from pipeline.domain.message import LAST_WILL, ConnectionState, Sample, Sender, StatusReport

SESSIONS = 32  # births of one node remembered at once: more within seconds is a node that restarts in a loop


class Told(NamedTuple):
    """What became of one message that was given to the host.

    said is empty where there is nothing to store: a repeat, an old death, others' commands and states. why: it was
    not understood, or (with something said) not in full: it belongs to the dead letters, whole.
    """

    topic: str
    payload: bytes
    received: datetime
    said: list[Decoded]
    why: Rejected | None = None
    token: Any = None


class Node:
    """One edge node. Every arrival comes out as one Told, from `receive` or, where it had to wait, later."""

    def __init__(self, sender: Callable[[str | None], Sender], interpreter: Interpreter, reorder_s: float) -> None:
        self._sender, self._interpreter = sender, interpreter
        self._reorder = timedelta(seconds=reorder_s)
        self.sessions: list[Session] = []  # by birth time, the current one last
        self.lost: deque[Arrival] = deque()  # of no birth that we know
        self.parked: list[Arrival] = []  # in order, but by an alias that its birth does not define
        self.wants_rebirth = False
        self.asked: datetime | None = None
        self.asked_times = 0
        self.answered = True  # whether a birth came since

    @property
    def waiting(self) -> list[Arrival]:
        return [*self.lost, *self.parked, *(h for s in self.sessions for h in s.held)]

    def receive(self, arrival: Arrival) -> list[Told]:
        if arrival.kind == "NDEATH":
            return [self._try(arrival, self._death)]
        if arrival.kind == "NBIRTH":
            return self._reborn(arrival)
        return self._admit(arrival)

    def due(self, now: datetime) -> list[Told]:
        """Acts on time-outs: wants a rebirth after one reorder time, gives up after another without an answer."""
        out: list[Told] = []
        old, stuck = now - 2 * self._reorder, now - self._reorder
        for session in self.sessions:
            if session.superseded is None and any(h.received <= stuck for h in session.held):
                self.wants_rebirth = True
            while session.held and (oldest := min(h.received for h in session.held)) <= old:
                if self._hopes(oldest, now):
                    break
                out += self._give_up(session)
        out += self._resolve(lambda a: a.received <= old and not self._hopes(a.received, now))
        # Only now: what was just told might have been wrong by the births that are left.
        self.sessions = [s for s in self.sessions if s.superseded is None or s.superseded > old or s.held]
        return out

    def _hopes(self, since: datetime, now: datetime) -> bool:
        """Whether a birth may still come that explains what came then: we may ask only once in a while."""
        if self.sessions and since < self.sessions[-1].received > now - self._reorder:
            return True  # one just came, its devices follow
        if self.answered and (self.asked is None or self.asked < since):
            return self.wants_rebirth
        return not self.answered and self.asked is not None and since <= self.asked > now - self._reorder

    def leave(self) -> list[Told]:
        """Gives everything up that waits: the lane goes to another process, which knows nothing of it."""
        out = [told for s in self.sessions for _ in range(len(s.held)) if s.held for told in self._give_up(s)]
        return out + self._resolve(lambda _: True)

    def evict(self, count: int) -> list[Told]:
        """Lets the oldest of what waits go, as dead letters: memory is bounded."""
        out = sorted(self.waiting, key=lambda a: a.received)[:count]
        gone = {id(a) for a in out}
        self.lost = deque(a for a in self.lost if id(a) not in gone)
        self.parked = [a for a in self.parked if id(a) not in gone]
        for session in self.sessions:
            session.held = [a for a in session.held if id(a) not in gone]
        why = Rejected("held-too-many", "too many messages of this node wait for a birth or for a missing one")
        return [tell(a, [], why) for a in out]

    def _session_of(self, arrival: Arrival) -> Session | None:
        """The youngest birth that is not younger than the message.

        One that is older than every birth was overtaken by it, or said before we listened; but where only one birth
        is known, whatever fits its order or comes much later is of it: the node's clock was set back, or it dates its
        payloads by what they tell.
        """
        last = self.sessions[-1] if self.sessions else None
        found = next((s for s in reversed(self.sessions) if s.sent_ms <= arrival.sent_ms), None)
        if last is not None and found is None and len(self.sessions) == 1:
            fits = arrival.seq == last.seq or arrival.received - last.received >= self._reorder
            found = last if fits else None
        if not arrival.sent_ms:
            found = last
        return None if found is None or found.broken else found

    def _admit(self, arrival: Arrival) -> list[Told]:
        session = self._session_of(arrival)
        if session is not None and session.is_repeat(arrival):
            return [tell(arrival, [])]
        if any(a.mark == arrival.mark and a.payload == arrival.payload for a in (*self.lost, *self.parked)):
            return [tell(arrival, [])]
        if session is None:
            self.wants_rebirth |= not self.sessions or self.sessions[-1].broken
            self.lost.append(arrival.shelve())
            return []
        # Who speaks after its death was born again unheard, or was overtaken by it on the way: only a birth tells.
        self.wants_rebirth |= session.dead and session.superseded is None
        return self._follow(session, session.admit(arrival))

    def _follow(self, session: Session, arrivals: Iterable[Arrival]) -> list[Told]:
        """Tells what is in order; what speaks by an alias that its birth does not define waits for another birth."""
        out = []
        for arrival in arrivals:
            one = self._try(arrival, lambda a: self._say(a, session, [session], certain=True))
            if one.why is not None and one.why.reason == UNKNOWN:
                self.parked.append(arrival.shelve())
                self.wants_rebirth = True
            else:
                out.append(one)
        return out

    def _give_up(self, session: Session) -> list[Told]:
        """Tells what is held behind a gap as far as that is safe: a birth may be among what is missing.

        With newer births at hand an alias must mean the same in all of them; without one, a `seq` that began anew
        proves that a birth was missed, and any other that it probably was not.
        """
        newer = self.sessions[self.sessions.index(session) + 1 :]
        if not newer and session.restarted:
            session.broken = True
            self.lost = deque(sorted([*self.lost, *session.held], key=lambda a: a.received))
            session.held = []
            return []
        return [self._try(a, lambda a: self._say(a, session, [session, *newer], certain=False)) for a in session.skip()]

    def _resolve(self, over: Callable[[Arrival], bool]) -> list[Told]:
        """The end of waiting for a birth."""
        lost = [a for a in self.lost if over(a)]
        parked = [a for a in self.parked if over(a)]
        self.lost = deque(a for a in self.lost if not over(a))
        self.parked = [a for a in self.parked if not over(a)]
        known = [s for s in self.sessions if not s.broken]
        return [self._try(a, lambda a: self._say(a, None, known, certain=False)) for a in lost] + [
            self._try(a, lambda a: self._say(a, None, known, certain=True)) for a in parked
        ]

    def _reborn(self, arrival: Arrival) -> list[Told]:
        if any(s.mark == arrival.mark and not (s.dead and not arrival.sent_ms) for s in self.sessions):
            return [tell(arrival, [])]  # but a node without a clock may be born twice in the same words
        session = Session(arrival.sent_ms, arrival.received, None, arrival.mark, ((arrival.seq or 0) + 1) % ROUND)
        born = self._try(arrival, lambda a: self._birth(a, session))
        if None not in session.births:
            return [born]
        last = self.sessions[-1] if self.sessions else None
        if last and arrival.sent_ms < last.sent_ms and arrival.received - last.received < self._reorder:
            session.superseded = arrival.received  # overtaken on its way by the birth that came after it
        else:
            self.wants_rebirth, self.asked_times, self.answered = False, 0, True
            for other in self.sessions:
                other.superseded = other.superseded or arrival.received
        self.sessions = sorted([*self.sessions, session], key=lambda s: (s.superseded is None, s.sent_ms))
        out = [born]
        while len(self.sessions) > SESSIONS:
            while self.sessions[0].held:
                out += self._give_up(self.sessions[0])
            del self.sessions[0]
        return out + self._sort_again()

    def _sort_again(self) -> list[Told]:
        """After a birth, what waits may have found where it belongs."""
        pool = sorted([*self.lost, *(h for s in self.sessions for h in s.held)], key=lambda a: a.received)
        self.lost.clear()
        for session in self.sessions:
            session.held = []
        wanted, parked = self.wants_rebirth, len(self.parked)
        out = [told for arrival in pool for told in self._admit(arrival)]
        self.wants_rebirth = wanted or len(self.parked) > parked
        return out

    def _try(self, arrival: Arrival, say: Callable[[Arrival], tuple[list[Decoded], Rejected | None]]) -> Told:
        try:
            return tell(arrival, *say(arrival))
        except Rejected as rejected:
            return tell(arrival, [], rejected)

    def _say(
        self, arrival: Arrival, session: Session | None, known: Sequence[Session], *, certain: bool
    ) -> tuple[list[Decoded], Rejected | None]:
        """What a message of a session (None: of one that we never saw the birth of) says."""
        if arrival.kind == "DBIRTH":
            return self._birth(arrival, session)
        if arrival.kind == "DDEATH":
            return self._device_death(arrival, session), None
        if session is not None and not session.dead:
            session.alive.add(arrival.device)  # back after its death, be its birth lost: it dies with its node
        births = [b for s in known if (b := s.births.get(arrival.device)) is not None]
        if not certain and len(births) < len(known):
            births = []  # what its own birth said may have been lost, and another's aliases may mean something else
        sender = self._sender(arrival.device)
        said = self._interpreter.samples(sender.device_id, arrival.read(), births, certain=certain)
        return [Decoded(sender, None, said.samples, [])] if said.samples else [], said.why

    def _birth(self, arrival: Arrival, session: Session | None) -> tuple[list[Decoded], Rejected | None]:
        owner, payload = arrival.device, arrival.read()
        birth = Birth(payload, self._interpreter.source)
        sender = self._sender(owner)
        samples, why = self._interpreter.samples(sender.device_id, payload, [birth])
        events: list[Any] = [StatusReport(instant(arrival.sent_ms), ConnectionState.ONLINE)]
        if session is not None:
            if owner is None:
                session.bd_seq = bd_seq(payload)
            session.births[owner] = birth
            if session.dead:  # its node's death overtook it
                samples += stale(sender.device_id, birth)
                events.append(StatusReport(None, ConnectionState.OFFLINE, LAST_WILL))
            else:
                session.alive.add(owner)
        return [Decoded(sender, None, samples, events)], why

    def _device_death(self, arrival: Arrival, session: Session | None) -> list[Decoded]:
        if session is not None and (session.superseded is not None or session.dead):
            return []  # a newer birth, or the node's death, has said more since
        sender, samples = self._sender(arrival.device), []
        if session is not None:
            session.alive.discard(arrival.device)
            samples = stale(sender.device_id, session.births.get(arrival.device))
        return [
            Decoded(sender, None, samples, [StatusReport(instant(arrival.sent_ms), ConnectionState.OFFLINE, "DDEATH")])
        ]

    def _death(self, arrival: Arrival) -> tuple[list[Decoded], Rejected | None]:
        offline = StatusReport(None, ConnectionState.OFFLINE, LAST_WILL)
        session = self.sessions[-1] if self.sessions else None
        if session is None:
            self.wants_rebirth = False
            return [Decoded(self._sender(None), None, [], [offline])], None
        number = bd_seq(arrival.read())
        if number is not None and session.bd_seq is not None and number != session.bd_seq:
            self.wants_rebirth |= (number - session.bd_seq) % ROUND < HALF  # of a birth that we missed
            return [], None
        said = []
        for owner in sorted(session.alive, key=lambda o: o or ""):
            sender = self._sender(owner)
            said.append(Decoded(sender, None, stale(sender.device_id, session.births.get(owner)), [offline]))
        session.alive.clear()
        session.dead, self.wants_rebirth = True, False
        return said, None


def tell(arrival: Arrival, said: list[Decoded], why: Rejected | None = None) -> Told:
    return Told(arrival.topic, arrival.payload, arrival.received, said, why, arrival.token)


def stale(device_id: str, birth: Birth | None) -> list[Sample]:
    """All points of a birth, unknown from the moment that this is received."""
    points = birth.points() if birth is not None else []
    return [Sample(device_id, None, dict.fromkeys(points), stale=True)] if points else []


def bd_seq(payload: Any) -> int | None:
    """The number that ties a death to its birth."""
    metric = next((m for m in payload.metrics if m.name == "bdSeq"), None)
    return (metric.long_value or metric.int_value) if metric is not None else None
