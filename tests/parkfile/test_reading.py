"""What a park file means: templates, types, positions in metres, tenants; and the demonstration park itself."""

import math
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from pipeline.domain.park import Company, Crs, Device, Family, Name, Park, Point, PointKind, Space, SpaceKind
from pipeline.parkfile import geometry, read

REPO = Path(__file__).parents[2]
QINGHE = REPO / "simulators/parks/qinghe.toml"

SMALL = """
[park]
id = "p"
name = { zh = "园", en = "Park" }
address = { zh = "北京", en = "Beijing" }
time_zone = "Asia/Shanghai"
coordinates = "GCJ-02"
position = [116.33, 40.03]

[lists]
houses = [{ id = "b1", zh = "一", floors = 2, kw = 50.5 }, { id = "b2", zh = "二", floors = 1, kw = 9 }]

[type.electricity]
family = "meter"
interval_s = 15
brick = "Electrical_Meter"
point.energy = { unit = "kWh", kind = "counter", low = 0 }
point.active_power = { unit = "kW", kind = "gauge", low = 0, high = 200, interval_s = 5 }
point.voltage = { unit = "V", kind = "gauge" }

[[building]]
for.h = "houses"
id = "{h}"
name = { zh = "{h.zh}号楼", en = "House {h}" }

[[floor]]
for.h = "houses"
for.n = "1..{h.floors}"
id = "{h}-f{n:02}"
in = "{h}"
level = "{n}"
name = { zh = "{n}层", en = "Floor {n}" }

[[company]]
id = "acme"
name = { zh = "爱可美", en = "Acme" }
rents = ["b1-f02"]

[[device]]
for.h = "houses"
id = "meter-{h}"
type = "electricity"
name = { zh = "电表", en = "Meter" }
space = "{h}-f01"
position_m = [100, "{h.kw}"]
point.active_power = { role = "main", high = "{h.kw}" }
point.voltage = false
point.door = { kind = "state" }
"""


def test_templates_types_and_overrides(tmp_path: Path) -> None:
    file = tmp_path / "park.toml"
    file.write_text("\ufeff" + SMALL, encoding="utf-8")
    park = read(file)
    floors = [("b1-f01", "b1", 1), ("b1-f02", "b1", 2), ("b2-f01", "b2", 1)]
    assert park == Park(
        "p",
        Name("园", "Park"),
        "Asia/Shanghai",
        Crs.GCJ02,
        (116.33, 40.03),
        Name("北京", "Beijing"),
        companies=(Company("acme", Name("爱可美", "Acme")),),
        spaces=(
            Space("b1", SpaceKind.BUILDING, Name("一号楼", "House b1")),
            Space("b2", SpaceKind.BUILDING, Name("二号楼", "House b2")),
            *(
                Space(
                    space_id,
                    SpaceKind.FLOOR,
                    Name(f"{level}层", f"Floor {level}"),
                    parent,
                    level=level,
                    company_ids=("acme",) if space_id == "b1-f02" else (),
                )
                for space_id, parent, level in floors
            ),
        ),
        devices=tuple(
            Device(
                f"meter-{house}",
                Family.METER,
                "electricity",
                Name("电表", "Meter"),
                f"{house}-f01",
                position=geometry.moved((116.33, 40.03), 100, kw),
                interval_s=15,
                brick_class="Electrical_Meter",
                points=(
                    Point("energy", "kWh", PointKind.COUNTER, 0),
                    Point("active_power", "kW", PointKind.GAUGE, 0, kw, 5, role="main"),
                    Point("door", "", PointKind.STATE),
                ),
            )
            for house, kw in (("b1", 50.5), ("b2", 9.0))
        ),
        rules=(),
    )


def test_metres_are_metres() -> None:
    lon, lat = geometry.moved((116.33, 40.03), 1000, 1000)
    # the radii of curvature of the WGS-84 ellipsoid there: prime vertical for longitude, meridian for latitude
    flat, phi = 0.00669437999014, math.radians(40.03)
    across = 6378137.0 / math.sqrt(1 - flat * math.sin(phi) ** 2)
    along = across * (1 - flat) / (1 - flat * math.sin(phi) ** 2)
    assert lon - 116.33 == pytest.approx(math.degrees(1000 / (across * math.cos(phi))), abs=2e-7)
    assert lat - 40.03 == pytest.approx(math.degrees(1000 / along), abs=2e-7)
    assert geometry.offset_m((116.33, 40.03), (lon, lat)) == pytest.approx((1000, 1000), abs=0.02)


