"""Device time as vendors write it: ISO 8601, epoch in a named unit, or any other text; local time with its zone."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from collectors.decoders.envelope import Timed, device_time
from collectors.decoders.profile_paths import MISSING, Path
from pipeline.domain.clock_fault import GUESSED
from pipeline.domain.errors import Rejected

EPOCH_UNITS = ("s", "ms", "us")
_NUMBER = re.compile(r"-?\d{1,20}(\.\d+)?")


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

    def parse(self, said: Any) -> datetime | None:
        """One time as the payload has it."""
        if self.format in EPOCH_UNITS:
            when = self._epoch(said)
        elif not isinstance(said, str):
            raise self._unreadable()
        elif self.format == "iso":
            when = device_time(Timed(time=said.strip()))
        else:
            try:
                when = datetime.strptime(said.strip(), self.format)  # noqa: DTZ007 - the zone is declared, or unknown
            except ValueError as error:
                raise self._unreadable() from error
        if when is None or when.tzinfo is UTC or when.tzinfo is GUESSED:
            return when
        if when.tzinfo is None and self.zone is not None:
            when = when.replace(tzinfo=self.zone)
        try:
            return when.astimezone(UTC) if when.tzinfo else when
        except OverflowError:  # year 1 or 9999: a clock that was never set, whatever its zone
            return when.replace(tzinfo=UTC)

    def _epoch(self, said: Any) -> datetime | None:
        """As in smartpark's own payloads: what makes no date in its unit is read in a finer one, and GUESSED."""
        if isinstance(said, str) and _NUMBER.fullmatch(said.strip()):
            said = float(said) if "." in said else int(said)
        if isinstance(said, bool) or not isinstance(said, int | float) or said != said:  # not a number
            raise self._unreadable()
        if self.format == "s":
            return device_time(Timed(time_s=said))
        return device_time(Timed(time_ms=said) if self.format == "ms" else Timed(time_us=said))

    def _unreadable(self) -> Rejected:
        return Rejected("out-of-bounds", f"the device time cannot be read as {self.format}")
