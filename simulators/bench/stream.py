"""Watches the live stream as a screen does, and notes when each alarm was first seen there."""

import http.client
import json
import threading
import time
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 30.0  # the stream beats every few seconds


class Screen(threading.Thread):
    """One open stream; `seen` holds Unix seconds by (alarm, the instant at which it was raised)."""

    def __init__(self, url: str, *, park_id: str) -> None:
        super().__init__(name="bench-screen", daemon=True)
        where = urlsplit(url)
        self._connection = http.client.HTTPConnection(where.hostname or "", where.port or 80, timeout=TIMEOUT_S)
        self._path = f"/api/v1/live?park={park_id}"
        self._closed = threading.Event()
        self.open = threading.Event()
        self.seen: dict[tuple[int, str], float] = {}
        self.trouble = ""

    def run(self) -> None:
        try:
            self._connection.request("GET", self._path, headers={"Accept": "text/event-stream"})
            answer = self._connection.getresponse()
            if answer.status != 200:
                self.trouble = f"the live stream answers {answer.status}"
                return
            event = ""
            for line in answer:
                if line.startswith(b"event: "):
                    event = line[7:].strip().decode()
                elif line.startswith(b"data: "):
                    self._note(event, json.loads(line[6:]))
                    self.open.set()
        except (OSError, http.client.HTTPException, ValueError) as error:
            if not self._closed.is_set():
                self.trouble = f"the live stream ended: {error!r}"
        finally:
            self.open.set()

    def close(self) -> None:
        """Ends the stream and waits for the thread."""
        self._closed.set()
        if self._connection.sock:
            self._connection.sock.close()
        self.join(TIMEOUT_S)

    def _note(self, event: str, data: dict[str, Any]) -> None:
        at = time.time()
        tile = data if event == "tile" else data.get("tiles", {}).get("alarms")
        if event in ("tile", "snapshot") and tile and tile.get("name", "alarms") == "alarms":
            for alarm in tile["data"]["open"]:
                self.seen.setdefault((alarm["alarm"], alarm["raised"]), at)
