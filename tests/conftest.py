"""What the tests stand on: real servers, a database cloned per test, a browser that fails on errors, a proxy that cuts,
and waiting with a deadline."""

import contextlib
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from hypothesis import settings
from playwright.sync_api import Page, sync_playwright

from simulators.servers.broker import Broker, BrokerServer, choose_broker
from simulators.servers.database import ROOT, Private, choose_database, timescaledb_obstacle
from simulators.servers.process import Child, program
from simulators.servers.proxy import Proxy

# The same examples in each run, so that a change is told from luck; HYPOTHESIS_PROFILE=default looks for new ones.
settings.register_profile("steady", derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

T = TypeVar("T")
REPO = Path(__file__).parent.parent
PARK_HOME = Path(os.environ.get("PARK_HOME") or REPO / ".park").absolute()
MIGRATED_AT = datetime(2026, 1, 1, tzinfo=UTC)
POLL_S = 0.02
CHROMIUM = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    *("--remote-debugging-port=0", "--force-color-profile=srgb", "--hide-scrollbars"),
]


def wait_until(predicate: Callable[[], T], *, within: float = 10.0, what: str = "") -> T:
    """The first true value of `predicate()`, asked again and again for `within` seconds; else the test fails, naming
    `what` and the last value."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while not (value := predicate()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within:g} s: {what or predicate}; the last value was {value!r}")
        pause.wait(POLL_S)
    return value


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """`eventually(predicate, within=seconds, what="...")`: see wait_until."""
    return wait_until


# --- TimescaleDB -----------------------------------------------------------------------------------------------------


@dataclass
class OwnDatabase:
    """A TimescaleDB server of one test, to kill and to start again: same data, same `url`."""

    server: Private
    url: str = ""

    def start(self) -> None:
        self.url = self.server.start().url

    def stop(self) -> None:
        self.server.stop()

    def kill(self) -> None:
        self.server.kill()

    @property
    def port(self) -> int:
        return self.server.cluster.home.port


@pytest.fixture(scope="session")
def timescaledb_root() -> Path:
    """The private root with TimescaleDB; without one the tests that need it fail, they aren't skipped."""
    root = PARK_HOME / ROOT
    if obstacle := timescaledb_obstacle(root):
        pytest.fail(f"the tests need TimescaleDB: {obstacle}. `make test` sets it up.", pytrace=False)
    return root


def private_timescaledb(home: Path, root: Path) -> Private:
    """A TimescaleDB of the tests' own, not started, whatever PARK_DATABASE_URL says."""
    server = choose_database(home, want="timescaledb", root=root, memory="128MB", environ={})
    assert isinstance(server, Private)
    return server


@pytest.fixture(scope="session")
def prepared_cluster(tmp_path_factory: pytest.TempPathFactory, timescaledb_root: Path) -> Iterator[Private]:
    """A stopped cluster whose database is migrated: made once, copied by who needs a server."""
    from pipeline.store.schema import migrate

    server = private_timescaledb(tmp_path_factory.mktemp("prepared"), timescaledb_root)
    migrate(server.start().url, now=MIGRATED_AT)
    server.stop()
    yield server
    server.wipe()


@pytest.fixture(scope="session")
def database_server(tmp_path_factory: pytest.TempPathFactory, prepared_cluster: Private) -> Iterator[str]:
    """The URL of the session's server; its database `park` is the migrated template."""
    root = prepared_cluster.cluster.installation.root
    assert root
    server = private_timescaledb(tmp_path_factory.mktemp("session"), root)
    server.cluster.copy(prepared_cluster.cluster)
    url = server.start().url
    yield url
    server.stop()
    server.wipe()


@contextlib.contextmanager
def cloned(server_url: str, template: str) -> Iterator[str]:
    """A new database made from `template`, dropped afterwards whoever is still connected."""
    base = server_url.rsplit("/", 1)[0]
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{base}/postgres", autocommit=True) as conn:
        conn.execute(f"create database {name} template {template}")
    try:
        yield f"{base}/{name}"
    finally:
        with psycopg.connect(f"{base}/postgres", autocommit=True) as conn:
            conn.execute(f"drop database {name} with (force)")


