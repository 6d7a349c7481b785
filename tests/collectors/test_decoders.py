"""The golden samples that the simulators write are what the decoders read; what is not of the wire is rejected."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.credentials import CredentialBook
from collectors.reader import Reader
from collectors.seal import unseal
from collectors.secrets import Keys
from pipeline.domain.access import AccessEvent
from pipeline.domain.message import DeadLetter, Event, Message, StatusReport
from pipeline.domain.screening import TemperatureScreening

SAMPLES = Path(__file__).parent.parent / "samples"
KEYS = Keys(seal=b"s" * 32, pseudonym=b"p" * 32)
NOW = datetime(2026, 11, 21, 6, 40, 7, tzinfo=UTC)


def reader() -> Reader:
    book = CredentialBook(KEYS.pseudonym)
    book.learn({"qinghe": "Asia/Shanghai"}, {})
    return Reader(KEYS, book)


def raw(sample: dict[str, Any]) -> tuple[bytes, bytes, datetime]:
    payload = bytes.fromhex(sample["payload_hex"]) if "payload_hex" in sample else sample["payload"].encode()
    return sample["topic"].encode(), payload.ljust(sample.get("pad_to_bytes", 0)), instant(sample["received"])


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def said_time(time: datetime | None) -> datetime | None:
    """A time without an offset is none that can be read."""
    return time if time is not None and time.tzinfo else None


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.json")), ids=lambda f: f.stem)
def test_sample_means_what_it_says(file: Path) -> None:
    sample = json.loads(file.read_text(encoding="utf-8"))
    expect = sample["expect"]
    message = reader().read(*raw(sample))
    assert isinstance(message, Message), message
    assert (*message.sender,) == (expect["park_id"], expect["family"], expect["device_id"])
    assert message.identity == expect["identity"]
    assert [
        {
            "device_id": s.device_id,
            "time": said_time(s.time),
            "values": s.values,
            "bad": sorted(s.bad),
            "units": s.units,
        }
        for s in message.samples
    ] == [{**s, "time": instant(s["time"]) if s["time"] else None, "bad": sorted(s["bad"])} for s in expect["samples"]]
    assert len(message.events) == len(expect["events"])
    for event, wanted in zip(message.events, expect["events"], strict=True):
        check_event(event, dict(wanted))


def check_event(event: Event, wanted: dict[str, Any]) -> None:
    kinds = {TemperatureScreening: "screening", StatusReport: "status"}
    kind = wanted.pop("kind")
    assert (event.kind if isinstance(event, AccessEvent) else kinds[type(event)]) == kind
    time = wanted.pop("time", None)
    assert said_time(event.time) == (instant(time) if time else None)
    if credential := wanted.pop("credential", None):
        assert isinstance(event, AccessEvent)
        assert event.subject
        assert credential not in event.subject
    for key, value in wanted.items():
        found = getattr(event, key)
        assert (found.isoformat() if hasattr(found, "isoformat") else found) == value, key


@pytest.mark.parametrize("file", sorted((SAMPLES / "rejected").glob("*.json")), ids=lambda f: f.stem)
def test_rejected_sample_becomes_a_sealed_dead_letter(file: Path) -> None:
    sample = json.loads(file.read_text(encoding="utf-8"))
    topic, payload, received = raw(sample)
    letter = reader().read(topic, payload, received)
    assert isinstance(letter, DeadLetter)
    assert letter.reason == sample["expect"]["rejected"], letter.detail
    if len(payload) > 8:
        assert payload not in letter.sealed
    opened = unseal(letter.sealed, key=KEYS.seal)
    assert (opened.topic, opened.payload, opened.received) == (topic, payload, received)


@given(st.binary(max_size=300), st.sampled_from(["readings", "access", "passage", "door", "screening", "status"]))
def test_no_payload_breaks_the_reader(payload: bytes, kind: str) -> None:
    read = reader().read(f"park/v1/qinghe/sensor/x/{kind}".encode(), payload, NOW)
    assert isinstance(read, Message) or read.reason != "decoder-error"


@given(
    st.recursive(st.none() | st.floats() | st.text(max_size=5), lambda c: st.lists(c) | st.dictionaries(st.text(), c))
)
def test_no_json_breaks_the_reader(content: object) -> None:
    for payload in (json.dumps(content), json.dumps({"values": {"a": 1}, "x": content, "boot": content})):
        read = reader().read(b"park/v1/qinghe/sensor/x/readings", payload.encode(), NOW)
        assert isinstance(read, Message) or read.reason != "decoder-error"


@given(st.binary(max_size=120))
def test_no_topic_breaks_the_reader(topic: bytes) -> None:
    assert isinstance(reader().read(topic, b"{}", NOW), DeadLetter)


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800"])
def test_text_that_the_database_cannot_hold_is_rejected(text: str) -> None:
    payload = f'{{"id":"a","direction":"in","reader":"x{text}"}}'.encode()
    assert isinstance(reader().read(b"park/v1/qinghe/gate/g/passage", payload, NOW), DeadLetter)


def test_detail_of_a_dead_letter_never_quotes_a_credential() -> None:
    payload = b'{"id":"a","event":"E2003412-nonsense","credential":"E2003412"}'
    letter = reader().read(b"park/v1/qinghe/gate/g/access", payload, NOW)
    assert isinstance(letter, DeadLetter)
    assert "E2003412" not in letter.detail + letter.reason
