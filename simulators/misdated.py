"""Devices that lie about the time: the head of a message as each fault writes it, so that the truth is known."""

from pipeline.domain.clock_fault import ClockFault
from simulators.payloads import Head

BEIJING_S = 8 * 3600
FAST_S, SLOW_S = 7 * 60, 11 * 60
DRIFT_AT_FIRST_S, DRIFT_RATE = 30.0, 0.015  # a poor oscillator in its first hour, s and s/s
BOOTED_S = 86_400  # an unset clock counts from here on


def misdated(head: Head, fault: ClockFault | None, *, running_s: float, zone_s: int = BEIJING_S) -> Head:
    """What a device with this fault writes instead of `head`, `running_s` after it was switched on.

    zone_s: how far a clock with a zone fault is ahead (behind: negative).
    """
    true = head.time_us or 0
    match fault:
        case None:
            return head
        case ClockFault.MISSING:
            return head._replace(time_us=None)
        case ClockFault.NO_OFFSET:
            return head._replace(time_us=true + zone_s * 1_000_000, key="time", offset_s=None)
        case ClockFault.NOT_SET:
            return head._replace(time_us=round((BOOTED_S + running_s) * 1e6))
        case ClockFault.SECONDS_FOR_MILLISECONDS:
            return head._replace(time_us=true // 1_000_000 * 1000, key="time_ms")
        case ClockFault.MILLISECONDS_FOR_SECONDS:
            return head._replace(time_us=true // 1000 * 1_000_000, key="time_s")
        case ClockFault.ZONE_AS_UTC:
            return head._replace(time_us=true + zone_s * 1_000_000)
        case ClockFault.AHEAD:
            return head._replace(time_us=true + FAST_S * 1_000_000)
        case ClockFault.BEHIND:
            return head._replace(time_us=true - SLOW_S * 1_000_000)
        case ClockFault.DRIFTING:
            return head._replace(time_us=true + round((DRIFT_AT_FIRST_S + DRIFT_RATE * running_s) * 1e6))
