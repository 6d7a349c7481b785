"""What the bench publishes, as a park and as bytes: devices with three points each, or gateways with packs of 100.

Payloads are those of docs/wire.md. What changes has a fixed width, so that a whole tick of messages is patched at once,
and values follow from a message's number, so that nobody has to remember what was sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pipeline.domain.park import Crs, Device, Family, Name, Park, Point, PointKind

CONNECTIONS = 10
PACK_DEVICES = 20  # behind each gateway, with five points each: 100 readings a pack
NAMES: dict[Family, tuple[str, ...]] = {
    Family.METER: ("active_power", "voltage", "current"),
    Family.SENSOR: ("co2", "temperature", "humidity"),
    Family.GATEWAY: ("cpu_temperature", "uplink_signal", "queued"),
    Family.GATE: ("cpu_temperature", "supply_voltage", "door_cycles"),
    Family.SCANNER: ("cpu_temperature", "supply_voltage", "humidity"),
}
PACK_NAMES = ("energy", "active_power", "voltage", "current", "power_factor")
VALUE_STEPS = 90_000  # values run from 100.00 to 999.99
STRIDE, STRIDE_ORDINAL = 7919, 104_729  # primes: a value differs from its neighbours in time and in the message
VERSIONS = 8  # packets are made ahead so often for each sender; a point's values come back after so many messages


class Field(Enum):
    """A part of a payload that differs between messages; its value is its width in bytes."""

    TIME = 13
    CYCLE = 9
    VALUE = 6


@dataclass(frozen=True, slots=True)
class Block:
    """One connection: who publishes over it, and of which devices each of them tells which points."""

    family: Family
    senders: tuple[str, ...]
    members: tuple[tuple[str, ...], ...]  # devices in a sender's message; itself alone, or those behind it
    names: tuple[str, ...]

    @property
    def readings(self) -> int:
        """Readings in one message."""
        return len(self.members[0]) * len(self.names)


@dataclass(frozen=True, slots=True)
class Scenario:
    """All connections of one kind of load."""

    park_id: str
    blocks: tuple[Block, ...]

    @property
    def readings(self) -> int:
        """Readings in one message."""
        return self.blocks[0].readings

    def topic(self, block: Block, sender: str) -> str:
        """Where a sender publishes."""
        return f"park/v1/{self.park_id}/{block.family}/{sender}/readings"

    def park(self) -> Park:
        """The same devices, registered."""
        devices = []
        for block in self.blocks:
            for sender, members in zip(block.senders, block.members, strict=True):
                own = sender in members
                devices.append(_device(sender, block.family, block.names if own else ()))
                devices += [_device(m, Family.METER, block.names, gateway=sender) for m in members if not own]
        place = Name("压测", "Bench")
        return Park(self.park_id, place, "Asia/Shanghai", Crs.WGS84, (116.3, 40.0), place, devices=tuple(devices))


def messages(devices: int, *, connections: int = CONNECTIONS) -> Scenario:
    """`devices` on topics of their own, dealt over the five families, three points each."""
    families = tuple(NAMES)
    blocks = []
    for number in range(connections):
        family = families[number % len(families)]
        senders = tuple(f"{family}-{number:02}-{n:04}" for n in range(devices // connections))
        blocks.append(Block(family, senders, tuple((s,) for s in senders), NAMES[family]))
    return Scenario("bench-messages", tuple(blocks))


def packs(gateways: int, *, connections: int = CONNECTIONS) -> Scenario:
    """`gateways`, each with PACK_DEVICES meters behind it of which it tells at once."""
    blocks = []
    for number in range(connections):
        senders = tuple(f"gateway-{number:02}-{n:04}" for n in range(gateways // connections))
        members = tuple(tuple(f"meter-{s[8:]}-{n:02}" for n in range(PACK_DEVICES)) for s in senders)
        blocks.append(Block(Family.GATEWAY, senders, members, PACK_NAMES))
    return Scenario("bench-packs", tuple(blocks))


def values(number: int, readings: int) -> Iterator[float]:
    """What message `number` of a connection says; those of the same row of another cycle say the same."""
    for ordinal in range(readings):
        yield (10_000 + (number * STRIDE + ordinal * STRIDE_ORDINAL) % VALUE_STEPS) / 100


def payload(block: Block, slot: int, *, run: str, number: int) -> Iterator[str | Field]:
    """A sender's message, its text and fields in order. Its id is of this run, of a cycle, and of a row within it."""
    yield f'{{"id":"{run}-'
    yield Field.CYCLE
    yield f"-{number:05}"
    members = block.members[slot]
    if members == (block.senders[slot],):
        yield '",'
        yield from _sample(block.names)
        yield "}"
        return
    yield '","readings":['
    for position, member in enumerate(members):
        yield f'{"," if position else ""}{{"device":"{member}",'
        yield from _sample(block.names)
        yield "}"
    yield "]}"


def _sample(names: tuple[str, ...]) -> Iterator[str | Field]:
    yield '"time_ms":'
    yield Field.TIME
    yield ',"values":{'
    for position, name in enumerate(names):
        yield f'{"," if position else ""}"{name}":'
        yield Field.VALUE
    yield "}"


def _device(device_id: str, family: Family, names: tuple[str, ...], *, gateway: str | None = None) -> Device:
    points = tuple(Point(name, "1", PointKind.GAUGE) for name in names)
    return Device(
        device_id, family, "bench", Name(device_id, device_id), gateway_id=gateway, interval_s=1.0, points=points
    )
