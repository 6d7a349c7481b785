"""Says why a window's condition holds, as the alarm keeps it: what was compared at an instant, in the point's unit."""

from datetime import datetime
from typing import Any

import numpy as np

from pipeline.domain.rule import Compare, Condition, Deviation, Flat, Rate, Schedule
from pipeline.rules.track import Track, instant, micros
from pipeline.rules.windows import Setting, norm_at, usual_key

Reason = dict[str, Any]


def explain(condition: Condition, track: Track, setting: Setting, *, at: datetime, unit: str | None = None) -> Reason:
    """The reason of a condition as it stood at an instant, from the same readings as its glimpses."""
    last = int(np.searchsorted(track.ts, micros(at), "right")) - 1
    value = float(track.value[last]) if last >= 0 else None
    match condition:
        case Flat(for_s=for_s):
            readings = _since(track, last, for_s) if last >= 0 else 0
            reason = {"kind": "flat", "value": value, "for_s": for_s, "readings": readings}
        case Rate(by=by, within_s=within_s):
            reason = {"kind": "rate", "change": _change(track, last, condition), "by": by, "within_s": within_s}
        case Compare():
            other = setting.other
            seen = int(np.searchsorted(other.ts, micros(at), "right")) - 1
            reason = {
                "kind": "compare", "value": value, "other": condition.other,
                "other_value": float(other.value[seen]) if seen >= 0 else None,
                "factor": condition.factor, "offset": condition.offset, "below": condition.below,
            }  # fmt: skip
        case Deviation():
            end = instant(int(track.ts[last])) if last >= 0 else at
            norm = norm_at(setting, end)
            days, hour = usual_key(setting, end)
            reason = {
                "kind": "deviation", "mean": value, "median": norm.median if norm else None,
                "spread": norm.spread if norm else None, "days": days, "hour": hour, "n": norm.days if norm else 0,
            }  # fmt: skip
        case Schedule(limits=asked):
            reason = {
                "kind": "schedule", "value": value, "low": asked.low, "high": asked.high, "start": condition.start,
                "until": condition.until,
            }  # fmt: skip
        case _:
            raise TypeError(f"{type(condition).__name__} is decided by a single reading or event")
    return reason | ({"unit": unit} if unit else {})


def _since(track: Track, last: int, seconds: float) -> int:
    """How many readings lie between the one that was so old and this one, both included."""
    first = int(np.searchsorted(track.ts, track.ts[last] - int(seconds * 1e6), "right")) - 1
    return last - max(first, 0) + 1


def _change(track: Track, last: int, condition: Rate) -> float | None:
    if last < 0:
        return None
    first = int(np.searchsorted(track.ts, track.ts[last] - int(condition.within_s * 1e6), "left"))
    window = track.value[first : last + 1]
    return float(track.value[last] - (window.min() if condition.by > 0 else window.max()))
