"""A small park with real processes: what the stories start, publish into, break and count."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from paho.mqtt.client import Client, MQTTMessageInfo, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from collectors import secrets
from pipeline.address import BrokerAddress
from simulators.servers.process import free_port
from simulators.stack import Stack, wait_ready
from tests.conftest import OwnBroker, wait_until
from tests.park import apply_small_park

FAMILIES = {"meter": "m", "sensor": "s", "gateway": "w"}


class Town:
    """Database, broker, key files, and `park VERB` processes on top of them."""

    def __init__(self, database: str, broker: OwnBroker, home: Path) -> None:
        self.database, self.broker = database, broker
        secrets.make(home / "secrets")
        with psycopg.connect(database) as conn:
            apply_small_park(conn)
        self.ports: dict[str, int] = {}
        self.stack = Stack(
            home,
            {
                "PARK_DATABASE_URL": database,
                "PARK_MQTT_URL": broker.url("collector"),
                "PARK_SECRETS": str(home / "secrets"),
                "PARK_SPOOL": str(home / "spool"),
                "PARK_LOG_LEVEL": "info",
            },
        )

    def collector(self, name: str, **env: str) -> str:
        """Starts a collector and waits until it is ready; returns its name."""
        self.ports[name] = free_port()
        self.stack.start(name, "collect", env={"PARK_METRICS_PORT": str(self.ports[name]), **env})
        self.ready(name)
        return name

    def ready(self, name: str, *, path: str = "/readyz") -> None:
        """Waits until a process says that nothing is missing."""
        wait_ready(f"http://127.0.0.1:{self.ports[name]}{path}", within_s=30, what=f"{name} is not ready")

    def engine(self) -> None:
        """Starts an engine."""
        self.ports["engine"] = free_port()
        self.stack.start("engine", "engine", env={"PARK_METRICS_PORT": str(self.ports["engine"])})
        self.ready("engine")

    def api(self) -> str:
        """Starts the API and returns its address."""
        self.ports["api"] = free_port()
        self.stack.start("api", "api", env={"PARK_API_PORT": str(self.ports["api"]), "PARK_API_SIGN_IN": "local"})
        self.ready("api", path="/healthz")
        return f"http://127.0.0.1:{self.ports['api']}"

    def one(self, query: str, *args: Any) -> Any:
        """The first column of the only row."""
        with psycopg.connect(self.database) as conn:
            row = conn.execute(query.encode(), args).fetchone()
            assert row
            return row[0]

    def all(self, query: str, *args: Any) -> list[tuple[Any, ...]]:
        """All rows."""
        with psycopg.connect(self.database) as conn:
            return conn.execute(query.encode(), args).fetchall()

    def run(self, statements: str) -> None:
        """Statements of the test's own."""
        with psycopg.connect(self.database) as conn:
            conn.execute(statements.encode())

    def wait_for(self, query: str, expected: Any, *, within: float = 30.0) -> None:
        """Waits until a query answers what is expected."""
        found: list[Any] = []

        def answered() -> bool:
            found[:] = [self.one(query)]
            return bool(found[0] == expected)

        wait_until(answered, within=within, what=f"{query} = {expected!r}, last {found!r}")

    def held_lanes(self) -> int:
        """How many lanes are claimed, by whomever."""
        lane = 0x4C414E45
        return int(
            self.one(
                "select count(*) from pg_locks where locktype = 'advisory' and granted and classid = %s"
                " and database = (select oid from pg_database where datname = current_database())",
                lane,
            )
        )


class Load:
    """A publisher of its own: numbered messages of many devices, QoS 1, re-sent after a lost connection."""

    def __init__(self, broker: OwnBroker, *, boot: str = "b1") -> None:
        address = BrokerAddress.parse(broker.url("device"))
        self.client = Client(
            CallbackAPIVersion.VERSION2, client_id=f"load-{boot}", clean_session=False, protocol=MQTTv311
        )
        self.client.username_pw_set(address.user, address.password)
        self.client.max_inflight_messages_set(200)
        self.client.max_queued_messages_set(0)
        self.client.reconnect_delay_set(1, 1)
        # What is published while the broker is away is queued all the same, though its info says that it failed.
        self._acked: set[int] = set()
        self.client.on_publish = lambda client, data, mid, code, properties: self._acked.add(mid)
        self.client.connect(address.host, address.port)
        self.client.loop_start()
        self.boot = boot
        self.sent: list[tuple[str, str]] = []
        self._infos: list[MQTTMessageInfo] = []

    def publish(self, first: int, count: int) -> None:
        """Messages `first` … `first + count`: three readings each, spread over families and 60 devices."""
        now = datetime.now(UTC).timestamp() * 1000
        for n in range(first, first + count):
            family = list(FAMILIES)[n % 3]
            payload = json.dumps(
                {
                    "boot": self.boot,
                    "seq": n,
                    "time_ms": round(now) + n,
                    "values": {"active_power": n, "energy": n * 2, "voltage": 230},
                }
            )
            topic = f"park/v1/small/{family}/{FAMILIES[family]}{n % 60}/readings"
            self.sent.append((topic, payload))
            self._infos.append(self.client.publish(topic, payload, qos=1))

    def resend(self, count: int) -> None:
        """What a good gateway does after a lost connection: its last messages again, with the same identities."""
        self._infos += [self.client.publish(topic, payload, qos=1) for topic, payload in self.sent[-count:]]

    def acknowledged(self, *, within: float = 60.0) -> None:
        """Waits until the broker has acknowledged everything."""
        mids = {info.mid for info in self._infos}
        wait_until(lambda: mids <= self._acked, within=within, what="all messages PUBACKed")

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def make_town(tmp_path: Path) -> Iterator[Callable[[str, OwnBroker], Town]]:
    """`make_town(database_url, broker)`; its processes end with the test, and must end in good order."""
    towns: list[Town] = []

    def make(database: str, broker: OwnBroker) -> Town:
        towns.append(Town(database, broker, tmp_path))
        return towns[-1]

    yield make
    for town in towns:
        assert town.stack.close() == []


@pytest.fixture
def load(broker: OwnBroker) -> Iterator[Load]:
    """A publisher into this test's broker."""
    found = Load(broker)
    yield found
    found.close()
