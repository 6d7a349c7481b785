"""`park profile`: shows what a mapping profile would store of a payload, before any device is let in by it."""

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from collectors.decoders import profile, profile_read
from collectors.decoders.decoded import Decoded, Route
from collectors.decoders.profile_model import MessageMap, Profile
from collectors.decoders.profile_paths import Each, Place, TopicEnd, spelled
from collectors.decoders.profile_take import Trace
from collectors.sources import Source
from pipeline.domain.errors import ConfigurationError, Rejected
from pipeline.domain.message import StatusReport
from pipeline.domain.park import Family
from pipeline.settings import Settings
from pipeline.validate import dated

SHOWN = 20  # places without use that are named; the rest is counted
WIDTH = 120  # characters, where the output is no terminal
LONGEST_RAW = 40  # characters of a raw value that are shown


def main(argv: list[str]) -> int:
    """0 where the message would be stored (or is knowingly ignored), 1 where it would be a dead letter."""
    asked = _parser().parse_args(argv)
    if asked.verb == "list":
        for name in profile_read.shipped():
            print(f"{name:22} {profile_read.read(name).about}")
        return 0
    if asked.verb == "show":
        print(profile_read.find(asked.profile).read_text(encoding="utf-8"), end="")
        return 0
    wanted = profile_read.read(asked.profile)
    payload = asked.payload.read_bytes() if asked.payload else sys.stdin.buffer.read()
    received = _received(asked.received)
    source = Source(asked.source, "#", "profile", "park", family=Family(asked.family), profile=asked.profile)
    topic, said, trace = _tried(wanted, source, payload, topic=asked.topic)
    if asked.json:
        print(json.dumps(_as_json(topic, said, trace, received), ensure_ascii=False, default=str))
    else:
        _print(wanted, topic, said, trace, received)
    return 1 if isinstance(said, Rejected) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="park profile", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="the profiles that come with smartpark")
    show = verbs.add_parser("show", help="print one, to copy it")
    show.add_argument("profile", metavar="NAME")
    attempt = verbs.add_parser("try", help="what a profile would store of the payload on standard input")
    attempt.add_argument("profile", metavar="FILE", help="a profile's file, or the name of a shipped one")
    attempt.add_argument(
        "payload", type=Path, nargs="?", metavar="PAYLOAD", help="its file; standard input if left out"
    )
    attempt.add_argument("--topic", help="the topic it came on; made up from the profile if left out")
    attempt.add_argument(
        "--received", metavar="ISO", help="when it came, such as 2026-11-22T09:30:00+08:00; default: now"
    )
    attempt.add_argument("--source", default="source", metavar="NAME", help="the source's name, for {source}")
    attempt.add_argument("--family", default="sensor", choices=list(Family), help="the source's family")
    attempt.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _received(text: str | None) -> datetime:
    if text is None:
        return Settings.from_env().clock.now()
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f'--received "{text}" is no ISO 8601 time') from error
    if when.tzinfo is None:
        raise ConfigurationError(f'--received "{text}" does not say of which zone it is; add +08:00, or Z')
    return when


def _tried(
    wanted: Profile, source: Source, payload: bytes, *, topic: str | None
) -> tuple[str, Decoded | Rejected, Trace]:
    """By the given topic; without one, by the first topic that the profile can read this payload on."""
    topics = [topic] if topic else list(dict.fromkeys(_made_up(m.topic) for m in wanted.messages if not m.ignore))
    first: tuple[str, Rejected, Trace] | None = None
    for attempt in topics or [_made_up(wanted.messages[0].topic)]:
        trace = Trace()
        try:
            said = profile.apply(wanted, Route(source, {}, attempt), payload, trace=trace)
            if topic or said.samples or said.events:
                return attempt, said, trace
            first = first or (attempt, Rejected("nothing-mapped", "this payload holds nothing that is stored"), trace)
        except Rejected as rejected:
            first = first or (attempt, rejected, trace)
    assert first is not None  # noqa: S101 - a profile has at least one message
    return first


def _made_up(topic: TopicEnd) -> str:
    return "/".join((level.name or "any") if isinstance(level, Each) else level for level in topic.levels)


def _unused(trace: Trace) -> list[str]:
    """Places of the payload that nothing was read from, where it could be read at all."""
    if trace.document is None:
        return []
    return [
        f"{spelled(place)} = {_short(value)}"
        for place, value in _leaves(trace.document, ())
        if not any(place[:length] in trace.used for length in range(len(place) + 1))
    ]


