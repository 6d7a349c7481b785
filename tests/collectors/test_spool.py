"""The spool's files: whole records come back in order, a torn end is cut, a rotten middle is put aside, bounds hold."""

import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.spool import Spool, host_of, waiting
from collectors.spool_segment import Kept
from pipeline.domain.errors import Unavailable
from pipeline.store.spool import Position

KEY = bytes(range(32))
NOW = datetime(2026, 11, 22, 1, 2, 3, 456789, UTC)
MB = 2**20


def kept(n: int, payload: bytes = b"{}") -> Kept:
    return Kept(f"park/v1/p/meter/m{n}/readings".encode(), payload, NOW + timedelta(seconds=n), n % 3 == 0, n % 2)


def make(root: Path, *, lane: str = "meter", key: bytes = KEY, limit: int = 100 * MB) -> Spool:
    spool = Spool(root, lane, key=key, limit_bytes=limit)
    assert spool.acquire()
    return spool


def from_start(_segment: UUID) -> Position:
    return Position()


def drained(spool: Spool, *, at_most: int = 4) -> list[Kept]:
    """Everything that waits, taken out in portions."""
    found: list[Kept] = []
    while portion := spool.portion(at_most, from_start):
        found += portion.kept()
        spool.done(portion)
    return found


@pytest.fixture
def written(tmp_path: Path) -> Iterator[tuple[Path, list[list[Kept]]]]:
    """A folder in which three groups lie, and the groups."""
    groups = [[kept(n) for n in range(first, first + 3)] for first in (0, 3, 6)]
    spool = make(tmp_path)
    for group in groups:
        spool.append(group)
    spool.release()
    yield tmp_path, groups


def file_of(root: Path) -> Path:
    (file,) = root.glob("meter/*.spool")
    return file


@settings(max_examples=40, deadline=None)
@given(
    groups=st.lists(st.lists(st.binary(max_size=300), min_size=1, max_size=20), max_size=8),
    at_most=st.integers(1, 30),
    again=st.booleans(),
)
def test_what_goes_in_comes_out_in_order(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[bytes]], at_most: int, again: bool
) -> None:
    root = tmp_path_factory.mktemp("spool")
    spool = make(root)
    said = [[kept(n, payload) for n, payload in enumerate(group)] for group in groups]
    for group in said:
        spool.append(group)
    if again:
        spool.release()
        spool = make(root)
    assert spool.messages == sum(map(len, said))
    assert spool.oldest == (NOW if said else None)
    assert drained(spool, at_most=at_most) == [k for group in said for k in group]
    assert (spool.messages, spool.empty, spool.bytes, spool.oldest) == (0, True, 0, None)
    assert list(root.glob("meter/*.spool")) == []
    spool.release()


def test_a_file_cut_at_any_byte_keeps_what_is_whole_before_it(written: tuple[Path, list[list[Kept]]]) -> None:
    root, groups = written
    file = file_of(root)
    whole = file.read_bytes()
    ends = [0]
    spool = make(root)
    while portion := spool.portion(1, from_start):
        ends.append(portion.end)
        spool.done(portion)
    spool.release()
    for size in range(len(whole)):
        file.write_bytes(whole[:size])
        spool = make(root)
        expected = [k for group, end in zip(groups, ends[1:], strict=True) if end <= size for k in group]
        assert spool.messages == len(expected), size
        more = [kept(99)]
        spool.append(more)  # life goes on after it
        assert drained(spool) == expected + more, size
        assert not list(root.glob("meter/aside/*.spool"))
        spool.release()


@given(garbage=st.binary(min_size=1, max_size=200))
@settings(max_examples=50, deadline=None)
def test_garbage_after_the_last_record_is_cut(tmp_path_factory: pytest.TempPathFactory, garbage: bytes) -> None:
    root = tmp_path_factory.mktemp("spool")
    spool = make(root)
    group = [kept(1), kept(2)]
    spool.append(group)
    spool.release()
    with file_of(root).open("ab") as file:
        file.write(garbage)
    spool = make(root)
    assert drained(spool) == group
    assert [f.read_bytes() for f in root.glob("meter/aside/*.torn")] == [garbage]
    spool.release()


def test_a_rotten_record_in_the_middle_is_put_aside_and_the_rest_goes_on(
    written: tuple[Path, list[list[Kept]]],
) -> None:
    root, groups = written
    whole = file_of(root).read_bytes()
    spool = make(root)
    first = spool.portion(1, from_start)
    assert first
    spool.done(first)
    second = spool.portion(1, from_start)
    assert second
    spool.release()
    for at in range(first.end, second.end):
        file_of(root).write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        spool = make(root)
        assert drained(spool) == groups[0] + groups[2], at
        assert spool.messages == 0
        spool.release()
        (aside,) = root.glob("meter/aside/*")
        aside.unlink()
        file_of_next = root / "meter/000000000001.spool"
        file_of_next.write_bytes(whole)


