"""Sources: which topic belongs to which, what foreign devices and points are called here, and what a file may say."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import sources_file
from collectors.credentials import CredentialBook
from collectors.inbox import Arrived
from collectors.lanes import DEFAULT, Lane, overlap, with_sources
from collectors.patterns import Pattern
from collectors.reader import Reader, tick
from collectors.routes import SourceTable
from collectors.secrets import Keys
from collectors.sources import DeviceConfig, Source
from collectors.topics import DEVICE_ID
from pipeline.domain.errors import ConfigurationError, Rejected
from pipeline.domain.message import DeadLetter, Message, Sender
from pipeline.domain.park import Family
from tests.collectors.edge import Edge, Published

NOW = datetime(2026, 11, 21, 6, 40, 7, tzinfo=UTC)
KEYS = Keys(seal=b"s" * 32, pseudonym=b"p" * 32)
ZIGBEE = Source("zigbee", "zigbee2mqtt/{device...}", "zigbee2mqtt", "qinghe")
OWN = Source("own", "plant/{device}/{message}", "park", "qinghe", devices={"p1": DeviceConfig("pump-1", Family.METER)})


@pytest.mark.parametrize(
    ("pattern", "filter_", "topic", "parts"),
    [
        ("zigbee2mqtt/{device...}", "zigbee2mqtt/+/#", "zigbee2mqtt/hall/lamp 1", {"device": "hall/lamp 1"}),
        ("zigbee2mqtt/{device...}", "zigbee2mqtt/+/#", "zigbee2mqtt", None),
        ("tele/{device}/SENSOR", "tele/+/SENSOR", "tele/客厅/SENSOR", {"device": "客厅"}),
        ("tele/{device}/SENSOR", "tele/+/SENSOR", "tele/a/b/SENSOR", None),
        ("/sys/{product}/{device}/+", "/sys/+/+/+", "/sys/p/d/x", {"product": "p", "device": "d"}),
        ("spBv1.0/#", "spBv1.0/#", "spBv1.0", {}),
        ("spBv1.0/#", "spBv1.0/#", "spBv1x0/a", None),
        ("spBv1.0/#", "spBv1.0/#", "spBv1.0/a/b", {}),
        ("a/+", "a/+", "a/", {}),
    ],
)
def test_pattern(pattern: str, filter_: str, topic: str, parts: dict[str, str] | None) -> None:
    parsed = Pattern.parse(pattern)
    assert parsed.filter == filter_
    assert parsed.match(topic) == parts


@pytest.mark.parametrize("text", ["", "a/#/b", "{x...}/b", "a{x}", "{x}/{x}", "{X}", "a+", "{}", "a/{x", "a/#b"])
def test_what_is_no_pattern_says_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="; "):
        Pattern.parse(text)


LEVELS = st.lists(st.sampled_from(["a", "b", "+", "{p}", "{q}"]), min_size=1, max_size=3, unique=True)


@given(LEVELS, st.sampled_from(["", "/#", "/{rest...}"]), st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
def test_a_pattern_matches_what_its_filter_takes(levels: list[str], end: str, topic: list[str]) -> None:
    pattern = Pattern.parse("/".join(levels) + end)
    taken = overlap(pattern.filter, "/".join(topic))  # a topic is a filter without wildcards
    assert (pattern.match("/".join(topic)) is not None) == taken


def test_route_is_the_one_source_as_its_device_has_it() -> None:
    table = SourceTable(
        [ZIGBEE, Source("s", "s/{device}", "senml", "q", devices={"x": DeviceConfig("x", None, "park")})]
    )
    assert table.route("other/x") is None
    hall = table.route("zigbee2mqtt/hall/lamp")
    assert hall is not None
    assert (hall.source, hall.parts, hall.topic) == (ZIGBEE, {"device": "hall/lamp"}, "zigbee2mqtt/hall/lamp")
    assert table.route("zigbee2mqtt/hall/lamp") is hall  # remembered
    own, rest = table.route("s/x"), table.route("s/y")
    assert own is not None
    assert rest is not None
    assert (own.source.format, rest.source.format) == ("park", "senml")


@given(st.text(max_size=80), st.text(max_size=80))
def test_two_foreign_names_never_share_an_id_unless_only_single_signs_differ(a: str, b: str) -> None:
    try:
        ids = [ZIGBEE.device_id(a), ZIGBEE.device_id(b)]
    except Rejected as rejected:
        assert rejected.reason == "unknown-device"
        assert not a or not b
        return
    assert all(DEVICE_ID.fullmatch(i) for i in ids)
    if ids[0] == ids[1]:
        assert len(a) == len(b)
        assert all(x == y or not (x + y).isalnum() for x, y in zip(a, b, strict=True))


def test_names_are_derived_as_the_documentation_says() -> None:
    assert ZIGBEE.device_id("0x00158d0001dc126a") == "0x00158d0001dc126a"
    assert ZIGBEE.device_id("kitchen/floor_light") == "kitchen-floor_light"
    assert ZIGBEE.device_id("客厅") != ZIGBEE.device_id("卧室")
    assert ZIGBEE.point_name("Zone 1/Temp") == "zone_1_temp"
    assert ZIGBEE.point_name("deviceTemperature") == "device_temperature"
    assert ZIGBEE.point_name("室内1") != ZIGBEE.point_name("室外1")
    with pytest.raises(Rejected, match=r"source\.points"):
        ZIGBEE.point_name("///")


def read(topic: str, payload: bytes, *, retained: bool = False) -> list[Message | DeadLetter]:
    reader = Reader(KEYS, CredentialBook(KEYS.pseudonym), SourceTable([OWN]))
    return reader.read_all(Arrived(topic.encode(), payload, NOW, 1, 1, 1, retained))


def test_a_foreign_topic_is_read_by_its_source_and_our_own_as_ever() -> None:
    (foreign,) = read("plant/p1/readings", b'{"id":"1","time_ms":1795243200000,"values":{"a":1}}')
    assert isinstance(foreign, Message)
    assert foreign.sender == Sender("qinghe", Family.METER, "pump-1")
    assert foreign.samples[0].device_id == "pump-1"
    (own,) = read("park/v1/qinghe/sensor/x/readings", b'{"values":{"a":1}}')
    assert isinstance(own, Message)
    assert own.sender == Sender("qinghe", Family.SENSOR, "x")


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("elsewhere/p1", b"{}", "no-source"),
        ("plant/p1/readings", b"{", "not-json"),
        ("plant/p1/access", b"{}", "unknown-message"),
        ("plant/p1/readings", b" " * 300_000, "too-large"),
    ],
)
def test_what_cannot_be_read_is_a_dead_letter_of_its_device(topic: str, payload: bytes, reason: str) -> None:
    (letter,) = read(topic, payload)
    assert isinstance(letter, DeadLetter)
    assert letter.reason == reason
    assert letter.device_id == (None if reason == "no-source" else "pump-1")


def test_what_a_broker_kept_says_nothing_without_a_time() -> None:
    assert read("plant/p1/readings", b'{"values":{"a":1}}', retained=True) == []
    assert read("plant/p1/status", b'{"state":"online"}', retained=True) == []
    assert len(read("plant/p1/readings", b'{"time_ms":1795243200000,"values":{"a":1}}', retained=True)) == 1


GOOD = """
[[source]]
name = "zigbee"
topic = "zigbee2mqtt/{device...}"
format = "zigbee2mqtt"
park = "qinghe"
[source.devices]
"hall/lamp" = "lamp-1"
"hall/meter" = { id = "meter-9", family = "meter" }
[source.points]
"illuminance_lux" = "illuminance"

