"""What every long-running process has in common: it ends cleanly on SIGTERM, and answers how it is."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from pipeline import health
from pipeline.log import configure
from pipeline.settings import Settings


@contextmanager
def running(settings: Settings, *, ready: Callable[[], list[str]]) -> Iterator[threading.Event]:
    """Sets log, signals and /metrics, /healthz, /readyz up; yields the event that is set when it is time to stop."""
    configure(settings)
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    if not settings.metrics_port:
        yield stop
        return
    server = health.serve(settings.metrics_port, ready=ready, host=settings.metrics_host)
    try:
        yield stop
    finally:
        server.shutdown()
        server.server_close()
