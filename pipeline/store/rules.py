"""Keeps a park's rules: versions that are never changed, where each came from, and what each of them watches."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pipeline.domain.errors import NotFound, ParkError
from pipeline.domain.rule import Rule
from pipeline.store import audit, locks
from pipeline.store.park_plan import Action, Change, Kind
from pipeline.store.queries import load as load_queries
from pipeline.store.rule_spec import InvalidRuleError, Spec, from_spec, to_spec

QUERIES = load_queries(Path(__file__).parent / "rules_sql")
log = logging.getLogger("park.rules")


class Origin(StrEnum):
    """Who wrote a rule last."""

    PARK_FILE = "park-file"
    API = "api"


class RuleChanged(ParkError):  # noqa: N818 - it names an answer, which api/problems.py maps to 409
    """the rule was changed by somebody else meanwhile"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A rule as the database has it, in the version in force."""

    rule: int
    park_id: str
    rule_id: str
    version: int
    origin: str
    retired: bool
    at: datetime
    actor: str
    spec: Spec


class Watch(NamedTuple):
    """A rule and one of its subjects, by their keys."""

    watch: int
    rule: int
    point: int | None
    device: int | None
    space_id: str | None
    other: int | None
    retired: bool


@dataclass(frozen=True, slots=True)
class RulePlan:
    """What is to become of rules: changes as a park's plan tells them, and what stays as it is, and why."""

    changes: tuple[Change, ...] = ()
    kept: tuple[tuple[Kind, str, str], ...] = ()


def stored(conn: psycopg.Connection, park_id: str | None) -> dict[str, Stored]:
    """A park's rules by id, retired ones too."""
    with conn.cursor(row_factory=class_row(Stored)) as cursor:
        return {row.rule_id: row for row in cursor.execute(QUERIES["rules"], {"park": park_id})}


def readable(row: Stored) -> Rule | None:
    """The rule of a row. One that this program cannot read is logged and left out: the others must be judged."""
    try:
        return from_spec(row.spec)
    except InvalidRuleError as error:
        log.error("rule %s of park %s is not judged: %s", row.rule_id, row.park_id, error)  # noqa: TRY400 - it says all
        return None


def plan(have: dict[str, Stored], rules: Sequence[Rule], *, take: bool = False) -> RulePlan:
    """What making a park file's rules those of the park would change. What was written over the API stays, unless
    `take`: then a rule that the file names too becomes the file's."""
    changes: list[Change] = []
    kept: list[tuple[Kind, str, str]] = []
    for rule in rules:
        row = have.get(rule.rule_id)
        if row is None:
            changes.append(Change(Action.ADD, Kind.RULE, rule.rule_id))
            continue
        fields = differences(row, rule)
        if row.origin != Origin.PARK_FILE and fields and not take:
            what = "was retired" if row.retired else f"is version {row.version}"
            reason = f"it {what} over the API, by {row.actor}; the file's is left out (--take-rules: the file's counts)"
            kept.append((Kind.RULE, rule.rule_id, reason))
            continue
        if row.origin != Origin.PARK_FILE:
            fields.append(("origin", row.origin, str(Origin.PARK_FILE)))
        if fields:
            changes.append(Change(Action.CHANGE, Kind.RULE, rule.rule_id, tuple(fields)))
    named = {rule.rule_id for rule in rules}
    for rule_id, row in have.items():
        if rule_id not in named and row.origin == Origin.PARK_FILE and not row.retired:
            changes.append(Change(Action.RETIRE, Kind.RULE, rule_id))
    return RulePlan(tuple(changes), tuple(kept))


def in_force(have: dict[str, Stored], done: RulePlan | None, rules: Sequence[Rule]) -> list[Rule]:
    """The rules that would be judged after a plan; done None: those that are judged now."""
    left_out = {rule_id for _, rule_id, _ in done.kept} if done else set()
    gone = {change.id for change in done.changes if change.action is Action.RETIRE} if done else set()
    found = {rule.rule_id: rule for rule in rules if rule.rule_id not in left_out}
    for rule_id, row in have.items():
        if rule_id not in found and rule_id not in gone and not row.retired and (rule := readable(row)) is not None:
            found[rule_id] = rule
    return [rule for rule in found.values() if rule.enabled]


def expect(conn: psycopg.Connection, park_id: str, rule_id: str, version: int | None) -> None:
    """Raises RuleChanged unless `version` is the one in force; None: there is no such rule, or it is retired."""
    row = stored(conn, park_id).get(rule_id)
    if row is None and version is not None:
        raise NotFound(f"rule {rule_id} in park {park_id}")
    if row is not None and version != row.version and not (row.retired and version is None):
        said = "you did not say which you change" if version is None else f"you change version {version}"
        raise RuleChanged(f"version {row.version} of {rule_id} was written by {row.actor}; {said}")


