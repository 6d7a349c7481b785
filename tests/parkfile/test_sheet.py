"""Device lists: out as CSV and in again without a change, in the encodings of real spreadsheets, errors by cell."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.park import Crs, Device, Family, Name, Park, Point, PointKind, Space, SpaceKind
from pipeline.parkfile import InvalidParkFileError, devices, sheet
from pipeline.parkfile.fields import LONGEST_S
from pipeline.parkfile.frame import Frame
from pipeline.parkfile.problems import Findings
from pipeline.store import parks
from pipeline.store.database import connect
from pipeline.store.park_plan import Action, Kind, Plan, wanted

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
FRAME = Frame((116.33, 40.03))
HEAD = "id,family,type,name_zh,name_en,space,gateway,status,point,unit,kind,low,high\n"
PARK = Park(
    "p",
    Name("园", "Park"),
    "Asia/Shanghai",
    Crs.WGS84,
    (116.33, 40.03),
    Name("址", "Address"),
    spaces=(Space("b1", SpaceKind.BUILDING, Name("楼", "House")),),
    devices=(
        Device("gw-1", Family.GATEWAY, "gateway", Name("网关", "Gateway")),
        Device(
            "pump-1",
            Family.SENSOR,
            "pump",
            Name("一号泵", "Pump, first"),
            "b1",
            "gw-1",
            (116.3301, 40.0301),
            10,
            "Pump",
            (
                Point("running", "", PointKind.STATE),
                Point("pressure", "bar", PointKind.GAUGE, 0, 16.5, 5, "Pressure_Sensor", "main"),
            ),
        ),
    ),
)


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    with connect(database) as connection:
        parks.apply(connection, PARK, now=NOW)
        yield connection


def take(conn: psycopg.Connection, path: Path, content: str | bytes, *, dry_run: bool = False) -> Plan:
    """Imports a list with that content."""
    file = path / "devices.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return devices.take_in(conn, "p", file, now=NOW, dry_run=dry_run)


def problems(conn: psycopg.Connection, path: Path, content: str) -> list[str]:
    """What is wrong with a list, as `row (column): message; advice`."""
    with pytest.raises(InvalidParkFileError) as caught:
        take(conn, path, content)
    return [str(p).removeprefix(f"{path}/devices.csv:") for p in caught.value.problems]


def test_a_spreadsheet_shows_it_properly(conn: psycopg.Connection) -> None:
    content = devices.export(conn, "p")
    assert content.startswith(b"\xef\xbb\xbf")
    lines = content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("id 设备编号,family 族,type 类型,name_zh 中文名称,name_en 英文名称,space 位置编号")
    assert lines[1] == "gw-1,gateway,gateway,网关,Gateway,,,,,60,,registered,,,,,,,,"
    first = 'pump-1,sensor,pump,一号泵,"Pump, first",b1,gw-1,116.3301,40.0301,10,Pump,registered'
    assert lines[2:] == [
        f"{first},running,,state,,,,,",
        f"{first},pressure,bar,gauge,0,16.5,5,Pressure_Sensor,main",
    ]


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8-sig", ","), ("utf-8", ","), ("gbk", ","), ("gb18030", ";"), ("utf-16", "\t")],
)
def test_taking_in_what_was_given_out_changes_nothing(
    conn: psycopg.Connection, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    text = devices.export(conn, "p").decode("utf-8-sig").replace('"Pump, first"', "Pump").replace(",", delimiter)
    conn.execute("update smartpark.device set name_en = 'Pump' where device_id = 'pump-1'")
    assert take(conn, tmp_path, text.encode(encoding)).empty


def test_a_changed_cell_changes_that_and_nothing_else(conn: psycopg.Connection, tmp_path: Path) -> None:
    text = devices.export(conn, "p").decode("utf-8-sig").replace("16.5", "25").replace("一号泵", "循环泵")
    assert [(c.id, c.fields) for c in take(conn, tmp_path, text, dry_run=True).changes] == [
        ("pump-1", (("name_zh", "一号泵", "循环泵"),)),
        ("pump-1/pressure", (("high", 16.5, 25.0),)),
    ]
    assert devices.export(conn, "p").decode("utf-8-sig").count("16.5") == 1  # a dry run writes nothing
    assert len(take(conn, tmp_path, text).changes) == 2
    assert devices.export(conn, "p").decode("utf-8-sig") == text


def test_part_of_a_list_retires_nothing_and_a_new_row_adds(conn: psycopg.Connection, tmp_path: Path) -> None:
    row = "leak-1,sensor,leak,水浸,Leak,b1,gw-1,,leak,,state,0,1\n"
    plan = take(conn, tmp_path, HEAD + row)
    assert [(c.action, c.kind, c.id) for c in plan.changes] == [
        (Action.ADD, Kind.DEVICE, "leak-1"),
        (Action.ADD, Kind.POINT, "leak-1/leak"),
    ]
    assert take(conn, tmp_path, HEAD + row).empty


def test_rows_marked_retired_are_retired(conn: psycopg.Connection, tmp_path: Path) -> None:
    text = devices.export(conn, "p").decode("utf-8-sig")
    lines = text.splitlines()
    point = "\n".join([*lines[:3], lines[3].replace("registered", "retired")])
    assert [(c.action, c.id) for c in take(conn, tmp_path, point).changes] == [(Action.RETIRE, "pump-1/pressure")]
    assert devices.export(conn, "p").decode("utf-8-sig").splitlines()[3] == lines[3].replace("registered", "retired")
    assert take(conn, tmp_path, devices.export(conn, "p")).empty
    whole = text.replace("registered,running", "retired,running").replace("registered,pressure", "retired,pressure")
    plan = take(conn, tmp_path, whole)
    assert [(c.action, c.id) for c in plan.changes] == [(Action.RETIRE, "pump-1"), (Action.RETIRE, "pump-1/running")]
    assert take(conn, tmp_path, devices.export(conn, "p")).empty
    assert len(take(conn, tmp_path, text).changes) == 3  # and back


def test_a_stranger_is_listed_and_registered_by_filling_in_its_row(conn: psycopg.Connection, tmp_path: Path) -> None:
    conn.execute(
        "insert into smartpark.device (park_id, device_id, family, provisional) values ('p', 'new', 'sensor', true)"
    )
    conn.execute(
        "insert into smartpark.point (device, name, unit, kind, provisional)"
        " select device, 'co2', '=1+1', 'gauge', true from smartpark.device where device_id = 'new'"
    )
    conn.commit()
    content = devices.export(conn, "p").decode("utf-8-sig")
    row = "new,sensor,,,,,,,,60,,provisional,co2,'=1+1,gauge,,,,,"  # what a device sent must not run as a formula
    assert row in content
    assert take(conn, tmp_path, content).empty
    filled = content.replace(row, "new,sensor,room,室内,Room,b1,,,,60,,registered,co2,ppm,gauge,,,,,")
    assert [(c.action, c.id) for c in take(conn, tmp_path, filled).changes] == [
        (Action.REGISTER, "new"),
        (Action.REGISTER, "new/co2"),
    ]


def test_every_error_with_row_and_column(conn: psycopg.Connection, tmp_path: Path) -> None:
    head = HEAD.replace("\n", ",lon,lat,colour,interval_s\n")
    rows = (
        "pump-2,sensor,pump,泵,Pump,b2,gw-9,,running,,state,,,,,,1e12\n"
        ",,,,,,,,pressure,bar,gauge,0,16,,,,\n"
        "pump-3,sensors,pump,泵,Pump,b1,pump-1,active,running,,sate,1,0,116.33,,,1 min\n"
        "pump-3,sensors,Pump!,泵,Pump,b1,pump-1,,running,bar,gauge,low,16,,,,\n"
        "pump 4,sensor,pump,泵,,b1,gw-1,,pressure,,gauge,,,40.03,116.33,,0\n"
    )
    swapped = "lies 10,686 km from the park's own position; write [116.33, 40.03]: longitude comes first"
    twice = 'device "pump-3": point "running" is described twice; leave one of the rows out'
    found = problems(conn, tmp_path, head + rows)
    assert found == sorted(found, key=lambda text: int(text.split()[0].strip(":")))
    assert set(found) == {
        '1: unknown column "colour"; known: ' + ", ".join(sheet.TITLES),
        '2 (column space): device "pump-2": space "b2" is not described; describe that space, or name one that is',
        '2 (column gateway): device "pump-2": gateway "gw-9" is not described; write gw-1',
        '2 (column interval_s): device "pump-2": "interval_s" is 1e+12; write 31622400 or less',
        "3 (column id): a row without an id; write the device's id",
        '4 (column status): device "pump-3": "active" is no status; write registered, provisional or retired',
        '4 (column lat): device "pump-3": half a position; write both lon and lat, or neither',
        '4 (column interval_s): device "pump-3": "1 min" is not a number; write digits and a point, such as 1234.5',
        '4 (column family): device "pump-3": "sensors" is no family; write sensor',
        '4 (column gateway): device "pump-3": "pump-1" is a sensor, not a gateway; write the id of a gateway',
        '4 (column kind): device "pump-3", point "running": "sate" is no kind; write state',
        '4 (column low): device "pump-3", point "running": "low" (1) is not below "high" (0);'
        " swap them, or leave one out",
        '5 (column type): device "pump-3": "Pump!", but row 4 says "pump"; write the same on every row of a device',
        f"5 (column point): {twice}",
        '5 (column low): device "pump-3": "low" is not a number; write digits and a point, such as 1234.5',
        '6 (column id): device "pump 4": "pump 4" cannot be its "id"; write letters, digits, _, . and - only,'
        " beginning with a letter or digit, at most 64",
        '6 (column unit): device "pump 4", point "pressure": "unit" is missing; write kWh, or 1 for a plain number',
        '6 (column name_en): device "pump 4", name: "en" is missing; fill in this cell',
        f'6 (column lon): device "pump 4": {swapped}',
        '6 (column interval_s): device "pump 4": "interval_s" is 0; write a number above 0',
    }


def test_a_file_that_is_no_list(conn: psycopg.Connection, tmp_path: Path) -> None:
    found = problems(conn, tmp_path, "PK\x03\x04 not a spreadsheet\n")
    assert any('there is no column "id"' in problem for problem in found)
    with pytest.raises(InvalidParkFileError, match="cannot be read"):
        devices.take_in(conn, "p", tmp_path / "none.csv", now=NOW, dry_run=False)


def test_the_commands(
    database: str,
    conn: psycopg.Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    monkeypatch.setenv("PARK_DATABASE_URL", database)
    file = tmp_path / "out.csv"
    assert devices.main(["export", str(file)]) == 0
    assert devices.main(["export", "--park", "p"]) == 0
    assert capsysbinary.readouterr().out == file.read_bytes() == devices.export(conn, "p")
    assert devices.main(["import", str(file), "--json"]) == 0
    assert json.loads(capsysbinary.readouterr().out)["changes"] == []
    assert devices.main(["export", "--park", "q"]) == 1
    assert b'park "q" was never applied' in capsysbinary.readouterr().err
    parks.apply(conn, replace(PARK, park_id="q", devices=()), now=NOW)
    assert devices.main(["import", str(file), "--dry-run"]) == 1
    assert b"add --park with one of p, q" in capsysbinary.readouterr().err


# --- Round trip, for any devices at all ------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8).filter(str.isprintable)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(lambda x: x + 0.0)
ABOVE_0 = st.floats(min_value=1e-9, max_value=LONGEST_S)
BRICKS = st.none() | st.sampled_from(["Pump", "PM2.5_Sensor", "CO2_Sensor"])
NAMES = st.builds(Name, TEXTS, TEXTS)


@st.composite
def points(draw: st.DrawFn, name: str) -> Point:
    kind = draw(st.sampled_from(PointKind))
    unit = draw(TEXTS) if kind is not PointKind.STATE else draw(TEXTS | st.just(""))
    low, high = sorted(draw(st.lists(NUMBERS, min_size=2, max_size=2, unique=True)))
    role = draw(st.none() | st.sampled_from(["main", "hvac"]))
    interval = draw(st.none() | ABOVE_0)
    low_or_none, high_or_none = draw(st.sampled_from([(low, high), (low, None), (None, high), (None, None)]))
    return Point(name, unit, kind, low_or_none, high_or_none, interval, draw(BRICKS), role)


@st.composite
def any_devices(draw: st.DrawFn) -> list[Device]:
    ids = draw(st.lists(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,5}", fullmatch=True), max_size=4, unique=True))
    found = []
    for device_id in ids:
        names = draw(st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,4}", fullmatch=True), max_size=3, unique=True))
        place = st.tuples(st.floats(116.3, 116.36), st.floats(40.0, 40.06))
        found.append(
            Device(
                device_id,
                draw(st.sampled_from(Family)),
                draw(st.sampled_from(["pump", "air-handling"])),
                draw(NAMES),
                draw(st.none() | st.sampled_from(["b1", "b1-f01"])),
                draw(st.none() | st.just("gw-1")),
                draw(st.none() | place),
                draw(ABOVE_0),
                draw(BRICKS),
                tuple(draw(points(name)) for name in names),
            )
        )
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(found=any_devices(), encoding=st.sampled_from(["utf-8-sig", "gb18030", "utf-16"]))
def test_any_devices_survive_the_round_trip(tmp_path: Path, found: list[Device], encoding: str) -> None:
    rows = wanted(replace(PARK, devices=tuple(found)))
    for row in (*rows.devices.values(), *rows.points.values()):
        row.update(provisional=False, retired=False)
    file = tmp_path / "devices.csv"
    file.write_bytes(sheet.write(devices.rows_of(rows)).decode("utf-8-sig").encode(encoding))
    findings = Findings()
    listing = sheet.read(file, findings, frame=FRAME)
    assert findings.problems() == []
    assert [device for device, _ in listing.devices] == found
