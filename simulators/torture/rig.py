"""The real stack of a torture: servers, proxies and processes of its own, and what each fault does to them."""

import os
import signal
import threading
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random

from pipeline.domain.errors import ConfigurationError
from pipeline.settings import Settings
from pipeline.store import parks, schema
from pipeline.store.database import connect
from simulators.servers import broker as brokers
from simulators.servers import database as databases
from simulators.servers.process import ServerError, alive, free_port
from simulators.servers.proxy import Proxy
from simulators.stack import Stack, wait_ready
from simulators.torture.plan import COLLECTORS, DEVICE_LINKS, Fault
from simulators.torture.town import park, speakers

READY_S = 60.0
STOP_S = 40.0  # a collector drains for up to 20 s, and a database that is away takes its time to be noticed
SPOOL_MB = 2  # small enough to be filled by a long outage
STALL_S, BREATH_S = (0.1, 1.5), (0.02, 0.4)  # a slow disk: everything stands still for so long, then runs for so long


class Rig:
    """start, then begin and end faults from any thread (never two at once on one target), then close."""

    def __init__(self, home: Path, settings: Settings) -> None:
        self.folder, self._settings = home, settings
        self._servers = ExitStack()
        self._stalls: dict[Fault, tuple[threading.Event, threading.Thread]] = {}
        self.links: dict[str, Proxy] = {}
        self._ports: dict[str, int] = {}
        park_home = settings.home.absolute()
        self._database = databases.choose_database(park_home, name="torture-database", environ={})
        self._broker = brokers.choose_broker(park_home, name="torture-broker", inbox=settings.inbox, environ={})
        if self._database.kind != "timescaledb" or self._broker.kind != "mosquitto":
            raise ConfigurationError(f"torture needs servers that it may kill: {self._database.why} {self._broker.why}")

    def start(self) -> None:
        """Servers with nothing in them, the park, the processes, everything ready."""
        self._database.wipe()
        self._broker.wipe()
        self.database = self._database.start()
        self._servers.callback(self._database.stop)
        self.broker = self._broker.start()
        self._servers.callback(self._broker.stop)
        now = self._settings.clock.now()
        schema.migrate(self.database.url, now=now, settings=self._settings)
        with connect(self.database.url, application="park torture") as conn:
            parks.apply(conn, park(speakers()), now=now)
        broker_port, database_port = _port(self.broker.urls["device"]), _port(self.database.url)
        targets = dict.fromkeys(DEVICE_LINKS, broker_port)
        for name in COLLECTORS:
            targets |= {f"{name}:broker": broker_port, f"{name}:database": database_port}
        for link, target in targets.items():
            self.links[link] = Proxy(target)
            self._servers.callback(self.links[link].close)
        self._start_processes()

    def device_urls(self) -> dict[str, str]:
        """The broker's address for devices, by network link."""
        url = self.broker.urls["device"]
        return {link: _through(self.links[link], url) for link in DEVICE_LINKS}

    def begin(self, fault: Fault) -> None:
        """Strikes."""
        kind, target = fault.kind, fault.target
        if target in self.links:
            self._disturb(fault)
        elif kind.startswith("slow-disk"):
            self._stall(fault)
        elif target == "broker":
            self._broker.kill()
        elif kind == "kill-database":
            self._database.kill()
        elif kind == "stop-database":
            with suppress(ServerError):  # it did not stop in time and was killed, as a supervisor would
                self._database.stop()
        else:
            self._strike_process(fault)

    def end(self, fault: Fault) -> None:
        """Heals what `begin` did; returns when that is done."""
        kind, target = fault.kind, fault.target
        if target in self.links:
            if fault.way == "cut":
                self.links[target].cut(reset=True)
            self.links[target].heal()
        elif kind.startswith("slow-disk"):
            over, thread = self._stalls.pop(fault)
            over.set()
            thread.join()
        elif target == "broker":
            self._broker.start()
        elif target == "database":
            self._database.start()
        elif kind == "pause-collector":
            self._stack.members[target].child.signal(signal.SIGCONT)
        else:
            self._stack.again(target)

    def fallen(self) -> list[str]:
        """Processes that ended by themselves; to be asked while no fault is under way."""
        members = self._stack.members.values()
        return [f"{m.name} ended by itself: {m.child.last_words()}" for m in members if not m.child.running()]

    def spooled(self) -> int:
        """How many messages wait on the collectors' disk; 1 where one does not say."""
        waiting = 0.0
        for port in self._ports.values():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                    lines = answer.read().decode().splitlines()
            except OSError:
                return 1
            waiting += sum(float(line.split()[-1]) for line in lines if line.startswith("park_spool_messages{"))
        return round(waiting)

    def stop_processes(self) -> list[str]:
        """Stops collectors and engine in good order; what would not is named."""
        return self._stack.close()

    def close(self) -> None:
        """Ends everything that is left."""
        with suppress(AttributeError):  # never started
            self._stack.close()
        self._servers.close()

    def wipe(self) -> None:
        """Throws the servers' data away, after `close`."""
        self._database.wipe()
        self._broker.wipe()

    def _start_processes(self) -> None:
        env = {
            "PARK_SECRETS": str(self.folder / "secrets"),
            "PARK_HOME": str(self._settings.home.absolute()),
            "PARK_SPOOL": str(self.folder / "spool"),
            "PARK_SPOOL_MB": str(SPOOL_MB),
            "PARK_INBOX": str(self._settings.inbox),
            "PARK_LOG_LEVEL": self._settings.log_level,
            "PARK_DATABASE_URL": self.database.url,
        }
        self._stack = Stack(self.folder, env)
        self._stack.start("secrets", "secrets")
        self._stack.members.pop("secrets").child.wait(READY_S)
        for name in COLLECTORS:
            self._ports[name] = free_port()
            own = {
                "PARK_METRICS_PORT": str(self._ports[name]),
                "PARK_DATABASE_URL": _through(self.links[f"{name}:database"], self.database.url),
                "PARK_MQTT_URL": _through(self.links[f"{name}:broker"], self.broker.urls["collector"]),
            }
            self._stack.start(name, "collect", env=own)
        self._stack.start("engine", "engine")
        for name, port in self._ports.items():
            wait_ready(f"http://127.0.0.1:{port}/readyz", within_s=READY_S, what=f"{name} is not ready; see its log")

    def _disturb(self, fault: Fault) -> None:
        proxy = self.links[fault.target]
        if fault.kind.startswith("cut"):
            proxy.cut(reset=fault.way == "reset")
        elif fault.kind.startswith("half-open"):
            proxy.freeze()
        elif fault.kind.startswith("one-way"):
            proxy.freeze("back" if fault.way == "there" else "there")
        else:
            proxy.slow(float(fault.way))

    def _strike_process(self, fault: Fault) -> None:
        child = self._stack.members[fault.target].child
        child.check()  # ServerError where it ended by itself before
        if fault.kind == "pause-collector":
            child.signal(signal.SIGSTOP)
        elif fault.kind == "stop-collector":
            child.signal(signal.SIGTERM)
            try:
                child.wait(STOP_S)
            except ServerError:
                child.kill()  # as a supervisor would
        else:
            child.kill()

    def _stall(self, fault: Fault) -> None:
        """A disk that hangs again and again, as its users feel it: whatever needs it stands still in mid-step."""
        pids = self._broker_pids if fault.target == "broker" else self._database_pids
        over = threading.Event()
        thread = threading.Thread(target=_hang, args=(pids, over, Random(f"{fault}")), daemon=True)
        self._stalls[fault] = over, thread
        thread.start()

    def _broker_pids(self) -> list[int]:
        return [self._broker.program.child.pid] if isinstance(self._broker, brokers.Private) else []

    def _database_pids(self) -> list[int]:
        if not isinstance(self._database, databases.Private):
            return []
        postmaster = self._database.cluster.child.pid
        return [postmaster, *_children(postmaster)]


def _hang(pids: Callable[[], list[int]], over: threading.Event, rng: Random) -> None:
    while not over.is_set():
        stopped = pids()
        try:
            for pid in stopped:
                _signal(pid, signal.SIGSTOP)
            over.wait(rng.uniform(*STALL_S))
        finally:
            for pid in stopped:
                _signal(pid, signal.SIGCONT)
        over.wait(rng.uniform(*BREATH_S))


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _children(parent: int) -> list[int]:
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(file.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(file.parent.name))
    return [pid for pid in found if alive(pid)]


def _port(url: str) -> int:
    return int(url.rsplit(":", 1)[1].split("/")[0])


def _through(proxy: Proxy, url: str) -> str:
    """The same address, by way of a proxy."""
    head, tail = url.rsplit(":", 1)
    _, slash, rest = tail.partition("/")
    return f"{head}:{proxy.port}{slash}{rest}"
