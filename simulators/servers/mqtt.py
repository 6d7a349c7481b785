"""Two questions to any MQTT broker: do you let me in, and what are you?"""

import contextlib
import time
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

ROLES = ("collector", "simulator", "device")
VERSION_TOPIC = "$SYS/broker/version"  # Mosquitto's, retained
ANSWER_WITHIN_S = 2.0
STEP_S = 0.02


def ask_version(url: str) -> str | None:
    """What a broker says of itself, `Mosquitto 2.0.11`, or None when it can't be reached or doesn't say."""
    return _ask(url, VERSION_TOPIC)[1]


def answers(url: str) -> bool:
    """Whether a broker accepts these credentials."""
    return _ask(url, None)[0]


def _ask(url: str, topic: str | None) -> tuple[bool, str | None]:
    parts = urlsplit(url)
    accepted = False
    said: str | None = None

    def on_connect(client: paho.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        nonlocal accepted
        accepted = not code.is_failure
        if accepted and topic:
            client.subscribe(topic)

    def on_message(_client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        nonlocal said
        said = message.payload.decode(errors="replace")

    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311, reconnect_on_failure=False)
    client.on_connect, client.on_message = on_connect, on_message
    if parts.username:
        client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
    if parts.scheme == "mqtts":
        client.tls_set()
    try:
        client.connect(parts.hostname or "127.0.0.1", parts.port or (8883 if parts.scheme == "mqtts" else 1883))
        deadline = time.monotonic() + ANSWER_WITHIN_S
        while time.monotonic() < deadline and said is None and not (accepted and topic is None):
            if client.loop(STEP_S) != paho.MQTT_ERR_SUCCESS:
                break
    except OSError:
        return False, None
    finally:
        client.disconnect()
        with contextlib.suppress(OSError):
            client.loop(STEP_S)
    return accepted, said.replace("mosquitto version", "Mosquitto") if said else None
