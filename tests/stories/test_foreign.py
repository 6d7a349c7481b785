"""Devices that speak something else: through a real broker and a real collector into the database."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage

from collectors import secrets
from collectors.decoders.sparkplug_payload import Payload
from pipeline.domain.quality import Quality
from tests.collectors.edge import Edge, Published
from tests.conftest import OwnBroker, wait_until
from tests.stories.conftest import Load, Town

MAKE = Callable[[str, OwnBroker], Town]
SOURCES = """
[[source]]
name = "zigbee"
topic = "zigbee2mqtt/{device...}"
format = "zigbee2mqtt"
park = "small"
[source.devices]
"一号楼/漏水 1" = "leak-1"

[[source]]
name = "lora"
topic = "application/{app}/device/{device}/event/{event}"
format = "chirpstack"
park = "small"
family = "meter"
[source.devices]
"0101010101010101" = { id = "water-7", family = "meter" }

[[source]]
name = "senml"
topic = "senml/{device}"
format = "senml"
park = "small"
family = "gateway"
lane = "packs"
"""


@pytest.fixture
def client(load: Load) -> Client:
    """A device's MQTT connection."""
    return load.client


def publish(client: Client, topic: str, payload: dict[str, Any] | list[Any] | str, *, retain: bool = False) -> None:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    info = client.publish(topic, text.encode(), qos=1, retain=retain)
    wait_until(info.is_published, what=f"{topic} acknowledged")


def collector(town: Town, tmp_path: Path, sources: str = SOURCES) -> None:
    file = tmp_path / "sources.toml"
    file.write_text(sources, encoding="utf-8")
    town.collector("collector-1", PARK_SOURCES=str(file))


def values(town: Town, device: str) -> dict[str, float]:
    """A device's latest values by point."""
    stored = "select coalesce(json_object_agg(name, value), '{}') from park.points where value is not null"
    found = town.one(f"{stored} and device_id = %s", device)
    return {point: float(value) for point, value in found.items()}


def test_foreign_devices_are_stored_beside_our_own(
    database: str, broker: OwnBroker, make_town: MAKE, client: Client, tmp_path: Path
) -> None:
    town = make_town(database, broker)
    collector(town, tmp_path)
    assert town.held_lanes() == 7  # five families, `foreign`, `packs`
    now = datetime.now(UTC)
    ms = round(now.timestamp() * 1000)
    state = {"water_leak": True, "battery": 96, "last_seen": now.isoformat()}
    for _ in range(2):  # a repeat
        publish(client, "zigbee2mqtt/一号楼/漏水 1", state)
    publish(client, "zigbee2mqtt/一号楼/漏水 1/availability", {"state": "online"})
    publish(client, "zigbee2mqtt/bridge/state", {"state": "online"}, retain=True)
    uplink = {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": now.isoformat(),
        "deviceInfo": {"devEui": "0101010101010101"},
        "fPort": 1,
        "data": "qg==",
        "object": {"volume": 12.5},
        "rxInfo": [{"rssi": -36, "snr": 10.5}],
    }
    topic = "application/17c82e96-be03-4f38-aef3-f83d48582d97/device/0101010101010101/event/up"
    publish(client, topic, uplink)
    publish(client, topic, uplink)
    publish(client, topic, {**uplink, "object": None})
    pack = [
        {"bn": "urn:dev:ow:10e2073a0108006:", "bt": now.timestamp(), "bu": "A", "n": "voltage", "u": "V", "v": 120.1},
        *({"n": "current", "t": -n, "v": 1.7 - n / 10} for n in range(6)),
    ]
    publish(client, "senml/gw-1", pack)
    publish(client, "park/v1/small/meter/m1/readings", {"id": "o", "time_ms": ms, "values": {"active_power": 5}})
    town.wait_for("select count(*) from smartpark.reading", 2 + 4 + 7 + 1)
    assert values(town, "leak-1") == {"water_leak": 1, "battery": 96}
    assert values(town, "water-7") == {"volume": 12.5, "rssi_dbm": -36, "snr_db": 10.5, "frame_counter": 0}
    assert values(town, "urn-dev-ow-10e2073a0108006") == {"voltage": 120.1, "current": 1.7}
    assert values(town, "m1")["active_power"] == 5
    assert town.one("select family from park.devices where device_id = 'water-7'") == "meter"
    town.wait_for("select count(*) from park.dead_letters", 1)
    assert town.one("select reason || ' ' || device_id from park.dead_letters") == "no-codec water-7"
    assert town.one("select count(*) from park.devices where device_id ~ 'bridge'") == 0


