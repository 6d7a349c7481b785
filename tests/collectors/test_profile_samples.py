"""The shipped profiles read what their vendors document: golden samples in tests/samples/profiles."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.credentials import CredentialBook
from collectors.decoders import profile, profile_read
from collectors.decoders.decoded import Decoded, Route
from collectors.inbox import Arrived
from collectors.reader import Reader
from collectors.routes import SourceTable
from collectors.secrets import Keys
from collectors.sources import Source
from pipeline.domain.errors import Rejected
from pipeline.domain.message import Message, StatusReport

SAMPLES = Path(__file__).parent.parent / "samples" / "profiles"


def load(file: Path) -> tuple[dict[str, Any], Source]:
    sample = json.loads(file.read_text(encoding="utf-8"))
    return sample, Source(sample.get("source", "vendor"), "#", "profile", "qinghe", profile=sample["profile"])


def decoded(sample: dict[str, Any], source: Source) -> Decoded:
    decode = profile.decoder(sample["profile"])
    received = datetime.fromisoformat(sample["received"])
    return decode(Route(source, {}, sample["topic"]), sample["payload"].encode(), received)


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.json")), ids=lambda f: f.stem)
def test_a_documented_payload_means_what_its_vendor_says(file: Path) -> None:
    sample, source = load(file)
    expect, said = sample["expect"], decoded(sample, source)
    assert (*said.sender,) == (expect["park_id"], expect["family"], expect["device_id"])
    assert said.identity == expect["identity"]
    assert [(s.device_id, s.time, s.values, s.units) for s in said.samples] == [
        (s["device_id"], instant(s["time"]), s["values"], s["units"]) for s in expect["samples"]
    ]
    assert len(said.events) == len(expect["events"])
    for event, wanted in zip(said.events, expect["events"], strict=True):
        assert isinstance(event, StatusReport)
        assert event.time == instant(wanted["time"])
        for key in wanted.keys() - {"kind", "time"}:
            assert getattr(event, key) == wanted[key], key


@pytest.mark.parametrize("file", sorted((SAMPLES / "rejected").glob("*.json")), ids=lambda f: f.stem)
def test_what_a_profile_cannot_read_is_rejected_with_a_reason(file: Path) -> None:
    sample, source = load(file)
    with pytest.raises(Rejected) as caught:
        decoded(sample, source)
    assert caught.value.reason == sample["expect"]["rejected"], caught.value.detail


def test_every_shipped_profile_has_samples_and_every_sample_its_document() -> None:
    samples = [json.loads(f.read_text(encoding="utf-8")) for f in SAMPLES.rglob("*.json")]
    assert {s["profile"] for s in samples} == set(profile_read.shipped())
    assert all(s["from"] for s in samples)


def test_a_collector_reads_by_profile() -> None:
    """Through the reader that collectors use, with a source's own names."""
    keys = Keys(seal=b"s" * 32, pseudonym=b"p" * 32)
    source = Source(
        "plugs",
        "tele/#",
        "profile",
        "qinghe",
        profile="tasmota",
        points={"active_power": "power", "DS18B20_temperature": "flow_temperature"},
    )
    reader = Reader(keys, CredentialBook(keys.pseudonym), SourceTable([source]))
    payload = b'{"Time":"2026-11-22T08:00:00Z","ENERGY":{"Power":5},"DS18B20":{"Temperature":49.7}}'
    arrived = Arrived(b"tele/plug/SENSOR", payload, datetime.fromisoformat("2026-11-22T08:00:01Z"), 1, 1, 1)
    (message,) = reader.read_all(arrived)
    assert isinstance(message, Message)
    assert message.samples[0].values == {"power": 0.005, "flow_temperature": 49.7}
