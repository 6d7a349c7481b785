"""The park that is tortured: a few hundred devices of all families behind a dozen gateways, half of them registered."""

from dataclasses import dataclass, field

from pipeline.domain.park import Crs, Device, Family, Name, Park, Point, PointKind
from simulators.torture.plan import DEVICE_LINKS

PARK_ID = "torture"
GATEWAYS = 12
BEHIND = {Family.METER: 10, Family.GATE: 5, Family.SCANNER: 3, Family.SENSOR: 9}  # devices behind each gateway
LIAR_EVERY = 5  # every fifth device's clock is not to be trusted
UNREGISTERED_EVERY = 2


@dataclass(slots=True)
class Speaker:
    """A device and what it remembers: its last device time (each is later than the one before), its boot's count."""

    device_id: str
    family: Family
    gateway: int
    liar: bool
    last_us: int = 0
    seq: int = 0
    behind: "list[Speaker]" = field(default_factory=list)


def speakers() -> list[Speaker]:
    """All devices, gateways first; a gateway may speak for the meters and sensors behind it."""
    found = [Speaker(f"gateway-{g}", Family.GATEWAY, g, g % LIAR_EVERY == 0) for g in range(GATEWAYS)]
    for gateway in list(found):
        for family, count in BEHIND.items():
            for n in range(count):
                device_id = f"{family}-{gateway.gateway}-{n}"
                speaker = Speaker(device_id, family, gateway.gateway, (gateway.gateway + n) % LIAR_EVERY == 0)
                found.append(speaker)
                if family in (Family.METER, Family.SENSOR):
                    gateway.behind.append(speaker)
    return found


def link_of(gateway: int) -> str:
    """The network link that a gateway's connection goes through."""
    return DEVICE_LINKS[gateway % len(DEVICE_LINKS)]


def park(all_speakers: list[Speaker]) -> Park:
    """What the database is told of it; every second device is left for the collectors to find out."""
    devices = tuple(
        Device(
            s.device_id,
            s.family,
            str(s.family),
            Name(s.device_id, s.device_id),
            gateway_id=None if s.family is Family.GATEWAY else f"gateway-{s.gateway}",
            interval_s=10,
            points=(Point("serial", "1", PointKind.GAUGE), Point("energy", "kWh", PointKind.COUNTER)),
        )
        for n, s in enumerate(all_speakers)
        if s.family is Family.GATEWAY or n % UNREGISTERED_EVERY
    )
    name = Name("酷刑园区", "Torture park")
    return Park(
        PARK_ID, name, "Asia/Shanghai", Crs.WGS84, (116.33, 40.03), Name("某路1号", "1 Some Road"), devices=devices
    )
