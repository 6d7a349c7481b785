"""Derives an order's clocks from its events, its terms and open time. Pure and without memory: the same history
gives the same clocks, whenever and however often it is asked. docs/sla.md is the rulebook; sql/views/63_sla_twin.sql is
its twin."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pipeline.domain import intervals, sla_history
from pipeline.domain.business_calendar import CalendarExhausted, Opening
from pipeline.domain.intervals import Span
from pipeline.domain.sla import DUE, ClockKind, ClockState, SlaClock, Terms
from pipeline.domain.sla_history import Change, OrderEvent, Pause, Stop

Calendars = Mapping[tuple[str, int], Opening]
"""Calendars by id and version."""
UNKNOWN = datetime.max.replace(tzinfo=UTC)
"""Later than anything that is loaded."""


class Promise(NamedTuple):
    """What holds at the end of a history: when it is due, by which terms (open time less pauses), since when."""

    due: datetime
    terms: Terms
    since: datetime
    appointment: bool
    changed: bool


def derive(created: datetime, events: Sequence[OrderEvent], calendars: Calendars, *, now: datetime,
           told: Mapping[ClockKind, Collection[float]] | None = None) -> list[SlaClock]:  # fmt: skip
    """The clocks of an order that was opened at `created`. events: in the order of seq, all of them.

    told: percentages that need not be told again, by kind; a breach that was told and stands is among them.
    """
    events = sorted(events, key=lambda event: event.seq)
    history = sla_history.changes(events, created)
    first = history[0].terms
    assert first is not None  # noqa: S101 - the event that opens an order has its terms
    return [
        _Derivation(ClockKind(kind), created, events, history, calendars, now).clock((told or {}).get(kind, ()))
        for kind in first["targets"]
    ]


class _Derivation:
    """One clock's: its facts, and what follows from them."""

    def __init__(self, kind: ClockKind, created: datetime, events: Sequence[OrderEvent], history: list[Change],
                 calendars: Calendars, now: datetime) -> None:  # fmt: skip
        self.kind, self.created, self.calendars, self.now = kind, created, calendars, now
        self.upto = events[-1].seq
        self.stop: Stop = sla_history.stop(kind, events, created)
        self.void = sla_history.ended(events) if self.stop.at is None else None
        self.waits: list[Pause] = sla_history.pauses(events) if kind is ClockKind.RESTORE else []
        end = self.stop.at or self.void
        first, *later = (c for c in history if c.appointment is None or kind is ClockKind.RESPOND)
        self.opened_with: Terms = first.terms or {}
        self.changes = [c for c in later if end is None or c.at < end]

    def clock(self, told: Collection[float]) -> SlaClock:
        promise = self.promise()
        known = promise.due != UNKNOWN
        end = self.stop.at or self.void
        breached = promise.due if known and (promise.due < end if end else promise.due <= self.now) else None
        facts: dict[str, Any] = {
            "kind": self.kind, "started": self.created, "upto": self.upto, "breached": breached,
            "due": promise.due if known else None,
            "target_s": self.target_s(promise),
        }  # fmt: skip
        if end is not None:
            return self.ended(promise, end, facts, told)
        fault = None if known else self.exhausted(promise.terms)
        resumes = self.resumes(promise.terms)
        if resumes is not None and breached is None:
            facts["due"] = None
        ladder, cut = self.ladder(promise, told) if known else ((), None)
        return SlaClock(
            **facts, state=ClockState.PAUSED if resumes else ClockState.RUNNING, resumes=resumes, ladder=ladder,
            fault=fault or cut, paused_s=self.paused_s(promise.terms, None),
        )  # fmt: skip

    def ended(self, promise: Promise, end: datetime, facts: dict[str, Any], told: Collection[float]) -> SlaClock:
        """A clock that stopped, or whose order came to nothing: only a breach is still to be told."""
        breached = facts["breached"]
        state, fault, spent = ClockState.MISSED if breached else ClockState.MET, None, None
        try:
            spent = intervals.length(self.counted(promise.terms, self.created, end)).total_seconds()
        except CalendarExhausted as error:
            # It may have been late; whoever stopped it did stop it.
            fault, state = str(error), state if facts["due"] else ClockState.RUNNING
        if self.void is not None:
            state, facts["due"] = ClockState.VOID, None
        return SlaClock(
            **facts, state=state, stopped=self.stop.at, spent_s=spent, provisional=self.stop.provisional, fault=fault,
            wall_s=(end - self.created).total_seconds(), paused_s=self.paused_s(promise.terms, end),
            ladder=((DUE, breached),) if breached and DUE not in told else (),
        )  # fmt: skip

    def promise(self) -> Promise:
        """When it is due: as it was opened with, then as each change made it.

        A target that is harder begins with the change, or when the order first had one as hard, and is never later than
        the old promise; one that is easier counts from the start. What was broken before a change stays so.
        """
        terms, since, appointment, changed = self.opened_with, self.created, False, False
        due = self.due(terms, self.created)
        before = [(self.created, due)]
        for change in self.changes:
            if due <= change.at:
                break
            since, changed = change.at, True
            if change.appointment is not None:
                due, appointment = change.appointment, True
                continue
            terms = change.terms or terms
            if not appointment:
                first = self.due(terms, self.created)
                begin = min((at for at, other in before if other <= first), default=change.at)
                due = max(first, min(due, max(self.due(terms, begin), change.at)))
                before.append((change.at, first))
        return Promise(due, terms, since, appointment, changed)

    def due(self, terms: Terms, start: datetime) -> datetime:
        """When the target of terms is used up, from an instant on; UNKNOWN past the loaded calendar."""
        opening = self.opening(terms)
        try:
            need = self.target(terms, start)
            open_then = self.counted(terms, start, opening.until)
        except CalendarExhausted:
            return UNKNOWN
        found = intervals.due(open_then, start, need)
        return UNKNOWN if found is None else found

    def target(self, terms: Terms, start: datetime) -> timedelta:
        target = terms["targets"][self.kind]
        if "s" in target:
            return timedelta(seconds=target["s"])
        return self.opening(terms).working_days(start, target.get("days", 1))

    def target_s(self, promise: Promise) -> float | None:
        """Open time from start to due, which is the target where no change came in between."""
        if promise.appointment:
            return None
        if promise.due == UNKNOWN:
            target = promise.terms["targets"][self.kind]
            return None if promise.changed else target.get("s")
        return intervals.length(self.counted(promise.terms, self.created, promise.due)).total_seconds()

    def opening(self, terms: Terms) -> Opening:
        target = terms["targets"][self.kind]
        return self.calendars[target["calendar"], target["calendar_version"]]

    def counted(self, terms: Terms, since: datetime, until: datetime) -> list[Span]:
        """Open time less pauses between two instants."""
        open_then = self.opening(terms).between(since, until)
        return intervals.subtract(open_then, sla_history.granted(self.waits, terms))

    def paused_s(self, terms: Terms, end: datetime | None) -> float:
        over = [wait for wait in self.waits if wait.until is not None or end is not None]
        spans = sla_history.granted(over, terms)
        last = min(spans[-1][1], end) if end and spans else spans[-1][1] if spans else self.created
        try:
            open_then = self.opening(terms).between(self.created, last)
        except CalendarExhausted:
            return 0.0
        return intervals.length(intervals.intersect(open_then, spans)).total_seconds()

    def resumes(self, terms: Terms) -> datetime | None:
        """When the pause that lasts will have used up what it may stop; None where none stops the clock now."""
        if not self.waits or self.waits[-1].until is not None:
            return None
        spans = sla_history.granted(self.waits, terms)
        return spans[-1][1] if spans and spans[-1][0] == self.waits[-1].since and spans[-1][1] > self.now else None

    def ladder(
        self, promise: Promise, told: Collection[float]
    ) -> tuple[tuple[tuple[float, datetime], ...], str | None]:
        """What is still to be told, and why the end of it is not known. What a change or a stop that was taken back put
        into the past is not told any more, a breach aside."""
        quiet = max(promise.since, self.stop.taken_back or self.created)
        span, found, cut = promise.due - self.created, [], None
        counted = self.counted(promise.terms, self.created, self.opening(promise.terms).until)
        need = intervals.length(intervals.clip(counted, self.created, promise.due))
        for percent in sorted({*map(float, promise.terms["thresholds"]), DUE} - set(told)):
            at: datetime | None
            if percent == DUE:
                at = promise.due
            elif promise.appointment:
                at = self.created + span * percent / 100
            else:
                at = intervals.due(counted, self.created, need * percent / 100)
            if at is None:
                cut = cut or f"{percent:g} % lies beyond it; {self.exhausted(promise.terms)}"
            elif percent == DUE or at > quiet or not (promise.changed or self.stop.taken_back):
                found.append((percent, at))
        return tuple(sorted(found, key=lambda one: (one[1], one[0]))), cut

    def exhausted(self, terms: Terms) -> str:
        opening = self.opening(terms)
        return f"the calendar {terms['targets'][self.kind]['calendar']} is loaded until {opening.until:%Y-%m-%d %H:%MZ}"
