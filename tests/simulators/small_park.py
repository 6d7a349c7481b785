"""A park of one building, with one device of every kind, for tests that need no more."""

from pipeline.domain.park import Company, Crs, Device, Family, Name, Park, Point, PointKind, Space, SpaceKind

GAUGE, COUNTER, STATE = PointKind.GAUGE, PointKind.COUNTER, PointKind.STATE

ELECTRIC = (
    ("energy", COUNTER),
    ("active_power", GAUGE),
    ("voltage", GAUGE),
    ("current", GAUGE),
    ("power_factor", GAUGE),
)
POINTS: dict[str, tuple[tuple[str, PointKind], ...]] = {
    "water": (("volume", COUNTER), ("flow", GAUGE)),
    "gas": (("volume", COUNTER), ("flow", GAUGE)),
    "heat": (("heat_energy", COUNTER), ("thermal_power", GAUGE), ("supply_temperature", GAUGE),
             ("return_temperature", GAUGE), ("volume", COUNTER), ("flow", GAUGE)),
    "pump": (("running", STATE), ("pressure", GAUGE), ("vibration", GAUGE), ("run_hours", COUNTER)),
    "lift": (("floor", STATE), ("door_cycles", COUNTER), ("fault", STATE), ("entrapment", STATE)),
    "air-handling": (("supply_temperature", GAUGE), ("return_temperature", GAUGE), ("fan_speed", GAUGE),
                     ("filter_pressure", GAUGE)),
    "room": (("co2", GAUGE), ("temperature", GAUGE), ("humidity", GAUGE), ("pm25", GAUGE), ("occupancy", GAUGE)),
    "leak": (("leak", STATE),),
    "smoke": (("smoke", STATE),),
    "tank": (("water_level", GAUGE),),
    "waste-water": (("ph", GAUGE), ("cod", GAUGE), ("flow", GAUGE)),
    "lighting": (("on", STATE), ("illuminance", GAUGE)),
}  # fmt: skip


def small_park() -> Park:
    """Park `small`: everything behind the gateway gw-b1, except two turnstiles, a scanner and their gateway gw-east."""
    devices = [
        _device("gw-b1", Family.GATEWAY, "gateway", gateway=None,
                points=(("cpu_temperature", GAUGE), ("uplink_signal", GAUGE), ("queued", GAUGE))),
        _device("gw-east", Family.GATEWAY, "gateway", gateway=None, points=(("cpu_temperature", GAUGE),)),
        *(_device(f"meter-b1-{role}", Family.METER, "electricity", points=ELECTRIC, role=role)
          for role in ("main", "hvac", "lighting", "power")),
        *(_device(f"meter-b1-{kind}", Family.METER, kind, points=POINTS[kind]) for kind in ("water", "gas", "heat")),
        *(_device(f"{kind}-b1-1", Family.SENSOR, kind, points=points, interval=10)
          for kind, points in POINTS.items() if kind not in ("water", "gas", "heat")),
        _device("room-b1-2", Family.SENSOR, "room", points=POINTS["room"]),
        _device("gate-east-1", Family.GATE, "turnstile", gateway="gw-east", interval=60),
        _device("gate-east-2", Family.GATE, "turnstile", gateway="gw-east", interval=60),
        _device("gate-b1-1", Family.GATE, "door", interval=60),
        _device("scanner-east-1", Family.SCANNER, "scanner", gateway="gw-east", interval=60),
    ]  # fmt: skip
    return Park(
        park_id="small",
        name=Name("小园", "Small"),
        time_zone="Asia/Shanghai",
        crs=Crs.WGS84,
        position=(116.3, 40.0),
        address=Name("清河路1号", "1 Qinghe Road"),
        companies=(Company("alpha", Name("甲", "Alpha")), Company("beta", Name("乙", "Beta"))),
        spaces=(
            Space("site", SpaceKind.SITE, Name("园", "Site")),
            Space("b1", SpaceKind.BUILDING, Name("1", "1"), "site"),
        ),
        devices=tuple(devices),
    )


def _device(
    device_id: str, family: Family, kind: str, *, points: tuple[tuple[str, PointKind], ...] = (),
    gateway: str | None = "gw-b1", role: str | None = None, interval: float = 15,
) -> Device:  # fmt: skip
    made = tuple(Point(name, "1", k, role=role if name in ("energy", "active_power") else None) for name, k in points)
    return Device(device_id, family, kind, Name(device_id, device_id), "b1", gateway, None, interval, None, made)
