"""Brings what the database knows of a park to what a park file says, in one transaction, and says what that changes."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from pipeline.domain.errors import NotFound
from pipeline.domain.park import Company, Crs, Device, Family, Name, Park, Point, PointKind, Space, SpaceKind
from pipeline.domain.rule import Rule
from pipeline.domain.rule_doubts import doubts
from pipeline.domain.subjects import Candidates
from pipeline.store import audit, locks, rules, watches
from pipeline.store.database import guarded
from pipeline.store.park_plan import Action, Change, Kind, Plan, Recorded, Row, compare, wanted
from pipeline.store.queries import load as load_queries

__all__ = ["Action", "Change", "Kind", "Plan", "Recorded", "apply", "load", "lock", "plan", "recorded", "write"]

QUERIES = load_queries(Path(__file__).parent / "parks_sql")
ROLL_UPS = int.from_bytes(blake2b(b"roll-ups", digest_size=4).digest(), "big", signed=True)  # engine.steps.key of it


def plan(conn: psycopg.Connection, park: Park, *, take_rules: bool = False) -> Plan:
    """What `apply` would do now. Reads only; leaves the connection's transaction open."""
    with guarded():
        return _plan(conn, park, take_rules=take_rules)


def apply(conn: psycopg.Connection, park: Park, *, now: datetime, take_rules: bool = False) -> Plan:
    """Makes the database say what the park file says, and commits; returns what changed. Safe twice, and at once.

    take_rules: what was said of the file's rules over the API counts no longer.
    """
    with guarded():
        try:
            done = write(conn, park, now=now, take_rules=take_rules)
            conn.commit()
        except BaseException:
            conn.rollback()
            raise
    return done


def write(conn: psycopg.Connection, park: Park, *, now: datetime, take_rules: bool = False) -> Plan:
    """The same without the commit, for a caller who has read something under the same `lock`."""
    lock(conn, park.park_id)
    changes = _plan(conn, park, take_rules=take_rules)
    if not changes.empty:
        writer = _Writer(conn, park, changes)
        writer.run(now)
        if park.rules is not None:
            origin = rules.Origin.PARK_FILE
            rules.put(conn, park.park_id, park.rules, origin=origin, actor=audit.LOCAL, now=now, take=take_rules)
        watches.expand(conn, park.park_id)
        writer.finish(now)
    return changes


def lock(conn: psycopg.Connection, park_id: str) -> None:
    """Keeps every other writer of this park's registry out until the transaction ends."""
    conn.execute(QUERIES["lock"], {"lock": locks.REGISTRY, "park": park_id})


def recorded(conn: psycopg.Connection, park_id: str) -> Recorded:
    """All rows of a park, provisional and retired ones too; `park` is None where nobody applied it."""
    with guarded():
        return Recorded(
            park=next(iter(_rows(conn, "park", park_id)), None),
            companies={row.pop("company_id"): row for row in _rows(conn, "companies", park_id)},
            spaces={row.pop("space_id"): row for row in _rows(conn, "spaces", park_id)},
            tenancies={(row["space_id"], row["company_id"]) for row in _rows(conn, "tenancies", park_id)},
            devices={row.pop("device_id"): row for row in _rows(conn, "devices", park_id)},
            points={(row.pop("device_id"), row.pop("name")): row for row in _rows(conn, "points", park_id)},
        )


def park_ids(conn: psycopg.Connection) -> list[str]:
    """The parks that were applied."""
    with guarded():
        return [str(park_id) for (park_id,) in conn.execute(QUERIES["park_ids"])]


