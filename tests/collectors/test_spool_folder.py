"""A spool's folder that cannot be read, or that somebody cleared: the lane goes on, and nothing waits unseen."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from collectors.routes import SourceTable
from collectors.secrets import Keys
from collectors.spool import Spool
from collectors.spool_leftovers import Leftovers
from collectors.spool_segment import Kept
from pipeline.settings import Settings
from pipeline.store.spool import Position
from tests.conftest import wait_until

KEY = bytes(range(32))
ONE = Kept(b"park/v1/p/meter/m/readings", b"{}", datetime(2026, 11, 22, 1, 2, 3, 456789, UTC), False, 1)


def make(root: Path) -> Spool:
    return Spool(root, "meter", key=KEY, limit_bytes=2**20)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder in which nine messages lie."""
    spool = make(tmp_path)
    spool.append([ONE] * 9)
    spool.release()
    return tmp_path


def from_start(_segment: UUID) -> Position:
    return Position()


def test_a_folder_that_cannot_be_read_is_not_owned_until_it_can(written: Path) -> None:
    """Else what lies there would wait, unseen, until the next start."""
    root = written
    odd = root / "meter" / "000000000000.spool"
    odd.mkdir()  # opening it fails, as a disk does
    spool = make(root)
    with pytest.raises(OSError, match="directory"):
        spool.acquire()
    assert not spool.owned
    odd.rmdir()
    assert spool.acquire()
    assert spool.messages == 9
    spool.release()


def test_a_file_that_somebody_removed_blocks_nothing(tmp_path: Path) -> None:
    spool = make(tmp_path)
    spool.append([ONE])
    portion = spool.portion(9, from_start)
    assert portion
    next(tmp_path.glob("meter/*.spool")).unlink()
    spool.done(portion)
    assert spool.empty
    spool.release()


def test_files_that_another_key_sealed_are_counted_and_named_until_they_are_gone(written: Path) -> None:
    """A lost seal.key must not go unseen: what it sealed was acknowledged, and nobody stores it."""
    spool = Spool(written, "meter", key=bytes(32), limit_bytes=2**20)
    assert spool.acquire()
    spool.tell(ONE.received)
    assert REGISTRY.get_sample_value("park_spool_locked_files", {"lane": "meter"}) == 1
    assert spool.trouble
    assert "1 file in" in spool.trouble
    assert "put that key back and restart" in spool.trouble
    spool.append([ONE])
    assert spool.messages == 1  # the lane goes on beside it
    (written / "meter" / "000000000001.spool").unlink()
    assert spool.trouble is None
    spool.release()


def test_leftovers_that_another_key_sealed_are_named_too(written: Path) -> None:
    found = Leftovers(Settings.from_env({"PARK_SPOOL": str(written)}), Keys(bytes(32), KEY), SourceTable())
    found.step((), database_there=True)
    for _ in range(2):
        wait_until(lambda: not found._drains["meter"][0].alive, within=10, what="nothing more can be drained")
        (said,) = found.trouble
        assert said.startswith("lane meter, left here: 1 file in")
        found.leave("meter")  # it becomes this process's own, and is left again
        assert found.trouble == []
        found.step((), database_there=True)
    found.close()


def test_leftovers_that_cannot_be_read_do_not_stop_the_collector(written: Path) -> None:
    root = written
    (root / "meter" / "000000000000.spool").mkdir()
    found = Leftovers(Settings.from_env({"PARK_SPOOL": str(root)}), Keys(KEY, KEY), SourceTable())
    found.step((), database_there=True)
    found.step((), database_there=True)
    found.close()
