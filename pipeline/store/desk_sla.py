"""The sections `calendars` and `policies` of the desk files: when promised time counts; what is promised to whom."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, Literal

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from pipeline.domain.business_calendar import ALL_DAYS, MIDNIGHT, BusinessCalendar, Window
from pipeline.domain.rule import DayKind
from pipeline.domain.sla import ALWAYS, HOUR, MINUTE, ClockKind
from pipeline.domain.sla_policy import OrderFacts, SlaPolicy, SlaTarget, terms_for
from pipeline.domain.work_order import WAITING_REASONS
from pipeline.store import business_calendars, sla_terms
from pipeline.store.desk_section import Applied, DeskFileError, Section

QUERIES = sla_terms.QUERIES
PRIORITIES = ("P1", "P2", "P3", "P4")
Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
HHMM = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
END = Annotated[str, msgspec.Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Above0 = Annotated[float, msgspec.Meta(gt=0, le=100_000)]
Priority = Literal["P1", "P2", "P3", "P4"]


class WindowRow(msgspec.Struct, forbid_unknown_fields=True, rename={"start": "from"}):
    """Open from one time of day to another; over midnight where that is not later."""

    start: HHMM
    until: END
    days: list[DayKind] = msgspec.field(default_factory=lambda: list(ALL_DAYS))


class ExceptionRow(msgspec.Struct, forbid_unknown_fields=True):
    """A date with windows of its own; without any it is closed."""

    day: date
    windows: list[WindowRow] = []


class CalendarRow(msgspec.Struct, forbid_unknown_fields=True):
    """One calendar."""

    id: Id
    windows: Annotated[list[WindowRow], msgspec.Meta(min_length=1, max_length=50)]
    exceptions: Annotated[list[ExceptionRow], msgspec.Meta(max_length=1000)] = []


class TargetRow(msgspec.Struct, forbid_unknown_fields=True):
    """So much time of a calendar: minutes, or working days, each to its end."""

    calendar: Id
    minutes: Above0 | None = None
    working_days: Annotated[int, msgspec.Meta(ge=1, le=250)] | None = None


class StepRow(msgspec.Struct, forbid_unknown_fields=True):
    """Nobody took it after so many minutes: this level of the rota is asked."""

    after_minutes: Above0
    level: Annotated[int, msgspec.Meta(ge=2, le=9)]


class PolicyRow(msgspec.Struct, forbid_unknown_fields=True):
    """Terms for some orders. What it leaves out comes from the next policy that fits."""

    id: Id
    services: list[str] = []
    priorities: list[Priority] = []
    spaces: list[str] = []
    companies: list[str] = []
    contractors: list[str] = []
    acknowledge: TargetRow | None = None
    respond: TargetRow | None = None
    restore: TargetRow | None = None
    thresholds: Annotated[list[Above0], msgspec.Meta(max_length=20)] | None = None
    pauses_hours: dict[str, Above0] | None = None
    pauses_hours_in_all: Above0 | None = None
    steps: Annotated[list[StepRow], msgspec.Meta(max_length=8)] | None = None
    confirm_days: Annotated[int, msgspec.Meta(ge=1, le=90)] | None = None


def apply_calendars(
    conn: psycopg.Connection, park_id: str, rows: Sequence[CalendarRow], now: datetime, actor: str
) -> Applied:
    """Makes these calendars the ones in force; one that is not written stays, orders name it."""
    _once(rows, "calendars")
    names = [row.id for row in rows]
    before: dict[str, int] = dict(
        conn.execute(QUERIES["calendar_versions"], {"park": park_id, "calendars": names}).fetchall()
    )
    done = [
        row.id for row in rows if business_calendars.put(conn, park_id, row.id, _calendar(row), now=now, actor=actor)
    ]
    added = sum(name not in before for name in done)
    return Applied(added, len(done) - added, 0)


def apply_policies(
    conn: psycopg.Connection, park_id: str, rows: Sequence[PolicyRow], now: datetime, actor: str
) -> Applied:
    """Makes these policies the ones in force, each that changed as a new version. Orders keep their terms."""
    _once(rows, "policies")
    wanted = [_policy(row) for row in rows]
    _check(conn, park_id, wanted, now)
    known = {name: (version, told, gone) for name, version, told, gone in
             conn.execute(QUERIES["all_policies"], {"park": park_id})}  # fmt: skip
    added = changed = 0
    for policy in wanted:
        version, told, gone = known.get(policy.policy_id, (0, None, True))
        fresh = told != (said := sla_terms.spec(policy))
        if not fresh and not gone:
            continue
        key = {"park": park_id, "policy": policy.policy_id, "version": version + fresh}
        if fresh:
            conn.execute(QUERIES["add_policy_version"], {**key, "spec": Jsonb(said), "now": now, "actor": actor})
        conn.execute(QUERIES["put_policy"], key)
        added, changed = (added + 1, changed) if gone else (added, changed + 1)
    kept = [policy.policy_id for policy in wanted]
    retired = conn.execute(QUERIES["retire_policies"], {"park": park_id, "kept": kept}).rowcount
    return Applied(added, changed, retired)


def _calendar(row: CalendarRow) -> BusinessCalendar:
    found = BusinessCalendar(
        tuple(_window(window) for window in row.windows),
        {one.day: tuple(_window(window) for window in one.windows) for one in row.exceptions},
    )
    if row.id == ALWAYS and found != business_calendars.BUILT_IN[ALWAYS]:
        raise DeskFileError(f"[[calendars]] {ALWAYS}: this one never closes; give yours another id")
    return found


def _window(row: WindowRow) -> Window:
    if row.start == row.until:
        raise DeskFileError(f"a window from {row.start} to {row.until} is empty; a whole day is 00:00 to {MIDNIGHT}")
    return Window(row.start, row.until if row.until == MIDNIGHT else time.fromisoformat(row.until).strftime("%H:%M"),
                  tuple(sorted(set(row.days), key=ALL_DAYS.index)))  # fmt: skip


def _policy(row: PolicyRow) -> SlaPolicy:
    where = f"[[policies]] {row.id}"
    if unknown := sorted(set(row.pauses_hours or ()) - set(WAITING_REASONS)):
        raise DeskFileError(f"{where}: nobody waits for {unknown[0]}; write one of {', '.join(WAITING_REASONS)}")
    targets = {}
    for kind in ClockKind:
        told: TargetRow | None = getattr(row, kind.value)
        if told is None:
            continue
        if (told.minutes is None) == (told.working_days is None):
            raise DeskFileError(f"{where}: {kind.value}: write minutes or working_days")
        seconds = None if told.minutes is None else told.minutes * MINUTE
        targets[kind] = SlaTarget(told.calendar, s=seconds, days=told.working_days)
    steps = row.steps if row.steps is None else tuple(
        {"after_s": step.after_minutes * MINUTE, "level": step.level} for step in row.steps
    )  # fmt: skip
    hours = row.pauses_hours
    return SlaPolicy(
        policy_id=row.id, services=tuple(row.services), priorities=tuple(row.priorities), spaces=tuple(row.spaces),
        companies=tuple(row.companies), contractors=tuple(row.contractors), targets=targets, steps=steps,
        thresholds=None if row.thresholds is None else tuple(sorted(set(row.thresholds))),
        pauses=None if hours is None else {reason: h * HOUR for reason, h in sorted(hours.items())},
        pauses_sum_s=row.pauses_hours_in_all and row.pauses_hours_in_all * HOUR, confirm_days=row.confirm_days,
    )  # fmt: skip


def _once(rows: Sequence[CalendarRow | PolicyRow], section: str) -> None:
    names = [row.id for row in rows]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DeskFileError(f"[[{section}]]: there are two with the id {', '.join(twice)}")


def _check(conn: psycopg.Connection, park_id: str, wanted: Sequence[SlaPolicy], now: datetime) -> None:
    """What they name is there, and an order of any priority, without anything special to it, finds all its terms."""
    calendars = {target.calendar for policy in wanted for target in policy.targets.values()}
    if lost := sorted(calendars - set(business_calendars.versions(conn, park_id, calendars, now=now))):
        raise DeskFileError(f"[[policies]]: there is no calendar {lost[0]}; write it as [[calendars]]")
    have: dict[str, set[str]] = {"spaces": set(), "companies": set()}
    for kind, name in conn.execute(QUERIES["known_subjects"], {"park": park_id}):
        have[kind].add(name)
    for policy in wanted:
        for kind, names in (("spaces", policy.spaces), ("companies", policy.companies)):
            if unknown := sorted(set(names) - have[kind]):
                raise DeskFileError(f"[[policies]] {policy.policy_id}: {kind}: the park has no {unknown[0]}")
    for priority in PRIORITIES:
        _, missing = terms_for(wanted, OrderFacts("", priority))
        if missing:
            raise DeskFileError(
                f"[[policies]]: nothing says {', '.join(missing)} of a {priority} order; write it in a policy for"
                " that priority, or for all"
            )


CALENDARS = Section("calendars", CalendarRow, apply_calendars)
POLICIES = Section("policies", PolicyRow, apply_policies)
