"""Reads what a rule looks at: a park file's short words (`above = 10`), or `kind` and its fields as they are stored."""

from collections.abc import Callable

from pipeline.domain.access import AccessEventCode, DoorState
from pipeline.domain.clock_fault import ClockFault
from pipeline.domain.rule import (
    ClockWrong,
    Compare,
    Condition,
    CountOf,
    Deviation,
    DoorIn,
    Flat,
    InState,
    Limits,
    NoData,
    Rate,
    RuleKind,
    Schedule,
    SubjectKind,
)
from pipeline.parkfile.fields import OTHER_POINT, Record, is_finite
from pipeline.parkfile.rule_values import (
    DENIALS,
    at_least_0,
    codes,
    day_kinds,
    needed_s,
    number,
    park_time,
    table_of,
    words,
)

# The words of a park file, each with the kind that it means.
WORDS = {
    "above": RuleKind.LIMITS,
    "below": RuleKind.LIMITS,
    "outside": RuleKind.LIMITS,
    "is": RuleKind.STATE,
    "door": RuleKind.DOOR,
    "count": RuleKind.COUNT,
    "silent": RuleKind.NO_DATA,
    "flat_min": RuleKind.FLAT,
    "rises": RuleKind.RATE,
    "falls": RuleKind.RATE,
    "compare": RuleKind.COMPARE,
    "unusual": RuleKind.DEVIATION,
    "clock": RuleKind.CLOCK,
}
MOST_INTERVALS = 10_000.0  # of a year each, at most: an instant bears that
NONE = InState((1.0,))  # stands in for a condition that could not be read


def read_condition(record: Record) -> Condition:
    """The condition of a rule's table. What cannot be read is noted, and NONE stands in its place."""
    if record.has("kind"):
        kind = record.choice("kind", RuleKind, default=RuleKind.STATE)
        return _STORED[kind](record)
    found = [word for word in WORDS if record.has(word)]
    kinds = {WORDS[word] for word in found}
    if not found:
        record.wrong((), "does not say what it looks at", f"write one of {', '.join(WORDS)} (docs/rules.md)")
        return NONE
    if len(kinds) > 1:
        first = found[0]
        for other in (word for word in found if WORDS[word] is not WORDS[first]):
            record.wrong(other, f'"{first}" and "{other}" are two conditions', "write a rule of its own for each")
        return NONE
    (kind,) = kinds
    if kind is not RuleKind.LIMITS:
        for key in ("during", "deadband"):
            if key in record.table and record.has(key):
                record.wrong(key, f'"{key}" goes with "above", "below" and "outside" only', "leave it out")
    return _SHORT[kind](record)


def _limits(record: Record) -> Limits:
    low, high = record.number("below", example="2"), record.number("above", example="10")
    high_key = "above"
    if record.has("outside"):
        for key in ("above", "below"):
            if key in record.table:
                record.wrong(key, f'"outside" and "{key}" say the same thing twice', f"leave out {key}")
        pair = record.pair("outside")
        low, high = pair or (0.0, 1.0)
        high_key = "outside"
    return _checked(record, low, high, high_key=high_key)


def _checked(record: Record, low: float | None, high: float | None, *, high_key: str) -> Limits:
    deadband = record.number("deadband", example="0.5") or 0.0
    if deadband < 0:
        record.wrong("deadband", f'"deadband" is {deadband:g}', "write 0 or more")
    if low is not None and high is not None:
        if low >= high:
            record.wrong(high_key, f"its limits {low:g} and {high:g} leave nothing between them", "swap them")
        elif 2 * deadband >= high - low:
            advice = f"write less than {(high - low) / 2:g}"
            record.wrong("deadband", "nothing between the limits would ever end the alarm", advice)
    return Limits(low, high, deadband)


def _limits_or_schedule(record: Record) -> Condition:
    limits = _limits(record)
    if not record.has("during"):
        return limits
    if not isinstance(record.table["during"], dict):
        record.wrong("during", '"during" is not a table', 'write during = { from = "22:00", until = "06:00" }')
        return NONE
    during = record.below("during", f"{record.label}, during", of=record.table["during"])
    found = Schedule(limits, park_time(during, "from"), park_time(during, "until"), day_kinds(during))
    _not_empty(during, found)
    during.close()
    return found


def _state(record: Record, key: str = "is") -> InState:
    found = record.listed(key)
    if not found or not all(is_finite(code) for code in found):
        record.wrong(key, f'"{key}" is no code', f"write {key} = 1, or {key} = [1, 2]")
        return NONE
    return InState(tuple(float(code) for code in found))


def _door(record: Record, key: str = "door") -> DoorIn:
    states = codes(record, key, DoorState)
    if not states and not record.listed(key):
        record.wrong(key, f'"{key}" names no state', f'write {key} = ["forced-open"]')
    return DoorIn(states)


def _count(record: Record) -> CountOf:
    table = table_of(record, "count", "{ at_least = 5, within_min = 10, denials = true }")
    return _counted(table, close=True)


def _counted(table: Record, *, close: bool) -> CountOf:
    at_least = table.whole("at_least")
    if at_least is None or at_least < 1:
        table.wrong("at_least", '"at_least" is missing or too small', "write at_least = 5")
    within = table.seconds("within", least=1.0)
    if within is None:
        table.wrong("within_min", "nothing says within which time", "write within_min = 10")
    decisions = codes(table, "decisions", AccessEventCode)
    if table.flag("denials"):
        decisions = DENIALS
    doors = codes(table, "doors", DoorState)
    if not decisions and not doors:
        table.wrong("denials", "nothing says what is counted", 'write denials = true, or doors = ["forced-open"]')
    per = table.choice("per", SubjectKind, default=SubjectKind.DEVICE) if table.has("per") else SubjectKind.DEVICE
    if per is SubjectKind.POINT:
        table.wrong("per", "events belong to no point", 'write per = "device" or per = "space"')
    if close:
        table.close()
    return CountOf(at_least or 1, within or 60.0, decisions, doors, per)


