"""Chooses the MQTT broker of a demonstration or a test and says which and why: yours, else Mosquitto, else NATS Server
from a wheel. Never a lesser one in silence."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import urlsplit

from simulators.servers import mosquitto, nats
from simulators.servers.mqtt import ROLES, answers, ask_version
from simulators.servers.process import Child, Home, ServerError

Kind = Literal["given", "mosquitto", "nats"]
KINDS: tuple[Kind, ...] = ("given", "mosquitto", "nats")
VARIABLE = "PARK_MQTT_URL"
ACL = Path(__file__).parents[2] / "deploy/mosquitto/acl"  # one access list, for production and here
INBOX = 2000  # messages


@dataclass(frozen=True)
class Broker:
    """A running broker. `name` begins with the product's name; `urls` has one URL, with credentials, per role:
    `collector`, `simulator`, `device`."""

    kind: Kind
    name: str
    urls: Mapping[str, str]
    why: str


class BrokerServer(Protocol):
    """A broker that was chosen; `start` may be called again after `stop` and `kill`: same sessions, same port."""

    kind: Kind
    why: str

    def start(self) -> Broker:
        """Returns when it answers. ServerError when it does not."""

    def stop(self) -> None:
        """Stops it cleanly; sessions and queues stay."""

    def kill(self) -> None:
        """Ends it as a crash would (SIGKILL). ServerError where it isn't ours to kill."""

    def wipe(self) -> None:
        """Throws its sessions and queues away, while stopped. ServerError where they aren't ours."""


class Program(Protocol):
    """What Mosquitto and NATS have in common."""

    home: Home
    child: Child

    def start(self) -> str:
        """Starts it and returns its name and version."""

    def url(self, role: str) -> str:
        """Where this role connects."""


@dataclass
class Given:
    """The broker that PARK_MQTT_URL names: used by every role, never started, stopped or wiped."""

    url: str
    kind: Kind = "given"
    why: str = f"{VARIABLE} names it."

    def start(self) -> Broker:
        """Connects once, to learn what it is."""
        parts = urlsplit(self.url)
        where = f"{parts.hostname}:{parts.port or 1883}"
        name = ask_version(self.url)
        if name is None and not answers(self.url):
            raise ServerError(f"no MQTT broker lets us in at {where} ({VARIABLE}): check host, port, user and password")
        return Broker(self.kind, name or f"MQTT broker at {where}", dict.fromkeys(ROLES, self.url), self.why)

    def stop(self) -> None:
        """Not ours: nothing to do."""

    def kill(self) -> None:
        """Not ours: ServerError."""
        raise ServerError(f"the broker in {VARIABLE} is not ours to kill")

    def wipe(self) -> None:
        """Not ours: ServerError."""
        raise ServerError(f"the broker in {VARIABLE} is not ours to wipe")


@dataclass
class Private:
    """A broker of our own."""

    kind: Kind
    why: str
    program: Program

    def start(self) -> Broker:
        """Starts it on the port of last time, where that is free."""
        name = self.program.start()
        if self.kind == "nats":
            name += " (embedded)"
        return Broker(self.kind, name, {role: self.program.url(role) for role in ROLES}, self.why)

    def stop(self) -> None:
        """Writes what it holds, and ends."""
        self.program.child.stop()
        self.program.home.release()

    def kill(self) -> None:
        """SIGKILL: what was not yet written is lost. The home stays ours."""
        self.program.child.kill()

    def wipe(self) -> None:
        """Removes its folder, passwords and port included."""
        if self.program.child.running():
            raise ServerError("a running broker can't be wiped: stop it first")
        self.program.home.hold()
        shutil.rmtree(self.program.home.folder)
        self.program.home.release()


def choose_broker(
    park_home: Path,
    *,
    want: Kind | None = None,
    name: str = "broker",
    inbox: int = INBOX,
    environ: Mapping[str, str] = os.environ,
) -> BrokerServer:
    """The first of given, mosquitto, nats that can be had, not started yet; its home is PARK_HOME/`name`-KIND.

    `want` forces one: ServerError when it can't be had. `inbox` is how many messages a subscriber may leave un-acked.
    """
    obstacles = {
        "given": None if environ.get(VARIABLE) else f"{VARIABLE} is not set",
        "mosquitto": mosquitto.obstacle(),
        "nats": nats.obstacle(),
    }
    if want is not None and want not in KINDS:
        raise ServerError(f"no broker is called {want!r}: choose one of {', '.join(KINDS)}")
    if want and obstacles[want]:
        raise ServerError(f"the broker {want!r} was asked for and can't be had: {obstacles[want]}")
    kind = want or next((k for k in KINDS if not obstacles[k]), None)
    if kind is None:
        raise ServerError("no broker can be had: " + "; ".join(f"{k}: {v}" for k, v in obstacles.items()))
    if kind == "given":
        return Given(environ[VARIABLE])
    home = park_home.absolute() / f"{name}-{kind}"
    program: Program
    if kind == "mosquitto":
        why = f"It is installed, and {obstacles['given']}."
        program = mosquitto.Mosquitto(home, inflight=inbox, acl=ACL.read_text())
    else:
        why = f"Nothing better can be had: {obstacles['given']}; {obstacles['mosquitto']}."
        program = nats.Nats(home, inflight=inbox)
    if want:
        why = f"It was asked for by name ({want})."
    return Private(kind, why, program)
