"""A fresh TimescaleDB community database per test: WebAssembly behind a socket, so that what only this edition can do
is executed and not believed."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PARK_HOME = Path(os.environ.get("PARK_HOME") or HERE.parent.parent / ".park").absolute()
MIGRATED_AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def community_bridge() -> Iterator[Callable[[], str]]:
    """Called, it gives the URL of a new, empty community database, in place of the one before.

    It has one session: a second connection waits until the first one is closed.
    """
    node, folder = shutil.which("node"), PARK_HOME / "pglite"
    if node is None or not folder.exists():
        pytest.fail("the tests need TimescaleDB community: `make test` installs it (tests/community/install.sh)")
    with subprocess.Popen(
        [node, HERE / "bridge.mjs", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as bridge:
        stdin, stdout = bridge.stdin, bridge.stdout
        assert stdin and stdout

        def fresh() -> str:
            print("fresh", file=stdin, flush=True)
            line = stdout.readline()
            assert line, f"the bridge ended with {bridge.wait()}"
            about = json.loads(line)
            assert about["licence"] == "timescale", about
            return f"postgresql://postgres@127.0.0.1:{about['port']}/postgres?sslmode=disable&gssencmode=disable"

        yield fresh
        stdin.close()  # its sign to end


@pytest.fixture
def empty_community(community_bridge: Callable[[], str]) -> str:
    """The URL of this test's own community database: the extension, and no schema of ours."""
    return community_bridge()


@pytest.fixture
def community(empty_community: str) -> str:
    """The URL of this test's own migrated community database."""
    from pipeline.store.schema import migrate

    assert migrate(empty_community, now=MIGRATED_AT).edition == "community"
    return empty_community
