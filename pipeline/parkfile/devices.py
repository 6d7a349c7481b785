"""`park devices export` and `park devices import`: the device list of a park as a spreadsheet, out and in again."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import psycopg

from pipeline.domain.errors import ConfigurationError, NotFound, ParkError
from pipeline.domain.park import Device, Family, Park
from pipeline.parkfile import sheet
from pipeline.parkfile.apply import fail, report
from pipeline.parkfile.frame import Frame
from pipeline.parkfile.problems import Findings, InvalidParkFileError, Problem
from pipeline.parkfile.references import check_devices
from pipeline.parkfile.sheet import Listing, Status
from pipeline.settings import Settings
from pipeline.store import parks
from pipeline.store.database import connect, guarded
from pipeline.store.park_plan import Plan, Recorded, Row


def main(argv: list[str]) -> int:
    """0 when the list was written or taken in; 1 with everything that is wrong, by row and column."""
    asked = _parser().parse_args(argv)
    try:
        settings = Settings.from_env()
        with connect(settings.require("database_url"), application="park devices") as conn:
            park_id = asked.park or only_park(conn)
            if asked.verb == "export":
                save(export(conn, park_id), asked.file)
                return 0
            plan = take_in(conn, park_id, asked.file, now=settings.clock.now(), dry_run=asked.dry_run)
    except ParkError as error:
        return fail(error, as_json=getattr(asked, "json", False))
    report(plan, dry_run=asked.dry_run, as_json=asked.json)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="park devices", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    out = verbs.add_parser("export", help="write the list as CSV that spreadsheets open")
    out.add_argument("file", type=Path, nargs="?", metavar="FILE", help="where to; standard output if left out")
    into = verbs.add_parser("import", help="add and change what the list names; nothing is retired by leaving it out")
    into.add_argument("file", type=Path, metavar="FILE")
    into.add_argument("--dry-run", action="store_true", help="show the plan, write nothing")
    into.add_argument("--json", action="store_true", help="the plan as one line of JSON")
    for verb in (out, into):
        verb.add_argument("--park", metavar="ID", help="which park; may be left out where there is one")
    return parser


def only_park(conn: psycopg.Connection) -> str:
    """The park, where there is one; else ParkError says what to do."""
    found = parks.park_ids(conn)
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound("no park was applied yet; run `park apply FILE`")
    raise ConfigurationError(f"there are several parks; add --park with one of {', '.join(found)}")


def export(conn: psycopg.Connection, park_id: str) -> bytes:
    """The CSV of a park: everything that is registered, provisional or retired. NotFound where nobody applied it."""
    rows = parks.recorded(conn, park_id)
    if rows.park is None:
        raise NotFound(f'park "{park_id}" was never applied; run `park apply FILE`')
    return sheet.write(rows_of(rows))


def save(content: bytes, file: Path | None) -> None:
    """Writes a file, or standard output."""
    if file is None:
        sys.stdout.buffer.write(content)
        return
    try:
        file.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from error


def rows_of(recorded: Recorded) -> Iterator[dict[str, object]]:
    points: dict[str, list[tuple[str, Row]]] = {}
    for (device_id, name), row in recorded.points.items():
        points.setdefault(device_id, []).append((name, row))
    for device_id, row in recorded.devices.items():
        own = {
            **{name: row[name] for name in ("family", "type", "name_zh", "name_en", "lon", "lat", "interval_s")},
            "id": device_id,
            "space": row["space_id"],
            "gateway": row["gateway_id"],
            "brick": row["brick_class"],
        }
        status = _status(row)
        stated = False
        for name, point in points.get(device_id, []):
            of_row = max(status, _status(point), key=list(Status).index)
            stated = stated or of_row is status
            yield {**own, "status": of_row, "point": name, **_point(point)}
        if not stated:  # no row says yet what the device itself is
            yield {**own, "status": status}


def _status(row: Row) -> Status:
    if row["retired"]:
        return Status.RETIRED
    return Status.PROVISIONAL if row["provisional"] else Status.REGISTERED


def _point(row: Row) -> dict[str, object]:
    return {
        **{name: row[name] for name in ("unit", "kind", "low", "high", "role")},
        "point_interval_s": row["interval_s"],
        "point_brick": row["brick_class"],
    }


def take_in(conn: psycopg.Connection, park_id: str, file: Path, *, now: datetime, dry_run: bool) -> Plan:
    """Adds and changes what a list names, and commits. InvalidParkFileError lists every problem with row and column."""
    with guarded():
        try:
            parks.lock(conn, park_id)  # what is read here must still be true when it is written
            park = parks.load(conn, park_id)
            merged = _merged(park, _listing(file, park))
            plan = parks.plan(conn, merged) if dry_run else parks.write(conn, merged, now=now)
            conn.commit()
        except BaseException:
            conn.rollback()
            raise
    return plan


def _listing(file: Path, park: Park) -> Listing:
    findings = Findings()
    try:
        listing = sheet.read(file, findings, frame=Frame(park.position))
    except OSError as error:
        problem = Problem(str(file), 1, f"cannot be read: {error.strerror}", "write the path of a device list")
        raise InvalidParkFileError([problem]) from error
    families: Mapping[str, Family] = {
        **{device.device_id: device.family for device in park.devices},
        **{device.device_id: device.family for device, _ in listing.devices},
    }
    check_devices(listing.devices, {space.space_id for space in park.spaces}, families)
    if findings:
        raise InvalidParkFileError(findings.problems())
    return listing


def _merged(park: Park, listing: Listing) -> Park:
    """The park with the list's devices over its own; points that the list leaves out stay."""
    devices = {device.device_id: device for device in park.devices}
    for device, _ in listing.devices:
        devices[device.device_id] = _over(devices.get(device.device_id), device)
    kept = (device for name, device in devices.items() if name not in listing.retired_devices)
    return replace(park, devices=tuple(_without(device, listing.retired_points) for device in kept))


def _over(old: Device | None, new: Device) -> Device:
    points = {point.name: point for point in (*(old.points if old else ()), *new.points)}
    return replace(new, points=tuple(points.values()))


def _without(device: Device, retired: set[tuple[str, str]]) -> Device:
    return replace(device, points=tuple(p for p in device.points if (device.device_id, p.name) not in retired))
