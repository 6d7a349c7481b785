"""What Sparkplug payloads mean: golden samples that Eclipse Tahu encoded, ids, and bytes that mean nothing."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.decoders.sparkplug import SparkplugHost, derived_id
from collectors.decoders.sparkplug_node import Told
from collectors.decoders.sparkplug_payload import Payload
from collectors.sources import DeviceConfig, Source
from collectors.topics import DEVICE_ID
from pipeline.domain.message import Sample, StatusReport
from pipeline.domain.park import Family

SAMPLES = Path(__file__).parent.parent / "samples" / "sparkplug"
NOW = datetime(2026, 11, 21, 6, 40, 7, tzinfo=UTC)
SOURCE = Source("plant", "spBv1.0/#", "sparkplug", "qinghe")


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def plain(sample: Sample) -> dict[str, Any]:
    return {
        "time": sample.time,
        "values": sample.values,
        "bad": sorted(sample.bad),
        "units": sample.units,
        "historical": sample.historical,
        "stale": sample.stale,
    }


def wanted(sample: dict[str, Any]) -> dict[str, Any]:
    default = {"bad": [], "units": None, "historical": False, "stale": False}
    return {**default, **sample, "time": instant(sample["time"])}


def near(values: dict[str, float | None]) -> dict[str, Any]:
    """A Float carries seven digits."""
    return {name: value if value is None else pytest.approx(value, rel=1e-6) for name, value in values.items()}


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.json")), ids=lambda f: f.stem)
def test_sample_means_what_it_says(file: Path) -> None:
    stream = json.loads(file.read_text(encoding="utf-8"))
    host = SparkplugHost(SOURCE)
    ids = {short: derived_id(foreign) for short, foreign in stream.get("names", {}).items()}
    for message in stream["messages"]:
        (told,) = host.receive(message["topic"], bytes.fromhex(message["payload_hex"]), instant(message["received"]))
        assert (told.why and told.why.reason) == message.get("why"), told.why
        assert len(told.said) == len(message["says"])
        for said, expected in zip(told.said, message["says"], strict=True):
            device = ids.get(expected["device_id"], expected["device_id"])
            assert (*said.sender,) == ("qinghe", expected["family"], device)
            assert said.identity is None
            assert {s.device_id for s in said.samples} <= {device}
            assert [plain(s) for s in said.samples] == [
                {**wanted(s), "values": near(s["values"])} for s in expected["samples"]
            ]
            assert [e.state for e in said.events if isinstance(e, StatusReport)] == (
                [expected["status"]] if expected["status"] else []
            )
    assert dict(host.skipped) == stream.get("skipped", dict(host.skipped))
    assert (host.waiting, host.commands()) == (0, [])


def test_rebirth_is_asked_for_as_the_specification_writes_it() -> None:
    """Byte for byte what Tahu's encoder makes of the NCMD example of chapter 6, at our time."""
    stream = json.loads((SAMPLES / "specification.json").read_text(encoding="utf-8"))
    example = next(m for m in stream["messages"] if "/NCMD/" in m["topic"])
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=example["payload"]["timestamp"])
    host = SparkplugHost(SOURCE)
    data = Payload(timestamp=1486144502122, seq=9).SerializeToString()
    assert host.receive("spBv1.0/Sparkplug B Devices/NDATA/Raspberry Pi", data, at) == []
    (command,) = host.commands()
    assert (command.topic, command.qos) == (example["topic"], 0)
    assert Payload.FromString(command.payload) == Payload.FromString(bytes.fromhex(example["payload_hex"]))


@given(st.binary(max_size=200), st.sampled_from(["NBIRTH/n", "DBIRTH/n/d", "NDATA/n", "DDATA/n/d", "NDEATH/n"]))
def test_no_payload_breaks_the_host(payload: bytes, to: str) -> None:
    comes_out_once(SparkplugHost(SOURCE), f"spBv1.0/g/{to}", payload)


@given(st.text(max_size=30) | st.lists(st.text(max_size=5), max_size=6).map(lambda x: "/".join(["spBv1.0", *x])))
def test_no_topic_breaks_the_host(topic: str) -> None:
    comes_out_once(SparkplugHost(SOURCE), topic, Payload(seq=3).SerializeToString())


