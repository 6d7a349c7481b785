"""How profiles read times, Modbus registers and CSV."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.domain.clock_fault import GUESSED
from pipeline.domain.errors import ConfigurationError, Rejected
from pipeline.domain.park import Family
from tests.collectors.own_profile import message, only, read, values


@pytest.mark.parametrize(
    ("time", "said", "expected"),
    [
        ('format = "iso"', "2026-11-22T09:00:00+08:00", datetime(2026, 11, 22, 1, 0, tzinfo=UTC)),
        ('format = "iso"', "2026-11-22T09:00:00", datetime(2026, 11, 22, 9, 0)),  # noqa: DTZ001 - no zone is the point
        ('format = "iso", zone = "Asia/Shanghai"', "2026-11-22 09:00:00", datetime(2026, 11, 22, 1, 0, tzinfo=UTC)),
        ('format = "iso", zone = "Asia/Shanghai"', "2026-11-22T09:00:00Z", datetime(2026, 11, 22, 9, 0, tzinfo=UTC)),
        ('format = "s"', 1795243206, datetime(2026, 11, 21, 6, 40, 6, tzinfo=UTC)),
        ('format = "s"', "1795243206.5", datetime(2026, 11, 21, 6, 40, 6, 500000, UTC)),
        ('format = "ms"', 1795243206123, datetime(2026, 11, 21, 6, 40, 6, 123000, UTC)),
        ('format = "us"', 1795243206123456, datetime(2026, 11, 21, 6, 40, 6, 123456, UTC)),
        ('format = "%d/%m/%y %H:%M", zone = "Asia/Shanghai"', "22/11/26 09:00", datetime(2026, 11, 22, 1, tzinfo=UTC)),
        # an hour that comes twice is its first pass, one that is skipped is read as if the change had not come
        ('format = "iso", zone = "Europe/Berlin"', "2026-10-25T02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ('format = "iso", zone = "Europe/Berlin"', "2026-03-29T02:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ('format = "s"', None, None),
        ('format = "s"', "", None),
    ],
)
def test_device_time(time: str, said: Any, expected: datetime | None) -> None:
    text = message(f'time = {{ path = "t", {time} }}\n[message.values]\na = "x"')
    (sample,) = read(text, {"t": said, "x": 1}).samples
    assert sample.time == expected
    assert (sample.time is None) or (sample.time.tzinfo is None) == (expected is not None and expected.tzinfo is None)


@pytest.mark.parametrize("said", ["yesterday", "12:00", True, [], {}])
def test_a_time_that_cannot_be_read_makes_a_dead_letter(said: Any) -> None:
    text = message('time = { path = "t", format = "s" }\n[message.values]\na = "x"')
    with pytest.raises(Rejected) as caught:
        read(text, {"t": said, "x": 1})
    assert caught.value.reason == "out-of-bounds"


@pytest.mark.parametrize("said", [1795243206123, 1e30, -1e30, 10**400])
def test_a_number_that_makes_no_date_is_read_in_a_finer_unit_and_not_trusted(said: float) -> None:
    text = message('time = { path = "t", format = "s" }\n[message.values]\na = "x"')
    (sample,) = read(text, {"t": said, "x": 1}).samples
    assert sample.time is not None
    assert sample.time.tzinfo is GUESSED
    if said == 1795243206123:
        assert sample.time.replace(tzinfo=UTC) == datetime(2026, 11, 21, 6, 40, 6, 123000, UTC)


def test_a_local_time_of_a_clock_that_was_never_set_is_one() -> None:
    text = message('time = { path = "t", format = "iso", zone = "Asia/Shanghai" }\n[message.values]\na = "x"')
    (sample,) = read(text, {"t": "0001-01-01T00:00:00", "x": 1}).samples
    assert sample.time == datetime(1, 1, 1, tzinfo=UTC)


def test_registers_in_every_order() -> None:
    for order, block in {"ABCD": "41BC0000", "CDAB": "000041BC", "BADC": "BC410000", "DCBA": "0000BC41"}.items():
        text = message(
            'registers = { path = "d", first = 100 }\n[message.values]\n'
            f'a = {{ register = 101, type = "float32", order = "{order}" }}\nbeyond = {{ register = 103 }}\n'
            'before = { register = 100, type = "int16" }'
        )
        assert only(read(text, {"d": "FFFF" + block})) == {"a": 23.5, "before": -1.0}
        assert only(read(text, {"d": ["0xFFFF", *(int(block[i : i + 4], 16) for i in (0, 4))]}))["a"] == 23.5


@pytest.mark.parametrize("block", ["zz", "123", [70000], [1.5], ["12"], {"a": 1}, 7])
def test_a_block_that_is_none_makes_a_dead_letter(block: Any) -> None:
    text = message('registers = { path = "d" }\n[message.values]\na = { register = 0 }')
    with pytest.raises(Rejected) as caught:
        read(text, {"d": block})
    assert caught.value.reason == "bad-type"


def test_csv_row_by_row() -> None:
    text = message(
        """format = "csv"
        csv = { columns = ["time", "temp", "hum"], delimiter = ";" }
        time = { path = "time", format = "%Y-%m-%d %H:%M:%S", zone = "Asia/Shanghai" }
        [message.values]
        temperature = { path = "temp", unit = "°C" }
        humidity = { path = "hum", unit = "%RH" }
        """
    )
    said = read(text, b"2026-11-22 09:00:00;21.5;40\r\n2026-11-22 09:01:00; 21.6 ;\r\n")
    assert [(s.time, s.values) for s in said.samples] == [
        (datetime(2026, 11, 22, 1, 0, tzinfo=UTC), {"temperature": 21.5, "humidity": 40.0}),
        (datetime(2026, 11, 22, 1, 1, tzinfo=UTC), {"temperature": 21.6}),
    ]
    with pytest.raises(Rejected) as caught:
        read(text, b"1;2;3;4")
    assert caught.value.reason == "not-csv"


def test_csv_with_its_own_header_and_the_device_in_a_column() -> None:
    text = message(
        """format = "csv"
        csv = { header = true }
        parts = { meter = "id" }
        device = "{meter}"
        [message.values]
        energy = "kwh"
        """
    )
    said = read(text, b"\xef\xbb\xbfid,kwh\nm-1,10\nm-2,20\n")
    assert {s.device_id: s.values["energy"] for s in said.samples} == {"m-1": 10.0, "m-2": 20.0}
    assert said.sender == ("qinghe", Family.GATEWAY, "src")


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        ({"t": 68, "u": "F"}, 20.0),
        ({"t": 20, "u": "C"}, 20.0),
        ({"t": 20}, 20.0),
        ({"t": 20, "u": None}, 20.0),
        ({"t": 293, "u": "K"}, None),  # not in the profile: bad, not °C
        ({"t": 293, "u": ["F"]}, None),
        ({"t": "warm", "u": "F"}, None),
    ],
)
def test_a_unit_that_the_payload_names(payload: dict[str, Any], value: float | None) -> None:
    line = 'temperature = { path = "t", unit = "°C", from = { path = "u", map = { C = "°C", F = "°F" } } }'
    assert only(read(values(line), payload)) == {"temperature": value}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('from = { path = "u" }, unit = "°C"', "nothing says what its words mean"),
        ('from = { path = "u", map = { W = "kW" } }, unit = "°C"', '"kW" cannot become "°C"'),
        ('from = { path = "u", map = { W = 3 } }, unit = "°C"', '"W" cannot mean 3 here'),
        ('from = { map = { F = "°F" } }, unit = "°C"', '"path" is missing'),
        ('from = { path = "u", map = { F = "°F" } }', '"from" without "unit"'),
    ],
)
def test_what_is_wrong_with_a_unit_that_the_payload_names(line: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        read(values(f'temperature = {{ path = "t", {line} }}'), {})


def test_a_list_is_left_to_the_line_that_takes_its_items() -> None:
    lines = 'power = "p"\n"power_{channel}" = "p.{channel}"'
    assert only(read(values(lines), {"p": [1, 2]})) == {"power_0": 1.0, "power_1": 2.0}
    assert only(read(values(lines), {"p": 3})) == {"power": 3.0}
    assert only(read(values('power = "p"'), {"p": [1, 2]})) == {"power": None}
