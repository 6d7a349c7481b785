"""The life of an alarm, as ISA-18.2 / IEC 62682 draws it: pure decisions that return the next standing and a reason."""

from dataclasses import dataclass, replace
from enum import StrEnum

from pipeline.domain.errors import ParkError


class AlarmState(StrEnum):
    """The states of ISA-18.2. Those of `HELD` outrank the others while they last."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED_UNACKNOWLEDGED = "returned-unacknowledged"
    LATCHED_UNACKNOWLEDGED = "latched-unacknowledged"
    LATCHED_ACKNOWLEDGED = "latched-acknowledged"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"  # by design: something else explains it
    OUT_OF_SERVICE = "out-of-service"


class Hold(StrEnum):
    """Why an alarm is kept from people, the strongest first."""

    OUT_OF_SERVICE = "out-of-service"
    SUPPRESSED = "suppressed"
    SHELVED = "shelved"


class AlarmAction(StrEnum):
    """What can happen to an alarm; one journal row each."""

    RAISE = "raise"
    REOPEN = "reopen"
    RETURN = "return"
    ACKNOWLEDGE = "acknowledge"
    RESET = "reset"  # a latched alarm, by a person
    HOLD = "hold"
    RELEASE = "release"
    WITHDRAW = "withdraw"  # its rule no longer speaks of this subject
    RECORD = "record"  # historic: it was, and pages nobody
    COMMENT = "comment"


class AlarmRefused(ParkError):  # noqa: N818 - it names an answer, which api/problems.py maps to 409
    """what was asked for cannot be done to this alarm"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an alarm is: whether its condition stands (`active`), whether a person has seen it, what keeps it."""

    active: bool = True
    acknowledged: bool = False
    latches: bool = False  # its rule asks a person to reset it
    hold: Hold | None = None
    closed: bool = False

    @property
    def state(self) -> AlarmState:
        """The one word that screens show."""
        if self.closed:
            return AlarmState.NORMAL
        if self.hold is not None:
            return AlarmState(self.hold.value)
        if self.active:
            return AlarmState.ACKNOWLEDGED if self.acknowledged else AlarmState.UNACKNOWLEDGED
        if self.latches:
            return AlarmState.LATCHED_ACKNOWLEDGED if self.acknowledged else AlarmState.LATCHED_UNACKNOWLEDGED
        return AlarmState.RETURNED_UNACKNOWLEDGED


def returned(standing: Standing) -> Standing:
    """The condition is over. Seen by a person (or held back), and not latching: normal. Else it waits for them."""
    if standing.closed:
        return standing
    if (standing.acknowledged or standing.hold is not None) and not standing.latches:
        return replace(standing, active=False, hold=None, closed=True)
    return replace(standing, active=False)


def risen_again(standing: Standing) -> Standing:
    """The condition is back before the alarm was closed, or soon after: it must be seen again."""
    if standing.active:
        return standing
    return replace(standing, active=True, acknowledged=False, closed=False)


def acknowledge(standing: Standing) -> Standing:
    """A person has seen it. Twice is harmless. Raises AlarmRefused where it is closed or held back."""
    if standing.closed:
        raise AlarmRefused("this alarm is closed already; nothing needs to be acknowledged")
    if standing.hold is not None:
        raise AlarmRefused(f"this alarm is {standing.hold.value}; release it first")
    seen = replace(standing, acknowledged=True)
    return replace(seen, closed=not seen.active and not seen.latches)


def reset(standing: Standing) -> Standing:
    """A person resets a latched alarm. Raises AlarmRefused while its condition stands, or where nobody has seen it."""
    if standing.closed or not standing.latches:
        raise AlarmRefused("only a latched alarm can be reset, and this one is not")
    if standing.hold is not None:
        raise AlarmRefused(f"this alarm is {standing.hold.value}; release it first")
    if standing.active:
        raise AlarmRefused("its condition still stands; reset it when that is over")
    if not standing.acknowledged:
        raise AlarmRefused("acknowledge it before it is reset")
    return replace(standing, closed=True)


def hold(standing: Standing, why: Hold, *, life_safety: bool) -> Standing:
    """Keeps it from people; of several holds the strongest shows. Raises AlarmRefused where it is closed, and for life
    safety: fire, smoke, gas and entrapment always show."""
    if life_safety:
        raise AlarmRefused("a life-safety alarm cannot be shelved, suppressed or taken out of service")
    if standing.closed:
        raise AlarmRefused("this alarm is closed already")
    return replace(standing, hold=strongest(why, standing.hold))


def strongest(*holds: Hold | None) -> Hold | None:
    """The one that shows of several holds."""
    present = [one for one in holds if one is not None]
    return min(present, key=list(Hold).index, default=None)


def release(standing: Standing, *, next_hold: Hold | None = None) -> Standing:
    """The hold is over; next_hold: another one still stands. A condition that stands alarms anew, to be seen; one that
    was over before is where it was."""
    if standing.closed or standing.hold is None:
        return standing
    if next_hold is not None:
        return replace(standing, hold=next_hold)
    if standing.active:
        return replace(standing, hold=None, acknowledged=False)
    return replace(standing, hold=None, closed=standing.acknowledged and not standing.latches)