def test_records_cannot_be_swapped_nor_read_with_another_key(written: tuple[Path, list[list[Kept]]]) -> None:
    root, groups = written
    other = make(root, key=bytes(32))
    assert drained(other) == []
    other.release()
    assert list(waiting(root)) == ["meter"]  # still there for who has the key
    (root / "meter").rename(root / "gate")  # another lane's folder
    spool = make(root, lane="gate")
    assert drained(spool) == []
    assert len(list(root.glob("gate/aside/*.spool"))) == 1
    spool.release()
    assert sum(map(len, groups)) == 9


def test_nothing_of_a_message_lies_there_in_clear(written: tuple[Path, list[list[Kept]]]) -> None:
    assert b"park/v1" not in file_of(written[0]).read_bytes()


def test_a_drain_goes_on_where_the_database_says(written: tuple[Path, list[list[Kept]]]) -> None:
    root, groups = written
    flat = [k for group in groups for k in group]
    spool = make(root)
    portion = spool.portion(100, from_start)
    assert portion
    places = [portion.reached(n) for n in range(10)]
    spool.release()
    whole = file_of(root).read_bytes()
    for n, place in enumerate(places):
        (root / "meter/000000000001.spool").write_bytes(whole)
        spool = make(root)
        taken = spool.portion(100, lambda _, p=place: p)  # type: ignore[misc]
        assert (taken.kept() if taken else []) == flat[n:], n
        if taken:
            assert [taken.reached(m) for m in range(10 - n)] == places[n:]
            assert spool.messages == 9 - n
            spool.done(taken)
        assert spool.messages == 0
        spool.release()


def test_only_one_owner_at_a_time(tmp_path: Path) -> None:
    one, other = make(tmp_path), Spool(tmp_path, "meter", key=KEY, limit_bytes=MB)
    one.append([kept(1)])
    assert not other.acquire()
    with pytest.raises(Unavailable, match="another process"):
        other.append([kept(2)])
    one.release()
    assert other.acquire()
    assert other.messages == 1
    other.release()


def test_a_full_spool_says_so_and_takes_more_once_there_is_room(tmp_path: Path) -> None:
    one, other = make(tmp_path, limit=64 * 1024), make(tmp_path, lane="gate", limit=64 * 1024)
    other.append([kept(n, os.urandom(10_000)) for n in range(3)])  # the bound is for both
    taken = 0
    with pytest.raises(Unavailable, match=r"full: 0\.1 of 0\.1 MB are taken, 0\.0 MB came"):
        while True:
            one.append([kept(taken, os.urandom(10_000))])
            taken += 1
    assert taken == 3
    assert len(drained(one)) == 3
    one._looked = -1.0  # a second later
    one.append([kept(9, os.urandom(10_000))])
    one.release()
    other.release()


def test_many_segments_follow_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.spool.SEGMENT_BYTES", 1000)
    spool = make(tmp_path)
    said = [kept(n) for n in range(400)]
    for n in range(0, 400, 4):
        spool.append(said[n : n + 4])
    assert len(list(tmp_path.glob("meter/*.spool"))) > 5
    assert len(os.listdir("/proc/self/fd")) < 40  # noqa: PTH208 - a link each
    assert drained(spool, at_most=50) == said
    spool.release()


def test_a_disk_that_is_full_keeps_what_was_kept_and_takes_nothing_half(tmp_path: Path) -> None:
    """A real limit on the size of files, in a process of its own."""
    script = f"""
import signal, resource, os, sys
sys.path.insert(0, {str(Path.cwd())!r})
from pathlib import Path
from tests.collectors.test_spool import KEY, kept, make, MB
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
spool = make(Path({str(tmp_path)!r}))
count = 0
for n in range(20):
    try:
        spool.append([kept(n, os.urandom(30_000))])
        count += 1
    except OSError:
        pass
try:
    spool.append([kept(99, os.urandom(60_000))])
    count = -1
except OSError:
    pass
print(count)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    spool = make(tmp_path)
    found = drained(spool)
    assert int(done.stdout) == len(found) > 3
    assert [k.topic for k in found] == sorted((k.topic for k in found), key=lambda t: int(t.split(b"/")[4][1:]))
    assert not list(tmp_path.glob("meter/aside/*"))
    spool.release()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_memory_stays_flat_however_much_lies_there(tmp_path: Path) -> None:
    """Fifty times as much costs next to nothing more; in a process of its own, whose peak is its own."""
    script = f"""
import resource, sys, os
sys.path.insert(0, {str(Path.cwd())!r})
from pathlib import Path
from tests.collectors.test_spool import Position, kept, make, from_start, MB

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

spool = make(Path({str(tmp_path)!r}))
def fill(count):
    for n in range(count):
        spool.append([kept(n, os.urandom(200)) for n in range(500)])
def drain():
    while portion := spool.portion(5000, from_start):
        spool.done(portion)
fill(12); drain(); small = peak()
fill(600); drain()
print(peak() - small)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 30  # MB; what lay there was 65


def test_a_folder_keeps_the_name_of_the_host_that_used_it_first(tmp_path: Path) -> None:
    assert host_of(tmp_path / "spool") == socket.gethostname()
    (tmp_path / "spool/host").write_text("a container that is gone")
    assert host_of(tmp_path / "spool") == "a container that is gone"