def _silent(record: Record) -> Condition:
    if isinstance(record.table["silent"], dict):
        table = record.below("silent", f"{record.label}, silent", of=record.table["silent"])
        found = _no_data(table)
        table.close()
        return found
    if not record.flag("silent"):
        record.wrong("silent", '"silent" is not true', "write silent = true, or leave the rule out")
    return NoData()


def _no_data(table: Record) -> NoData:
    found = number(table, "intervals", 3.0, above=0)
    if found > MOST_INTERVALS:
        table.wrong("intervals", f'"intervals" is {found:g}', f"write {MOST_INTERVALS:g} or less")
    return NoData(found)


def _flat(record: Record) -> Flat:
    return Flat(record.seconds("flat", least=1.0) or 3600.0, at_least_0(record, "tolerance"))


def _stored_flat(record: Record) -> Flat:
    return Flat(needed_s(record, "for", "for_s = 7200"), at_least_0(record, "tolerance"))


def _rises_or_falls(record: Record) -> Rate:
    ways = [way for way in ("rises", "falls") if way in record.table]
    if len(ways) == 2:
        record.wrong("falls", '"rises" and "falls" are two conditions', "write a rule of its own for each")
    table = table_of(record, ways[0], "{ by = 5, within_min = 10 }")
    by = table.number("by", above=0, example="5")
    if "by" not in table.table:
        table.wrong("by", '"by" is missing', "write by = 5")
    within = needed_s(table, "within", "within_min = 10")
    table.close()
    return Rate((by or 1.0) * (1 if ways[0] == "rises" else -1), within)


def _rate(record: Record) -> Rate:
    by = record.number("by", example="5") or 0.0
    if not by:
        record.wrong("by", '"by" is missing or 0', "write by = 5, or -5 for a fall")
    return Rate(by or 1.0, needed_s(record, "within", "within_s = 600"))


def _compare(record: Record) -> Compare:
    table = table_of(record, "compare", '{ other = "flow", factor = 1.1 }')
    found = _compared(table)
    table.close()
    return found


def _compared(table: Record) -> Compare:
    return Compare(
        other=table.text("other", grammar=OTHER_POINT, required=True),
        factor=number(table, "factor", 1.0),
        offset=number(table, "offset", 0.0),
        below=table.flag("below"),
        deadband=at_least_0(table, "deadband"),
        fresh_s=table.seconds("fresh", default=600.0, least=1.0) or 600.0,
    )


def _unusual(record: Record) -> Deviation:
    if record.table["unusual"] is True:
        return Deviation()
    table = table_of(record, "unusual", "{ spreads = 4, at_least = 10 }")
    found = _deviation(table)
    table.close()
    return found


def _deviation(table: Record) -> Deviation:
    days = table.whole("days")
    if days is not None and days < 1:
        table.wrong("days", f'"days" is {days}', "write 1 or more")
    return Deviation(
        spreads=number(table, "spreads", 4.0, above=0),
        at_least=at_least_0(table, "at_least"),
        above_only=table.flag("above_only"),
        days=3 if days is None else days,
    )


def _clock(record: Record) -> ClockWrong:
    value = record.table["clock"]
    return ClockWrong() if value is True else ClockWrong(words(record, "clock", ClockFault))


def _stored_limits(record: Record) -> Limits:
    low, high = record.number("low"), record.number("high")
    if low is None and high is None and not {"low", "high"} & record.table.keys():
        record.wrong("high", "there is neither a low nor a high limit", "write high = 10")
    return _checked(record, low, high, high_key="high")


def _stored_schedule(record: Record) -> Schedule:
    found = Schedule(_stored_limits(record), park_time(record, "start"), park_time(record, "until"), day_kinds(record))
    _not_empty(record, found)
    return found


def _not_empty(record: Record, found: Schedule) -> None:
    if found.start and found.start == found.until:
        record.wrong("until", "it begins and ends at the same time", "write another time")


_SHORT: dict[RuleKind, Callable[[Record], Condition]] = {
    RuleKind.LIMITS: _limits_or_schedule,
    RuleKind.STATE: _state,
    RuleKind.DOOR: _door,
    RuleKind.COUNT: _count,
    RuleKind.NO_DATA: _silent,
    RuleKind.FLAT: _flat,
    RuleKind.RATE: _rises_or_falls,
    RuleKind.COMPARE: _compare,
    RuleKind.DEVIATION: _unusual,
    RuleKind.CLOCK: _clock,
}
_STORED: dict[RuleKind, Callable[[Record], Condition]] = {
    RuleKind.LIMITS: _stored_limits,
    RuleKind.STATE: lambda record: _state(record, "codes"),
    RuleKind.DOOR: lambda record: _door(record, "states"),
    RuleKind.COUNT: lambda record: _counted(record, close=False),
    RuleKind.NO_DATA: _no_data,
    RuleKind.FLAT: _stored_flat,
    RuleKind.RATE: _rate,
    RuleKind.COMPARE: _compared,
    RuleKind.DEVIATION: _deviation,
    RuleKind.SCHEDULE: _stored_schedule,
    RuleKind.CLOCK: lambda record: ClockWrong(words(record, "faults", ClockFault)),
}