def _leaves(at: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    inside = at.items() if isinstance(at, dict) else enumerate(at) if isinstance(at, list) else ()
    if not inside or not at:
        yield place, at
    else:
        for key, value in inside:
            yield from _leaves(value, (*place, key))


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_RAW else text[: LONGEST_RAW - 1] + "…"


def _print(
    wanted: Profile, topic: str, said: Decoded | Rejected, trace: Trace, received: datetime
) -> None:  # fmt: skip
    console = Console(markup=False, highlight=False, emoji=False, width=None if sys.stdout.isatty() else WIDTH)
    console.print(f"profile  {wanted.name}: {wanted.about}")
    console.print(f"topic    {topic}" + (f"  (read by {trace.message.topic.text})" if trace.message else ""))
    if isinstance(said, Rejected):
        console.print(f"\nDEAD LETTER  {said.reason}: {said.detail}")
    else:
        console.print(f"sender   {said.sender.device_id} ({said.sender.family})")
        console.print(f"identity {said.identity or _no_identity(said, received)}")
        _print_samples(console, trace, received)
        for event in said.events:
            console.print(f"status   {_status(event)}")
        if not said.samples and not said.events:
            ignored = trace.message is not None and trace.message.ignore
            console.print("\nNothing is stored: " + ("the profile ignores it" if ignored else "it may be empty"))
    unused = _unused(trace)
    if unused:
        console.print(f"\nnot used ({len(unused)}):")
        for line in unused[:SHOWN]:
            console.print(f"  {line}", soft_wrap=True)
        if len(unused) > SHOWN:
            console.print(f"  … and {len(unused) - SHOWN} more")


def _no_identity(said: Decoded, received: datetime) -> str:
    times = [sample.time for sample in said.samples] + [event.time for event in said.events]
    known = all(dated(time, received).trusted for time in times)
    return "none; " + ("a repeat is told by device time" if known else "a repeat is stored again")


def _print_samples(console: Console, trace: Trace, received: datetime) -> None:
    for (device, time), values in groupby(trace.found, key=lambda found: (found.device_id, found.time)):
        console.print(f"\n{device}  {_time(time, received)}", soft_wrap=True)
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 2))
        for column in ("point", "in the payload", "value", "unit"):
            table.add_column(column, justify="right" if column == "value" else "left", overflow="fold")
        for found in values:
            value = "bad" if found.value is None else f"{found.value:.10g}"
            table.add_row(found.point, _short(found.raw), value, found.unit or "")
        console.print(table)


def _time(device_time: datetime | None, received: datetime) -> str:
    when = dated(device_time, received)
    at = when.ts.isoformat(timespec="milliseconds")
    if when.trusted:
        return f"{at} (device time)"
    if device_time is None:
        return f"{at} (received; the payload has no time)"
    why = "has no zone" if device_time.tzinfo is None else "cannot be right"
    return f"{at} (received; the device's {device_time.isoformat()} {why})"


def _status(event: Any) -> str:
    if not isinstance(event, StatusReport):
        return str(event)
    said = {"reason": event.reason, "firmware": event.firmware, "battery %": event.battery_pct, "dBm": event.signal_dbm}
    return ", ".join([str(event.state), *(f"{name} {value}" for name, value in said.items() if value is not None)])


def _as_json(topic: str, said: Decoded | Rejected, trace: Trace, received: datetime) -> dict[str, Any]:
    message: MessageMap | None = trace.message
    result: dict[str, Any] = {"topic": topic, "message": message.topic.text if message else None}
    if isinstance(said, Rejected):
        return {**result, "stored": False, "rejected": said.reason, "detail": said.detail, "unused": _unused(trace)}
    return {
        **result,
        "stored": bool(said.samples or said.events),
        "sender": {"device": said.sender.device_id, "family": str(said.sender.family)},
        "identity": said.identity,
        "values": [
            {
                "device": found.device_id,
                "time": (when := dated(found.time, received)).ts.isoformat(),
                "time_trusted": when.trusted,
                "point": found.point,
                "raw": found.raw,
                "value": found.value,
                "unit": found.unit,
            }
            for found in trace.found
        ],
        "status": [_status(event) for event in said.events],
        "unused": _unused(trace),
    }
