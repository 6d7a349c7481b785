"""The private database servers: what they say they are, what survives, and who may have them."""

import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from simulators.servers.database import ROOT, Kind, Private, choose_database
from simulators.servers.process import Child, ServerError, alive
from tests.conftest import OwnDatabase, cloned

Eventually = Callable[..., Any]


@pytest.fixture(scope="module", params=["timescaledb", "embedded"])
def bare(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, timescaledb_root: Path
) -> Iterator[Private]:
    """A cluster made by initdb, stopped; each test works on a copy, which takes a tenth of the time."""
    server = private(tmp_path_factory.mktemp("bare"), request.param, timescaledb_root)
    server.start()
    server.stop()
    yield server
    server.wipe()


@pytest.fixture
def server(bare: Private, tmp_path: Path, timescaledb_root: Path) -> Iterator[Private]:
    server = private(tmp_path, bare.kind, timescaledb_root)
    server.cluster.copy(bare.cluster)
    yield server
    server.stop()
    server.wipe()


def private(home: Path, kind: Kind, root: Path) -> Private:
    server = choose_database(home, want=kind, root=root, memory="32MB", environ={})
    assert isinstance(server, Private)
    return server


def ask(url: str, query: str) -> Any:
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute(query).fetchone()
        assert row
        return row[0]


def test_says_what_it_is_and_keeps_committed_rows_over_stop_and_crash(server: Private) -> None:
    first = server.start()
    if server.kind == "timescaledb":
        assert re.fullmatch(r"TimescaleDB 2\.\d+\.\d+ \(Apache\) on PostgreSQL 17\.\d+", first.name)
        assert ask(first.url, "select extversion from pg_extension where extname = 'timescaledb'") in first.name
    else:
        assert re.fullmatch(r"PostgreSQL 18\.\d+ without TimescaleDB \(embedded, demonstration only\)", first.name)
    assert ask(first.url, "show server_version").split()[0] in first.name
    with psycopg.connect(first.url) as conn:
        conn.execute("create table kept as select 1 as n")
    server.stop()
    assert server.start() == first
    with psycopg.connect(first.url) as conn:
        conn.execute("insert into kept values (2)")
    server.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(first.url, connect_timeout=2)
    assert server.start() == first
    assert ask(first.url, "select array_agg(n order by n) from kept") == [1, 2]


def test_is_durable_private_and_asks_for_its_password(server: Private, tmp_path: Path) -> None:
    url = server.start().url
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "track_commit_timestamp"):
        assert ask(url, f"show {setting}") == "on"
    assert ask(url, "show listen_addresses") == "127.0.0.1"
    assert ask(url, "show unix_socket_directories") == ""
    assert ask(url, "select array_agg(distinct auth_method) from pg_hba_file_rules") == ["scram-sha-256"]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url, password="guess")
    password = url.split(":")[2].split("@")[0]
    files = [f for f in tmp_path.rglob("*") if f.is_file() and password in f.read_text(errors="replace")]
    assert [stat.filemode(f.stat().st_mode) for f in files] == ["-rw-------"]


def test_a_second_run_on_the_same_data_is_refused(server: Private, tmp_path: Path, timescaledb_root: Path) -> None:
    url = server.start().url
    second = private(tmp_path, server.kind, timescaledb_root)
    with pytest.raises(ServerError, match=rf"in use by another run \(process {os.getpid()}\)"):
        second.start()
    assert ask(url, "select 1") == 1
    with pytest.raises(ServerError, match="stop it first"):
        server.wipe()


def test_a_stale_pid_file_with_a_living_strangers_number_is_no_obstacle(server: Private) -> None:
    server.start()
    server.kill()
    file = server.cluster.data / "postmaster.pid"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert ask(server.start().url, "select 1") == 1


def test_a_port_in_use_is_left_to_its_holder(server: Private, tmp_path: Path, timescaledb_root: Path) -> None:
    first = server.start()
    server.stop()
    port = server.cluster.home.port
    with socket.create_server(("127.0.0.1", port)):
        again = private(tmp_path, server.kind, timescaledb_root)
        url = again.start().url
        assert ask(url, "select 1") == 1
        assert f":{port}/" not in url
        again.stop()
    assert first.url != url


