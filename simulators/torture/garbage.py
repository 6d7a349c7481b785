"""What nobody can understand, and the reason that docs/wire.md gives each; no two are the same bytes."""

from random import Random
from typing import NamedTuple

LARGE = 300_000  # bytes: above what the wire allows, below what the broker refuses


class Garbage(NamedTuple):
    """A malformed message: last levels of its topic (None: as it should be), payload, and the reason of its letter."""

    tail: str | None
    payload: bytes
    reason: str


def make(rng: Random, number: int) -> Garbage:
    """One of many kinds, for a `readings` topic; the number makes it unique."""
    mark = f'"id": "garbage-{number}"'
    found = {
        "not-json": (f"{{{mark}, ".encode(), b"{\x00\xff %d" % number, b"\x01" + rng.randbytes(64) + b"%d" % number),
        "bad-utf8": (b'{"id": "garbage-%d", "boot": "\xff\xfe", "values": {}}' % number,),
        "not-an-object": (f"[{number}]".encode(), str(number).encode(), f'"garbage {number}"'.encode()),
        "bad-type": (
            f'{{{mark}, "values": {{"serial": "{number}"}}}}'.encode(),
            f'{{{mark}, "values": {number}}}'.encode(),
            f'{{{mark}, "time_ms": "noon", "values": {{"serial": 1}}}}'.encode(),
        ),
        "missing-key": (f"{{{mark}}}".encode(),),
        "two-times": (f'{{{mark}, "time_s": 1, "time_ms": 1000, "values": {{"serial": 1}}}}'.encode(),),
        "out-of-bounds": (f'{{{mark}, "boot": 1, "seq": -1, "values": {{"serial": 1}}}}'.encode(),),
        "too-deep": (b'{"x": ' + b"[" * 2000 + b"]" * 2000 + f', {mark}, "values": {{}}}}'.encode(),),
        "unknown-message": (f"{{{mark}}}".encode(),),
        "bad-topic": (f"{{{mark}}}".encode(),),
    }
    reason = rng.choice([*found])
    if rng.random() < 0.01:
        return Garbage(None, f'{{{mark}, "x": "{"a" * LARGE}", "values": {{"serial": 1}}}}'.encode(), "too-large")
    tail = {"unknown-message": "nonsense", "bad-topic": "readings/extra"}.get(reason)
    return Garbage(tail, rng.choice(found[reason]), reason)
