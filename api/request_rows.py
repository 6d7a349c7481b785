"""Turns rows of the request views into what answers say, with what the one who asks may do."""

from datetime import datetime
from typing import Any

from api.database import Row
from api.models import Name
from pipeline.domain.request import UNANSWERED, RequestState, Side, possible
from pipeline.domain.role import Permission, Principal

PLAIN = (
    "request", "category", "channel", "entered_by", "words", "state", "version", "department", "due", "supervised",
    "outcome", "appointment", "work_order", "created", "answered", "closed",
)  # fmt: skip


def name(row: Row, prefix: str) -> Name | None:
    """`prefix_zh` and `prefix_en`, where there are any."""
    zh, en = row[f"{prefix}_zh"], row[f"{prefix}_en"]
    return Name(zh=zh or en or "", en=en or zh or "") if zh or en else None


def named(row: Row, prefix: str) -> Name:
    """The same of what has a name in both languages."""
    return Name(zh=row[f"{prefix}_zh"], en=row[f"{prefix}_en"])


def place(row: Row) -> dict[str, Any]:
    """Where it is, by names."""
    return {
        "space_id": row["space_id"], "space": name(row, "space"), "building_id": row["building_id"],
        "building": name(row, "building"), "device_id": row["device_id"], "device": name(row, "device"),
    }  # fmt: skip


def sides_of(row: Row, who: Principal | None, *, keyed: bool = False) -> frozenset[Side]:
    """On whose behalf somebody acts on a request: who asked, or their company; the desk; a supervisor."""
    found = set()
    if keyed:
        found.add(Side.ASKER)
    if who is not None:
        ours = row["company_id"] is not None and row["company_id"] == who.company_id
        if who.may(Permission.REQUEST_READ_OWN) and (ours or (who.person is not None and row["person"] == who.person)):
            found.add(Side.ASKER)
        if who.may(Permission.REQUEST_DESK):
            found.add(Side.DESK)
        if who.may(Permission.REQUEST_SUPERVISE):
            found.add(Side.SUPERVISOR)
    return frozenset(found)


def brief(row: Row, sides: frozenset[Side], *, now: datetime) -> dict[str, Any]:
    """A request in a list."""
    state = RequestState(row["state"])
    can = possible(state, sides, channel=row["channel"], paid=row["paid"], ordered=row["work_order"] is not None)
    company = name(row, "company")
    inside = sides & {Side.DESK, Side.SUPERVISOR}
    return {column: row[column] for column in PLAIN} | {
        "entered_by": row["entered_by"] if inside or row["channel"] == "online" else "staff",
        "service": row["service_id"],
        "service_name": named(row, "service"),
        "company": {"id": row["company_id"], "name": company} if company else None,
        "place": place(row),
        "overdue": row["due"] is not None and row["due"] < now and state in UNANSWERED,
        "rating": {"stars": row["stars"], "words": row["rating_words"], "at": row["rated"]} if row["stars"] else None,
        "possible": [action.value for action in can],
    }
