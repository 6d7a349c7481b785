"""Any rule there can be, for property tests."""

from typing import Any

from hypothesis import strategies as st

from pipeline.domain.access import AccessEventCode, DoorState
from pipeline.domain.clock_fault import ClockFault
from pipeline.domain.park import Family, Name
from pipeline.domain.rule import (
    ClockWrong,
    Compare,
    Condition,
    CountOf,
    DayKind,
    Deviation,
    DoorIn,
    Flat,
    InState,
    Limits,
    NoData,
    Priority,
    Rate,
    Rule,
    Schedule,
    Selector,
    SubjectKind,
)

TEXT = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20)
BOTH = st.builds(Name, TEXT, TEXT)
NUMBER = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
POSITIVE = st.floats(0.5, 1e6).map(lambda x: round(x, 3))
INTERVALS = st.floats(0.5, 1e4).map(lambda x: round(x, 3))
SECONDS = st.integers(1, 100_000).map(float)
WORD = st.from_regex(r"[a-z][a-z0-9]{0,10}", fullmatch=True)
WORDS = st.lists(WORD, max_size=3, unique=True).map(tuple)
TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))


def several(kind: Any, least: int = 0) -> Any:
    return st.lists(st.sampled_from(list(kind)), min_size=least, max_size=4, unique=True).map(tuple)


BAND = st.builds(lambda low, width, d: Limits(low, low + width, width * d), NUMBER, POSITIVE, st.floats(0, 0.4))
LIMITS = BAND | st.builds(Limits, NUMBER, st.none(), POSITIVE) | st.builds(Limits, st.none(), NUMBER)
CONDITIONS: dict[str, st.SearchStrategy[Condition]] = {
    "point": st.one_of(
        LIMITS,
        st.builds(InState, st.lists(NUMBER, min_size=1, max_size=3).map(tuple)),
        st.builds(NoData, INTERVALS),
        st.builds(Flat, SECONDS, POSITIVE),
        st.builds(Rate, POSITIVE | POSITIVE.map(lambda x: -x), SECONDS),
        st.builds(Compare, WORD, NUMBER, NUMBER, st.booleans(), POSITIVE, SECONDS),
        st.builds(Deviation, POSITIVE, POSITIVE, st.booleans(), st.integers(1, 30)),
        st.builds(Schedule, LIMITS, TIMES, TIMES, several(DayKind)).filter(lambda s: s.start != s.until),
    ),
    "device": st.one_of(
        st.builds(DoorIn, several(map(int, DoorState), 1)),
        st.builds(
            CountOf,
            st.integers(1, 100),
            SECONDS,
            several(map(int, AccessEventCode), 1),
            several(map(int, DoorState)),
            st.sampled_from([SubjectKind.DEVICE, SubjectKind.SPACE]),
        ),
        st.builds(NoData, INTERVALS),
        st.builds(ClockWrong, several(ClockFault)),
    ),
}


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    of = draw(st.sampled_from(["point", "device"]))
    safety = draw(st.booleans())
    return Rule(
        rule_id=draw(WORD),
        name=draw(BOTH),
        applies=Selector(
            devices=draw(WORDS),
            families=draw(several(Family)),
            types=draw(WORDS),
            spaces=draw(WORDS),
            brick=draw(st.sampled_from([(), ("Pump",), ("Pump", "PM2.5_Sensor")])),
            roles=draw(WORDS) if of == "point" else (),
            excluded=draw(WORDS),
        ),
        condition=draw(CONDITIONS[of]),
        priority=draw(st.sampled_from(Priority)),
        cause=draw(BOTH),
        consequence=draw(BOTH),
        response=tuple(draw(st.lists(BOTH, min_size=1, max_size=3))),
        respond_s=draw(SECONDS),
        point=draw(WORD) if of == "point" else None,
        on_delay_s=draw(SECONDS),
        off_delay_s=draw(SECONDS),
        reopen_s=draw(st.integers(0, 600_000).map(float)),
        late_limit_s=None if safety else draw(st.none() | SECONDS),
        life_safety=safety,
        latched=draw(st.booleans()),
        maintenance=not safety and draw(st.booleans()),
        position=draw(WORD),
        enabled=draw(st.booleans()),
        chatter_raises=draw(st.integers(2, 9)),
        chatter_s=draw(SECONDS),
        notes=draw(st.just("") | TEXT),
    )
