"""The demonstration's telephones take what the notifier's ntfy channel sends, and show a repeat once."""

import urllib.request
from dataclasses import replace
from pathlib import Path

from pipeline.notifier import channels
from pipeline.settings import Settings
from simulators import phones
from tests.notifier.test_channels import MESSAGE, NOW


def test_a_message_reaches_a_telephone_once(tmp_path: Path) -> None:
    file = tmp_path / "phones.jsonl"
    with phones.served(file) as url:
        send = channels.of(Settings.from_env({}))["ntfy"]
        message = replace(MESSAGE, channel="ntfy", address=f"{url}/sun.lei")
        assert [send(message, NOW).provider_id for _ in range(2)] == ["smartpark-7"] * 2
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own loopback address
            assert answer.read().decode() == f"→ sun.lei\n{MESSAGE.subject}\n{MESSAGE.body}"
        assert send(replace(message, address=f"{url}/"), NOW).error == "invalid"
    assert len(file.read_text().splitlines()) == 1