def load(conn: psycopg.Connection, park_id: str) -> Park:
    """The park as it is in force, without provisional and retired things. NotFound if it was never applied."""
    rows = recorded(conn, park_id)
    if rows.park is None:
        raise NotFound(f'park "{park_id}" was never applied; run `park apply FILE`')
    points: dict[str, list[Point]] = {}
    for (device_id, name), row in rows.points.items():
        if not row["provisional"] and not row["retired"]:
            points.setdefault(device_id, []).append(_point(name, row))
    return Park(
        park_id=park_id,
        name=_name(rows.park),
        time_zone=rows.park["time_zone"],
        crs=Crs(rows.park["crs"]),
        position=(rows.park["lon"], rows.park["lat"]),
        address=Name(rows.park["address_zh"], rows.park["address_en"]),
        companies=tuple(Company(company_id, _name(row)) for company_id, row in rows.companies.items()),
        spaces=tuple(_space(space_id, row, rows.tenancies) for space_id, row in rows.spaces.items()),
        devices=tuple(
            _device(device_id, row, points.get(device_id, []))
            for device_id, row in rows.devices.items()
            if not row["provisional"] and not row["retired"]
        ),
    )


def _rows(conn: psycopg.Connection, query: str, park_id: str) -> list[Row]:
    cursor = conn.execute(QUERIES[query], {"park": park_id})
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _plan(conn: psycopg.Connection, park: Park, *, take_rules: bool) -> Plan:
    have, want = recorded(conn, park.park_id), wanted(park)
    leaving = sorted(have.companies.keys() - want.companies.keys())
    referred: dict[str, str] = {}
    if leaving:
        found = conn.execute(QUERIES["referred_companies"], {"park": park.park_id, "companies": leaving})
        referred = {str(company): str(reason) for company, reason in found}
    plan = compare(park.park_id, have, want, referred=referred)
    standing = rules.stored(conn, park.park_id)
    of_rules = rules.RulePlan() if park.rules is None else rules.plan(standing, park.rules, take=take_rules)
    judged = rules.in_force(standing, None if park.rules is None else of_rules, park.rules or ())
    warnings = [f"rule {rule.rule_id}: {words}" for rule, words in _odd(park, judged)]
    changes, kept = plan.changes + of_rules.changes, plan.kept + of_rules.kept
    return replace(plan, changes=changes, kept=kept, warnings=tuple(warnings))


def _odd(park: Park, judged: Iterable[Rule]) -> Iterator[tuple[Rule, str]]:
    """Rules that are no error, and hardly meant."""
    known = Candidates.of(park)
    points = {(device.device_id, point.name): point for device in park.devices for point in device.points}
    for rule in judged:
        subjects = known.subjects(rule)
        if not subjects:
            yield rule, "it watches nothing"
        for words in doubts(rule, [points[s.device_id, s.point] for s in subjects if s.device_id and s.point]):
            yield rule, words


