"""Judges flat lines, rates of change, comparisons, schedules and deviations from stored readings, look by look.

Where a watch was left is kept with its condition, and only what may have changed it is judged twice, to the same end:
neither a restart nor a second engine misses or doubles anything.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import psycopg

from pipeline.domain.rule import Compare, Deviation, Schedule
from pipeline.domain.spell import Spell, Turn, expire, follow
from pipeline.domain.working_calendar import spans
from pipeline.engine.alarms import QUERIES
from pipeline.engine.alarms.kept_tracks import KeptTracks, held_back
from pipeline.engine.alarms.turns import carry_out
from pipeline.engine.alarms.window_watches import Conditions, Settings, WindowWatch
from pipeline.engine.rollup import QUARTER, floor
from pipeline.rules.track import Track, instant, micros
from pipeline.rules.window_reasons import explain
from pipeline.rules.windows import Setting, glimpses, lookback
from pipeline.store import conditions
from pipeline.store.alarms import Raising, Returning, as_json

HOLD = timedelta(seconds=10)  # what was measured at the same time may come so much later
ROLLED_UP = timedelta(seconds=60)  # a quarter hour's mean is complete so long after its end
KEEP_EVERY = timedelta(seconds=60)
MEANS = timedelta(hours=2)  # so much before it is read with a deviation's means, for its reason
REACH = timedelta(days=1)  # an engine that was away for longer begins anew
CALM = timedelta(minutes=10)  # a schedule without a turn is looked at so often
ONE = timedelta(microseconds=1)


@dataclass(slots=True)
class Look:
    """One watch at one look: its readings, up to where it was and is judged, and what came of it."""

    watch: WindowWatch
    track: Track
    setting: Setting
    after: datetime
    upto: datetime
    until: datetime | None = None  # a schedule speaks by itself, up to now
    spell: Spell | None = None
    turns: Sequence[Turn] = ()
    keep: bool = False


class Windows:
    """The step. What it remembers only spares it reading: lost, it is read again. beat: a second on the wall, in park
    time; where the clock is fast, messages take longer."""

    def __init__(self, beat: timedelta = timedelta(0)) -> None:
        self._hold = max(HOLD, 2 * beat)
        self._rolled_up = max(ROLLED_UP, 2 * beat)
        self._conditions = Conditions()
        self._tracks = KeptTracks()
        self._upto: dict[int, datetime] = {}
        self._calm: dict[tuple[int, tuple[int, int]], datetime] = {}
        self._closed: datetime | None = None

    def run(self, conn: psycopg.Connection, now: datetime) -> int:
        """Judges what is new. Returns how many alarms began or ended."""
        watches = self._conditions.watches(conn)
        if not watches:
            return 0
        closed = floor(now - self._rolled_up, QUARTER)
        looks = self._windows(conn, [w for w in watches if not isinstance(w.condition, Deviation)], now)
        looks += self._deviations(conn, [w for w in watches if isinstance(w.condition, Deviation)], now, closed)
        _judge(conn, looks, now)
        turned = _write(conn, looks, now)
        # Only now: what is remembered must not be ahead of what is kept.
        self._closed = closed
        self._upto = {w.watch: self._upto[w.watch] for w in watches if w.watch in self._upto}
        for look in looks:
            self._upto[look.watch.watch] = look.upto
            if isinstance(look.watch.condition, Schedule) and look.until:
                self._calm[look.watch.watch, look.watch.version] = _next_turn(look, look.watch.condition, look.until)
        return turned

    def _after(self, watch: WindowWatch, newest: datetime) -> datetime:
        """After when it is judged: where it was left, by this engine or another. What was measured before its rule was
        written, or very long ago, is not judged, but for the newest."""
        last = newest - ONE
        known = [at for at in (watch.upto, self._upto.get(watch.watch)) if at is not None]
        if not known:
            return last
        return max(*known, min(watch.written, last), newest - REACH)

    def _windows(self, conn: psycopg.Connection, watches: list[WindowWatch], now: datetime) -> list[Look]:
        """The watches that are due, with their readings."""
        points = sorted({point for w in watches for point in w.points})
        newest: dict[int, int] = dict(conn.execute(QUERIES["newest_of"], {"points": points}, binary=True).fetchall())
        afters: dict[int, datetime] = {}
        needs: dict[int, int] = {}
        for w in watches:
            if w.point not in newest:
                continue  # it never said anything
            after = afters[w.watch] = self._after(w, instant(newest[w.point]))
            need = micros(after - lookback(w.condition))
            needs |= {p: min(need, needs.get(p, need)) for p in w.points}
        late = self._tracks.refresh(conn, needs, newest=newest, now=now)
        spoken = [w for w in watches if w.watch in afters]
        settings = Settings(conn, spoken, since=min(afters.values(), default=now), until=now)
        looks = [
            self._due(w, settings.of(w), afters[w.watch], now=now, late=not late.isdisjoint(w.points)) for w in spoken
        ]
        return [look for look in looks if look is not None]

    def _due(self, w: WindowWatch, setting: Setting, after: datetime, *, now: datetime, late: bool) -> Look | None:
        track = self._tracks[w.point]
        upto = max(after, instant(int(track.ts[-1]))) if len(track.ts) else after
        expired = w.deadline is not None and w.deadline <= now
        if isinstance(w.condition, Schedule):  # its limits need one reading only: what comes late changes nothing
            until = max(upto, now - self._hold)
            if upto > after or expired or self._calm.get((w.watch, w.version), until) <= until:
                return Look(w, track, setting, after, upto, until)
            return None
        if isinstance(w.condition, Compare) and w.other is not None:
            setting = setting._replace(other=self._tracks[w.other])
            upto = held_back(track, setting.other, now=now, after=after, hold=self._hold)
        if upto > after or expired or late:
            # What came late may change what the newest reading says: it is judged again.
            return Look(w, track, setting, after - ONE if late else after, upto)
        return None

    def _deviations(
        self, conn: psycopg.Connection, watches: list[WindowWatch], now: datetime, closed: datetime
    ) -> list[Look]:
        """The watches of means, once for each quarter hour that has closed."""
        due = [
            w for w in watches
            if closed != self._closed or w.watch not in self._upto or (w.deadline is not None and w.deadline <= now)
        ]  # fmt: skip
        if not due:
            return []
        afters = {w.watch: self._after(w, closed) for w in due}
        oldest = min(afters.values()) - MEANS
        asked = {
            "points": [w.point for w in due],
            "afters": [afters[w.watch] - MEANS for w in due],
            "oldest": oldest,
            "until": closed,
        }
        means: dict[int, list[tuple[datetime, float, datetime]]] = {}
        for point, end, mean in conn.execute(QUERIES["quarter_means"], asked):
            means.setdefault(point, []).append((end, mean, end))
        settings = Settings(conn, due, since=oldest, until=now)
        looks = []
        for w in due:
            track, after = Track.of(means.get(w.point, [])), afters[w.watch]
            upto = max(after, instant(int(track.ts[-1]))) if len(track.ts) else after
            looks.append(Look(w, track, settings.of(w), after, upto))
        return looks


def _judge(conn: psycopg.Connection, looks: list[Look], now: datetime) -> None:
    """Follows each watch's spell from where it stands in its row, which stays locked."""
    spells = conditions.lock(conn, [look.watch.watch for look in looks])
    for look in looks:
        w = look.watch
        before = spells[w.watch]
        seen = glimpses(
            w.condition, look.track, look.setting, after=look.after, until=look.until or look.upto,
            edges_after=max(look.after, before.since),
        )  # fmt: skip
        spell, turns = follow(before, seen, w.delays)
        look.spell, more = expire(spell, w.delays, now=now)
        look.turns = [*turns, *more]
        stale = w.upto is None or look.upto - w.upto >= KEEP_EVERY
        look.keep = look.spell != before or stale


