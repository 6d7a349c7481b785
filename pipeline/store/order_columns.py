"""What an order's row says after an event, beside state and version: pure, so a replay of its events says the same."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipeline.domain.work_order import ENDED, OrderAction, OrderState

CHANGING = ("assignee", "priority", "terms", "appointment", "waiting_for", "verified", "proof", "occurrences",
            "reopenings", "acknowledged", "responded", "done", "closed", "alarm", "returned",
            "contractor_id")  # fmt: skip


def consequences(
    row: Mapping[str, Any], action: OrderAction, after: OrderState, *, reason: str | None, person: int | None,
    detail: Mapping[str, Any], happened: datetime, now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """The columns that an act changes. row: as it was; now: when the event was written."""
    out: dict[str, Any] = {}
    if after is not OrderState.WAITING:
        out["waiting_for"] = None
    match action:
        case OrderAction.ASSIGN:
            out |= {"assignee": detail["person"], "contractor_id": detail.get("contractor", row["contractor_id"]),
                    "terms": detail.get("terms", row["terms"])}  # fmt: skip
        case OrderAction.ACCEPT:
            out |= {"assignee": person or row["assignee"], "acknowledged": row["acknowledged"] or happened}
        case OrderAction.RELEASE:
            out["assignee"] = None
        case OrderAction.ARRIVE:
            out |= {"responded": row["responded"] or happened, "proof": detail.get("proof", "claimed")}
        case OrderAction.WAIT:
            out["waiting_for"] = reason
        case OrderAction.FINISH:
            pending = "open" if row["verify_s"] is None else "pending"
            out |= {"done": happened, "responded": row["responded"] or happened, "verified": pending}
        case OrderAction.VERIFY:
            out["verified"] = "sensor"
        case OrderAction.CONFIRM:
            out["verified"] = "person"
        case OrderAction.REOPEN:
            out |= {"reopenings": row["reopenings"] + 1, "verified": "failed", "closed": None, "returned": None,
                    "alarm": detail.get("alarm", row["alarm"])}  # fmt: skip
        case OrderAction.RECUR:
            out |= {"occurrences": row["occurrences"] + 1, "alarm": detail.get("alarm", row["alarm"]),
                    "returned": None}  # fmt: skip
        case OrderAction.PRIORITY:
            out |= {"priority": detail["to"], "terms": detail["terms"]}
        case OrderAction.APPOINT:
            out["appointment"] = datetime.fromisoformat(detail["at"])
        case OrderAction.COMMENT if "returned" in detail:
            out["returned"] = datetime.fromisoformat(detail["returned"])
        case OrderAction.COMMENT if "unverified" in detail:
            out["verified"] = "open"
        case _:
            pass
    if after in ENDED and row["closed"] is None:
        out["closed"] = now
    return out
