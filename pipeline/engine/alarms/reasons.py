"""Why an alarm is there, as screens put it in words: what its rule compares, and the value that it met."""

from typing import Any

from pipeline.domain.access import DoorState
from pipeline.store.alarms import Row

# What of a rule's spec the reason of each kind repeats.
REPEATED = {
    "limits": ("low", "high", "deadband"),
    "state": ("codes",),
    "count": ("at_least", "within_s"),
}
MEASURED = {"door": "state", "count": "count", "clock": "offset_s"}


def explain(row: Row, value: float | None) -> dict[str, Any]:
    """The reason of a watch's alarm. row: kind, spec and unit, and the facts that its kind needs."""
    kind, spec = row["kind"], row["spec"]
    reason: dict[str, Any] = {"kind": kind}
    if kind == "no-data":
        return reason | {"heard": row["heard"], "why": row["said"] or "silent"}
    reason |= {MEASURED.get(kind, "value"): value} | {name: spec.get(name) for name in REPEATED.get(kind, ())}
    if kind == "count":
        reason["what"] = [*spec.get("decisions", ()), *spec.get("doors", ())]
    if kind == "door" and value is not None:
        reason["state"] = DoorState(int(value)).label
    if kind == "clock":
        reason["fault"] = row["fault"]
    if row["unit"]:
        reason["unit"] = row["unit"]
    return reason
