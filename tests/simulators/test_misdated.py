"""Devices that lie about the time write what each fault writes, and only the time is wrong."""

import pytest

from pipeline.domain.clock_fault import ClockFault
from simulators import payloads
from simulators.misdated import misdated
from simulators.payloads import Head

TRUE = Head("7f21-6", time_us=1795243206123000)  # 2026-11-21T06:40:06.123Z


@pytest.mark.parametrize(
    ("fault", "written"),
    [
        (None, '"time_ms":1795243206123,'),
        (ClockFault.MISSING, '"id":"7f21-6","values"'),
        (ClockFault.NO_OFFSET, '"time":"2026-11-21T14:40:06.123",'),
        (ClockFault.NOT_SET, '"time_ms":86460000,'),
        (ClockFault.SECONDS_FOR_MILLISECONDS, '"time_ms":1795243206,'),
        (ClockFault.MILLISECONDS_FOR_SECONDS, '"time_s":1795243206123,'),
        (ClockFault.ZONE_AS_UTC, '"time_ms":1795272006123,'),
        (ClockFault.AHEAD, '"time_ms":1795243626123,'),
        (ClockFault.BEHIND, '"time_ms":1795242546123,'),
        (ClockFault.DRIFTING, '"time_ms":1795243237023,'),
    ],
)
def test_each_fault_writes_its_own(fault: ClockFault | None, written: str) -> None:
    payload = payloads.readings(misdated(TRUE, fault, running_s=60.0), {"co2": 655}).decode()
    assert written in payload
    assert payload.endswith('"values":{"co2":655}}')
