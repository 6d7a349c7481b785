"""`park codes`: makes the QR codes that stand for rooms and machines, prints sheets of them, and revokes lost ones."""

import argparse
import html
import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import segno
from psycopg.rows import dict_row

from pipeline.domain.errors import ConfigurationError, NotFound
from pipeline.settings import Settings
from pipeline.store import audit, parks
from pipeline.store.database import connect
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "codes_sql")
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that looks like something else: 31 ** 10 is beyond guessing
LENGTH = 10
Row = dict[str, Any]


def make(
    conn: psycopg.Connection, park_id: str, places: Sequence[str], *, now: datetime, all_spaces: bool = False,
    all_devices: bool = False, actor: str = audit.LOCAL,
) -> int:  # fmt: skip
    """Codes for spaces and devices that have none; how many. Raises NotFound for an id that the park does not have."""
    asked = {"park": park_id, "places": list(places), "all_spaces": all_spaces, "all_devices": all_devices}
    known = {str(i) for (i,) in conn.execute(QUERIES["places_known"], asked)}
    if missing := [place for place in places if place not in known]:
        raise NotFound(f"space or device {missing[0]}")
    made = 0
    for kind, place, device in conn.execute(QUERIES["places_without_code"], asked).fetchall():
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        of = {"code": code, "park": park_id, "space": place if kind == "space" else None, "device": device, "now": now}
        made += conn.execute(QUERIES["add_code"], of).rowcount
    if made:
        _record(conn, park_id, {"made": made}, now=now, actor=actor)
    return made


def revoke(
    conn: psycopg.Connection, park_id: str, codes: Sequence[str], *, reason: str, now: datetime,
    actor: str = audit.LOCAL,
) -> list[str]:  # fmt: skip
    """Makes codes invalid; those that were in force. A place whose code is revoked gets a new one from `make`."""
    asked = {"park": park_id, "codes": [code.upper() for code in codes], "now": now}
    done = [str(code) for (code,) in conn.execute(QUERIES["revoke_codes"], asked)]
    if done:
        _record(conn, park_id, {"revoked": done, "reason": reason}, now=now, actor=actor)
    return done


def in_force(conn: psycopg.Connection, park_id: str, *, building: str | None = None) -> list[Row]:
    """Codes with the names of their places."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES["codes_in_force"], {"park": park_id, "building": building}).fetchall()


def sheet(rows: Sequence[Row], *, address: str) -> str:
    """A page to print: 15 labels on an A4 sheet, each with its QR code, the place in both languages and the code."""
    labels = "\n".join(_label(row, f"{address.rstrip('/')}/report?code={row['code']}") for row in rows)
    return PAGE.replace("@labels@", labels)


def _label(row: Row, link: str) -> str:
    code = segno.make(link, error="m", micro=False).svg_inline(scale=3, border=2, omitsize=True)
    zh, en = html.escape(row["zh"] or row["id"]), html.escape(row["en"] or row["id"])
    return (
        f'<figure>{code}<figcaption><b lang="zh">{zh}</b><span lang="en">{en}</span>'
        f"<span>扫码报修 · Scan to report</span><code>{row['code']}</code></figcaption></figure>"
    )


PAGE = """<!doctype html>
<html lang="zh"><meta charset="utf-8"><title>smartpark: codes</title>
<style>
  @page { size: A4; margin: 10mm }
  body { margin: 0; font: 9pt sans-serif; display: grid; grid-template-columns: repeat(3, 1fr); gap: 4mm }
  figure { margin: 0; padding: 2mm; border: 0.2mm solid #999; text-align: center; break-inside: avoid;
    box-sizing: border-box; height: 51mm }
  svg { width: 28mm; height: 28mm }
  figcaption > * { display: block; overflow: hidden; white-space: nowrap; text-overflow: ellipsis }
  b { font-size: 11pt } code { font-size: 11pt; letter-spacing: 0.5mm }
</style>
@labels@
</html>
"""


def _record(conn: psycopg.Connection, park_id: str, detail: Row, *, now: datetime, actor: str) -> None:
    audit.record(conn, now=now, action="codes", subject=f"park/{park_id}", detail=detail, actor=actor)


def parser() -> argparse.ArgumentParser:
    """The words of `park codes`."""
    top = argparse.ArgumentParser(prog="park codes", description="QR codes of rooms and machines.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    common.add_argument("--park", help="the park's id; may be left out where there is one park")
    verbs = top.add_subparsers(dest="verb", required=True)
    making = verbs.add_parser("make", help="make codes for what has none", parents=[common])
    making.add_argument("places", nargs="*", metavar="SPACE|DEVICE")
    making.add_argument("--all-spaces", action="store_true")
    making.add_argument("--all-devices", action="store_true")
    printing = verbs.add_parser("sheet", help="write a page of codes to print", parents=[common])
    printing.add_argument("--address", required=True, help="where phones reach the park, such as https://park.example")
    printing.add_argument("--building", help="only what is in this building")
    printing.add_argument("--out", type=Path, default=Path("codes.html"))
    ending = verbs.add_parser("revoke", help="make codes invalid, such as lost ones", parents=[common])
    ending.add_argument("codes", nargs="+", metavar="CODE")
    ending.add_argument("--reason", required=True)
    return top


def main(argv: list[str]) -> int:
    """`park codes`."""
    asked = parser().parse_args(argv)
    settings = Settings.from_env()
    with connect(settings.require("database_url"), application="park codes") as conn:
        park_id = asked.park or _sole_park(conn)
        done = _do(conn, park_id, asked, settings.clock.now())
    print(json.dumps(done) if asked.json else "\n".join(f"{name}: {value}" for name, value in done.items()))
    return 0


def _do(conn: psycopg.Connection, park_id: str, asked: argparse.Namespace, now: datetime) -> Row:
    if asked.verb == "make":
        if not (asked.places or asked.all_spaces or asked.all_devices):
            raise ConfigurationError("say which: ids of spaces and devices, --all-spaces or --all-devices")
        wide = {"all_spaces": asked.all_spaces, "all_devices": asked.all_devices}
        return {"made": make(conn, park_id, asked.places, now=now, **wide)}
    if asked.verb == "revoke":
        done = revoke(conn, park_id, asked.codes, reason=asked.reason, now=now)
        if not done:
            raise NotFound("none of these codes is in force")
        return {"revoked": done}
    told = urlsplit(asked.address)
    if told.scheme not in ("http", "https") or not told.netloc:
        raise ConfigurationError(f"--address {asked.address}: write it with its scheme, such as https://park.example")
    rows = in_force(conn, park_id, building=asked.building)
    if not rows:
        raise NotFound("there are no codes; make some first with `park codes make`")
    asked.out.write_text(sheet(rows, address=asked.address), encoding="utf-8")
    return {"codes": len(rows), "file": str(asked.out)}


def _sole_park(conn: psycopg.Connection) -> str:
    known = parks.park_ids(conn)
    if len(known) != 1:
        raise ConfigurationError(f"say which park with --park: {', '.join(known) or 'none was applied'}")
    return known[0]