def _write(conn: psycopg.Connection, looks: list[Look], now: datetime) -> int:
    """Keeps what changed; raises and returns in the order of each watch's turns."""
    rows = [{"watch": k.watch.watch, "upto": k.upto, **asdict(k.spell)} for k in looks if k.keep and k.spell]
    if rows:
        conn.execute(QUERIES["keep_conditions"], {"rows": as_json(rows)})
    return carry_out(conn, [[_deed(look, turn, now) for turn in look.turns] for look in looks], now=now)


def _deed(look: Look, turn: Turn, now: datetime) -> Raising | Returning:
    w = look.watch
    if not turn.raised:
        return Returning(w.watch, turn.at, turn.received)
    reason = explain(w.condition, look.track, look.setting, at=turn.at, unit=w.unit)
    historic = w.late_limit is not None and now - turn.began > w.late_limit
    return Raising(w.watch, turn.began, turn.at, turn.received, turn.value, reason, historic=historic)


def _next_turn(look: Look, schedule: Schedule, until: datetime) -> datetime:
    """When a schedule begins or ends next, or when it is time to ask again."""
    later = until + CALM
    times = spans(schedule, until, later, zone=look.setting.zone, days=look.setting.days)
    return min([later, *(edge for span in times for edge in span if edge > until)])
