"""Keeps how the condition of every watch stands, and finds what is needed to tell late news from newest."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, NamedTuple

import psycopg

from pipeline.domain.rule import Rule, RuleKind
from pipeline.domain.spell import Phase, Spell
from pipeline.store.alarm_changes import QUERIES, as_json
from pipeline.store.rule_spec import InvalidRuleError, from_spec

log = logging.getLogger("park.rules")

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)  # since when a watch is normal that nobody has looked at


class Newest(NamedTuple):
    """Where a point's newest reading stands; what a batch says is late up to `late`."""

    ts: datetime
    before: datetime | None
    moved: bool

    def is_late(self, ts: datetime) -> bool:
        """Whether a reading of this transaction's batch is older than what was known before it."""
        return ts <= self.ts if not self.moved else self.before is not None and ts <= self.before


class Happened(NamedTuple):
    """One access event."""

    ts: datetime
    received: datetime
    kind: str
    code: int


class WatchRow(NamedTuple):
    """A watch with its rule's key and version, and the unit of its point."""

    watch: int
    rule: int
    version: int
    park_id: str
    point: int | None
    device: int | None
    space_id: str | None
    unit: str | None


class Span(NamedTuple):
    """A point's readings between two instants."""

    point: int
    lower: datetime
    upper: datetime


def standing(conn: psycopg.Connection, watches: Any) -> dict[int, Spell]:
    """Those of some watches (a list, or an array parameter) that are not normal."""
    return {row[0]: _spell(row) for row in conn.execute(QUERIES["standing_conditions"], {"watches": watches})}


def lock(conn: psycopg.Connection, watches: Iterable[int]) -> dict[int, Spell]:
    """How watches stand, locked in their order until the transaction ends."""
    asked = {"watches": sorted(watches), "long_ago": LONG_AGO}
    conn.execute(QUERIES["add_conditions"], asked)  # first all of them: later ones must not be waited for out of order
    return {row[0]: _spell(row) for row in conn.execute(QUERIES["lock_conditions"], asked)}


def keep(conn: psycopg.Connection, spells: Mapping[int, Spell]) -> None:
    """How some watches, which are locked, stand now."""
    if spells:
        rows = [{"watch": watch, **asdict(spell)} for watch, spell in spells.items()]
        conn.execute(QUERIES["keep_conditions"], {"rows": as_json(rows)})


def newest(conn: psycopg.Connection, points: Iterable[int]) -> dict[int, Newest]:
    """The newest readings of points."""
    rows = conn.execute(QUERIES["newest_readings"], {"points": list(points)})
    return {point: Newest(ts, before, moved) for point, ts, before, moved in rows}


def readings(conn: psycopg.Connection, spans: Sequence[Span]) -> list[list[tuple[datetime, datetime, float]]]:
    """(device time, received time, value) of what is stored, for each span in order."""
    found: list[list[tuple[datetime, datetime, float]]] = [[] for _ in spans]
    asked = {
        "ns": list(range(len(spans))), "points": [s.point for s in spans], "froms": [s.lower for s in spans],
        "untils": [s.upper for s in spans], "oldest": min(s.lower for s in spans),
        "newest": max(s.upper for s in spans),
    }  # fmt: skip
    for n, ts, received, value in conn.execute(QUERIES["readings_around"], asked):
        found[n].append((ts, received, value))
    return found


def events(conn: psycopg.Connection, devices: Iterable[int], since: datetime) -> dict[int, list[Happened]]:
    """Decisions and door states by device, in order."""
    found: dict[int, list[Happened]] = {}
    for device, *event in conn.execute(QUERIES["events_since"], {"devices": list(devices), "since": since}):
        found.setdefault(device, []).append(Happened(*event))
    return found


def watches(conn: psycopg.Connection, kinds: Iterable[RuleKind]) -> list[WatchRow]:
    """What is watched by the rules in force of some kinds."""
    rows = conn.execute(QUERIES["watches_of_kinds"], {"kinds": [str(kind) for kind in kinds]})
    return [WatchRow(*row) for row in rows]


def rules(conn: psycopg.Connection, keys: Iterable[int]) -> dict[tuple[int, int], Rule | None]:
    """Rules by key and version; None for one that this program cannot read: the others must be judged."""
    found: dict[tuple[int, int], Rule | None] = {}
    for key, rule_id, version, spec in conn.execute(QUERIES["rule_specs"], {"rules": sorted(keys)}):
        try:
            found[key, version] = from_spec(spec)
        except InvalidRuleError as error:
            found[key, version] = None
            log.error("rule %s is not judged: %s", rule_id, error)  # noqa: TRY400 - it says all
    return found


def devices_in(conn: psycopg.Connection, spaces: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[int]]:
    """The devices in spaces (park, space) and below them."""
    asked = sorted(set(spaces))
    found: dict[tuple[str, str], list[int]] = {space: [] for space in asked}
    names = {"parks": [park for park, _ in asked], "spaces": [space for _, space in asked]}
    for park, space, device in conn.execute(QUERIES["devices_of_spaces"], names) if asked else ():
        found[park, space].append(device)
    return found


def _spell(row: Sequence[Any]) -> Spell:
    _, phase, began, since, deadline, value, received = row
    return Spell(Phase(phase), began, since, deadline, value, received)
