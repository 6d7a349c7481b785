"""Which promise covers an order: terms of the most specific policies, stamped on it with versions of calendars."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import EllipsisType
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

from pipeline.domain.errors import NotFound, ParkError
from pipeline.domain.sla import ClockKind
from pipeline.domain.sla_policy import BUILT_IN, OrderFacts, SlaPolicy, SlaTarget, terms_for
from pipeline.store import business_calendars
from pipeline.store.queries import load

if TYPE_CHECKING:
    from pipeline.store.work_orders import NewOrder

QUERIES = load(Path(__file__).parent / "sla_sql")


class UnknownTerms(ParkError):  # noqa: N818 - it names a state
    """no SLA policy covers this"""


def stamp(conn: psycopg.Connection, new: "NewOrder", *, now: datetime) -> dict[str, Any]:
    """The terms for a new order. Raises UnknownTerms, which says what to write."""
    return _stamped(
        conn, new.park_id, service=new.service, priority=new.priority, space=new.space_id, company=new.company_id,
        contractor=new.contractor_id, now=now,
    )  # fmt: skip


def restamp(conn: psycopg.Connection, order: int, *, now: datetime, priority: str | None = None,
            contractor: str | EllipsisType | None = ...) -> dict[str, Any]:  # fmt: skip
    """The terms that an order gets with another priority or contractor (None: the park itself), by the policies of now:
    for the `terms` of that act's detail. What they mean for time already spent is in docs/sla.md. Raises NotFound,
    UnknownTerms."""
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(QUERIES["order_for_terms"], {"order": order}).fetchone()
    if row is None:
        raise NotFound(f"work order {order}")
    return _stamped(
        conn, row["park_id"], service=row["service"], priority=priority or row["priority"], space=row["space_id"],
        company=row["company_id"], contractor=row["contractor_id"] if contractor is ... else contractor, now=now,
    )  # fmt: skip


def handed_to(conn: psycopg.Connection, order: int, person: int | None, *, now: datetime) -> dict[str, Any]:
    """What an assignment to a person changes of who answers for the order, for its detail: `contractor` and, where they
    are others, `terms`. Nothing where the person is of the same house."""
    row = conn.execute(QUERIES["who_answers"], {"order": order, "person": person}).fetchone()
    if row is None or row[0] == row[1]:
        return {}
    terms = restamp(conn, order, now=now, contractor=row[1])
    return {"contractor": row[1]} | ({} if terms == row[2] else {"terms": terms})


def policies(conn: psycopg.Connection, park_id: str) -> list[SlaPolicy]:
    """The policies in force in a park; what is built in where it has written none."""
    rows = conn.execute(QUERIES["policies"], {"park": park_id}).fetchall()
    return [from_spec(name, version, told) for name, version, told in rows] or list(BUILT_IN)


def spec(policy: SlaPolicy) -> dict[str, Any]:
    """A policy as its version row keeps it."""
    lists = {name: list(getattr(policy, name)) for name in SCOPE}
    return lists | {
        "targets": {kind.value: target.spec() for kind, target in policy.targets.items()},
        "thresholds": None if policy.thresholds is None else list(policy.thresholds),
        "pauses": None if policy.pauses is None else dict(policy.pauses),
        "pauses_sum_s": policy.pauses_sum_s,
        "steps": None if policy.steps is None else [dict(step) for step in policy.steps],
        "confirm_days": policy.confirm_days,
    }


SCOPE = ("services", "priorities", "spaces", "companies", "contractors")


def from_spec(policy_id: str, version: int, told: dict[str, Any]) -> SlaPolicy:
    """The way back."""
    targets = {
        ClockKind(kind): SlaTarget(t["calendar"], s=t.get("s"), days=t.get("days"))
        for kind, t in told["targets"].items()
    }
    return SlaPolicy(
        policy_id=policy_id, version=version, targets=targets, pauses=told["pauses"],
        thresholds=_tuple(told["thresholds"]), pauses_sum_s=told["pauses_sum_s"], steps=_tuple(told["steps"]),
        confirm_days=told["confirm_days"], **{name: tuple(told[name]) for name in SCOPE},
    )  # fmt: skip


def _tuple(told: Sequence[Any] | None) -> Any:
    return None if told is None else tuple(told)


def _stamped(conn: psycopg.Connection, park_id: str, *, service: str, priority: str, space: str | None,
             company: str | None, contractor: str | None, now: datetime) -> dict[str, Any]:  # fmt: skip
    around = [row[0] for row in conn.execute(QUERIES["spaces_around"], {"park": park_id, "space": space})]
    facts = OrderFacts(service, priority, around, company, contractor)
    terms, missing = terms_for(policies(conn, park_id), facts)
    if missing:
        raise UnknownTerms(
            f"a {priority} order for {service}: no policy says {', '.join(missing)}; write a [[policies]] row without"
            " restrictions that does, and apply it with `park desk apply`"
        )
    wanted = {target["calendar"] for target in terms["targets"].values()}
    found = business_calendars.versions(conn, park_id, wanted, now=now)
    if lost := sorted(wanted - set(found)):
        raise UnknownTerms(
            f"its policy names the calendar {lost[0]}, which the park does not have: write [[calendars]]"
        )
    for target in terms["targets"].values():
        target["calendar_version"] = found[target["calendar"]]
    return terms
