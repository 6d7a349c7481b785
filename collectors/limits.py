"""`park limit`: a person's decision that a device may send no more than so much, and the bucket that applies it."""

import argparse
import json
from datetime import datetime, timedelta

import psycopg

from pipeline.domain.errors import ConfigurationError
from pipeline.settings import Settings
from pipeline.store import floods
from pipeline.store.database import connect

EPSILON = 1e-6  # sixty sixtieths of a token are one
BURST_S = 10.0  # so much of a minute's allowance may come at once: a device that sends in bursts keeps its rhythm


class Bucket:
    """A token bucket of one device: `per_minute` tokens a minute, at most 10 s of them (or one) saved up.

    Even rather than by whole minutes, so that what passes is spread over the minute, and the device stays online.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_s = per_minute / 60
        self._size = max(1.0, self._per_s * BURST_S) if per_minute else 0.0
        self._tokens, self._at = self._size, float("-inf")

    def take(self, at: float) -> bool:
        """Whether a message received at `at` (epoch seconds) may pass; time that goes back gives no tokens."""
        if at > self._at:
            self._tokens = min(self._size, self._tokens + (at - self._at) * self._per_s) if self._per_s else 0.0
            self._at = at
        if self._tokens < 1.0 - EPSILON:
            return False
        self._tokens -= 1.0
        return True


def _decide(conn: psycopg.Connection, args: argparse.Namespace, now: datetime) -> None:
    device = (args.park or floods.only_park(conn), args.device)
    if args.off:
        floods.unlimit(conn, device, now=now)
        return
    until = now + timedelta(hours=args.hours) if args.hours else None
    floods.limit(
        conn, device, args.per_minute, now=now, everything=args.everything, until=until, reason=args.reason
    )  # fmt: skip


def main(argv: list[str]) -> int:
    """`park limit`."""
    parser = argparse.ArgumentParser(
        prog="park limit",
        description="Limit a device that floods. What is above the limit is not stored, but counted by device and"
        " minute; events and statuses always pass, unless --everything says otherwise.",
    )
    parser.add_argument("device", nargs="?", help="the device's id; left out with --list")
    parser.add_argument("--park", help="the park's id; may be left out where there is one park")
    parser.add_argument("--per-minute", type=int, metavar="N", help="messages that may pass in a minute; 0: none")
    parser.add_argument("--for", type=float, dest="hours", metavar="HOURS", help="runs out after so many hours")
    parser.add_argument("--reason", help="why, for the audit log and the screen")
    parser.add_argument("--everything", action="store_true", help="limit events and statuses too")
    parser.add_argument("--off", action="store_true", help="take the limit off")
    parser.add_argument("--list", action="store_true", help="show all limits in force")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    args = parser.parse_args(argv)
    settings = Settings.from_env()
    now = settings.clock.now()
    if not args.list and (args.device is None or (args.per_minute is None) != args.off):
        raise ConfigurationError("write `park limit DEVICE --per-minute N`, `park limit DEVICE --off` or `--list`")
    if (args.per_minute or 0) < 0 or (args.hours is not None and args.hours <= 0):
        raise ConfigurationError("--per-minute is 0 or more, --for more than 0")
    with connect(settings.require("database_url"), application="park limit") as conn:
        conn.autocommit = True
        try:
            if not args.list:
                _decide(conn, args, now)
        except psycopg.errors.InsufficientPrivilege as error:
            raise ConfigurationError(
                "this account may not limit devices; take the PARK_DATABASE_URL of the database's owner"
            ) from error
        in_force = floods.limits(conn, now=now)
    for x in in_force:
        what = "messages of every kind" if x.everything else "readings"
        until_text = f"until {x.until:%Y-%m-%d %H:%M} UTC" if x.until else "until taken off"
        print(f"{x.park_id}/{x.device_id}: {x.per_minute} {what} a minute, {until_text}; {x.reason or 'no reason'}")
    if not in_force:
        print("no device is limited")
    if args.json:
        rows = [
            {
                "park": x.park_id, "device": x.device_id, "per_minute": x.per_minute, "everything": x.everything,
                "until": x.until and x.until.isoformat(), "reason": x.reason, "set_by": x.set_by,
            }
            for x in in_force
        ]  # fmt: skip
        print(json.dumps({"limits": rows}, ensure_ascii=False))
    return 0
