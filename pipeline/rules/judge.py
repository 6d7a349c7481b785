"""Judges a batch in its transaction: the alarms that one reading or event decides begin and end together with it.

A batch of normal readings costs a few array operations and one small query. Only watches that are in breach, or were
not normal, are looked at one by one. Locks are taken in this order: newest readings and device states (by whoever
stores the batch), condition rows, alarms; each in the order of their keys.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import zip_longest

import numpy as np
import psycopg

from pipeline import metrics
from pipeline.domain.errors import ParkError
from pipeline.domain.rule import DoorIn, Rule, RuleKind
from pipeline.domain.spell import Spell, Turn
from pipeline.rules import past
from pipeline.rules.looks import Happenings, Look, concerned, of_events, of_readings
from pipeline.rules.point_watches import PointWatches, Seen
from pipeline.rules.watched import Watched, delays_of
from pipeline.store import alarms, conditions
from pipeline.store.alarms import Raising, Returning
from pipeline.store.columns import array
from pipeline.store.rows import Rows

log = logging.getLogger("park.rules")
JUDGED = (RuleKind.LIMITS, RuleKind.STATE, RuleKind.DOOR, RuleKind.COUNT)  # what one reading or event decides
UNKNOWN = Spell.normal(conditions.LONG_AGO)
Unit = tuple[str, int]
"""What can be judged by itself: a point's watch by its slot, or a device's by its key."""


class Misjudged(Exception):  # noqa: N818 - it says what to do: the same batch again, with `judge_apart`
    """judging a batch raised an error that nobody foresaw"""


class Judge:
    """The watches of one writer."""

    def __init__(self) -> None:
        self._points = PointWatches(())
        self._by_device: dict[int, list[Watched]] = {}
        self._rules: dict[tuple[int, int], Rule | None] = {}  # by key and version, which never changes

    def load(self, conn: psycopg.Connection) -> None:
        """Reads rules and watches (again)."""
        rows = conditions.watches(conn, JUDGED)
        fresh = {row.rule for row in rows if (row.rule, row.version) not in self._rules}
        known = self._rules | (conditions.rules(conn, fresh) if fresh else {})
        self._rules = {(row.rule, row.version): known.get((row.rule, row.version)) for row in rows}
        inside = conditions.devices_in(conn, [(row.park_id, row.space_id) for row in rows if row.space_id])
        watched = []
        for row in rows:
            rule = self._rules[row.rule, row.version]
            if rule is not None:
                devices = [row.device] if row.device else inside.get((row.park_id, row.space_id or ""), [])
                watched.append(Watched(row.watch, rule, row.point, tuple(devices), row.unit, delays_of(rule)))
        self._points = PointWatches(w for w in watched if w.point is not None)
        self._by_device = {}
        for one in watched:
            for device in one.devices if one.point is None else ():
                self._by_device.setdefault(device, []).append(one)
        metrics.ALARM_CONDITIONS.set(len(watched))

    def judge(self, conn: psycopg.Connection, rows: Rows, *, now: datetime) -> list[int]:
        """Judges what a batch stored, in its transaction. Returns the alarms that changed."""
        begun = time.perf_counter()
        seen, happened = self._concerned(rows)
        try:
            changed = self._judge(conn, rows, seen, happened, now=now) if seen or happened else []
        except (psycopg.Error, ParkError):
            raise
        except Exception as error:
            raise Misjudged from error
        metrics.JUDGE_SECONDS.observe(time.perf_counter() - begun)
        return changed

    def judge_apart(self, conn: psycopg.Connection, rows: Rows, *, now: datetime) -> list[int]:
        """The same, but for the watches that cannot be judged: they are found by trying, and named in the log. One rule
        must never keep a batch from being stored, nor the others from being judged."""
        seen, happened = self._concerned(rows)
        units: list[Unit] = [("point", int(slot)) for slot in (seen.slots if seen else ())]
        units += [("event", watch) for watch in happened]

        def attempt(some: Sequence[Unit]) -> list[int]:
            slots = [slot for kind, slot in some if kind == "point"]
            of_events = {watch: happened[watch] for kind, watch in some if kind == "event"}
            of_points = self._points.only(seen, slots) if seen and slots else None
            return self._judge(conn, rows, of_points, of_events, now=now) if of_points or of_events else []

        def culprits(some: Sequence[Unit]) -> list[Unit]:
            try:
                with conn.transaction(force_rollback=True):
                    attempt(some)
            except (psycopg.Error, ParkError):
                raise
            except Exception:
                if len(some) > 1:
                    return culprits(some[: len(some) // 2]) + culprits(some[len(some) // 2 :])
                kind, key = some[0]
                log.exception("watch %d cannot be judged", self._points.keys[key] if kind == "point" else key)
                metrics.JUDGE_FAILURES.inc()
                return list(some)
            return []

        wrong = set(culprits(units)) if units else set()
        return attempt([unit for unit in units if unit not in wrong])

    def _concerned(self, rows: Rows) -> tuple[Seen | None, Happenings]:
        """What a batch says of points' watches, and of devices'."""
        return self._points.see(rows.readings), concerned(self._by_device, rows.events) if self._by_device else {}

    def _judge(
        self, conn: psycopg.Connection, rows: Rows, seen: Seen | None, happened: Happenings, *, now: datetime
    ) -> list[int]:
        keys = self._points.keys[seen.slots] if seen else np.zeros(0, np.int32)
        doors = [watch for watch, (one, _) in happened.items() if isinstance(one.rule.condition, DoorIn)]
        standing = conditions.standing(conn, array("int4", np.concatenate([keys, np.array(doors, np.int32)])))
        looks = self._look(conn, rows, seen, standing)
        pressing = {w: one for w, one in happened.items() if w in standing or _may_hold(one)}
        if not looks and not pressing:
            return []
        spells = conditions.lock(conn, [*(look.watched.watch for look in looks), *pressing])
        looks += _look_at_events(conn, pressing)
        return self._decide(conn, looks, spells, now=now)

    def _look(
        self, conn: psycopg.Connection, rows: Rows, seen: Seen | None, standing: Mapping[int, Spell]
    ) -> list[Look]:
        """Looks at readings that change something, as far as can be told before locks are taken. Meanwhile the engine
        may end a delay, and then there is nothing to change here that it did not."""
        if seen is None:
            return []
        keys = self._points.keys[seen.slots]
        not_normal = seen.slots[np.isin(keys, np.fromiter(standing, np.int32, len(standing)))]
        slots = np.union1d(seen.slot[seen.breach], not_normal).tolist()
        if not slots:
            return []
        looks = of_readings(
            self._points, rows.readings, seen, slots=slots, newest=lambda points: conditions.newest(conn, points)
        )
        return [look for look in looks if _changes(look, standing.get(look.watched.watch, UNKNOWN))]

    def _decide(
        self, conn: psycopg.Connection, looks: Sequence[Look], spells: Mapping[int, Spell], *, now: datetime
    ) -> list[int]:
        kept: dict[int, Spell] = {}
        turned: list[tuple[Look, list[Turn]]] = []
        for look in looks:
            watch = look.watched.watch
            kept[watch], turns = look.watched.follow(spells[watch], look.live)
            if turns:
                turned.append((look, turns))
        conditions.keep(conn, {watch: spell for watch, spell in kept.items() if spell != spells[watch]})
        late = [look for look in looks if look.unexplained(kept[look.watched.watch])]
        past.look_around(conn, self._points, [look for look in late if look.around is None])
        history = [one for look in late for one in past.recorded(look, kept[look.watched.watch])]
        alarms.lock(conn, [*(look.watched.watch for look, _ in turned), *(one.watch for one in history)], now=now)
        changed = _apply(conn, turned, now=now)
        return sorted({*changed, *alarms.raise_(conn, history, now=now)})


def _changes(look: Look, spell: Spell) -> bool:
    """Whether a look may change anything."""
    after, turns = look.watched.follow(spell, look.live)
    return bool(after != spell or turns or look.unexplained(spell))


def _may_hold(found: tuple[Watched, Sequence[conditions.Happened]]) -> bool:
    """Whether events may make a watch's condition hold: those of a count always."""
    one, events = found
    asked = one.rule.condition
    return not isinstance(asked, DoorIn) or any(event.code in asked.states for event in events)