class _Writer:
    """Writes what a plan names, a statement for each kind and action that has something to do."""

    def __init__(self, conn: psycopg.Connection, park: Park, changes: Plan) -> None:
        self.conn, self.park_id, self.plan, self.want = conn, park.park_id, changes, wanted(park)
        self.zone = park.time_zone

    def run(self, now: datetime) -> None:
        want = self.want
        self.move_days()  # first: it may take long, and ingest would wait for rows that are written below
        self.put("put_park", [want.park] if want.park and self.touched(Kind.PARK) else [])
        self.put("put_companies", [{"company_id": i, **want.companies[i]} for i in self.touched(Kind.COMPANY)])
        self.put("put_spaces", [{"space_id": i, **want.spaces[i]} for i in self.touched(Kind.SPACE)])
        self.put("drop_tenancies", self.pairs(Action.REMOVE, Kind.TENANCY, "space_id", "company_id"))
        self.put("put_tenancies", self.pairs(Action.ADD, Kind.TENANCY, "space_id", "company_id"))
        self.put("put_devices", [{"device_id": i, **want.devices[i]} for i in self.touched(Kind.DEVICE)])
        self.name("retire_devices", self.plan.ids(Action.RETIRE, Kind.DEVICE))
        self.put("put_points", [self.point(order, i) for order, i in enumerate(self.touched(Kind.POINT))])
        self.put("retire_points", self.pairs(Action.RETIRE, Kind.POINT, "device_id", "name"))
        self.name("drop_spaces", self.plan.ids(Action.REMOVE, Kind.SPACE))
        self.name("drop_companies", self.plan.ids(Action.REMOVE, Kind.COMPANY))
        self.conn.execute(QUERIES["ensure_states"], {"park": self.park_id, "now": now})

    def finish(self, now: datetime) -> None:
        """Notes what was done, and tells everyone."""
        changes = self.plan.as_json()
        audit.record(self.conn, now=now, action="apply", subject=f"park/{self.park_id}", detail=changes)
        self.conn.execute(QUERIES["announce"], {"payload": f"registry:{self.park_id}"})

    def move_days(self) -> None:
        """Makes the day roll-ups again where the time zone is new; days of strangers were made in UTC."""
        change = next((c for c in self.plan.changes if c.kind is Kind.PARK), None)
        if change is None:
            return
        told = {name: old for name, old, _ in change.fields}
        before = "UTC" if change.action is Action.ADD else told.get("time_zone", self.zone)
        if before != self.zone:
            zones = {"park": self.park_id, "before": before, "after": self.zone}
            self.conn.execute(QUERIES["pause_roll_ups"], {"kind": locks.STEP, "key": ROLL_UPS})
            self.conn.execute(QUERIES["drop_days"], zones)
            self.conn.execute(QUERIES["make_days"], zones)

    def touched(self, kind: Kind) -> list[str]:
        written = (Action.ADD, Action.REGISTER, Action.CHANGE)
        return [change.id for change in self.plan.changes if change.kind is kind and change.action in written]

    def pairs(self, action: Action, kind: Kind, *columns: str) -> list[Row]:
        return [dict(zip(columns, i.split("/"), strict=True)) for i in self.plan.ids(action, kind)]

    def point(self, order: int, both: str) -> Row:
        device_id, name = both.split("/")
        return {"device_id": device_id, "name": name, "ordinal": order, **self.want.points[device_id, name]}

    def put(self, query: str, rows: list[Row]) -> None:
        if rows:
            self.conn.execute(QUERIES[query], {"park": self.park_id, "rows": Jsonb(rows)})

    def name(self, query: str, ids: list[str]) -> None:
        if ids:
            self.conn.execute(QUERIES[query], {"park": self.park_id, "ids": ids})


def _name(row: Row) -> Name:
    return Name(row["name_zh"] or "", row["name_en"] or "")


def _space(space_id: str, row: Row, tenancies: Iterable[tuple[str, str]]) -> Space:
    return Space(
        space_id=space_id,
        kind=SpaceKind(row["kind"]),
        name=_name(row),
        parent_id=row["parent_id"],
        footprint=tuple((float(lon), float(lat)) for lon, lat in row["footprint"] or ()),
        height_m=row["height_m"],
        level=row["level"],
        area_m2=row["area_m2"],
        brick_class=row["brick_class"],
        company_ids=tuple(sorted(company for space, company in tenancies if space == space_id)),
    )


def _device(device_id: str, row: Row, points: list[Point]) -> Device:
    placed: Any = (row["lon"], row["lat"])
    return Device(
        device_id=device_id,
        family=Family(row["family"]),
        type=row["type"] or "",
        name=_name(row),
        space_id=row["space_id"],
        gateway_id=row["gateway_id"],
        position=None if None in placed else placed,
        interval_s=row["interval_s"],
        brick_class=row["brick_class"],
        points=tuple(points),
    )


def _point(name: str, row: Row) -> Point:
    return Point(
        name=name,
        unit=row["unit"] or "",
        kind=PointKind(row["kind"]),
        low=row["low"],
        high=row["high"],
        interval_s=row["interval_s"],
        brick_class=row["brick_class"],
        role=row["role"],
    )