[[source]]
name = "plant"
topic = "spBv1.0/#"
format = "sparkplug"
park = "qinghe"

[[source]]
name = "dtu"
topic = "dtu/{device}/up"
format = "profile"
profile = "profiles/dtu.toml"
park = "qinghe"
family = "meter"
lane = "dtu"
"""


def test_a_file_becomes_sources_and_lanes(tmp_path: Path) -> None:
    file = tmp_path / "sources.toml"
    file.write_text(GOOD, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r'sources.toml:23: source "dtu": there is no profile'):
        sources_file.read(str(file))
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/dtu.toml").touch()
    zigbee, plant, dtu = found = sources_file.read(str(file))
    assert zigbee.devices == {
        "hall/lamp": DeviceConfig("lamp-1"),
        "hall/meter": DeviceConfig("meter-9", Family.METER),
    }
    assert zigbee.points == {"illuminance_lux": "illuminance"}
    assert (plant.lane, dtu.family, dtu.profile) == ("sparkplug", Family.METER, str(tmp_path / "profiles/dtu.toml"))
    assert with_sources(DEFAULT, found) == (
        *DEFAULT,
        Lane("foreign", ("zigbee2mqtt/+/#",)),
        Lane("sparkplug", ("spBv1.0/#",), ordered=True),
        Lane("dtu", ("dtu/+/up",)),
    )
    assert sources_file.read("") == ()
    assert with_sources(DEFAULT, ()) == DEFAULT
    with pytest.raises(ConfigurationError, match='source "a": there is a lane "meter" already'):
        with_sources(DEFAULT, [Source("a", "a/#", "senml", "q", lane="meter")])


def test_everything_wrong_is_said_at_once_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "sources.toml"
    here = Path(__file__).parent.parent / "samples/sources"
    file.write_text((here / "many_errors.toml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        sources_file.read(str(file))
    said = str(raised.value).replace(f"{file}:", "sources.toml:")
    assert said + "\n" == (here / "many_errors.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("topic", "fits"),
    [
        ("tele/+/SENSOR", True),
        ("site/a/tele/{device}/STATE", True),
        ("tele/#", True),
        ("other/{device...}", True),  # other/tele/plug/SENSOR
        ("site/+/+/+", True),
        ("stat/{device}/SENSOR", False),
        ("tele/{device}/RESULT", False),
        ("tele/{device}", False),
    ],
)
def test_a_topic_that_its_profile_cannot_read_is_refused(tmp_path: Path, topic: str, fits: bool) -> None:
    file = tmp_path / "sources.toml"
    text = '[[source]]\nname = "plugs"\npark = "q"\nformat = "profile"\nprofile = "tasmota"\n'
    file.write_text(f'{text}topic = "{topic}"\n', encoding="utf-8")
    if fits:
        assert sources_file.read(str(file))[0].topic == topic
        return
    with pytest.raises(ConfigurationError) as raised:
        sources_file.read(str(file))
    assert f'sources.toml:6: source "plugs": no message of its profile can match "{topic}"; write' in str(raised.value)
    assert '"tele/{device}/SENSOR"' in str(raised.value)


@pytest.mark.parametrize("content", [b"\xff", b"a = ", b"source = 1", b"[source]\nname = 1"])
def test_a_file_that_is_none_says_so(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "sources.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"sources\.toml:1: "):
        sources_file.read(str(file))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        sources_file.read(str(tmp_path / "none.toml"))


def test_a_sparkplug_source_tells_what_waited_and_asks_for_births() -> None:
    source = Source("plant", "spBv1.0/#", "sparkplug", "qinghe", lane="sparkplug")
    reader = Reader(KEYS, CredentialBook(KEYS.pseudonym), SourceTable([source]))
    edge = Edge([0, 1, 2, 3, 4, 5])

    def give(published: Published) -> list[Message | DeadLetter]:
        return reader.read_all(Arrived(published.topic.encode(), published.payload, published.at, 1, 0, 1))

    assert all(isinstance(one, Message) for p in edge.birth() for one in give(p))
    (plain,) = give(edge.data("m1", 0))
    assert isinstance(plain, Message)
    assert plain.sender == Sender("qinghe", Family.SENSOR, "g.n.m1")
    lost, early = edge.data("m1", 0), edge.data("m2", 1)
    assert give(early) == []  # waits for the one that was lost
    assert reader.commands() == []
    assert reader.restless(lost.at + timedelta(seconds=7))
    assert reader.read_all(tick(lost.at + timedelta(seconds=7))) == []
    assert not reader.restless(lost.at + timedelta(seconds=7.5))
    (command,) = reader.commands()
    assert (command.topic, command.qos) == ("spBv1.0/g/NCMD/n", 0)
    (late,) = reader.read_all(tick(lost.at + timedelta(seconds=12)))
    assert isinstance(late, Message)
    assert late.received == early.at
    (letter,) = reader.read_all(Arrived(b"spBv1.0/g/NDATA/n", b"\xff", NOW, 1, 0, 1))
    assert isinstance(letter, DeadLetter)
    assert letter.reason == "not-protobuf"
    assert letter.device_id == "g.n"
    edge.data("m1", 0)
    assert give(edge.data("m2", 1)) == []
    assert len(reader.read_all(tick(NOW, last=True))) == 1
