"""The simulator's payloads equal the golden samples byte for byte."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.access import AccessEventCode, Direction, DoorState
from pipeline.domain.park import Family
from pipeline.domain.screening import ScreeningResult
from simulators import payloads
from simulators.payloads import Head, PackEntry
from tests.conftest import REPO

SAMPLES = REPO / "tests" / "samples"
T = 1795243206123000  # 2026-11-21T06:40:06.123Z in µs


def event_head(n: str) -> Head:
    return Head(f"7f21-{n}", time_us=T)


MADE: dict[str, Callable[[], bytes]] = {
    "readings-electricity": lambda: payloads.readings(
        Head(boot="a1", seq=17, time_us=T),
        {"energy": 482113.75, "active_power": 118.4, "voltage": 231.2, "current": 180.15, "power_factor": 0.948},
    ),
    "readings-water": lambda: payloads.readings(
        Head("7f21-19f60a2b40b", time_us=T, key="time", offset_s=28_800), {"volume": 18231.402, "flow": 1.84}
    ),
    "readings-heat": lambda: payloads.readings(
        Head(boot=7, seq=0, time_us=T // 1_000_000 * 1_000_000, key="time_s"),
        {"heat_energy": 90211.5, "thermal_power": 212.0, "supply_temperature": 72.4, "return_temperature": 52.4,
         "volume": 3878.4, "flow": 9.11},
    ),
    "readings-seconds-with-fraction": lambda: payloads.readings(
        Head("7f21-1", time_us=T, key="time_s"), {"volume": 5120.0, "flow": 3.25}
    ),
    "readings-pump": lambda: payloads.readings(
        Head("7f21-2", boot="a1", seq=4, time_us=T + 456, key="time_us"),
        {"running": 1, "pressure": 3.21, "vibration": 2.4, "run_hours": 8123.417},
        bad=["vibration"],
    ),
    "readings-leak-boolean": lambda: payloads.readings(event_head("3"), {"leak": True}),
    "readings-no-value": lambda: payloads.readings(event_head("4"), {"co2": 655, "pm25": None}),
    "readings-units": lambda: payloads.readings(event_head("5"), {"radon": 41.0}, units={"radon": "Bq/m³"}),
    "readings-without-identity": lambda: payloads.readings(Head(time_us=T), {"water_level": 2.31}),
    "readings-without-time": lambda: payloads.readings(Head("7f21-6"), {"water_level": 2.31}),
    "readings-time-from-1970": lambda: payloads.readings(
        Head("7f21-8", time_us=86_400_000_000, key="time_s"), {"water_level": 2.31}
    ),
    "readings-pack-own": lambda: payloads.pack(
        Head("7f21-a"),
        [PackEntry({"ph": 7.21, "cod": 64.2}, time_us=1795243200000000),
         PackEntry({"ph": 7.22, "cod": 64.0}, time_us=T, bad=["cod"])],
    ),
    "readings-pack-gateway": lambda: payloads.pack(
        Head("7f21-b", boot="a1", seq=3, time_us=T),
        [PackEntry({"cpu_temperature": 48.5, "queued": 0}),
         PackEntry({"co2": 655, "temperature": 22.4}, "room-b1-3-1", 1795243201000000),
         PackEntry({"smoke": False}, "smoke-b1-2")],
    ),
    "access-granted": lambda: payloads.access(
        event_head("c"), AccessEventCode.GRANTED, direction=Direction.IN, reader="east-1", credential="E2003412"
    ),
    "access-denied": lambda: payloads.access(
        event_head("d"), AccessEventCode.DENIED_PASSBACK, reader="east-1", credential="E2003412"
    ),
    "passage": lambda: payloads.passage(event_head("f"), Direction.IN, reader="east-1"),
    "passage-of-three": lambda: payloads.passage(
        Head(boot="a1", seq=99, time_us=T), Direction.OUT, count=3, reader="east-1"
    ),
    "door-held-open": lambda: payloads.door(event_head("10"), DoorState.DOOR_OPEN_TOO_LONG, reader="east-1"),
    "screening-pass": lambda: payloads.screening(
        event_head("11"), ScreeningResult.PASS, skin_c=35.8, ambient_c=21.2, humidity_pct=38,
        body_site="inner-canthus", reference="oral", calibrated="2026-08-30",
    ),
    "screening-refer": lambda: payloads.screening(
        event_head("12"), ScreeningResult.REFER, skin_c=37.4, ambient_c=21.2, body_site="forehead", reference="none"
    ),
    "screening-invalid": lambda: payloads.screening(
        event_head("13"), ScreeningResult.INVALID, ambient_c=14.6, reason="ambient below 16 °C"
    ),
    "status-birth": lambda: payloads.status(
        Head("a1-birth", boot="a1", time_us=T), online=True, firmware="2.4.1", battery_pct=87, signal_dbm=-71
    ),
    "status-will": lambda: payloads.status(Head("a1-will", boot="a1"), online=False, reason="last-will"),
}  # fmt: skip


def sample(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


ACCEPTED = {p.stem: sample(p) for p in SAMPLES.glob("*.json")}


def test_every_sample_is_written_here_or_marked_as_third_party() -> None:
    assert set(MADE) == {name for name, s in ACCEPTED.items() if not s.get("third_party")}


@pytest.mark.parametrize("name", sorted(MADE))
def test_payloads_equal_the_samples_byte_for_byte(name: str) -> None:
    assert MADE[name]().decode() == ACCEPTED[name]["payload"]


@pytest.mark.parametrize("name", sorted(ACCEPTED))
def test_sample_topics_are_what_the_simulator_writes(name: str) -> None:
    expect, topic = ACCEPTED[name]["expect"], ACCEPTED[name]["topic"]
    message = topic.rsplit("/", 1)[1]
    written = payloads.topic(
        expect["park_id"], Family(expect["family"]), device_id=expect["device_id"], message=message
    )
    assert written == topic


@pytest.mark.parametrize("path", sorted((SAMPLES / "rejected").glob("*.json")), ids=lambda p: p.stem)
def test_rejected_samples_name_a_reason_of_the_closed_list(path: Path) -> None:
    assert sample(path)["expect"]["rejected"] in {
        "not-json", "not-an-object", "unknown-family", "bad-topic", "unknown-message", "bad-type", "missing-key",
        "two-times", "out-of-bounds", "too-large", "too-deep", "bad-utf8",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "offset_s", "written"),
    [
        ("time", 28_800, '"time":"2026-11-21T14:40:06.123+08:00"'),
        ("time", 0, '"time":"2026-11-21T06:40:06.123+00:00"'),
        ("time_s", 0, '"time_s":1795243206.123'),
        ("time_ms", 0, '"time_ms":1795243206123'),
        ("time_us", 0, '"time_us":1795243206123000'),
    ],
)
def test_device_time_is_written_in_four_ways(key: Any, offset_s: int, written: str) -> None:
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=T) == datetime.fromisoformat(
        "2026-11-21T06:40:06.123Z"
    )
    assert written in payloads.readings(Head(time_us=T, key=key, offset_s=offset_s), {"co2": 1}).decode()


def test_identity_is_the_id_else_boot_and_sequence_else_none() -> None:
    assert Head("x", boot="a", seq=1).identity == "m:x"
    assert Head(boot="a", seq=1).identity == "b:a:1"
    assert Head(boot="a").identity is None and Head(seq=1).identity is None
