"""The community edition's own jobs: set anew from the settings by every `park migrate`, compared by every engine.

Two clocks drop old data there, the database's policies and the engine's step; with different settings the engine would
refresh roll-ups over chunks that a policy dropped, and lose them.
"""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import psycopg

from pipeline.domain.errors import ConfigurationError
from pipeline.settings import Settings
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent.parent / "sql" / "policies")
COLUMNSTORE_DAYS = 3  # late readings mostly come within them, and those cost less in the row store


class Kind(StrEnum):
    """What a policy does; the value is the name of the job's procedure."""

    RETENTION = "policy_retention"
    REFRESH = "policy_refresh_continuous_aggregate"


@dataclass(frozen=True, slots=True)
class Policy:
    """One job on a relation of schema smartpark, and the setting that decides how many days it reaches back."""

    kind: Kind
    relation: str
    setting: str
    days: int


def wanted(settings: Settings) -> list[Policy]:
    """The policies that follow from the settings. ConfigurationError where they leave the roll-ups no window."""
    kept = {name: getattr(settings, name) for name in ("raw_days", "rollup_days", "event_days", "screening_days")}
    # Refreshes stay inside raw retention by a day: over dropped chunks they would delete roll-ups. But no further
    # inside: they must reach back longer than readings may be late.
    shorter = min("raw_days", "rollup_days", key=kept.__getitem__)
    if kept[shorter] < 2:
        raise ConfigurationError(f"{variable(shorter)}={kept[shorter]}: write 2 or more, roll-ups need a day within it")
    retention = {
        "reading": "raw_days",
        "rollup_15m": "rollup_days",
        "rollup_1h": "rollup_days",
        "access_event": "event_days",
        "device_status": "event_days",
        "temperature_screening": "screening_days",
    }
    return [
        *(Policy(Kind.RETENTION, relation, name, kept[name]) for relation, name in retention.items()),
        *(Policy(Kind.REFRESH, view, shorter, kept[shorter] - 1) for view in ("rollup_15m", "rollup_1h")),
    ]


def put(conn: psycopg.Connection, settings: Settings, *, now: datetime) -> list[str]:
    """Sets all policies anew, in the caller's transaction; says in a line each what reaches back differently now."""
    before = found(conn)
    lines = []
    for policy in within(wanted(settings), lost_before(conn, now), now=now):
        name = policy.kind.name.lower()
        what = {"relation": f"smartpark.{policy.relation}", "days": policy.days}
        conn.execute(QUERIES[f"drop_{name}"], what)
        conn.execute(QUERIES[f"add_{name}"], what)
        was = before.get((policy.kind, policy.relation), policy.days)
        if was != policy.days:
            lines.append(f"{name} of {policy.relation}: {was} → {policy.days} days")
    compress = {"relation": "smartpark.reading", "days": COLUMNSTORE_DAYS}
    conn.execute(QUERIES["drop_columnstore"], compress)
    conn.execute(QUERIES["add_columnstore"], compress)
    return lines


def within(policies: list[Policy], lost: datetime | None, *, now: datetime) -> list[Policy]:
    """The same, with refreshes only as far back as raw readings are whole. Raising PARK_RETENTION_RAW_DAYS brings none
    back: until then the window grows from one `park migrate` to the next."""
    if lost is None:
        return policies
    reach = max(1, (now - lost).days - 1)
    return [replace(p, days=min(p.days, reach)) if p.kind is Kind.REFRESH else p for p in policies]


def check(conn: psycopg.Connection, settings: Settings) -> None:
    """ConfigurationError where this process has other retention settings than the database's policies were set by."""
    have = found(conn)
    told: dict[str, str] = {}
    for policy in wanted(settings):
        days = have.get((policy.kind, policy.relation))
        shorter = policy.kind is Kind.REFRESH and days is not None and days < policy.days  # see `within`
        if days != policy.days and not shorter:
            is_set = "is missing" if days is None else f"is set to {days} days"
            told.setdefault(
                policy.setting,
                f"{variable(policy.setting)}={getattr(settings, policy.setting)}, but the database's own"
                f" {policy.kind.name.lower()} of {policy.relation} {is_set}",
            )
    if told:
        raise ConfigurationError(
            f"{'; '.join(told.values())}. Run `park migrate` with the same PARK_RETENTION_… settings as the engine"
        )


def lost_before(conn: psycopg.Connection, now: datetime) -> datetime | None:
    """Since when raw readings are there, where roll-ups tell of older ones; None where all are there."""
    row = conn.execute(QUERIES["lost_before"], {"now": now}).fetchone()
    return row[0] if row else None


def found(conn: psycopg.Connection) -> dict[tuple[str, str], int]:
    """How many days each policy reaches back, by procedure and relation."""
    with conn.transaction():
        return {(kind, relation): reach.days for relation, kind, reach in conn.execute(QUERIES["policies"])}


def variable(setting: str) -> str:
    """The environment variable of a setting."""
    return str(next(f.metadata["variable"] for f in fields(Settings) if f.name == setting))
