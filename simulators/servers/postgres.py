"""A private PostgreSQL cluster as a child process: made on first start, on a port and with a password of its own."""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from simulators.servers.process import (
    GRACE_S,
    POLL_S,
    Account,
    Child,
    Home,
    ServerError,
    alive,
    private_folder,
    until,
    write_private,
)

READY_WITHIN_S = 60.0  # after a crash it replays up to max_wal_size first
INITDB_WITHIN_S = 60.0
USER = "park"
DATABASE = "park"

# Durability is not up for sale here: fsync and synchronous_commit stay on, or crash tests would prove nothing.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "jit": "off",  # compiling costs more than it saves on queries of some milliseconds
    "track_commit_timestamp": "on",  # the latency from publish to commit is measured with it
    "dynamic_shared_memory_type": "mmap",  # in the data folder: /dev/shm is small in containers, absent in a chroot
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class Installation:
    """A PostgreSQL's programs and the ground its clusters stand on, as we see them and as the server sees them."""

    programs: str
    ground: Path
    root: Path | None = None
    user: Account | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    def inside(self, path: Path) -> str:
        """A path of ours as the server names it."""
        return str(Path("/") / path.relative_to(self.root)) if self.root else str(path)


def key(folder: Path) -> str:
    """A short name for a home, unique on this machine, for what can't be kept in the home itself."""
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]


def sweep(place: Path) -> None:
    """Removes the clusters in `place` whose home is gone, such as those of a test run that was killed."""
    for note in place.glob("*/home"):
        with contextlib.suppress(FileNotFoundError):
            pid = note.with_name("data") / "postmaster.pid"
            if not Path(note.read_text()).exists() and not (pid.exists() and alive(int(pid.read_text().split()[0]))):
                shutil.rmtree(note.parent, ignore_errors=True)


class Cluster:
    """One cluster: `start`, `stop`, `kill` and `start` again find the same data on the same port."""

    def __init__(self, home: Path, installation: Installation, *, memory: str = "512MB") -> None:
        self.home = Home(home)
        self.installation = installation
        self.settings = {**SETTINGS, "shared_buffers": memory, **installation.settings}
        self.child = Child("PostgreSQL", log=self.home.folder / "postgres.log", stop_signal=signal.SIGINT)

    @property
    def data(self) -> Path:
        """The data folder, as we see it."""
        return self.installation.ground / "data"

    @property
    def url(self) -> str:
        """Where psycopg finds it; only after `start`."""
        return f"postgresql://{USER}:{self.home.password(USER)}@127.0.0.1:{self.home.port}/{DATABASE}"

    def start(self) -> None:
        """Starts it and returns when it answers. ServerError when it can't, with the end of its log."""
        self.home.hold()
        try:
            if not (self.data / "PG_VERSION").exists():
                self._make()
            self._clear_leftovers()
            deadline = time.monotonic() + READY_WITHIN_S
            while not self._run(deadline):
                pass
            self._create_database()
        except BaseException:
            self.child.forget()
            self.home.release()
            raise

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, a checkpoint is written."""
        self.child.stop()
        self.home.release()

    def kill(self) -> None:
        """SIGKILL of the postmaster, as a crash: nothing is flushed. The home stays ours."""
        self.child.kill()

    def wipe(self) -> None:
        """Throws the data away; the cluster must have been stopped."""
        if self.child.running():
            raise ServerError("a running cluster can't be wiped: stop it first")
        self.home.hold()
        shutil.rmtree(self.installation.ground, ignore_errors=True)
        self.home.release()

    def copy(self, original: "Cluster") -> None:
        """Begins as a copy of another, stopped cluster of the same installation: data and password."""
        if original.child.running():
            raise ServerError("a running cluster can't be copied: stop it first")
        self.home.hold()
        self._ground()
        subprocess.run(["cp", "-a", str(original.data), str(self.data)], check=True)
        write_private(self.home.folder / f"{USER}.password", original.home.password(USER) + "\n")
        self.home.release()

    def _ground(self) -> None:
        ground = private_folder(self.installation.ground, owner=self.installation.user)
        (ground / "home").write_text(str(self.home.folder))

    def _make(self) -> None:
        """initdb into a folder beside the final one, then a rename: a half-made cluster is never taken for a whole."""
        self._ground()
        user, inside = self.installation.user, self.installation.inside
        new, password = self.data.with_name("data.new"), self.data.with_name("password")
        shutil.rmtree(new, ignore_errors=True)
        write_private(password, self.home.password(USER) + "\n", owner=user)
        initdb = Child("initdb", log=self.home.folder / "initdb.log")
        argv = [f"{self.installation.programs}/initdb", "-D", inside(new), "-U", USER, f"--pwfile={inside(password)}"]
        argv += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        initdb.start(argv, root=self.installation.root, user=user, keep=[self.home.lock_fd])
        code = initdb.wait(INITDB_WITHIN_S)
        initdb.forget()
        password.unlink()
        if code != 0:
            raise ServerError(f"initdb failed: {initdb.last_words()}")
        new.rename(self.data)

    def _clear_leftovers(self) -> None:
        """An earlier postmaster of this cluster, orphaned though it has a guard, is stopped; a pid file whose number
        now belongs to somebody else is removed. Both are safe because we hold the home."""
        path = self.data / "postmaster.pid"
        try:
            pid = int(path.read_text().split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return
        data = self.installation.inside(self.data)
        if is_postmaster(pid, data):
            os.kill(pid, signal.SIGINT)
            until(lambda: not is_postmaster(pid, data), within_s=GRACE_S, what=f"the end of PostgreSQL (process {pid})")
        path.unlink(missing_ok=True)

    def _run(self, deadline: float) -> bool:
        """Starts the postmaster and waits until it answers; False where another try is worth it: after a crash the
        killed postmaster's last children may hold the shared memory for a moment."""
        argv = [f"{self.installation.programs}/postgres", "-D", self.installation.inside(self.data)]
        argv += ["-p", str(self.home.choose_port())]
        for name, value in self.settings.items():
            argv += ["-c", f"{name}={value}"]
        self.child.start(argv, root=self.installation.root, user=self.installation.user, keep=[self.home.lock_fd])
        while time.monotonic() < deadline:
            if not self.child.running() and "shared memory block" in self.child.last_words():
                self.child.forget()
                time.sleep(POLL_S)
                return False
            self.child.check()
            with contextlib.suppress(psycopg.OperationalError), self._connect():
                return True
            time.sleep(POLL_S)
        raise ServerError(f"PostgreSQL does not answer after {READY_WITHIN_S:.0f} s: {self.child.last_words()}")

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        url = f"{self.url.rsplit('/', 1)[0]}/postgres"
        return psycopg.connect(url, connect_timeout=5, autocommit=True)

    def _create_database(self) -> None:
        with self._connect() as conn:
            if not conn.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
                conn.execute(f"create database {DATABASE}")  # a constant of ours


def is_postmaster(pid: int, data: str) -> bool:
    """Whether this process is a postmaster on this data folder (as it was named on its command line)."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except FileNotFoundError:  # gone, or a system without /proc
        ps = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
        line = ps.stdout
    return "postgres" in line and f"-D {data} " in line
