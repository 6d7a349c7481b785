"""The one source of time for every process, so that a month can run in minutes with all its deadlines still true."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.domain.errors import ConfigurationError


@dataclass(frozen=True)
class Clock:
    """Park time: real time, or `start + (real - anchor) * speed` where `PARK_CLOCK` makes it virtual.

    anchor is the real instant at which park time was `start`; processes that share one `PARK_CLOCK` share it.
    """

    start: datetime | None = None
    speed: float = 1.0
    anchor: datetime | None = None

    def now(self) -> datetime:
        """Park time, timezone-aware in UTC."""
        real = datetime.now(UTC)
        if self.start is None or self.anchor is None:
            return real
        return self.start + (real - self.anchor) * self.speed

    def real_seconds(self, park_seconds: float) -> float:
        """How many seconds on the wall that much park time takes."""
        return park_seconds / self.speed

    @property
    def virtual(self) -> bool:
        return self.start is not None

    def __str__(self) -> str:
        """The `PARK_CLOCK` text that gives another process the same clock; empty for real time."""
        if self.start is None or self.anchor is None:
            return ""
        return f"{self.start.isoformat()}@{self.speed:g}@{self.anchor.isoformat()}"

    @staticmethod
    def parse(text: str, *, anchor: datetime) -> "Clock":
        """Reads `<start>@<speed>[@<anchor>]`; `anchor` (real time) serves where the text names none."""
        if not text:
            return Clock()
        start, _, rest = text.partition("@")
        speed, _, given = rest.partition("@")
        try:
            begin = datetime.fromisoformat(start)
            factor = float(speed)
            real = datetime.fromisoformat(given) if given else anchor
        except ValueError as error:
            raise ConfigurationError(f"PARK_CLOCK={text!r}: {error}; write 2026-11-21T06:00:00+08:00@60") from error
        if begin.tzinfo is None or real.tzinfo is None:
            raise ConfigurationError(f"PARK_CLOCK={text!r} has a time without an offset; add +08:00 or Z")
        if not 0 < factor <= 100_000:
            raise ConfigurationError(f"PARK_CLOCK={text!r}: the speed must be above 0 and at most 100000")
        return Clock(begin.astimezone(UTC), factor, real.astimezone(UTC))


def local_day_start(instant: datetime, days: int = 0) -> datetime:
    """Midnight (of `instant`'s own zone, aware) that began its day, moved by whole calendar days."""
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight + timedelta(days=days)).replace(fold=0)
