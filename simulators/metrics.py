"""The closed list of the simulator's metric names."""

from prometheus_client import Counter, Gauge

SIMULATOR_MESSAGES = Counter("park_simulator_messages", "Messages published, each counted once.")
SIMULATOR_READINGS = Counter("park_simulator_readings", "Readings in published messages.")
SIMULATOR_REPEATS = Counter(
    "park_simulator_repeats", "Messages published again: duplicates and what a loss made unsure."
)
SIMULATOR_ACKED = Counter("park_simulator_acked", "PUBACKs received.")
SIMULATOR_OUTSTANDING = Gauge("park_simulator_outstanding", "Publications that no PUBACK came for yet.")
SIMULATOR_CONNECTED = Gauge("park_simulator_connected", "Gateways whose MQTT session is connected.")
SIMULATOR_BEHIND_SECONDS = Gauge("park_simulator_behind_seconds", "Park time that the oldest unsent message is late.")
