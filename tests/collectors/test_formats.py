"""Foreign formats: golden samples from their documentation mean what they say, and nothing breaks a decoder."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.credentials import CredentialBook
from collectors.inbox import Arrived
from collectors.reader import Reader
from collectors.routes import SourceTable
from collectors.secrets import Keys
from collectors.sources import DeviceConfig, Source
from pipeline.domain.message import DeadLetter, Message
from pipeline.domain.park import Family

SAMPLES = Path(__file__).parent.parent / "samples"
FORMATS = ("senml", "chirpstack", "zigbee2mqtt")
GOLDEN = [file for name in FORMATS for file in sorted((SAMPLES / name).glob("*.json"))]
KEYS = Keys(seal=b"s" * 32, pseudonym=b"p" * 32)
NOW = datetime(2026, 11, 21, 6, 40, 7, tzinfo=UTC)


def source(format_: str, *, topic: str, devices: dict[str, Any] | None = None, **rest: Any) -> Source:
    known = {
        name: DeviceConfig(**device) if isinstance(device, dict) else DeviceConfig(device)
        for name, device in (devices or {}).items()
    }
    family = Family(rest.pop("family", "sensor"))
    return Source(format_, topic, format_, "qinghe", family=family, devices=known, **rest)


def read(sample: dict[str, Any], format_: str) -> list[Message | DeadLetter]:
    text = json.dumps(sample["payload_json"]) if "payload_json" in sample else sample["payload"]
    reader = Reader(KEYS, CredentialBook(KEYS.pseudonym), SourceTable([source(format_, **sample["source"])]))
    received = datetime.fromisoformat(sample["received"])
    return reader.read_all(Arrived(sample["topic"].encode(), text.encode(), received, 1, 1, 1))


def told(said: list[Message | DeadLetter]) -> dict[str, Any] | None:
    """What came out, as the samples write it: None for nothing, `rejected`, or one message."""
    if not said:
        return None
    (one,) = said
    if isinstance(one, DeadLetter):
        return {"rejected": one.reason}
    return {
        "sender": list(one.sender),
        "identity": one.identity,
        "samples": [
            {k: v for k, v in s._asdict().items() if v not in (None, frozenset(), {}, False)} | {"time": text(s.time)}
            for s in one.samples
        ],
        "events": [{k: v for k, v in asdict(e).items() if v is not None} | {"time": text(e.time)} for e in one.events],
    }


def text(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


@pytest.mark.parametrize("file", GOLDEN, ids=lambda f: f"{f.parent.name}/{f.stem}")
def test_sample_means_what_it_says(file: Path) -> None:
    sample = json.loads(file.read_text(encoding="utf-8"))
    assert told(read(sample, file.parent.name)) == sample["expect"]


def test_every_format_has_samples() -> None:
    assert {file.parent.name for file in GOLDEN} == set(FORMATS)
    assert len(GOLDEN) > 40


def test_one_lorawan_frame_may_bring_readings_and_a_status() -> None:
    """A frame with a DevStatusAns in it makes an `up` and a `status`, and ChirpStack gives both one deduplicationId."""
    samples = [json.loads((SAMPLES / "chirpstack" / f"{name}.json").read_text()) for name in ("uplink", "status")]
    for sample in samples:
        sample["payload_json"]["deduplicationId"] = "3ac7e3c4-4401-4b8d-9386-a5c902f9202d"
    first, second = ((told(read(sample, "chirpstack")) or {})["identity"] for sample in samples)
    assert first != second


TOPICS = {
    "senml": ("senml/{device}", ["senml/a", "senml/一号/x", "senml/"]),
    "chirpstack": (
        "application/{app}/device/{device}/event/{event}",
        [f"application/a/device/0101010101010101/event/{e}" for e in ("up", "status", "join", "location", "x")],
    ),
    "zigbee2mqtt": ("zigbee2mqtt/{device...}", ["zigbee2mqtt/a", "zigbee2mqtt/一号楼/x/availability", "zigbee2mqtt//"]),
}
KEYS_THAT_MEAN_SOMETHING = [
    *("bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vb", "vs", "vd", "s", "t", "ut", "x_"),
    *("deviceInfo", "devEui", "deduplicationId", "time", "object", "rxInfo", "rssi", "snr", "data", "fPort", "fCnt"),
    *("margin", "batteryLevel", "location", "latitude", "state", "last_seen", "color", "temperature", "Temperature"),
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([10**400, -(10**30), 2**63, 2**28, -1, 0, 1795243200, 1e308, "ON", "0101010101010101", "12.5"])
    | st.sampled_from(["2026-11-21T06:40:00Z", "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "a_", "\x00"])
    | st.text(max_size=6)
)
CONTENT = st.recursive(
    SCALARS,
    lambda c: (
        st.lists(c, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS_THAT_MEAN_SOMETHING) | st.text(max_size=4), c, max_size=8)
    ),
    max_leaves=20,
)


def read_any(format_: str, topic: str, payload: bytes, *, retained: bool = False) -> list[Message | DeadLetter]:
    """Whatever it is, it becomes messages that can be stored, or a dead letter for a reason of its own."""
    reader = Reader(KEYS, CredentialBook(KEYS.pseudonym), SourceTable([source(format_, topic=TOPICS[format_][0])]))
    said = reader.read_all(Arrived(topic.encode(), payload, NOW, 1, 1, 1, retained))
    for one in said:
        if isinstance(one, DeadLetter):
            assert one.reason != "decoder-error", one.detail
            continue
        for sample in one.samples:
            assert all(isinstance(v, float) and abs(v) <= 1.8e308 for v in sample.values.values())
            assert "\x00" not in "".join((sample.units or {}).values())
    return said


@pytest.mark.parametrize("format_", FORMATS)
@given(data=st.data())
def test_no_json_breaks_a_decoder(format_: str, data: st.DataObject) -> None:
    content = data.draw(CONTENT)
    payload = json.dumps([content, content] if format_ == "senml" and data.draw(st.booleans()) else content).encode()
    read_any(format_, data.draw(st.sampled_from(TOPICS[format_][1])), payload, retained=data.draw(st.booleans()))


@pytest.mark.parametrize("format_", FORMATS)
@given(payload=st.binary(max_size=100), n=st.integers(0, 2))
def test_no_bytes_break_a_decoder(format_: str, payload: bytes, n: int) -> None:
    read_any(format_, TOPICS[format_][1][n], payload)


RECORD = st.fixed_dictionaries(
    {"n": st.sampled_from(["a", "b", "urn:dev:ow:1:c", "", "Ä"])},
    optional={
        **dict.fromkeys(("bn", "bu", "u"), SCALARS),
        **{key: st.floats(-1e9, 1e10) | st.integers(-5, 5) for key in ("bt", "bv", "bs", "v", "s", "t", "ut")},
        "vb": st.booleans(),
        "bver": st.integers(0, 12),
    },
)


@given(st.lists(RECORD, max_size=6))
def test_no_senml_pack_breaks_its_decoder(pack: list[dict[str, Any]]) -> None:
    read_any("senml", "senml/gw", json.dumps(pack).encode())


UPLINK = st.fixed_dictionaries(
    {"deviceInfo": st.just({"devEui": "0101010101010101"})},
    optional={
        **dict.fromkeys(("object", "data", "time", "fPort", "batteryLevel", "margin", "location"), CONTENT),
        "rxInfo": st.lists(st.dictionaries(st.sampled_from(["rssi", "snr"]), st.integers(-400, 400) | SCALARS)),
    },
)


@given(UPLINK, st.sampled_from(TOPICS["chirpstack"][1]))
def test_no_uplink_breaks_its_decoder(event: dict[str, Any], topic: str) -> None:
    read_any("chirpstack", topic, json.dumps(event).encode())


@given(st.dictionaries(st.sampled_from(["state", "last_seen", "temperature", "color"]), CONTENT))
def test_no_state_breaks_its_decoder(state: dict[str, Any]) -> None:
    read_any("zigbee2mqtt", "zigbee2mqtt/x", json.dumps(state).encode())


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("payload", [b"[" * 100_000, b'{"a":' * 50_000, b'{"a":' + b"9" * 5000 + b"}", b'"\\ud800"'])
def test_hostile_json_is_rejected(format_: str, payload: bytes) -> None:
    for topic in TOPICS[format_][1][:1]:
        (letter,) = read_any(format_, topic, payload)
        assert isinstance(letter, DeadLetter)


def test_two_devices_may_be_one_here_and_a_device_may_have_a_format_of_its_own() -> None:
    devices = {"a": DeviceConfig("x"), "b": DeviceConfig("x"), "c": DeviceConfig("y", format="senml")}
    table = SourceTable([Source("s", "s/{device}", "park", "qinghe", devices=devices)])
    reader = Reader(KEYS, CredentialBook(KEYS.pseudonym), table)
    own = b'{"time_ms":1795243200000,"values":{"a":1}}'
    pack = b'[{"n":"a","v":1,"t":1795243200}]'
    said = [
        reader.read_all(Arrived(topic, payload, NOW, 1, 1, 1))[0]
        for topic, payload in ((b"s/a", own), (b"s/b", own), (b"s/c", pack))
    ]
    assert all(isinstance(one, Message) for one in said)
    samples = [one.samples[0] for one in said if isinstance(one, Message)]
    assert [s.device_id for s in samples] == ["x", "x", "y"]
    assert {s.time for s in samples} == {datetime.fromtimestamp(1795243200, UTC)}


@pytest.mark.parametrize(
    ("format_", "topic", "device"),
    [
        ("zigbee2mqtt", "zigbee2mqtt/hall/lamp", "hall-lamp"),
        ("zigbee2mqtt", "zigbee2mqtt/hall/lamp/availability", "hall-lamp"),
        ("zigbee2mqtt", "zigbee2mqtt/bridge/devices", None),
        ("chirpstack", "application/a/device/0A01010101010101/event/up", "0a01010101010101"),
        ("senml", "senml/gw 1", "gw-1"),
        ("senml", "other", None),
    ],
)
def test_a_topic_tells_the_device_as_its_payload_does(format_: str, topic: str, device: str | None) -> None:
    reader = Reader(KEYS, CredentialBook(KEYS.pseudonym), SourceTable([source(format_, topic=TOPICS[format_][0])]))
    sender = reader.foreign.sender(topic)
    assert (sender.device_id if sender else None) == device


@given(st.lists(st.text(max_size=6), min_size=1, max_size=6))
def test_no_topic_breaks_the_question_who_sent_it(levels: list[str]) -> None:
    roots = {"zigbee2mqtt": "zigbee2mqtt/{device...}", "senml": "senml/{device}", "sparkplug": "spBv1.0/#"}
    found = [Source(name, topic, name, "qinghe", lane=name) for name, topic in roots.items()]
    reader = Reader(KEYS, CredentialBook(KEYS.pseudonym), SourceTable(found))
    for root in ("zigbee2mqtt", "senml", "spBv1.0"):
        topic = "/".join([root, *levels])
        reader.foreign.sender(topic)
        for one in reader.read_all(Arrived(topic.encode(), b"{", NOW, 1, 1, 1)):
            assert isinstance(one, Message) or one.reason != "decoder-error"
