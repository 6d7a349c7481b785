"""The language of mapping profiles: what each key means, told by one small profile each."""

from datetime import UTC, datetime
from typing import Any

import pytest

from collectors.sources import DeviceConfig
from pipeline.domain.errors import Rejected
from pipeline.domain.message import StatusReport
from pipeline.domain.park import Family
from tests.collectors.own_profile import message, only, read, values


@pytest.mark.parametrize(
    ("line", "payload", "expected"),
    [
        ('a = "x"', {"x": 1}, 1.0),
        ('a = "x.y.z"', {"x": {"y": {"z": 2}}}, 2.0),
        ('a = "x[1].y"', {"x": [0, {"y": 3}]}, 3.0),
        ('a = "x[-1]"', {"x": [1, 2, 4]}, 4.0),
        ("a = 'x.\"y.z\"'", {"x": {"y.z": 5}}, 5.0),
        ('a = "switch:0.p"', {"switch:0": {"p": 6}}, 6.0),
        ('a = "$.x"', {"x": 7}, 7.0),
        ('a = "@"', 8, 8.0),
        ('a = "[0]"', [9, 10], 9.0),
        ('a = { path = ["old", "new"] }', {"new": 1}, 1.0),
        ('a = "x"', {"x": True}, 1.0),
        ('a = "x"', {"x": " 21.50 "}, 21.5),
        ('a = { path = "x", map = { ON = 1 } }', {"x": "ON"}, 1.0),
        ('a = { path = "x", map = { "3" = 0.5 } }', {"x": 3}, 0.5),
        ('a = { path = "x", map = { true = 7 } }', {"x": True}, 7.0),
        ('a = { path = "x", scale = 0.1 }', {"x": 2354}, 235.4),
        ('a = { path = "x", scale = 0.1, offset = -40 }', {"x": 625}, 22.5),
        ('a = { path = "x", from = "W", unit = "kW" }', {"x": 118400}, 118.4),
        ('a = { path = "x", from = "°F", unit = "°C" }', {"x": 68}, 20.0),
        ('a = { path = "x", from = "K", unit = "°C" }', {"x": 273.15}, 0.0),
        ('a = { path = "x", from = "MPa", unit = "bar" }', {"x": 0.35}, 3.5),
        ('a = { path = "x", from = "L/min", unit = "m³/h" }', {"x": 50}, 3.0),
        ('a = { path = "x", scale = 0.01, from = "MJ", unit = "kWh" }', {"x": 36000}, 100.0),
        ('a = { path = "x", scale = 0.1, offset = -40, from = "°F", unit = "°C" }', {"x": 1080}, 20.0),
        # of the wrong type: the point is bad, the message is not lost
        ('a = "x"', {"x": "n/a"}, None),
        ('a = "x"', {"x": None}, None),
        ('a = "x"', {"x": {"y": 1}}, None),
        ('a = "x"', {"x": "nan"}, None),
        ('a = { path = "x", map = { ON = 1 } }', {"x": "HALF"}, None),
        ('a = { path = "x", scale = 1e300 }', {"x": 1e300}, None),
    ],
)
def test_a_value(line: str, payload: Any, expected: float | None) -> None:
    assert only(read(values(line), payload)) == {"a": expected}


def test_what_is_not_there_is_skipped_and_what_is_required_is_missed() -> None:
    assert only(read(values('a = "x"\nb = "y"'), {"y": 2})) == {"b": 2.0}
    with pytest.raises(Rejected, match="required") as caught:
        read(values('a = { path = "x", required = true }\nb = "y"'), {"y": 2})
    assert caught.value.reason == "missing-key"
    text = values('"{k}_t" = { path = "{k}.t", required = true }\na = "x"')
    assert only(read(text, {"p": {"t": 1}, "x": 2})) == {"p_t": 1.0, "a": 2.0}
    with pytest.raises(Rejected, match="required"):
        read(text, {"p": {"t": "warm"}, "x": 2})


def test_nothing_at_all_is_a_dead_letter_unless_the_profile_says_that_it_may_be() -> None:
    with pytest.raises(Rejected) as caught:
        read(values('a = "x"'), {"y": 2})
    assert caught.value.reason == "nothing-mapped"
    said = read(message('may_be_empty = true\n[message.values]\na = "x"'), {"y": 2})
    assert (said.samples, said.events) == ([], [])


def test_parts_make_many_points_of_one_line_and_leave_named_places_alone() -> None:
    text = values('main = "em.total"\n"{part}_{what}" = "{part}.{what}"')
    said = read(text, {"em": {"total": 1, "a": 2, "note": "x", "serial": "123"}, "pump": {"on": True, "v": None}})
    assert only(said) == {"main": 1.0, "em_a": 2.0, "pump_on": 1.0, "pump_v": None}


def test_texts_are_numbers_of_many_points_only_where_asked() -> None:
    assert only(read(values('"{k}" = { path = "{k}", texts = true }'), {"a": "1.5", "b": "x"})) == {"a": 1.5}


def test_the_same_point_twice_is_handed_on_twice_so_that_a_conflict_is_seen() -> None:
    said = read(values('"{k}" = "{k}"'), {"flow rate": 1, "flow_rate": 2})
    assert [s.values for s in said.samples] == [{"flow_rate": 1.0}, {"flow_rate": 2.0}]


