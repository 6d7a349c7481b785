"""`park profile` as people run it: a process, a payload on its standard input, and nothing else running."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.decoders import profile_read
from collectors.decoders.profile_units import UNITS
from tests.conftest import REPO

SAMPLES = REPO / "tests" / "samples" / "profiles"


def park(*words: str, payload: bytes = b"", cwd: Path = REPO) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, REPO / "park.py", *words], input=payload, capture_output=True, cwd=cwd)
    return subprocess.CompletedProcess(words, done.returncode, done.stdout.decode(), done.stderr.decode())


def sample(name: str) -> bytes:
    payload: str = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["payload"]
    return payload.encode()


def test_try_shows_each_value_and_what_was_not_used() -> None:
    done = park("profile", "try", "tasmota", "--received", "2022-01-11T13:57:39Z", payload=sample("tasmota-energy"))
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"active_power +5 +0\.005 +kW", done.stdout)
    assert "has no zone" in done.stdout
    assert 'ENERGY.TotalStartTime = "2020-10-21T22:15:00"' in done.stdout
    assert "not used (4):" in done.stdout


def test_try_says_whose_time_counts() -> None:
    payload = sample("dtu-hex")
    early = park("profile", "try", "dtu-registers", "--received", "2026-11-21T06:40:07Z", payload=payload)
    assert "dtu-1  2026-11-21T06:40:06.000+00:00 (device time)" in early.stdout
    late = park("profile", "try", "dtu-registers", "--received", "2026-11-20T06:40:07Z", payload=payload)
    assert "cannot be right" in late.stdout


def test_try_answers_in_json_on_one_line() -> None:
    topic = "/sys/a1Zn9XLvqc7/lamp-03/thing/event/property/post"
    received = ("--received", "2018-04-23T01:58:43Z")
    words = ("profile", "try", "alibaba-thing-model", "--json", "--topic", topic, *received)
    done = park(*words, payload=sample("alibaba-property"))
    assert done.returncode == 0
    (line,) = done.stdout.splitlines()
    said = json.loads(line)
    assert said["stored"] is True
    assert said["sender"] == {"device": "lamp-03", "family": "sensor"}
    first = {"device": "lamp-03", "point": "power", "raw": "on", "value": 1.0, "unit": None}
    assert said["values"][0].items() >= first.items()
    assert 'method = "thing.event.property.post"' in said["unused"]


def test_a_dead_letter_is_named_and_is_no_success() -> None:
    payload = sample("rejected/alibaba-event-words")
    words = ("profile", "try", "alibaba-thing-model", "--topic", "/sys/p/d/thing/event/alarm/post")
    done = park(*words, payload=payload)
    assert done.returncode == 1
    assert "DEAD LETTER  nothing-mapped" in done.stdout
    assert 'params.value.errorCode = "error"' in done.stdout
    said = json.loads(park(*words, "--json", payload=payload).stdout)
    assert (said["stored"], said["rejected"]) == (False, "nothing-mapped")


def test_what_a_profile_ignores_is_told_and_is_fine() -> None:
    done = park("profile", "try", "tasmota", "--topic", "tele/x/INFO1", payload=b"{}")
    assert done.returncode == 0
    assert "Nothing is stored: the profile ignores it" in done.stdout


def test_a_broken_profile_tells_all_its_errors() -> None:
    done = park("profile", "try", str(SAMPLES / "broken" / "many_errors.toml"))
    assert done.returncode == 2
    assert "the mapping profile cannot be used: 43 problems" in done.stderr
    assert (
        'many_errors.toml:12: message 1, "power": "kw" is not how this unit is written here; write "kW"' in done.stderr
    )


@pytest.mark.parametrize("when", ["yesterday", "2026-01-01T00:00:00"])
def test_a_received_time_must_be_one(when: str) -> None:
    assert park("profile", "try", "tasmota", "--received", when).returncode == 2


def test_list_and_show(tmp_path: Path) -> None:
    listed = park("profile", "list").stdout.splitlines()
    names = [line.split()[0] for line in listed]
    assert {"tasmota", "shelly-gen2", "thingsboard", "alibaba-thing-model", "dtu-registers"} <= set(names)
    shown = park("profile", "show", "tasmota").stdout
    (tmp_path / "own.toml").write_text(shown.replace('format = "iso"', 'format = "iso", zone = "Asia/Shanghai"'))
    done = park("profile", "try", "own.toml", payload=sample("tasmota-energy"), cwd=tmp_path)
    assert "2022-01-11T13:57:38.000+00:00 (device time)" in done.stdout


def test_the_example_of_the_documentation_does_what_it_says(tmp_path: Path) -> None:
    page = (REPO / "docs" / "formats.md").read_text(encoding="utf-8").partition("### An example")[2]
    payload, written, answer = re.findall(r"^```\w*\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[:3]
    (tmp_path / "chiller.toml").write_text(written, encoding="utf-8")
    (command,) = re.findall(r"^`park (profile try .*?) < payload.json`", page, re.MULTILINE)
    done = park(*command.split(), payload=payload.encode(), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.rstrip() for line in done.stdout.splitlines()] == answer.splitlines()


def test_the_documentation_lists_the_units_and_the_shipped_profiles() -> None:
    page = (REPO / "docs" / "formats.md").read_text(encoding="utf-8")
    (listed,) = re.findall(
        r"^\*\*Units that convert\*\*, within a row: (.*?)\. Any other unit", page, re.MULTILINE | re.DOTALL
    )
    rows = {frozenset(row.split()) for row in listed.split("·")}
    assert rows == {frozenset(kind) for kind in UNITS.values() if len(kind) > 1}
    shipped = re.findall(r"^\| `([a-z0-9-]+)` \|", page.partition("### What is shipped")[2], re.MULTILINE)
    assert shipped == sorted(profile_read.shipped(), key=shipped.index)
