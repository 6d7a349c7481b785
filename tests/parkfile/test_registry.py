"""Applying a park to a real database: a plan that tells the truth, applied once, keeping keys and history."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from pipeline.domain.park import Company, Device, Family, Name, Park, Point, PointKind, Space, SpaceKind
from pipeline.parkfile import apply as command
from pipeline.parkfile import read
from pipeline.store import parks
from pipeline.store.database import connect
from pipeline.store.park_plan import Action, Kind, Plan

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
QINGHE = Path(__file__).parents[2] / "simulators/parks/qinghe.toml"


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    with connect(database) as connection:
        yield connection


@pytest.fixture(scope="module")
def qinghe() -> Park:
    return replace(read(QINGHE), rules=None)  # tests/pipeline/test_rules_store.py is about rules


def in_order(park: Park) -> Park:
    """A park whose parts are sorted by id, to compare what was written with what is read."""
    return replace(
        park,
        companies=tuple(sorted(park.companies, key=lambda c: c.company_id)),
        spaces=tuple(sorted(park.spaces, key=lambda s: s.space_id)),
        devices=tuple(sorted(park.devices, key=lambda d: d.device_id)),
    )


def without(park: Park, *ids: str) -> Park:
    """The park without some devices, spaces and companies."""
    return replace(
        park,
        companies=tuple(c for c in park.companies if c.company_id not in ids),
        spaces=tuple(
            replace(s, company_ids=tuple(c for c in s.company_ids if c not in ids))
            for s in park.spaces
            if s.space_id not in ids
        ),
        devices=tuple(d for d in park.devices if d.device_id not in ids),
    )


def told(plan: Plan) -> set[tuple[Action, Kind, str]]:
    return {(change.action, change.kind, change.id) for change in plan.changes}


def test_what_is_applied_is_what_is_read_back_and_a_second_time_changes_nothing(
    conn: psycopg.Connection, qinghe: Park
) -> None:
    planned = parks.plan(conn, qinghe)
    conn.rollback()
    assert len(planned.ids(Action.ADD, Kind.DEVICE)) == 414
    assert parks.apply(conn, qinghe, now=NOW) == planned
    assert in_order(parks.load(conn, "qinghe")) == in_order(qinghe)
    again = parks.apply(conn, qinghe, now=NOW)
    assert again.empty
    assert list(again.lines()) == ["nothing to do"]


def test_every_device_has_a_state_that_nobody_knows_yet(conn: psycopg.Connection, qinghe: Park) -> None:
    parks.apply(conn, qinghe, now=NOW)
    rows = conn.execute("select state, since, count(*) from smartpark.device_state group by 1, 2").fetchall()
    assert rows == [("unknown", NOW, 414)]


def test_a_provisional_device_is_registered_with_its_key_and_its_points(conn: psycopg.Connection, qinghe: Park) -> None:
    device, point = seen_before_it_was_known(conn, "pump-b5-3", "pressure")
    _, stray = seen_before_it_was_known(conn, "pump-b5-3", "rattle")
    plan = parks.apply(conn, qinghe, now=NOW)
    assert plan.ids(Action.REGISTER, Kind.DEVICE) == ["pump-b5-3"]
    assert plan.ids(Action.REGISTER, Kind.POINT) == ["pump-b5-3/pressure"]
    row = conn.execute("select name_en, type, provisional from smartpark.device where device = %s", [device]).fetchone()
    assert row == ("Building 5, basement 2, pump 3", "pump", False)
    rows = conn.execute(
        "select point, unit, high, provisional, retired from smartpark.point where point in (%s, %s) order by point",
        [point, stray],
    ).fetchall()
    assert rows == [(point, "bar", 16, False, False), (stray, None, None, True, False)]
    assert parks.apply(conn, qinghe, now=NOW).empty


def seen_before_it_was_known(conn: psycopg.Connection, device_id: str, point: str) -> tuple[int, int]:
    """What ingest does with a stranger."""
    conn.execute(
        "insert into smartpark.device (park_id, device_id, family, provisional, first_seen)"
        " values ('qinghe', %s, 'sensor', true, %s) on conflict do nothing",
        [device_id, NOW],
    )
    row = conn.execute(
        "insert into smartpark.point (device, name, kind, provisional)"
        " select device, %s, 'gauge', true from smartpark.device where device_id = %s returning device, point",
        [point, device_id],
    ).fetchone()
    conn.commit()
    assert row
    return row[0], row[1]


def test_a_stranger_that_the_file_does_not_name_stays_as_it_is(conn: psycopg.Connection, qinghe: Park) -> None:
    seen_before_it_was_known(conn, "sensor-x", "co2")
    plan = parks.apply(conn, qinghe, now=NOW)
    assert not any("sensor-x" in change.id for change in plan.changes)
    rows = conn.execute(
        "select d.provisional, d.retired, s.state from smartpark.device d join smartpark.device_state s using (device)"
        " where device_id = 'sensor-x'"
    )
    assert rows.fetchall() == [(True, False, "unknown")]


def test_what_the_file_no_longer_names_is_retired_and_comes_back(conn: psycopg.Connection, qinghe: Park) -> None:
    parks.apply(conn, qinghe, now=NOW)
    keys = keys_of(conn, "tank-b1-1")
    plan = parks.apply(conn, without(qinghe, "tank-b1-1"), now=NOW)
    assert told(plan) == {
        (Action.RETIRE, Kind.DEVICE, "tank-b1-1"),
        (Action.RETIRE, Kind.POINT, "tank-b1-1/water_level"),
    }
    assert "tank-b1-1" not in {d.device_id for d in parks.load(conn, "qinghe").devices}
    assert parks.apply(conn, without(qinghe, "tank-b1-1"), now=NOW).empty
    plan = parks.apply(conn, qinghe, now=NOW)
    (device, point) = plan.changes
    assert (device.action, device.fields) == (Action.CHANGE, (("retired", True, False),))
    assert point.fields == (("retired", True, False),)
    assert keys_of(conn, "tank-b1-1") == keys


def keys_of(conn: psycopg.Connection, device_id: str) -> list[tuple[int, int]]:
    """Integer keys of a device and its points."""
    return conn.execute(
        "select d.device, p.point from smartpark.device d join smartpark.point p using (device)"
        " where device_id = %s order by 2",
        [device_id],
    ).fetchall()


def test_a_change_is_told_field_by_field_and_keeps_the_keys(conn: psycopg.Connection, qinghe: Park) -> None:
    parks.apply(conn, qinghe, now=NOW)
    keys = keys_of(conn, "leak-b1-1")
    leak = next(d for d in qinghe.devices if d.device_id == "leak-b1-1")
    changed = replace(leak, interval_s=30, position=(116.33, 40.03), points=(replace(leak.points[0], role="alarm"),))
    others = tuple(changed if d is leak else d for d in qinghe.devices)
    plan = parks.apply(conn, replace(qinghe, devices=others, time_zone="Asia/Urumqi"), now=NOW)
    assert list(plan.lines()) == [
        "change 1 park: qinghe",
        "change 1 device: leak-b1-1",
        "change 1 point: leak-b1-1/leak",
        "  park qinghe: time_zone: Asia/Shanghai → Asia/Urumqi",
        "  device leak-b1-1: lon: — → 116.33, lat: — → 40.03, interval_s: 60.0 → 30",
        "  point leak-b1-1/leak: role: — → alarm",
    ]
    assert keys_of(conn, "leak-b1-1") == keys


def test_spaces_companies_and_tenancies_go_when_nothing_refers_to_them(conn: psycopg.Connection, qinghe: Park) -> None:
    parks.apply(conn, qinghe, now=NOW)
    plan = parks.apply(conn, without(qinghe, "b5-canteen", "meter-b5-gas", "xiangyuan", "ruiyu"), now=NOW)
    assert told(plan) == {
        (Action.REMOVE, Kind.COMPANY, "ruiyu"),
        (Action.REMOVE, Kind.COMPANY, "xiangyuan"),
        (Action.REMOVE, Kind.TENANCY, "b5-canteen/xiangyuan"),
        *((Action.REMOVE, Kind.TENANCY, f"b5-f{n}/ruiyu") for n in (15, 16, 17)),
        (Action.RETIRE, Kind.DEVICE, "meter-b5-gas"),
        (Action.RETIRE, Kind.POINT, "meter-b5-gas/volume"),
        (Action.RETIRE, Kind.POINT, "meter-b5-gas/flow"),
    }
    assert plan.kept == ((Kind.SPACE, "b5-canteen", "device meter-b5-gas stands in it"),)
    moved = tuple(replace(d, space_id="plaza") if d.space_id == "b5-f03" else d for d in qinghe.devices)
    plan = parks.apply(conn, without(replace(qinghe, devices=moved), "b5-f03"), now=NOW)
    assert plan.ids(Action.REMOVE, Kind.SPACE) == ["b5-f03"]
    assert plan.kept == ()


def test_a_company_that_credentials_or_events_name_is_kept(conn: psycopg.Connection, qinghe: Park) -> None:
    parks.apply(conn, qinghe, now=NOW)
    conn.execute("insert into smartpark.credential values ('qinghe', 'k', 'ruiyu')")
    conn.execute(
        "insert into smartpark.access_event (ts, received, device, kind, direction, company_id)"
        " select %s, %s, device, 'decision', 'in', 'xiangyuan' from smartpark.device where device_id = 'gate-east-1'",
        [NOW, NOW],
    )
    plan = parks.apply(conn, without(qinghe, "ruiyu", "xiangyuan", "hexin"), now=NOW)
    assert plan.ids(Action.REMOVE, Kind.COMPANY) == ["hexin"]
    assert plan.kept == (
        (Kind.COMPANY, "ruiyu", "credentials belong to it"),
        (Kind.COMPANY, "xiangyuan", "access events name it"),
    )


def test_two_at_once_apply_it_once(database: str, qinghe: Park) -> None:
    plans: list[Plan] = []

    def run() -> None:
        with connect(database) as own:
            plans.append(parks.apply(own, qinghe, now=NOW))

    both = [threading.Thread(target=run) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(30)
    assert sorted(plan.empty for plan in plans) == [False, True]


def test_an_apply_is_announced_in_its_transaction_and_an_empty_one_is_not(
    database: str, conn: psycopg.Connection, qinghe: Park
) -> None:
    with psycopg.connect(database, autocommit=True) as listener:
        listener.execute("listen park")
        parks.write(conn, qinghe, now=NOW)
        assert not list(listener.notifies(timeout=0, stop_after=1))
        conn.commit()
        assert [n.payload for n in listener.notifies(timeout=5, stop_after=1)] == ["registry:qinghe"]
        parks.apply(conn, qinghe, now=NOW)
        assert not list(listener.notifies(timeout=0.2, stop_after=1))


def test_an_apply_that_fails_leaves_nothing(conn: psycopg.Connection) -> None:
    nowhere = Space("f", SpaceKind.FLOOR, Name("层", "Floor"), parent_id="missing")
    small = Park("p", Name("园", "P"), "UTC", read(QINGHE).crs, (0, 0), Name("址", "A"), spaces=(nowhere,))
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        parks.apply(conn, small, now=NOW)
    assert parks.park_ids(conn) == []


def test_two_parks_do_not_touch_each_other(conn: psycopg.Connection, qinghe: Park) -> None:
    parks.apply(conn, qinghe, now=NOW)
    point = Point("co2", "ppm", PointKind.GAUGE)
    room = Device("room-b1-01", Family.SENSOR, "room", Name("室", "Room"), points=(point,))
    other = replace(qinghe, park_id="other", devices=(room,), spaces=(), companies=(Company("ruiyu", Name("睿", "R")),))
    plan = parks.apply(conn, other, now=NOW)
    assert {change.action for change in plan.changes} == {Action.ADD}
    assert parks.apply(conn, qinghe, now=NOW).empty


def test_the_command_shows_applies_and_reports(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], conn: psycopg.Connection
) -> None:
    monkeypatch.setenv("PARK_DATABASE_URL", database)
    assert command.main([str(QINGHE), "--dry-run"]) == 0
    assert "nothing was written (--dry-run)" in capsys.readouterr().out
    assert parks.park_ids(conn) == []
    assert command.main([str(QINGHE), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["applied"]
    assert told["counts"]["add"]["device"] == 414
    assert command.main([str(QINGHE)]) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_the_command_says_what_is_wrong(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PARK_DATABASE_URL", database)
    file = tmp_path / "park.toml"
    file.write_text("[park]\nid = 3\n")
    assert command.main([str(file), "--json"]) == 1
    printed = capsys.readouterr()
    assert f'{file}:2: park: "id" is not a text; write id = "…"' in printed.err
    assert json.loads(printed.out)["problems"][0]["line"] == 1
    monkeypatch.delenv("PARK_DATABASE_URL")
    assert command.main([str(QINGHE)]) == 1
    assert "PARK_DATABASE_URL is not set" in capsys.readouterr().err
