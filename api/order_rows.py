"""Turns rows of the work order views into the shapes of answers, for who asks."""

from collections.abc import Iterable
from typing import Any

from api.alarm_rows import device_name, named
from api.database import Row
from pipeline.domain.role import Permission, Principal
from pipeline.domain.work_order import OF_WHO_HAS_IT, OrderAction, OrderState, possible

A = OrderAction
WORK = frozenset({A.ACCEPT, A.DEPART, A.ARRIVE, A.WAIT, A.RESUME, A.FINISH, A.RELEASE, A.COMMENT, A.PHOTO})
DISPATCH = frozenset({A.ASSIGN, A.PRIORITY, A.CANCEL, A.REJECT, A.REOPEN, A.CONFIRM, A.APPOINT})
PLAIN = (
    "work_order", "park_id", "origin", "service", "category", "skill", "priority", "words", "alarm", "incident",
    "request", "plan", "state", "version", "appointment", "waiting_for", "verify_s", "verified", "proof", "returned",
    "occurrences", "reopenings", "created", "acknowledged", "responded", "done", "closed",
)  # fmt: skip
CLOCK = ("kind", "state", "target_s", "started", "due", "stopped", "spent_s", "wall_s", "paused_s", "breached",
         "provisional")  # fmt: skip
NOT_FOR_TENANTS = {
    "contractor": None, "alarm": None, "incident": None, "plan": None, "proof": None, "returned": None,
}  # fmt: skip


def may(principal: Principal, action: OrderAction) -> bool:
    """Whether this principal's permissions cover an action; on which orders is the route's business."""
    return (action in WORK and principal.may(Permission.ORDER_WORK)) or (
        action in DISPATCH and principal.may(Permission.ORDER_DISPATCH)
    )


def others(principal: Principal, row: Row, action: OrderAction) -> bool:
    """Whether an action is for somebody else to do, who has the order."""
    theirs = row["assignee"] in (None, principal.person) or principal.may(Permission.ORDER_DISPATCH)
    return action in OF_WHO_HAS_IT and not theirs


def order(row: Row, clocks: Iterable[Row], principal: Principal) -> dict[str, Any]:
    """One order as a principal may see it."""
    out = {name: row[name] for name in PLAIN} | {
        "service_name": named(row, "service"),
        "title": {"zh": row["title_zh"], "en": row["title_en"]},
        "place": {
            "space_id": row["space_id"], "space": named(row, "space"), "building_id": row["building_id"],
            "building": named(row, "building"), "device_id": row["device_id"], "device": device_name(row),
        },
        "company": party(row, "company"),
        "contractor": party(row, "contractor"),
        "assignee": None if row["assignee"] is None
        else {"login": row["assignee_login"], "name": row["assignee_name"]},
        "possible": [action.value for action in possible(OrderState(row["state"]))
                     if may(principal, action) and not others(principal, row, action)],
        "clocks": [{name: clock[name] for name in CLOCK} for clock in clocks],
    }  # fmt: skip
    if tenant(principal):
        out |= NOT_FOR_TENANTS
        out["assignee"] = out["assignee"] and {**out["assignee"], "login": None}
    return out


def tenant(principal: Principal) -> bool:
    """Whether this is somebody who only follows what their company asked for."""
    return not principal.may(Permission.ORDER_READ, Permission.ORDER_READ_OWN)


def party(row: Row, what: str) -> dict[str, Any] | None:
    """A company or contractor: id and names."""
    if row[f"{what}_id"] is None:
        return None
    return {"id": row[f"{what}_id"], "name": named(row, what) or {"zh": row[f"{what}_id"], "en": row[f"{what}_id"]}}


def events(rows: Iterable[Row], principal: Principal) -> list[dict[str, Any]]:
    """What happened; to tenants: that it moved, when, and for what it waits. Terms and hashes stay inside."""
    out = []
    for row in rows:
        detail = {name: value for name, value in row["detail"].items() if name != "terms"}
        one = {**row, "detail": detail}
        if tenant(principal):
            if row["from_state"] == row["to_state"] and row["action"] != "appoint":
                continue
            mine = row["actor"] == principal.actor
            told = row["reason"] if mine or row["action"] == "wait" else None
            one |= {"detail": {}, "reason": told, "device_time": None, "offset_s": None,
                    "actor": row["actor"] if mine or row["actor"] == "system" else "staff"}  # fmt: skip
        out.append(one)
    return out
