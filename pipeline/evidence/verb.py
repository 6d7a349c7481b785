"""`park audit` and `park evidence`: heads and whole audits; bundles of single orders, exported and checked."""

import argparse
import json
from pathlib import Path

from pipeline.domain.errors import ConfigurationError
from pipeline.evidence import audit as whole
from pipeline.evidence import heads, paper, signing
from pipeline.evidence.bundle import gather
from pipeline.evidence.check import check
from pipeline.settings import Settings
from pipeline.store.database import connect


def audit(argv: list[str]) -> int:
    """`park audit`."""
    top = argparse.ArgumentParser(prog="park audit", description="Prove that no work order was changed or removed.")
    verbs = top.add_subparsers(dest="verb", required=True)
    head = verbs.add_parser("head", help="sign the chains as they stand now, without waiting for the hour")
    verify = verbs.add_parser("verify", help="check every chain, and every signed head against the database")
    verify.add_argument("--heads", type=Path, help="file of signed heads; default: PARK_AUDIT_HEADS")
    verify.add_argument("--key", type=Path, action="append", help="audit.pub; default: that of PARK_SECRETS")
    for one in (head, verify):
        one.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    args = top.parse_args(argv)
    settings = Settings.from_env()
    with connect(settings.require("database_url"), application="park audit") as conn:
        conn.autocommit = True
        if args.verb == "head":
            line = heads.make(conn, signing.private(settings.secrets), now=settings.clock.now(), anyway=True)
            heads.write(conn, settings.audit_heads)
            print(
                f"{line['orders']} orders, {line['events']} events signed"
                if line
                else "nothing new since the last head"
            )
            if args.json:
                print(json.dumps({"head": line}))
            return 0
        keys = [signing.public(file) for file in args.key or [settings.secrets]]
        found = whole.verify(conn, args.heads or settings.audit_heads, keys)
    for fault in found.faults:
        print(f"FAULT  {fault}")
    print(f"{found.orders} orders, {found.events} events, {found.heads} signed heads; "
          f"{found.uncovered} events came after the newest head")  # fmt: skip
    if args.json:
        print(json.dumps(found._asdict()))
    return 1 if found.faults else 0


def evidence(argv: list[str]) -> int:
    """`park evidence`."""
    top = argparse.ArgumentParser(prog="park evidence", description="Export what proves a work order, and check it.")
    verbs = top.add_subparsers(dest="verb", required=True)
    export = verbs.add_parser("export", help="write an order's evidence as .json or .pdf")
    export.add_argument("order", type=int, metavar="ORDER")
    export.add_argument(
        "--out", type=Path, action="append", required=True, help="FILE.json or FILE.pdf; may be repeated"
    )
    verify = verbs.add_parser("verify", help="check a bundle; needs no database")
    verify.add_argument("file", type=Path, metavar="FILE.json")
    for one in (export, verify):
        one.add_argument("--key", type=Path, action="append", help="audit.pub; default: that of PARK_SECRETS")
        one.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    args = top.parse_args(argv)
    settings = Settings.from_env()
    keys = [signing.public(file) for file in args.key or [settings.secrets]]
    if args.verb == "export":
        if odd := [file for file in args.out if file.suffix not in (".json", ".pdf")]:
            raise ConfigurationError(f"--out {odd[0]}: write a name that ends in .json or .pdf")
        with connect(settings.require("database_url"), application="park evidence") as conn:
            bundle = gather(conn, args.order, now=settings.clock.now())
            (zone,) = conn.execute(heads.QUERIES["zone"], {"park": bundle["order"]["park_id"]}).fetchone() or ("UTC",)
        found = check(bundle, keys)
        for file in args.out:
            if file.suffix == ".pdf":
                file.write_bytes(paper.draw(bundle, found, zone=zone))
            else:
                file.write_text(json.dumps(bundle, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            print(f"wrote {file}")
    else:
        try:
            bundle = json.loads(args.file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{args.file} cannot be read as an evidence bundle: {error}") from error
        found = check(bundle, keys)
    for sign, lines in (("shown", found.shown), ("open ", found.open), ("FAULT", found.faults)):
        for line in lines:
            print(f"{sign}  {line}")
    if args.json:
        print(json.dumps(found._asdict()))
    return 1 if found.faults else 0
