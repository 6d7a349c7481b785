"""What a fault does to what its device measures: the same values with some of them wrong, as functions of park time."""

from collections.abc import Callable

import numpy as np

from pipeline.domain.park import Device
from pipeline.domain.rule import Compare, Deviation, InState, Limits, Rate, Schedule
from simulators.scenarios.fault import Fault
from simulators.signals.noise import Array, Times

Values = dict[str, Array]
Read = Callable[[Times], Values]
Effect = Callable[[Fault, Device, Times, Values], Values]

WARMS_IN_S = 420.0  # time constant of supply air without cold water
BURST_M3_H = (12.0, 35.0)  # what runs out of a burst pipe, over the limit of its rule
BURST_BAR = 0.25  # the pressure that is left, as a share of the limit
CHATTER_S = 7.0  # a level switch that chatters crosses its limit this often
NEARLY = 0.98  # of what is plausible
RAMP = 0.6  # a slow drift takes this share of its time to reach its limit


def chiller(fault: Fault, device: Device, t: Times, found: Values) -> Values:
    """Without cold water the supply air warms to some kelvin above the limit of the rule."""
    limits = fault.rule.condition
    assert isinstance(limits, Limits)  # noqa: S101 - kinds.py sees to it
    name = str(fault.rule.point)
    goal = (limits.high or 26.0) + limits.deadband + 2.0 + 3.0 * fault.size
    near = 1 - np.exp(-np.maximum(t - fault.begin_s, 0) / WARMS_IN_S)
    return {name: found[name] + np.maximum(goal - found[name], 0) * near}


def burst(fault: Fault, device: Device, t: Times, found: Values) -> Values:
    """The building's meter counts what runs out; its pumps find no resistance."""
    if "flow" in found:
        limits = fault.rule.condition
        high = (limits.high if isinstance(limits, Limits) else None) or 0.0
        more = high + BURST_M3_H[0] + (BURST_M3_H[1] - BURST_M3_H[0]) * fault.size
        return {"flow": found["flow"] + more}
    low = next((r.condition.low for r in fault.more if isinstance(r.condition, Limits) and r.condition.low), 1.0)
    return {"pressure": low * BURST_BAR + 0.02 * np.sin(t / 13)}


def lost_water(fault: Fault, t: Times, found: Values) -> Array:
    """The register beside it, during the burst and for ever after: what ran out was counted."""
    limits = fault.rule.condition
    high = (limits.high if isinstance(limits, Limits) else None) or 0.0
    more = high + BURST_M3_H[0] + (BURST_M3_H[1] - BURST_M3_H[0]) * fault.size
    return np.asarray(found["volume"] + more * np.clip(t - fault.begin_s, 0, fault.end_s - fault.begin_s) / 3600)


def chatter(fault: Fault, device: Device, t: Times, found: Values) -> Values:
    """To and fro over the limit, every few seconds."""
    name = str(fault.rule.point)
    over = np.floor((t - fault.begin_s) / CHATTER_S).astype(np.int64) % 2 == 0
    return {name: np.where(over, _beyond(fault, device), _within(fault))}


def beyond(fault: Fault, device: Device, t: Times, found: Values) -> Values:
    """The rule's condition holds, from one moment to the other."""
    name, condition = str(fault.rule.point), fault.rule.condition
    if isinstance(condition, Rate):
        high = next((p.high for p in device.points if p.name == name), None)
        risen = found[name] + condition.by * (1.5 + fault.size)
        return {name: risen if high is None else np.minimum(risen, NEARLY * high)}
    if isinstance(condition, Compare):
        other = found[condition.other]
        margin = condition.deadband + max(1.0, 0.1 * float(np.max(np.abs(other)))) * (1 + fault.size)
        edge = condition.factor * other + condition.offset
        return {name: edge - margin if condition.below else edge + margin}
    if isinstance(condition, Deviation):
        return {name: found[name] * 3 + condition.at_least * 3}
    return {name: np.full(len(t), _beyond(fault, device))}


def drift(fault: Fault, device: Device, t: Times, found: Values) -> Values:
    """It creeps to where the rule's condition holds, and stays there."""
    name = str(fault.rule.point)
    near = np.clip((t - fault.begin_s) / (RAMP * (fault.end_s - fault.begin_s)), 0, 1)
    return {name: found[name] + (_beyond(fault, device) - found[name]) * near}


def _beyond(fault: Fault, device: Device) -> float:
    """A value for which the rule's condition holds, plausible for the point."""
    condition = fault.rule.condition
    if isinstance(condition, InState):
        return condition.codes[0]
    limits = condition.limits if isinstance(condition, Schedule) else condition
    assert isinstance(limits, Limits)  # noqa: S101 - kinds.py sees to it
    point = next(p for p in device.points if p.name == fault.rule.point)
    share = 0.05 + 0.1 * fault.size
    if limits.high is not None:
        return _capped(limits.high + max(2 * limits.deadband, share * abs(limits.high), 1e-6), limits.high, point.high)
    assert limits.low is not None  # noqa: S101 - a rule has one of them
    return _capped(limits.low - max(2 * limits.deadband, share * abs(limits.low), 1e-6), limits.low, point.low)


def _within(fault: Fault) -> float:
    """A value for which it is surely over."""
    limits = fault.rule.condition
    assert isinstance(limits, Limits)  # noqa: S101 - kinds.py sees to it
    if limits.high is not None:
        return limits.high - limits.deadband - 0.05 * abs(limits.high)
    assert limits.low is not None  # noqa: S101
    return limits.low + limits.deadband + 0.05 * abs(limits.low)


def _capped(wanted: float, limit: float, plausible: float | None) -> float:
    """What lies beyond what the point can say would be marked, and prove something else."""
    if plausible is None:
        return wanted
    half = (limit + plausible) / 2
    return min(wanted, half) if plausible > limit else max(wanted, half)
