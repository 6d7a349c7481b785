"""What the devices of a torture say: every right and wrong of docs/wire.md, each with what must be found of it."""

from collections import deque
from random import Random
from typing import NamedTuple

from pipeline.domain.access import AccessEventCode, Direction, DoorState
from pipeline.domain.park import Family
from pipeline.domain.screening import ScreeningResult
from simulators import payloads
from simulators.payloads import Head, PackEntry
from simulators.torture import garbage
from simulators.torture.ledger import POINTS, Entry, Fate, Happening, Sample
from simulators.torture.town import PARK_ID, Speaker

GARBAGE, DISPUTE, NAMELESS, BOOT_AND_SEQ = 0.03, 0.01, 0.1, 0.15  # shares of all messages
LIE, NO_WORD = 0.4, 0.1  # shares of a liar's: a time beyond belief, neither identity nor time
STATUS = 0.05
PACK_OF = (2, 8)  # devices that a gateway tells of at once
AHEAD_US = 300_000_000  # a clock may be 5 minutes ahead: some are so by a little more, and are plausible a moment later
KEYS = ("time", "time_s", "time_ms", "time_us")
CODES = [AccessEventCode.GRANTED, AccessEventCode.DENIED_PASSBACK, AccessEventCode.DENIED_OUT_OF_TIME_RANGE]
DOORS = list(DoorState)[:4]


class Said(NamedTuple):
    """A message ready to be sent. oddity: what is wrong or odd about it, to be counted; contradicts: which message."""

    entry: Entry
    fate: Fate
    topic: str
    payload: bytes
    retain: bool
    oddity: str = ""
    contradicts: int | None = None


