"""What a third party publishes with its own client appears on the page, in a real browser, by itself."""

import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime

from playwright.sync_api import Page, expect

from pipeline.address import BrokerAddress
from tests.conftest import OwnBroker
from tests.stories.conftest import Town

MAKE = Callable[[str, OwnBroker], Town]


def mosquitto_pub(broker: OwnBroker, topic: str, payload: dict[str, object]) -> None:
    """Debian's own client, not our library."""
    address = BrokerAddress.parse(broker.url("device"))
    where = ["-h", address.host, "-p", str(address.port), "-u", address.user or "", "-P", address.password or ""]
    subprocess.run(["mosquitto_pub", *where, "-q", "1", "-t", topic, "-m", json.dumps(payload)], check=True, timeout=20)


def test_a_message_of_mosquitto_pub_appears_on_the_page(
    database: str, broker: OwnBroker, make_town: MAKE, page: Page
) -> None:
    town = make_town(database, broker)
    town.collector("collector-1")
    town.engine()
    page.goto(f"{town.api()}/?lang=zh")
    expect(page.get_by_text("小园区").first).to_be_visible()
    expect(page.get_by_text("强行打开")).to_have_count(0)
    now = round(datetime.now(UTC).timestamp() * 1000)
    mosquitto_pub(broker, "park/v1/small/gate/g1/door", {"id": "p-1", "time_ms": now, "state": "forced-open"})
    expect(page.get_by_text("强行打开").first).to_be_visible(timeout=15_000)
    mosquitto_pub(
        broker,
        "park/v1/small/meter/m1/readings",
        {"id": "p-2", "time_ms": now, "values": {"active_power": 437.0, "energy": 1000.0}},
    )
    expect(page.get_by_text(re.compile(r"^\s*437\s*$")).first).to_be_visible(timeout=15_000)
    town.wait_for("select state from park.devices where device_id = 'g1'", "online")
