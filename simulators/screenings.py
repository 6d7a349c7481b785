"""What temperature scanners see: skin, not fever. Skin follows the surroundings, and a scanner may be out of true."""

from collections.abc import Callable
from datetime import date, datetime
from functools import cache, partial

import numpy as np

from pipeline.domain.park import Device
from pipeline.domain.screening import ScreeningResult, TemperatureScreening
from simulators.signals.load import calendar
from simulators.signals.noise import Array, Times, share, wander
from simulators.signals.site import Site

MEAN_C, SPREAD_C = 35.6, 0.35
AMBIENT_GAIN = 0.06  # °C of skin for each °C around the person
WARM, WARM_BY_C = 0.004, 1.55  # share of people who are really warmer, and by how much
REFER_ABOVE_C = 36.9
AMBIENT_LOW_C, AMBIENT_HIGH_C = 16.0, 35.0  # outside, no scanner may judge

Maker = Callable[[datetime], TemperatureScreening]


def ambient_c(site: Site, scanner: Device, t: Times) -> Array:
    """Air at the scanner, °C: indoors, but some entrances are draughty."""
    draught = 0.08 + 0.75 * share(site.seed, scanner.device_id, "draught") ** 3
    noise = wander(site.key(scanner.device_id, "ambient"), t, period_s=2400)
    return np.asarray(21.5 + draught * (site.outdoor_c(t) - 12) + 0.9 * noise)


def screen(
    site: Site, t: Times, scanners: list[Device], *, rng: np.random.Generator, drift_c: dict[str, float]
) -> list[Maker]:
    """One screening for each instant and its scanner, to be completed with its time; drift_c: offsets by device id."""
    size = len(t)
    ambient, humidity = np.empty(size), np.empty(size)
    ids = np.array([s.device_id for s in scanners])
    for scanner in {s.device_id: s for s in scanners}.values():
        mine = ids == scanner.device_id
        ambient[mine] = ambient_c(site, scanner, t[mine])
        humidity[mine] = 40 + 8 * wander(site.key(scanner.device_id, "humidity"), t[mine], period_s=7200)
    skin = rng.normal(MEAN_C, SPREAD_C, size) + AMBIENT_GAIN * (ambient - 21)
    skin += np.where(rng.random(size) < WARM, rng.normal(WARM_BY_C, 0.3, size), 0)
    skin += np.array([drift_c.get(i, 0.0) for i in ids])
    skin, ambient, humidity = np.round(skin, 1), np.round(ambient, 1), np.round(humidity)
    days = calendar(t, site.offset_s).day
    return [
        partial(_screening, *row)
        for row in zip(skin.tolist(), ambient.tolist(), humidity.tolist(),
                       (_calibrated(i, int(d)) for i, d in zip(ids.tolist(), days, strict=True)), strict=True)
    ]  # fmt: skip


def _screening(skin: float, ambient: float, humidity: float, calibrated: date, time: datetime) -> TemperatureScreening:
    if not AMBIENT_LOW_C <= ambient <= AMBIENT_HIGH_C:
        reason = f"ambient {ambient} °C is outside {AMBIENT_LOW_C:g} to {AMBIENT_HIGH_C:g} °C"
        return TemperatureScreening(
            time, ScreeningResult.INVALID, None, ambient, humidity, calibrated=calibrated, reason=reason
        )
    result = ScreeningResult.REFER if skin > REFER_ABOVE_C else ScreeningResult.PASS
    return TemperatureScreening(time, result, skin, ambient, humidity, "inner-canthus", "none", calibrated)


@cache
def _calibrated(device_id: str, day: int) -> date:
    """Scanners are calibrated twice a year, each on its own day; `day` counts from 1970."""
    shift = int(180 * share(0, device_id, "calibration"))
    return date.fromordinal(date(1970, 1, 1).toordinal() + (day - shift) // 182 * 182 + shift)
