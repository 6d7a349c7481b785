"""Device time as vendors write it: ISO 8601, epoch in a named unit, or any other text; local time with its zone."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from collectors.decoders.profile_paths import MISSING, Path
from pipeline.domain.errors import Rejected

EPOCH_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000}  # how many of each make a second
_NUMBER = re.compile(r"-?\d{1,20}(\.\d+)?")
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TimeLine:
    """Where device time stands and how it is written: `iso`, `s`, `ms`, `us` or a strptime text.

    zone: the zone of a local time that does not name its own. An hour that a clock change repeats is read as its first
    pass, one that it skips as if the change had not come yet: what daylight saving makes of a device's log is lost.
    """

    paths: tuple[Path, ...]
    format: str
    zone: ZoneInfo | None = None

    def read(self, here: Any, root: Any) -> datetime | None:
        """Aware in UTC; naive where it names no zone and none is declared; None where the payload has no time.

        Rejected where there is one that cannot be read: the profile is wrong then, or the device is."""
        for path in self.paths:
            said = path.get(here, root)
            if said is not MISSING and said is not None and said != "":
                return self.parse(said)
        return None

    def parse(self, said: Any) -> datetime:
        """One time as the payload has it."""
        try:
            when = self._epoch(said) if self.format in EPOCH_UNITS else self._text(said)
            if when.tzinfo is None and self.zone is not None:
                when = when.replace(tzinfo=self.zone)
            return when.astimezone(UTC) if when.tzinfo else when
        except (ValueError, OverflowError) as error:
            raise Rejected("out-of-bounds", f"the device time cannot be read as {self.format}") from error

    def _epoch(self, said: Any) -> datetime:
        if isinstance(said, str) and _NUMBER.fullmatch(said.strip()):
            said = float(said) if "." in said else int(said)
        if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
            raise ValueError("no number")
        per_second = EPOCH_UNITS[self.format]
        if isinstance(said, float):
            return _ZERO + timedelta(seconds=said / per_second)
        whole, rest = divmod(said, per_second)
        return _ZERO + timedelta(seconds=whole, microseconds=rest * (1_000_000 // per_second))

    def _text(self, said: Any) -> datetime:
        if not isinstance(said, str):
            raise ValueError("no text")  # noqa: TRY004 - the payload's fault, answered like every other
        if self.format == "iso":
            return datetime.fromisoformat(said.strip())
        return datetime.strptime(said.strip(), self.format)  # noqa: DTZ007 - the zone is declared, or nobody knows it
