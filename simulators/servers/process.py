"""One server as our child: its lock, its port, its log, its life from start to stop, whatever the server is."""

import contextlib
import fcntl
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

GRACE_S = 20.0  # what a server gets to stop by itself; PostgreSQL's fast shutdown writes a checkpoint
POLL_S = 0.02
LOG_TAIL_LINES = 8


class ServerError(Exception):
    """A server could not be chosen, started or stopped; the message says which, why, and what to do."""


@dataclass(frozen=True)
class Account:
    """The system user a server runs as."""

    name: str
    uid: int
    gid: int


def account(*names: str) -> Account | None:
    """The first of these system users that exists, or None when we aren't root and can only run as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in names:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise ServerError(f"none of the system users {', '.join(names)} exists, and this server does not run as root")


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now; 0 is always free."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody holds at this moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def until(done: Callable[[], bool], *, within_s: float, what: str) -> None:
    """Returns once `done()` is true; ServerError naming `what` when that takes longer than `within_s`."""
    deadline = time.monotonic() + within_s
    while not done():
        if time.monotonic() > deadline:
            raise ServerError(f"waited {within_s:.0f} s in vain for {what}")
        time.sleep(POLL_S)


def write_private(path: Path, text: str, *, owner: Account | None = None) -> None:
    """Writes a file that its owner alone can read (0600), never half of it."""
    new = path.with_name(path.name + ".new")
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as f:
        if owner:
            os.fchown(fd, owner.uid, owner.gid)
        f.write(text)
    new.replace(path)


def private_folder(path: Path, *, owner: Account | None = None) -> Path:
    """Makes this folder, its owner's alone (0700)."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    if owner:
        os.chown(path, owner.uid, owner.gid)
    return path


class Home:
    """A server's folder: who holds it, its passwords, the port it keeps from one run to the next."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.port = 0
        self.lock_fd = -1

    def hold(self) -> None:
        """Takes the folder for us; ServerError when another process has it. A dying owner's server is waited for."""
        if self.lock_fd >= 0:
            return
        private_folder(self.folder)
        fd = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            until(
                lambda: self._locked(fd), within_s=GRACE_S + 10, what=f"the server of an earlier run in {self.folder}"
            )
        except BaseException:
            os.close(fd)
            raise
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)
        self.lock_fd = fd

    def _locked(self, fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = int(os.pread(fd, 20, 0) or b"0")
            if owner and alive(owner):  # otherwise only its guard is left, which stops the server and lets go
                raise ServerError(
                    f"{self.folder} is in use by another run (process {owner}): stop that one first, "
                    "or give this one a PARK_HOME of its own"
                ) from None
            return False
        return True

    def release(self) -> None:
        """Lets go of the folder."""
        if self.lock_fd >= 0:
            os.close(self.lock_fd)
            self.lock_fd = -1

    def choose_port(self) -> int:
        """The port to listen on: this object's earlier one, else the last run's where it is free, else a new one."""
        if self.port:
            until(
                lambda: port_is_free(self.port), within_s=5, what=f"port {self.port} of {self.folder} to be free again"
            )
            return self.port
        path = self.folder / "port"
        with contextlib.suppress(FileNotFoundError, ValueError):
            self.port = int(path.read_text())
        if not self.port or not port_is_free(self.port):
            self.port = free_port()
            path.write_text(str(self.port))
        return self.port

    def password(self, role: str) -> str:
        """This role's password, made on first use and kept in a file that only we can read."""
        path = self.folder / f"{role}.password"
        with contextlib.suppress(FileNotFoundError):
            if word := path.read_text().strip():
                return word
        word = secrets.token_urlsafe(24)
        write_private(path, word + "\n")
        return word


def alive(pid: int) -> bool:
    """Whether a process has this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Child:
    """A process under a guard (guard.py): it dies with us, and what it prints goes to a log."""

    def __init__(self, name: str, *, log: Path, stop_signal: signal.Signals = signal.SIGTERM) -> None:
        self.name = name
        self.log = log
        self.stop_signal = stop_signal
        self.pid = 0
        self._guard: subprocess.Popen[bytes] | None = None

    def start(
        self,
        argv: Sequence[str],
        *,
        cwd: str = "/",
        root: Path | None = None,
        user: Account | None = None,
        keep: Sequence[int] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Starts `argv` in `cwd`, both as seen from inside `root`, as `user`, with nothing of our environment but
        `env`. The file descriptors in `keep` stay open until it has ended, however we end. ServerError if it can't."""
        if self.running():
            raise ServerError(f"{self.name} is running already (process {self.pid})")
        with contextlib.suppress(FileNotFoundError):
            self.log.replace(self.log.with_suffix(".log.1"))
        order = {
            "argv": list(argv),
            "cwd": cwd,
            "root": str(root) if root else None,
            "uid": user.uid if user else None,
            "gid": user.gid if user else None,
            "env": {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", **(env or {})},
            "stop": int(self.stop_signal),
            "grace_s": GRACE_S,
            "keep": list(keep),
        }
        guard = Path(__file__).with_name("guard.py")
        with self.log.open("wb") as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(guard)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=keep,
                start_new_session=True,
            )
        assert self._guard.stdin  # noqa: S101
        assert self._guard.stdout  # noqa: S101
        self._guard.stdin.write(json.dumps(order).encode() + b"\n")
        self._guard.stdin.flush()
        with self._guard.stdout as answer:
            line = answer.readline()
        if not line:
            self.forget()
            raise ServerError(f"{self.name} could not be started: {self.last_words()}")
        self.pid = int(line)

    def running(self) -> bool:
        """Whether it still runs."""
        return self._guard is not None and self._guard.poll() is None

    def check(self) -> None:
        """ServerError with the end of its log when it has ended."""
        if not self.running():
            raise ServerError(f"{self.name} stopped by itself: {self.last_words()}")

    def wait(self, within_s: float) -> int:
        """Its exit code; ServerError when it takes longer."""
        if self._guard is None:
            return 0
        try:
            return self._guard.wait(within_s)
        except subprocess.TimeoutExpired:
            raise ServerError(f"{self.name} (process {self.pid}) has not ended within {within_s:.0f} s") from None

    def signal(self, number: signal.Signals) -> None:
        """Sends it a signal, unless it has ended."""
        if self.running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def stop(self) -> None:
        """Asks it to stop, waits, and insists by SIGKILL after GRACE_S: then it raises ServerError all the same."""
        self.signal(self.stop_signal)
        try:
            self.wait(GRACE_S)
        except ServerError:
            self.kill()
            raise
        self.forget()

    def kill(self) -> None:
        """Ends it at once, as a crash would."""
        self.signal(signal.SIGKILL)
        self.wait(GRACE_S)
        self.forget()

    def forget(self) -> None:
        """Closes our end of the pipe, once it has ended or to let the guard end it."""
        if self._guard:
            if self._guard.stdin:
                self._guard.stdin.close()
            self._guard.wait(GRACE_S + 5)
            self._guard = None

    def last_words(self) -> str:
        """The end of its log, in one line."""
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return " | ".join(lines[-LOG_TAIL_LINES:]) or f"it said nothing in {self.log}"


def program(*names: str) -> str | None:
    """The first of these programs that is installed, also where a plain user's PATH doesn't look."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"])
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    return None
