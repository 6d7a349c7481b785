"""One subject's past in a dry run: from what was stored to glimpses, and from those to what its alarm had done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from pipeline.domain.rule import (
    ClockWrong,
    Compare,
    CountOf,
    Deviation,
    DoorIn,
    InState,
    Limits,
    NoData,
    Rule,
)
from pipeline.domain.spell import Glimpse, Spell, Turn, expire
from pipeline.domain.subjects import Subject
from pipeline.domain.working_calendar import Days
from pipeline.rules import reasons, window_reasons, windows
from pipeline.rules.history import History
from pipeline.rules.looks import of_events
from pipeline.rules.track import Track, instant
from pipeline.rules.watched import Watched, delays_of
from pipeline.rules.windows import Setting
from pipeline.store.watches import Registered

BITE = timedelta(days=7)  # of one point's readings at once

Told = tuple[Turn, dict[str, Any]]
"""What became of the alarm, and why."""


@dataclass
class Past:
    """A rule's subjects between two instants, each judged from a little earlier, so that what began before counts."""

    history: History
    rule: Rule
    zone: ZoneInfo
    since: datetime
    until: datetime
    known: Registered = field(init=False)
    days: Days = field(init=False)
    terms: dict[int, tuple[str | None, float]] = field(init=False)

    def __post_init__(self) -> None:
        self.known = self.history.registered()
        self.days = self.history.days()
        self.terms = {}

    def subjects(self) -> list[Subject]:
        """What the rule would watch now."""
        found = self.known.candidates.subjects(self.rule)
        points = [self.known.key(subject)[0] for subject in found]
        self.terms = self.history.terms(point for point in points if point is not None)
        return found

    def turns(self, subject: Subject) -> Iterator[Told]:
        """When its alarm would have been raised and returned, oldest first."""
        match self.rule.condition:
            case DoorIn() | CountOf():
                return self._of_events(subject)
            case NoData() if subject.point is None:
                return self._of_facts(subject, self._silences(subject))
            case NoData(intervals):
                return self._of_facts(subject, self._gaps(subject, intervals))
            case ClockWrong():
                return self._of_facts(subject, self._clocks(subject))
            case _:
                return self._of_readings(subject)

    @property
    def begin(self) -> datetime:
        """So early that what was under way when the time began is known."""
        return self.since - timedelta(seconds=self.rule.on_delay_s + self.rule.off_delay_s)

    def _watched(self, subject: Subject) -> Watched:
        point, device, space = self.known.key(subject)
        devices = (device,) if device is not None else tuple(self._devices_in(space))
        unit = self.terms[point][0] if point is not None else None
        return Watched(0, self.rule, point, devices, unit, delays_of(self.rule))

    def _devices_in(self, space: str | None) -> Iterator[int]:
        candidates = self.known.candidates
        for device in candidates.devices.values():
            if space is not None and space in candidates.around(device.space_id):
                yield self.known.keys[device.device_id, None]

    def _of_events(self, subject: Subject) -> Iterator[Told]:
        watched = self._watched(subject)
        stored = self.history.events(watched.devices, self.begin - watched.within, self.until)
        look = of_events(watched, (), stored)
        spell, turns = watched.follow(Spell.normal(self.begin - watched.within), look.around or ())
        _, more = expire(spell, watched.delays, now=self.until)
        for turn in (*turns, *more):
            yield turn, look.explain(turn) if turn.raised else {}

    def _of_facts(self, subject: Subject, facts: Sequence[tuple[Glimpse, dict[str, Any]]]) -> Iterator[Told]:
        """Each fact is a glimpse, and the reason of the alarm that it begins."""
        watched = self._watched(subject)
        spell, turns = watched.follow(Spell.normal(self.begin), [seen for seen, _ in facts])
        _, more = expire(spell, watched.delays, now=self.until)
        whys = {seen.ts: why for seen, why in facts if seen.breach}
        for turn in (*turns, *more):
            yield turn, whys.get(turn.began, {})

    def _silences(self, subject: Subject) -> list[tuple[Glimpse, dict[str, Any]]]:
        found = []
        for at, state, why in self.history.transitions(str(subject.device_id), self.begin, self.until):
            ts, lost = max(at, self.begin), state == "offline"
            found.append((Glimpse(ts, lost, not lost, None, at), {"kind": "no-data", "heard": None, "why": why}))
        return found

    def _gaps(self, subject: Subject, intervals: float) -> list[tuple[Glimpse, dict[str, Any]]]:
        """A point's silence while its device was not offline; by received time, as live."""
        point = self.known.key(subject)[0]
        assert point is not None and subject.device_id is not None  # noqa: S101 - a subject with a point has both
        most = timedelta(seconds=intervals * self.terms[point][1])
        moves = self.history.transitions(subject.device_id, self.begin, self.until)
        lost = [at for at, state, _ in moves if state == "offline"]
        received = np.sort(self.history.track(point, self.begin - most, self.until).received).tolist()
        times = [instant(at) for at in received]
        found = []
        for before, after in zip(times, [*times[1:], None], strict=True):
            end = after or self.until
            if end - before >= most and not any(before < at <= end for at in lost):
                why = {"kind": "no-data", "heard": before, "why": "point-silent"}
                found.append((Glimpse(before + most, True, False, None, before + most), why))
                if after is not None:
                    found.append((Glimpse(after, False, True, None, after), {}))
        return found

    def _clocks(self, subject: Subject) -> list[tuple[Glimpse, dict[str, Any]]]:
        asked = self.rule.condition
        assert isinstance(asked, ClockWrong)  # noqa: S101 - nothing else asks
        device = self.known.keys[str(subject.device_id), None]
        found = []
        for fault, offset_s, since, ended in self.history.clocks(device, self.begin, self.until):
            if asked.faults and fault not in asked.faults:
                continue
            ts, why = max(since, self.begin), {"kind": "clock", "fault": fault, "offset_s": offset_s}
            found.append((Glimpse(ts, True, False, offset_s, ts), why))
            if ended is not None and ended <= self.until:
                found.append((Glimpse(ended, False, True, None, ended), {}))
        return found

    def _of_readings(self, subject: Subject) -> Iterator[Told]:
        watched, condition = self._watched(subject), self.rule.condition
        point, other = watched.point, self.known.keys[subject.other] if subject.other else None
        assert point is not None  # noqa: S101 - these conditions are of points
        setting = Setting(self.zone, self.days)
        if isinstance(condition, Deviation):
            setting = setting._replace(usual=self.history.usual(point))
        spell, at, track = Spell.normal(self.begin), self.begin, Track.of([])
        back = windows.lookback(condition)
        while at < self.until:
            end = min(at + BITE, self.until)
            track = self.history.track(point, at - back, end, means=isinstance(condition, Deviation))
            if isinstance(condition, Compare) and other is not None:
                setting = setting._replace(other=self.history.track(other, at - back, end))
            spell, turns = watched.follow(spell, self._glimpses(track, setting, after=at, until=end))
            for turn in turns:
                yield turn, self._why(watched, turn, track, setting)
            at = end
        _, turns = expire(spell, watched.delays, now=self.until)
        for turn in turns:
            yield turn, self._why(watched, turn, track, setting)

    def _glimpses(self, track: Track, setting: Setting, *, after: datetime, until: datetime) -> list[Glimpse]:
        match self.rule.condition:
            case Limits() as asked:
                breach, clear = windows.limits(asked, track.value)
            case InState(codes):
                breach = np.isin(track.value, codes)
                clear = ~breach
            case other:
                return windows.glimpses(other, track, setting, after=after, until=until)
        # Of readings that say the same, the first decides and the last ends a delay: the others change nothing.
        kept = np.ones(len(breach), np.bool_)
        kept[1:-1] = (breach[1:-1] != breach[:-2]) | (clear[1:-1] != clear[:-2])
        rows = zip(track.ts[kept], breach[kept], clear[kept], track.value[kept], track.received[kept], strict=True)
        return [Glimpse(instant(int(t)), bool(b), bool(c), float(v), instant(int(r))) for t, b, c, v, r in rows]

    def _why(self, watched: Watched, turn: Turn, track: Track, setting: Setting) -> dict[str, Any]:
        if not turn.raised:
            return {}
        if isinstance(self.rule.condition, Limits | InState):
            return reasons.explain(self.rule, turn.value, unit=watched.unit)
        return window_reasons.explain(self.rule.condition, track, setting, at=turn.at, unit=watched.unit)
