"""What temperature scanners say, in the terms of IEC 80601-2-59: screening thermographs never diagnose a fever."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class ScreeningResult(StrEnum):
    """PASS, REFER to a second measurement by a person, or INVALID (conditions outside the scanner's range)."""

    PASS = "PASS"  # noqa: S105 - a result, not a password
    REFER = "REFER"
    INVALID = "INVALID"


@dataclass(frozen=True, slots=True)
class TemperatureScreening:
    """One screening of an unnamed person: °C, % relative humidity; time is the device's own, None where missing."""

    time: datetime | None
    result: ScreeningResult
    skin_c: float | None = None
    ambient_c: float | None = None
    humidity_pct: float | None = None
    body_site: str | None = None
    reference: str | None = None
    calibrated: date | None = None
    reason: str | None = None
