"""Whose loss it is: a device's own, or its gateway's. Pure decisions with a reason."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

PATIENCE = timedelta(hours=1)  # a gateway that may be silent for longer explains nothing
INTERVALS = 2


class Verdict(StrEnum):
    """What is made of a device's loss just now."""

    OWN = "own"
    WAIT = "wait"
    EXPLAINED = "explained"


@dataclass(frozen=True, slots=True)
class Loss:
    """A device that is offline: last heard, when it fell silent, and when that was found (park time)."""

    heard: datetime | None
    fell: datetime
    found: datetime
    interval_s: float
    life_safety: bool = False


@dataclass(frozen=True, slots=True)
class Parent:
    """Its gateway, whose own loss somebody watches; alarm: the one that its loss raised, while that is true."""

    name: str
    offline: bool
    heard: datetime
    deadline: datetime
    since: datetime | None
    alarm: int | None


def judge(loss: Loss, gateway: Parent | None, *, now: datetime, shortest: timedelta) -> tuple[Verdict, str]:
    """Its own, where its gateway was heard after it fell silent; explained, where the gateway's loss has alarmed.
    shortest: what a device is given at least to be heard once its gateway is back."""
    if loss.life_safety:
        return Verdict.OWN, "life safety"
    if gateway is None:
        return Verdict.OWN, "nobody watches a gateway of its"
    if gateway.heard > loss.fell:
        back, grace = gateway.since, max(timedelta(seconds=INTERVALS * loss.interval_s), shortest)
        if back and loss.heard and loss.heard < back and now < back + grace:
            return Verdict.WAIT, f"its gateway {gateway.name} has only just come back"
        return Verdict.OWN, f"its gateway {gateway.name} was heard since"
    if gateway.offline and gateway.alarm is not None:
        return Verdict.EXPLAINED, f"its gateway {gateway.name} is lost"
    if now - loss.found > PATIENCE or (not gateway.offline and gateway.deadline - loss.fell > PATIENCE):
        return Verdict.OWN, f"nothing is known of its gateway {gateway.name}"
    return Verdict.WAIT, f"its gateway {gateway.name} has not been heard since"