@pytest.mark.parametrize("victim", ["parent", "guard"])
def test_the_server_does_not_outlive_a_parent_or_guard_that_was_killed(
    server: Private, victim: str, eventually: Eventually, tmp_path: Path
) -> None:
    root = server.cluster.installation.root
    code = f"""
import concurrent.futures, json, sys
from pathlib import Path
from simulators.servers.database import choose_database
server = choose_database(Path({str(tmp_path)!r}), want={server.kind!r}, memory="32MB", environ={{}},
                         root=Path({str(root)!r}))
with concurrent.futures.ThreadPoolExecutor(1) as pool:  # the thread that forks ends: that alone must stop nothing
    url = pool.submit(server.start).result().url
child = server.cluster.child
print(json.dumps([url, child.pid, child._guard.pid]), flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        url, postmaster, guard = json.loads(parent.stdout.readline())
        with psycopg.connect(url) as conn:
            conn.execute("create table kept as select 1 as n")
        os.kill(parent.pid if victim == "parent" else guard, signal.SIGKILL)
        eventually(lambda: not alive_and_well(postmaster), within=20, what=f"the end of the postmaster {postmaster}")
        parent.kill()
    assert ask(server.start().url, "select n from kept") == 1


def alive_and_well(pid: int) -> bool:
    """A zombie that nobody has reaped yet does not count."""
    return alive(pid) and "zombie" not in Path(f"/proc/{pid}/status").read_text()


def test_takes_the_best_that_can_be_had_and_says_why(timescaledb_root: Path, tmp_path: Path) -> None:
    best = choose_database(tmp_path, root=timescaledb_root, environ={})
    assert best.kind == "timescaledb"
    assert best.why == "It is installed in a private root, and PARK_DATABASE_URL is not set."
    lesser = choose_database(tmp_path, environ={})
    assert lesser.kind == "embedded"
    assert "PARK_DATABASE_URL is not set" in lesser.why
    assert f"no TimescaleDB in {tmp_path / ROOT}" in lesser.why


def test_a_forced_database_that_cannot_be_had_is_an_error_not_a_lesser_one(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"'timescaledb' was asked for .* there is no TimescaleDB"):
        choose_database(tmp_path, want="timescaledb", environ={})
    with pytest.raises(ServerError, match="PARK_DATABASE_URL is not set"):
        choose_database(tmp_path, want="given", environ={})
    with pytest.raises(ServerError, match="no database is called 'oracle'"):
        choose_database(tmp_path, want="oracle", environ={})  # type: ignore[arg-type]


def test_a_half_made_root_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    programs = tmp_path / ROOT / "usr/lib/postgresql/17/bin"
    programs.mkdir(parents=True)
    (programs / "postgres").touch(mode=0o755)
    assert choose_database(tmp_path, environ={}).kind == "embedded"


def test_the_named_database_is_used_as_it_is(database_server: str, tmp_path: Path) -> None:
    with cloned(database_server, "template0") as url:
        given = choose_database(tmp_path, environ={"PARK_DATABASE_URL": url})
        assert "(extension not yet created)" in given.start().name
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("create extension timescaledb")
        running = given.start()
        assert re.match(r"TimescaleDB \d.* \(Apache\) on PostgreSQL 17", running.name)
        assert (running.url, running.why) == (url, "PARK_DATABASE_URL names it.")
        for forbidden in (given.kill, given.wipe):
            with pytest.raises(ServerError, match="not ours"):
                forbidden()
        given.stop()
        assert ask(url, "select 1") == 1


def test_a_named_database_that_does_not_answer_is_an_error_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://park:secret-word@127.0.0.1:1/park"
    with pytest.raises(ServerError, match=r"no database answers at 127\.0\.0\.1:1/park") as caught:
        choose_database(tmp_path, environ={"PARK_DATABASE_URL": url}).start()
    assert "secret-word" not in str(caught.value)


def test_each_test_has_a_migrated_database_of_its_own(database: str, empty_database: str) -> None:
    tables = "select count(*) from pg_class where relnamespace = to_regnamespace('smartpark')"
    assert ask(database, tables) > 5
    assert ask(empty_database, tables) == 0


def test_a_server_of_ones_own_can_be_killed_and_comes_back_migrated(own_database: OwnDatabase) -> None:
    url = own_database.url
    own_database.kill()
    own_database.start()
    assert own_database.url == url
    assert ask(url, "select count(*) from smartpark.schema_version") > 0


def test_no_password_stands_on_a_command_line(own_database: OwnDatabase, tmp_path: Path) -> None:
    """Every user of this machine can read them."""
    child = Child("sleeper", log=tmp_path / "sleeper.log")
    child.start(["/bin/sleep", "60"], env={"PARK_DATABASE_URL": own_database.url})
    lines = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            lines.append((process / "cmdline").read_bytes())
    child.kill()
    password = own_database.url.split(":")[2].split("@")[0].encode()
    assert any(b"guard.py" in line for line in lines)
    assert not [line for line in lines if password in line]