@pytest.fixture
def database(database_server: str) -> Iterator[str]:
    """The URL of this test's own migrated TimescaleDB database."""
    with cloned(database_server, "park") as url:
        yield url


@pytest.fixture
def empty_database(database_server: str) -> Iterator[str]:
    """The URL of this test's own empty database: no schema, no extension yet."""
    with cloned(database_server, "template0") as url:
        yield url


@pytest.fixture
def own_database(tmp_path: Path, prepared_cluster: Private) -> Iterator[OwnDatabase]:
    """A migrated TimescaleDB *server* of this test's own, running, for stories with crashes."""
    root = prepared_cluster.cluster.installation.root
    assert root
    server = private_timescaledb(tmp_path / "own-database", root)
    server.cluster.copy(prepared_cluster.cluster)
    own = OwnDatabase(server)
    own.start()
    yield own
    server.stop()
    server.wipe()


# --- The broker ------------------------------------------------------------------------------------------------------


@dataclass
class OwnBroker:
    """A broker of one test, to kill and to start again: same sessions, same port."""

    server: BrokerServer
    running: Broker

    def url(self, role: str) -> str:
        """mqtt://role:password@127.0.0.1:port for `collector`, `simulator` or `device`."""
        return self.running.urls[role]

    @property
    def port(self) -> int:
        return int(self.url("collector").rsplit(":", 1)[1])

    def start(self) -> None:
        self.running = self.server.start()

    def stop(self) -> None:
        self.server.stop()

    def kill(self) -> None:
        self.server.kill()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[OwnBroker]:
    """A running Mosquitto of this test's own."""
    server = choose_broker(tmp_path / "own-broker", want="mosquitto", environ={})
    own = OwnBroker(server, server.start())
    yield own
    server.stop()


# --- The network -----------------------------------------------------------------------------------------------------


@pytest.fixture
def cut() -> Iterator[Callable[[int], Proxy]]:
    """`cut(port)` puts a Proxy in front of a port of this machine: `.port`, `.cut()`, `.freeze()`, `.heal()`."""
    proxies: list[Proxy] = []

    def put(port: int) -> Proxy:
        proxies.append(Proxy(port))
        return proxies[-1]

    yield put
    for proxy in proxies:
        proxy.close()


# --- The browser -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DevTools URL of a headless Chromium with a fresh profile.

    Not a Playwright object: its sync API keeps an event loop running in this thread, and no other test could run one.
    """
    chromium = program("chromium", "chromium-browser", "google-chrome")
    if chromium is None:
        pytest.fail("the tests need Chromium: `make test` installs it on Debian, as root", pytrace=False)
    folder = tmp_path_factory.mktemp("chromium")
    child = Child("Chromium", log=folder / "chromium.log")
    home = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    child.start([chromium, *CHROMIUM, f"--user-data-dir={folder / 'profile'}", "about:blank"], env=home)
    port = folder / "profile/DevToolsActivePort"

    def listening() -> str:
        child.check()
        return port.read_text() if port.exists() else ""

    number = wait_until(lambda: "\n" in listening() and listening(), within=30, what="Chromium's DevTools port")
    yield f"http://127.0.0.1:{str(number).splitlines()[0]}"
    child.stop()


@pytest.fixture
def console_errors() -> list[str]:
    """What the page complained of. A test that provokes an error on purpose takes it out of here."""
    return []


@pytest.fixture
def page(browser: str, console_errors: list[str]) -> Iterator[Page]:
    """A page of 1920 x 1080 in a context of its own; the test fails on console errors and uncaught exceptions."""
    with sync_playwright() as playwright:
        connected = playwright.chromium.connect_over_cdp(browser)
        context = connected.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
        page = context.new_page()
        page.on("console", lambda m: console_errors.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda e: console_errors.append(f"exception: {e}"))
        yield page
        context.close()
        connected.close()
    assert not console_errors, "the page complained: " + "; ".join(console_errors)
