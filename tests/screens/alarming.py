"""Rules with texts as long as real ones, and a hand that raises their alarms on the demo park as the pipeline does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from pipeline.domain.rule import Rule
from pipeline.store import parks
from pipeline.store.alarms import Raising, Returning, raise_, return_
from pipeline.store.rule_spec import from_spec
from tests.screens.conftest import Wall

TEXTS: dict[str, dict[str, Any]] = {
    "smoke": {
        "name": {"zh": "烟雾报警", "en": "Smoke detected"},
        "cause": {"zh": "探测器周围有烟，或探测器受潮、积灰", "en": "Smoke near the detector, or a wet or dusty detector"},  # noqa: E501
        "consequence": {"zh": "火灾蔓延，危及人身", "en": "Fire spreads; people are in danger"},
        "response": [
            {"zh": "看现场视频，派最近的保安到场核实", "en": "Look at the camera, send the nearest guard to the place"},
            {"zh": "确认起火：按下手动报警，拨打 119，疏散本层及上层", "en": "Fire: press the call point, call 119, evacuate this floor and those above"},  # noqa: E501
            {"zh": "误报：通风，记录原因，由维保清洁探测器", "en": "False: ventilate, write down why, have the detector cleaned"},  # noqa: E501
        ],
    },
    "pump-pressure-high": {
        "name": {"zh": "水泵出口压力过高", "en": "Pump outlet pressure too high"},
        "cause": {"zh": "出口阀门未开，或变频器失控", "en": "The outlet valve is shut, or the frequency converter runs away"},  # noqa: E501
        "consequence": {"zh": "管件爆裂，楼层被淹", "en": "Fittings burst and floors are flooded"},
        "response": [
            {"zh": "到泵房查看出口阀门，压力表读数与系统比对", "en": "Go to the pump room: check the outlet valve, compare the gauge with the system's reading"},  # noqa: E501
            {"zh": "切到备用泵，停运本泵", "en": "Switch over to the standby pump and stop this one"},
            {"zh": "仍不下降：关总阀，通知住户停水", "en": "If it does not fall: shut the main valve and tell the tenants"},  # noqa: E501
        ],
    },
    "gateway-lost": {"name": {"zh": "网关失联", "en": "Gateway lost"}},
    "device-lost": {"name": {"zh": "设备失联", "en": "Device lost"}},
    "leak": {"name": {"zh": "漏水", "en": "Water leak"}},
    "filter-dirty": {"name": {"zh": "过滤器脏堵", "en": "Filter dirty"}},
    "meter-stuck": {"name": {"zh": "电表读数不变", "en": "Meter stuck at one value"}},
    "door-forced": {"name": {"zh": "门被强行打开", "en": "Door forced open"}},
}  # fmt: skip
PLAIN = {
    "cause": {"zh": "设备或线路故障", "en": "A fault of the device or of its line"},
    "consequence": {"zh": "设备得不到监视", "en": "Nobody watches the equipment meanwhile"},
    "response": [
        {"zh": "到现场查看", "en": "Go and look"},
        {"zh": "排除故障后在此备注", "en": "Mend it, then leave a comment here"},
    ],
}
TERMS: tuple[dict[str, Any], ...] = (
    {"id": "smoke", "on": {"types": ["smoke"]}, "point": "smoke", "kind": "state", "codes": [1], "priority": "critical",
     "life_safety": True, "latched": True, "respond_s": 120},
    {"id": "leak", "on": {"types": ["leak"]}, "point": "leak", "kind": "state", "codes": [1], "priority": "high",
     "latched": True, "respond_s": 300},
    {"id": "pump-pressure-high", "on": {"types": ["pump"]}, "point": "pressure", "kind": "limits", "high": 10,
     "deadband": 0.5, "on_delay_s": 30, "priority": "high", "respond_s": 600},
    {"id": "gateway-lost", "on": {"families": ["gateway"]}, "kind": "no-data", "priority": "high", "respond_s": 900},
    {"id": "device-lost", "on": {"families": ["gate", "sensor", "meter", "scanner"]}, "kind": "no-data",
     "priority": "medium", "respond_s": 3600},
    {"id": "meter-stuck", "on": {"types": ["electricity"]}, "point": "active_power", "kind": "flat", "for_s": 7200,
     "priority": "medium", "respond_s": 14400},
    {"id": "door-forced", "on": {"families": ["gate"]}, "kind": "door", "states": ["forced-open"], "priority": "high",
     "position": "security", "respond_s": 300},
    {"id": "filter-dirty", "on": {"types": ["air-handling"]}, "point": "filter_pressure", "kind": "limits", "high": 250,
     "deadband": 10, "priority": "low", "maintenance": True, "respond_s": 86400},
)  # fmt: skip
REASONS: dict[str, dict[str, Any]] = {
    "smoke": {"kind": "state", "value": 1.0, "codes": [1.0]},
    "leak": {"kind": "state", "value": 1.0, "codes": [1.0]},
    "pump-pressure-high": {
        "kind": "limits", "value": 11.2, "low": None, "high": 10.0, "deadband": 0.5, "unit": "bar",
    },
    "meter-stuck": {"kind": "flat", "value": 118.4, "for_s": 7260, "readings": 484, "unit": "kW"},
    "door-forced": {"kind": "door", "state": 3},
    "filter-dirty": {"kind": "limits", "value": 262.0, "low": None, "high": 250.0, "deadband": 10.0, "unit": "Pa"},
}  # fmt: skip


def rule(terms: dict[str, Any]) -> Rule:
    return from_spec({**PLAIN, **TEXTS[terms["id"]], **terms})


def put_rules(wall: Wall) -> None:
    """The rules in force instead of the park's own, and watches for them."""
    wall.conn.autocommit = False
    parks.apply(wall.conn, replace(wall.park, rules=tuple(rule(terms) for terms in TERMS)), now=wall.now)
    wall.conn.autocommit = True


