"""What makes an alarm: a rule names subjects, a condition, how long it must hold, and what a person is to do."""

from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.domain.park import Name


class Priority(StrEnum):
    """How urgent the response is (ISA-18.2): by consequence and by the time there is to respond."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class RuleKind(StrEnum):
    """What a condition looks at, one word for each class of condition below."""

    LIMITS = "limits"
    STATE = "state"
    DOOR = "door"
    COUNT = "count"
    NO_DATA = "no-data"
    FLAT = "flat"
    RATE = "rate"
    COMPARE = "compare"
    DEVIATION = "deviation"
    SCHEDULE = "schedule"
    CLOCK = "clock"


class SubjectKind(StrEnum):
    """What an alarm is about."""

    POINT = "point"
    DEVICE = "device"
    SPACE = "space"


class DayKind(StrEnum):
    """What a day is in China's working calendar: weekends move, and some are worked."""

    WORKING = "working"
    DAY_OFF = "day-off"
    HOLIDAY = "holiday"
    MAKE_UP = "make-up"  # a weekend day that is worked


@dataclass(frozen=True, slots=True)
class Limits:
    """Above `high` or below `low`, in the point's unit; over only when `deadband` back inside. One limit: a threshold;
    both: a band."""

    low: float | None = None
    high: float | None = None
    deadband: float = 0.0


@dataclass(frozen=True, slots=True)
class InState:
    """The value is one of these codes (leak 1, smoke 1)."""

    codes: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class DoorIn:
    """The door's last reported state is one of these (BACnetDoorAlarmState codes)."""

    states: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CountOf:
    """At least `at_least` access events within `within_s`: decisions with these codes, or door reports with these
    states (each report counts). Of one device, or of all devices in a space and below (`per`)."""

    at_least: int
    within_s: float
    decisions: tuple[int, ...] = ()
    doors: tuple[int, ...] = ()
    per: SubjectKind = SubjectKind.DEVICE


@dataclass(frozen=True, slots=True)
class NoData:
    """The device is offline (silent past its deadline, last will, Sparkplug death, SenML `ut`); for a rule with a
    point, that point's newest reading is older than `intervals` of its expected intervals while its device speaks."""

    intervals: float = 3.0


@dataclass(frozen=True, slots=True)
class Flat:
    """Readings keep coming for `for_s` and none differs from the others by more than `tolerance` (a stuck meter)."""

    for_s: float
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Within `within_s` the value rose (fell, where `by` is negative) by `by` or more."""

    by: float
    within_s: float


@dataclass(frozen=True, slots=True)
class Compare:
    """The value lies above `factor` × the other point + `offset` (below it, where `below`); over when `deadband` back.

    The other point is another point of the same device, or `device/point`. Neither may be older than `fresh_s`.
    """

    other: str
    factor: float = 1.0
    offset: float = 0.0
    below: bool = False
    deadband: float = 0.0
    fresh_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Deviation:
    """The quarter-hour's mean is further than `spreads` robust spreads, and than `at_least` (unit), from the usual
    median of that hour and kind of day. Judged only where at least `days` such days are known."""

    spreads: float = 4.0
    at_least: float = 0.0
    above_only: bool = False
    days: int = 3


@dataclass(frozen=True, slots=True)
class Schedule:
    """Limits that hold only at certain times: on these kinds of day, between two park times (over midnight where
    `until` is the earlier one); an empty list means every day."""

    limits: Limits
    start: str  # HH:MM
    until: str  # HH:MM
    days: tuple[DayKind, ...] = ()


@dataclass(frozen=True, slots=True)
class ClockWrong:
    """The device's clock is wrong in one of these ways (ClockFault); none named: in any."""

    faults: tuple[str, ...] = ()


Condition = Limits | InState | DoorIn | CountOf | NoData | Flat | Rate | Compare | Deviation | Schedule | ClockWrong

KIND_OF: dict[type, RuleKind] = {
    Limits: RuleKind.LIMITS,
    InState: RuleKind.STATE,
    DoorIn: RuleKind.DOOR,
    CountOf: RuleKind.COUNT,
    NoData: RuleKind.NO_DATA,
    Flat: RuleKind.FLAT,
    Rate: RuleKind.RATE,
    Compare: RuleKind.COMPARE,
    Deviation: RuleKind.DEVIATION,
    Schedule: RuleKind.SCHEDULE,
    ClockWrong: RuleKind.CLOCK,
}


@dataclass(frozen=True, slots=True)
class Selector:
    """Which devices a rule is for: all that match every list that is not empty, but for those in `excluded`.

    spaces include everything below them; roles are those of the rule's point.
    """

    devices: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    spaces: tuple[str, ...] = ()
    brick: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a park. Names and texts are in both languages; durations are seconds.

    on_delay_s: the condition must hold that long before it alarms; off_delay_s: and be over that long before it
    returns. reopen_s: a re-occurrence within that time after the return re-opens the alarm. late_limit_s: what
    became an alarm longer ago than that when it is found is recorded as historic (None: it alarms however old).
    latched: stays until a person resets it after it returned. maintenance: of the equipment, counted apart.
    position: the operator position that answers for it.
    """

    rule_id: str
    name: Name
    applies: Selector
    condition: Condition
    priority: Priority
    cause: Name
    consequence: Name
    response: tuple[Name, ...]
    respond_s: float
    point: str | None = None
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    reopen_s: float = 300.0
    late_limit_s: float | None = None
    life_safety: bool = False
    latched: bool = False
    maintenance: bool = False
    position: str = "operations"
    enabled: bool = True
    chatter_raises: int = 3
    chatter_s: float = 60.0
    notes: str = field(default="", compare=False)

    @property
    def kind(self) -> RuleKind:
        """What its condition looks at."""
        return KIND_OF[type(self.condition)]

    @property
    def subject(self) -> SubjectKind:
        """What its alarms are about."""
        if isinstance(self.condition, CountOf):
            return self.condition.per
        return SubjectKind.POINT if self.point else SubjectKind.DEVICE
