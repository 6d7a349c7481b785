"""How far a reading can be trusted: OPC's good/uncertain/bad, and Sparkplug's STALE."""

from enum import IntEnum


class Quality(IntEnum):
    """Quality codes as stored (OPC DA quality byte; STALE from Sparkplug B; 66 is ours, in OPC's uncertain range)."""

    BAD = 0
    UNCERTAIN = 64
    UNTRUSTED_TIME = 66  # the value is fine; its device time was missing or impossible, so received time was used
    OUT_OF_RANGE = 84  # OPC "engineering units exceeded": outside the point's plausible range
    GOOD = 192
    STALE = 500

    @property
    def label(self) -> str:
        """The word used in the API and on screens."""
        return self.name.lower().replace("_", "-")