def watch(wall: Wall, rule_id: str, device_id: str) -> int:
    row = wall.conn.execute(
        "select w.watch from smartpark.alarm_watch w join smartpark.alarm_rule r using (rule)"
        " join smartpark.device d using (device) where r.rule_id = %s and d.device_id = %s",
        [rule_id, device_id],
    ).fetchone()
    assert row, f"{rule_id} does not watch {device_id}"
    return int(row[0])


def raise_alarm(
    wall: Wall, rule_id: str, device_id: str, *, ago_s: float = 5, late_s: float = 1, held_s: float = 0, **reason: Any
) -> int:
    """Raises an alarm whose condition became one `ago_s` ago after it held for `held_s`; told `late_s` after that."""
    raised = wall.ago(ago_s)
    why = REASONS.get(rule_id) or {"kind": "no-data", "heard": raised.isoformat(), "why": "last-will"}
    received = min(raised + timedelta(seconds=late_s), wall.now)
    one = Raising(
        watch(wall, rule_id, device_id), raised - timedelta(seconds=held_s), raised, received,
        why.get("value"), {**why, **reason},
    )  # fmt: skip
    with wall.conn.transaction():
        raise_(wall.conn, [one], now=received)
    row = wall.conn.execute("select max(alarm) from smartpark.alarm").fetchone()
    assert row
    return int(row[0])


def return_alarm(wall: Wall, rule_id: str, device_id: str) -> None:
    with wall.conn.transaction():
        return_(wall.conn, [Returning(watch(wall, rule_id, device_id), wall.now, wall.now)], now=wall.now)


def keep_fresh(wall: Wall) -> None:
    """Ingest and engine have just looked, and found nothing new."""
    wall.conn.execute("update smartpark.engine_step set ran = %s", [wall.now])
    wall.conn.execute(
        "insert into smartpark.ingest_batch (at, lane, messages, readings, events, duplicates, conflicts, dead_letters,"
        " unidentified, oldest) values (%s, 'test', 40, 120, 0, 0, 0, 0, 0, null)",
        [wall.now],
    )


def bad_day(wall: Wall) -> dict[str, int]:
    """30 alarms: smoke, a burst, a gateway with 21 devices, a flood; the numbers of some by rule."""
    found = {
        "smoke": raise_alarm(wall, "smoke", "smoke-b3-2", ago_s=40),
        "pump-pressure-high": raise_alarm(wall, "pump-pressure-high", "pump-b5-1", ago_s=700, held_s=30),
        "leak": raise_alarm(wall, "leak", "leak-b5-servers", ago_s=420, late_s=260),
        "door-forced": raise_alarm(wall, "door-forced", "gate-b2-1", ago_s=90),
        "meter-stuck": raise_alarm(wall, "meter-stuck", "meter-b1-main", ago_s=5400),
        "filter-dirty": raise_alarm(wall, "filter-dirty", "ahu-b1-1", ago_s=7800),
        "filter-2": raise_alarm(wall, "filter-dirty", "ahu-b2-1", ago_s=6000),
        "gateway-lost": raise_alarm(wall, "gateway-lost", "gw-east", ago_s=300),
    }
    behind = [
        d.device_id for d in wall.park.devices if d.device_id.startswith(("gate-east", "gate-north", "scanner-e"))
    ]
    lost = [raise_alarm(wall, "device-lost", device, ago_s=280 - n) for n, device in enumerate(behind)]
    rooms = [d.device_id for d in wall.park.devices if d.type == "room"][:12]
    lost += [raise_alarm(wall, "device-lost", room, ago_s=200 - 5 * n) for n, room in enumerate(rooms)]
    group(wall, found["gateway-lost"], [found["gateway-lost"], *lost[: len(behind)]])
    wall.conn.execute(
        "insert into smartpark.alarm_flood (park_id, position, started, alarms) values (%s, 'operations', %s, 26)",
        [wall.park.park_id, wall.ago(280)],
    )
    return found | {"lost": lost[-1]}


def group(wall: Wall, root: int, members: list[int]) -> None:
    """One incident that a lost gateway explains."""
    row = wall.conn.execute(
        "insert into smartpark.incident (park_id, cause, device, root, opened, last, alarms)"
        " select park_id, 'gateway', device, alarm, raised, raised, %s from smartpark.alarm where alarm = %s"
        " returning incident",
        [len(members), root],
    ).fetchone()
    assert row
    wall.conn.execute("update smartpark.alarm set incident = %s where alarm = any (%s)", [row[0], members])
