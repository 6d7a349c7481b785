"""Mosquitto as a private child process: config, access list and hashed passwords are written at every start."""

import subprocess
from pathlib import Path

from simulators.servers.mqtt import ROLES, ask_version
from simulators.servers.process import Child, Home, ServerError, account, private_folder, program, until, write_private

READY_WITHIN_S = 20.0

# Paths are relative to the folder it starts in, which its user need only enter, not reach from above: PARK_HOME may be
# below /root. No websockets: their listener ignores its bind address.
CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous false
password_file passwords
acl_file acl
persistence true
persistence_location ./
autosave_interval 1
max_queued_messages 0
max_inflight_messages {inflight}
message_size_limit 1048576
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
log_type notice
"""


def obstacle() -> str | None:
    """Why Mosquitto can't serve, or None."""
    if not program("mosquitto") or not program("mosquitto_passwd"):
        return "Mosquitto is not installed (make demo installs it on Debian, as root; brew install mosquitto on macOS)"
    return None


class Mosquitto:
    """One private Mosquitto: the same sessions, queues and port after `stop` or `kill` and `start`."""

    kind = "mosquitto"

    def __init__(self, home: Path, *, inflight: int, acl: str) -> None:
        self.home = Home(home)
        self.inflight = inflight
        self.acl = acl
        self.user = account("mosquitto", "nobody")
        self.child = Child("Mosquitto", log=self.home.folder / "mosquitto.log")

    def start(self) -> str:
        """Returns what it says it is once it answers. ServerError when it can't start."""
        self.home.hold()
        try:
            folder = self._configure()
            self.child.start(
                [str(program("mosquitto")), "-c", "mosquitto.conf"],
                cwd=str(folder),
                user=self.user,
                keep=[self.home.lock_fd],
            )
            version = ""

            def answers() -> bool:
                nonlocal version
                self.child.check()
                version = ask_version(self.url("collector")) or ""
                return bool(version)

            until(answers, within_s=READY_WITHIN_S, what="Mosquitto to answer")
        except BaseException:
            self.child.forget()
            self.home.release()
            raise
        return version

    def url(self, role: str) -> str:
        """mqtt://role:password@host:port, after `start`."""
        return f"mqtt://{role}:{self.home.password(role)}@127.0.0.1:{self.home.port}"

    def _configure(self) -> Path:
        folder = private_folder(self.home.folder / "mosquitto", owner=self.user)
        config = CONFIG.format(port=self.home.choose_port(), inflight=self.inflight)
        write_private(folder / "mosquitto.conf", config, owner=self.user)
        write_private(folder / "acl", self.acl, owner=self.user)
        passwords = self.home.folder / "passwords"
        write_private(passwords, "".join(f"{role}:{self.home.password(role)}\n" for role in ROLES))
        # -U hashes in place: a password on a command line could be read by every user of this machine.
        done = subprocess.run(
            [str(program("mosquitto_passwd")), "-U", str(passwords)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ServerError(f"mosquitto_passwd failed: {done.stderr.strip()}")
        write_private(folder / "passwords", passwords.read_text(), owner=self.user)
        passwords.unlink()
        return folder