def put(
    conn: psycopg.Connection,
    park_id: str,
    rules: Sequence[Rule],
    *,
    origin: Origin,
    actor: str,
    now: datetime,
    take: bool = False,
) -> RulePlan:
    """Writes rules: a new version where something changed, an audit entry for each.

    A park file's list is whole, so what it no longer names is retired; the API names what it changes. `watches.expand`
    and `announce` belong after it, in the same transaction.
    """
    lock(conn, park_id)
    have = stored(conn, park_id)
    done = plan(have, rules, take=take) if origin is Origin.PARK_FILE else _named(have, rules)
    by_id = {rule.rule_id: rule for rule in rules}
    for change in done.changes:
        row = have.get(change.id)
        if change.action is Action.RETIRE and row is not None:
            _retire(conn, row, origin=origin, actor=actor, now=now)
        else:
            _write(conn, park_id, by_id[change.id], row, origin=origin, actor=actor, now=now)
    return done


def retire(conn: psycopg.Connection, park_id: str, rule_id: str, *, actor: str, now: datetime) -> None:
    """Retires a rule over the API: it is judged no longer, its alarms are withdrawn. NotFound where there is none."""
    lock(conn, park_id)
    row = stored(conn, park_id).get(rule_id)
    if row is None or row.retired:
        raise NotFound(f"rule {rule_id} in park {park_id}")
    _retire(conn, row, origin=Origin.API, actor=actor, now=now)


def differences(row: Stored, rule: Rule) -> list[tuple[str, Any, Any]]:
    """(name, old, new) of every field in which a rule differs from what is stored."""
    old, new = dict(_flat(row.spec)), dict(_flat(to_spec(rule)))
    fields = [(name, old.get(name), new.get(name)) for name in {**new, **old} if old.get(name) != new.get(name)]
    return [*fields, ("retired", True, False)] if row.retired else fields


def lock(conn: psycopg.Connection, park_id: str) -> None:
    """Keeps every other writer of this park's registry and rules out until the transaction ends."""
    conn.execute(QUERIES["lock_registry"], {"lock": locks.REGISTRY, "park": park_id})


def announce(conn: psycopg.Connection, park_id: str) -> None:
    """Makes collectors, engine and screens read rules and watches again, once this is committed."""
    conn.execute(QUERIES["announce_rules"], {"payload": f"registry:{park_id}"})


def _named(have: dict[str, Stored], rules: Sequence[Rule]) -> RulePlan:
    changes = []
    for rule in rules:
        row = have.get(rule.rule_id)
        if row is None:
            changes.append(Change(Action.ADD, Kind.RULE, rule.rule_id))
        elif fields := differences(row, rule):
            changes.append(Change(Action.CHANGE, Kind.RULE, rule.rule_id, tuple(fields)))
    return RulePlan(tuple(changes))


def _write(
    conn: psycopg.Connection, park_id: str, rule: Rule, row: Stored | None, *, origin: Origin, actor: str, now: datetime
) -> None:
    """A version more, unless only its origin changed or it is taken up again as it was."""
    spec = to_spec(rule)
    if row is None:
        made = conn.execute(QUERIES["add_rule"], {"park": park_id, "id": rule.rule_id, "origin": origin}).fetchone()
        assert made is not None  # noqa: S101 - insert … returning
        key, version, fresh = int(made[0]), 1, True
    else:
        fresh = dict(_flat(row.spec)) != dict(_flat(spec))
        key, version = row.rule, row.version + fresh
    if fresh:
        columns = ("kind", "enabled", "priority", "life_safety", "latched", "maintenance", "position", "on_delay_s",
                   "off_delay_s", "reopen_s", "late_limit_s", "respond_s", "chatter_raises", "chatter_s")  # fmt: skip
        terms = {name: spec[name] for name in columns} | {"name_zh": rule.name.zh, "name_en": rule.name.en}
        version_row = {"rule": key, "version": version, "now": now, "actor": actor, "spec": Jsonb(spec), **terms}
        conn.execute(QUERIES["add_version"], version_row)
    if row is not None:
        conn.execute(QUERIES["move_rule"], {"rule": key, "version": version, "origin": origin, "retired": False})
    told = {"version": version, "origin": origin, "old": row.spec if row else None, "new": spec}
    if row is not None and row.retired:
        told["was_retired"] = True
    _note(conn, park_id, rule.rule_id, "put-rule", told, actor=actor, now=now)


def _retire(conn: psycopg.Connection, row: Stored, *, origin: Origin, actor: str, now: datetime) -> None:
    conn.execute(QUERIES["move_rule"], {"rule": row.rule, "version": row.version, "origin": origin, "retired": True})
    told = {"version": row.version, "origin": origin, "old": row.spec, "new": None}
    _note(conn, row.park_id, row.rule_id, "retire-rule", told, actor=actor, now=now)


def _note(
    conn: psycopg.Connection, park_id: str, rule_id: str, action: str, detail: dict[str, Any], *, actor: str,
    now: datetime,
) -> None:  # fmt: skip
    audit.record(conn, now=now, action=action, subject=f"rule/{park_id}/{rule_id}", detail=detail, actor=actor)


def _flat(spec: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """A spec's fields as `on.types`, `response.1.zh`; a list of words is one field."""
    if isinstance(spec, dict):
        for key, value in spec.items():
            yield from _flat(value, f"{name}.{key}" if name else key)
    elif isinstance(spec, list) and any(isinstance(item, dict) for item in spec):
        for number, item in enumerate(spec, start=1):
            yield from _flat(item, f"{name}.{number}")
    else:
        yield name, ", ".join(map(str, spec)) or None if isinstance(spec, list) else spec
