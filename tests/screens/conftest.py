"""A wall to look at: the demo park in a real database, a real API at a fixed time of the park's day, a real browser."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from pipeline import parkfile
from pipeline.domain.clock import Clock
from pipeline.domain.message import Batch, DeadLetter, Event, Message, Sample, Sender
from pipeline.engine.run import steps
from pipeline.engine.steps import Engine
from pipeline.ingest import Writer
from pipeline.settings import Settings
from pipeline.store import parks
from pipeline.store.database import connect
from simulators.servers.process import free_port
from simulators.stack import Stack, wait_ready
from tests.conftest import REPO, cloned, wait_until

BEGIN = "2026-11-20T14:36:00+08:00"
DEMO_PARK = REPO / "simulators/parks/qinghe.toml"


class Wall:
    """The park's data, written as collectors and engine would, and the API that shows them."""

    def __init__(self, database: str, home: Path, *, clock: str = f"{BEGIN}@1", sign_in: str = "local") -> None:
        self.clock = Clock.parse(clock, anchor=datetime.now(UTC))
        self.park = parkfile.read(DEMO_PARK)
        self.devices = {device.device_id: device for device in self.park.devices}
        self.port = free_port()
        self.conn = connect(database)
        parks.apply(self.conn, self.park, now=self.now)
        self._writer = Writer(self.conn)
        self._engine = Engine(steps("apache", Settings.from_env({})))
        self._written = 0
        env = {"PARK_DATABASE_URL": database, "PARK_CLOCK": str(self.clock), "PARK_API_PORT": str(self.port)}
        env |= {"PARK_API_SIGN_IN": sign_in}
        self.stack = Stack(home, env)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """The API, ready to answer."""
        self.stack.start("api", "api")
        wait_ready(f"{self.url}/healthz", within_s=30, what="the API is not ready")

    def stop(self) -> None:
        """The API, in good order; data stay."""
        self.stack.stop("api")

    def message(
        self, device_id: str, *, samples: list[Sample] | None = None, events: list[Event] | None = None
    ) -> Message:
        """What a device says now, with an identity of its own."""
        self._written += 1
        sender = Sender(self.park.park_id, self.devices[device_id].family, device_id)
        digest = blake2b(str(self._written).encode(), digest_size=16).digest()
        return Message(sender, f"m:{self._written}", digest, self.now, samples or [], events or [])

    def write(self, *messages: Message) -> None:
        """One batch, stored; then one round of the engine, which tells who is online."""
        self._writer.write(Batch("test", list(messages)), now=self.now)
        self._engine.tick(self.conn, self.now)

    def write_letters(self, letters: list[DeadLetter]) -> None:
        """Dead letters, stored; then one round of the engine."""
        self._writer.write(Batch("test", dead_letters=letters), now=self.now)
        self._engine = Engine(steps("apache", Settings.from_env({})))  # every step is due
        self._engine.tick(self.conn, self.now)

    def ago(self, seconds: float) -> datetime:
        return self.now - timedelta(seconds=seconds)

    def close(self) -> None:
        trouble = self.stack.close()
        self.conn.close()
        assert trouble == []


@pytest.fixture
def wall(database: str, tmp_path: Path) -> Iterator[Wall]:
    """The demo park, applied and silent, with its API running."""
    found = Wall(database, tmp_path)
    found.start()
    yield found
    found.close()


@pytest.fixture(scope="session")
def silent(database_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wall]:
    """The same, of the whole session: for tests that only read. Nobody ever said anything in it."""
    with cloned(database_server, "park") as url:
        found = Wall(url, tmp_path_factory.mktemp("silent-wall"))
        found.start()
        yield found
        found.close()


@pytest.fixture(scope="session")
def crew(database_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wall]:
    """The same with its desk and twelve orders in all states (ordering.busy); its API asks who one is."""
    from tests.screens import ordering

    with cloned(database_server, "park") as url:
        found = ordering.signed_wall(url, tmp_path_factory.mktemp("crew-wall"))
        ordering.busy(found)
        found.start()
        yield found
        found.close()


@pytest.fixture
def show(page: Page) -> Callable[..., Page]:
    """`show(wall, lang="zh", port=…)`: opens a wall and waits until the stream lives and the park is drawn."""

    def open_(wall: Wall, *, lang: str = "zh", port: int | None = None) -> Page:
        page.goto(f"http://127.0.0.1:{port or wall.port}/?lang={lang}")
        page.wait_for_selector("main.stream-live #map .solid", timeout=30_000)
        return page

    return open_


@pytest.fixture
def becomes(page: Page) -> Callable[..., None]:
    """`becomes(selector, text)`: waits until an element's text holds that; else the test fails with what it held."""

    def wait(selector: str, text: str, *, within: float = 15.0) -> None:
        wait_until(lambda: text in page.inner_text(selector), within=within, what=f"{selector} with {text!r}")

    return wait


@pytest.fixture
def call(page: Page) -> Callable[..., Any]:
    """`call(path, name, *arguments)`: calls a function of one of the open page's own modules; all in JSON."""

    def evaluate(path: str, name: str, *arguments: Any) -> Any:
        return page.evaluate(
            "async ([path, name, given]) => {"
            " const main = document.querySelector('script[type=module]').src;"
            " const module = await import(main.replace(/main\\.js$/, path));"
            " return await module[name](...given); }",
            [path, name, list(arguments)],
        )

    return evaluate