def test_each_thing_has_its_device_and_its_time() -> None:
    text = message(
        """device = "{device}-{slave}"
        sender = "{device}"
        each = "list.*"
        parts = { slave = "addr" }
        time = { path = "at", format = "ms" }
        [message.values]
        t = "v"
        """
    )
    said = read(text, {"list": [{"addr": 1, "at": 1795243206123, "v": 1}, {"addr": "b", "v": 2}]})
    assert said.sender.device_id == "dev"
    assert said.sender.family == Family.GATEWAY
    assert [(s.device_id, s.time, s.values) for s in said.samples] == [
        ("dev-1", datetime(2026, 11, 21, 6, 40, 6, 123000, UTC), {"t": 1.0}),
        ("dev-b", None, {"t": 2.0}),
    ]


def test_a_list_is_read_item_by_item() -> None:
    text = message('time = { path = "t", format = "s" }\n[message.values]\na = "x"\n"{k}" = "{k}"')
    said = read(text, [{"t": 1795243206, "x": 1, "y": 5}, {"t": 1795243207, "x": 2}])
    assert [s.values for s in said.samples] == [{"a": 1.0, "y": 5.0}, {"a": 2.0}]
    assert [s.time.second for s in said.samples if s.time] == [6, 7]


def test_identity_is_what_the_profile_makes_of_parts() -> None:
    text = message('parts = { n = "id" }\nidentity = "{device}:{n}"\n[message.values]\na = "x"')
    assert read(text, {"id": 17, "x": 1}).identity == "m:dev:17"
    assert read(text, {"x": 1}).identity is None
    with pytest.raises(Rejected) as caught:
        read(text, {"id": "x" * 80, "x": 1})
    assert caught.value.reason == "out-of-bounds"


def test_the_first_message_that_fits_reads_what_comes() -> None:
    text = (
        message('when = { kind = ["a", "b"], n = 1 }\n[message.values]\nfirst = "x"')
        + message('\nwhen = { kind = "noise" }\nignore = true\n')
        + values('second = "x"')
    )
    assert only(read(text, {"kind": "b", "n": 1, "x": 1})) == {"first": 1.0}
    assert only(read(text, {"kind": "b", "n": 2, "x": 1})) == {"second": 1.0}
    assert read(text, {"kind": "noise", "x": 1}).samples == []
    with pytest.raises(Rejected) as caught:
        read(text, {"x": 1}, topic="other/dev/x")
    assert caught.value.reason == "unknown-message"


def test_a_status_with_all_that_it_may_say() -> None:
    text = message(
        """time = { path = "t", format = "s" }
        [message.status]
        state = { path = "s", map = { up = "online", down = "offline" } }
        reason = { path = "why", map = { "3" = "low battery" } }
        firmware = { path = "fw" }
        battery_pct = { path = "bat" }
        signal_dbm = { path = ["rssi", "signal"] }
        """
    )
    (event,) = read(text, {"t": 1795243206, "s": "up", "why": 3, "fw": 2.4, "bat": "87", "signal": -71}).events
    when = datetime(2026, 11, 21, 6, 40, 6, tzinfo=UTC)
    assert event == StatusReport(when, event.state, "low battery", "2.4", 87.0, -71.0)  # type: ignore[union-attr]
    (event,) = read(text, {"s": "down", "bat": 900, "signal": "loud"}).events
    assert isinstance(event, StatusReport)
    assert (event.state, event.battery_pct, event.signal_dbm) == ("offline", None, None)
    with pytest.raises(Rejected) as caught:
        read(text, {"s": "sideways"})
    assert caught.value.reason == "out-of-bounds"


def test_names_and_families_are_the_sources_own() -> None:
    devices = {"dev": DeviceConfig("meter-b1-12", Family.METER)}
    said = read(values('a = "x"'), {"x": 1}, devices=devices, points={"a": "active_power"})
    assert said.sender == ("qinghe", Family.METER, "meter-b1-12")
    assert only(said) == {"active_power": 1.0}


def test_a_point_is_listed_by_its_foreign_name_or_by_what_the_profile_makes_of_it() -> None:
    text = values('"{s}_temp" = "{s}"')
    assert only(read(text, {"Main Pipe": 1}, points={"Main Pipe_temp": "a", "a": "b"})) == {"a": 1.0}
    assert only(read(text, {"Main Pipe": 1}, points={"main_pipe_temp": "a", "a": "b"})) == {"a": 1.0}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"x": 1}'.ljust(256 * 1024 + 1), "too-large"),
        (b'{"x": "\xff"}', "bad-utf8"),
        (b"[" * 100_000, "too-deep"),
        (b'{"x": 1', "not-json"),
        (b"", "not-json"),
    ],
)
def test_a_payload_that_is_none(payload: bytes, reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        read(values('a = "x"'), payload)
    assert caught.value.reason == reason


def test_a_word_that_is_no_utf8() -> None:
    with pytest.raises(Rejected) as caught:
        read(message('format = "text"\n[message.values]\na = "@"'), b"\xff")
    assert caught.value.reason == "bad-utf8"
    assert only(read(message('format = "text"\n[message.values]\na = "@"'), b" 21.5\n")) == {"a": 21.5}
