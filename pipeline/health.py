"""Serves /metrics, /healthz and /readyz for the processes that have no web server of their own."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


def serve(port: int, *, ready: Callable[[], list[str]], host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """Starts the server on a daemon thread; `ready` returns what is missing, in words (empty: ready).

    Port 0 takes a free one: `server_address[1]` tells which. Call `shutdown()` and `server_close()` to end it.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest())
            elif self.path == "/healthz":
                self._answer(200, "application/json", b'{"status":"ok"}')
            elif self.path == "/readyz":
                missing = ready()
                body = json.dumps({"ready": not missing, "missing": missing}).encode()
                self._answer(503 if missing else 200, "application/json", body)
            else:
                self._answer(404, "text/plain", b"/metrics, /healthz, /readyz\n")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """A probe every few seconds is not worth a line."""

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
