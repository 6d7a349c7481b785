"""A broken profile tells everything that is wrong with it; whatever a payload holds, a decoder only ever rejects it."""

import json
import tomllib
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.decoders import profile, profile_read
from collectors.decoders.decoded import Route
from collectors.decoders.profile_model import Profile
from collectors.decoders.profile_paths import Each, parse, spelled
from collectors.decoders.profile_units import UNITS, conversion, misspelt
from collectors.sources import Source
from pipeline.domain.errors import ConfigurationError, Rejected

BROKEN = Path(__file__).parent.parent / "samples" / "profiles" / "broken"
KEYS = [
    *(
        "ENERGY",
        "Power",
        "Time",
        "params",
        "ts",
        "method",
        "NotifyStatus",
        "switch:0",
        "apower",
        "value",
        "time",
        "slave",
    ),
    *("addr", "data", "Device A", "values", "device", "POWER", "Wifi", "Signal", "aenergy", "total", ""),
]


def test_every_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)
    with pytest.raises(ConfigurationError) as caught:
        profile.decoder("./many_errors.toml")
    assert str(caught.value).splitlines()[1:] == (BROKEN / "many_errors.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"about = 'x'", "there is no [[message]]; write [[message]] with topic ="),
        (b"about = \n", ":1: is not TOML"),
        (b"about = '\xc7\xe5'", "is not UTF-8; save the file as UTF-8"),
        (b"message = 3", '"about" is missing'),
        (b"about = 'x'\nmessage = [3]", "there is no [[message]]"),
    ],
)
def test_a_file_that_is_no_profile(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "p.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        profile_read.read(str(file))
    assert message in str(caught.value)


def test_a_profile_that_is_not_there_is_told_with_the_nearest_name() -> None:
    with pytest.raises(ConfigurationError, match='write "tasmota"'):
        profile_read.read("tasmoto")


@cache
def shipped() -> list[Profile]:
    return [profile_read.read(name) for name in profile_read.shipped()]


def topics() -> list[tuple[Profile, str]]:
    return [
        (p, "/".join("x" if isinstance(level, Each) else level for level in m.topic.levels))
        for p in shipped()
        for m in p.messages
    ]


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(KEYS)
content = st.recursive(
    leaves,
    lambda c: st.lists(c, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), c),
    max_leaves=20,
)


@given(st.data(), content | st.dictionaries(st.sampled_from(KEYS), content))
def test_no_json_does_more_than_be_rejected(data: st.DataObject, payload: Any) -> None:
    told, topic = data.draw(st.sampled_from(topics()))
    decode(told, topic, json.dumps(payload, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass"))


@given(st.data(), st.binary(max_size=200))
def test_no_payload_does_more_than_be_rejected(data: st.DataObject, payload: bytes) -> None:
    told, topic = data.draw(st.sampled_from(topics()))
    decode(told, topic, payload)


@given(st.text(max_size=30), st.data())
def test_no_topic_does_more_than_be_rejected(level: str, data: st.DataObject) -> None:
    told, topic = data.draw(st.sampled_from(topics()))
    decode(told, topic.replace("x", level), b'{"device": "a", "Time": "2026-01-01T00:00:00", "POWER": "ON", "ts": 1}')


def decode(told: Profile, topic: str, payload: bytes) -> None:
    try:
        said = profile.apply(told, Route(Source("s", "#", "profile", "qinghe"), {}, topic), payload)
    except Rejected as rejected:
        assert rejected.detail
    else:
        for sample in said.samples:
            assert all(value is None or abs(value) < float("inf") for value in sample.values.values())


@given(
    st.lists(
        st.integers(0, 50) | st.text(min_size=1, max_size=6).filter(lambda t: '"' not in t), min_size=1, max_size=5
    )
)
def test_a_place_is_spelled_as_a_path_that_leads_there(place: list[str | int]) -> None:
    steps = ["key", *place]  # a payload's places begin with a key, or with an index
    assert parse(spelled(tuple(steps))).steps == tuple(steps)


@given(st.sampled_from(sorted(UNITS)), st.data(), st.floats(-1e6, 1e6))
def test_units_convert_there_and_back(unit: str, data: st.DataObject, value: float) -> None:
    other = data.draw(st.sampled_from(sorted(UNITS[unit])))
    there, back = conversion(unit, other), conversion(other, unit)
    again = back(there(value)) if there and back else value
    assert again == pytest.approx(value, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("kwh", "kWh"),
        ("m3/h", "m³/h"),
        ("℃", "°C"),
        ("degC", "°C"),
        ("KW", "kW"),
        ("mw", ""),
        ("Bq/m³", ""),
        ("kW", ""),
    ],
)
def test_a_misspelt_unit_is_told_what_it_means(written: str, meant: str) -> None:
    assert misspelt(written) == meant


def toml(value: Any) -> str:
    """A value in TOML's inline spelling."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    return "[" + ", ".join(map(toml, value)) + "]" if isinstance(value, list) else json.dumps(value)


def places(value: Any, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(found for key, below in inside for found in places(below, (*place, key)))]


slips = (
    st.integers(-3, 70000)
    | st.booleans()
    | st.floats(-1e9, 1e9)
    | st.sampled_from(
        ["", "{", "{device}", "{A}", "*", "a..b", "$.x", "kw", "kWh", "°F", "%H", "ms", "csv", "text", "a/#", "[0"]
    )
    | st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=5)
    | st.just([])
    | st.just([1])
    | st.just({})
    | st.just({"x": "y"})
    | st.just({"path": "*.a"})
    | st.just({"path": ["a", "{b}"], "register": 1, "bit": 1})
)


@given(st.data())
def test_a_slip_anywhere_in_a_profile_is_an_error_with_a_line_or_another_profile(data: st.DataObject) -> None:
    name, told = data.draw(st.sampled_from(sorted(written().items())))
    document = json.loads(told)
    for _ in range(data.draw(st.integers(1, 3))):
        *outer, last = data.draw(st.sampled_from(places(document)[1:]))
        inside = document
        for step in outer:
            inside = inside[step]
        inside[last] = deepcopy(data.draw(slips))
    file = BROKEN.parent / f"{name}.toml"  # named, not written: what is read is the text
    text = "\n".join(f"{json.dumps(k)} = {toml(v)}" for k, v in document.items())
    try:
        told = profile_read.read_text(text, file)
    except ConfigurationError as wrong:
        assert f"{file}:" in str(wrong)
        return
    for sample in samples()[name]:
        decode(told, sample["topic"], sample["payload"].encode())


@cache
def samples() -> dict[str, list[dict[str, str]]]:
    found = [json.loads(file.read_text(encoding="utf-8")) for file in BROKEN.parent.glob("*.json")]
    return {name: [s for s in found if s["profile"] == name] for name in profile_read.shipped()}


@cache
def written() -> dict[str, str]:
    return {n: json.dumps(tomllib.loads(f.read_text(encoding="utf-8"))) for n, f in profile_read.shipped().items()}