@pytest.fixture(scope="module")
def qinghe() -> Park:
    return read(QINGHE)


def test_the_demonstration_park_has_its_devices(qinghe: Park) -> None:
    families = Counter(device.family for device in qinghe.devices)
    assert families == {"meter": 130, "gate": 30, "scanner": 12, "sensor": 230, "gateway": 12}
    assert len(qinghe.companies) == 45
    assert [s.space_id for s in qinghe.spaces if s.kind is SpaceKind.BUILDING] == [f"b{n}" for n in range(1, 9)]
    assert all(device.gateway_id for device in qinghe.devices if device.family is not Family.GATEWAY)
    assert all(device.space_id for device in qinghe.devices)
    assert all(device.position for device in qinghe.devices if device.family in ("gate", "scanner"))
    assert {d.type for d in qinghe.devices if d.family is Family.SENSOR} == {
        *("pump", "lift", "air-handling", "room", "leak", "smoke", "tank", "waste-water", "lighting")
    }


def test_its_points_are_those_of_the_wire(qinghe: Park) -> None:
    units = {(d.type, p.name): p.unit for d in qinghe.devices for p in d.points}
    table = [
        line for line in (REPO / "docs/wire.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")
    ]
    text = "\n".join(table)
    for (_, name), unit in units.items():
        assert f"`{name}`" in text, name
        assert unit in text, unit


def test_each_building_has_a_main_meter_and_its_uses(qinghe: Park) -> None:
    roles = {
        (d.device_id, p.name): p.role for d in qinghe.devices if d.type == "electricity" for p in d.points if p.role
    }
    for building in (f"b{n}" for n in range(1, 9)):
        for use in ("main", "hvac", "lighting", "power"):
            assert roles[f"meter-{building}-{use}", "energy"] == use
            assert roles[f"meter-{building}-{use}", "active_power"] == use


def test_no_two_of_its_buildings_overlap(qinghe: Park) -> None:
    solid = [s for s in qinghe.spaces if s.height_m and s.footprint]
    assert len(solid) == 9
    for a, b in combinations(solid, 2):
        boxes = [
            [geometry.offset_m(qinghe.position, corner) for corner in space.footprint] for space in (a, b)
        ]  # fmt: skip
        apart = [
            max(c[axis] for c in boxes[i]) <= min(c[axis] for c in boxes[1 - i]) for axis in (0, 1) for i in (0, 1)
        ]
        assert any(apart), (a.space_id, b.space_id)


def test_its_floor_areas_follow_its_outlines(qinghe: Park) -> None:
    floors = Counter(s.parent_id for s in qinghe.spaces if s.kind is SpaceKind.FLOOR and (s.level or 0) > 0)
    areas = {s.space_id: s.area_m2 for s in qinghe.spaces}
    for building in (s for s in qinghe.spaces if s.kind is SpaceKind.BUILDING):
        plate = geometry.area_m2(building.footprint)
        assert areas[f"{building.space_id}-f01"] == pytest.approx(plate, rel=0.01)
        assert building.area_m2 == pytest.approx(plate * floors[building.space_id], rel=0.01)
        assert building.height_m and building.height_m / floors[building.space_id] == pytest.approx(4.4, abs=0.7)


def test_a_device_list_beside_the_file_is_part_of_it(tmp_path: Path) -> None:
    file = tmp_path / "park.toml"
    file.write_text(SMALL.replace("[lists]", 'device_lists = ["leaks.csv"]\n[lists]'), encoding="utf-8")
    rows = "id,family,type,name_zh,name_en,space,point,kind\nleak-1,sensor,leak,水浸,Leak,b1-f01,leak,state\n"
    (tmp_path / "leaks.csv").write_bytes(rows.encode("gbk"))
    leak = Point("leak", "", PointKind.STATE)
    assert read(file).devices[-1] == Device(
        "leak-1", Family.SENSOR, "leak", Name("水浸", "Leak"), "b1-f01", points=(leak,)
    )
