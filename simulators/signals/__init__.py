"""What every simulated device measures, as pure functions of (seed, device, park time), vectorised over time.

There is no state: history and live run, two processes and a restarted one all see the same park.
"""

from simulators.signals.devices import DeviceSignals, signals

__all__ = ["DeviceSignals", "signals"]
