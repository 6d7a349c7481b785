"""Lanes: every message has exactly one, and processes share them without ever holding one twice."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import lanes
from collectors.lanes import DEFAULT, Claims, Lane, check, overlap
from pipeline.domain.errors import ConfigurationError
from simulators.servers.proxy import Proxy
from tests.conftest import wait_until

LEVELS = st.lists(st.sampled_from(["a", "b", "+"]), min_size=1, max_size=3)


def matches(topic: list[str], pattern: list[str]) -> bool:
    """MQTT 3.1.1, section 4.7, by brute force."""
    if pattern and pattern[0] == "#":
        return True
    if not topic or not pattern:
        return not topic and not pattern
    return pattern[0] in ("+", topic[0]) and matches(topic[1:], pattern[1:])


def topics() -> list[list[str]]:
    found: list[list[str]] = [[]]
    for _ in range(4):
        found += [[*t, level] for t in found for level in ("a", "b", "c") if len(t) < 4]
    return [t for t in {tuple(t): t for t in found}.values() if t]


TOPICS = topics()


@given(LEVELS, st.booleans(), LEVELS, st.booleans())
def test_overlap_is_what_brute_force_finds(a: list[str], a_deep: bool, b: list[str], b_deep: bool) -> None:
    left, right = [*a, "#"] if a_deep else a, [*b, "#"] if b_deep else b
    both = any(matches(t, left) and matches(t, right) for t in TOPICS)
    assert overlap("/".join(left), "/".join(right)) == both


def test_default_lanes_are_disjoint() -> None:
    check(DEFAULT)


def test_lanes_that_share_topics_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="share topics"):
        check([Lane("a", ("park/v1/+/meter/#",)), Lane("b", ("park/v1/qinghe/+/x/readings",))])


def test_file_errors_say_what_to_write(tmp_path: Path) -> None:
    file = tmp_path / "lanes.toml"
    file.write_text('[[lane]]\nname = "a"\n')
    with pytest.raises(ConfigurationError, match=r"filters"):
        lanes.read(str(file))
    file.write_text('[[lane]]\nname = "a"\nfilters = ["park/v1/a/#"]\n')
    assert lanes.read(str(file)) == (Lane("a", ("park/v1/a/#",)),)


@pytest.mark.parametrize("filters", ['"park/#"', '["park/#/x"]', '["park/a+"]', '[""]', "[]", '["a/#", "a/b"]', "[1]"])
def test_filters_that_no_broker_would_take_are_refused(tmp_path: Path, filters: str) -> None:
    file = tmp_path / "lanes.toml"
    file.write_text(f'[[lane]]\nname = "a"\nfilters = {filters}\n')
    with pytest.raises(ConfigurationError):
        lanes.read(str(file))


def test_two_processes_share_and_the_survivor_takes_over(database: str) -> None:
    first, second = Claims(DEFAULT, database), Claims(DEFAULT, database)
    assert len(first.step()) == len(DEFAULT)  # alone: all of them
    second.step()
    for _ in range(len(DEFAULT)):  # the first lets go of what is above its share, the second takes it
        for name in first.held - first.step():
            first.release(name)
        second.step()
    assert first.held.isdisjoint(second.held)
    assert first.held | second.held == {lane.name for lane in DEFAULT}
    assert {len(first.held), len(second.held)} == {2, 3}
    second.close()  # as if it had died: its locks go with its connection
    assert first.step() == {lane.name for lane in DEFAULT}
    first.close()


def test_a_lost_database_makes_claims_unsure_but_keeps_them(database: str) -> None:
    claims = Claims(DEFAULT, database)
    held = claims.step()
    assert claims._conn is not None
    claims._conn.close()
    assert claims.step() == held
    assert not claims.sure
    assert claims.step() == held  # a new connection, the same locks
    assert claims.sure
    claims.close()


def test_a_database_that_hangs_makes_claims_unsure_but_keeps_them(database: str, cut: Callable[[int], Proxy]) -> None:
    """A server that is frozen answers nothing and ends nothing: whoever waits for it looks at nothing else."""
    port = database.rsplit(":", 1)[1].split("/")[0]
    wire = cut(int(port))
    claims = Claims(DEFAULT, database.replace(f":{port}/", f":{wire.port}/"))
    held = claims.step()
    wire.freeze()
    found: list[set[str]] = []
    thread = threading.Thread(target=lambda: found.append(claims.step()), daemon=True)
    thread.start()
    wait_until(lambda: claims._busy_since is not None, within=10, what="it asks")
    claims.interrupt(after_s=60.0)  # not for so long
    assert thread.is_alive()
    claims.interrupt(after_s=0.0)
    thread.join(timeout=10)
    assert found == [held]
    assert not claims.sure
    wire.heal()
    claims.close()