def test_a_dead_letter_goes_through_once_the_sources_file_is_mended(
    database: str, broker: OwnBroker, make_town: MAKE, client: Client, tmp_path: Path
) -> None:
    town = make_town(database, broker)
    collector(town, tmp_path)
    state = {"1/2": 7, "1_2": 8, "last_seen": datetime.now(UTC).isoformat()}
    publish(client, "zigbee2mqtt/hall/meter", state)
    letters = "select coalesce(max(reason || ' ' || device_id), '') from park.dead_letters"
    town.wait_for(letters, "bad-point-name hall-meter", within=40)
    mended = tmp_path / "mended.toml"
    mended.write_text(SOURCES.replace('"leak-1"', '"leak-1"\n[source.points]\n"1/2" = "half"'), encoding="utf-8")
    env = {**town.stack.env, "PARK_SOURCES": str(mended)}
    command = [sys.executable, "-m", "park", "replay", "--json"]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(ended.stdout.splitlines()[-1])["stored"] == 1
    assert values(town, "hall-meter") == {"half": 7, "p_1_2": 8}


SPARKPLUG = """
[[source]]
name = "plant"
topic = "spBv1.0/#"
format = "sparkplug"
park = "small"
[source.devices]
"g/n/m1" = { id = "press-1", family = "meter" }
"""


def test_a_sparkplug_node_that_loses_a_message_is_asked_for_its_birth(
    database: str, broker: OwnBroker, make_town: MAKE, client: Client, tmp_path: Path
) -> None:
    town = make_town(database, broker)
    collector(town, tmp_path, SPARKPLUG)
    assert town.held_lanes() == 6  # five families, `sparkplug`
    asked: list[MQTTMessage] = []
    client.on_message = lambda _client, _user, message: asked.append(message)
    client.subscribe("spBv1.0/g/NCMD/n", 0)
    edge = Edge([0, 1, 2, 3, 4, 5])
    edge.now = datetime.now(UTC) - timedelta(seconds=30)

    def send(*said: Published) -> None:
        for one in said:
            client.publish(one.topic, one.payload, qos=0).wait_for_publish(10)

    send(*edge.birth(), edge.data("m1", 0))
    first = edge.values["m1", "power"]
    wait_until(lambda: values(town, "press-1").get("power") == first, within=40, what="the first value")
    assert town.one("select family from park.devices where device_id = 'press-1'") == "meter"
    edge.data("m1", 0)  # lost on the way
    send(edge.data("m1", 0))
    early = edge.values["m1", "power"]
    (command,) = wait_until(lambda: asked, within=40, what="a rebirth command")
    sent = Payload.FromString(command.payload)
    assert [(m.name, m.boolean_value) for m in sent.metrics] == [("Node Control/Rebirth", True)]
    assert values(town, "press-1")["power"] == first  # what came early waits for its birth
    send(*edge.birth())
    wait_until(lambda: values(town, "press-1")["power"] == early, within=40, what="the value that came early")
    send(edge.death())
    stale = "select count(*) from park.points where device_id = 'press-1' and quality = %s"
    wait_until(lambda: town.one(stale, int(Quality.STALE)) == 2, within=40, what="both points stale")
    assert town.one("select count(*) from park.dead_letters") == 0


def test_a_sources_file_with_errors_stops_the_collector_and_says_what_to_write(tmp_path: Path) -> None:
    file = tmp_path / "sources.toml"
    file.write_text('[[source]]\nname = "a"\ntopic = "park/v1/#"\nformat = "senm"\npark = "small"\n', encoding="utf-8")
    secrets.make(tmp_path / "secrets")
    env = {
        "PARK_SOURCES": str(file),
        "PARK_SECRETS": str(tmp_path / "secrets"),
        "PARK_SPOOL": str(tmp_path / "spool"),
        "PARK_MQTT_URL": "mqtt://127.0.0.1:1",
        "PARK_DATABASE_URL": "postgresql://127.0.0.1:1/none",
    }
    command = [sys.executable, "-m", "park", "collect"]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0
    said = ended.stdout + ended.stderr
    assert f'{file}:3: source "a": "park/v1/#" would take topics of park/v1/#' in said
    assert f'{file}:4: source "a": "senm" is no format; write "senml"' in said
