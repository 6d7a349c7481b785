"""What every device of the demo park says in a minute, so that the wall has something in every place."""

from datetime import timedelta

from pipeline.domain.access import AccessEvent, AccessEventCode, AccessKind, Direction, DoorState
from pipeline.domain.message import ConnectionState, Event, Message, Sample, StatusReport
from pipeline.domain.park import Device, Family
from pipeline.domain.screening import ScreeningResult, TemperatureScreening
from tests.screens.conftest import Wall

SILENT = {"room-b3-07"}
VALUES = {
    "energy": 482113.75, "active_power": 118.4, "running": 1.0, "fault": 0.0, "entrapment": 0.0, "leak": 0.0,
    "smoke": 0.0, "floor": 1.0, "on": 1.0, "power_factor": 0.97, "voltage": 231.0, "ph": 7.2, "pressure": 4.2,
}  # fmt: skip


def minute(wall: Wall) -> list[Message]:
    """A status and readings of all but the silent ones, people at the gates, screenings at the scanners."""
    said = []
    for device in wall.park.devices:
        if device.device_id not in SILENT:
            events: list[Event] = [StatusReport(wall.now, ConnectionState.ONLINE)]
            samples = [Sample(device.device_id, wall.ago(1), values(device))] if device.points else []
            said.append(wall.message(device.device_id, samples=samples, events=events))
    for n, gate in enumerate(g for g in wall.park.devices if g.family is Family.GATE and g.type == "turnstile"):
        said.append(wall.message(gate.device_id, events=people(wall, 20 + 3 * n)))
    scanners = (s for s in wall.park.devices if s.family is Family.SCANNER)
    return said + [wall.message(scanner.device_id, events=screenings(wall)) for scanner in scanners]


def values(device: Device) -> dict[str, float | None]:
    """A plausible value for each point."""
    found: dict[str, float | None] = {}
    for point in device.points:
        low, high = point.low or 0.0, point.high or 100.0
        found[point.name] = VALUES.get(point.name, round(low + (high - low) * 0.4, 2))
    return found


def people(wall: Wall, count: int) -> list[Event]:
    """So many go in, one is denied, and the gate stays open too long."""
    passages: list[Event] = [
        AccessEvent(wall.ago(4000 - 30 * n), AccessKind.PASSAGE, direction=Direction.IN, count=1) for n in range(count)
    ]
    denied = AccessEvent(wall.ago(9), AccessKind.DECISION, AccessEventCode.DENIED_OUT_OF_TIME_RANGE, Direction.IN)
    held = AccessEvent(wall.ago(7), AccessKind.DOOR, DoorState.DOOR_OPEN_TOO_LONG)
    return [*passages, denied, held]


def screenings(wall: Wall) -> list[Event]:
    """60 people, one referred, one screening invalid."""
    found: list[Event] = [
        TemperatureScreening(wall.ago(3600 - n), ScreeningResult.PASS, 35.2 + (n % 11) / 10, 21.0) for n in range(60)
    ]
    found.append(TemperatureScreening(wall.now - timedelta(minutes=4), ScreeningResult.REFER, 37.6, 21.0))
    found.append(TemperatureScreening(wall.ago(30), ScreeningResult.INVALID, reason="ambient 12 °C"))
    return found
