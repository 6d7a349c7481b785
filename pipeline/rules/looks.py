"""What a batch says of single watches: glimpses that go on from what was known, and those that came late."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pipeline.domain.access import AccessEventCode, AccessKind, DoorState
from pipeline.domain.rule import CountOf, DoorIn
from pipeline.domain.spell import Glimpse, Phase, Spell, Turn
from pipeline.rules.point_watches import PointWatches, Seen
from pipeline.rules.reasons import Reason, explain
from pipeline.rules.watched import Watched
from pipeline.store.conditions import Happened, Newest
from pipeline.store.rows import EventRow, Readings

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # of the microseconds in pipeline.store.rows

Happenings = dict[int, tuple[Watched, list[Happened]]]
"""Events of a batch by the watch that looks at them."""


@dataclass(slots=True)
class Look:
    """One watch: what is new of it, in order; late breaches; and all that is known around those, where it is known."""

    watched: Watched
    live: list[Glimpse] = field(default_factory=list)
    late: list[Glimpse] = field(default_factory=list)
    around: list[Glimpse] | None = None
    events: Sequence[Happened] = ()

    def explain(self, turn: Turn) -> Reason:
        """Why it became an alarm."""
        one, since = self.watched, turn.at - self.watched.within
        seen = Counter(label(event) for event in self.events if since < event.ts <= turn.at)
        return explain(one.rule, turn.value, unit=one.unit, what=[word for word, _ in seen.most_common()])

    def unexplained(self, spell: Spell) -> list[Glimpse]:
        """Late breaches that do not belong to what stands."""
        if spell.phase is Phase.NORMAL:
            return self.late
        return [seen for seen in self.late if seen.ts < spell.began]


def of_readings(
    watches: PointWatches, readings: Readings, seen: Seen, *, slots: Iterable[int],
    newest: Callable[[list[int]], Mapping[int, Newest]],
) -> list[Look]:  # fmt: skip
    """Looks at some slots."""
    chosen = list(slots)
    looks = {slot: Look(watches.watches[slot]) for slot in chosen}
    known = newest(sorted({look.watched.point for look in looks.values() if look.watched.point is not None}))
    mask = watches.mask(chosen)[seen.slot]
    reading, slot = seen.reading[mask], seen.slot[mask]
    clear = watches.clears(slot, readings.value[reading])
    columns = (slot, readings.point[reading], readings.ts[reading], readings.received[reading],
               readings.value[reading], readings.live[reading], seen.breach[mask], clear)  # fmt: skip
    for n, point, ts_us, received_us, value, live, breach, over in zip(*(c.tolist() for c in columns), strict=True):
        ts = EPOCH + timedelta(microseconds=ts_us)
        one = Glimpse(ts, breach, over, value, EPOCH + timedelta(microseconds=received_us))
        if live and not known[point].is_late(ts):
            looks[n].live.append(one)
        elif breach:
            looks[n].late.append(one)
    return list(looks.values())


def concerned(by_device: Mapping[int, Sequence[Watched]], events: Iterable[EventRow]) -> Happenings:
    """Which watches a batch's events concern."""
    found: Happenings = {}
    for device, ts, received, _, _, _, event in events:
        for one in by_device.get(device, ()):
            kind, code = getattr(event, "kind", None), getattr(event, "code", None)
            if kind is not None and code is not None and one.concerns(kind, code):
                happened = Happened(ts, received, str(kind), int(code))
                found.setdefault(one.watch, (one, []))[1].append(happened)
    return found


def of_events(watched: Watched, batch: Sequence[Happened], stored: Iterable[Happened]) -> Look:
    """A look at a door or a count; stored: everything of late that is known of its devices, the batch included."""
    every = sorted((e for e in stored if watched.concerns(e.kind, e.code)), key=lambda e: e.ts)
    glimpses = [_glimpse(watched, event, every) for event in every]
    fresh = Counter(batch)
    before = list((Counter(every) - fresh).elements())
    edge = max((event.ts for event in before), default=None)
    look = Look(watched, around=glimpses, events=every)
    counts = isinstance(watched.rule.condition, CountOf)
    for event, seen in zip(every, glimpses, strict=True):
        if edge is None or event.ts >= edge:
            if fresh[event] or counts:
                look.live.append(seen)  # of a count the newest anew: what came late is in its window too
        elif fresh[event] and (seen.breach or counts):
            look.late.append(seen)
    return look


def label(event: Happened) -> str:
    """What it was, in BACnet's words."""
    return (DoorState(event.code) if event.kind == AccessKind.DOOR else AccessEventCode(event.code)).label


def _glimpse(watched: Watched, event: Happened, every: Sequence[Happened]) -> Glimpse:
    asked = watched.rule.condition
    if isinstance(asked, DoorIn):
        holds = event.code in asked.states
        return Glimpse(event.ts, holds, not holds, float(event.code), event.received)
    assert isinstance(asked, CountOf)  # noqa: S101 - nothing else looks at events
    times = [e.ts for e in every]
    count = bisect_right(times, event.ts) - bisect_right(times, event.ts - watched.within)
    return Glimpse(event.ts, count >= asked.at_least, False, float(count), event.received)
