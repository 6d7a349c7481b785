"""The comparison of alarms with the truth: it must be able to find a miss, a false alarm and a duplicate."""

from datetime import UTC, datetime, timedelta

from simulators.evaluate.compare import Seen, Verdict, compare, percentiles
from simulators.scenarios.truth import Cause, May, Must

NOON = datetime(2026, 11, 18, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

LEAK = Cause(
    "leak-1", "leak", NOON, NOON + 10 * MINUTE, NOON, NOON + 20 * MINUTE, 0.5, (Must("leak", "leak-b1-1", "leak"),)
)
GATEWAY = Cause(
    "gateway-loss-1", "gateway-loss", NOON, NOON + 10 * MINUTE, NOON, NOON + 20 * MINUTE, 0.5,
    (Must("gateway-lost", "gw-b1"),), (May(("device-lost",), ("room-b1-01", "room-b1-02"), quiet=True),),
)  # fmt: skip


def seen(
    rule: str, device: str, *, after: timedelta = MINUTE, alarm: int = 1, point: str | None = None,
    paged: bool = True, historic: bool = False, incident: int | None = None,
) -> Seen:  # fmt: skip
    return Seen(
        alarm, rule, device, point, NOON + after, NOON + after + timedelta(seconds=2), paged, historic, 1, incident
    )


def figures(verdict: Verdict) -> tuple[int, ...]:
    return tuple(verdict.totals()[name] for name in ("expected", "raised", "missed", "false", "duplicates"))


def test_what_had_to_be_found_is_found_and_its_delay_is_measured() -> None:
    verdict = compare([LEAK], [seen("leak", "leak-b1-1", point="leak")])
    assert figures(verdict) == (1, 1, 0, 0, 0)
    assert verdict.clean
    assert verdict.totals()["delay_s"] == {"p50": 62.0, "p99": 62.0}


def test_a_cause_without_an_alarm_is_missed() -> None:
    verdict = compare([LEAK, GATEWAY], [seen("leak", "leak-b1-1", point="leak")])
    assert figures(verdict) == (2, 1, 1, 0, 0)
    assert verdict.kinds["gateway-lost"].missed == 1
    assert not verdict.clean
    assert any("gateway-loss-1" in line for line in verdict.lines)


def test_an_alarm_without_a_cause_is_false_be_it_the_wrong_rule_device_or_time() -> None:
    strange = [
        seen("smoke", "leak-b1-1"),
        seen("leak", "leak-b2-1", point="leak"),
        seen("leak", "leak-b1-1", point="leak", after=-MINUTE),
        seen("leak", "leak-b1-1", point="leak", after=21 * MINUTE),
    ]
    verdict = compare([LEAK], strange)
    assert figures(verdict) == (1, 4, 1, 4, 0)
    assert len(verdict.lines) == 5


def test_the_same_again_is_a_duplicate() -> None:
    twice = [seen("leak", "leak-b1-1", point="leak", alarm=n, after=n * MINUTE) for n in (1, 2, 3)]
    verdict = compare([LEAK], twice)
    assert figures(verdict) == (1, 3, 0, 0, 2)
    assert verdict.totals()["delay_s"] == {"p50": 62.0, "p99": 62.0}, "the first one counts"


def test_what_a_lost_gateway_explains_is_no_false_alarm_as_long_as_nobody_is_told() -> None:
    root = seen("gateway-lost", "gw-b1")
    kept = compare([GATEWAY], [root, seen("device-lost", "room-b1-01", alarm=2, paged=False)])
    assert figures(kept) == (1, 2, 0, 0, 0)
    assert kept.kinds["device-lost"].extra == 1
    told = compare([GATEWAY], [root, seen("device-lost", "room-b1-01", alarm=2)])
    assert figures(told) == (1, 2, 0, 1, 0)
    elsewhere = compare([GATEWAY], [root, seen("device-lost", "room-b2-01", alarm=2, paged=False)])
    assert figures(elsewhere) == (1, 2, 0, 1, 0)


def test_a_historic_alarm_finds_nothing_and_is_false_where_nothing_was() -> None:
    late = seen("leak", "leak-b1-1", point="leak", historic=True, paged=False)
    assert figures(compare([LEAK], [late])) == (1, 0, 1, 0, 0)
    assert figures(compare([], [late])) == (0, 0, 0, 1, 0)


def test_alarms_of_one_cause_are_counted_by_the_incidents_that_they_lie_in() -> None:
    both = GATEWAY, [seen("gateway-lost", "gw-b1", incident=7)]
    assert compare([both[0]], both[1]).incidents == {"gateway-loss-1": 1}


def test_percentiles_of_little() -> None:
    assert percentiles([]) is None
    assert percentiles([3.0]) == {"p50": 3.0, "p99": 3.0}
    assert percentiles([1.0, 2.0, 3.0]) == {"p50": 2.0, "p99": 3.0}