class Speech:
    """Makes messages, one after the other; the same seed says the same things about other times."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rng = Random(f"{seed}:speech")
        self._quotable: deque[tuple[Speaker, Entry, Head]] = deque(maxlen=200)  # what may be contradicted

    def say(self, speaker: Speaker, number: int, now_us: int) -> Said:
        """The next message of a device, at its real time in µs since 1970."""
        rng = self._rng
        fate = rng.random()
        if fate < GARBAGE:
            return self._garbage(speaker, number)
        if fate < GARBAGE + DISPUTE and self._quotable:
            return self._contradict(number)
        head, time_us, oddity = self._head(speaker, number, now_us)
        said = self._of(speaker, number, head, time_us)
        if head.identity is None and time_us is None:
            return said._replace(fate=Fate.UNIDENTIFIED, oddity=oddity)
        quotable = head.identity is not None and time_us is not None and len(said.entry.samples) <= 1
        if quotable and not speaker.liar and said.entry.message != "status":
            self._quotable.append((speaker, said.entry, head))
        return said._replace(oddity=oddity)

    def birth(self, speaker: Speaker, number: int, now_us: int) -> Said:
        """The retained status that begins each connection."""
        head = Head(id=f"birth-{number}", time_us=self._tick(speaker, now_us))
        return self._status(speaker, number, head, None if speaker.liar else head.time_us, retain=True)

    def _garbage(self, speaker: Speaker, number: int) -> Said:
        made = garbage.make(self._rng, number)
        base = f"park/v1/{PARK_ID}/{speaker.family}/{speaker.device_id}"
        nobody = made.tail is not None  # a topic that is not the grammar's names no device
        entry = Entry(number, None if nobody else speaker.device_id, "garbage", None, reason=made.reason)
        return Said(entry, Fate.LETTER, f"{base}/{made.tail or 'readings'}", made.payload, False, "garbage")

    def _contradict(self, number: int) -> Said:
        """Another content under an event's identity, or other values under a reading's time."""
        speaker, first, head = self._rng.choice(self._quotable)
        if first.samples:
            head = head._replace(id=self._name(number), boot=None, seq=None)
        said = self._of(speaker, number, head, head.time_us, message=first.message)
        return said._replace(fate=Fate.DISPUTED, oddity="contradiction", contradicts=first.number)

    def _head(self, speaker: Speaker, number: int, now_us: int) -> tuple[Head, int | None, str]:
        """Identity and time, the time to be found in the database (None: the received one), and what is odd."""
        rng = self._rng
        odd, named = rng.random(), rng.random()
        head = Head(time_us=self._tick(speaker, now_us), key=rng.choice(KEYS), offset_s=rng.choice((0, 28800)))  # type: ignore[arg-type]
        if speaker.liar and odd < NO_WORD:
            lie = self._lie(now_us)
            return head._replace(time_us=lie), None, "unidentified"
        if speaker.liar and odd < NO_WORD + LIE:
            lie = self._lie(now_us)
            return head._replace(id=self._name(number), time_us=lie), None, "untrusted-time"
        # A liar's device times are not looked for: what is believed of whom is the collector's to decide.
        time_us = head.time_us
        if named < NAMELESS:
            return head, time_us, "no-identity"
        if named < NAMELESS + BOOT_AND_SEQ:
            speaker.seq += 1
            return head._replace(boot=f"boot-{self._seed}", seq=speaker.seq), time_us, ""
        return head._replace(id=self._name(number)), time_us, ""

    def _lie(self, now_us: int) -> int | None:
        """No time, 1970, tomorrow, or just so far ahead that it cannot be believed now, but soon."""
        rng = self._rng
        return rng.choice((None, rng.randrange(10**9) * 1000, now_us + 86_400_000_000, now_us + AHEAD_US + 5_000_000))

    def _of(self, speaker: Speaker, number: int, head: Head, time_us: int | None, *, message: str = "") -> Said:
        """A message of a kind that this device's family sends; of a liar the device time is not looked for."""
        rng = self._rng
        found_us = None if speaker.liar else time_us
        if not message and rng.random() < STATUS:
            return self._status(speaker, number, head, found_us)
        if speaker.family is Family.GATE:
            return self._gate(speaker, number, head, found_us, message=message)
        if speaker.family is Family.SCANNER:
            result = rng.choice(list(ScreeningResult))
            skin_c = round(rng.uniform(34, 38), 1)
            payload = payloads.screening(head, result, skin_c=skin_c, ambient_c=21.5, reason=mark(number))
            return self._event(speaker, number, head, "screening", payload, Happening("screening", result, found_us))
        if speaker.family is Family.GATEWAY and head.time_us is not None and time_us is not None and not message:
            return self._pack(speaker, number, head)
        value = number * 16.0
        sample = Sample(speaker.device_id, found_us, value)
        payload = payloads.readings(head, {name: value + more for name, more in POINTS.items()})
        return self._readings(speaker, number, head, payload, (sample,))

    def _pack(self, speaker: Speaker, number: int, head: Head) -> Said:
        """Of the devices behind it, each at a time of its own; the gateway vouches for none of their clocks."""
        chosen = self._rng.sample(speaker.behind, self._rng.randint(*PACK_OF))
        samples, entries = [], []
        assert head.time_us is not None  # noqa: S101 - asked before
        for place, member in enumerate(chosen):
            time_us = self._tick(member, head.time_us)
            value = number * 16.0 + place
            samples.append(Sample(member.device_id, None if speaker.liar or member.liar else time_us, value))
            values = {name: value + more for name, more in POINTS.items()}
            entries.append(PackEntry(values, member.device_id, time_us, "time_us"))
        return self._readings(speaker, number, head, payloads.pack(head, entries), tuple(samples))

    def _gate(self, speaker: Speaker, number: int, head: Head, found_us: int | None, *, message: str) -> Said:
        rng = self._rng
        kind = message or rng.choice(("access", "access", "passage", "passage", "door"))
        if kind == "access":
            code, credential = rng.choice(CODES), f"E2{rng.randrange(10**8):08d}"
            payload = payloads.access(head, code, direction=Direction.IN, reader=mark(number), credential=credential)
            event = Happening("decision", str(int(code)), found_us)
        elif kind == "passage":
            count = rng.randint(1, 5)
            payload = payloads.passage(head, Direction.OUT, count=count, reader=mark(number))
            event = Happening("passage", f"out:{count}", found_us)
        else:
            state = rng.choice(DOORS)
            payload = payloads.door(head, state, reader=mark(number))
            event = Happening("door", str(int(state)), found_us)
        return self._event(speaker, number, head, kind, payload, event)

    def _status(self, speaker: Speaker, number: int, head: Head, found_us: int | None, *, retain: bool = False) -> Said:
        payload = payloads.status(head, online=True, reason=mark(number), battery_pct=self._rng.randint(1, 100))
        said = self._event(speaker, number, head, "status", payload, Happening("status", "online", found_us))
        return said._replace(retain=retain)

    def _event(self, speaker: Speaker, number: int, head: Head, message: str, payload: bytes, event: Happening) -> Said:
        entry = Entry(number, speaker.device_id, message, head.identity, event=event)
        return Said(entry, Fate.KEPT, self._topic(speaker, message), payload, False)

    def _readings(self, speaker: Speaker, number: int, head: Head, payload: bytes, samples: tuple[Sample, ...]) -> Said:
        entry = Entry(number, speaker.device_id, "readings", head.identity, samples=samples)
        return Said(entry, Fate.KEPT, self._topic(speaker, "readings"), payload, False)

    def _topic(self, speaker: Speaker, message: str) -> str:
        return payloads.topic(PARK_ID, speaker.family, device_id=speaker.device_id, message=message)

    def _name(self, number: int) -> str:
        return f"{self._seed:x}-{number}"

    def _tick(self, speaker: Speaker, now_us: int) -> int:
        """A device time in whole ms, later than any before: two readings of one point never share one."""
        speaker.last_us = max(now_us // 1000 * 1000, speaker.last_us + 1000)
        return speaker.last_us


def mark(number: int) -> str:
    """What an event says besides, so that it is found again without its identity."""
    return f"t{number}"
