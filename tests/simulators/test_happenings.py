"""People come, eat, go; who came in also left by four in the morning."""

from collections import Counter
from datetime import date

import numpy as np
import pytest

from pipeline.domain.access import AccessEvent, AccessKind, Direction
from pipeline.domain.screening import ScreeningResult, TemperatureScreening
from simulators.happenings import Days, Happening
from simulators.people import badges, credentials, passages
from simulators.signals.site import Site
from tests.simulators.small_park import small_park

THURSDAY, SATURDAY = date(2026, 11, 19), date(2026, 11, 21)
WEIGHTS = np.array([3.0, 2.0, 1.0])


def inside(day: date, hour: float) -> int:
    walk = passages(7, day, weights=WEIGHTS)
    until = walk.second <= hour * 3600
    return int(walk.inward[until].sum() - (~walk.inward[until]).sum())


@pytest.fixture(scope="module")
def thursday() -> list[Happening]:
    return Days(Site(small_park(), 7)).day(THURSDAY)


def test_a_workday_has_its_peaks() -> None:
    assert 2000 < inside(THURSDAY, 9) < 3800
    assert 5300 < inside(THURSDAY, 11.5) < 6500
    assert inside(THURSDAY, 12.4) < 0.8 * inside(THURSDAY, 11.5)
    assert 1100 < inside(THURSDAY, 20) < 1500
    assert inside(SATURDAY, 11.5) < 800


@pytest.mark.parametrize("day", [date(2026, 11, 16 + n) for n in range(7)])
def test_everyone_who_came_in_leaves_within_the_service_day(day: date) -> None:
    walk = passages(7, day, weights=WEIGHTS)
    assert walk.inward.sum() * 2 == len(walk)
    assert walk.second.min() > 4 * 3600 and walk.second.max() < 28 * 3600
    order = np.argsort(walk.second)
    assert np.cumsum(np.where(walk.inward[order], 1, -1)).min() >= 0


def test_a_day_is_told_the_same_twice_and_every_id_once(thursday: list[Happening]) -> None:
    assert Days(Site(small_park(), 7)).day(THURSDAY) == thursday
    assert Days(Site(small_park(), 8)).day(THURSDAY) != thursday
    ids = Counter((h.device.device_id, h.id) for h in thursday)
    assert max(ids.values()) == 1
    assert [h.time_us for h in thursday] == sorted(h.time_us for h in thursday)


def test_a_window_is_the_same_as_the_day_it_lies_in(thursday: list[Happening]) -> None:
    days = Days(Site(small_park(), 7))
    begin = thursday[5000].time_us / 1e6
    assert days.between(begin, begin + 600) == [h for h in thursday if begin * 1e6 <= h.time_us < (begin + 600) * 1e6]
    midnight = thursday[0].time_us // 86_400_000_000 * 86_400 + 86_400 - 8 * 3600
    times = [h.time_us for h in days.between(midnight - 36_000, midnight + 36_000)]
    assert times == sorted(times)


def test_denials_are_few_and_of_many_kinds(thursday: list[Happening]) -> None:
    decisions = [h.event for h in thursday if isinstance(h.event, AccessEvent) and h.event.kind is AccessKind.DECISION]
    denied = [e.code for e in decisions if (e.code or 0) >= 128]
    assert 0.002 < len(denied) / len(decisions) < 0.01
    assert len(set(denied)) >= 5


def test_a_granted_person_is_not_counted_a_passing_one_is(thursday: list[Happening]) -> None:
    ways = Counter(h.event.direction for h in thursday if h.message == "passage" and isinstance(h.event, AccessEvent))
    assert ways[Direction.IN] == ways[Direction.OUT] > 5000
    assert 0 < ways[Direction.UNKNOWN] < 60
    assert all(h.device.type == "turnstile" for h in thursday if h.message == "passage")
    assert any(h.message == "door" and h.device.type == "door" for d in range(16, 21)
               for h in Days(Site(small_park(), 7)).day(date(2026, 11, d)))  # fmt: skip


def test_screenings_look_like_skin_not_like_fever(thursday: list[Happening]) -> None:
    events = [h.event for h in thursday if isinstance(h.event, TemperatureScreening)]
    skin = np.array([e.skin_c for e in events if e.skin_c is not None])
    assert 35.2 < skin.mean() < 36.1 and 0.3 < skin.std() < 0.55
    results = Counter(e.result for e in events)
    assert 5 <= results[ScreeningResult.REFER] <= 80
    assert all((e.skin_c or 0) > 36.9 for e in events if e.result is ScreeningResult.REFER)
    assert all(e.reason and e.skin_c is None for e in events if e.result is ScreeningResult.INVALID)


def test_a_drifting_scanner_measures_too_much() -> None:
    site = Site(small_park(), 7)

    def mean(drift: dict[str, float]) -> float:
        found = [h.event for h in Days(site, drift_c=drift).day(THURSDAY) if isinstance(h.event, TemperatureScreening)]
        return float(np.mean([e.skin_c for e in found if e.skin_c is not None]))

    assert mean({"scanner-east-1": 0.3}) - mean({}) == pytest.approx(0.3, abs=0.02)


def test_every_badge_belongs_to_a_company() -> None:
    owners = credentials(7, ["alpha", "beta"])
    assert set(owners) == set(badges(7)) and set(owners.values()) == {"alpha", "beta"}
    assert credentials(7, []) == {}
