"""Rules in a park file: short words, templates, files beside it, every mistake with its line, and the command line."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from pipeline.domain.rule import Limits, RuleKind
from pipeline.domain.subjects import Candidates
from pipeline.parkfile import InvalidParkFileError, read
from pipeline.parkfile import apply as apply_command
from pipeline.parkfile import rules as command
from pipeline.parkfile.reader import read_rules
from pipeline.store import rules, watches

PARK = """
[park]
id = "p"
name = { zh = "园", en = "Park" }
address = { zh = "北京", en = "Beijing" }
time_zone = "Asia/Shanghai"
coordinates = "WGS-84"
position = [116.33, 40.03]
rule_files = ["rules.toml"]

[lists]
sizes = [{ id = "small", bar = 6 }, { id = "large", bar = 9 }]

[type.pump]
family = "sensor"
point.pressure = { unit = "bar", kind = "gauge" }
point.running = { kind = "state" }

[[building]]
id = "b1"
name = { zh = "楼", en = "Building" }

[[device]]
for.n = "1..2"
id = "pump-{n}"
type = "pump"
name = { zh = "泵{n}", en = "Pump {n}" }
space = "b1"
"""
TEXTS = """cause = { zh = "因", en = "Cause" }
consequence = { zh = "果", en = "Consequence" }
response = [{ zh = "做", en = "Do" }]
respond_min = 30
priority = "medium"
"""
HEAD = 'format = 1\n[[rule]]\nid = "high"\nname = { zh = "高", en = "High" }\n'


def files(folder: Path, rule: str, *, more: str = "") -> Path:
    """A park file and its file of rules."""
    (folder / "rules.toml").write_text(f"{HEAD}{rule}\n{TEXTS}", encoding="utf-8")
    (folder / "park.toml").write_text(PARK + more, encoding="utf-8")
    return folder / "park.toml"


def wrong(folder: Path, rule: str) -> list[str]:
    """What is wrong with one rule of a rule file, as `line: message; advice`; its first own line is 1."""
    with pytest.raises(InvalidParkFileError) as caught:
        read(files(folder, rule))
    first = HEAD.count("\n")
    assert {Path(p.file).name for p in caught.value.problems} == {"rules.toml"}
    return [f"{p.line - first}: {p.message}; {p.advice}" for p in caught.value.problems]


def test_rules_stand_in_the_park_file_and_beside_it(tmp_path: Path) -> None:
    template = (
        '\n[[rule]]\nfor.s = "sizes"\nid = "over-{s}"\nname = { zh = "超{s}", en = "Over {s}" }\n'
        f'on = {{ device = "pump-1" }}\npoint = "pressure"\nabove = "{{s.bar}}"\n{TEXTS}'
    )
    park = read(files(tmp_path, 'on = { type = "pump" }\npoint = "running"\nis = 1', more=template))
    found = {rule.rule_id: rule for rule in park.rules or ()}
    assert found.keys() == {"high", "over-small", "over-large"}
    assert found["over-large"].condition == Limits(high=9.0)
    assert len(Candidates.of(park).subjects(found["high"])) == 2
    assert read_rules(tmp_path / "park.toml", None) == [found[name] for name in ("over-small", "over-large", "high")]


def test_every_mistake_has_its_line_and_what_to_write(tmp_path: Path) -> None:
    found = wrong(
        tmp_path,
        'on = { type = "pmup", space = "b2" }\npoint = "presure"\nabove = "10"\ndeadbnd = 1\nlife_safety = 1\n'
        "late_limit_h = -1",
    )
    assert found == [
        '1: rule "high": no type "pmup" is registered; write "pump"',
        '1: rule "high": no space "b2" is registered; write a space that is registered',
        '3: rule "high": "above" is not a number; write above = 10, without quotes or a unit',
        '4: rule "high": unknown key "deadbnd"; write "deadband"',
        '5: rule "high": "life_safety" is neither true nor false; write life_safety = true, or false',
        '6: rule "high": "late_limit_h" is -1; write 0 or more',
    ]


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (
            'on = { type = "pump" }\npoint = "presure"\nabove = 1',
            '2: rule "high": none of its 2 devices has a point "presure"; write "pressure"',
        ),
        (
            'on = { type = "pump" }\npoint = "pressure"\ncompare = { other = "runing" }',
            '3: rule "high": there is no point "runing" to compare with; write "running"',
        ),
        (
            'on = { devices = ["pump-1", "pump-9"] }\nsilent = true',
            '1: rule "high": no device "pump-9" is registered; write "pump-2"',
        ),
        ('on = { type = "pump" }\npoint = "pressure"\nabove = 1\nis = 1', '4: rule "high": "above" and "is" are two'),
        (
            'on = { type = "pump" }\npoint = "pressure"\nflat_min = 60\nduring = { from = "22:00", until = "06:00" }',
            '4: rule "high": "during" goes with "above", "below" and "outside" only; leave it out',
        ),
        (
            'on = { type = "pump" }\npoint = "pressure"\nrises = { by = 3, within_min = 0 }',
            '3: rule "high", rises: "within_min" is 0; write 1 second or more',
        ),
        ('on = { type = "pump" }\npoint = "pressure"\noutside = [9, 6]', '3: rule "high": its limits 9 and 6 leave'),
    ],
)
def test_what_cannot_be(tmp_path: Path, rule: str, problem: str) -> None:
    (found,) = wrong(tmp_path, rule)
    assert found.startswith(problem) or found.replace("pump-1", "pump-2").startswith(problem)


def test_two_rules_of_one_name_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    rule = 'on = { type = "pump" }\npoint = "pressure"\nabove = 1\n'
    more = f'[[rule]]\nid = "high"\nname = {{ zh = "高", en = "High" }}\n{rule}{TEXTS}'
    with pytest.raises(InvalidParkFileError, match="is described twice"):
        read(files(tmp_path, rule, more=more))
    files(tmp_path, rule)
    (tmp_path / "rules.toml").unlink()
    with pytest.raises(InvalidParkFileError, match=r"rules\.toml:1: cannot be read"):
        read(tmp_path / "park.toml")


def test_the_command_line(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    now = datetime(2026, 11, 21, 6, tzinfo=UTC)
    monkeypatch.setenv("PARK_DATABASE_URL", database)
    monkeypatch.setenv("PARK_CLOCK", f"{now.isoformat()}@1")
    park = files(tmp_path, 'on = { type = "pump" }\npoint = "pressure"\nabove = 8\nfor_s = 20')
    assert apply_command.main([str(park)]) == 0
    assert "add 1 rule: high" in capsys.readouterr().out
    assert command.main(["list"]) == 0
    assert capsys.readouterr().out.split()[:5] == ["high", "limits", "medium", "v1", "park-file"]
    assert command.main(["show", "high"]) == 0
    assert "above = 8\nfor_s = 20\n" in capsys.readouterr().out
    assert command.main(["export", "--out", str(tmp_path / "out.toml")]) == 0
    assert read_rules(tmp_path / "out.toml", None) == read_rules(tmp_path / "rules.toml", None)
    assert command.main(["show", "hgih", "--json"]) == 1
    assert 'write "high"' in json.loads(capsys.readouterr().out)["error"]

    with psycopg.connect(database) as conn:
        (point,) = conn.execute("select min(point) from smartpark.point where name = 'pressure'").fetchone() or (0,)
        rows = [(now - timedelta(hours=5, seconds=-10 * n), point, 9.0 if 100 <= n < 130 else 5.0) for n in range(600)]
        with conn.cursor() as cursor:
            insert = "insert into smartpark.reading (ts, received, point, quality, value) values (%s, %s, %s, 192, %s)"
            cursor.executemany(insert, [(ts, ts, key, value) for ts, key, value in rows])
    assert command.main(["try", "high"]) == 0
    out = capsys.readouterr().out
    assert "high: would have raised 1 alarm in 7 days, at 1 of 2 subjects" in out
    assert "pump-1/pressure  9 bar" in out
    assert "stored only since" in out, "none of six days is no calm"
    assert command.main(["try", "high", "--days", "0.01"]) == 0
    out = capsys.readouterr().out
    assert "would have raised 0 alarms in 0.01 days" in out
    assert "nothing is stored of that time" in out
    assert command.main(["try", str(tmp_path / "rules.toml"), "--days", "1", "--json"]) == 0
    (trial,) = json.loads(capsys.readouterr().out)["trials"]
    assert (trial["alarms"], trial["raised"][0]["value"], trial["readings"]) == (1, 9.0, 600)
    assert RuleKind(trial["raised"][0]["reason"]["kind"]) is RuleKind.LIMITS


def test_what_the_api_changed_is_taken_back_only_when_asked(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PARK_DATABASE_URL", database)
    park = files(tmp_path, 'on = { type = "pump" }\npoint = "pressure"\nabove = 8')
    assert apply_command.main([str(park)]) == 0
    (mine,) = read_rules(tmp_path / "rules.toml", None)
    files(tmp_path, 'on = { type = "pump" }\npoint = "pressure"\nabove = 7')
    (theirs,) = read_rules(tmp_path / "rules.toml", None)
    with psycopg.connect(database) as conn:
        rules.put(conn, "p", [theirs], origin=rules.Origin.API, actor="Li", now=datetime(2026, 11, 21, tzinfo=UTC))
        watches.expand(conn, "p")
    files(tmp_path, 'on = { type = "pump" }\npoint = "pressure"\nabove = 8')
    capsys.readouterr()
    assert apply_command.main([str(park)]) == 0
    assert "keep rule high: it is version 2 over the API, by Li; the file's is left out" in capsys.readouterr().out
    assert apply_command.main([str(park), "--take-rules", "--dry-run"]) == 0
    assert "rule high: high: 7.0 → 8.0, origin: api → park-file" in capsys.readouterr().out
    assert apply_command.main([str(park), "--take-rules"]) == 0
    with psycopg.connect(database) as conn:
        row = rules.stored(conn, "p")["high"]
        assert (row.version, row.spec["high"], mine.condition) == (3, 8.0, Limits(high=8.0))
