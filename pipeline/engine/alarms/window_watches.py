"""What is watched by windows: rules in force with their conditions, and what the calendar and history say of them."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.rule import Compare, Condition, DayKind, Deviation, Flat, Rate, RuleKind, Schedule
from pipeline.domain.spell import Delays
from pipeline.engine.alarms import QUERIES
from pipeline.rules.windows import Norm, Setting, Usual
from pipeline.store.alarms import Row
from pipeline.store.rule_spec import InvalidRuleError, from_spec

log = logging.getLogger(__name__)
KINDS = (RuleKind.FLAT, RuleKind.RATE, RuleKind.COMPARE, RuleKind.SCHEDULE, RuleKind.DEVIATION)
Windowed = Flat | Rate | Compare | Schedule | Deviation
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WindowWatch:
    """One watch of such a rule. written: its rule's version; deadline and upto: its condition's, where it has one."""

    watch: int
    version: tuple[int, int]
    condition: Windowed
    delays: Delays
    late_limit: timedelta | None
    point: int
    other: int | None
    unit: str | None
    park_id: str
    zone: ZoneInfo
    written: datetime
    deadline: datetime | None
    upto: datetime | None

    @property
    def points(self) -> list[int]:
        """Whose readings it needs."""
        return [self.point] if self.other is None else [self.point, self.other]


class Conditions:
    """Conditions by rule and version; a version never changes, so each is read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Condition | None] = {}

    def watches(self, conn: psycopg.Connection) -> list[WindowWatch]:
        """All watches in force, in order."""
        with conn.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(QUERIES["window_watches"], {"kinds": [str(kind) for kind in KINDS]}).fetchall()
        self._learn(conn, {(row["rule"], row["version"]) for row in rows} - self._known.keys())
        found = (self._watch(row) for row in rows)
        return [watch for watch in found if watch is not None]

    def _watch(self, row: Row) -> WindowWatch | None:
        version = (row["rule"], row["version"])
        condition = self._known[version]
        compares = isinstance(condition, Compare)
        if not isinstance(condition, Windowed) or (compares and row["other"] is None):
            return None
        late = None if row["life_safety"] else row["late_limit_s"]
        return WindowWatch(
            watch=row["watch"],
            version=version,
            condition=condition,
            delays=Delays.of(row["on_delay_s"], row["off_delay_s"]),
            late_limit=None if late is None else timedelta(seconds=late),
            point=row["point"],
            other=row["other"] if compares else None,
            unit=row["unit"],
            park_id=row["park_id"],
            zone=ZoneInfo(row["zone"]),
            written=row["at"],
            deadline=row["deadline"],
            upto=row["upto"],
        )

    def _learn(self, conn: psycopg.Connection, unknown: Iterable[tuple[int, int]]) -> None:
        if not (asked := sorted(unknown)):
            return
        rules, versions = (list(column) for column in zip(*asked, strict=True))
        for rule, version, spec in conn.execute(QUERIES["rule_specs"], {"rules": rules, "versions": versions}):
            try:
                self._known[rule, version] = from_spec(spec).condition
            except InvalidRuleError as error:  # one rule's fault must not silence the others
                self._known[rule, version] = None
                log.error("rule %s version %s is not judged: %s", rule, version, error)  # noqa: TRY400


class Settings:
    """What conditions are judged against: calendar days and what is usual, as the tables say at this look."""

    def __init__(self, conn: psycopg.Connection, watches: Sequence[WindowWatch], *, since: datetime, until: datetime):
        self._days: dict[str, dict[date, DayKind]] = {}
        self._usual: dict[int, dict[tuple[str, int], Norm]] = {}
        if any(isinstance(w.condition, Schedule | Deviation) for w in watches):
            asked = {"since": (since - 3 * DAY).date(), "until": (until + 3 * DAY).date()}
            for park_id, day, kind in conn.execute(QUERIES["calendar_of"], asked):
                self._days.setdefault(park_id, {})[day] = DayKind(kind)
        points = [w.point for w in watches if isinstance(w.condition, Deviation)]
        if points:
            for point, days, hour, median, spread, n in conn.execute(QUERIES["usual_of"], {"points": points}):
                self._usual.setdefault(point, {})[days, hour] = Norm(median, spread, n)

    def of(self, watch: WindowWatch) -> Setting:
        """What one watch is judged against, but for the other point's readings."""
        usual: Usual = self._usual.get(watch.point, {})
        return Setting(zone=watch.zone, days=self._days.get(watch.park_id, {}), usual=usual)
