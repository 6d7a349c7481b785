"""Every error of a park file in one go, each with its line and what to write instead."""

from pathlib import Path

import pytest

from pipeline.domain.errors import ParkFileError
from pipeline.parkfile import InvalidParkFileError, read

HERE = Path(__file__).parent
HEAD = """
[park]
id = "p"
name = { zh = "园", en = "Park" }
address = { zh = "北京", en = "Beijing" }
time_zone = "Asia/Shanghai"
coordinates = "WGS-84"
position = [116.33, 40.03]
"""


def problems(path: Path, text: str) -> list[str]:
    """What is wrong with a park file whose lines after [park] are `text`, as `line: message; advice`."""
    file = path / "park.toml"
    file.write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(ParkFileError) as caught:
        read(file)
    assert isinstance(caught.value, InvalidParkFileError)
    first = HEAD.count("\n")
    return [f"{p.line - first}: {p.message}; {p.advice}" for p in caught.value.problems]


def test_every_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)
    with pytest.raises(InvalidParkFileError) as caught:
        read(Path("many_errors.toml"))
    assert str(caught.value).splitlines() == (HERE / "many_errors.txt").read_text(encoding="utf-8").splitlines()


def test_a_file_that_is_not_toml(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, '\n[[device]]\nid = "pump-1\n')
    assert found.startswith("3: is not TOML: ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[park]\nname = '\xc7\xe5\xba\xd3'\n", ":2: is not UTF-8; save the file as UTF-8"),
        (b"[prak]\n", "there is no [park] table"),
        (b"park = 3\n", "there is no [park] table"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "park.toml"
    file.write_bytes(content)
    with pytest.raises(InvalidParkFileError) as caught:
        read(file)
    assert message in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidParkFileError, match="cannot be read: No such file"):
        read(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("outline", "problem"),
    [
        ("[[0, 0], [40, 30], [40, 0], [0, 30]]", "crosses or touches itself: sides 1 and 3"),
        ("[[0, 0], [40, 0], [40, 30], [20, 0], [0, 30]]", "crosses or touches itself: sides 1 and 3"),
        ("[[0, 0], [40, 0], [20, 0]]", "crosses or touches itself: sides 1 and 2"),
        ("[[0, 0], [40, 0], [40, 0], [40, 30]]", "crosses or touches itself: sides 1 and 2"),
        ("[[0, 0], [40, 0]]", "is not an outline of three or more corners"),
        ('[[0, 0], [40, 0], [40, "x"]]', "is not an outline of three or more corners"),
        ('"round"', "is not an outline of three or more corners"),
        ("[[0, 0], [40, 0], [40, 30000]]", "lies 30 km from the park's own position"),
    ],
)
def test_outlines_that_cannot_be(tmp_path: Path, outline: str, problem: str) -> None:
    text = f'\n[[building]]\nid = "b"\nname = {{ zh = "楼", en = "B" }}\nfootprint_m = {outline}\n'
    (found,) = problems(tmp_path, text)
    assert found.startswith("5: ")
    assert problem in found


def test_an_outline_as_map_tools_write_it(tmp_path: Path) -> None:
    file = tmp_path / "park.toml"
    ring = "[[116.33, 40.03], [116.331, 40.03], [116.331, 40.031], [116.33, 40.03]]"
    file.write_text(f'{HEAD}\n[[building]]\nid = "b"\nname = {{ zh = "楼", en = "B" }}\nfootprint = {ring}\n')
    assert read(file).spaces[0].footprint == ((116.33, 40.03), (116.331, 40.03), (116.331, 40.031))


def test_sites_that_lie_within_each_other(tmp_path: Path) -> None:
    name = 'name = { zh = "区", en = "Site" }'
    found = problems(tmp_path, f'[[site]]\nid = "a"\nin = "b"\n{name}\n[[site]]\nid = "b"\nin = "a"\n{name}\n')
    advice = "leave one of the sites on this way without an in"
    assert found == [f'3: site "a": lies within itself; {advice}', f'7: site "b": lies within itself; {advice}']


def test_a_device_that_is_also_in_a_list(tmp_path: Path) -> None:
    (tmp_path / "devices.csv").write_text("id,family,type,name_zh,name_en\nd,sensor,leak,水浸,Leak\n", encoding="utf-8")
    device = (
        '[type.leak]\nfamily = "sensor"\n[[device]]\nid = "d"\ntype = "leak"\nname = { zh = "水浸", en = "Leak" }\n'
    )
    (found,) = problems(tmp_path, f'device_lists = ["devices.csv"]\n{device}')
    assert found.endswith(f'device "d": is described twice; write another id; {tmp_path}/park.toml:13 has this one')


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, 'device_lists = ["devices.csv"]\n')
    assert found.startswith("1: device list ")


def test_what_one_template_says_wrongly_for_all_it_makes_is_told_once(tmp_path: Path) -> None:
    text = '[[floor]]\nfor.n = "1..30"\nid = "f{n}"\nin = "b"\nname = { zh = "{n}层", en = "Floor {n}" }\n'
    assert problems(tmp_path, text) == [
        '4: floor "f1": space "b" is not described (and 29 more like it); describe that space, or name one that is'
    ]


def test_a_template_that_would_make_too_much(tmp_path: Path) -> None:
    text = '[[site]]\nfor.a = "1..200"\nfor.b = "1..200"\nid = "s{a}-{b}"\nname = { zh = "区", en = "Site" }\n'
    assert any("would make too many things" in found for found in problems(tmp_path, text))
