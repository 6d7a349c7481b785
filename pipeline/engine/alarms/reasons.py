"""Why an alarm is there that the clock raised, in the words that those use who judge readings and events."""

import json
from functools import lru_cache
from typing import Any

from pipeline.domain.rule import Rule
from pipeline.rules import reasons
from pipeline.store.alarms import Row
from pipeline.store.rule_spec import InvalidRuleError, from_spec


def explain(row: Row, value: float | None) -> dict[str, Any]:
    """The reason of a watch's alarm. row: its rule's kind, and what that kind needs to be told."""
    match row["kind"]:
        case "no-data":
            return {"kind": "no-data", "heard": row["heard"], "why": row["said"] or "silent"}
        case "clock":
            return {"kind": "clock", "fault": row["fault"], "offset_s": value}
        case kind:
            rule = _rule(json.dumps(row["spec"]))
            if rule is None:  # of another version of this program: its alarm is raised all the same
                return {"kind": kind, "value": value}
            return reasons.explain(rule, value, unit=row["unit"])


@lru_cache(maxsize=512)
def _rule(spec: str) -> Rule | None:
    try:
        return from_spec(json.loads(spec))
    except InvalidRuleError:
        return None
