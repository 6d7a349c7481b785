"""Says why a condition holds that one reading or event decides, as the alarm keeps it."""

from collections.abc import Sequence
from typing import Any

from pipeline.domain.access import DoorState
from pipeline.domain.rule import CountOf, DoorIn, InState, Limits, Rule

Reason = dict[str, Any]


def explain(rule: Rule, value: float | None, *, unit: str | None = None, what: Sequence[str] = ()) -> Reason:
    """The reason; value: of the reading, the door state's code, or how many events; what: which events those were."""
    match rule.condition:
        case Limits(low, high, deadband):
            reason: Reason = {"kind": "limits", "value": value, "low": low, "high": high, "deadband": deadband}
        case InState(codes):
            reason = {"kind": "state", "value": value, "codes": list(codes)}
        case DoorIn():
            reason = {"kind": "door", "state": None if value is None else DoorState(int(value)).label}
        case CountOf() as asked:
            reason = {"kind": "count", "count": None if value is None else int(value), "at_least": asked.at_least,
                      "within_s": asked.within_s, "what": list(what)}  # fmt: skip
        case other:
            raise TypeError(f"{type(other).__name__} is not decided by a single reading or event")
    return reason | ({"unit": unit} if unit else {})