def _look_at_events(conn: psycopg.Connection, happened: Happenings) -> list[Look]:
    """With their watches locked, so that what another collector stored of a space's other devices is seen."""
    if not happened:
        return []
    devices = {device for one, _ in happened.values() for device in one.devices}
    since = min(event.ts - one.reach for one, events in happened.values() for event in events)
    stored = conditions.events(conn, devices, since)
    return [
        of_events(one, events, [e for device in one.devices for e in stored.get(device, ())])
        for one, events in happened.values()
    ]


def _apply(conn: psycopg.Connection, turned: Sequence[tuple[Look, Sequence[Turn]]], *, now: datetime) -> list[int]:
    """Raises and returns, each watch's turns in their order: a round for all first ones, one for all second ones, …"""
    changed: list[int] = []
    for nth in zip_longest(*([_said(look, turn) for turn in turns] for look, turns in turned)):
        changed += alarms.raise_(conn, [said for said in nth if isinstance(said, Raising)], now=now)
        changed += alarms.return_(conn, [said for said in nth if isinstance(said, Returning)], now=now)
    return changed


def _said(look: Look, turn: Turn) -> Raising | Returning:
    watch = look.watched.watch
    if not turn.raised:
        return Returning(watch, turn.at, turn.received)
    return Raising(watch, turn.began, turn.at, turn.received, turn.value, look.explain(turn))
