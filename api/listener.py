"""Hears the database's notices (kind and id, never data) on a connection of its own, and finds it again when lost."""

import logging
import threading
from collections.abc import Callable

import psycopg

from pipeline.domain.errors import ParkError
from pipeline.store.database import connect, guarded

log = logging.getLogger("park.api")

CHANNEL = "park"
POLL_S = 0.5  # how soon a stop is noticed
RETRY_S = 1.0


class Listener(threading.Thread):
    """Calls `heard(kind, number)` on its own thread for every notice; `registry` without a number: some were missed."""

    def __init__(self, url: str, heard: Callable[[str, str], None]) -> None:
        super().__init__(name="park-listen", daemon=True)
        self._url, self._heard = url, heard
        self._stopping = threading.Event()

    def run(self) -> None:
        """Until `stop`."""
        while not self._stopping.is_set():
            try:
                with guarded(), connect(self._url, role="park_reader", application="park api listen") as conn:
                    self._listen(conn)
            except ParkError as error:
                log.info("not listening to the database: %s", error)
                self._stopping.wait(RETRY_S)

    def stop(self) -> None:
        """Ends the thread within a second or so."""
        self._stopping.set()

    def _listen(self, conn: psycopg.Connection) -> None:
        conn.autocommit = True
        conn.execute(f"listen {CHANNEL}")
        self._heard("registry", "")
        while not self._stopping.is_set():
            for notice in conn.notifies(timeout=POLL_S):
                kind, _, number = notice.payload.partition(":")
                self._heard(kind, number)
                if self._stopping.is_set():
                    return
