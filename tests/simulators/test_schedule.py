"""What each device says and when: at its interval, spread over it, as its firmware would write it."""

import json
from collections import Counter
from datetime import UTC, datetime

import pytest

from pipeline.domain.park import Family
from simulators.schedule import Cast
from simulators.utterance import Utterance
from tests.simulators.small_park import small_park

NOON = datetime(2026, 11, 19, 4, tzinfo=UTC).timestamp()


def said(cast: Cast, *, seconds: float, begin: float = NOON) -> list[Utterance]:
    found = []
    for source in cast.sources(begin):
        while (utterance := next(source)).at_us < (begin + seconds) * 1e6:
            found.append(utterance)
    return sorted(found, key=lambda u: u.at_us)


@pytest.fixture(scope="module")
def two_minutes() -> list[Utterance]:
    return said(Cast(small_park(), 7, "b1", faulty=False), seconds=120)


def test_every_device_speaks_at_its_interval(two_minutes: list[Utterance]) -> None:
    samples = Counter(s.device_id for u in two_minutes for s in u.samples)
    for device in small_park().devices:
        if device.points:
            assert samples[device.device_id] == pytest.approx(120 / device.interval_s, abs=1.01), device.device_id
    beats = Counter(u.device.device_id for u in two_minutes if u.message == "status")
    assert beats == {"gate-east-1": 2, "gate-east-2": 2, "gate-b1-1": 2, "scanner-east-1": 2}


def test_devices_are_spread_over_their_interval(two_minutes: list[Utterance]) -> None:
    phases = {u.device.device_id: u.at_us % 15_000_000 for u in two_minutes if u.device.family is Family.METER}
    assert len({p // 1_000_000 for p in phases.values()}) >= 4


def test_a_rate_multiplies_readings_not_people() -> None:
    cast = Cast(small_park(), 7, "b1", rate=10, faulty=False)
    fast, slow = said(cast, seconds=12), said(Cast(small_park(), 7, "b1", faulty=False), seconds=120)
    assert sum(u.readings for u in fast) == pytest.approx(sum(u.readings for u in slow), rel=0.1)
    events = [u.identity for u in slow if u.message == "passage" and u.at_us < (NOON + 12) * 1e6]
    assert [u.identity for u in fast if u.message == "passage"] == events


def test_firmwares_write_time_and_identity_in_their_own_way(two_minutes: list[Utterance]) -> None:
    keys = {"meter-b1-main": "time_ms", "meter-b1-water": "time", "meter-b1-gas": "time_s", "pump-b1-1": "time_us"}
    for device, key in keys.items():
        payload = json.loads(next(u.payload for u in two_minutes if u.device.device_id == device))
        assert key in payload
        assert ("id" in payload) == (device != "meter-b1-main")
    seqs = [json.loads(u.payload)["seq"] for u in two_minutes if u.device.device_id == "meter-b1-hvac"]
    assert seqs == list(range(len(seqs)))
    leak = [e for u in two_minutes if u.device.device_id == "gw-b1" and u.message == "readings"
            for e in json.loads(u.payload)["readings"] if e.get("device") == "leak-b1-1"]  # fmt: skip
    assert leak and all(e["values"] == {"leak": False} for e in leak)


def test_what_is_expected_is_what_the_payload_says(two_minutes: list[Utterance]) -> None:
    for u in two_minutes:
        payload = json.loads(u.payload)
        entries = payload.get("readings", [payload] if u.message == "readings" else [])
        assert [e["values"] for e in entries] == [s.values for s in u.samples]
        assert (u.event is None) == (u.message == "readings")


def test_a_credential_is_only_in_decisions(two_minutes: list[Utterance]) -> None:
    told = {u.message for u in two_minutes if b"credential" in u.payload}
    assert told == {"access"}


def test_the_silent_device_is_skipped_quickly_and_talks_at_night() -> None:
    cast = Cast(small_park(), 7, "b1", rate=1000)
    (silent,) = cast.faults.silent
    device = next(d for d in small_park().devices if d.device_id == silent)
    time_us, _ = next(cast.samples(device, NOON))
    hour = (time_us / 1e6 + 8 * 3600) % 86_400 / 3600
    assert 2 <= hour < 2.01
    assert not [u for u in cast.births(int(NOON * 1e6)) if u.device.device_id == silent]
