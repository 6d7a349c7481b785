"""A device that nobody wrote code for: its profile, a real broker, a real collector, the database."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.conftest import OwnBroker
from tests.stories.conftest import Load, Town
from tests.stories.test_foreign import collector, publish, values

# Under prefixes that the broker's access list knows: a profile compares a topic from its end.
MAKE = Callable[[str, OwnBroker], Town]
PROFILE = """
about = "The chillers' controllers"
[[message]]
topic = "plant/{device}/data"
time = { path = "at", format = "ms" }
[message.values]
active_power = { path = "power_w", from = "W", unit = "kW" }
"{pipe}_temperature" = { path = "temps.{pipe}", from = "°F", unit = "°C" }
"""
SOURCES = """
[[source]]
name = "chillers"
topic = "zigbee2mqtt/plant/{device}/data"
format = "profile"
profile = "./chiller.toml"
park = "small"

[[source]]
name = "gw-b1"
topic = "senml/v1/gateway/+"
format = "profile"
profile = "thingsboard"
park = "small"
"""


def test_a_profile_of_ones_own_and_a_shipped_one(
    database: str, broker: OwnBroker, make_town: MAKE, load: Load, tmp_path: Path
) -> None:
    (tmp_path / "chiller.toml").write_text(PROFILE, encoding="utf-8")
    town = make_town(database, broker)
    collector(town, tmp_path, SOURCES)
    assert town.held_lanes() == 6  # five families, `foreign`
    ms = round(datetime.now(UTC).timestamp() * 1000)
    told = {"at": ms, "power_w": 118400, "temps": {"supply": 44.6, "return": "broken"}}
    for _ in range(2):  # a repeat
        publish(load.client, "zigbee2mqtt/plant/chiller-2/data", told)
    publish(load.client, "zigbee2mqtt/plant/chiller-2/data", {"at": ms, "powr_w": 1})
    publish(load.client, "senml/v1/gateway/connect", {"device": "Device A"})
    publish(
        load.client,
        "senml/v1/gateway/telemetry",
        {"Device A": [{"ts": ms, "values": {"temperature": 42, "note": "x"}}]},
    )
    town.wait_for("select count(*) from smartpark.reading", 2 + 1)
    town.wait_for("select count(*) from smartpark.dead_letter where reason = 'nothing-mapped'", 1)
    assert values(town, "chiller-2") == {"active_power": 118.4, "supply_temperature": 7}
    assert values(town, "Device-A") == {"temperature": 42}
    unit = "select unit from park.points where device_id = 'chiller-2' and name = 'active_power'"
    assert town.one(unit) == "kW"
