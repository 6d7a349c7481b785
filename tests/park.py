"""A small park for tests that need one: two devices, one company, one building."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from pipeline.domain.park import Company, Crs, Device, Family, Name, Park, Point, PointKind, Space, SpaceKind
from pipeline.store import desk, parks

REPO = Path(__file__).parent.parent

APPLIED_AT = datetime(2026, 11, 1, tzinfo=UTC)
SQUARE = ((116.33, 40.03), (116.331, 40.03), (116.331, 40.031), (116.33, 40.031))
SMALL = Park(
    park_id="small",
    name=Name("小园区", "Small Park"),
    time_zone="Asia/Shanghai",
    crs=Crs.WGS84,
    position=(116.33, 40.03),
    address=Name("某路1号", "1 Some Road"),
    companies=(Company("acme", Name("阿克米", "Acme")),),
    spaces=(
        Space("site", SpaceKind.SITE, Name("园区", "Site"), footprint=SQUARE),
        Space("b1", SpaceKind.BUILDING, Name("1号楼", "Building 1"), parent_id="site", footprint=SQUARE, height_m=20),
    ),
    devices=(
        Device("gw", Family.GATEWAY, "gateway", Name("网关", "Gateway"), space_id="b1"),
        Device(
            "m1",
            Family.METER,
            "electricity",
            Name("总表", "Main meter"),
            space_id="b1",
            gateway_id="gw",
            interval_s=10,
            points=(
                Point("energy", "kWh", PointKind.COUNTER, role="main"),
                Point("active_power", "kW", PointKind.GAUGE, low=0, high=500, role="main"),
            ),
        ),
        Device("g1", Family.GATE, "turnstile", Name("东门", "East gate"), space_id="site", gateway_id="gw"),
    ),
)


def apply_small_park(conn: psycopg.Connection) -> None:
    """Makes the database know the small park, and commits."""
    parks.apply(conn, SMALL, now=APPLIED_AT)
    conn.commit()


def catalogue() -> dict[str, list[Any]]:
    """The demo's services, and the contractors that they name."""
    folder = REPO / "simulators/parks/qinghe-desk"
    return {"contractors": desk.read(folder / "people.toml")["contractors"], **desk.read(folder / "services.toml")}
