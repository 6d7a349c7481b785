"""The section `plans` of the desk files: maintenance by calendar or counter, inspections with their expiry, rounds."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
import psycopg

from pipeline.store.desk_section import Applied, DeskFileError, Section
from pipeline.store.desk_services import Bilingual, Id
from pipeline.store.plans import QUERIES, Row, rows

TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Count = Annotated[int, msgspec.Meta(ge=1, le=3660)]
TERMS = ("kind", "name_zh", "name_en", "service", "skill", "priority", "space_id", "device", "every_days", "at_times",
         "point", "every_count", "starts", "lead_days", "expires", "contractor_id")  # fmt: skip


class PlanRow(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One plan, or one for each of `devices` (`{device}` in its id and names). Due `every_days`, or `every` so many
    of a counter, or when a certificate `expires`."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9{][a-z0-9._{}-]{0,99}$")]
    kind: Literal["planned", "inspection", "round"]
    name: Bilingual
    service: Id
    skill: Id
    priority: Literal["P1", "P2", "P3", "P4"] = "P4"
    space: str | None = None
    devices: list[str] = []
    every_days: Count | None = None
    at: list[TimeOfDay] = []
    counter: str | None = None
    every: Annotated[float, msgspec.Meta(gt=0)] | None = None
    expires: date | None = None
    starts: date = date(2026, 1, 1)
    lead_days: Annotated[int, msgspec.Meta(ge=0, le=366)] = 0
    contractor: str | None = None


def apply(conn: psycopg.Connection, park_id: str, plans: Sequence[PlanRow], now: datetime, actor: str) -> Applied:
    """Makes the plans those of the file. What was due stays due; a certificate that was renewed stays renewed."""
    (known,) = rows(conn, "plan_subjects", park=park_id)
    wanted: dict[str, Row] = {}
    for row in plans:
        for plan_id, values in _expanded(conn, park_id, row, known):
            if plan_id in wanted:
                raise DeskFileError(f"[[plans]] {plan_id} is there twice")
            wanted[plan_id] = values
    had = {row["plan_id"]: row for row in rows(conn, "plans_of_park", park=park_id)}
    for plan_id, values in wanted.items():
        before = had.get(plan_id)
        if before and before["expires"] and values["expires"]:
            values["expires"] = max(before["expires"], values["expires"])
    differ = [i for i, values in wanted.items() if _differs(had.get(i), values)]
    for plan_id in differ:
        conn.execute(QUERIES["put_plan"], {**wanted[plan_id], "park": park_id, "plan_id": plan_id, "now": now})
    conn.execute(QUERIES["drop_slots_ahead"], {"park": park_id, "ids": differ, "now": now})
    gone = conn.execute(QUERIES["retire_plans"], {"park": park_id, "ids": list(wanted)}).fetchall()
    conn.execute(QUERIES["drop_slots_ahead"], {"park": park_id, "ids": [i for (i,) in gone], "now": now})
    new = sum(i not in had for i in differ)
    return Applied(new, len(differ) - new, len(gone))


def _differs(before: Row | None, values: Row) -> bool:
    return before is None or before["retired"] or any(before[name] != values[name] for name in TERMS)


def _expanded(conn: psycopg.Connection, park_id: str, row: PlanRow, known: Row) -> Iterator[tuple[str, Row]]:
    """Each plan of a row with its columns."""
    where = f"[[plans]] {row.id}"
    if sum(x is not None for x in (row.every_days, row.every, row.expires)) != 1:
        raise DeskFileError(f"{where}: say one of every_days, every (with counter) and expires")
    if (row.every is None) != (row.counter is None):
        raise DeskFileError(f"{where}: every and counter go together")
    if row.counter and not row.devices:
        raise DeskFileError(f"{where}: a counter is one of devices")
    if row.at and row.every_days is None:
        raise DeskFileError(f"{where}: at is for every_days")
    if len(row.devices) > 1 and "{device}" not in row.id:
        raise DeskFileError(f"{where}: with several devices its id has {{device}} in it")
    for what, one in (("spaces", row.space), ("contractors", row.contractor)):
        if one is not None and one not in known[what]:
            raise DeskFileError(f"{where}: the park has no {one} among its {what}")
    base: dict[str, Any] = {
        "kind": row.kind, "service": row.service, "skill": row.skill, "priority": row.priority, "space_id": row.space,
        "device": None, "every_days": row.every_days, "at_times": sorted(row.at) or None, "point": None,
        "every_count": row.every, "starts": row.starts, "lead_days": row.lead_days, "expires": row.expires,
        "contractor_id": row.contractor, "name_zh": row.name.zh, "name_en": row.name.en,
    }  # fmt: skip
    if not row.devices:
        yield row.id, base
    for name in row.devices:
        found = rows(conn, "plan_device", park=park_id, device=name, point=row.counter)
        if not found or (row.counter and found[0]["point"] is None):
            what = f"device {name}" if not found else f"counter {row.counter} of device {name}"
            raise DeskFileError(f"{where}: there is no {what}")
        device = found[0]
        yield row.id.replace("{device}", name), base | {
            "device": device["device"], "point": device["point"] if row.counter else None,
            "name_zh": row.name.zh.replace("{device}", device["name_zh"] or name),
            "name_en": row.name.en.replace("{device}", device["name_en"] or name),
        }  # fmt: skip


SECTION = Section("plans", PlanRow, apply)