FIELDS = {
    "name": st.sampled_from(["a", "b", "bdSeq", "A", "\0", ""]),
    "alias": st.integers(0, 3),
    "timestamp": st.sampled_from([0, 1795243206123, 2**64 - 1]),
    "datatype": st.integers(0, 40),
    "is_historical": st.booleans(),
    "is_null": st.booleans(),
    "int_value": st.integers(0, 2**32 - 1),
    "long_value": st.integers(0, 2**64 - 1),
    "double_value": st.floats(),
    "dataset_value": st.binary(max_size=3),
}
METRIC = st.fixed_dictionaries({}, optional=FIELDS)
KINDS = ["NBIRTH/n", "DBIRTH/n/d", "NDATA/n", "DDATA/n/d", "NDEATH/n", "DDEATH/n/d"]


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 4), st.lists(METRIC, max_size=3)), max_size=12))
def test_no_stream_of_metrics_breaks_the_host(stream: list[tuple[str, int, list[dict[str, Any]]]]) -> None:
    """Whatever is broken in it, each message comes out exactly once."""
    host, out = SparkplugHost(SOURCE), []
    for i, (to, seq, metrics) in enumerate(stream):
        payload = Payload(timestamp=1795243206123 + i, seq=seq)
        for metric in metrics:
            payload.metrics.add(**metric)
        out += host.receive(f"spBv1.0/g/{to}", payload.SerializeToString(), NOW, token=i)
    for seconds in range(0, 80, 5):
        out += host.due(NOW + timedelta(seconds=seconds))
    assert sorted(told.token for told in out) == list(range(len(stream)))
    assert not any(told.why and told.why.reason == "decoder-error" for told in out)


def comes_out_once(host: SparkplugHost, topic: str, payload: bytes) -> Told:
    out = host.receive(topic, payload, NOW) + host.due(NOW + timedelta(seconds=11))
    (told,) = out
    assert (told.topic, told.payload, told.received) == (topic, payload, NOW)
    return told


def test_a_name_that_is_not_utf8_is_refused() -> None:
    payload = Payload(seq=0, timestamp=1795243206123)
    payload.metrics.add(name="ab", datatype=9, float_value=1)
    payload.metrics.add(name="fine", datatype=9, float_value=2)
    broken = payload.SerializeToString().replace(b"ab", b"\xff\xfe")
    told = comes_out_once(SparkplugHost(SOURCE), "spBv1.0/g/NBIRTH/n", broken)
    assert told.why is not None
    assert told.why.reason == "bad-utf8"
    assert [s.values for s in told.said[0].samples] == [{"fine": 2.0}]


NAMES = st.text(st.sampled_from("ab1-._ 温/"), min_size=1, max_size=40)


@given(st.lists(NAMES, min_size=2, max_size=3, unique=True))
def test_two_devices_never_have_one_derived_id(names: list[str]) -> None:
    ids = {derived_id(name) for name in names}
    assert len(ids) == len(names)
    assert all(DEVICE_ID.fullmatch(i) for i in ids)


def test_ids_are_readable_where_they_can_be_and_exact_where_they_cannot() -> None:
    assert derived_id("plant/gw-1/meter_7") == "plant.gw-1.meter_7"
    assert derived_id("plant/gw.1").startswith("plant.gw.1-")
    assert derived_id("工厂/网关").startswith("device-")


def test_configuration_names_devices_and_says_their_family() -> None:
    devices = {
        "g/n/d": DeviceConfig("meter-7", Family.METER),
        "g/n/e": DeviceConfig("meter-7"),
        "g/n": DeviceConfig("gate"),
    }
    host = SparkplugHost(Source("plant", "spBv1.0/#", "sparkplug", "qinghe", devices=devices))
    birth = Payload(seq=0, timestamp=1795243206123).SerializeToString()
    (told,) = host.receive("spBv1.0/g/NBIRTH/n", birth, NOW)
    assert (*told.said[0].sender,) == ("qinghe", "gateway", "gate")
    (told,) = host.receive("spBv1.0/g/DBIRTH/n/d", Payload(seq=1).SerializeToString(), NOW)
    assert (*told.said[0].sender,) == ("qinghe", "meter", "meter-7")
    (told,) = host.receive("spBv1.0/g/DBIRTH/n/e", Payload(seq=2).SerializeToString(), NOW)
    assert told.why is not None
    assert told.why.reason == "same-device-id"
