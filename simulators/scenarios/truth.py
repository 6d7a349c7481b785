"""What is true of a scenario, written down before its first message: each cause, and which alarms must find it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec


class Must(msgspec.Struct, frozen=True, omit_defaults=True):
    """An alarm that has to be raised: which rule, about which point or device, between how many times."""

    rule: str
    device: str
    point: str | None = None
    at_least: int = 1
    at_most: int = 1


class May(msgspec.Struct, frozen=True, omit_defaults=True):
    """Alarms that the same cause explains as well: of these rules, about these devices. quiet: as long as nobody is
    told (devices behind a lost gateway)."""

    rules: tuple[str, ...]
    devices: tuple[str, ...]
    quiet: bool = False


class Cause(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that went wrong: from begin to end; since: when the condition that a rule looks for first held; until:
    the latest event time of an alarm that it explains. All in park time."""

    cause: str
    kind: str
    begin: datetime
    end: datetime
    since: datetime
    until: datetime
    size: float
    must: tuple[Must, ...]
    may: tuple[May, ...] = ()


def write(path: Path, causes: Sequence[Cause]) -> None:
    """One JSON line a cause."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(msgspec.json.encode(cause) + b"\n" for cause in causes))


def read(path: Path) -> list[Cause]:
    """The causes of a truth file."""
    return list(_parse(path.read_bytes().splitlines()))


def _parse(lines: Iterable[bytes]) -> Iterable[Cause]:
    decoder = msgspec.json.Decoder(Cause)
    return (decoder.decode(line) for line in lines if line)
